"""The search behind the contestants of `unstir compare`, and known implementations beside them.

    python -m benchmarks.rivals search digits 10 FILE.json [FAMILY ...]
    python -m benchmarks.rivals known digits FOLDER          # a study by `unstir compare`
    python -m benchmarks.rivals speed digits                 # drawing in one pass, by turns
    python -m benchmarks.rivals pack FOLDER FILE.json        # its results, to be kept
    python -m benchmarks.rivals unpack FILE.json FOLDER      # and gone on with elsewhere
    python -m benchmarks.rivals table FILE.json              # the study's table again

Search: as many trials for each family, the first with its defaults, the others drawn at random
from `RANGES`; each trains with the world's own work on seed 0 and is judged by the Frechet
distance of 2,000 samples to validation data, which no comparison measures against. Trials that
FILE has are not run again.

Known: the GAN of Lightning Bolts 0.7.0 (its networks read out of the wheel, which pip fetches) and
the VAE of pythae 0.1.2 (which must be installed), with the settings they publish; each trains for
the CPU-seconds that ours took in the study in FOLDER, and is measured in the same way.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import torch
import torch.nn.functional as F

from unstir.core.find import find
from unstir.datasets import digits, mixture
from unstir.datasets.wheels import wheel
from unstir.evaluation import Sets
from unstir.folders import cache_dir
from unstir.recipes import rivals
from unstir.recipes.players import PLAYERS
from unstir.recipes.worlds import World, open_world
from unstir.tasks.standings import Report

N, EVALUATIONS = 2_000, 10
BATCHES = (32, 64, 128)
RANGES: dict[str, dict[str, Any]] = {
    "diffusion": {"lr": (5e-4, 8e-3), "muon_lr": (5e-3, 8e-2), "location": [-0.5, 0.0, 0.5]},
    "student": {"lr": (2.5e-4, 4e-3), "muon_lr": (2.5e-3, 4e-2)},
    "gan": {"lr": (5e-4, 1e-2), "penalty": (0.03, 3.0), "beta": [0.9, 0.99, 0.999]},
    "vae": {"lr": (5e-4, 8e-3), "warmup": [1, 200, 600], "free": [0.0, 0.01, 0.05]},
}
"""(lowest, highest) of a logarithmic range, or [what there is]; the batch is searched too."""


def validation(name: str) -> np.ndarray:
    """Data that are neither learned from nor measured against."""
    if name == "digits":
        return (2 * digits.batch(range(N), seed=2)[0] - 1)[:, None].astype(np.float32)
    if name == "mixture":
        return mixture.points(N, seed=2)
    sys.exit("a search is for digits or mixture")


def drawn(family: str, trial: int, points: bool) -> dict[str, Any]:
    """The choices of a trial; nothing for the first."""
    if trial == 0:
        return {}
    rng = np.random.default_rng(trial)
    said: dict[str, Any] = {"batch": int(rng.choice(BATCHES)) * (8 if points else 1)}
    for name, of in RANGES[family].items():
        if isinstance(of, tuple):
            said[name] = float(f"{np.exp(rng.uniform(*np.log(of))):.2g}")
        else:
            said[name] = of[int(rng.integers(len(of)))]
    return said


def scores(world: World, x: np.ndarray, real: np.ndarray) -> dict[str, float]:
    """What decides, and what goes with it."""
    sets = Sets(world.features(x), world.features(real))
    names = ("frechet", "precision_recall", "density_coverage")
    found = {s.name: s.value for name in names for s in find("evaluation", name)(sets)}
    if world.name == "mixture":
        found["modes"], found["on_a_mode"] = mixture.modes(x)
    return found


def search(name: str, trials: int, file: Path, families: list[str]) -> None:
    """Every trial, and then the best of each family."""
    world, real = open_world(name), validation(name)
    done: list[dict[str, Any]] = json.loads(file.read_text()) if file.exists() else []
    for trial in range(trials):
        for family in families:
            if any(row["family"] == family and row["trial"] == trial for row in done):
                continue
            choices = drawn(family, trial, not world.widths)
            row = {"family": family, "trial": trial, "choices": choices}
            done.append(row | {"scores": tried(world, family, choices, real)})
            print(json.dumps(done[-1]), flush=True)
            file.write_text(json.dumps(done, indent=1) + "\n")
    for family in families:
        rows = [row for row in done if row["family"] == family]
        best = min(rows, key=lambda row: row["scores"].get("frechet", np.inf))
        print(family, "best:", best["choices"] or "the defaults", best["scores"])


def tried(
    world: World, family: str, choices: dict[str, Any], real: np.ndarray
) -> dict[str, float]:
    """Train with these choices and measure; nothing if it diverged."""
    from unstir.training.sentinel import NotFinite

    with tempfile.TemporaryDirectory() as folder:
        try:
            for _ in rivals.contest(world, family, Path(folder), threads=1, choices=choices):
                pass
        except NotFinite:
            return {}
        net = rivals.loaded(world, family, Path(folder))
    at = EVALUATIONS if family == "diffusion" else 1
    return scores(world, rivals.sample(net, world, family, N, 10**6, at)[0], real)


Draw = Callable[[int], np.ndarray]


def bolts(world: World, seed: int, seconds: float) -> Draw:
    """The GAN of Lightning Bolts: perceptrons, cross-entropy, Adam 0.0002, batches of 64."""
    parts = _component("lightning-bolts==0.7.0", "pl_bolts/models/gans/basic/components.py")
    torch.manual_seed(seed)
    g, d = parts.Generator(32, world.shape), parts.Discriminator(world.shape)
    optimizers = [torch.optim.Adam(net.parameters(), lr=2e-4) for net in (g, d)]
    x, size = torch.from_numpy(world.train), 64
    yes, no, until = torch.ones(size, 1), torch.zeros(size, 1), time.process_time() + seconds
    while time.process_time() < until:
        _step(optimizers[0], F.binary_cross_entropy(d(g(torch.randn(size, 32))), yes))
        real, made = x[torch.randint(len(x), (size,))], g(torch.randn(size, 32)).detach()
        told = F.binary_cross_entropy(d(real), yes) + F.binary_cross_entropy(d(made), no)
        _step(optimizers[1], told)
    return lambda n: g(torch.randn(n, 32)).detach().numpy()


def pythae(world: World, seed: int, seconds: float) -> Draw:
    """The VAE of pythae: perceptrons of 512, ten numbers, Adam 0.001 as in its README, batches of
    64 as its trainer's."""
    from pythae.models import VAE, VAEConfig  # type: ignore[import-not-found]

    torch.manual_seed(seed)
    net = VAE(VAEConfig(input_dim=world.shape, latent_dim=10))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    x, until = torch.from_numpy(world.train + 1) / 2, time.process_time() + seconds
    while time.process_time() < until:
        _step(optimizer, net({"data": x[torch.randint(len(x), (64,))]}).loss)
    net.eval()

    def draw(n: int) -> np.ndarray:
        with torch.no_grad():
            made = net.decoder(torch.randn(n, 10)).reconstruction
        return (2 * made.reshape(n, *world.shape) - 1).numpy()

    return draw


