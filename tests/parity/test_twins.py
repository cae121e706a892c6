"""Numbers in, numbers out: our samplers beside diffusers' schedulers of the same names.

On the same levels with the same noise: within 1e-5 where the method is the same, never worse by
more than 1 % (floor 1e-6) where it is not. `python benchmarks/samplers.py` prints the errors.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from sampler_twins import ALONE, TWINS, reference

from unstir.core.exact import Gaussian, Mixture
from unstir.core.find import names

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PARTS = [
    Gaussian(np.array([-0.9, 0.5]), np.array([0.2, 0.3])),
    Gaussian(np.array([0.8, 0.9]), np.array([0.25, 0.15])),
]
DATA = Mixture([0.3, 0.7], PARTS)
Z = np.random.default_rng(0).standard_normal((40, 2))
CASES = [(twin, grid) for twin in TWINS for grid in twin.grids]


def noise(step, draw=0):
    return np.random.default_rng([1, step + 1, draw]).standard_normal(Z.shape)


def distance(a, b):
    return float(np.sqrt(np.mean((a - b) ** 2)))


@pytest.mark.parametrize("evaluations", [5, 10, 20, 50])
@pytest.mark.parametrize(("twin", "grid"), CASES, ids=[f"{t} | {g}" for t, g in CASES])
def test_agreement(twin, grid, evaluations):
    theirs, ours, path = twin.run(grid, evaluations, DATA.denoise, Z, noise)
    apart = np.abs(theirs - ours).max()
    if twin.differs:
        exact = reference(DATA.denoise, Z, path)
        assert apart > 1e-3, "they agree now: no reason is needed any more"
        assert distance(ours, exact) <= 1.01 * distance(theirs, exact) + 1e-6
    else:
        assert apart <= 1e-5


def test_every_sampler_has_a_twin_or_a_reason():
    assert sorted({twin.ours for twin in TWINS} | set(ALONE)) == names("samplers")
    assert not {twin.ours for twin in TWINS} & set(ALONE)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_table_of_the_docs_holds():
    """`python benchmarks/samplers.py`, without writing the page."""
    script = Path(__file__).parents[2] / "benchmarks" / "samplers.py"
    lines, worse = runpy.run_path(str(script))["page"]()
    assert worse == 0
    measured = (script.parents[1] / "docs" / "samplers.md").read_text(encoding="utf-8")
    assert "Ours worse by more than 1 %: 0 times." in measured
    assert {line.split("|")[1] for line in lines if line.startswith("|")} <= {
        line.split("|")[1] for line in measured.splitlines() if line.startswith("|")
    }
