"""Rules of nodes that make many numbers into few: sums, means, extremes, norms, softmax, the
normalising layers and the losses."""

import math
from collections.abc import Callable

import numpy as np

from explorer.explain.pointwise import sigmoid
from explorer.explain.rule import (
    Array,
    Fired,
    FormulaError,
    Numbers,
    Rule,
    along,
    axes_of,
    kept,
    rule,
)
from explorer.explain.shapes import scatter
from explorer.language import _

# ------------------------------------------------------------------------------------------- sums


def _spread(n: Fired) -> Numbers:
    """g in every place that went into its sum."""
    return np.broadcast_to(kept(n.g, n, axes_of(n.dim, len(n.shape))), n.shape)


def _share(n: Fired) -> float:
    axes = axes_of(n.dim, len(n.shape))
    return math.prod(n.shape[axis] for axis in axes)


def _others(x: Array, axis: int) -> Numbers:
    """For each element the product of all others along `axis`."""
    ones = np.ones_like(np.take(x, [0], axis)) if x.shape[axis] else x
    first, last = along(axis, x.ndim, slice(None, -1)), along(axis, x.ndim, slice(1, None))
    left = np.cumprod(np.concatenate([ones, x[first]], axis), axis)
    right = np.flip(np.cumprod(np.concatenate([ones, np.flip(x[last], axis)], axis), axis), axis)
    return left * right


def _prod_all(n: Fired) -> Numbers:
    return n.g * _others(n.self.reshape(-1), 0).reshape(n.shape)


def _prod_dim(n: Fired) -> Numbers:
    axes = axes_of(n.dim, len(n.shape))
    return kept(n.g, n, axes) * (_others(n.self, axes[0]) if axes else 1.0)


def _cumsum(n: Fired) -> Numbers:
    if not n.shape:
        return n.g
    return np.flip(np.cumsum(np.flip(n.g, n.dim), n.dim), n.dim)


def _variance(n: Fired, result: bool) -> Numbers:
    axes = axes_of(n.dim, len(n.shape))
    count = math.prod(n.shape[axis] for axis in axes) - (
        1 if n.correction is None else n.correction
    )
    apart = n.self - n.self.mean(axis=axes, keepdims=True)
    g = kept(n.g, n, axes)
    if result:
        return g * apart / (kept(n.result, n, axes) * count)
    return g * 2 * apart / count


# --------------------------------------------------------------------------------------- extremes


def _ties(n: Fired) -> Numbers:
    """g shared out evenly among all elements that are the result."""
    axes = axes_of(n.dim, len(n.shape)) if n.has("dim") else axes_of(None, len(n.shape))
    result, g = n.result, n.g
    if n.has("dim"):
        result, g = kept(result, n, axes), kept(g, n, axes)
    won = n.self == result
    return g * won / won.sum(axis=axes, keepdims=True)


def _picked(n: Fired) -> Numbers:
    if not n.shape:
        return n.g
    axes = axes_of(n.dim, len(n.shape))
    return scatter(n, n.dim, kept(n.indices, n, axes), kept(n.g, n, axes))


def _pool(n: Fired) -> Numbers:
    places = math.prod(n.shape[-2:])
    whole = np.zeros((math.prod(n.shape[:-2]), places))
    index = n.result1.reshape(len(whole), -1)
    np.add.at(whole, (np.arange(len(whole))[:, None], index), n.g.reshape(index.shape))
    return whole.reshape(n.shape)


def _average_pool(n: Fired) -> Numbers:
    if n.ceil_mode or n.divisor_override or not (n.count_include_pad or n.padding == (0, 0)):
        raise FormulaError(_("no formula is written for windows of different sizes"))
    step, sizes = n.stride or n.kernel_size, n.g.shape[-2:]
    whole = np.zeros(
        (*n.shape[:-2], *(s + 2 * p for s, p in zip(n.shape[-2:], n.padding, strict=True)))
    )
    for down in range(n.kernel_size[0]):
        for right in range(n.kernel_size[1]):
            rows = slice(down, down + step[0] * (sizes[0] - 1) + 1, step[0])
            columns = slice(right, right + step[1] * (sizes[1] - 1) + 1, step[1])
            whole[..., rows, columns] += n.g / math.prod(n.kernel_size)
    top, left = n.padding
    return whole[..., top : top + n.shape[-2], left : left + n.shape[-1]]


