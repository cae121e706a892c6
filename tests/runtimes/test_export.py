"""Export: torch and onnxruntime read the same bytes and give the same picture; each weight is
stored once."""

import json
import shutil
import signal
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from unstir.conditions.numbers import Numbers
from unstir.core.noise import gaussian
from unstir.core.paths import path
from unstir.core.samplers.ddim import ddim
from unstir.networks.build import build
from unstir.networks.unet import UNet
from unstir.runtimes.export import add_student, redraw, replace_decoder, write
from unstir.runtimes.model import load
from unstir.runtimes.renewed import renewed, save
from unstir.tasks.generate import generate

UNET = dict(channels=4, widths=[32, 32], blocks=1, attention=[0, 1], tokens=6, embedding=32)
CODEC = dict(latent=4, widths=[16, 32], encoder=[1, 1], decoder=[1, 1])
MANIFEST = dict(
    kind="image",
    name="tiny",
    title="Random weights",
    network=dict(name="unet", sizes=UNET),
    codec=dict(name="autoencoder", sizes=CODEC, mean=[0.1, 0, 0, -0.2], std=[1.0, 2.0, 0.5, 1.0]),
    condition=dict(name="labels", classes=list("abcdef")),
    schedule=dict(name="flow", shift=1.0),
    parametrization="flow",
    shape=[4, 4, 4],
    size=[16, 16],
    defaults=dict(sampler="ddim", steps=5, scale=2.0, spacing="uniform"),
    licences={},
    aliases={},
    training={},
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    net, codec = build("unet", UNET), build("autoencoder", CODEC)
    with torch.no_grad():
        for p in [*net.parameters(), *codec.parameters()]:
            p.add_(0.05 * torch.randn_like(p))
    write(folder, MANIFEST, net, codec)
    return folder


def sample(model, n=2):
    tokens = model.condition.encode(["a", "c"])
    x = gaussian([3, 4], model.manifest.shape)(-1)[:n]
    for step in ddim(model.denoise(tokens), x, path(model.schedule, 5)):
        x = step.x
    return model.decode(x)


def test_torch_and_onnx_agree(tiny):
    a, b = sample(load(tiny)), sample(load(tiny, runtime="torch"))
    assert a.std() > 0.02
    assert np.abs(a - b).max() <= 1 / 255 * 0.1


def test_compiled_networks_are_compiled(tiny, monkeypatch):
    compiled = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda net: compiled.append(type(net)))
    assert np.array_equal(
        sample(load(tiny, runtime="torch", compile=True)), sample(load(tiny, runtime="torch"))
    )
    assert UNet in compiled
    assert len(compiled) == 3  # denoiser, encoder, decoder
    recipe = generate("a", model=str(tiny), runtime="torch", compile=True, size="native").recipe
    assert {"--runtime", "--compile"} < set(recipe.command("it.png"))
    assert "--device" not in recipe.command("it.png")
    assert recipe.to_json("it.png")["runtime"]["compiled"] is True


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_compiled_networks_agree(tiny):
    a, b = (sample(load(tiny, runtime="torch", compile=c)) for c in (True, False))
    np.testing.assert_allclose(a, b, atol=1e-4)


def test_a_device_that_is_not_there_is_told_of(tiny):
    with pytest.raises(ValueError, match="torch does not know"):
        load(tiny, runtime="torch", device="gpu7")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="torch sees none here"):
            load(tiny, runtime="torch", device="cuda")
    with pytest.raises(ValueError, match="torch sees none here"):
        load(tiny, runtime="torch", device="meta")


def test_what_cannot_be_compiled_says_so(tiny, monkeypatch):
    """As without a C++ compiler: this machine lacks something."""
    failure = type("InductorError", (RuntimeError,), {"__module__": "torch._inductor.exc"})

    def call(net, **_):
        raise failure("InvalidCxxCompiler: No working C++ compiler\n\nSet TORCHDYNAMO_VERBOSE=1")

    monkeypatch.setattr(UNet, "forward", call)
    with pytest.raises(OSError, match=r"cannot compile here .InvalidCxxCompiler: No working C"):
        sample(load(tiny, runtime="torch"))
    failure.__module__ = "torch"
    with pytest.raises(RuntimeError, match="VERBOSE"):
        sample(load(tiny, runtime="torch"))


def test_a_stop_leaves_the_model_that_was(tiny, tmp_path, monkeypatch):
    """In an export into the folder of a finished model: whole, to the last byte."""
    folder = tmp_path / "tiny"
    shutil.copytree(tiny, folder)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    net, codec = build("unet", UNET), build("autoencoder", CODEC)

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(torch.onnx, "export", stop)
    for export in (
        lambda: write(folder, MANIFEST, net, codec),
        lambda: add_student(folder, folder, net, {"steps": [1], "scale": 2.0}, {}),
        lambda: replace_decoder(folder, folder, codec, {}),
        lambda: redraw(folder),
    ):
        with pytest.raises(KeyboardInterrupt):
            export()
        assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    load(folder).manifest.verify()


