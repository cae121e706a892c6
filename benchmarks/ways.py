"""Ways to sample the emoji model: scale, guidance, interval, steps, sampler, at what quality?

    python -m benchmarks.ways emoji 512
    python -m benchmarks.ways runs/student 512 "as shipped" "student, 2 steps"

For each way the kernel and the Frechet distance of N samples, captions and seeds the same, to
2,000 held-out scenes, and precision and recall at equal numbers; and the runs of the network a
picture costs. The Frechet distance is biased by so few samples, alike for all. The judge is no
part of it: it must not choose what it will have to judge.
"""

from __future__ import annotations

import sys
from typing import Any

from benchmarks.quality import SEED, distances, held_out, rows_of
from unstir.core.find import find
from unstir.evaluation import Sets
from unstir.runtimes.model import load
from unstir.tasks.gallery import Drawn, Item, prompts_of
from unstir.tasks.process import STUDENT, resolve

WAYS: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "scale 1": {"scale": 1.0},
    "scale 2": {"scale": 2.0},
    "scale 4": {"scale": 4.0},
    "scale 5": {"scale": 5.0},
    "rescale": {"guidance": "rescale"},
    "apg": {"guidance": "apg"},
    "cfgpp": {"guidance": "cfgpp"},
    "interval 0 to 0.7": {"interval": (0.0, 0.7)},
    "interval 0.1 to 0.8": {"interval": (0.1, 0.8)},
    "interval 0.2 to 1": {"interval": (0.2, 1.0)},
    "student, 1 step": {"steps": 1},
    "student, 2 steps": {"steps": 2},
    "student, 4 steps": {"steps": 4},
    "int8": {"runtime": "int8"},
    "int8, 8 steps": {"runtime": "int8", "steps": 8},
    "int8, student, 1 step": {"runtime": "int8", "steps": 1},
    "int8, student, 2 steps": {"runtime": "int8", "steps": 2},
    "3 steps": {"steps": 3},
    "4 steps": {"steps": 4, "sampler": "dpmpp_2m"},
    "3 steps, uniform": {"steps": 3, "spacing": "uniform"},
    "4 steps, uniform": {"steps": 4, "sampler": "dpmpp_2m", "spacing": "uniform"},
    "5 steps": {"steps": 5},
    "6 steps": {"steps": 6},
    "8 steps": {"steps": 8},
    "10 steps": {"steps": 10},
    "15 steps": {"steps": 15},
    "20 steps": {"steps": 20},
    "25 steps": {"steps": 25},
    "40 steps": {"steps": 40},
    "ddim, 50 steps": {"sampler": "ddim", "steps": 50},
    "unipc": {"sampler": "unipc"},
    "heun, 40 steps": {"sampler": "heun", "steps": 40},
    "dpmpp_sde, 40 steps": {"sampler": "dpmpp_sde", "steps": 40},
}


def main(which: str, count: int, names: list[str]) -> None:
    """Print a line for each way of these names."""
    runtimes = {WAYS[name].get("runtime", "onnx") for name in names}
    models = {runtime: load(which, runtime) for runtime in runtimes}
    model = next(iter(models.values()))
    known, captions = held_out()
    prompts = prompts_of(model, [(caption, "") for caption in captions], count)
    for name in names:
        asked = dict(WAYS[name])
        model = models[asked.pop("runtime", "onnx")]
        way = resolve(model, taught="student" in name, **asked)
        drawn = Drawn(model, way, prompts, SEED)
        made = rows_of(item.pixels for item in drawn.items() if isinstance(item, Item))
        near = ", ".join(
            f"{name} {s.value:.3g} ({s.low:.3g} to {s.high:.3g})"
            for name, s in distances(made, known).items()
        )
        pair = find("evaluation", "precision_recall")(Sets(made, known[:count]))
        shares = ", ".join(f"{score.name} {score.value:.3f}" for score in pair)
        runs = way.evaluations(way.name != STUDENT)
        print(f"{name:20} {runs:3} runs  {near}, {shares}", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [which, count, *names] if count.isdigit() and set(names) <= WAYS.keys():
            main(which, int(count), names or list(WAYS))
        case _:
            sys.exit(
                f"usage: python -m benchmarks.ways MODEL N [{' | '.join(map(repr, WAYS))}] ..."
            )
