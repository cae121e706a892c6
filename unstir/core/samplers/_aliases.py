"""What other programs call our samplers, where the method is the same.

`plms` is not here: its first step is another (Heun's) than ours; nor `uni_pc`, which is B(h) = h.
"""

import re
from collections.abc import Mapping

ALIASES: Mapping[str, str] = {
    "euler_ancestral": "euler a, EulerAncestralDiscreteScheduler",
    "euler": "EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler, EDMEulerScheduler",
    "ddim": "DDIMScheduler",
    "ddpm": "DDPMScheduler",
    "heun": "HeunDiscreteScheduler",
    "dpm2": "DPM2, dpm_2, KDPM2DiscreteScheduler",
    "dpmpp_2m": "DPM++ 2M, DPMSolverMultistepScheduler",
    "dpmpp_3m": "DPM++ 3M",
    "dpmpp_sde": "DPM++ SDE, DPMSolverSDEScheduler",
    "unipc": "uni_pc_bh2, UniPCMultistepScheduler",
    "deis": "DEISMultistepScheduler",
    "ipndm": "IPNDMScheduler",
    "restart": "Restart",
    "lcm": "LCMScheduler",
}
"""Our name -> theirs. Case, spaces, `_`, `-`, and a leading `sample_` or `k_` do not count."""


def ours(name: str) -> str:
    """Our name for a sampler that is called `name` elsewhere; an unknown name is left as it is."""
    known = {_plain(their): our for our, all_ in ALIASES.items() for their in all_.split(",")}
    known |= {_plain(our): our for our in ALIASES}
    return known.get(_plain(name), name)


def _plain(name: str) -> str:
    bare = re.sub(r"^(sample|k)[ _-]", "", name.strip().lower())
    return re.sub(r"[\W_]", "", bare.replace("++", "pp"))