def _norm(n: Fired) -> Numbers:
    axes = axes_of(n.dim, len(n.shape))
    x, p = n.self, float(n.ord)
    result, g = kept(n.result, n, axes), kept(n.g, n, axes)
    if p == 0:
        return 0 * g * x
    if math.isinf(p):
        won = np.abs(x) == result
        return g * np.sign(x) * won / won.sum(axis=axes, keepdims=True)
    slope = np.sign(x) * np.abs(x) ** (p - 1) * result ** (1 - p)
    return g * np.where(result == 0, np.sign(x) if p == 1 else 0.0, slope)


# ------------------------------------------------------------------------- softmax, normalising


def _softmax(n: Fired) -> Numbers:
    dim = n.dim if n.g.ndim else None
    return n.result * (n.g - (n.g * n.result).sum(axis=dim, keepdims=True))


def _log_softmax(n: Fired) -> Numbers:
    dim = n.dim if n.g.ndim else None
    return n.g - np.exp(n.result) * n.g.sum(axis=dim, keepdims=True)


def _logsumexp(n: Fired) -> Numbers:
    axes = axes_of(n.dim, len(n.shape))
    return kept(n.g, n, axes) * np.exp(n.self - kept(n.result, n, axes))


def _normalised(h: Array, x: Array, scale: Array, axes: tuple[int, ...]) -> Numbers:
    """What goes through x̂ = (x − mean) · scale, where mean and scale come from x along `axes`."""
    mean_h = h.mean(axis=axes, keepdims=True)
    return scale * (h - mean_h - x * (h * x).mean(axis=axes, keepdims=True))


def _layer_axes(n: Fired) -> tuple[int, ...]:
    return tuple(range(n.input.ndim - len(n.normalized_shape), n.input.ndim))


def _layer_x(n: Fired) -> Numbers:
    return (n.input - n.result1) * n.result2


def _layer_input(n: Fired) -> Numbers:
    h = n.g * n.weight if n.has("weight") else n.g
    return _normalised(h, _layer_x(n), n.result2, _layer_axes(n))


def _channels(n: Fired, array: Array) -> Numbers:
    return array.reshape(-1, *(1,) * (n.input.ndim - 2))


def _batch(n: Fired) -> tuple[Array, Array]:
    """x̂ and the scale of each channel."""
    if n.training:
        mean, scale = n.result1, n.result2
    else:
        mean, scale = n.running_mean, 1 / np.sqrt(n.running_var + n.eps)
    scale = _channels(n, scale)
    return (n.input - _channels(n, mean)) * scale, scale


def _batch_input(n: Fired) -> Numbers:
    x, scale = _batch(n)
    h = n.g * _channels(n, n.weight) if n.has("weight") else n.g
    if not n.training:
        return h * scale
    return _normalised(h, x, scale, (0, *range(2, n.input.ndim)))


def _batch_sum(n: Fired, array: Array) -> Numbers:
    return array.sum((0, *range(2, n.input.ndim)))


def _grouped(n: Fired, array: Array) -> Numbers:
    return array.reshape(n.N, n.group, -1)


def _group_x(n: Fired) -> Numbers:
    return (_grouped(n, n.input) - n.result1[..., None]) * n.result2[..., None]


def _group_input(n: Fired) -> Numbers:
    h = n.g * _channels(n, n.weight) if n.has("weight") else n.g
    sent = _normalised(_grouped(n, h), _group_x(n), n.result2[..., None], (2,))
    return sent.reshape(n.shape)


# ------------------------------------------------------------------------------------------ losses

_MEAN = 1
"""torch's number for reduction="mean"; 0 is none, 2 is sum."""


def _reduced(n: Fired, slope: Array) -> Numbers:
    """g times the slope of each element's loss, shared out if the loss is their mean."""
    return n.g * slope / (slope.size if n.reduction == _MEAN else 1)


