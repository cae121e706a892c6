"""The shipped text encoder, loaded once."""

from pathlib import Path

import pytest

import unstir.conditions
from unstir.conditions.text import Text

MODELS = Path(unstir.conditions.__file__).parents[1] / "models"


@pytest.fixture(scope="session")
def models() -> Path:
    return MODELS


@pytest.fixture(scope="session")
def text() -> Text:
    return Text(MODELS / "minilm")
