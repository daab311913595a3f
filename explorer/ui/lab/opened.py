"""What the lab opens under itself: a row as a backward pass, a column as a forward one, a cell as
the sum over all paths.
"""

from collections.abc import Callable

from explorer.data import Answer, Jacobian, JacobianAsk, JvpAsk, Plain, Run
from explorer.ui.lab import cells, columns, rows


class Opened(Plain, frozen=True):
    """What was opened: `kind` is row, column or cell; `at` or `row` and `column` say which."""

    kind: str = ""
    at: int = 0
    row: int = 0
    column: int = 0


def show(
    opened: Opened,
    run: Run,
    ask: JacobianAsk,
    found: Jacobian,
    asked: Callable[[JvpAsk], Answer],
) -> None:
    """Draw what was opened, if this matrix has it; `asked` answers questions about the program."""
    height, width = found.array.shape
    if opened.kind == "row" and 0 <= opened.at < height:
        rows.show(opened.at, run, ask, found)
    elif opened.kind == "column" and 0 <= opened.at < width:
        columns.show(opened.at, ask, found, asked)
    elif opened.kind == "cell" and 0 <= opened.row < height and 0 <= opened.column < width:
        cells.show(opened.row, opened.column, run, ask, found)