def _loss(slope: Callable[[Fired], Array], sign: int = 1) -> Callable[[Fired], Array]:
    return lambda n: _reduced(n, sign * slope(n))


def _apart(n: Fired) -> Numbers:
    return n.self - n.target


def _smooth(n: Fired) -> Numbers:
    return np.clip(_apart(n) / n.beta, -1, 1) if n.beta else np.sign(_apart(n))


def _huber(n: Fired) -> Numbers:
    return np.clip(_apart(n), -n.delta, n.delta)


def _weighted(n: Fired, slope: Array) -> Numbers:
    return np.broadcast_to(slope * n.weight, n.self.shape) if n.has("weight") else slope


def _bce(n: Fired) -> Numbers:
    x = n.self
    return _reduced(n, _weighted(n, (x - n.target) / np.maximum((1 - x) * x, 1e-12)))


def _bce_logits(n: Fired) -> Numbers:
    y, s = n.target, sigmoid(n.self)
    slope = s - y
    if n.has("pos_weight"):
        slope = (1 + (n.pos_weight - 1) * y) * s - n.pos_weight * y
    return _reduced(n, _weighted(n, slope))


def _bce_logits_target(n: Fired) -> Numbers:
    x = n.self
    slope = -x
    if n.has("pos_weight"):
        slope = np.log(sigmoid(-x)) - n.pos_weight * np.log(sigmoid(x))
    return _reduced(n, _weighted(n, slope))


def _nll(n: Fired) -> Numbers:
    whole = np.zeros(n.shape)
    x = whole.reshape(1, -1) if whole.ndim == 1 else whole
    target = n.target.reshape(1) if n.target.ndim == 0 else n.target
    used = target != n.ignore_index
    safe = np.where(used, target, 0)
    weight = (n.weight[safe] if n.has("weight") else np.ones(target.shape)) * used
    g = np.broadcast_to(n.g, target.shape)
    sent = -g * weight / (n.total_weight if n.reduction == _MEAN else 1)
    places = list(np.indices(target.shape))
    np.add.at(x, (places[0], safe, *places[1:]), sent)
    return whole


_EVERYWHERE = "Every number that went into the sum gets the cotangent as it is."
_SHARED = "Every number that went into the mean gets an equal share of the cotangent."
_WINNERS = "Only the winner gets the cotangent; several equal ones share it."
_PLACE = "Only the place that won gets the cotangent."

