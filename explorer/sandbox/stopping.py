"""A button that ends a run before its time, pressed by anybody from any thread."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stop:
    """Given to a run; `press()` ends it, whether it is waiting, running or not begun."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: list[Callable[[], None]] = []
        self.pressed = False
        self.began: float | None = None
        """When the program began to run, as `time.monotonic` has it; None while it waits."""

    def begin(self) -> None:
        """The program begins to run now."""
        self.began = time.monotonic()

    def press(self) -> None:
        """End the run; pressed again, nothing happens."""
        with self._lock:
            self.pressed = True
            ends, self._ends = self._ends, []
        for end in ends:
            end()

    @contextmanager
    def by(self, end: Callable[[], None]) -> Iterator[None]:
        """While this lasts, `end` is called when the button is pressed; at once where it was."""
        with self._lock:
            pressed = self.pressed
            if not pressed:
                self._ends.append(end)
        if pressed:
            end()
        try:
            yield
        finally:
            with self._lock:
                if end in self._ends:
                    self._ends.remove(end)
