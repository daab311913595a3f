"""One number of a large node, asked of torch when a person points at it.

A node whose local Jacobian is not sent to the browser still explains each of its numbers: the
browser says which one is wanted, `asked` turns that into a question for the next run, and `told`
makes of the answer what the panels show: the terms, their sum beside torch's number, and the
weights in the shape of what came in.
"""

from typing import Any

import msgspec
import numpy as np

from explorer.data import Answer, BackwardCall, Plain, Run, Step, TermsAsk, Values
from explorer.explain import Why, explain
from explorer.frames import Tile, tile_of
from explorer.frames.tiles import matrix_shape
from explorer.language import retold

MAX_ASKED = 24
"""Numbers of one program that are kept explained; the oldest is forgotten first."""


class Wanted(Plain, frozen=True):
    """The number that a person points at: what `node` sends on `slot` in call `call`.

    It is element `element` (in C order), or where a tile's cell stands for a block of `block` rows
    by columns, the largest in the block of `cell`.
    """

    call: int
    node: int
    slot: int
    element: int | None = None
    cell: tuple[int, int] | None = None
    block: tuple[int, int] = (1, 1)


class Told(Plain, frozen=True):
    """Why a number that was asked for is what it is.

    `wanted` is the question that it answers. `weights` are the column of the local Jacobian, one
    tile in the shape of each cotangent that came in, None for one that carries no numbers.
    """

    wanted: Wanted
    call: int
    node: int
    slot: int
    element: int
    why: Why
    weights: tuple[Tile | None, ...] = ()


def wanted(said: Any) -> Wanted | None:
    """What the browser asked for; None where that is no question."""
    try:
        return msgspec.convert(said, Wanted)
    except msgspec.ValidationError:
        return None


def asked(run: Run, want: Wanted) -> TermsAsk | None:
    """The question to put to `run`'s program; None where it has no such number."""
    step = _step(run, want.call, want.node)
    sent = _sent(step, want.slot) if step is not None else None
    if sent is None:
        return None
    element = want.element if want.cell is None else _largest_in(sent, want.cell, want.block)
    if element is None or not 0 <= element < sent.size:
        return None
    return TermsAsk(want.call, want.node, want.slot, element)


def told(want: Wanted, run: Run) -> Told | None:
    """What the panels show of the only answer of `run`, which was asked for `want`."""
    answer = next((a for a in run.answers if isinstance(a.ask, TermsAsk)), None)
    if answer is None or not isinstance(answer.ask, TermsAsk):
        return None
    ask = answer.ask
    step = _step(run, ask.call, ask.node)
    if step is None:
        return None
    why = explain(run.calls[ask.call], step, ask.slot, ask.element, answer.terms)
    if answer.error is not None and not why.notes:
        why = msgspec.structs.replace(why, notes=(retold(answer.error),))
    return Told(want, ask.call, ask.node, ask.slot, ask.element, why, _weights(answer))


def _weights(answer: Answer) -> tuple[Tile | None, ...]:
    weights = answer.terms.weights if answer.terms is not None else ()
    return tuple(None if one is None else tile_of(one) for one in weights)


def _step(run: Run, call: int, node: int) -> Step | None:
    if not 0 <= call < len(run.calls):
        return None
    calls: BackwardCall = run.calls[call]
    return next((step for step in calls.steps if step.node == node), None)


def _sent(step: Step, slot: int) -> Values | None:
    return step.cotangents_out[slot] if 0 <= slot < len(step.cotangents_out) else None


def _largest_in(sent: Values, cell: tuple[int, int], block: tuple[int, int]) -> int | None:
    """The element of largest absolute value in a block of the grid in which `sent` is drawn."""
    if sent.array is None or min(*cell, block[0] - 1, block[1] - 1) < 0:
        return None
    rows, columns = matrix_shape(sent.shape)
    top, left = cell[0] * block[0], cell[1] * block[1]
    grid = np.abs(sent.array.reshape(rows, columns))
    part = grid[top : top + block[0], left : left + block[1]]
    if part.size == 0:
        return None
    row, column = divmod(int(np.nan_to_num(part, nan=np.inf).argmax()), int(part.shape[1]))
    return int((top + row) * columns + left + column)