KNOWN = {"gan": ("Lightning Bolts' GAN", bolts), "vae": ("pythae's VAE", pythae)}


def known(name: str, study: Path) -> None:
    """Theirs beside ours, the same CPU-seconds and measures."""
    world, rows = open_world(name), []
    torch.set_num_threads(1)
    for family, (title, make) in KNOWN.items():
        for file in sorted(study.glob(f"{family}-*-1/result.json")):
            ours = json.loads(file.read_text())
            draw = make(world, ours["seed"], ours["cpu_seconds"])
            found = scores(world, draw(N), world.real)
            mine = ours["ways"]["1"]["scores"]
            for who, figures in ((title, found), (f"our {family.upper()}", mine)):
                kept = {k: figures[k] for k in ("frechet", "precision", "recall", "coverage")}
                rows.append({"who": who, "seed": ours["seed"], "cpu": ours["cpu_seconds"], **kept})
                print(json.dumps(rows[-1]), flush=True)
    (study / "known.json").write_text(json.dumps(rows, indent=1) + "\n")


def speed(name: str) -> None:
    """Median CPU-milliseconds a sample of sixty turns, and for as many operations as the GAN's."""
    torch.set_num_threads(1)
    world = open_world(name)
    nets = {who: PLAYERS[who](world).net.eval() for who in ("student", "gan", "vae")}
    operations = {who: rivals.drawing(net, world, who) for who, net in nets.items()}
    for batch in (1, 64):
        taken: dict[str, list[float]] = {who: [] for who in nets}
        for _ in range(60):
            for who, net in nets.items():
                begin = time.process_time()
                rivals.sample(net, world, who, batch, 10**6)
                taken[who].append(1000 * (time.process_time() - begin) / batch)
        for who, times in taken.items():
            ms, share = np.median(times), operations["gan"] / operations[who]
            print(
                f"{who}, {batch} at once: {ms:.3g} ms, {ms * share:.3g} for the GAN's operations"
            )


def pack(folder: Path, file: Path) -> None:
    """What a study has found so far, without weights: its report if it has one, and its rows."""
    found = {
        f.parent.name: json.loads(f.read_text()) for f in sorted(folder.glob("*/result.json"))
    }
    kept = {"study": json.loads((folder / "study.json").read_text()), "rows": found}
    report = folder / "report.json"
    if report.exists():
        kept["report"] = {k: v for k, v in json.loads(report.read_text()).items() if k != "rows"}
    file.write_text(json.dumps(kept) + "\n")


def unpack(file: Path, folder: Path) -> None:
    """A study's folder, in which `unstir compare` trains only what is missing."""
    kept = json.loads(file.read_text())
    folder.mkdir(parents=True)
    (folder / "study.json").write_text(json.dumps(kept["study"]))
    for name, row in kept["rows"].items():
        (folder / name).mkdir()
        (folder / name / "result.json").write_text(json.dumps(row))


def table(file: Path) -> None:
    """The report of a packed study."""
    kept = json.loads(file.read_text())
    said, rows = kept["report"], tuple(kept["rows"].values())
    print(Report(said["data"], said["space"], said["budget_flop"], said["n"], rows,
                 said["floor"]).markdown())  # fmt: skip


def _step(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _component(package: str, path: str) -> Any:
    """A module of a wheel without its package, whose other parts need more than we have."""
    place = cache_dir() / "wheels"
    with ZipFile(wheel(place, package)) as archive:
        file = archive.extract(path, place / "read")
    spec = importlib.util.spec_from_file_location("component", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["search", what, trials, file, *families]:
            torch.set_num_threads(1)
            search(what, int(trials), Path(file), families or list(RANGES))
        case ["known", what, study]:
            known(what, Path(study))
        case ["speed", what]:
            speed(what)
        case ["pack", study, file]:
            pack(Path(study), Path(file))
        case ["unpack", file, study]:
            unpack(Path(file), Path(study))
        case ["table", file]:
            table(Path(file))
        case _:
            sys.exit(
                "usage: python -m benchmarks.rivals search | known | speed | pack | unpack | table"
            )