REDUCTIONS: dict[str, Rule] = {
    "SumBackward0": rule(
        _EVERYWHERE, ("g in every place", lambda n: np.broadcast_to(n.g, n.shape))
    ),
    "SumBackward1": rule(_EVERYWHERE, ("g in every place along dim", _spread)),
    "MeanBackward0": rule(
        _SHARED,
        ("g / n in every place", lambda n: np.broadcast_to(n.g, n.shape) / math.prod(n.shape)),
    ),
    "MeanBackward1": rule(
        _SHARED, ("g / n in every place along dim", lambda n: _spread(n) / _share(n))
    ),
    "ProdBackward0": rule(
        "Each factor gets the cotangent times the product of all others.",
        ("g · product of the others", _prod_all),
    ),
    "ProdBackward1": rule(
        "Each factor gets the cotangent times the product of all others.",
        ("g · product of the others along dim", _prod_dim),
    ),
    "CumsumBackward0": rule(
        "Each number went into its own sum and all later ones.",
        ("sum of g from here on", _cumsum),
    ),
    "VarBackward0": rule(
        "Each number gets twice its distance from the mean, shared out.",
        ("g · 2 · (self − mean) / (n − correction)", lambda n: _variance(n, False)),
    ),
    "StdBackward0": rule(
        "Each number gets its distance from the mean in standard deviations, shared out.",
        ("g · (self − mean) / (result · (n − correction))", lambda n: _variance(n, True)),
    ),
    "MaxBackward1 MinBackward1 AmaxBackward0 AminBackward0 MedianBackward0": rule(
        _WINNERS, ("g / ties where self = result, else 0", _ties)
    ),
    "MaxBackward0 MinBackward0 MedianBackward1 KthvalueBackward0": rule(
        _PLACE, ("g at indices, else 0", _picked)
    ),
    "MaxPool2DWithIndicesBackward0": rule(
        "In each window only the pixel that won gets the cotangent.",
        ("g at result1, else 0", _pool),
    ),
    "AvgPool2DBackward0": rule(
        "Each pixel gets an equal share from every window that it was in.",
        ("sum of g / window size over its windows", _average_pool),
    ),
    "LinalgVectorNormBackward0": rule(
        "The direction of the vector: for the usual norm, each number over the length.",
        ("g · sgn self · (|self| / result)^(ord−1)", _norm),
    ),
    "SoftmaxBackward0": rule(
        "Softmax sends back how much each g stands above their average, weighted by the result; "
        "it always sums to 0.",
        ("result · (g − Σ g·result)", _softmax),
    ),
    "LogSoftmaxBackward0": rule(
        "What came in, less the share that softmax gives of its sum; it always sums to 0.",
        ("g − exp(result) · Σ g", _log_softmax),
    ),
    "LogsumexpBackward0": rule(
        "logsumexp shares the cotangent out by softmax.", ("g · exp(self − result)", _logsumexp)
    ),
    "NativeLayerNormBackward0": rule(
        "Mean and spread of each sample depend on all its numbers, so what would only shift or "
        "stretch them is taken out. x̂ is the normalised input.",
        ("result2 · (h − mean h − x̂ · mean h·x̂), h = g · weight", _layer_input),
        ("Σ g · x̂", lambda n: n.g * _layer_x(n)),
        ("Σ g", lambda n: n.g),
    ),
    "NativeBatchNormBackward0": rule(
        "Mean and spread of each channel depend on the whole batch, so what would only shift or "
        "stretch it is taken out. x̂ is the normalised input.",
        ("result2 · (h − mean h − x̂ · mean h·x̂), h = g · weight", _batch_input),
        ("Σ g · x̂", lambda n: _batch_sum(n, n.g * _batch(n)[0])),
        ("Σ g", lambda n: _batch_sum(n, n.g)),
    ),
    "NativeGroupNormBackward0": rule(
        "Mean and spread of each group depend on all its numbers, so what would only shift or "
        "stretch them is taken out. x̂ is the normalised input.",
        ("result2 · (h − mean h − x̂ · mean h·x̂), h = g · weight", _group_input),
        ("Σ g · x̂", lambda n: _batch_sum(n, n.g * _group_x(n).reshape(n.g.shape))),
        ("Σ g", lambda n: _batch_sum(n, n.g)),
    ),
    "MseLossBackward0": rule(
        "Twice the distance to the target, shared out if the loss is a mean.",
        ("g · 2 · (self − target) / n", _loss(lambda n: 2 * _apart(n))),
        ("−g · 2 · (self − target) / n", _loss(lambda n: 2 * _apart(n), -1)),
    ),
    "SmoothL1LossBackward0": rule(
        "The distance to the target, cut off at one, shared out if the loss is a mean.",
        ("g · clip((self − target) / beta, ±1) / n", _loss(_smooth)),
        ("−g · clip((self − target) / beta, ±1) / n", _loss(_smooth, -1)),
    ),
    "HuberLossBackward0": rule(
        "The distance to the target, cut off at delta, shared out if the loss is a mean.",
        ("g · clip(self − target, ±delta) / n", _loss(_huber)),
        ("−g · clip(self − target, ±delta) / n", _loss(_huber, -1)),
    ),
    "BinaryCrossEntropyBackward0": rule(
        "Chance minus target, over the variance of the chance.",
        ("g · (self − target) / (self · (1 − self)) / n", _bce),
    ),
    "BinaryCrossEntropyWithLogitsBackward0": rule(
        "Simply chance minus target: the slope of the sigmoid cancels.",
        ("g · (σ(self) − target) / n", _bce_logits),
        ("−g · self / n", _bce_logits_target),
    ),
    "NllLossBackward0 NllLoss2DBackward0": rule(
        "Only the score of the right class gets anything: minus its weight, shared out.",
        ("−g · weight / total_weight at target, else 0", _nll),
    ),
}
