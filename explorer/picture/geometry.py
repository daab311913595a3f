"""Boxes and curves: the plane geometry of a picture, in px, y downwards."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from explorer.data import Plain

Point = tuple[float, float]


class Box(Plain, frozen=True):
    """A rectangle: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """The x of the right edge."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """The y of the bottom edge."""
        return self.y + self.h

    @property
    def middle(self) -> float:
        """The x of the middle."""
        return self.x + self.w / 2

    def touches(self, other: "Box") -> bool:
        """Whether the two have a part in common."""
        apart = self.right <= other.x or other.right <= self.x
        return not (apart or self.bottom <= other.y or other.bottom <= self.y)


def rounded(box: Box) -> Box:
    """The box in tenths of a px."""
    return Box(round(box.x, 1), round(box.y, 1), round(box.w, 1), round(box.h, 1))


def around(boxes: Sequence[Box], margin: float) -> Box:
    """The box around all `boxes`, with a margin."""
    if not boxes:
        return Box(0, 0, 2 * margin, 2 * margin)
    left, top = min(box.x for box in boxes) - margin, min(box.y for box in boxes) - margin
    right, bottom = max(box.right for box in boxes), max(box.bottom for box in boxes)
    return Box(left, top, right - left + margin, bottom - top + margin)


def spline_points(spline: str) -> list[Point]:
    """The Bézier points of Graphviz's `pos`, start first, the arrow's tip last."""
    parts = spline.split(" ")
    tip = None
    if parts[0].startswith("e,"):
        tip = tuple(map(float, parts.pop(0)[2:].split(",")))
    points: list[Any] = [tuple(map(float, part.split(","))) for part in parts]
    if tip is not None:
        points[-1] = tip
    return [(float(x), float(y)) for x, y in points]


def smooth(points: Sequence[Point]) -> list[Point]:
    """Bézier points of a curve through `points`, level at both ends."""
    slopes = [0.0]
    for (x0, y0), (x1, y1) in zip(points, points[2:], strict=False):
        slopes.append((y1 - y0) / (x1 - x0) if x1 != x0 else 0.0)
    slopes.append(0.0)
    curve = [points[0]]
    for place, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
        third = (x1 - x0) / 3
        curve += [
            (x0 + third, y0 + slopes[place] * third),
            (x1 - third, y1 - slopes[place + 1] * third),
            (x1, y1),
        ]
    return curve


def between(a: float, b: float, part: float) -> float:
    """The number that lies the given part of the way from `a` to `b`."""
    return a + (b - a) * part


def xy(point: Point) -> str:
    """A point as SVG writes it."""
    return f"{point[0]:.1f} {point[1]:.1f}"


def svg_path(curve: Sequence[Point]) -> str:
    """Bézier points as an SVG path."""
    return f"M{xy(curve[0])}C" + " ".join(xy(point) for point in curve[1:])


def arrow_on(curve: Sequence[Point], along: float) -> tuple[float, float, float]:
    """Where an arrow stands, about `along` px into the curve, and its angle in degrees."""
    here, gone = curve[0], 0.0
    for part in range(1, 25):
        there = point_at(curve, part / 24)
        gone += math.dist(here, there)
        if gone >= along or part == 24:
            angle = math.degrees(math.atan2(there[1] - here[1], there[0] - here[0]))
            return round(there[0], 1), round(there[1], 1), round(angle, 1)
        here = there
    return *curve[0], 180.0


def point_at(curve: Sequence[Point], t: float) -> Point:
    """The point of the first of some cubic Bézier curves at `t`, 0 … 1."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = curve[:4]
    s = 1 - t
    a, b, c, d = s**3, 3 * s * s * t, 3 * s * t * t, t**3
    return a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3
