"""What a picture costs: this library's ways to draw, and diffusers' loops with the same network.

    python -m benchmarks.speed time emoji 5 docs/evaluation/speed.json
    python -m benchmarks.speed table docs/evaluation/speed.json

All rows are timed in one process, taking turns, REPEATS times; medians, with the least and the
most. CPU-milliseconds of one picture on one thread, from its noise to its pixels, text encoding
apart; and pictures a second, sixteen at once, on as many threads as there are processors.
diffusers' rows run our U-Net and decoder in torch under their schedulers for flows; Euler's method
is what DDIM is for a flow. Peaks are those of torch's convolution and matrix product here.
Quality beside it: benchmarks/ways.py and `python -m benchmarks.judge.score`.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unstir.codecs.latent import Latent
from unstir.codecs.seen import nothing
from unstir.conditions.tokens import Tokens
from unstir.networks.autoencoder import Autoencoder
from unstir.networks.build import build
from unstir.recipes.start import warm
from unstir.runtimes.manifest import read
from unstir.runtimes.model import Model, Runtime, load, longest
from unstir.runtimes.onnx import Call
from unstir.runtimes.shelf import folder
from unstir.tasks.generate import generate
from unstir.tasks.process import STUDENT, Process, resolve
from unstir.threads import default_threads
from unstir.training.devices import Counter

PROMPT, MANY, SIZES = "a cat wearing a hat", 16, (64, 256, 512)
OURS: dict[str, dict[str, Any]] = {
    "student, 1 step": {"steps": 1, "sampler": STUDENT},
    "student, 2 steps": {"steps": 2, "sampler": STUDENT},
    "student, 4 steps": {"steps": 4, "sampler": STUDENT},
    "5 steps": {"steps": 5},
    "8 steps": {"steps": 8},
}
TORCH = ("student, 1 step", "8 steps")
"""Those that are also timed in torch."""
THEIRS = {
    "DDIM, 50 steps": ("FlowMatchEulerDiscreteScheduler", 50, {}),
    "DPM++ 2M, 20 steps": ("DPMSolverMultistepScheduler", 20, {"flow": True}),
    "UniPC, 10 steps": ("UniPCMultistepScheduler", 10, {"flow": True}),
}
Draw = Callable[[int], Any]
"""Draws so many pictures."""


@dataclass(frozen=True)
class Row:
    """One way to draw: on one thread, and on all."""

    title: str
    evaluations: int
    one: Draw
    all: Draw


def rows(which: str) -> list[Row]:
    """Every way that the model has."""
    place, threads = folder(which), default_threads()
    found = []
    for runtime in ("onnx", "int8", "torch") if read(place).eight_bits else ("onnx", "torch"):
        models = [load(place, threads=n, runtime=runtime) for n in (1, threads)]
        for title, asked in OURS.items():
            taught = asked.get("sampler") == STUDENT
            if (runtime == "torch" and title not in TORCH) or (
                taught and not models[0].manifest.student
            ):
                continue
            way = resolve(models[0], taught=taught, **asked)
            draws = [ours(model, way) for model in models]
            runs = way.evaluations(not taught and models[0].condition is not None)
            found.append(Row(f"unstir, {runtime}, {title}", runs, *draws))
    for title, (name, steps, more) in THEIRS.items():
        draw = theirs(load(place, runtime="torch"), name, steps, more)
        found.append(Row(f"diffusers, {title}", 2 * steps, draw, draw))
    return found


def told(model: Model) -> tuple[Tokens | None, Tokens | None]:
    """What is drawn, and its absence."""
    if model.condition is None:
        return None, None
    return model.condition.encode([asked(model)]), model.condition.null(1)


def asked(model: Model) -> str:
    """A prompt, or a class of a model of classes."""
    return (model.manifest.condition or {}).get("classes", [PROMPT])[0]


def ours(model: Model, way: Process) -> Draw:
    """From noise to pixels by this library."""
    pos, neg = told(model)

    def draw(n: int) -> np.ndarray:
        denoise = way.denoiser(model, pos, neg)
        *_, last = way.walk(denoise, range(n), model.manifest.shape)
        return model.decode(last.x)

    return draw


def theirs(model: Model, name: str, steps: int, more: dict[str, Any]) -> Draw:
    """From noise to pixels by diffusers' scheduler of that name around our networks in torch."""
    import diffusers

    said = model.manifest
    flow = {"prediction_type": "flow_prediction", "use_flow_sigmas": True} if more else {}
    scheduler: Any = getattr(diffusers, name)(num_train_timesteps=1000, **flow)
    net = build(said.network["name"], said.network["sizes"]).eval()  # type: ignore[index]
    warm(net, {"denoiser": model.folder}, "denoiser")
    codec = Autoencoder(**said.codec["sizes"]).eval() if said.codec else None
    if codec is not None:
        warm(codec, {"autoencoder": model.folder}, "autoencoder")
    latent = Latent(said.codec["mean"], said.codec["std"]) if said.codec else None
    scale, branches = said.defaults.get("scale", 1.0), told(model)

    def guided(x: Tensor, t: Tensor) -> Tensor:
        n, when = len(x), (t / 1000).expand(2 * len(x)).float()
        given: dict[str, Tensor] = {}
        if branches[0] is not None and branches[1] is not None:
            parts = [(c.states, c.mask) for c in branches]  # type: ignore[union-attr]
            given["tokens"], given["token_mask"] = (
                torch.cat([torch.tensor(part[k]).expand(n, *part[k].shape[1:]) for part in parts])
                for k in (0, 1)
            )
        if said.repaints:
            given["extra"] = torch.tensor(nothing(said.shape)).expand(2 * n, -1, -1, -1)
        pos, neg = net(torch.cat([x, x]), when, **given).chunk(2)
        return neg + scale * (pos - neg)

    @torch.inference_mode()
    def draw(n: int) -> Tensor:
        scheduler.set_timesteps(steps)
        x = torch.randn(n, *said.shape, generator=torch.Generator().manual_seed(0))
        for t in scheduler.timesteps:
            x = scheduler.step(guided(x, t), t, x).prev_sample
        return x if codec is None or latent is None else codec.decode(latent.restore(x))

    return draw


