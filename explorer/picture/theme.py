"""The colours of every picture: one table for light, one for dark, and the diverging ramp.

Blue is negative and orange positive, eight steps a sign; yellow means now; grey is the rest.

>>> level(0.0, 4.5), level(4.5, 4.5), level(-0.01, 4.5), level(2.25, 4.5)
(0, 8, -1, 6)
"""

import math
from dataclasses import dataclass

STEPS = 8
"""Steps of colour on each side of zero."""


@dataclass(frozen=True)
class Theme:
    """One set of colours. `plus` and `minus` run from the smallest step to the largest."""

    name: str
    paper: str
    background: str
    ink: str
    muted: str
    line: str
    hairline: str
    dock: str
    cell: str
    zero: str
    now: str
    now_soft: str
    plus: tuple[str, ...]
    minus: tuple[str, ...]

    @property
    def colorscale(self) -> list[tuple[float, str]]:
        """The ramp from the most negative step over zero to the most positive, on 0 … 1."""
        colors = [*reversed(self.minus), self.zero, *self.plus]
        return [(i / (len(colors) - 1), color) for i, color in enumerate(colors)]


LIGHT = Theme(
    name="light",
    paper="#FFFFFF",
    background="#F6F7F9",
    ink="#14181F",
    muted="#59626F",
    line="#C5CCD6",
    hairline="#E3E7EC",
    dock="#8B95A3",
    cell="#F3F5F8",
    zero="#E9EBEE",
    now="#FFE14A",
    now_soft="#FFF6C9",
    plus=(
        "#F1CEAF", "#F3BD89", "#F5AC5E", "#F09738", "#E1812C", "#D16A1F", "#C05311", "#B03A00",
    ),
    minus=(
        "#B9D1EC", "#9DC1EA", "#81B2E8", "#669FDF", "#4F87CC", "#386FB9", "#2257A7", "#0A3F94",
    ),
)  # fmt: skip

DARK = Theme(
    name="dark",
    paper="#161B23",
    background="#0D1117",
    ink="#F2F4F7",
    muted="#A3ADBA",
    line="#3B4553",
    hairline="#242C37",
    dock="#707C8C",
    cell="#1E252F",
    zero="#2A303A",
    now="#FFD83D",
    now_soft="#3B3512",
    plus=(
        "#5B4336", "#784D2F", "#955622", "#AF631C", "#C37931", "#D79045", "#EBA758", "#FFBE6B",
    ),
    minus=(
        "#2D4666", "#2E5281", "#2D5F9C", "#336FB5", "#4985C7", "#5F9BDA", "#75B1EC", "#8CC8FF",
    ),
)  # fmt: skip


def level(value: float, largest: float) -> int:
    """Step of colour for `value` on a scale that ends at ±`largest`: -8 … 8, 0 only for zero.

    The root spreads small numbers over more steps: `ceil(8·√(|v|/max))`.
    """
    if value == 0 or math.isnan(value) or largest <= 0:
        return 0
    step = max(1, min(STEPS, math.ceil(STEPS * math.sqrt(min(1.0, abs(value) / largest)))))
    return step if value > 0 else -step
