"""Rules of matrix products and what is made of them: each factor gets the cotangent times the other
factor, transposed."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from explorer.explain.rule import Array, Fired, FormulaError, Numbers, Rule, rule
from explorer.language import _


def t(matrix: Array) -> Numbers:
    """The transpose of each matrix, complex ones conjugated."""
    return np.conj(np.swapaxes(matrix, -1, -2))


def _taps(n: Fired) -> Iterator[tuple[int, ...]]:
    return itertools.product(*map(range, n.weight.shape[2:]))


def _at(*places: Any) -> Any:
    """An index with `places` in the last dimensions."""
    return (..., *places)


def _window(n: Fired, tap: tuple[int, ...], sizes: tuple[int, ...]) -> Any:
    """Where in the padded input one tap of the kernel was laid."""
    laid = zip(tap, n.dilation, n.stride, sizes, strict=True)
    return _at(*(slice(k * d, k * d + s * (size - 1) + 1, s) for k, d, s, size in laid))


def _plain(n: Fired) -> None:
    if n.transposed:
        raise FormulaError(_("no formula is written for a transposed convolution"))


def _grouped(array: Array, groups: int) -> Numbers:
    """(samples, groups, channels of the group, positions)."""
    return array.reshape(len(array), groups, array.shape[1] // groups, -1)


def _conv_input(n: Fired) -> Numbers:
    _plain(n)
    sizes, groups = n.g.shape[2:], n.groups
    padded = [size + 2 * p for size, p in zip(n.shape[2:], n.padding, strict=True)]
    whole = np.zeros((*n.shape[:2], *padded))
    g = _grouped(n.g, groups)
    for tap in _taps(n):
        w = n.weight[_at(*tap)].reshape(groups, -1, n.weight.shape[1])
        sent = np.einsum("ngop,goc->ngcp", g, w)
        whole[_window(n, tap, sizes)] += sent.reshape(*n.shape[:2], *sizes)
    inside = [slice(p, p + size) for p, size in zip(n.padding, n.shape[2:], strict=True)]
    return whole[_at(*inside)]


def _conv_weight(n: Fired) -> Numbers:
    _plain(n)
    groups = n.groups
    padding = [(0, 0), (0, 0), *((p, p) for p in n.padding)]
    padded = np.pad(n.input, padding)
    g = _grouped(n.g, groups)
    whole = np.zeros(n.shape)
    for tap in _taps(n):
        x = _grouped(padded[_window(n, tap, n.g.shape[2:])], groups)
        made = np.einsum("ngop,ngcp->goc", g, x)
        whole[_at(*tap)] = made.reshape(n.shape[:2])
    return whole


def _chances(n: Fired) -> Numbers:
    """What softmax made of the scores: rows sum to 1."""
    scores = _scale(n) * n.query @ t(n.key)
    if n.has("attn_mask"):
        mask = n.attn_mask
        scores = scores + (np.where(mask, 0, -np.inf) if mask.dtype == bool else mask)
    if n.is_causal:
        scores = np.where(np.tri(*scores.shape[-2:], dtype=np.bool_), scores, -np.inf)
    return np.exp(scores - n.logsumexp[..., None])


def _scale(n: Fired) -> float:
    return float(1 / math.sqrt(n.query.shape[-1]) if n.scale is None else n.scale)


def _scores(n: Fired) -> Numbers:
    """The cotangent of the scores, through softmax and the scale."""
    if n.dropout_p:
        raise FormulaError(_("no formula is written for attention with dropout"))
    p = _chances(n)
    return _scale(n) * p * (n.g @ t(n.value) - (n.g * n.output).sum(-1, keepdims=True))


_MM = "Each factor gets the cotangent times the other factor, transposed."

PRODUCTS: dict[str, Rule] = {
    "MmBackward0 BmmBackward0": rule(
        _MM,
        ("g · mat2ᵀ", lambda n: n.g @ t(n.mat2)),
        ("selfᵀ · g", lambda n: t(n.self) @ n.g),
    ),
    "AddmmBackward0": rule(
        "A linear layer: the bias gets the cotangent, each factor gets it times the other, "
        "transposed.",
        ("beta · g", lambda n: n.beta * n.g),
        ("alpha · g · mat2ᵀ", lambda n: n.alpha * n.g @ t(n.mat2)),
        ("alpha · mat1ᵀ · g", lambda n: n.alpha * t(n.mat1) @ n.g),
    ),
    "BaddbmmBackward0": rule(
        "What was added gets the cotangent, each factor gets it times the other, transposed.",
        ("beta · g", lambda n: n.beta * n.g),
        ("alpha · g · batch2ᵀ", lambda n: n.alpha * n.g @ t(n.batch2)),
        ("alpha · batch1ᵀ · g", lambda n: n.alpha * t(n.batch1) @ n.g),
    ),
    "MvBackward0": rule(
        "The matrix gets g beside the vector, each with each; the vector gets the matrix's rows, "
        "weighted by g.",
        ("g · vecᵀ", lambda n: np.outer(n.g, np.conj(n.vec))),
        ("selfᵀ · g", lambda n: t(n.self) @ n.g),
    ),
    "AddmvBackward0": rule(
        "What was added gets the cotangent; matrix and vector as in a product.",
        ("beta · g", lambda n: n.beta * n.g),
        ("alpha · g · vecᵀ", lambda n: n.alpha * np.outer(n.g, np.conj(n.vec))),
        ("alpha · matᵀ · g", lambda n: n.alpha * t(n.mat) @ n.g),
    ),
    "DotBackward0": rule(
        "Each vector gets the other, times the one number that comes in.",
        ("g · tensor", lambda n: n.g * np.conj(n.tensor)),
        ("g · self", lambda n: n.g * np.conj(n.self)),
    ),
    "ConvolutionBackward0": rule(
        "Each input pixel gets the cotangents of all places that saw it, each times the weight it "
        "was seen with; each weight those of all places, times the pixel under it.",
        ("g ⋆ weight, turned round", _conv_input),
        ("input ⋆ g", _conv_weight),
        ("sum of g over samples and places", lambda n: n.g.sum((0, *range(2, n.g.ndim)))),
    ),
    "ScaledDotProductFlashAttentionForCpuBackward0": rule(
        "The values get the cotangent as the weights shared it out; queries and keys get it "
        "through softmax, each times the other.",
        ("s · P∘(g·valueᵀ − Σ g∘output) · key", lambda n: _scores(n) @ n.key),
        ("s · [P∘(g·valueᵀ − Σ g∘output)]ᵀ · query", lambda n: t(_scores(n)) @ n.query),
        ("Pᵀ · g", lambda n: t(_chances(n)) @ n.g),
    ),
}
