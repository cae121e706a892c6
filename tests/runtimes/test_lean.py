"""Exported graphs have few nodes and compute what torch computes."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.runtimes.test_export import CODEC, MANIFEST, UNET, build
from unstir.networks.layers import norm, unit
from unstir.runtimes.export import redraw, write, write_graph
from unstir.runtimes.manifest import read
from unstir.runtimes.model import load


class Units(nn.Module):
    def forward(self, x):
        return unit(x)


class Seen(nn.Module):
    """Attention of x to itself, with a scale or its own, and with what a mask leaves of it."""

    def __init__(self, scale=None, added=False):
        super().__init__()
        self.scale, self.added = scale, added

    def forward(self, x, mask):
        bias = 3.0 * mask if self.added else mask > 0.5
        return F.scaled_dot_product_attention(
            x, x, x + 1, bias[:, None, None, :], scale=self.scale
        )


def exported(folder, net, **inputs):
    """The graph's nodes, and what it makes of the inputs."""
    write_graph(folder, "net", net, inputs, "out")
    kinds = [
        n.op_type for n in onnx.load(folder / "net.onnx", load_external_data=False).graph.node
    ]
    session = onnxruntime.InferenceSession(folder / "net.onnx")
    return kinds, session.run(None, {k: v.numpy() for k, v in inputs.items()})[0]


def test_unit_vectors_are_one_node_and_nothing_stays_nothing(tmp_path):
    x = torch.randn(3, 5, 8)
    x[1, 2] = 0
    kinds, out = exported(tmp_path, Units(), x=x)
    assert kinds == ["LpNormalization"]
    assert np.all(out[1, 2] == 0)
    np.testing.assert_allclose(out, unit(x).numpy(), atol=1e-6)


@pytest.mark.parametrize("space", [(6,), (4, 6), (2, 4, 6)])
def test_group_normalization(tmp_path, space):
    net, x = norm(32), torch.randn(3, 32, *space)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn_like(p).half())
        said = net(x).numpy()
    kinds, out = exported(tmp_path, net, input=x)
    assert len(kinds) <= 9
    np.testing.assert_allclose(out, said, atol=1e-5)


@pytest.mark.parametrize("scale", [None, 1.0, 0.3])
@pytest.mark.parametrize("added", [False, True])
def test_attention(tmp_path, scale, added):
    net, x = Seen(scale, added), torch.randn(2, 3, 5, 8)
    mask = (torch.rand(2, 5) > 0.4).float()
    mask[:, 0] = 1
    _, out = exported(tmp_path, net, x=x, mask=mask)
    np.testing.assert_allclose(out, net(x, mask).numpy(), atol=1e-5)


def test_graphs_are_drawn_anew_from_the_same_weights(tmp_path):
    torch.manual_seed(0)
    net = build("unet", UNET)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.05 * torch.randn_like(p))
    write(tmp_path, MANIFEST, net, build("autoencoder", CODEC))
    before = {f.name: f.read_bytes() for f in tmp_path.iterdir()}
    said = read(tmp_path).raw
    for name in ("denoiser", "encoder", "decoder"):
        (tmp_path / f"{name}.onnx").write_bytes(b"of an older version")
    redraw(tmp_path)
    assert read(tmp_path).raw == said
    assert {f.name: f.read_bytes() for f in tmp_path.iterdir()} == before
    load(tmp_path)


def test_the_shipped_denoiser_has_few_nodes():
    graph = onnx.load("unstir/models/emoji/denoiser.onnx", load_external_data=False).graph
    assert len(graph.node) < 1_600  # 300 of them read weights
    assert not {n.op_type for n in graph.node} & {"CastLike", "SplitToSequence", "IsNaN", "If"}
