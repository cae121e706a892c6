"""Classic sampler bugs, planted on purpose: each must turn a check of tests/samplers red.

The samplers' folder is copied under another name, one text is replaced (it must be there), and the
checks that the conformance test runs on every sampler are run on the copy.
"""

from __future__ import annotations

import numpy as np
import pytest
from sampler_checks import churned, line, marginals, order_of_moments, order_of_states, posterior

import unstir.core.samplers

CHECKS = (order_of_states, order_of_moments, marginals)
SPECIAL = {
    **dict.fromkeys(("ddpm", "ddim", "euler_ancestral"), posterior),
    **dict.fromkeys(("euler", "heun"), churned),
    "dpmpp_2m": line,
}

BUGS = {
    # the eight of the design notes
    "DDIM uses alpha_t for alpha_s": ("ddim", "x = s.alpha * x0", "x = t.alpha * x0"),
    "DDIM eta variance lacks the alpha ratio":
        ("ddim", "fresh(t, s)", "(1 - (s.sigma / t.sigma) ** 2)"),
    "DDIM forgets to remove the added variance":
        ("ddim", "math.sqrt(s.sigma**2 - up**2)", "s.sigma"),
    "Heun uses the first slope only": ("heun", "ahead + bend(", "ahead + 0 * bend("),
    "2M step ratio inverted": ("dpmpp_2m", "0.5 / r", "0.5 * r"),
    "2M wrong sign in expm1": ("dpmpp_2m", "math.expm1(-h)", "math.expm1(h)"),
    "2M log SNR not halved": ("dpmpp_2m", ".lam", ".logsnr"),
    "2M history dropped": ("dpmpp_2m", "before = (t, x0)", "before = None"),
    # and more of their kind
    "DDPM draws too much": ("ddpm", "math.sqrt(fresh(t, s))", "1.0"),
    "ancestral step does not go below": ("euler_ancestral", "math.sqrt(1 - up**2)", "1.0"),
    "churn adds deviations, not variances":
        ("_moves", "renoise(x, low, s, s_noise", "x + (s.sigma - low.sigma) * (s_noise"),
    "bend forgets a square": ("_moves", "(k_t - k_low) ** 2", "(k_t - k_low)"),
    "DPM-Solver-2 weighs the middle fully": ("dpm2", "0.5 * (s.lam", "1.0 * (s.lam"),
    "SDE draws afresh for the pair": ("dpmpp_sde", "keep * before + drawn", "drawn"),
    "3M forgets its oldest value": ("dpmpp_3m", "history[:2]", "history[:0]"),
    "UniPC never corrects": ("unipc", "        if known:", "        if not x0 is x0:"),
    "DEIS integrates the wrong way": ("deis", "t.lam - s.lam)", "s.lam - t.lam)"),
    "iPNDM weights that do not sum to one": ("ipndm", "(36, -12)", "(36, -16)"),
    "restart adds noise it does not know of":
        ("restart", "renoise(x, s, path[top],", "renoise(x, s, path[top - 1],"),
    "LCM scales by the level it left": ("lcm", "x = s.alpha * x0", "x = t.alpha * x0"),
}  # fmt: skip


def failures(sampler, stated):
    """The names of the checks that a sampler fails."""
    red = []
    for check in (*CHECKS, *filter(None, [SPECIAL.get(sampler.__name__)])):
        try:
            with np.errstate(all="ignore"):
                check(sampler, stated)
        except (AssertionError, ValueError, OverflowError):
            red.append(check.__name__)
    return red


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug, planted):
    file, text, replacement = BUGS[bug]
    name = "heun" if file.startswith("_") else file
    module = planted(unstir.core.samplers, name, file, text, replacement)
    red = failures(getattr(module, name), getattr(module, "ORDER", None))
    assert red, f"no check noticed: {bug}"


@pytest.mark.parametrize("name", sorted({b[0] for b in BUGS.values() if b[0][0] != "_"}))
def test_without_a_bug_nothing_is_red(name, planted):
    module = planted(unstir.core.samplers, name, name, "yield Step", "yield Step")
    assert failures(getattr(module, name), getattr(module, "ORDER", None)) == []
