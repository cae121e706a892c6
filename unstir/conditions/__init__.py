"""Conditions: what a person asks for (text, a class label) as tokens for cross-attention.

Each has `encode(raw) -> Tokens` and `null(batch) -> Tokens`, the absence of one (see `tokens`).
Importing this needs numpy only; the text encoder's onnxruntime comes with the first prompt.
"""

from unstir.conditions.manifest import from_manifest

__all__ = ["from_manifest"]
