"""The card of a trained model: what it is and what it was made of, for people.

A run writes `card.md` once; what a person makes of it stays when the run goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

DRAWS = {"image": "pictures", "upscaler": "pictures", "molecule": "molecules",
         "string": "strings", "protein": "chains"}  # fmt: skip
UNITS = {"pictures": "pixels", "molecules": "atoms at most", "strings": "pieces at most",
         "chains": "residues at most"}  # fmt: skip


def write_card(out: Path, manifest: Mapping[str, Any], samples: int, parameters: int) -> None:
    """Write `card.md` beside `model.json`, where there is none."""
    path = out / "card.md"
    if not path.exists():
        path.write_text(_card(manifest, samples, parameters), encoding="utf-8")


def _card(manifest: Mapping[str, Any], samples: int, parameters: int) -> str:
    settings, said = manifest["training"]["settings"], manifest["defaults"]
    seen = settings["steps"] and settings["steps"] * settings["batch"]
    what, size = DRAWS[manifest["kind"]], " x ".join(map(str, manifest["size"]))
    rows = {
        "denoiser": f"{manifest['network']['name']}, {parameters / 1e6:.1f} M parameters",
        "draws": f"{what} of {size} {UNITS[what]}",
        "condition": (manifest["condition"] or {}).get("name", "none"),
        "defaults": f"{said['sampler']}, {said['steps']} steps, scale {said['scale']:g}",
        "learned from": f"{samples:,} {what}" + (f", {seen:,} seen" if seen else ""),
        "licences": "; ".join(
            f"{source}: {which}" for source, which in manifest["licences"].items()
        ),
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return (
        f"# {manifest['name']}: {manifest['title']}\n\nTrained with unstir. All settings stand in "
        f"model.json.\n\n| | |\n|---|---|\n{table}\n\nFigures, and what it does badly: not "
        "measured yet; `unstir evaluate` measures.\n"
    )
