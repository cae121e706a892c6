"""Train the judge on real renderings: no picture of any model is shown to it.

    python -m benchmarks.judge.train RUN            # resumes; writes benchmarks/judge/judge.onnx
    torchrun --standalone --nproc-per-node 2 -m benchmarks.judge.train RUN

Scenes with seed 1, so other pictures than the model learned from. Combinations that are held out
from the model are not held out from the judge: it has to see them as well as the others. Pictures
are moved, blurred and made noisy a little, for a codec softens what it shows.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.judge.questions import ASKED, UNASKED, answers, sizes
from unstir.datasets import emoji
from unstir.folders import cache_dir
from unstir.networks.autoencoder import Encoder
from unstir.recipes.pipeline import model_space
from unstir.runtimes.export import write_graph
from unstir.training import distributed
from unstir.training.loop import train
from unstir.training.settings import Settings
from unstir.training.snapshots import export_ema

HERE = Path(__file__).parent
SCENES = {"train": 120_000, "heldout": 60_000}
SEED, WIDTH, SHIFT = 1, 384, 3
SETTINGS = Settings(
    steps=4_500, batch=64, lr=2e-3, muon_lr=0.02, warmup=100, cooldown=0.5, ema=(0.1,), threads=1
)


class Judge(nn.Module):
    """Pictures (B, 3, 64, 64) in [-1, 1] -> logits of all questions side by side."""

    def __init__(self, counts: dict[str, int]) -> None:
        super().__init__()
        self.see = Encoder(3, 32, (32, 64, 160), (1, 2, 2))
        self.think = nn.Sequential(nn.Flatten(), nn.Linear(32 * 64, WIDTH), nn.LayerNorm(WIDTH))
        self.say = nn.Linear(WIDTH, sum(counts.values()))

    def forward(self, x: Tensor) -> Tensor:
        return self.say(F.silu(self.think(self.see(x))))


class Cases:
    """Rendered scenes and their right answers, kept in the run's folder."""

    def __init__(self, folder: Path) -> None:
        self.pictures = np.load(folder / "pictures.npy", mmap_mode="r")
        self.answers = np.load(folder / "answers.npy")

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(self, indices: np.ndarray, /) -> dict[str, np.ndarray]:
        x = model_space(self.pictures[indices]).numpy()
        return {"x": x, "right": self.answers[indices]}


def render(glyphs: emoji.Glyphs, folder: Path) -> None:
    """Draw the scenes once."""
    if (folder / "answers.npy").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    total = sum(SCENES.values())
    pictures = np.lib.format.open_memmap(
        folder / "pictures.npy", "w+", np.uint8, (total, 64, 64, 3)
    )
    right = np.empty((total, len(ASKED)), np.int64)
    which = [(split, i) for split, count in SCENES.items() for i in range(count)]
    for row, (split, i) in enumerate(which):
        scene = emoji.scene(glyphs, i, seed=SEED, split=split)
        pictures[row], right[row] = scene.image, list(answers(glyphs, scene.parts).values())
    np.save(folder / "answers.npy", right)


def objective(counts: dict[str, int]) -> Any:
    """Cross-entropy of every question that has an answer, over softened pictures."""

    def loss(model: nn.Module, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        out = model(soften(moved(batch["x"], rng), rng)).split(list(counts.values()), 1)
        parts = {}
        for i, (name, logits) in enumerate(zip(counts, out, strict=True)):
            right = batch["right"][:, i]
            each = F.cross_entropy(logits, right, ignore_index=UNASKED, reduction="none")
            parts[name] = each.sum() / (right != UNASKED).sum().clamp(min=8)
        return {"loss": torch.stack(list(parts.values())).sum(), **parts}

    return loss


def moved(x: Tensor, rng: Any) -> Tensor:
    """Each picture moved by up to SHIFT pixels, its border repeated."""
    n, channels, height, width = x.shape
    down, right = ((2 * SHIFT + 1) * rng.uniform((n, 2))).long().split(1, 1)
    wide = F.pad(x, (SHIFT,) * 4, mode="replicate")
    rows, columns = down + torch.arange(height), right + torch.arange(width)
    which = torch.arange(n)[:, None, None, None], torch.arange(channels)[:, None, None]
    return wide[*which, rows[:, None, :, None], columns[:, None, None, :]]


def soften(x: Tensor, rng: Any) -> Tensor:
    """A random share of blur and a little noise on each picture."""
    n = x.shape[0]
    coarse = F.interpolate(F.avg_pool2d(x, 2), scale_factor=2.0, mode="bilinear")
    share = rng.uniform(n).reshape(-1, 1, 1, 1)
    noise = 0.08 * rng.uniform(n).reshape(-1, 1, 1, 1) * rng.normal(x.shape)
    return torch.lerp(x, coarse, share) + noise


def export(judge: Judge, counts: dict[str, int]) -> None:
    """Write the graph with half-precision weights, and the questions beside it."""
    write_graph(HERE, "judge", judge.eval(), {"x": torch.randn(2, 3, 64, 64)}, "answers")
    (HERE / "judge.json").write_text(json.dumps({"questions": counts}) + "\n")


def main(run: Path) -> None:
    """Render, train, export."""
    glyphs = emoji.load(cache_dir() / "emoji")
    group, counts = distributed.group("cpu"), sizes(glyphs)
    if group.first:
        render(glyphs, run / "cases")
    group.wait()
    torch.manual_seed(SETTINGS.seed)
    judge, cases = Judge(counts), Cases(run / "cases")
    for event in train(judge, objective(counts), cases, SETTINGS, run / "judge"):
        if group.first and event.kind == "step" and event.step % 50 == 0:
            print(event.step, event.steps, round(event.loss, 3), round(event.images_per_second))
    if group.first:
        judge.load_state_dict(export_ema(run / "judge", SETTINGS.ema[-1]))
        export(judge, counts)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m benchmarks.judge.train RUN")
    main(Path(sys.argv[1]))
