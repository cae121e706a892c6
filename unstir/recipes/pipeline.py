"""From pictures to a model folder: the stages of every recipe, each taken up where it stopped.

    for progress in run(recipe, source, Path("runs/mine")):
        print(progress.stage, progress.done, progress.total)

    pictures -> codec -> latents -> conditions -> denoiser -> model.json and graphs in the run's
    folder

A stage that is done leaves its file and is skipped the next time; the two trainings resume
bitwise. So the same command goes on after any stop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from unstir.codecs.latent import Latent, measure
from unstir.codecs.seen import seen
from unstir.conditions.cache import Cache, encode_all
from unstir.conditions.manifest import from_manifest
from unstir.conditions.text import Text
from unstir.conditions.tokens import Tokens
from unstir.core import weights
from unstir.core.find import named
from unstir.core.schedules import from_json
from unstir.networks.autoencoder import Autoencoder
from unstir.networks.build import build
from unstir.networks.layers import channels_last
from unstir.objectives.autoencoder import Reconstruction
from unstir.objectives.denoising import Denoising, Uncertain, logit_normal
from unstir.recipes.cache import new_array, save, stored
from unstir.recipes.card import write_card
from unstir.recipes.figures import with_figures
from unstir.recipes.masks import mask
from unstir.recipes.preview import preview
from unstir.recipes.recipe import Events, Progress, Recipe, Source
from unstir.recipes.start import warm
from unstir.runtimes.export import write
from unstir.runtimes.manifest import read, sha256_of
from unstir.runtimes.shelf import SHIPPED
from unstir.training import distributed
from unstir.training.data import Arrays, Dataset
from unstir.training.loop import Preview, train
from unstir.training.snapshots import export_ema

CHUNK = 256


def run(
    recipe: Recipe, source: Source, out: Path, start: Mapping[str, Path] | None = None
) -> Events:
    """Train `recipe` on `source` into the folder `out`.

    `start` names model folders to begin from, by part: {"autoencoder": folder, "denoiser":
    folder}.
    """
    start = start or {}
    codec = yield from stages(recipe, source, out, start)
    condition = from_manifest(recipe.condition, SHIPPED)
    net = warm(build(recipe.network, network_sizes(recipe)), start, "denoiser")
    show: Preview = preview(recipe, codec, condition, out)
    if recipe.figures:
        show = with_figures(show, recipe, codec, condition, out)
    yield from _train_denoiser(net, recipe, show, out)
    if distributed.group(recipe.trainer.device).first:
        export(recipe, net, codec, out, start)
    yield Progress("done", 1, 1)


def stages(
    recipe: Recipe, source: Source, out: Path, start: Mapping[str, Path]
) -> Generator[Progress, None, Autoencoder | None]:
    """All that comes before the denoiser, in the run's cache; returns the autoencoder."""
    group, cache = distributed.group(recipe.trainer.device), out / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    yield from by_one(group, _pictures(source, recipe, cache))
    pictures = stored(cache / "pictures.npy")
    codec = None
    if recipe.codec is not None:
        codec = warm(Autoencoder(**recipe.codec), start, "autoencoder")
        if recipe.coder is None and "autoencoder" not in start:
            raise ValueError("no steps for the autoencoder and none to begin from; give --start")
        if recipe.coder is not None:
            yield from _train_codec(codec, recipe, pictures, out)
            group.wait()
            codec.load_state_dict(export_ema(out / "codec", recipe.coder.ema[-1]))
        yield from by_one(group, _of_this_codec(codec, out))
    known = _statistics(start) if codec is not None and recipe.coder is None else None
    yield from by_one(group, _latents(codec, recipe, pictures, cache, known))
    if recipe.repaints:
        yield from by_one(group, _around_holes(codec, recipe, pictures, cache))
    yield from by_one(group, _conditions(recipe, cache))
    return codec


def by_one(group: distributed.Group, stage: Events) -> Events:
    """A stage that one process does while the others wait (under torchrun)."""
    if group.first:
        yield from stage
    group.wait()


def network_sizes(recipe: Recipe) -> dict[str, Any]:
    """The denoiser's constructor arguments, with what follows from data and condition."""
    c = recipe.condition
    tokens = 0 if c is None else c.get("width") or len(c["classes"])
    extra = {"extra": recipe.shape[0] + 1} if recipe.repaints else {}
    return {"channels": recipe.shape[0], "tokens": tokens, **extra, **recipe.sizes}


