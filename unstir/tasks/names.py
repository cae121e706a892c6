"""Names that people know from other programs, as ours: k-diffusion, A1111, ComfyUI, InvokeAI,
diffusers.

    sampler("DPM++ 2M Karras")         ("dpmpp_2m", "karras")
    sampler("EulerDiscreteScheduler")  ("euler", None)
    LABELS["dpmpp_2m"]                 "DPM++ 2M", as other programs read it in a picture

Only names of the same method are taken; "dpmpp_2m_sde" or "lms" answer with what there is.
"""

from __future__ import annotations

import re

from unstir.core.find import find, names

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

_ALSO = {
    "eulera": "euler_ancestral", "eulerancestraldiscrete": "euler_ancestral",
    "eulerdiscrete": "euler", "flowmatcheulerdiscrete": "euler", "heundiscrete": "heun",
    "flowmatchheundiscrete": "heun", "kdpm2discrete": "dpm2", "dpmsolvermultistep": "dpmpp_2m",
    "dpmsolversde": "dpmpp_sde", "unipcmultistep": "unipc", "deismultistep": "deis",
    "ddimparallel": "ddim", "ddpmparallel": "ddpm",
}  # fmt: skip
"""Other names, with everything but letters and digits taken away."""

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
    key = _plain(stem)
    known = {_plain(own): own for own in names("samplers")} | _ALSO
    found = known.get(key) or known.get(key.removesuffix("scheduler"))
    if found is None:
        find("samplers", name)  # raises, with the nearest name
    return found or name, spacing


def label(name: str) -> str:
    """What other programs call our sampler."""
    return LABELS.get(name, name)


def _plain(name: str) -> str:
    """ "DPM++ 2M", "sample_dpmpp_2m" and "k_dpmpp_2m" are one."""
    text = name.lower().replace("+", "p")
    text = re.sub(r"^(sample_|k_)", "", text)
    return re.sub(r"[^a-z0-9]", "", text)
