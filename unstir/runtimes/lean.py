"""Graphs of few nodes: a small network spends as long on its nodes as on its sums.

torch's exporter writes normalizations and attention as a dozen nodes each, with shapes computed
anew at every run. `TABLE` says them in the operations of opset 18, and `lean` folds what is known
beforehand, but no weight: those stay where they are stored (export.py). The emoji denoiser has
1,240 nodes instead of 4,200 and opens in a quarter of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import torch
from onnxscript import ir, opset18
from onnxscript.optimizer import optimize_ir
from onnxscript.rewriter import rewrite
from onnxscript.rewriter.pattern import RewriteRule

op: Any = opset18
HIDDEN = -1e9
"""What is added to the scores of what attention must not see."""


def _group_norm(
    x: Any, num_groups: int, weight: Any, bias: Any, eps: float = 1e-5, cudnn_enabled: bool = True
) -> Any:
    """Each group as one instance, then the channels' own scales and shifts."""
    channels_and_space = list(x.shape)[1:]
    ones, zeros = (op.Constant(value_floats=[v] * num_groups) for v in (1.0, 0.0))
    y = op.Reshape(x, op.Constant(value_ints=[0, num_groups, -1]))
    y = op.InstanceNormalization(y, ones, zeros, epsilon=eps)
    y = op.Reshape(y, op.Constant(value_ints=[0, *channels_and_space]))
    axes = op.Constant(value_ints=list(range(1, len(channels_and_space))))
    return op.Add(op.Mul(y, op.Unsqueeze(weight, axes)), op.Unsqueeze(bias, axes))


def _attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """softmax(scale q k^T + mask) v, of a mask that says what is seen or what is added."""
    if dropout_p or is_causal or enable_gqa:
        raise ValueError("attention is exported without dropout, causality and grouped queries")
    axes = list(range(len(key.shape)))
    scores = op.MatMul(query, op.Transpose(key, perm=[*axes[:-2], axes[-1], axes[-2]]))
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    if scale != 1.0:
        scores = op.Mul(scores, op.Constant(value_float=scale))
    if attn_mask is not None and attn_mask.dtype == ir.DataType.BOOL:
        seen, hidden = (op.Constant(value_float=v) for v in (0.0, HIDDEN))
        attn_mask = op.Where(attn_mask, seen, hidden)
    if attn_mask is not None:
        scores = op.Add(scores, attn_mask)
    return op.MatMul(op.Softmax(scores, axis=-1), value)


TABLE: dict[Callable[..., Any], Callable[..., Any]] = {
    torch.ops.aten.group_norm.default: _group_norm,
    torch.ops.aten.scaled_dot_product_attention.default: _attention,
}
"""torch's operations, and the functions that write their nodes."""


def lean(model: ir.Model, weights: Collection[str]) -> None:
    """Fold what is known beforehand and say unit vectors (`networks.layers.unit`) in one node, in
    place; nodes that read one of `weights` stay."""

    def folds(node: ir.Node) -> bool | None:
        return False if any(v is not None and v.name in weights for v in node.inputs) else None

    optimize_ir(model, should_fold=folds, num_iterations=3)
    rewrite(model, pattern_rewrite_rules=[RewriteRule(_divided, _unit, _last)])


def _divided(op: Any, x: Any, two: Any, axes: Any) -> Any:
    """x / |x|; the optimizer takes the 1e-12 below the root for nothing, LpNormalization needs
    none."""
    return op.Mul(x, op.Reciprocal(op.Sqrt(op.ReduceSum(op.Pow(x, two), axes, keepdims=1))))


def _last(_: Any, two: ir.Value, axes: ir.Value, **__: Any) -> bool:
    """Whether it is the root of the squares' sum along the last axis."""
    said = [None if v.const_value is None else v.const_value.numpy().tolist() for v in (two, axes)]
    return said == [2.0, [-1]]


def _unit(op: Any, x: Any, **_: Any) -> Any:
    return op.LpNormalization(x, axis=-1, p=2)
