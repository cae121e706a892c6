"""What a picture costs, and how good it is: this library's ways to draw, and diffusers' loops with
the same network.

    python -m benchmarks.speed all emoji 5 1000 400 FILE        # the two that follow
    python -m benchmarks.speed time emoji 5 FILE
    python -m benchmarks.speed quality emoji 1000 400 FILE      # goes on where it was stopped
    python -m benchmarks.speed table docs/evaluation/speed.json

All rows (benchmarks/draws.py) are timed in one process, taking turns, REPEATS times; medians, with
the least and the most. CPU-milliseconds of one picture on one thread, from its noise to its
pixels, text encoding apart, and which part that is of the fastest convolution's rate (all
operations, counted by torch); milliseconds of one picture, and pictures a second, sixteen at once,
on as many threads as there are processors. Quality (benchmarks/quality.py) is measured once for
pictures that differ in rounding only; the table shows it beside times of the same networks.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.draws import asked, ours, rows, told
from benchmarks.quality import Exam, of_emoji
from unstir.networks.autoencoder import Autoencoder
from unstir.networks.build import build
from unstir.runtimes.model import Model, Runtime, load, longest
from unstir.runtimes.onnx import Call
from unstir.tasks.generate import generate
from unstir.tasks.process import resolve
from unstir.threads import default_threads
from unstir.training.devices import Counter

MANY, SIZES = 16, (64, 256, 512)


def timed(which: str, repeats: int) -> dict[str, Any]:
    """All figures of one model."""
    model, table = load(which, threads=1), rows(which)
    figures: dict[str, dict[str, list[float]]] = {
        row.title: {"ms": [], "wall": [], "rate": []} for row in table
    }
    both = told(model, [asked(model)])
    for turn in range(repeats + 1):  # the first warms up
        for row in table:
            torch.set_num_threads(1)
            row.one(both, [0])  # what the row before it left in the caches is not its own
            begin = time.process_time()
            row.one(both, [0])
            ms = 1000 * (time.process_time() - begin)
            torch.set_num_threads(default_threads())
            start = time.perf_counter()
            row.all(both, [0])
            middle = time.perf_counter()
            row.all(both, range(MANY))
            rate = MANY / (time.perf_counter() - middle)
            if turn:
                for name, value in (("ms", ms), ("wall", 1000 * (middle - start)), ("rate", rate)):
                    figures[row.title][name].append(value)
    torch.set_num_threads(1)
    return {
        "machine": _machine(), "model": model.manifest.name, "sha256": model.manifest.sha256,
        "repeats": repeats, "peaks": peaks(), "network": _network(model),
        "rows": [{"title": row.title, "evaluations": row.evaluations, "files": row.files,
                  **figures[row.title]} for row in table],
        "cold": _cold(which, asked(model), repeats), "sizes": _sizes(model, repeats),
    }  # fmt: skip


def timed_into(file: Path, which: str, repeats: int) -> None:
    """Times into the file; the quality that is in it stays."""
    said = timed(which, repeats)
    file.write_text(json.dumps(_said(file) | said, indent=1) + "\n")


def examined(which: str, exam: Exam, file: Path) -> None:
    """The quality of every row, kept in the file after each; what is there of the same networks
    and exam stays."""
    model = load(which)
    torch.set_num_threads(default_threads())
    for row in rows(which):
        title, basis = pictures_of(row.title), {"files": row.files, "exam": exam.size}
        known = _said(file).get("quality", {}).get(title, {})
        if {name: known.get(name) for name in basis} != basis:
            found = basis | {"figures": exam.passed(row.all, model)}
            said = _said(file)
            said["quality"] = said.get("quality", {}) | {title: found}
            file.write_text(json.dumps(said, indent=1) + "\n")
            print(title, found["figures"], flush=True)


def _said(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text()) if file.exists() else {}


def pictures_of(title: str) -> str:
    """What a row draws, but for rounding."""
    return title.replace("unstir, onnx", "unstir").replace("unstir, torch", "unstir")


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
    """Seconds of the fastest of a few calls."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def _network(model: Model) -> dict[str, float]:
    """One evaluation of the denoiser, one decoding, one prompt: milliseconds of the fastest call;
    and what Python takes of a step, where every network answers at once."""
    said, both = model.manifest, told(model, [asked(model)])
    x = np.zeros((1, *said.shape), np.float32)
    denoise, way = model.denoise(both[0]), resolve(model)
    level, idle = way.path[1], ours(answering(model), way)
    net = build(said.network["name"], said.network["sizes"])  # type: ignore[index]
    given = {k: torch.zeros(v) for k, v in _shapes(model).items()}
    with Counter() as counter, torch.no_grad():
        net(**given)
    with Counter() as decoding, torch.no_grad():
        if said.codec:
            Autoencoder(**said.codec["sizes"]).decode(given["x"])
    seconds = _best(lambda: denoise(x, level))
    gflop, steps = counter.total / 1e9, len(way.path) - 1
    return {
        "gflop": gflop, "denoiser_ms": 1000 * seconds, "gflops": gflop / seconds,
        "decoder_gflop": decoding.total / 1e9,
        "decoder_ms": 1000 * _best(lambda: model.decode(x)),
        "prompt_ms": 1000 * _best(lambda: told(model, [asked(model)])),
        "step_ms": 1000 * _best(lambda: idle(both, [0])) / steps,
    }  # fmt: skip