def timed(which: str, repeats: int) -> dict[str, Any]:
    """All figures of one model."""
    model, table = load(which, threads=1), rows(which)
    figures: dict[str, dict[str, list[float]]] = {
        row.title: {"ms": [], "rate": []} for row in table
    }
    for turn in range(repeats + 1):  # the first warms up
        for row in table:
            torch.set_num_threads(1)
            row.one(1)  # what the row before it left in the caches is not its own
            begin = time.process_time()
            row.one(1)
            ms = 1000 * (time.process_time() - begin)
            torch.set_num_threads(default_threads())
            start = time.perf_counter()
            row.all(MANY)
            rate = MANY / (time.perf_counter() - start)
            if turn:
                figures[row.title]["ms"].append(ms)
                figures[row.title]["rate"].append(rate)
    torch.set_num_threads(1)
    evaluations = {row.title: row.evaluations for row in table}
    return {
        "machine": _machine(), "model": model.manifest.name, "sha256": model.manifest.sha256,
        "repeats": repeats, "peaks": peaks(), "network": _network(model),
        "rows": [{"title": k, "evaluations": evaluations[k], **v} for k, v in figures.items()],
        "cold": _cold(which, asked(model), repeats), "sizes": _sizes(model, repeats),
    }  # fmt: skip


def peaks() -> dict[str, float]:
    """GFLOP/s of one thread: the best of a few convolutions, and of a matrix product."""
    conv = max(_conv(*size) for size in ((128, 8, 1), (128, 8, 16), (128, 32, 4), (256, 16, 4)))
    a = torch.randn(1024, 1024)
    return {"conv": conv, "gemm": 2 * 1024**3 / _best(lambda: a @ a) / 1e9}


def _conv(width: int, side: int, batch: int) -> float:
    x = torch.randn(batch, width, side, side).contiguous(memory_format=torch.channels_last)
    layer = torch.nn.Conv2d(width, width, 3, padding=1).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        return 2 * 9 * width**2 * side**2 * batch / _best(lambda: layer(x)) / 1e9


