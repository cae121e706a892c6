"""Levers of the autoencoder, each tried at equal cost: what is the effect on what is drawn?

    python -m benchmarks.codecs RUN LEVER SEED      # RUN: of `unstir train emoji`, for its cache
    python -m benchmarks.codecs RUN table           # all that were tried, beside "base"
    python -m benchmarks.codecs RUN deep SEED       # 128 px from as many latents

Every trial trains an autoencoder on 16,000 pictures from random weights, then the denoiser of
benchmarks/levers.py on 10,000 of its latents. Measured on held-out scenes: how like their round
trip is (dB), what of their features it moves (Frechet distance of 2,000 and the same 2,000 after
it), and the kernel distance of 256 drawn samples. "deep" trains a codec alone, that reduces 128
px by 16, and measures it beside the shipped way there: the 64 px codec and the upscaler.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.levers import BASE, RECIPE, Held
from unstir.codecs.latent import measure
from unstir.core.find import find
from unstir.core.schedules import from_json
from unstir.datasets import emoji as emoji_set
from unstir.evaluation import Sets, extracted
from unstir.folders import cache_dir
from unstir.modalities.images import from_model, resize, to_model, write
from unstir.networks.autoencoder import Autoencoder
from unstir.networks.build import build
from unstir.networks.layers import channels_last
from unstir.objectives.autoencoder import Coder, Reconstruction
from unstir.objectives.denoising import Denoising, logit_normal
from unstir.recipes import emoji
from unstir.recipes.cache import save, stored
from unstir.recipes.pipeline import Pictures, encoded, model_space, network_sizes, training_set
from unstir.runtimes.features import features
from unstir.runtimes.model import load
from unstir.tasks.upscale import upscale
from unstir.training.loop import train
from unstir.training.settings import Settings
from unstir.training.snapshots import export_ema

CODED, DRAWN = 16_000, 10_000
DEEP, DEEP_STEPS, DEEP_REAL = 12_000, 500, 256
CODER = replace(
    emoji.recipe.coder or BASE, steps=CODED // 32, batch=32, warmup=50, threads=1,
    preview_every=0, checkpoint_every="3min",
)  # fmt: skip
SIZES = emoji.recipe.codec or {}
DEEP_SIZES = dict(latent=16, widths=[32, 96, 128, 128], encoder=[1, 1, 1, 2], decoder=[1, 1, 2, 3])


@dataclass(frozen=True)
class Turned:
    """A codec whose code is turned and mirrored before it is decoded, and the picture back."""

    codec: Coder
    quarters: int
    mirror: bool

    def encode(self, x: Tensor, /) -> Tensor:
        """As it does."""
        return self.codec.encode(x)

    def decode(self, z: Tensor, /) -> Tensor:
        """Unchanged, where turning pictures and turning codes is the same."""
        z = torch.rot90(z.flip(3) if self.mirror else z, self.quarters, (2, 3))
        x = torch.rot90(self.codec.decode(z), -self.quarters, (2, 3))
        return x.flip(3) if self.mirror else x


@dataclass(frozen=True)
class Turning(Reconstruction):
    """Codes turn as pictures do (Kouzelis et al. 2025, EQ-VAE), in half of the batches."""

    def __call__(self, model: Coder, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        whether, quarters, mirror = rng.uniform((len(batch["x"]), 3))[0].tolist()
        if whether < 0.5:
            model = Turned(model, int(4 * quarters), mirror < 0.5)
        return super().__call__(model, batch, rng)


@dataclass(frozen=True)
class Structure(Reconstruction):
    """With structural similarity (Wang et al. 2004), a model of what eyes see."""

    weight: float = 0.3

    def __call__(self, model: Coder, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        seen = _Last(model)
        parts = super().__call__(seen, batch, rng)
        return parts | {"loss": parts["loss"] + self.weight * (1 - ssim(seen.x, batch["x"]))}


class _Last:
    """A codec, and what it decoded last."""

    def __init__(self, codec: Coder) -> None:
        self.codec, self.encode, self.x = codec, codec.encode, torch.zeros(0)

    def decode(self, z: Tensor, /) -> Tensor:
        """As it does, remembered."""
        self.x = self.codec.decode(z)
        return self.x


def ssim(a: Tensor, b: Tensor, side: int = 7) -> Tensor:
    """Mean structural similarity of pictures in [-1, 1], in windows of `side` pixels; 1 for
    equal ones (Wang et al. 2004, eq. 13, uniform windows)."""

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, side, 1)

    ma, mb = mean(a), mean(b)
    va, vb = mean(a * a) - ma * ma, mean(b * b) - mb * mb
    both, c1, c2 = mean(a * b) - ma * mb, 0.02**2, 0.06**2
    above = (2 * ma * mb + c1) * (2 * both + c2)
    return (above / ((ma * ma + mb * mb + c1) * (va + vb + c2))).mean()


@dataclass(frozen=True)
class Lever:
    """What a trial changes."""

    sizes: Mapping[str, Any] = field(default_factory=dict)
    objective: Callable[..., Any] = field(default_factory=Reconstruction)


LEVERS = {
    "base": Lever(),
    "no-noise": Lever(objective=Reconstruction(noise=0.0)),
    "more-noise": Lever(objective=Reconstruction(noise=0.5)),
    "channels-8": Lever({"latent": 8}),
    "structure": Lever(objective=Structure()),
    "turning": Lever(objective=Turning()),
}


def trial(run: Path, name: str, seed: int) -> None:
    """Train and measure one lever; what was measured goes to RUN/codecs/NAME-SEED.json."""
    torch.set_num_threads(1)
    lever, folder = LEVERS[name], run / "codecs" / f"{name}-{seed}"
    pictures = stored(run / "cache" / "pictures.npy")
    recipe = replace(RECIPE, codec={**SIZES, **lever.sizes})
    codec = taught(
        recipe.codec or {}, lever.objective, pictures, replace(CODER, seed=seed), folder
    )
    cached(run / "cache", folder / "cache", codec, pictures)
    torch.manual_seed(seed)
    net = build(recipe.network, network_sizes(recipe))
    channels_last(net)
    objective: Any = Denoising(from_json(recipe.schedule), times=logit_normal(*recipe.times))
    settings = replace(BASE, steps=DRAWN // BASE.batch, ema=(0.1,), seed=seed)
    set_ = training_set(recipe, folder / "cache")
    for event in train(net, objective, set_, settings, folder / "denoiser"):
        print(f"{name} {seed}: denoiser, step {event.step} of {event.steps}", flush=True)
    net.load_state_dict(export_ema(folder / "denoiser", 0.1))
    held = Held(recipe, codec)
    row = {"lever": name, "seed": seed, **round_trip(held.pictures, codec),
           "kernel": held.kernel(net.eval(), recipe, folder)}  # fmt: skip
    folder.with_suffix(".json").write_text(json.dumps(row, indent=1))
    print(row)


def taught(
    sizes: Mapping[str, Any], objective: Any, pictures: np.ndarray, settings: Settings, out: Path
) -> Autoencoder:
    """An autoencoder of these pictures, with its averaged weights."""
    torch.manual_seed(settings.seed)
    codec = Autoencoder(**sizes)
    channels_last(codec)
    for event in train(codec, objective, Pictures(pictures), settings, out / "codec"):
        print(f"{out.name}: codec, step {event.step} of {event.steps}", flush=True)
    codec.load_state_dict(export_ema(out / "codec", settings.ema[-1]))
    return codec.eval()


def cached(source: Path, cache: Path, codec: Autoencoder, pictures: np.ndarray) -> None:
    """The cache of a run whose autoencoder is another one: its own latents, all else linked."""
    cache.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        if file.stem not in ("latents", "latent", "codec") and not (cache / file.name).exists():
            (cache / file.name).symlink_to(file.resolve())
    parts = [
        encoded(codec, model_space(pictures[i : i + 64])) for i in range(0, len(pictures), 64)
    ]
    statistics = measure(parts)
    save(cache / "latent.json", {"mean": statistics.mean, "std": statistics.std})
    codes = statistics.normalize(np.concatenate(parts))
    np.save(cache / "latents.npy", codes.astype(np.float16))


def round_trip(pictures: np.ndarray, codec: Autoencoder) -> dict[str, float]:
    """How like pictures are after it, in dB, and the Frechet distance of their features."""
    parts = []
    with torch.inference_mode():
        for i in range(0, len(pictures), 64):
            x = model_space(pictures[i : i + 64])
            parts.append(from_model(codec.decode(codec.encode(x)).numpy()))
    again, space = np.concatenate(parts), features("efficientnet-lite0", 1)
    known = cache_dir() / "features"
    sides = [extracted(space, again, None), extracted(space, pictures, known)]
    rows = [np.concatenate([part.values for part in side]) for side in sides]
    score, *_ = find("evaluation", "frechet")(Sets(*rows))
    return {"decibel": likeness(again, pictures), "frechet": score.value}


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """Mean over pictures (N, H, W, 3), in dB."""
    wrong = np.square(a.astype(np.float32) - b).mean((1, 2, 3))
    return float(np.mean(10 * np.log10(255**2 / wrong)))


def deep(run: Path, seed: int) -> None:
    """Print how a codec that reduces by 16 does at 128 px, and how the shipped way does there."""
    torch.set_num_threads(1)
    glyphs, side = emoji_set.load(cache_dir() / "emoji"), 128

    def drawn(split: str, count: int) -> np.ndarray:
        scenes = (emoji_set.scene(glyphs, i, split=split, size=side) for i in range(count))
        return np.stack([scene.image for scene in scenes])

    pictures, real = drawn("train", DEEP), drawn("heldout", DEEP_REAL)
    settings = replace(CODER, steps=DEEP_STEPS, seed=seed)
    out = run / "codecs" / f"deep-{seed}"
    codec = taught(DEEP_SIZES, Reconstruction(), pictures, settings, out)
    print(f"a codec that reduces {side} px by 16: {round_trip(real, codec)}")
    model, small = load("emoji"), np.stack([resize(x, side // 2, side // 2) for x in real])
    again = from_model(model.decode(model.encode(to_model(small))))
    large = []
    for picture in again:
        write(out / "small.png", picture)
        large.append(resize(upscale(str(out / "small.png"), threads=1)[0].pixels, side, side))
    print(f"the shipped codec and upscaler: {likeness(np.stack(large), real):.2f} dB")


def table(run: Path) -> None:
    """Every lever, with the number of seeds."""
    rows = [json.loads(file.read_text()) for file in sorted((run / "codecs").glob("*.json"))]
    for name in LEVERS:
        mine = [row for row in rows if row["lever"] == name]
        said = [
            f"{row['decibel']:.2f} dB, {row['frechet']:.2f}, {row['kernel'][0]:.4f}"
            for row in mine
        ]
        if said:
            print(f"{name:12} {' | '.join(said)}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [run, "table"]:
            table(Path(run))
        case [run, "deep", seed] if seed.isdigit():
            deep(Path(run), int(seed))
        case [run, lever, seed] if lever in LEVERS and seed.isdigit():
            trial(Path(run), lever, int(seed))
        case _:
            sys.exit(
                f"usage: python -m benchmarks.codecs RUN {'|'.join(LEVERS)}|deep SEED | RUN table"
            )
