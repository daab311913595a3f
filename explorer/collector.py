"""Hold Python's cycle collector back while much plain data is made.

Plain data has no cycles, yet the collector walks through all of it again and again while it grows:
more than half of the time that a large Run takes on its way to the browser.

>>> with resting():
...     gc.isenabled()
False
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_resting = 0


@contextmanager
def resting() -> Iterator[None]:
    """No collection during this block, in whichever thread; blocks may overlap and nest."""
    global _resting  # noqa: PLW0603 - the collector is one for the whole process
    with _lock:
        enabled = gc.isenabled() or _resting > 0
        if enabled:
            _resting += 1
            gc.disable()
    try:
        yield
    finally:
        if enabled:
            with _lock:
                _resting -= 1
                if not _resting:
                    gc.enable()
