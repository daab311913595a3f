"""Rules of nodes that only move numbers: nothing is computed, each element goes back where it came
from, and what was used several times gets the sum."""

from typing import Any

import numpy as np

from explorer.explain.rule import Array, Fired, Numbers, Rule, along, placed, rule


def _permute(n: Fired) -> Numbers:
    dims = [dim % n.g.ndim for dim in n.dims]
    return np.transpose(n.g, np.argsort(dims))


def _slice(n: Fired) -> Numbers:
    return placed(n, along(n.dim, len(n.shape), slice(n.start, n.end, n.step)))


def _cat(n: Fired) -> Numbers:
    dim = n.dim % n.g.ndim
    start = sum(n.shape_of(slot)[dim] for slot in range(n.slot))
    return n.g[along(dim, n.g.ndim, slice(start, start + n.shape[dim]))]


def _where(n: Fired) -> Any:
    return tuple(slice(None) if one is None else one for one in n.several("indices"))


def _index(n: Fired) -> Numbers:
    whole = np.zeros(n.shape)
    np.add.at(whole, _where(n), n.g)
    return whole


def _overwritten(n: Fired) -> Numbers:
    kept = n.g.copy()
    if not n.accumulate:
        kept[_where(n)] = 0
    return kept


def _index_select(n: Fired) -> Numbers:
    whole = np.zeros(n.shape)
    np.add.at(whole, along(n.dim, len(n.shape), n.index), n.g)
    return whole


def scatter(n: Fired, dim: int, index: Array, g: Array) -> Numbers:
    """Zeros of the shape that goes out, with each element of `g` added where `index` says."""
    if not n.shape:
        return g.reshape(())
    grid: list[Array] = list(np.indices(index.shape))
    grid[dim % len(n.shape)] = index
    whole = np.zeros(n.shape)
    np.add.at(whole, tuple(grid), g)
    return whole


def _repeat(n: Fired) -> Numbers:
    lead = len(n.repeats) - len(n.shape)
    sizes = (1,) * lead + n.shape
    split = [part for pair in zip(n.repeats, sizes, strict=True) for part in pair]
    made: Array = n.g.reshape(split).sum(axis=tuple(range(0, len(split), 2)))
    return made.reshape(n.shape)


def _pad(n: Fired) -> Numbers:
    pairs = list(zip(n.pad[::2], n.pad[1::2], strict=True))[::-1]
    pairs = [(0, 0)] * (n.g.ndim - len(pairs)) + pairs
    kept = tuple(
        slice(max(low, 0), size - max(high, 0))
        for (low, high), size in zip(pairs, n.g.shape, strict=True)
    )
    # A negative padding cuts off, and what was cut off gets 0.
    return np.pad(n.g[kept], [(max(-low, 0), max(-high, 0)) for low, high in pairs])


def _diagonal(n: Fired) -> Numbers:
    whole = np.zeros(n.shape)
    view = np.diagonal(whole, n.offset, n.dim1, n.dim2)
    view.flags.writeable = True
    view[...] = n.g
    return whole


def _embedding(n: Fired) -> Numbers:
    whole = np.zeros(n.shape)
    rows = n.indices.ravel()
    used = rows != n.padding_idx
    scale = np.ones(len(rows))
    if n.scale_grad_by_freq:
        scale = 1 / np.bincount(rows, minlength=len(whole))[rows]
    flat = n.g.reshape(len(rows), -1) * scale[:, None]
    np.add.at(whole, rows[used], flat[used])
    return whole


_ARRANGED = "Only the arrangement changed: each number goes back to the place it came from."
_PICKED = "What was picked gets the cotangent; what was left out gets 0."

