"""Numbers for the browser: JSON has none for those that are not finite."""

import math
from typing import Any


def finite(data: Any) -> Any:
    """Plain data with `nan`, `inf` and `-inf` as words, which the player reads as numbers.

    >>> finite({"terms": [1.5, float("-inf")]})
    {'terms': [1.5, '-inf']}
    """
    if isinstance(data, dict):
        return {name: finite(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [finite(value) for value in data]
    return str(data) if isinstance(data, float) and not math.isfinite(data) else data
