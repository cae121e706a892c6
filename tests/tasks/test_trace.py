"""Drawing along lines: what is told to the network, what is refused, one seed one picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from unstir.apps.cli import main
from unstir.modalities.images import BadPicture
from unstir.networks.build import build
from unstir.networks.control import Control, Controlled
from unstir.runtimes.export import add_control, write
from unstir.runtimes.manifest import BadModel, read
from unstir.runtimes.model import load
from unstir.tasks.request import BadRequest
from unstir.tasks.show import show
from unstir.tasks.trace import trace

UNET = dict(channels=4, widths=[32, 32], blocks=1, attention=[0, 1], tokens=6, embedding=32)
CODEC = dict(latent=4, widths=[16, 32], encoder=[1, 1], decoder=[1, 1])
SIZES = dict(channels=4, widths=[32, 32], cell=4, blocks=1, embedding=32)
MANIFEST = dict(
    kind="image", name="lined", title="Random weights",
    network=dict(name="unet", sizes=UNET),
    codec=dict(name="autoencoder", sizes=CODEC, mean=[0.1, 0, 0, -0.2], std=[1.0, 2.0, 0.5, 1.0]),
    condition=dict(name="labels", classes=list("abcdef")),
    schedule=dict(name="flow", shift=1.0), parametrization="flow", shape=[4, 4, 4], size=[16, 16],
    defaults=dict(sampler="ddim", steps=4, scale=2.0, spacing="uniform"),
    licences={}, aliases={}, training={},
)  # fmt: skip


@pytest.fixture(scope="module")
def lined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights with a branch that has some say."""
    torch.manual_seed(0)
    base, out = (tmp_path_factory.mktemp("models") / name for name in ("base", "lined"))
    net, codec = build("unet", UNET), build("autoencoder", CODEC)
    control = Control(**SIZES)
    with torch.no_grad():
        for p in [*net.parameters(), *codec.parameters(), *control.parameters()]:
            p.add_(0.1 * torch.randn_like(p))
    write(base, MANIFEST, net, codec)
    add_control(base, out, Controlled(net, control), {"name": "edges", "sizes": SIZES}, {})
    return out


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    pixels = np.full((48, 64, 3), 255, np.uint8)
    pixels[10:30, 20:50] = [200, 30, 30]
    Image.fromarray(pixels).save("it.png")
    return "it.png"


def test_both_runtimes_trace_alike(lined: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 4, 4, 4)).astype(np.float32)
    lines = (rng.random((16, 16)) < 0.2).astype(np.float32)
    told = load(lined).condition.encode(["a", "b", "c"])
    answers = [
        model.net(x, 0.4, told.states, told.mask)
        for runtime in ("onnx", "torch")
        for model in (load(lined, runtime=runtime), load(lined, runtime=runtime).tracing(lines))
    ]
    plain, traced, plain_torch, traced_torch = answers
    np.testing.assert_allclose(plain, plain_torch, atol=1e-4)
    np.testing.assert_allclose(traced, traced_torch, atol=1e-4)
    assert np.abs(traced - plain).max() > 1e-2


def test_lines_change_the_picture_and_seeds_keep_it(lined: Path, picture: str) -> None:
    model = str(lined)
    first = trace(picture, "a", model=model, seed=3)[0]
    assert first.pixels.shape == (48, 64, 3)
    pair = trace(picture, "a", model=model, seed=2, n=2)
    assert np.abs(pair[1].pixels.astype(int) - first.pixels).max() <= 1
    pixels = np.asarray(Image.open(picture))[:, ::-1]
    Image.fromarray(pixels).save("other.png")
    other = trace("other.png", "a", model=model, seed=3)[0].pixels
    assert np.abs(other.astype(int) - first.pixels).max() > 8


def test_the_file_tells_how_it_was_made(lined: Path, picture: str) -> None:
    words = ["trace", picture, "a", "--model", str(lined), "--seed", "5", "--detail", "0.8"]
    assert main([*words, "-o", "made.png"]) == 0
    command = show("made.png").command
    assert command[:4] == ("unstir", "trace", picture, "a")
    assert "--detail" in command
    assert main([*command[1:-1], "again.png"]) == 0
    assert Path("made.png").read_bytes()[-200:] == Path("again.png").read_bytes()[-200:]
    assert np.array_equal(*(np.asarray(Image.open(f)) for f in ("made.png", "again.png")))


