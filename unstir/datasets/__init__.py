"""Data sets unstir builds by itself: pure functions of (seed, index), numpy and Pillow only."""
