"""Drug-like molecules as SMILES strings, from MOSES, by masked diffusion.

    unstir train smiles --out runs/smiles       # fetches molsets by pip; needs rdkit

Strings are cut into 256 pieces (modalities/smiles.py), ten of them on average; a length is drawn
first, then the pieces, all hidden at first, are shown one by one in any order. The network is
networks/sequence.py, the objective `Counting` of objectives/masking.py. rdkit measures what can
be wished for; a recipe in which nothing is `measured` does without. Figures: its card.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from unstir.core.discrete.process import PAD
from unstir.datasets import moses
from unstir.folders import cache_dir
from unstir.modalities.chemistry import PROPERTIES, needed, properties
from unstir.modalities.smiles import Pieces, learn
from unstir.networks.build import build
from unstir.objectives.masking import Counting
from unstir.recipes.cache import new_array, save, stored
from unstir.recipes.card import write_card
from unstir.recipes.pipeline import by_one
from unstir.recipes.recipe import Events, Progress
from unstir.recipes.start import warm
from unstir.recipes.wishes import of_values, told
from unstir.runtimes.export import write
from unstir.threads import default_threads
from unstir.training import distributed
from unstir.training.loop import train
from unstir.training.settings import Settings
from unstir.training.snapshots import export_ema

LEARNED = 30_000
"""Strings that the pieces are learned from."""
CHUNK, MEASURED = 50_000, 10_000


@dataclass(frozen=True)
class Strings:
    """Everything that decides the training of a model of strings.

    Args:
        name, title: of the model.
        pieces: how many the strings are cut into.
        sizes: the network's constructor arguments beyond vocabulary and length.
        trainer: settings of the training.
        measured: strings whose properties are measured (`PROPERTIES`, by rdkit), so that they can
            be wished for; 0: none can.
        known: how often each of them is told in training.
        defaults: sampler, steps (0: one for each piece), temperature.
        licences: of the data.
    """

    name: str
    title: str
    pieces: int
    trainer: Settings
    measured: int = 0
    known: float = 0.5
    sizes: dict[str, Any] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    licences: dict[str, str] = field(default_factory=dict)


recipe = Strings(
    name="smiles",
    title="Drug-like molecules as SMILES",
    pieces=256,
    measured=300_000,
    sizes=dict(width=192, depth=6),
    trainer=Settings(steps=12_000, batch=64, lr=2e-3, muon_lr=0.02, warmup=100, cooldown=0.5),
    defaults=dict(sampler="confidence", steps=28, scale=1.0, temperature=0.6, sweeps=3),
    licences={
        "MOSES by molsets": "MIT, Copyright (c) 2018 Insilico Medicine; Polykovskiy et al. 2020",
    },
)


def run(
    recipe: Strings, out: Path, start: Path | None = None, strings: list[str] | None = None
) -> Events:
    """Train into the folder `out`; the same call goes on after any stop. `start` is a model to
    begin from, `strings` are those of MOSES if none are given."""
    group, cache, settings = (
        distributed.group(recipe.trainer.device),
        out / "cache",
        recipe.trainer,
    )
    cache.mkdir(parents=True, exist_ok=True)
    yield from by_one(group, _cut(recipe, cache, start, strings))
    values = stored(cache / "properties.npy") if recipe.measured else None
    pieces, data = (
        of(stored(cache / "pieces.json")),
        Rows(stored(cache / "rows.npy"), values, recipe.known),
    )
    told_by = {"tokens": data.numbers.width} if data.numbers else {}
    sizes = {"vocabulary": len(pieces), "length": data.longest, **told_by, **recipe.sizes}
    net = warm(build("sequence", sizes), {"denoiser": start} if start else {}, "denoiser")
    for event in train(net, Counting(), data, settings, out / "denoiser"):
        yield Progress("denoiser", event.step, event.steps, event)
    if group.first:
        net.load_state_dict(export_ema(out / "denoiser", settings.ema[-1]))
        done = write(out, manifest(recipe, pieces, data, sizes), net, None)
        write_card(out, done, len(data), sum(p.numel() for p in net.parameters()))
    yield Progress("done", 1, 1)


def of(said: dict[str, Any]) -> Pieces:
    """The pieces as JSON has them."""
    return Pieces(tuple(said["symbols"]), tuple((a, b) for a, b in said["merges"]))


def _cut(recipe: Strings, cache: Path, start: Path | None, strings: list[str] | None) -> Events:
    """All strings in their pieces, and what is measured of them; what is there already stays."""
    cut = (cache / "rows.npy").exists()
    known = not recipe.measured or (cache / "properties.npy").exists()
    if cut and known:
        return
    if not known:
        needed()
    if strings is None:
        for done, total in moses.building(cache_dir() / "moses"):
            yield Progress("strings", done, total)
        strings = moses.load(cache_dir() / "moses", "train")
    if not cut:
        yield from _encode(recipe, cache, start, strings)
    if not known:
        yield from _measure(recipe, cache, strings)


def _encode(recipe: Strings, cache: Path, start: Path | None, strings: list[str]) -> Events:
    """rows.npy (N, longest) int16, PAD beyond each."""
    if start is not None:
        pieces = of(stored(start / "model.json")["string"])
    else:
        few = np.random.default_rng(0).permutation(len(strings))[:LEARNED]
        pieces = learn([strings[i] for i in few], recipe.pieces)
    save(cache / "pieces.json", {"symbols": pieces.symbols, "merges": pieces.merges})
    rows: list[np.ndarray] = []
    for first in range(0, len(strings), CHUNK):
        rows += pieces.encode(strings[first : first + CHUNK])
        yield Progress("pieces", first, len(strings))
    longest = max(map(len, rows))
    with new_array(cache / "rows.npy", (len(rows), longest), np.int16) as out:
        out[:] = PAD
        for i, row in enumerate(rows):
            out[i, : len(row)] = row


def _measure(recipe: Strings, cache: Path, strings: list[str]) -> Events:
    """properties.npy (N, K), NaN of strings that were not measured."""
    which = np.random.default_rng(1).permutation(len(strings))[: recipe.measured]
    values = np.full((len(strings), len(PROPERTIES)), np.nan, np.float32)
    with ProcessPoolExecutor(recipe.trainer.threads or default_threads()) as pool:
        for first in range(0, len(which), MEASURED):
            part = which[first : first + MEASURED]
            yield Progress("properties", first, len(which))
            values[part] = list(pool.map(properties, [strings[i] for i in part], chunksize=100))
    with new_array(cache / "properties.npy", values.shape, np.float32) as out:
        out[:] = values


class Rows:
    """Rows of pieces: {"x": (B, L) int64}, PAD beyond each, L that of the longest of a batch; and
    "tokens" and "token_mask" of their properties, where there are any."""

    def __init__(
        self, rows: np.ndarray, values: np.ndarray | None = None, known: float = 0.5
    ) -> None:
        self.rows, self.longest, self.values, self.known = rows, rows.shape[1], values, known
        self.numbers = None if values is None else of_values(PROPERTIES, values)

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, indices: np.ndarray, /) -> dict[str, np.ndarray]:
        x = self.rows[indices].astype(np.int64)
        out = {"x": x[:, : int((x >= 0).sum(1).max())]}
        if self.numbers is None or self.values is None:
            return out
        return out | told(self.numbers, self.values[indices], indices, self.known)

    def lengths(self) -> np.ndarray:
        """How many rows have 0, 1, 2, ... pieces."""
        return np.bincount((np.asarray(self.rows) >= 0).sum(1), minlength=self.longest + 1)


def manifest(recipe: Strings, pieces: Pieces, data: Rows, sizes: dict[str, Any]) -> dict[str, Any]:
    """What model.json says before graphs and files are known."""
    return {
        "kind": "string",
        "name": recipe.name,
        "title": recipe.title,
        "network": {"name": "sequence", "sizes": sizes},
        "codec": None,
        "condition": data.numbers.to_json() if data.numbers else None,
        "string": {
            "symbols": list(pieces.symbols),
            "merges": [list(pair) for pair in pieces.merges],
            "lengths": data.lengths().tolist(),
        },
        "schedule": {"name": "polynomial", "power": 1.0},
        "parametrization": "masked",
        "shape": [data.longest, len(pieces)],
        "size": [data.longest],
        "defaults": recipe.defaults,
        "licences": recipe.licences,
        "aliases": {},
        "training": {"ema": recipe.trainer.ema[-1], "settings": recipe.trainer.to_json()},
    }
