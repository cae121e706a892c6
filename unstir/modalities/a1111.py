"""The text that web user interfaces keep in a picture, in the grammar of AUTOMATIC1111
("infotext").

    a cat wearing a hat
    Negative prompt: blurry
    Steps: 24, Sampler: DPM++ 2M, CFG scale: 3, Seed: 7, Size: 256x256, Model: emoji

Values that hold a comma, a colon or a new line are quoted as JSON. The last line needs three pairs
or more to count as such: without it a text is all prompt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

_NEGATIVE = "Negative prompt:"
_PAIR = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
LEAST_PAIRS = 3


@dataclass(frozen=True)
class Infotext:
    """Prompt, negative prompt and the named values of the last line, as texts."""

    prompt: str
    negative: str
    values: Mapping[str, str]


def render(prompt: str, negative: str, values: Mapping[str, object]) -> str:
    """The text; values that are None are left out."""
    lines = [prompt] if prompt else [""]
    if negative:
        lines.append(f"{_NEGATIVE} {negative}")
    pairs = (
        f"{name}: {_quoted(str(value))}" for name, value in values.items() if value is not None
    )
    return "\n".join([*lines, ", ".join(pairs)])


def parse(text: str) -> Infotext:
    """The parts of a text; never raises, for any text is at least a prompt."""
    *lines, last = text.strip("\n").split("\n")
    pairs = _PAIR.findall(last)
    if len(pairs) < LEAST_PAIRS:
        lines, pairs = [*lines, last], []
    cut = next((i for i, line in enumerate(lines) if line.startswith(_NEGATIVE)), len(lines))
    negative = "\n".join(lines[cut:])[len(_NEGATIVE) :].strip()
    return Infotext(
        "\n".join(lines[:cut]).strip(), negative, {k.strip(): _plain(v) for k, v in pairs}
    )


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search(r'[,:\n"]', value) else value


def _plain(value: str) -> str:
    if value.startswith('"'):
        try:
            return str(json.loads(value))
        except ValueError:
            return value
    return value.strip()
