"""Structures in space to turn and look into: one HTML file that asks nobody for anything.

    write_page([Shape("water", record(structure), "sdf"), ...], Path("out.html"), "molecules")

3Dmol.js (Rego & Koes 2015; BSD-3-Clause) draws them and stands in the page itself, which forbids
itself every connection. Molecules ("sdf") are balls and sticks, chains ("pdb") ribbons colored
from one end to the other.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from unstir.modalities.files import replacing
from unstir.modalities.images import BadEnding

MOST = 1000
"""Shapes of one page."""
LIBRARY = Path(__file__).parent / "threedmol" / "3Dmol-min.js"
STYLES = {
    "sdf": {"stick": {"radius": 0.12}, "sphere": {"scale": 0.25}},
    "pdb": {"cartoon": {"color": "spectrum"}},
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:;
 script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 0; height: 100vh; display: flex; flex-direction: column; font: 15px sans-serif }}
header {{ display: flex; gap: 1em; align-items: center; padding: 0.5em 1em; background: #f2f2f2 }}
button {{ font: inherit; padding: 0.2em 0.8em }}
#view {{ position: relative; flex: 1; min-height: 0 }}
</style>
</head>
<body>
<header>
<button id="back" aria-label="the one before">&larr;</button>
<button id="next" aria-label="the next one">&rarr;</button>
<span id="name" aria-live="polite"></span>
</header>
<div id="view"></div>
<script>{library}</script>
<script>
const shapes = {shapes}, styles = {styles};
const view = $3Dmol.createViewer(document.getElementById("view"), {{ backgroundColor: "white" }});
let at = 0;
function show(step) {{
  at = (at + step + shapes.length) % shapes.length;
  const shape = shapes[at];
  view.removeAllModels();
  view.addModel(shape.text, shape.form);
  view.setStyle({{}}, styles[shape.form]);
  view.zoomTo();
  view.render();
  document.getElementById("name").textContent =
    shape.name + (shapes.length > 1 ? " (" + (at + 1) + " of " + shapes.length + ")" : "");
}}
document.getElementById("back").onclick = () => show(-1);
document.getElementById("next").onclick = () => show(1);
document.onkeydown = (event) =>
  event.key === "ArrowLeft" ? show(-1) : event.key === "ArrowRight" ? show(1) : null;
show(0);
</script>
</body>
</html>
"""


@dataclass(frozen=True)
class Shape:
    """One structure: a name, and its text as a file of the form "sdf" or "pdb" has it."""

    name: str
    text: str
    form: str


def write_page(shapes: Sequence[Shape], path: Path, title: str) -> Path:
    """Write the page, whole or not at all."""
    text = page(shapes, title)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def page(shapes: Sequence[Shape], title: str) -> str:
    """The page's text."""
    if not 1 <= len(shapes) <= MOST:
        raise ValueError(f"a page shows 1 to {MOST:,} structures, not {len(shapes):,}")
    return _PAGE.format(
        title=html.escape(title), library=LIBRARY.read_text(encoding="utf-8"),
        shapes=_script([asdict(shape) for shape in shapes]), styles=_script(STYLES),
    )  # fmt: skip


def ending(path: Path) -> str:
    """The path's ending, .html; BadEnding for others."""
    if path.suffix.lower() != ".html":
        raise BadEnding(f"{path} does not end in .html; a page does")
    return ".html"


def _script(value: object) -> str:
    """JSON that may stand in a script: no text of a file can end it."""
    return json.dumps(value).replace("<", "\\u003c")