def test_strokes_and_edges_are_told_apart(lined: Path, picture: str) -> None:
    """A stroke of a pen is one line as a drawing, and two edges as a picture."""
    pixels = np.full((64, 64, 3), 255, np.uint8)
    pixels[28:36] = 0
    Image.fromarray(pixels).save("pen.png")
    strokes = trace("pen.png", "a", model=str(lined), drawing=True).job.lines
    found = trace("pen.png", "a", model=str(lined)).job.lines
    assert strokes.shape == found.shape == (16, 16)
    assert (strokes.mean(1) > 0.5).sum() == 2
    assert strokes[7:9].min() == 1
    assert (found.mean(1) > 0.5).sum() == 2
    assert not found[7:9].all()


def test_what_cannot_be_traced_is_refused(
    lined: Path, home: Path, picture: str, tmp_path: Path
) -> None:
    Image.fromarray(np.full((32, 32, 3), 90, np.uint8)).save("flat.png")
    with pytest.raises(BadPicture, match=r"no strokes in flat\.png"):
        trace("flat.png", "a", model=str(lined), drawing=True)
    with pytest.raises(BadRequest, match="detail"):
        trace("flat.png", "a", model=str(lined), detail=1.5)
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save("it.png")
    with pytest.raises(BadRequest, match="tiny has no branch for lines"):
        trace("it.png", "a cat", model="tiny")


@pytest.mark.parametrize("detail", [0.0, 1.0])
@pytest.mark.parametrize(
    ("step", "helps"),
    [(0, []), (1, ["drawing"]), (60, ["a higher detail", "drawing"])], ids=str,
)  # fmt: skip
def test_where_there_are_no_edges_only_what_helps_is_advised(
    lined: Path, picture: str, step: int, helps: list[str], detail: float
) -> None:
    pixels = np.full((32, 32, 3), 90, np.uint8)
    pixels[:, 20:] += np.uint8(step)
    Image.fromarray(pixels).save("faint.png")
    if detail == 1 and step == 60:
        assert trace("faint.png", "a", model=str(lined), detail=1).job.lines.any()
        return
    with pytest.raises(BadPicture, match=r"no edges in faint\.png") as error:
        trace("faint.png", "a", model=str(lined), detail=detail)
    said = str(error.value)
    assert [way for way in ("a higher detail", "drawing") if way in said] == helps
    if step:
        assert trace("faint.png", "a", model=str(lined), drawing=True).job.lines.any()
    else:
        assert "of one color" in said


def test_alpha_and_the_profile_are_kept_but_paper_is_white(lined: Path, picture: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with Image.open(picture) as image:
        pixels = np.asarray(image)
    alpha = np.full(pixels.shape[:2], 255, np.uint8)
    alpha[:, :20] = 0
    Image.fromarray(np.dstack([pixels, alpha])).save("clear.png", icc_profile=profile)
    words = ["trace", "clear.png", "a", "--model", str(lined), "--seed", "5"]
    assert main([*words, "-o", "out.png"]) == 0
    with Image.open("out.png") as image:
        assert image.info["icc_profile"] == profile
        assert np.array_equal(np.asarray(image)[..., 3], alpha)
    assert main([*words, "-o", "out.jpg"]) == 3
    assert not Path("out.jpg").exists()
    assert main([*words, "--drawing", "-o", "out.jpg"]) == 0
    with Image.open("out.jpg") as image:
        assert image.info["icc_profile"] == profile


def test_no_edges_is_the_pictures_fault(
    lined: Path, picture: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (32, 32), "gray").save("flat.png")
    assert main(["trace", "flat.png", "a", "--model", str(lined), "-o", "out.png"]) == 3
    assert "no edges in flat.png" in capsys.readouterr().err


@pytest.mark.parametrize("part", ["control", "controlled"])
def test_a_branch_without_its_graph_is_refused(lined: Path, tmp_path: Path, part: str) -> None:
    import json
    import shutil

    folder = tmp_path / "half"
    shutil.copytree(lined, folder)
    said = json.loads((folder / "model.json").read_text())
    del (said if part == "control" else said["graphs"])[part]
    (folder / "model.json").write_text(json.dumps(said))
    with pytest.raises(BadModel, match="without the other"):
        read(folder)
