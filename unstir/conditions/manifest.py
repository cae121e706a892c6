"""From the "condition" of a model.json to the condition itself.

{"name": "text", "encoder": "minilm", "length": 32, "width": 384}     -> Text
{"name": "labels", "classes": ["cat", "dog"]}                         -> Labels
{"name": "numbers", "names": ["gap"], "means": [6.8], "stds": [1.3]}  -> Numbers
null                                                                  -> None
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unstir.conditions.labels import Labels
from unstir.conditions.numbers import Numbers
from unstir.conditions.text import Text
from unstir.core.find import named


def from_manifest(
    condition: Mapping[str, Any] | None, models: Path, *, threads: int = 1
) -> Text | Labels | Numbers | None:
    """The condition a model was trained with; text encoders are folders of `models`.

    Raises ValueError when the manifest names no condition known here, or an encoder of another
    width than the model was trained with.
    """
    if condition is None:
        return None
    try:
        return named(MAKERS, condition["name"], "conditions")(condition, models, threads)
    except (KeyError, TypeError) as error:
        raise ValueError(f"the model's condition {condition!r} is incomplete: {error}") from None


def _text(condition: Mapping[str, Any], models: Path, threads: int) -> Text:
    encoder = str(condition["encoder"])
    if encoder in ("", ".", "..") or set(encoder) & set("/\\:"):
        raise ValueError(f"a text encoder is a plain folder name, not {encoder!r}")
    text = Text(Path(models) / encoder, int(condition["length"]), threads=threads)
    if text.width != condition["width"]:
        raise ValueError(
            f"the model was trained on text states {condition['width']} wide, but the encoder "
            f"{encoder!r} in {models} gives {text.width}"
        )
    return text


def _labels(condition: Mapping[str, Any], models: Path, threads: int) -> Labels:
    return Labels(condition["classes"])


def _numbers(condition: Mapping[str, Any], models: Path, threads: int) -> Numbers:
    return Numbers(condition["names"], condition["means"], condition["stds"])


MAKERS = {"text": _text, "labels": _labels, "numbers": _numbers}
