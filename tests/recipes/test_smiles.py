"""A model of strings from training to files: a small language, learned in seconds."""

from __future__ import annotations

import csv
import json
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from unstir.apps.cli import main
from unstir.core.discrete.process import PAD
from unstir.modalities import chemistry
from unstir.networks.sequence import Sequence
from unstir.objectives.masking import Counting
from unstir.recipes import smiles
from unstir.runtimes.manifest import BadModel, read
from unstir.tasks.request import BadRequest
from unstir.tasks.strings import decorate, strings
from unstir.training.rng import Rng

WORDS = ["CCO", "CCN", "OCC", "NCC", "CCCO", "OCCC"]
RECIPE = replace(
    smiles.recipe,
    pieces=4,
    measured=0,
    sizes=dict(width=64, depth=2),
    trainer=replace(smiles.recipe.trainer, steps=250, batch=32, warmup=10, threads=1),
    defaults=dict(sampler="random_order", steps=8, scale=1.0, temperature=1.0),
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("smiles") / "run"
    for _ in smiles.run(RECIPE, out, strings=WORDS * 50):
        pass
    return out


def test_it_writes_what_it_learned(model: Path) -> None:
    """Words of the language, and each about as often as it should be."""
    made = [w.text for w in strings(model=str(model), n=300, seed=0, threads=1)]
    shares = [made.count(word) / 300 for word in WORDS]
    assert sum(shares) > 0.9
    assert min(shares) > 0.08
    assert {len(w.text) for w in strings(model=str(model), n=20, seed=0, length=1)} <= {1, 2}


@pytest.mark.parametrize("sweeps", [0, 2])
def test_one_seed_is_one_string(model: Path, sweeps: int) -> None:
    many = list(strings(model=str(model), n=9, seed=3, sweeps=sweeps, threads=1))
    assert [w.seed for w in many] == list(range(3, 12))
    for i in range(9):
        alone = list(strings(model=str(model), n=1, seed=3 + i, sweeps=sweeps, threads=1))
        assert alone[0] == many[i]


def test_sweeps_mend_strings(model: Path) -> None:
    """Drawn all at once, most are no words of the language; each piece anew, they become some."""
    shares = []
    for sweeps in (0, 3):
        asked = {"n": 200, "seed": 0, "steps": 1, "sampler": "random_order", "sweeps": sweeps}
        texts = [w.text for w in strings(model=str(model), **asked)]
        shares.append(sum(text in WORDS for text in texts) / 200)
    assert shares[0] < 0.75
    assert shares[1] > shares[0] + 0.15
    kept = decorate("C*", model=str(model), n=30, seed=1, sweeps=3)
    assert all(w.text.startswith("C") for w in kept)
    assert kept.recipe.options["sweeps"] == 3


def test_steps_beyond_the_pieces(model: Path) -> None:
    """Of samplers that show so many at a time none is left to show; others take what they are
    asked for, and the recipe says which."""
    longest = read(model).shape[0]
    for sampler, run in (("random_order", longest), ("confidence", longest), ("remdm", 40),
                         ("ancestral", 40)):  # fmt: skip
        made, few = (
            strings(model=str(model), n=40, seed=0, steps=n, sampler=sampler, sweeps=0, threads=1)
            for n in (40, longest)
        )
        assert (made.recipe.steps, made.recipe.evaluations) == (run, run)
        assert (list(made) == list(few)) == (run == longest)


def test_it_goes_on_from_a_model(model: Path, tmp_path: Path) -> None:
    """With the pieces of that model, whatever the strings are now."""
    less = replace(RECIPE, trainer=replace(RECIPE.trainer, steps=2, lr=1e-9, muon_lr=1e-9))
    for _ in smiles.run(less, tmp_path / "more", start=model, strings=["CCCO", "OCC"]):
        pass
    one, two = read(model).string, read(tmp_path / "more").string
    assert one is not None
    assert two is not None
    assert (one["symbols"], one["merges"]) == (two["symbols"], two["merges"])
    made = [
        [w.text for w in strings(model=str(at), n=5, seed=0, length=2)]
        for at in (model, tmp_path / "more")
    ]
    assert made[0] == made[1]


def test_files(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    words = ["generate", "--model", str(model), "--n", "3", "--seed", "5"]
    assert main([*words, "-o", "it.smi"]) == 0
    assert "3 strings" in capsys.readouterr().err
    lines = [line.split("\t") for line in Path("it.smi").read_text().splitlines()]
    assert [name for _, name in lines] == ["smiles-5", "smiles-6", "smiles-7"]
    pytest.importorskip("rdkit")
    assert main([*words, "-o", "it.csv", "--preview", "it.png"]) == 0
    with Image.open("it.png") as preview:
        assert preview.size == (400, 300)
    with Path("it.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["smiles"] for row in rows] == [text for text, _ in lines]
    again = shlex.split(rows[1]["command"])
    assert main(again[1:]) == 0
    with Path("it.csv").open(newline="") as file:
        assert [row["smiles"] for row in csv.DictReader(file)] == [lines[1][0]]
    for wrong, says in (
        (["-o", "it.png"], "does not end in .smi"), (["--length", "99"], "knows 1 to"),
        (["--sampler", "gibbs"], "give another sampler"), (["--temperature", "-1"], "temperature"),
        (["--sampler", "nothing"], "no 'nothing'"),
    ):  # fmt: skip
        assert main([*words, *wrong]) == 2
        assert says in capsys.readouterr().err.replace("\n", " ")


def test_gaps_as_chemists_write_them(model: Path) -> None:
    plain = list(decorate("C*", model=str(model), n=3, seed=1, threads=1))
    for gapped in ("C[*:1]", "C[*]", "C[1*]"):
        assert list(decorate(gapped, model=str(model), n=3, seed=1, threads=1)) == plain


def test_a_temperature_of_nothing_is_refused(model: Path) -> None:
    for asked in (0, 0.0, -1):
        with pytest.raises(BadRequest, match="temperature"):
            strings(model=str(model), temperature=asked)


def test_what_is_written_stays(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """In its place and to the letter, each gap with something in it."""
    for gapped, pattern in (
        ("C*", "C.+"), ("*O", ".+O"), ("C*C", "C.+C"), ("*C*", ".+C.+"),
    ):  # fmt: skip
        made = list(decorate(gapped, model=str(model), n=12, seed=1, threads=1))
        assert all(re.fullmatch(pattern, w.text) for w in made), gapped
        assert list(decorate(gapped, model=str(model), seed=4, threads=1)) == [made[3]]
    texts = [w.text for w in decorate("CC*", model=str(model), n=60, seed=0, temperature=0.7)]
    assert sum(text in WORDS for text in texts) > 50
    assert all(text.startswith("CC") for text in texts)
    monkeypatch.chdir(tmp_path)
    words = ["inpaint", "CC*", "--model", str(model), "--seed", "0", "--temperature", "0.7"]
    assert main([*words, "-o", "it.csv"]) == 0
    with Path("it.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["smiles"] == texts[0]
    assert main(shlex.split(row["command"])[1:]) == 0
    capsys.readouterr()
    for wrong, says in (
        ("CCO", "nothing to draw"), ("*", "nothing to keep"), ("C!*", "no SMILES"),
        ("[Se]*", "never saw"), ("CCCCCCCCCCCCCCCCC*", "up to 3"),
        ("CC)*", "has a bracket"), ("*C(C", "has a bracket"), ("C(C*)C(", "has a bracket"),
        ("C==*", "can make '==' right"), ("C((C*)C)", "can make '((' right"),
        ("(C*)", "can make '(' right"), ("C*=", "can make '=' right"), ("C=)*", "a bracket"),
    ):  # fmt: skip
        assert main(["inpaint", wrong, "--model", str(model)]) in (2, 3)
        assert says in capsys.readouterr().err.replace("\n", " ")


def test_what_cannot_be_written(model: Path) -> None:
    with pytest.raises(BadRequest, match="n is 0"):
        strings(model=str(model), n=0)
    with pytest.raises(ValueError, match="is a model of molecules"):
        strings(model="molecules")


@pytest.mark.parametrize(
    ("where", "value", "says"),
    [
        ("string.merges", [[0, 99]], "come later, or never"),
        ("string.merges", [[0]], "no pair of pieces"),
        ("string.merges", "no list", "no pair of pieces"),
        ("string.symbols", ["C", "C"], "different names"),
        ("string.lengths", [0, 0, 0], "has shape"),
        ("string.lengths", "many", "a list of numbers"),
        ("shape", [3, 99], "make it"),
        ("parametrization", "flow", "is masked"),
        ("schedule", {"name": "flow"}, "schedules of tokens"),
        ("defaults.sampler", "heun", "samplers of tokens"),
        ("defaults.temperature", 0, "temperature"),
    ],
)
def test_a_model_that_contradicts_itself(
    where: str, value: object, says: str, model: Path, tmp_path: Path
) -> None:
    said = json.loads((model / "model.json").read_text())
    *parts, last = where.split(".")
    inner = said[parts[0]] if parts else said
    inner[last] = value
    (tmp_path / "model.json").write_text(json.dumps(said))
    with pytest.raises(BadModel, match=says):
        read(tmp_path)


def test_padding_changes_nothing() -> None:
    torch.manual_seed(0)
    net = Sequence(5, 12, 32, 2).eval()
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.2 * torch.randn_like(p))
        x = torch.tensor([[0, -1, 3, -1], [4, 2, -1, PAD]])
        more = torch.cat([x, torch.full((2, 8), PAD)], 1)
        torch.testing.assert_close(net(more)[:, :4][x != PAD], net(x)[x != PAD])
        other = x.clone()
        other[0, 0] = 1
        assert (net(other)[0] - net(x)[0]).abs().max() > 1e-3
        torch.testing.assert_close(net(other)[1], net(x)[1])


def test_the_counted_loss_is_the_entropy() -> None:
    """Of the exact answer: words of two tokens, (0, 0) and (1, 1) alike often: half of log 2 for
    each token."""

    class Exact(torch.nn.Module):
        def forward(self, x: torch.Tensor, *_: object) -> torch.Tensor:
            seen = x.max(1).values
            known = torch.where(seen >= 0, seen, 2)
            return torch.tensor([[0.0, -50], [-50, 0.0], [0.0, 0.0]])[known][:, None].expand(
                -1, 2, 2
            )

    x = torch.arange(4096)[:, None].remainder(2).expand(-1, 2)
    loss = Counting()(Exact(), {"x": x}, Rng(0, 0, range(4096)))["loss"]
    assert abs(float(loss) - 0.5 * np.log(2)) < 0.03


def test_what_runs_together_changes_no_loss_and_no_gradient() -> None:
    torch.manual_seed(0)
    lengths = np.random.default_rng(0).integers(1, 9, 24)
    x = torch.tensor([[i % 5 for i in range(n)] + [PAD] * (8 - n) for n in lengths])
    batch = {"x": x, "tokens": torch.randn(24, 2, 3), "token_mask": torch.ones(24, 2)}
    net = Sequence(vocabulary=5, length=8, width=32, depth=1, tokens=3)
    nothing_known = Counting(rows=5)(net, batch, Rng(0, 0, range(24)))["loss"].detach()
    assert float(nothing_known) == pytest.approx(np.log(5), rel=1e-5)  # of each, however long
    torch.nn.init.normal_(net.leave.weight)
    found = []
    for rows in (5, 24):
        net.zero_grad()
        out = Counting(rows=rows)(net, batch, Rng(0, 0, range(24)))
        out["loss"].backward()
        found.append([out["loss"].detach(), out["error"], *(p.grad for p in net.parameters())])
    for a, b in zip(*found, strict=True):
        assert (a is None and b is None) or torch.allclose(a, b, rtol=1e-3, atol=1e-6)


ENDS = ["CCO", "CCN", "CCS", "CCF"]


@pytest.fixture(scope="module")
def wishing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of four words that knows their weights, 46, 45, 62 and 48."""
    pytest.importorskip("rdkit")
    torch.manual_seed(0)
    recipe = replace(
        RECIPE, pieces=5, measured=150, trainer=replace(RECIPE.trainer, steps=300),
        defaults=RECIPE.defaults | {"scale": 2.0},
    )  # fmt: skip
    out = tmp_path_factory.mktemp("smiles") / "wishing"
    stages = [p.stage for p in smiles.run(recipe, out, strings=ENDS * 50)]
    assert "properties" in stages
    values = np.load(out / "cache" / "properties.npy")
    assert np.isfinite(values).all(1).sum() == 150
    return out


def test_a_stop_while_properties_are_measured(tmp_path: Path) -> None:
    """Pieces are there by then, and the same call measures what is missing."""
    recipe = replace(
        RECIPE, measured=4, trainer=replace(RECIPE.trainer, steps=1), pieces=5
    )  # fmt: skip
    for stop in (True, False):
        for event in smiles.run(recipe, tmp_path, strings=ENDS):
            if stop and event.stage == "properties":
                break
        assert (tmp_path / "cache" / "rows.npy").exists()
        assert (tmp_path / "cache" / "properties.npy").exists() != stop
    assert np.isfinite(np.load(tmp_path / "cache" / "properties.npy")).all()
    assert read(tmp_path).condition is not None


def test_training_says_that_rdkit_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it does anything, and only where something is to be measured."""
    monkeypatch.setattr(chemistry, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install 'unstir"):
        next(smiles.run(replace(RECIPE, measured=4), tmp_path / "it", strings=WORDS))
    assert not list((tmp_path / "it" / "cache").iterdir())
    assert next(smiles.run(RECIPE, tmp_path / "it", strings=WORDS)).stage == "pieces"


def test_wishes_are_granted(wishing: Path) -> None:
    """The heavy word where a heavy one is wished for, and more often if more strongly; all alike
    where nothing is."""

    def share(**more: Any) -> float:
        made = strings(model=str(wishing), n=80, seed=0, threads=1, **more)
        return float(np.mean([w.text == "CCS" for w in made]))

    assert 0.1 < share() < 0.4
    assert share(want="weight=62", scale=1.0) > 0.6
    assert share(want="weight=62", scale=3.0) >= share(want="weight=62", scale=1.0)
    assert share(want="weight=45") < 0.1
    said = read(wishing).condition
    assert said is not None
    assert said["names"] == ["logp", "weight", "qed"]


def test_wishes_that_cannot_be(
    wishing: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for want, says in (
        ("gap=3", "no 'gap' in properties"),
        ("weight", "wishes for nothing"),
        ("weight=1e9", "most that the model has learned from"),
    ):
        with pytest.raises(BadRequest, match=says):
            strings(model=str(wishing), want=want)
    with pytest.raises(BadRequest, match="takes no wishes"):
        strings(model=str(model), want="weight=50")
    with pytest.raises(BadRequest, match="leave scale out"):
        strings(model=str(model), scale=2.0)
    with pytest.raises(BadRequest, match="nothing is wished for; give want"):
        strings(model=str(wishing), scale=3.0)
    usual = strings(model=str(wishing), scale=2.0)  # what it prefers
    assert "--scale" not in usual.command(1, "it.smi")
    monkeypatch.chdir(tmp_path)
    words = ["generate", "--model", str(wishing), "--seed", "3", "--want", "weight=60"]
    assert main([*words, "--scale", "1.5", "-o", "it.csv"]) == 0
    with Path("it.csv").open(newline="") as file:
        [row] = csv.DictReader(file)
    assert "--want weight=60" in row["command"]
    assert "--scale 1.5" in row["command"]
    assert "it.csv  1 string, seed 3" in capsys.readouterr().err
    assert main(shlex.split(row["command"])[1:]) == 0
    with Path("it.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["smiles"] == row["smiles"]
