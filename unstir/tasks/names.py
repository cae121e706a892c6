"""Names that people know from other programs, as ours: k-diffusion, A1111, ComfyUI, InvokeAI,
diffusers.

    sampler("DPM++ 2M Karras")         ("dpmpp_2m", "karras")
    sampler("EulerDiscreteScheduler")  ("euler", None)
    LABELS["dpmpp_2m"]                 "DPM++ 2M", as other programs read it in a picture

Which names mean the same method stands in core/samplers/_aliases.py; here is what labels carry
besides: a spacing at their end, and the label by which others read a picture of ours.
"""

from __future__ import annotations

from unstir.core.find import find, names
from unstir.core.samplers._aliases import ours

LABELS = {
    "ddim": "DDIM", "ddpm": "DDPM", "deis": "DEIS", "dpm2": "DPM2", "dpmpp_2m": "DPM++ 2M",
    "dpmpp_3m": "DPM++ 3M", "dpmpp_sde": "DPM++ SDE", "euler": "Euler",
    "euler_ancestral": "Euler a", "heun": "Heun", "ipndm": "iPNDM", "lcm": "LCM",
    "restart": "Restart", "unipc": "UniPC",
}  # fmt: skip
"""Our sampler -> the label A1111 and its kin write; samplers not listed keep their own name."""

SPACING_LABELS = {
    "karras": "Karras", "logsnr": "Exponential", "exponential": "Exponential", "beta": "Beta",
    "simple": "Simple", "normal": "Normal", "sgm_uniform": "SGM Uniform", "ddim_uniform": "DDIM",
    "uniform": "Uniform",
}  # fmt: skip
"""Our spacing -> A1111's "Schedule type"."""

_SPACINGS = {"karras": "karras", "exponential": "exponential", "_k": "karras"}
"""Endings that older labels carry for a spacing."""


def sampler(name: str) -> tuple[str, str | None]:
    """(our sampler, the spacing its name brings along); NotFound lists the samplers and the
    nearest."""
    stem, spacing = name.strip(), None
    for ending, its in _SPACINGS.items():
        if stem.lower().endswith(ending) and len(stem) > len(ending):
            stem, spacing = stem[: -len(ending)].strip(" _"), its
            break
    found = ours(stem)
    find("samplers", found if found in names("samplers") else name)
    return found, spacing


def label(name: str) -> str:
    """What other programs call our sampler."""
    return LABELS.get(name, name)
