"""Captions of the plainly told scenes."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.scenes import plain

NAMES = {"cat": "cat", "ant": "ant", "shades": "+sunglasses", "rice": "~rice"}


@pytest.mark.parametrize(
    ("parts", "caption"),
    [
        ({"kind": "single", "subject_id": "ant"}, "an ant"),
        ({"kind": "single", "subject_id": "rice"}, "rice"),
        ({"kind": "count", "subject_id": "cat", "count": 3}, "three cats"),
        (
            {"kind": "wearing", "relation": "wearing", "subject_id": "cat", "other_id": "shades"},
            "a cat wearing sunglasses",
        ),
        (
            {"kind": "relation", "relation": "above", "subject_id": "ant", "other_id": "cat"},
            "an ant above a cat",
        ),
    ],
)
def test_each_kind_is_said_in_one_way(parts: dict[str, Any], caption: str) -> None:
    """The background only where the scene says so."""
    assert plain({**parts, "background_named": False}, NAMES) == caption
    named = {**parts, "background_named": True, "background": "orange"}
    assert plain(named, NAMES) == f"{caption} on an orange background"
