"""What a person asks for: one typed function a file, from which command-line flags (and later
forms) derive.
"""
