"""Find the place in the program's text where something is happening right now.

A code object knows the exact columns of each instruction, so a span tells `y * y` from
`y * y * 3` on the same line.
"""

import linecache
import sys
from types import CodeType, FrameType, TracebackType

from explorer.data import Span


class Spans:
    """Places in one file of Python text: `filename` as its code objects carry it.

    `source` is the text; without it, the file is read through `linecache`.
    """

    def __init__(self, filename: str, source: str | None = None) -> None:
        self.filename = filename
        self._lines = source.splitlines() if source is not None else None
        # By the code's identity, as hashing a code object reads all of it; it is kept alive beside.
        self._known: dict[int, tuple[CodeType, list[tuple[int | None, ...]]]] = {}
        self._spans: dict[tuple[int, int], Span | None] = {}

    def frames(self) -> tuple[list[FrameType], FrameType | None]:
        """The frames of others that stand above the innermost frame of the file, and that frame.

        The frame is None if the file is not on the stack.
        """
        above: list[FrameType] = []
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename != self.filename:
            above.append(frame)
            frame = frame.f_back
        return above, frame

    def of_frame(self, frame: FrameType) -> Span | None:
        """The expression that `frame` is evaluating."""
        return self._span(frame.f_code, frame.f_lasti)

    def of_traceback(self, traceback: TracebackType | None) -> Span | None:
        """The innermost expression of the file on the way to where an exception was raised."""
        found = None
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if code.co_filename == self.filename:
                found = self._span(code, traceback.tb_lasti)
            traceback = traceback.tb_next
        return found

    def _span(self, code: CodeType, instruction: int) -> Span | None:
        key = id(code), instruction
        if key not in self._spans:
            self._spans[key] = self._found(code, instruction)
        return self._spans[key]

    def _found(self, code: CodeType, instruction: int) -> Span | None:
        if id(code) not in self._known:
            self._known[id(code)] = code, list(code.co_positions())
        line, end_line, column, end_column = self._known[id(code)][1][instruction // 2]
        if line is None or end_line is None or column is None or end_column is None:
            return None
        return Span(
            line, self._characters(line, column), end_line, self._characters(end_line, end_column)
        )

    def _characters(self, line: int, offset: int) -> int:
        """Python counts columns in bytes of UTF-8; people count characters."""
        if self._lines is not None:
            text = self._lines[line - 1] if line <= len(self._lines) else ""
        else:
            text = linecache.getline(self.filename, line)
        return offset if text.isascii() else len(text.encode()[:offset].decode(errors="ignore"))
