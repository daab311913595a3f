"""What a nudge shows: the slopes on both sides of a number, and whether the gradient is theirs.

>>> from explorer.data import NudgePoint
>>> slope = lambda side: 0.5 if side < 0 else 2.0
>>> bent = [NudgePoint(k / 100, k / 100 * slope(k)) for k in range(-10, 11)]
>>> read = reading(Nudge(value=1.0, gradient=2.0, output=0.0, rounding=0.0, points=tuple(bent)))
>>> read.kind, round(read.left, 6), round(read.right, 6)
('kink', 0.5, 2.0)
"""

import math
from collections.abc import Sequence

import numpy as np

from explorer.data import Nudge, Plain

_LEAST = 4
"""Points that a slope needs."""

_DOUBT = 16
"""How much surer a fit looks than its slope at 0 is, for the short fits used here."""

_SHARE = 2e-3
"""Part of a slope that two measurements of it may differ by."""


class Reading(Plain, frozen=True):
    """What the measured outputs say.

    `kind` is `smooth` (both sides have the gradient's slope), `kink` (left and right differ),
    `apart` (they agree with one another, but not with the gradient), `jump` (the output leaps at
    this very number), or `unknown`. `left` and `right` are the slopes, None where they could not be
    measured.
    """

    kind: str
    left: float | None = None
    right: float | None = None


def reading(nudge: Nudge) -> Reading:
    """The slopes at step 0 and how they stand to the gradient."""
    left, right = _slope(nudge, -1), _slope(nudge, 1)
    if left is None or right is None or not math.isfinite(nudge.gradient):
        return Reading("unknown", *(side[0] if side else None for side in (left, right)))
    (low, low_off), (high, high_off) = left, right
    if any(_leaps(nudge, side) for side in (-1, 1)):
        return Reading("jump", low, high)
    allowed = low_off + high_off + _SHARE * max(abs(low), abs(high), abs(nudge.gradient))
    if abs(low - high) > allowed:
        return Reading("kink", low, high)
    if abs((low + high) / 2 - nudge.gradient) > allowed:
        return Reading("apart", low, high)
    return Reading("smooth", low, high)


def _side(nudge: Nudge, sign: int) -> list[tuple[float, float]]:
    """(step, change) on one side of 0, the smallest steps first."""
    found = [
        (abs(point.step), point.output - nudge.output)
        for point in nudge.points
        if point.step * sign > 0 and point.output is not None and math.isfinite(point.output)
    ]
    return sorted(found)


def _slope(nudge: Nudge, sign: int) -> tuple[float, float] | None:
    """The slope on one side and how far off it may be; None where too little was measured.

    A cubic through the origin is laid through the ten shortest steps, through those up to ten
    times as long, and so on; the fit that is the surest counts.
    """
    points = _side(nudge, sign)
    best: tuple[float, float] | None = None
    for few in _lengths(points):
        steps, changes = np.array(few).T
        table = np.stack([steps, steps**2, steps**3], axis=1) / steps[-1] ** np.array([1, 2, 3])
        fit, *_ = np.linalg.lstsq(table, changes, rcond=None)
        rest = float(np.sqrt(np.mean((table @ fit - changes) ** 2)))
        off = _DOUBT * (rest + nudge.rounding) / float(steps[-1])
        if best is None or off < best[1]:
            best = (sign * float(fit[0]) / float(steps[-1]), off)
    return best


def _lengths(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """Points of like length together: up to a hundredth of the longest step, a tenth, and all."""
    if not points:
        return []
    longest = points[-1][0]
    groups = []
    for part in (0.01, 0.1, 1.0):
        within = [p for p in points if p[0] <= longest * part * (1 + 1e-6)]
        few = [p for p in within if p[0] >= within[-1][0] / 11]
        if len(few) >= _LEAST:
            groups.append(few)
    return groups


def _leaps(nudge: Nudge, sign: int) -> bool:
    """Whether even the shortest step changes the output about as much as one ten times as long."""
    points = _side(nudge, sign)
    if len(points) < _LEAST:
        return False
    step, change = points[0]
    ten = [other for length, other in points if abs(length - 10 * step) < 0.5 * step]
    return bool(ten) and abs(change) > 0.7 * abs(ten[0]) and abs(change) > 64 * nudge.rounding
