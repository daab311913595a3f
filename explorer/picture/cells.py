"""What one cell of a picture shows: its colour, the ink that can be read on it, and its number.

>>> format_number(-0.25), format_number(0.0), format_number(1234.5), format_number(float("nan"))
('−0.25', '0', '1230', 'nan')
"""

import math

from explorer.picture.theme import Theme, level


def color_of(value: float, scale: float, theme: Theme) -> str:
    """The colour of `value` on a scale that ends at ±`scale`."""
    step = level(value, scale)
    if step == 0:
        return theme.zero
    return theme.plus[step - 1] if step > 0 else theme.minus[-step - 1]


def ink_on(color: str) -> str:
    """Black or white, whichever can be read better on `color`.

    >>> ink_on("#FFFFFF"), ink_on("#0A3F94")
    ('#14181F', '#FFFFFF')
    """
    dark, white = "#14181F", "#FFFFFF"
    return white if _contrast(color, white) > _contrast(color, dark) else dark


def format_number(value: float) -> str:
    """Three significant digits with a true minus sign; an exponent only far from 1."""
    if not math.isfinite(value) or value == 0:
        return "0" if value == 0 else str(value).replace("-", "−")
    rounded = float(f"{value:.3g}")
    size = math.floor(math.log10(abs(rounded)))
    if -4 <= size < 6:
        text = f"{rounded:.{max(0, 2 - size)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        digits, _, exponent = f"{rounded:.2e}".partition("e")
        text = f"{digits.rstrip('0').rstrip('.')}e{int(exponent)}"
    return text.replace("-", "−")


def _contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours as WCAG defines it, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
