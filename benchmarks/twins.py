"""diffusers' schedulers beside our samplers, on exact data: for the parity tests and the table.

A `Twin` runs one scheduler on its own grid with a denoiser known in closed form, and gives that
grid as our path: both see the same levels, the same noise and the same number of evaluations.
Needs diffusers (test extra). Its tables are made float64, so that methods are compared and not
digits; where it turns the state into float32 all the same, the two agree to about 1e-6.
"""

from __future__ import annotations

import math
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from itertools import count
from typing import Any
from unittest.mock import patch

import torch

from unstir.core.find import find
from unstir.core.levels import Denoise, Level, NoiseSource

GRIDS: Mapping[str, dict[str, Any]] = {
    "linspace": {"timestep_spacing": "linspace"},
    "leading": {"timestep_spacing": "leading"},
    "karras": {"use_karras_sigmas": True},
    "flow": {"use_flow_sigmas": True, "prediction_type": "flow_prediction"},
    "own": {},
    "begun": {},  # its own, without the first level
}


@dataclass(frozen=True)
class Twin:
    """One of our samplers, a scheduler, and how they relate."""

    ours: str
    theirs: str  # module.Class
    levels: Callable[[Any], list[Level]]  # those it evaluates at, and its last
    grids: tuple[str, ...] = ("linspace", "karras")
    wants: str = "eps"  # what its model predicts: eps, v or flow
    scaled: bool = False  # its state is x / alpha
    double: bool = False  # two evaluations per step of its own, but one on the last
    options: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, Any] = field(default_factory=dict)  # ours
    differs: str = ""  # why, where they knowingly do

    def __str__(self) -> str:
        numbers = "".join(f" {k}={v}" for k, v in self.numbers.items())
        return f"{self.ours}{numbers} | {self.theirs.split('.')[1]}"

    def prepare(self, grid: str, evaluations: int) -> tuple[Any, list[Level]]:
        """The scheduler, set to its longest run within the budget, and its levels."""
        module, name = self.theirs.split(".")
        scheduler = getattr(_module(module), name)(**{**self.options, **GRIDS[grid]})
        scheduler.set_timesteps((evaluations + 1) // 2 if self.double else evaluations)
        if grid == "begun":
            for table in ("timesteps", "alphas", "betas"):
                setattr(scheduler, table, getattr(scheduler, table)[1:])
        for table in ("sigmas", "sigmas_interpol", "alphas_cumprod", "alphas", "betas"):
            if hasattr(scheduler, table):
                setattr(scheduler, table, getattr(scheduler, table).double())
        return scheduler, self.levels(scheduler)

    def run(
        self, grid: str, evaluations: int, denoise: Denoise[Any], z: Any, noise: NoiseSource[Any]
    ) -> tuple[Any, Any, list[Level]]:
        """Where theirs takes x_T = sigma_T z, where ours does, and the path."""
        scheduler, levels = self.prepare(grid, evaluations)
        path = [t for i, t in enumerate(levels) if i == 0 or t != levels[i - 1]]
        theirs = self._theirs(scheduler, levels, denoise, z, noise)
        sampler = find("samplers", self.ours)
        *_, step = sampler(denoise, path[0].sigma * z, path, noise=noise, **self.numbers)
        return theirs, step.x, path

    def _theirs(
        self, scheduler: Any, levels: list[Level], denoise: Denoise[Any], z: Any, noise: Any
    ) -> Any:
        t, drawn = levels[0], count()
        x = torch.from_numpy(z * (t.sigma / t.alpha if self.scaled else t.sigma))
        if self.ours == "dpmpp_sde":
            scheduler.noise_sampler = _brownian(levels, noise)
        draw = lambda *_, **__: torch.from_numpy(noise(next(drawn)))  # noqa: E731
        extra = {"eta": self.numbers.get("eta", 0.0)} if self.ours == "ddim" else {}
        with patch.object(_module(self.theirs.split(".")[0]), "randn_tensor", draw, create=True):
            for timestep, t in zip(scheduler.timesteps, levels, strict=False):
                seen = scheduler.scale_model_input(x, timestep) if self.scaled else x
                out = self._output(seen, t, denoise)
                x = scheduler.step(out, timestep, x, **extra).prev_sample
        return x.double().numpy() * (levels[-1].alpha if self.scaled else 1.0)

    def _output(self, x: Any, t: Level, denoise: Denoise[Any]) -> Any:
        x0 = torch.from_numpy(denoise(x.double().numpy(), t))
        eps = (x - t.alpha * x0) / t.sigma
        return {"eps": eps, "v": t.alpha * eps - t.sigma * x0, "flow": eps - x0}[self.wants]


def _module(name: str) -> Any:
    import_module("diffusers.schedulers")
    sys.modules.setdefault(
        "torchsde", types.ModuleType("torchsde")
    )  # we bring the noise ourselves
    return import_module(f"diffusers.schedulers.scheduling_{name}")


def _brownian(path: list[Level], noise: NoiseSource[Any]) -> Callable[..., Any]:
    """For each pair of intervals two unit noises: that of the first, and that of both together."""
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


def reference(denoise: Denoise[Any], z: Any, path: list[Level]) -> Any:
    """Where the probability-flow ODE takes x_T = sigma_T z, by 1,500 steps of order 4."""
    first, end = path[0], path[-1]
    top = first.sigma / first.alpha if first.alpha > 0 else 1e4
    low = end.sigma / end.alpha if end.sigma > 0 else 1e-4
    fine = [preserving(top * (low / top) ** (i / 1500)) for i in range(1501)]
    fine = [first, *fine[1:], end] if end.sigma == 0 else [first, *fine[1:-1], end]
    *_, step = find("samplers", "unipc")(denoise, first.sigma * z, fine, order=3)
    return step.x


# -- the levels at which a scheduler evaluates, from its tables


def preserving(k: float) -> Level:
    """The VP level with sigma / alpha = k; t is its place on the quarter circle."""
    alpha = 1 / math.hypot(1, k)
    return Level(math.atan(k) * 2 / math.pi, alpha, k * alpha if alpha > 0 else 1.0)


def straight(sigma: float) -> Level:
    """The level of rectified flow with this sigma."""
    return Level(sigma, 1 - sigma, sigma)


def _sigmas(s: Any) -> list[Level]:
    """`sigmas` are the ratios sigma / alpha."""
    return [preserving(k) for k in s.sigmas.tolist()]


def _corrected(s: Any) -> list[Level]:
    """Heun's: every ratio between the ends is seen twice."""
    return [preserving(k) for k in (*s.sigmas[: len(s.timesteps)].tolist(), 0.0)]


def _halved(s: Any) -> list[Level]:
    """DPM-Solver-2's: a geometric mean between every two."""
    k = s.sigmas.tolist()
    middles = [math.sqrt(k[i - 1] * k[i]) if i % 2 else k[i] for i in range(len(s.timesteps))]
    return [preserving(k) for k in (*middles, 0.0)]


def _products(s: Any) -> list[Level]:
    """By their cumulative products of alphas."""
    products = [float(s.alphas_cumprod[int(t)]) for t in s.timesteps]
    return [preserving(math.sqrt((1 - a) / a)) for a in products] + [preserving(0.0)]


def _quarter(s: Any) -> list[Level]:
    """IPNDM's quarter circle."""
    ratios = (b / a if a > 1e-6 else math.inf for a, b in zip(s.alphas, s.betas, strict=True))
    return [preserving(float(k)) for k in ratios]


def _straight(s: Any) -> list[Level]:
    return [straight(k) for k in s.sigmas.tolist()]


SLIP = "its first step, from alpha = 0, forgets x0: it divides by 1e-8 what it multiplied by zero"

_DPM = "dpmsolver_multistep.DPMSolverMultistepScheduler"
_UNI = "unipc_multistep.UniPCMultistepScheduler"
_DEIS = "deis_multistep.DEISMultistepScheduler"
_DDIM = "ddim.DDIMScheduler"
_FREE = {"clip_sample": False}

TWINS = (
    Twin("ddpm", "ddpm.DDPMScheduler", _products, ("leading",),
         options={**_FREE, "variance_type": "fixed_small"}),
    Twin("ddim", _DDIM, _products, ("leading",), options=_FREE),
    Twin("ddim", _DDIM, _products, ("leading",), options=_FREE, numbers={"eta": 1.0}),
    Twin("euler", "euler_discrete.EulerDiscreteScheduler", _sigmas, scaled=True),
    Twin("euler", "flow_match_euler_discrete.FlowMatchEulerDiscreteScheduler", _straight, ("own",),
         wants="flow"),
    Twin("euler_ancestral", "euler_ancestral_discrete.EulerAncestralDiscreteScheduler", _sigmas,
         ("linspace",), scaled=True),
    Twin("heun", "heun_discrete.HeunDiscreteScheduler", _corrected, scaled=True, double=True),
    Twin("heun", "flow_match_heun_discrete.FlowMatchHeunDiscreteScheduler", _straight, ("own",),
         wants="flow", double=True),
    Twin("dpm2", "k_dpm_2_discrete.KDPM2DiscreteScheduler", _halved, scaled=True, double=True),
    Twin("dpmpp_2m", _DPM, _sigmas),
    Twin("dpmpp_2m", _DPM, _straight, ("flow",), wants="flow"),
    Twin("dpmpp_3m", _DPM, _sigmas, options={"solver_order": 3}),
    Twin("dpmpp_sde", "dpmsolver_sde.DPMSolverSDEScheduler", _halved, scaled=True, double=True),
    Twin("unipc", _UNI, _sigmas),
    Twin("unipc", _UNI, _sigmas, options={"solver_order": 3}, numbers={"order": 3}),
    Twin("unipc", _UNI, _straight, ("flow",), wants="flow"),
    Twin("deis", _DEIS, _sigmas, ("linspace",), options={"solver_order": 2}, numbers={"order": 2}),
    Twin("deis", _DEIS, _sigmas, ("linspace",), options={"solver_order": 3}),
    Twin("ipndm", "ipndm.IPNDMScheduler", _quarter, ("begun",), wants="v"),
    Twin("ipndm", "ipndm.IPNDMScheduler", _quarter, ("own",), wants="v", differs=SLIP),
    Twin("lcm", "lcm.LCMScheduler", _products, ("own",), options=_FREE),
)  # fmt: skip
ALONE = {"restart": "no scheduler of diffusers restarts"}
