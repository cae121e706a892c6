"""Names from other programs lead to the same method here, or to an answer, never to another
method.
"""

from __future__ import annotations

import pytest

from unstir.core.find import NotFound, names
from unstir.core.paths import TABLE
from unstir.tasks.names import LABELS, SPACING_LABELS, label, sampler

KNOWN = {
    "euler": "euler", "Euler": "euler", "k_euler": "euler", "sample_euler": "euler",
    "EulerDiscreteScheduler": "euler", "Euler a": "euler_ancestral", "euler_a": "euler_ancestral",
    "k_euler_a": "euler_ancestral", "EulerAncestralDiscreteScheduler": "euler_ancestral",
    "sample_euler_ancestral": "euler_ancestral", "DPM++ 2M": "dpmpp_2m", "dpmpp_2m": "dpmpp_2m",
    "sample_dpmpp_2m": "dpmpp_2m", "DPMSolverMultistepScheduler": "dpmpp_2m", "DDIM": "ddim",
    "DDIMScheduler": "ddim", "UniPC": "unipc", "uni_pc_bh2": "unipc", "DPM++ SDE": "dpmpp_sde",
    "UniPCMultistepScheduler": "unipc", "Heun": "heun", "HeunDiscreteScheduler": "heun",
    "DPM2": "dpm2", "KDPM2DiscreteScheduler": "dpm2", "LCM": "lcm", "LCMScheduler": "lcm",
    "iPNDM": "ipndm", "IPNDMScheduler": "ipndm", "DEIS": "deis", "Restart": "restart",
    "DEISMultistepScheduler": "deis", "DDPMScheduler": "ddpm",
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_known_elsewhere(name: str) -> None:
    assert sampler(name) == (KNOWN[name], None)


@pytest.mark.parametrize("own", names("samplers"))
def test_own_names_and_labels_lead_home(own: str) -> None:
    assert sampler(own) == (own, None)
    assert sampler(label(own)) == (own, None)


def test_every_label_is_of_a_sampler_or_spacing_that_exists() -> None:
    assert set(LABELS) <= set(names("samplers"))
    assert set(SPACING_LABELS) <= set(TABLE)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DPM++ 2M Karras", ("dpmpp_2m", "karras")),
        ("dpmpp_2m_k", ("dpmpp_2m", "karras")),
        ("DPM++ 2M Exponential", ("dpmpp_2m", "exponential")),
        ("euler_k", ("euler", "karras")),
    ],
)
def test_some_names_bring_a_spacing(name: str, expected: tuple[str, str]) -> None:
    assert sampler(name) == expected


@pytest.mark.parametrize("name", ["lms", "dpmpp_2m_sde", "DPM adaptive", "plms", "", "karras"])
def test_methods_that_are_not_here_are_not_guessed(name: str) -> None:
    with pytest.raises(NotFound, match="there are: ddim"):
        sampler(name)