def export(
    recipe: Recipe, net: nn.Module, codec: Autoencoder | None, out: Path, start: Mapping[str, Path]
) -> dict[str, Any]:
    """Write a trained denoiser and its codec as a model folder into `out`."""
    latent = None
    if codec is not None:
        statistics = stored(out / "cache" / "latent.json")
        latent = {"name": "autoencoder", "sizes": recipe.codec, **statistics}
    training = {"ema": recipe.trainer.ema[-1], "settings": recipe.trainer.to_json()}
    if start:  # whose weights it began from: the SHA-256 of their model.json
        training["start"] = {part: sha256_of(at / "model.json") for part, at in start.items()}
    manifest = {
        "kind": "image",
        "name": recipe.name,
        "title": recipe.title,
        "network": {"name": recipe.network, "sizes": network_sizes(recipe)},
        "codec": latent,
        "condition": recipe.condition,
        "schedule": recipe.schedule,
        "parametrization": recipe.parametrization,
        "shape": list(recipe.shape),
        "size": [recipe.size, recipe.size],
        "defaults": recipe.defaults,
        "licences": recipe.licences,
        "aliases": {},
        "training": training,
    }
    done = write(out, manifest, net, codec)
    count = len(stored(out / "cache" / "conditions.json"))
    write_card(out, done, count, sum(p.numel() for p in net.parameters()))
    return done


def _pictures(source: Source, recipe: Recipe, cache: Path) -> Events:
    """All pictures as one uint8 array (N, H, W, 3), and their captions or labels."""
    n, side = len(source), recipe.size
    if (cache / "conditions.json").exists():
        _check_same(source, cache)
        return
    conditions: list[Any] = []
    with new_array(cache / "pictures.npy", (n, side, side, 3), np.uint8) as out:
        for i in range(n):
            picture, condition = source.sample(i)
            if picture.shape != (side, side, 3):
                raise ValueError(f"picture {i} is {picture.shape}; {recipe.name} takes {side} px")
            out[i] = picture
            conditions.append(condition)
            if i % CHUNK == 0:
                yield Progress("pictures", i, n)
    (cache / "source.txt").write_text(source.fingerprint, encoding="utf-8")
    save(cache / "conditions.json", conditions)


def _check_same(source: Source, cache: Path) -> None:
    """A run goes on with the pictures it was begun with."""
    before, n, mark = len(stored(cache / "conditions.json")), len(source), cache / "source.txt"
    way_out = "give another --out, or delete that folder"
    if before != n:
        raise ValueError(
            f"the run in {cache.parent} was begun with {before} pictures, now there are {n}; "
            f"{way_out}"
        )
    if mark.exists() and mark.read_text(encoding="utf-8") != source.fingerprint:
        raise ValueError(
            f"the run in {cache.parent} was begun with other pictures, captions or classes than "
            f"there are now; {way_out}"
        )


def _train_codec(codec: Autoencoder, recipe: Recipe, pictures: np.ndarray, out: Path) -> Events:
    settings = recipe.coder
    assert settings is not None
    objective: Any = Reconstruction()
    channels_last(codec)
    for event in train(codec, objective, Pictures(pictures), settings, out / "codec"):
        yield Progress("codec", event.step, event.steps, event)


def _of_this_codec(codec: Autoencoder, out: Path) -> Events:
    """Forget latents of another codec, as after more of its steps; a denoiser that began with
    them cannot go on."""
    mark, cache = out / "cache" / "codec.sha256", out / "cache"
    halves = sorted((name, p.detach().half().cpu()) for name, p in codec.state_dict().items())
    own = hashlib.sha256(b"".join(p.numpy().tobytes() for _, p in halves)).hexdigest()
    if mark.exists() and mark.read_text() != own:
        if (out / "denoiser").exists():
            raise ValueError(
                f"the autoencoder is another one than when the denoiser in {out} was begun; give "
                f"another --out, or delete {out / 'denoiser'} to train it anew"
            )
        for stale in ("latents.npy", "seen.npy"):
            (cache / stale).unlink(missing_ok=True)
        yield Progress("latents", 0, 1, "the autoencoder has changed: its latents are made anew")
    mark.write_text(own)


def _latents(
    codec: Autoencoder | None, recipe: Recipe, pictures: np.ndarray, cache: Path,
    known: Latent | None,
) -> Events:  # fmt: skip
    """The pictures in the space the denoiser works in, float16, on unit statistics: those that
    are `known` of an autoencoder that stays as it was, or measured."""
    path = cache / "latents.npy"
    if codec is None or path.exists():
        return
    n = len(pictures)
    with new_array(cache / "codes.npy", (n, *recipe.shape), np.float32) as codes:
        for i in range(0, n, CHUNK):
            codes[i : i + CHUNK] = encoded(codec, model_space(pictures[i : i + CHUNK]))
            yield Progress("latents", i, n)
        statistics = known or measure(codes[i : i + CHUNK] for i in range(0, n, CHUNK))
        save(cache / "latent.json", {"mean": statistics.mean, "std": statistics.std})
        with new_array(path, (n, *recipe.shape), np.float16) as latents:
            for i in range(0, n, CHUNK):
                latents[i : i + CHUNK] = statistics.normalize(codes[i : i + CHUNK])
    (cache / "codes.npy").unlink()


