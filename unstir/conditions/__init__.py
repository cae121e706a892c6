"""Conditions: what a person asks for (text, a class label) as tokens for cross-attention.

Each condition has `encode(raw) -> Tokens` and `null(batch) -> Tokens`, the absence of one. numpy
only at import.
"""
