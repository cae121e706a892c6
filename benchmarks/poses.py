"""Do molecules pass PoseBusters? Its fast checks of a molecule alone (Buttenschoen et al. 2024).

    pip install posebusters==0.6.5                  # BSD; needs rdkit
    python -m benchmarks.poses molecules 400        # seeds 0 to 399

Lengths of bonds, angles, room between atoms, flat rings and double bonds, one piece, right
valences. Hydrogens that are not drawn are placed by rdkit; what is no molecule fails. Beside it
held-out molecules of QM9, and the same with every atom moved.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from unstir.evaluation import share
from unstir.modalities.chemistry import sane, with_hydrogens
from unstir.modalities.sdf import Structure
from unstir.tasks.domains.molecules import building, controls
from unstir.tasks.structures import structures


def main(which: str, count: int) -> None:
    """A line for the model and for each control, and what fails most."""
    for _ in building():
        pass
    drawn = list(structures(model=which, n=count, seed=0))
    report(which, drawn)
    for name, molecules in controls(drawn).items():
        report(name, molecules)


def report(name: str, molecules: Sequence[Structure]) -> None:
    """The share of those that pass everything, and of each check that not all pass."""
    checks, total = busted(molecules)
    score = share(name, total)
    failing = {check: 100 * (1 - sum(row) / len(row)) for check, row in checks.items()}
    worst = sorted(failing, key=lambda check: -failing[check])[:4]
    said = ", ".join(f"{check} {failing[check]:.1f} %" for check in worst if failing[check])
    print(f"{name:14} {100 * score.value:.1f} % ({100 * score.low:.1f} to {100 * score.high:.1f}) "
          f"pass; of the valid fail {said or 'none'}", flush=True)  # fmt: skip


def busted(molecules: Sequence[Structure]) -> tuple[dict[str, list[bool]], list[bool]]:
    """By check, whether each valid molecule passes; and whether each of all passes everything."""
    from posebusters import PoseBusters

    whole = [with_hydrogens(molecule) for molecule in molecules]
    ready = [sane(structure) for structure in whole if structure is not None]
    table = PoseBusters(config="mol_fast").bust(ready)
    passed = iter(table.all(axis=1).tolist())
    checks = {str(check): list(map(bool, table[check])) for check in table.columns}
    return checks, [structure is not None and bool(next(passed)) for structure in whole]


if __name__ == "__main__":
    match sys.argv[1:]:
        case [which, count] if count.isdigit():
            main(which, int(count))
        case _:
            sys.exit("usage: python -m benchmarks.poses MODEL N")