def _statistics(start: Mapping[str, Path]) -> Latent:
    """Those of the latents of the model that is begun from."""
    said = read(start["autoencoder"]).codec or {}
    return Latent(said["mean"], said["std"])


def _around_holes(
    codec: Autoencoder | None, recipe: Recipe, pictures: np.ndarray, cache: Path
) -> Events:
    """Of each picture what a network that repaints is shown, float16: see `masks`."""
    path, n = cache / "seen.npy", len(pictures)
    if path.exists():
        return
    encode = _encoder(codec, cache)
    channels, *space = recipe.shape
    with new_array(path, (n, channels + 1, *space), np.float16) as out:
        for i in range(0, n, CHUNK):
            rows = range(i, min(i + CHUNK, n))
            hidden = np.stack([mask(row, recipe.size) for row in rows])
            x = model_space(pictures[rows.start : rows.stop]).numpy()
            out[rows.start : rows.stop] = seen(encode, x, hidden)
            yield Progress("holes", i, n)


def _encoder(codec: Autoencoder | None, cache: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Pictures (B, 3, H, W) in [-1, 1] -> the space the denoiser works in."""
    if codec is None:
        return lambda x: x
    statistics = Latent(**stored(cache / "latent.json"))

    return lambda x: statistics.normalize(encoded(codec, torch.from_numpy(x)))


def encoded(codec: Autoencoder, x: torch.Tensor) -> np.ndarray:
    """Raw codes of pictures (B, 3, H, W), wherever the codec is."""
    with torch.inference_mode():
        return codec.encode(x.to(next(codec.parameters()).device)).cpu().numpy()


def _conditions(recipe: Recipe, cache: Path) -> Events:
    """The token states of every different caption, once; labels need no cache."""
    condition = from_manifest(recipe.condition, SHIPPED)
    if isinstance(condition, Text):
        captions = stored(cache / "conditions.json")
        for done, total in encode_all(condition, captions, cache / "text"):
            yield Progress("conditions", done, total)


def _train_denoiser(net: nn.Module, recipe: Recipe, show: Preview, out: Path) -> Events:
    """Train, and give `net` its averaged weights."""
    schedule, times = from_json(recipe.schedule), logit_normal(*recipe.times)
    weight = named(weights.TABLE, recipe.weight, "weights")
    objective = Denoising(schedule, recipe.parametrization, weight, times)
    channels_last(net)
    learner = Uncertain(net) if recipe.uncertain else net
    data = training_set(recipe, out / "cache")
    settings = recipe.trainer
    for event in train(learner, objective, data, settings, out / "denoiser", preview=show):
        yield Progress("denoiser", event.step, event.steps, event)
    learner.load_state_dict(export_ema(out / "denoiser", settings.ema[-1]))


class Pictures:
    """uint8 pictures as (B, 3, H, W) in [-1, 1], and what else there is of each."""

    def __init__(self, pictures: np.ndarray, **more: np.ndarray) -> None:
        self.pictures, self.more = pictures, more

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(self, indices: np.ndarray, /) -> dict[str, np.ndarray]:
        more = {name: array[indices].astype(np.float32) for name, array in self.more.items()}
        return {"x": model_space(self.pictures[indices]).numpy(), **more}


class Conditioned:
    """Samples with the tokens of their condition; what no sample of a batch has is cut off."""

    def __init__(self, x: Dataset, tokens: Callable[[np.ndarray], Tokens]) -> None:
        self.x, self.tokens = x, tokens

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, indices: np.ndarray, /) -> dict[str, np.ndarray]:
        tokens = self.tokens(indices)
        longest = max(1, int(tokens.mask.sum(1).max()))
        given = {"tokens": tokens.states[:, :longest], "token_mask": tokens.mask[:, :longest]}
        return self.x.batch(indices) | given


def training_set(recipe: Recipe, cache: Path) -> Dataset:
    """What the denoiser learns from, read from the run's cache."""
    around = {"extra": stored(cache / "seen.npy")} if recipe.repaints else {}
    if recipe.codec is None:
        x: Dataset = Pictures(stored(cache / "pictures.npy"), **around)
    else:
        x = Arrays(x=stored(cache / "latents.npy"), **around)
    condition = from_manifest(recipe.condition, SHIPPED)
    if condition is None:
        return x
    raw = stored(cache / "conditions.json")
    if isinstance(condition, Text):
        states = Cache(cache / "text")
        rows = states.rows(raw)
        return Conditioned(x, lambda indices: states.at(rows[indices]))
    return Conditioned(x, lambda indices: condition.encode([raw[i] for i in indices]))


def model_space(pictures: np.ndarray) -> torch.Tensor:
    """uint8 (B, H, W, 3) -> float32 (B, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))) / 127.5 - 1