SHAPES: dict[str, Rule] = {
    "ViewBackward0 ReshapeAliasBackward0 UnsafeViewBackward0 SqueezeBackward0 SqueezeBackward1 "
    "SqueezeBackward2 SqueezeBackward3 SqueezeBackward4 SqueezeBackward5 UnsqueezeBackward0 "
    "ReshapeBackward0 ViewBackward1": rule(
        _ARRANGED, ("g, in the shape of the input", lambda n: n.g.reshape(n.shape))
    ),
    "TBackward0": rule(_ARRANGED, ("gᵀ", lambda n: n.g.T)),
    "TransposeBackward0": rule(
        _ARRANGED,
        (
            "g with dim0 and dim1 swapped",
            lambda n: np.swapaxes(n.g, n.dim0, n.dim1) if n.g.ndim else n.g,
        ),
    ),
    "PermuteBackward0": rule(_ARRANGED, ("g with its dims back in order", _permute)),
    "FlipBackward0": rule(_ARRANGED, ("g flipped", lambda n: np.flip(n.g, n.dims))),
    "RollBackward0": rule(
        _ARRANGED,
        (
            "g rolled back",
            lambda n: (
                np.roll(n.g, tuple(-s for s in n.shifts), n.dims)
                if n.dims
                else np.roll(n.g, -n.shifts[0])
            ),
        ),
    ),
    "CloneBackward0 AliasBackward0 ToCopyBackward0 CopyBackwards DetachBackward0": rule(
        "A copy passes on what it gets.", ("g", lambda n: n.g)
    ),
    "ExpandBackward0": rule(
        "What was used in several places gets the sum of what each place sends back.",
        ("sum of g over the copies", lambda n: n.g),
    ),
    "RepeatBackward0": rule(
        "What was used in several places gets the sum of what each place sends back.",
        ("sum of g over the copies", _repeat),
    ),
    "SelectBackward0": rule(
        _PICKED,
        ("g at index, else 0", lambda n: placed(n, along(n.dim, len(n.shape), n.index))),
    ),
    "SliceBackward0": rule(_PICKED, ("g at start:end:step, else 0", _slice)),
    "IndexBackward0": rule(
        "Each element that was picked gets the sum over the times it was picked.",
        ("sum of g by indices", _index),
    ),
    "IndexSelectBackward0": rule(
        "Each element that was picked gets the sum over the times it was picked.",
        ("sum of g by index", _index_select),
    ),
    "GatherBackward0": rule(
        "Each element that was picked gets the sum over the times it was picked.",
        ("sum of g by index", lambda n: scatter(n, n.dim, n.index, n.g)),
    ),
    "EmbeddingBackward0": rule(
        "Each row that was looked up gets the sum over the times it was looked up.",
        ("sum of g by indices", _embedding),
    ),
    "SortBackward0 TopkBackward0": rule(
        "Each number goes back to the place from which it was sorted.",
        ("g at indices", lambda n: scatter(n, n.dim, n.indices, n.g)),
    ),
    "IndexPutBackward0": rule(
        "Nothing flows back to what was overwritten; what was put in gets the cotangent there.",
        ("g, but 0 at indices unless accumulate", _overwritten),
        ("g at indices", lambda n: n.g[_where(n)]),
    ),
    "TraceBackward0": rule(
        "Only the diagonal went into the sum.",
        ("g on the diagonal", lambda n: n.g * np.eye(n.shape[0], n.shape[1])),
    ),
    "DiagonalBackward0": rule(_PICKED, ("g on the diagonal, else 0", _diagonal)),
    "TriuBackward0": rule(
        _PICKED, ("g on and above the diagonal", lambda n: np.triu(n.g, n.diagonal))
    ),
    "TrilBackward0": rule(
        _PICKED, ("g on and below the diagonal", lambda n: np.tril(n.g, n.diagonal))
    ),
    "ConstantPadNdBackward0": rule(
        "The padding came from nowhere: its part is dropped.", ("g without the padding", _pad)
    ),
    "StackBackward0": rule(
        "Each input gets its layer of the cotangent.",
        ("its layer of g", lambda n: n.g[along(n.dim, n.g.ndim, n.slot)]),
    ),
    "CatBackward0": rule(
        "Each input gets its stretch of the cotangent.", ("its stretch of g", _cat)
    ),
    "UnbindBackward0": rule(
        "The parts are put together again.",
        ("the g of all parts, stacked", lambda n: np.stack(n.gs, n.dim)),
    ),
    "SplitBackward0 SplitWithSizesBackward0": rule(
        "The parts are put together again.",
        ("the g of all parts, side by side", lambda n: np.concatenate(n.gs, n.dim)),
    ),
    "ConjBackward0": rule("A conjugate is conjugated back.", ("conj g", lambda n: np.conj(n.g))),
    "ViewAsRealBackward0": rule(
        "Real and imaginary part become one complex number again.",
        ("g₀ + i · g₁", lambda n: n.g[..., 0] + 1j * n.g[..., 1]),
    ),
}
