"""Data sets that unstir can build by itself: each is a pure function of (seed, index), numpy and Pillow only."""
