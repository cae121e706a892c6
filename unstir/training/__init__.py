"""Training: one loop for every model, resumable to the bit. See `docs/training.md`.

from unstir.training.loop import train
from unstir.training.settings import Settings
"""
