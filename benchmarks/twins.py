"""diffusers' schedulers of the same names, driven on exact data: for the parity tests and the table.

A `Twin` runs one scheduler on its own grid with a denoiser known in closed form, and gives that grid as our
path, so that both see the same levels, the same noise and the same number of evaluations. Needs diffusers
(test extra). Betas are the linear ones of DDPM, the state is float32, as in their pipelines.
"""

from __future__ import annotations

import math
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from itertools import count
from typing import Any
from unittest.mock import patch

import torch

from unstir.core.levels import Denoise, Level, NoiseSource

Ratios = Callable[[Any], list[float]]


@dataclass(frozen=True)
class Twin:
    """One of our samplers, a scheduler, and how they relate."""

    ours: str
    theirs: str  # module.Class
    ratios: Ratios  # the k = sigma / alpha at which it evaluates, and its last
    grids: tuple[str, ...] = ("linspace", "karras")
    scaled: bool = False  # its state is x / alpha
    double: bool = False  # two evaluations per step of its own, one on the last
    options: dict[str, Any] = field(default_factory=dict)
    numbers: dict[str, Any] = field(default_factory=dict)  # ours
    differs: str = ""  # why, where they knowingly do

    def prepare(self, grid: str, evaluations: int) -> tuple[Any, list[Level]]:
        """The scheduler set to its longest run within the budget, and the levels it evaluates at."""
        module, name = self.theirs.split(".")
        options = {"karras": {"use_karras_sigmas": True}, "own": {}}.get(
            grid, {"timestep_spacing": grid}
        )
        scheduler = getattr(_schedulers(module), name)(**self.options, **options)
        scheduler.set_timesteps((evaluations + 1) // 2 if self.double else evaluations)
        return scheduler, [preserving(k) for k in self.ratios(scheduler)]

    def run(
        self,
        scheduler: Any,
        path: list[Level],
        denoise: Denoise[Any],
        z: Any,
        noise: NoiseSource[Any],
    ) -> Any:
        """Where the scheduler takes x_T = sigma_T z, a numpy array."""
        t = path[0]
        x = torch.from_numpy(z * (t.sigma / t.alpha if self.scaled else t.sigma)).float()
        calls = count()
        if self.ours == "dpmpp_sde":
            scheduler.noise_sampler = _brownian(path, noise)
        module = _schedulers(self.theirs.split(".")[0])
        draw = lambda *_, **__: torch.from_numpy(noise(next(calls))).float()  # noqa: E731
        with patch.object(module, "randn_tensor", draw, create=True):
            for timestep, t in zip(scheduler.timesteps, path, strict=False):
                seen = scheduler.scale_model_input(x, timestep) if self.scaled else x
                x0 = torch.from_numpy(denoise(seen.double().numpy(), t))
                eps = (seen - t.alpha * x0) / t.sigma
                out = t.alpha * eps - t.sigma * x0 if self.ours == "ipndm" else eps
                eta = {"eta": self.numbers.get("eta", 0.0)} if self.ours == "ddim" else {}
                x = scheduler.step(out.float(), timestep, x, **eta).prev_sample
        return x.double().numpy() * (path[-1].alpha if self.scaled else 1.0)


def walked(levels: list[Level]) -> list[Level]:
    """Their levels as our path: a level seen twice (Heun's corrector) is one."""
    return [t for i, t in enumerate(levels) if i == 0 or t != levels[i - 1]]


def preserving(k: float) -> Level:
    """The VP level with sigma / alpha = k; t is its place on the quarter circle."""
    alpha = 1 / math.hypot(1, k)
    return Level(math.atan(k) * 2 / math.pi, alpha, k * alpha if alpha > 0 else 1.0)


def _schedulers(module: str) -> Any:
    import_module("diffusers.schedulers")
    sys.modules.setdefault(
        "torchsde", types.ModuleType("torchsde")
    )  # we bring the noise ourselves
    return import_module(f"diffusers.schedulers.scheduling_{module}")


def _brownian(path: list[Level], noise: NoiseSource[Any]) -> Callable[..., Any]:
    """Two unit noises per pair of intervals: that of the first, and that of both on one path."""
    k, calls = [t.sigma / t.alpha for t in path], count()

    def part(a: int, b: int) -> float:
        return k[b] * math.sqrt(1 - (k[b] / k[a]) ** 2)

    def sampler(_: Any, __: Any) -> Any:
        i = next(calls)
        first = noise(i - i % 2)
        if i % 2 == 0:
            return torch.from_numpy(first)
        both = (k[i + 1] / k[i]) ** 2 * part(i - 1, i) * first + part(i, i + 1) * noise(i)
        return torch.from_numpy(both / part(i - 1, i + 1))

    return sampler


def _sigmas(s: Any) -> list[float]:
    return s.sigmas.tolist()


def _products(s: Any) -> list[float]:
    products = [float(s.alphas_cumprod[int(t)]) for t in s.timesteps]
    return [math.sqrt((1 - a) / a) for a in products] + [0.0]


def _corrected(s: Any) -> list[float]:
    return [*s.sigmas[: len(s.timesteps)].tolist(), 0.0]


def _halved(s: Any) -> list[float]:
    k = s.sigmas.tolist()
    middles = [math.sqrt(k[i - 1] * k[i]) if i % 2 else k[i] for i in range(len(s.timesteps))]
    return [*middles, 0.0]


def _quarter(s: Any) -> list[float]:
    return [float(b / a) if a > 1e-6 else math.inf for a, b in zip(s.alphas, s.betas, strict=True)]


SMALL = {"variance_type": "fixed_small", "clip_sample": False}
TABLE = ("leading",)

TWINS = (
    Twin("ddpm", "ddpm.DDPMScheduler", _products, TABLE, options=SMALL),
    Twin("ddim", "ddim.DDIMScheduler", _products, TABLE, options={"clip_sample": False}),
    Twin(
        "ddim",
        "ddim.DDIMScheduler",
        _products,
        TABLE,
        options={"clip_sample": False},
        numbers={"eta": 1.0},
    ),
    Twin("euler", "euler_discrete.EulerDiscreteScheduler", _sigmas, scaled=True),
    Twin(
        "euler_ancestral",
        "euler_ancestral_discrete.EulerAncestralDiscreteScheduler",
        _sigmas,
        ("linspace",),
        scaled=True,
    ),
    Twin("heun", "heun_discrete.HeunDiscreteScheduler", _corrected, scaled=True, double=True),
    Twin("dpm2", "k_dpm_2_discrete.KDPM2DiscreteScheduler", _halved, scaled=True, double=True),
    Twin("dpmpp_2m", "dpmsolver_multistep.DPMSolverMultistepScheduler", _sigmas),
    Twin(
        "dpmpp_3m",
        "dpmsolver_multistep.DPMSolverMultistepScheduler",
        _sigmas,
        options={"solver_order": 3},
    ),
    Twin("dpmpp_sde", "dpmsolver_sde.DPMSolverSDEScheduler", _halved, scaled=True, double=True),
    Twin("unipc", "unipc_multistep.UniPCMultistepScheduler", _sigmas),
    Twin(
        "unipc",
        "unipc_multistep.UniPCMultistepScheduler",
        _sigmas,
        options={"solver_order": 3},
        numbers={"order": 3},
    ),
    Twin(
        "deis",
        "deis_multistep.DEISMultistepScheduler",
        _sigmas,
        ("linspace",),
        options={"solver_order": 3},
    ),
    Twin(
        "deis",
        "deis_multistep.DEISMultistepScheduler",
        _sigmas,
        ("linspace",),
        options={"solver_order": 2},
        numbers={"order": 2},
    ),
    Twin("ipndm", "ipndm.IPNDMScheduler", _quarter, ("own",)),
    Twin("lcm", "lcm.LCMScheduler", _products, ("own",), options={"clip_sample": False}),
)
