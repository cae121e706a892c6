"""``unstir doctor``: one line for each check; exit code 3 where one failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from unstir.apps.cli.console import answer, answer_json
from unstir.apps.cli.derive import derived
from unstir.tasks.doctor import Check, doctor


@derived(doctor)
def command(examine: Callable[[], list[Check]], *, json: bool = False) -> None:
    """Print what was found.

    Args:
        json: As JSON on stdout.
    """
    checks = examine()
    if json:
        answer_json({"checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            answer(_line(check))
    failed = [check.name for check in checks if check.ok is False]
    if failed:
        raise ValueError(f"not all right: {', '.join(failed)}")


def _line(check: Check) -> str:
    mark = {True: "ok  ", False: "BAD ", None: "    "}[check.ok]
    way_out = f"; {check.way_out}" if check.ok is False and check.way_out else ""
    return f"{mark}{check.name:<16} {check.found}{way_out}"
