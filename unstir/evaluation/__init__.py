"""How near generated samples are to real ones, with intervals: distances, manifolds, copies.

    sets = Sets(generated, reference)               # features (N, D) and (M, D) in a named space
    for score in find("evaluation", "kernel")(sets): print(score.name, score.value, score.low)

Each file here is one metric, `NAME(sets, *, seed=0) -> tuple[Score, ...]` in float64 numpy; adding
one is adding a file. What the numbers say and do not say: docs/evaluation.md.
"""

from unstir.evaluation._extract import Features as Features
from unstir.evaluation._extract import extracted as extracted
from unstir.evaluation._groups import Group as Group
from unstir.evaluation._groups import by_group as by_group
from unstir.evaluation._sets import BadFeatures as BadFeatures
from unstir.evaluation._sets import Score as Score
from unstir.evaluation._sets import Sets as Sets
from unstir.evaluation._sets import TooFew as TooFew
from unstir.evaluation._shares import Better as Better
from unstir.evaluation._shares import mean as mean
from unstir.evaluation._shares import plain as plain
from unstir.evaluation._shares import share as share
