"""Bugs of samplers of tokens, planted on purpose: each must turn a check of tests/discrete red."""

import numpy as np
import pytest
from discrete_checks import ALL, SPECIAL

import unstir.core.discrete

BUGS = {
    "ancestral shows by alpha_s, not by a share of what is hidden":
        ("ancestral", "samplers/ancestral", "shown(t, s)", "s.alpha"),
    "the share is of all tokens":
        ("ancestral", "samplers/_moves", "1 - s.sigma / t.sigma", "t.sigma - s.sigma"),
    "drawn from probabilities that do not sum to one":
        ("ancestral", "process", " * below[..., -1:]", ""),
    "one uniform number for where and what":
        ("ancestral", "samplers/ancestral", "noise(i, TOKEN)", "noise(i, WHERE)"),
    "one token too few": ("random_order", "samplers/_moves", ">= left", "> left"),
    "places chosen by the numbers that draw the tokens":
        ("random_order", "samplers/random_order", "noise(i, WHERE)", "noise(i, TOKEN)"),
    "the unsurest first": ("confidence", "samplers/confidence", "score = log_", "score = -log_"),
    "ReMDM hides, and shows no more for it":
        ("remdm", "samplers/remdm", " + again * (t.alpha / t.sigma)", ""),
    "ReMDM hides more than there may be":
        ("remdm", "samplers/remdm", "min(cap, 1.0, s.sigma / t.alpha)", "cap"),
    "Gibbs stays at the level it left": ("gibbs", "samplers/gibbs", "full, s,", "full, t,"),
    "Gibbs hides by the numbers that drew":
        ("gibbs", "samplers/gibbs", "noise(i, WHERE)", "noise(i, TOKEN)"),
}  # fmt: skip


def failures(module, name):
    """The names of the checks that a sampler fails."""
    red = []
    for check in (*ALL, *filter(None, [SPECIAL.get(name)])):
        try:
            with np.errstate(all="ignore"):
                check(getattr(module, name), module.EXACT)
        except (AssertionError, ValueError):
            red.append(check.__name__)
    return red


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug, planted):
    name, file, text, replacement = BUGS[bug]
    module = planted(unstir.core.discrete, f"samplers.{name}", file, text, replacement)
    assert failures(module, name), f"no check noticed: {bug}"


@pytest.mark.parametrize("name", sorted({bug[0] for bug in BUGS.values()}))
def test_without_a_bug_nothing_is_red(name, planted):
    file = f"samplers/{name}"
    module = planted(
        unstir.core.discrete, file.replace("/", "."), file, "yield Step", "yield Step"
    )
    assert failures(module, name) == []
