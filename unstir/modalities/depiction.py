"""Structural formulas of SMILES strings in one picture, drawn by rdkit (the extra `molecules`).

    write(Path("out.png"), grid(["CCO", "c1ccccc1", "C1CC"]))

A string that is no molecule is shown as it is written, in red: none is left out.
"""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

MOST = 64
"""Formulas of a picture."""
CELL = (200, 150)
"""Pixels that each has."""
RED = (190, 40, 40)


def needed() -> None:
    """ImportError, with the way out, where there is no rdkit."""
    if find_spec("rdkit") is None:
        raise ImportError("drawing formulas needs rdkit: pip install 'unstir[molecules]'")


def grid(texts: Sequence[str]) -> np.ndarray:
    """The formulas (H, W, 3) uint8, in rows, as square as may be."""
    from rdkit import Chem, rdBase

    wide, high = CELL
    columns = max(1, math.ceil(math.sqrt(len(texts) * high / wide)))
    rows = max(1, math.ceil(len(texts) / columns))
    sheet = Image.new("RGB", (columns * wide, rows * high), "white")
    for i, text in enumerate(texts):
        with rdBase.BlockLogs():
            molecule = Chem.MolFromSmiles(text)
        cell = _written(text) if molecule is None or not text else _drawn(molecule)
        sheet.paste(cell, (i % columns * wide, i // columns * high))
    return np.asarray(sheet)


def _drawn(molecule: Any) -> Image.Image:
    from rdkit.Chem.Draw import rdMolDraw2D

    pen = rdMolDraw2D.MolDraw2DCairo(*CELL)
    rdMolDraw2D.PrepareAndDrawMolecule(pen, molecule)
    pen.FinishDrawing()
    return Image.open(io.BytesIO(pen.GetDrawingText())).convert("RGB")


def _written(text: str) -> Image.Image:
    cell = Image.new("RGB", CELL, "white")
    lines = "\n".join(textwrap.wrap(text, CELL[0] // 8)) or "nothing"
    ImageDraw.Draw(cell).multiline_text((12, CELL[1] // 3), lines, fill=RED)
    return cell