def test_ctrl_c_waits_until_all_files_are_in_place(tmp_path, monkeypatch):
    """The description is the last of them."""
    placed, place = [], Path.replace

    def replacing(file, to):
        placed.append(file.name)
        signal.raise_signal(signal.SIGINT)
        return place(file, to)

    monkeypatch.setattr(Path, "replace", replacing)

    def exchange():
        with renewed(tmp_path) as new:
            save(new, {"files": {}})
            for name in ("a.onnx", "z.safetensors"):
                (new / name).write_bytes(b"")

    with pytest.raises(KeyboardInterrupt):
        exchange()
    assert sorted(placed) == ["a.onnx", "model.json", "z.safetensors"]
    assert placed[-1] == "model.json"
    assert {file.name for file in tmp_path.iterdir()} == set(placed)


def test_encoder_agrees(tiny):
    x = np.random.default_rng(0).uniform(-1, 1, (3, 3, 16, 16)).astype(np.float32)
    a, b = (load(tiny, runtime=r).encode(x) for r in ("onnx", "torch"))
    np.testing.assert_allclose(a, b, atol=1e-4)


def test_batch_size_is_free(tiny):
    model = load(tiny)
    x = gaussian(range(5), model.manifest.shape)(-1)
    tokens = model.condition.encode(list("abcde"))
    states, mask = tokens.states, tokens.mask
    whole = model.net(x, 0.3, states, mask)
    parts = [model.net(x[i : i + 1], 0.3, states[i : i + 1], mask[i : i + 1]) for i in range(5)]
    np.testing.assert_allclose(whole, np.concatenate(parts), atol=1e-5)


def test_each_weight_is_stored_once(tiny):
    """The graphs hold no large constant, and every reference lies inside the safetensors file."""
    for name in ("denoiser", "encoder", "decoder"):
        graph = onnx.load(tiny / f"{name}.onnx", load_external_data=False).graph
        outside = [t for t in graph.initializer if t.external_data]
        inside = sum(len(t.raw_data) for t in graph.initializer if not t.external_data)
        assert outside
        assert inside < 4096
        for tensor in outside:
            at = {e.key: e.value for e in tensor.external_data}
            size = (tiny / at["location"]).stat().st_size
            assert int(at["offset"]) + int(at["length"]) <= size


def test_safetensors_are_half_precision(tiny):
    raw = (tiny / "denoiser.safetensors").read_bytes()
    header = json.loads(raw[8 : 8 + struct.unpack("<Q", raw[:8])[0]])
    assert {e["dtype"] for k, e in header.items() if k != "__metadata__"} == {"F16"}


def test_changed_weights_are_noticed(tiny, tmp_path):
    for file in tiny.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    broken = bytearray((tmp_path / "denoiser.safetensors").read_bytes())
    broken[-1] ^= 1
    (tmp_path / "denoiser.safetensors").write_bytes(broken)
    with pytest.raises(ValueError, match=r"denoiser\.safetensors"):
        load(tmp_path)


def test_padded_is_bitwise(tiny):
    model = replace(load(tiny), padded=True)
    noise = gaussian(range(9), model.manifest.shape)(-1)
    tokens = model.condition.encode(list("abcdefabc"))
    whole = model.net(noise, 0.5, tokens.states, tokens.mask)
    one = model.net(noise[7:8], 0.5, tokens.states[7:8], tokens.mask[7:8])
    assert np.array_equal(whole[7:8], one)


@pytest.mark.parametrize(("last", "run"), [(0, 8), (7, 8), (8, 16), (17, 18)])
def test_tokens_that_nobody_has_are_not_computed(tmp_path, last, run):
    """Cut off, or masked where a padded model needs them: the same answer."""
    torch.manual_seed(0)
    names = [f"n{i}" for i in range(18)]
    said = Numbers(names, [0.0] * 18, [1.0] * 18).to_json()
    sizes = UNET | {"tokens": said["width"]}
    net = build("unet", sizes)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.05 * torch.randn_like(p))
    network = dict(name="unet", sizes=sizes)
    more = dict(condition=said, codec=None, network=network, size=[4, 4])
    write(tmp_path, MANIFEST | more, net, None)
    model = load(tmp_path)
    tokens = model.condition.encode([{"n0": 1.0}, {names[last]: -1.0}])
    x = gaussian([1, 2], model.manifest.shape)(-1)
    seen = []

    def watched(*arrays):
        seen.append(arrays[2].shape[1])
        return model.graphs["denoiser"](*arrays)

    short = replace(model, graphs={"denoiser": watched}).net(x, 0.5, tokens.states, tokens.mask)
    full = replace(model, padded=True).net(x, 0.5, tokens.states, tokens.mask)
    assert seen == [run]
    assert short.std() > 0.1
    np.testing.assert_allclose(short, full, atol=1e-5)