def answering(model: Model) -> Model:
    """The model with graphs that only hand over answers that are there."""

    def ready(*shape: int) -> Call:
        out = np.zeros((2 * MANY, *shape), np.float32)
        return lambda *given: out[: len(given[0])]

    graphs = dict.fromkeys(model.graphs, ready(*model.manifest.shape))
    return replace(model, graphs=graphs | {"decoder": ready(3, *model.manifest.size)})


def _shapes(model: Model) -> dict[str, tuple[int, ...]]:
    said, both = model.manifest, told(model, [asked(model)])
    pos = both[0]
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
    ways = ("", "--steps 1", "--runtime int8", "--runtime torch")
    for title, more in zip(ways, map(str.split, ways), strict=True):
        if "int8" in title and not load(which).manifest.eight_bits:
            continue
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
    n, p, m = said["network"], said["peaks"], said["machine"]
    known = said.get("quality", {})
    names = ["runs of the network", "CPU-ms a picture", "% of convolutions", "ms, all threads"]
    names += ["pictures/s, all threads", *next((q["figures"] for q in known.values()), {})]
    lines = ["| | " + " | ".join(names) + " |", "|---" * (1 + len(names)) + "|"]
    for row in said["rows"]:
        gflop = row["evaluations"] * n["gflop"] + n["decoder_gflop"]
        part = 1e5 * gflop / statistics.median(row["ms"]) / p["conv"]
        cells = [row["title"], str(row["evaluations"]), _spread(row["ms"]), f"{part:.0f}",
                 _spread(row["wall"]), _spread(row["rate"])]  # fmt: skip
        quality = known.get(pictures_of(row["title"]), {})
        if quality.get("files") == row["files"]:
            for value, low, high in quality["figures"].values():
                cells.append(f"{value:.3g} ({low:.3g} to {high:.3g})")
        lines.append("| " + " | ".join(cells) + " |")
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
        title = f"Process start to file, {title or 'as it is'}"
        lines.append(f"{title}: {cpu} CPU-s, {wall} s, {peak} MB at most.")
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    middle, least, most = map(_short, (statistics.median(values), min(values), max(values)))
    return f"{middle} ({least} to {most})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def main(words: list[str]) -> None:
    """Do what they ask for, and print the table."""
    match words:
        case ["time", which, repeats, file] if repeats.isdigit():
            timed_into(Path(file), which, int(repeats))
        case ["quality", which, pictures, prompts, file] if (pictures + prompts).isdigit():
            examined(which, of_emoji(int(pictures), int(prompts)), Path(file))
        case ["all", which, repeats, *counts, file] if len(counts) == 2:
            main(["time", which, repeats, file])
            main(["quality", which, *counts, file])
            return
        case ["table", file]:
            pass
        case _:
            sys.exit(
                "usage: python -m benchmarks.speed time MODEL REPEATS FILE | quality MODEL "
                "PICTURES PROMPTS FILE | all MODEL REPEATS PICTURES PROMPTS FILE | table FILE"
            )
    said = _said(Path(words[-1]))
    print(table(said) if "rows" in said else "no times yet: python -m benchmarks.speed time")


if __name__ == "__main__":
    main(sys.argv[1:])
