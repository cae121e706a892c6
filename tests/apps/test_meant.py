"""Which command a line means, whatever stands first, and what is said where none can be meant."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from PIL import Image

from unstir.apps.cli import MENU, main
from unstir.apps.cli.meant import meant
from unstir.core.find import NotFound

MEANT = {
    "generate a": "generate",
    "generate --n 2 --model molecules": "molecules",
    "generate --model=smiles": "strings",
    "generate x -o a.png": "generate",
    "inpaint it.sdf --keep 0-3": "complete",
    "inpaint --n 2 it.sdf --keep 0-3": "complete",
    "inpaint --keep 0-3 --molecule it.sdf": "complete",
    "inpaint --keep graph --molecule=-x.sdf": "complete",
    "inpaint --keep A20-35 it.pdb -o x.sdf": "scaffold",
    "inpaint -o x.sdf --preview p.png --view v.html it.pdb --keep A20-35": "scaffold",
    "inpaint --protein IT.PDB --keep A20-35": "scaffold",
    "inpaint it.ent --keep A2-3": "scaffold",
    "inpaint it.mmcif --keep A2-3": "scaffold",
    "inpaint it.pdb.gz --keep A2-3": "scaffold",
    "inpaint it.cif.gz --keep A2-3": "scaffold",
    "inpaint --model smiles 'c1ccc(*)cc1' -o x.smi": "decorate",
    "inpaint cat.png 'what it.pdb shows' --box 0,0,9,9": "inpaint",
    "inpaint --mask m.png cat.png -o x.png": "inpaint",
    "inpaint photo 'a cat' --box 0,0,9,9": "inpaint",
    "inpaint --keep --help": "inpaint",
    "evaluate emoji --against molecules": "evaluate",
    "evaluate --against molecules pictures": "evaluate",
    "evaluate --n 3 molecules": "measure",
    "evaluate --no-controls it.sdf": "measure",
    "evaluate --what it.sdf": "measure",
    "evaluate it.ent": "measure",
    "evaluate it.cif.gz": "measure",
    "evaluate --what=it.sdf": "measure",
    "evaluate --out it.json folder": "measure",
    "evaluate --help": "evaluate",
    "vary it.sdf": "vary",
}  # fmt: skip


@pytest.mark.parametrize("line", MEANT)
def test_options_may_stand_before_what_is_read(line: str, home: Path) -> None:
    for name in ("it.sdf", "it.ent", "it.cif.gz"):
        Path(name).touch()
    for folder, file in (("pictures", "a.png"), ("folder", "a.pdb")):
        Path(folder).mkdir()
        (Path(folder) / file).touch()
    assert meant(shlex.split(line)) == MEANT[line]


REFUSED = {
    "generate --model molecule -o q.sdf": "did you mean 'molecules'?",
    "generate --model molecule --atoms 5": "did you mean 'molecules'?",
    "generate --model=protiens --length 80": "did you mean 'proteins'?",
    "inpaint c1ccc(*)cc1 --model smile": "did you mean 'smiles'?",
    "generate -o out.sdf": "out.sdf is for none; give --model molecules\n",
    "generate x --out=out.pdb": "out.pdb is for none; give --model proteins\n",
    "inpaint c1ccc(*)cc1 -o q.smi": "q.smi is for none; give --model smiles\n",
    "inpaint x.mol2 --keep 0-3": "also with .gz), and x.mol2 ends in .mol2\n",
    "inpaint --keep 0-3 --scale 1.5 x.mol2": "x.mol2 ends in .mol2\n",
    "inpaint --keep=0-3": "--keep is for molecules (.sdf, .mol) and proteins (.pdb",
    "inpaint it.sdf.gz --keep 0-3": "it.sdf.gz ends in .gz\n",
}  # fmt: skip


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_be_meant(line: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 2
    assert REFUSED[line] in capsys.readouterr().err


def test_a_model_that_cannot_be_read_says_so(home: Path) -> None:
    (home / "models" / "broken").mkdir()
    (home / "models" / "broken" / "model.json").write_text("{}")
    assert main(["generate", "a cat", "--model", "broken"]) == 3
    with pytest.raises(NotFound):
        meant(["generate", "--model", "nothing"])


@pytest.mark.parametrize(("verb", "model"), [
    ("generate", "--model molecules"), ("inpaint", "it.sdf"), ("evaluate", "evaluate molecules"),
])  # fmt: skip
def test_help_leads_to_what_is_no_picture(
    verb: str, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"{model} --help" in said
    assert "smiles" in said
    assert "protein" in said
    assert f"unstir {verb}" in MENU
    assert "generate --model molecules" in MENU


MISSING = {
    "inpaint it.sdf": "error: --keep is missing: The atoms that stay",
    "inpaint it.pdb --n 1": "error: --keep is missing: The residues that stay",
    "inpaint --model smiles": "error: SMILES is missing: A SMILES string with a *",
    "vary": "error: IMAGE is missing: The picture",
    "inpaint it.sdf --kep 0-3": "error: --keep is missing; did you mean --keep instead of --kep?",
    "generate a --steps": "error: --steps takes 1 word, not 0: Budget of calls",
    "generate a --interval 0.1": "error: --interval takes 2 words, not 1: Guide only",
}  # fmt: skip


@pytest.mark.parametrize("line", MISSING)
def test_what_is_missing_is_named_and_explained(
    line: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.split()) == 2
    said = capsys.readouterr().err
    assert said.startswith(MISSING[line])
    assert len(said.splitlines()) == 2
    assert 'Command "' not in said


DASHED = {
    ("--prompt", "-a cat"): "by =: --prompt='-a cat'\n",
    ("--prompt", "-5 cats"): "by =: --prompt='-5 cats'\n",
    ("-o", "-it.png"): "by =: -o=-it.png\n",
    ("--prompt", "--json"): "not 0: What to draw",
    ("--prompt", "--out=a.png"): "not 0: What to draw",
}


@pytest.mark.parametrize("words", DASHED)
def test_what_begins_with_a_dash_is_tied_to_its_flag(
    words: tuple[str, str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", *words]) == 2
    assert DASHED[words] in capsys.readouterr().err
    assert main(["generate", "--prompt=-a cat", "--model", "tiny", "--size", "native"]) == 0


# -- what is read is not written over


def kept(words: list[str], file: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = Path(file).read_bytes()
    assert main(words) == 2
    assert f"{file} is the file that is read; give another name\n" in capsys.readouterr().err
    assert Path(file).read_bytes() == before


def test_a_picture_is_not_written_over(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (40, 40), "red").save("it-1.png")
    Image.new("L", (40, 40), "white").save("mask.png")
    usual = ["--model", "tiny", "--steps", "2"]
    for given in (
        ["inpaint", "it-1.png", "a cat", "--mask", "mask.png"],
        ["vary", "it-1.png", "a"],
    ):
        kept([*given, *usual, "-o", "./it-1.png"], "it-1.png", capsys)
        kept([*given, *usual, "--n", "2", "-o", "it.png"], "it-1.png", capsys)
    mask = ["inpaint", "it-1.png", "a cat", "--mask", "mask.png", *usual]
    kept([*mask, "-o", "mask.png"], "mask.png", capsys)
    assert main([*mask, "--n", "2", "-o", "mask.png"]) == 0  # mask-1.png and mask-2.png


def test_a_molecule_is_not_written_over(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    usual = ["--seed", "5", "--steps", "2"]
    assert main(["generate", "--model", "molecules", *usual, "-o", "it.sdf"]) == 0
    for keep in ("0-2", "graph"):
        kept(["inpaint", "it.sdf", "--keep", keep, *usual, "-o", "it.sdf"], "it.sdf", capsys)


def test_a_protein_is_not_written_over(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("gemmi")
    usual = ["--seed", "5", "--steps", "2"]
    length = ["--length", "60"]
    assert main(["generate", "--model", "proteins", *length, *usual, "-o", "it.pdb"]) == 0
    motif = ["inpaint", "it.pdb", "--keep", "A20-30", *length, *usual]
    kept([*motif, "-o", "it.pdb"], "it.pdb", capsys)
    kept(["inpaint", "it.pdb", "--keep", "backbone", "-o", "it.pdb"], "it.pdb", capsys)