def _best(run: Callable[[], Any], times: int = 20) -> float:
    """CPU-seconds of the fastest of a few calls."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def _network(model: Model) -> dict[str, float]:
    """One evaluation of the denoiser, one decoding, one prompt: milliseconds of the fastest call;
    and what Python takes of a step, where every network answers at once."""
    said, (pos, _) = model.manifest, told(model)
    x = np.zeros((1, *said.shape), np.float32)
    denoise, way = model.denoise(pos), resolve(model)
    level, idle = way.path[1], ours(answering(model), way)
    net = build(said.network["name"], said.network["sizes"])  # type: ignore[index]
    given = {k: torch.zeros(v) for k, v in _shapes(model).items()}
    with Counter() as counter, torch.no_grad():
        net(**given)
    seconds = _best(lambda: denoise(x, level))
    gflop, steps = counter.total / 1e9, len(way.path) - 1
    return {
        "gflop": gflop, "denoiser_ms": 1000 * seconds, "gflops": gflop / seconds,
        "decoder_ms": 1000 * _best(lambda: model.decode(x)),
        "prompt_ms": 1000 * _best(lambda: told(model)),
        "step_ms": 1000 * _best(lambda: idle(1)) / steps,
    }  # fmt: skip


def answering(model: Model) -> Model:
    """The model with graphs that only hand over answers that are there."""

    def ready(*shape: int) -> Call:
        out = np.zeros((2 * MANY, *shape), np.float32)
        return lambda *given: out[: len(given[0])]

    graphs = dict.fromkeys(model.graphs, ready(*model.manifest.shape))
    return replace(model, graphs=graphs | {"decoder": ready(3, *model.manifest.size)})


def _shapes(model: Model) -> dict[str, tuple[int, ...]]:
    said, (pos, _) = model.manifest, told(model)
    shapes: dict[str, tuple[int, ...]] = {"x": (1, *said.shape), "t": (1,)}
    if pos is not None:
        words = longest(pos.mask) if said.graphs["denoiser"].free else pos.mask.shape[1]
        shapes |= {"tokens": (1, words, pos.states.shape[2]), "token_mask": (1, words)}
    if said.repaints:
        shapes["extra"] = (1, said.shape[0] + 1, *said.shape[1:])
    return shapes


def _sizes(model: Model, repeats: int) -> dict[str, list[float]]:
    """CPU-seconds of one picture on one thread in a process that has drawn before: the prompt
    understood, drawn, enlarged."""
    found: dict[str, list[float]] = {}
    runtimes: tuple[Runtime, ...] = ("onnx", "int8") if model.manifest.eight_bits else ("onnx",)
    for runtime in runtimes:  # models of two runtimes would push each other out of memory
        for turn, size, steps in product(range(repeats + 1), SIZES, (None, 1)):
            begin = time.process_time()
            run = generate(
                asked(model), model=str(model.folder), seed=turn, steps=steps, size=size,
                runtime=runtime, threads=1,
            )  # fmt: skip
            _ = run[0].pixels
            if turn:
                title = f"{size} px, {'as usual' if steps is None else '1 step'}, {runtime}"
                found.setdefault(title, []).append(time.process_time() - begin)
    return found


def _cold(which: str, prompt: str, repeats: int) -> dict[str, list[list[float]]]:
    """(CPU-seconds, seconds, peak MB) of whole processes from start to file."""
    found = {}
    for title, more in (("as it is", []), ("--steps 1", ["--steps", "1"])):
        words = ["-m", "unstir", "generate", prompt, "--model", which, "--seed", "1", *more]
        words += ["-o", "/dev/shm/speed.png"]
        measured = f"from benchmarks.cold import measure; print(*measure({words!r}))"
        runs = [  # from a small process: a peak is inherited
            subprocess.run([sys.executable, "-c", measured], capture_output=True, check=True)
            for _ in range(repeats + 1)
        ]
        found[title] = [[float(n) for n in run.stdout.split()] for run in runs[1:]]
    return found


def _machine() -> dict[str, Any]:
    cpu = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine(),
    )  # fmt: skip
    import diffusers
    import onnxruntime

    return {
        "cpu": cpu, "processors": default_threads(), "python": platform.python_version(),
        "torch": torch.__version__, "onnxruntime": onnxruntime.__version__,
        "diffusers": diffusers.__version__,
    }  # fmt: skip


def table(said: dict[str, Any]) -> str:
    """The figures as Markdown."""
    lines = [
        "| | runs of the network | CPU-ms a picture | pictures/s, all threads |",
        "|---|---|---|---|",
    ]
    for row in said["rows"]:
        cells = [_spread(row["ms"]), _spread(row["rate"])]
        lines.append(f"| {row['title']} | {row['evaluations']} | {cells[0]} | {cells[1]} |")
    n, p, m = said["network"], said["peaks"], said["machine"]
    lines += [
        "",
        f"{m['cpu']}, {m['processors']} processors; median (least to most) of {said['repeats']}.",
        f"An evaluation: {n['gflop']:.2f} GFLOP, {n['denoiser_ms']:.1f} ms, "
        f"{n['gflops']:.0f} GFLOP/s, where convolutions reach {p['conv']:.0f} and matrix products "
        f"{p['gemm']:.0f}. Decoding {n['decoder_ms']:.1f} ms, a prompt {n['prompt_ms']:.1f} ms, "
        f"Python {n['step_ms']:.2f} ms a step.",
    ]
    lines += ["", "| whole pictures | CPU-s |", "|---|---|"]
    lines += [f"| {title} | {_spread(taken)} |" for title, taken in said["sizes"].items()]
    lines.append("")
    for title, runs in said["cold"].items():
        cpu, wall, peak = (_spread(list(column)) for column in zip(*runs, strict=True))
        lines.append(f"Process start to file, {title}: {cpu} CPU-s, {wall} s, {peak} MB at most.")
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    middle, least, most = map(_short, (statistics.median(values), min(values), max(values)))
    return f"{middle} ({least} to {most})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["time", which, repeats, file] if repeats.isdigit():
            found = timed(which, int(repeats))
            Path(file).write_text(json.dumps(found, indent=1) + "\n")
            print(table(found))
        case ["table", file]:
            print(table(json.loads(Path(file).read_text())))
        case _:
            sys.exit("usage: python -m benchmarks.speed time MODEL REPEATS FILE | table FILE")
