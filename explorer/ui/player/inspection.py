"""What the inspector explains: rules, local Jacobians and the numbers behind them, for the browser.

`asks_for(run)` says what a run must be asked for; `inspection_of(asked)` then holds, for each scene
of the player, one `Explained` for each slot of each step. Matrices and vectors are kept once each
and travel in their own precision, so that the browser can put the very numbers of torch into the
terms that it shows.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from explorer.data import BackwardCall, LocalAsk, LocalJacobian, Node, Plain, Run, Step, Values
from explorer.explain import explain_call
from explorer.frames.messages import Message, message, plain
from explorer.language import retold
from explorer.ui.player.arrays import MAX_BYTES, Array, Arrays

MAX_CALLS = 4
"""Backward calls of a run whose steps are explained; those that the program made itself first."""

MAX_NODES = 1_500
"""Nodes of a graph up to which its numbers are explained."""

_OWN = ("backward", "grad")


class Part(Plain, frozen=True):
    """One tensor in a row of numbers: what its elements are called, and its shape."""

    name: str
    shape: tuple[int, ...]


class Explained(Plain, frozen=True):
    """Everything that a node sent on one slot in step `step` (from 1), and where it came from.

    `local`, `incoming` and `sent` are numbers of arrays: the local Jacobian with a row for each
    incoming element and a column for each that goes out, g, and gᵀJ as torch sent it. They are None
    where they are not known or not sent; `notes` say why. `agrees` is as in `explain.Rundown`.
    """

    step: int
    slot: int
    symbols: str = ""
    sentence: str = ""
    local: int | None = None
    incoming: int | None = None
    sent: int | None = None
    parts: tuple[Part, ...] = ()
    shape: tuple[int, ...] = ()
    agrees: bool | None = None
    notes: tuple[Message, ...] = ()


class Inspection(Plain, frozen=True):
    """The explanations of each scene, by its place; `reason` where a scene has none."""

    scenes: tuple[tuple[Explained, ...], ...]
    reasons: tuple[Message | None, ...]
    arrays: tuple[Array, ...]


def asks_for(run: Run) -> tuple[LocalAsk, ...]:
    """What to ask `run`'s program for, so that its numbers can be explained."""
    if len(run.trace.nodes) > MAX_NODES:
        return ()
    stepped = [number for number, call in enumerate(run.calls) if call.steps]
    stepped.sort(key=lambda number: run.calls[number].kind not in _OWN)
    return tuple(LocalAsk(call=number) for number in sorted(stepped[:MAX_CALLS]))


def inspection_of(run: Run) -> Inspection:
    """The explanations of every call that `run` was asked about."""
    answered = {
        answer.ask.call: answer for answer in run.answers if isinstance(answer.ask, LocalAsk)
    }
    arrays = Arrays()
    scenes: list[tuple[Explained, ...]] = []
    reasons: list[Message | None] = []
    for number, call in enumerate(run.calls):
        answer = answered.get(number)
        scenes.append(())
        reasons.append(None)
        if not call.steps:
            continue
        if answer is None:
            reasons[-1] = _reason(run)
        elif answer.error is not None:
            reasons[-1] = message("why.refused", text=plain(retold(answer.error)))
        else:
            scenes[-1] = _explained(call, answer.locals, arrays)
    return Inspection(tuple(scenes), tuple(reasons), tuple(arrays.all))


def _reason(run: Run) -> Message:
    """Why the steps of a call are not explained."""
    if len(run.trace.nodes) > MAX_NODES:
        return message("why.large", most=MAX_NODES)
    return message("why.calls" if run.answers else "why.unasked", count=MAX_CALLS)


def _explained(
    call: BackwardCall, locals_: Sequence[LocalJacobian], arrays: Arrays
) -> tuple[Explained, ...]:
    found = []
    for told in explain_call(call, locals_):
        step, node = call.steps[told.step], call.trace.nodes[told.node]
        sent = step.cotangents_out[told.slot] if told.slot < len(step.cotangents_out) else None
        notes = [message("plain", text=plain(note)) for note in told.notes]
        local = incoming = out = None
        J = told.local.array if told.local is not None else None
        g = None if J is None else _incoming(step, node)
        if J is not None and g is not None and sent is not None and sent.array is not None:
            numbers = arrays.add(J, g, sent.array)
            if numbers is None:
                notes.append(message("why.bytes", most=MAX_BYTES // 2**20))
            else:
                local, incoming, out = numbers
        found.append(
            Explained(
                told.step + 1,
                told.slot,
                told.symbols,
                told.sentence,
                local,
                incoming,
                out,
                _parts(node),
                sent.shape if sent is not None else (),
                told.agrees,
                tuple(notes),
            )
        )
    return tuple(found)


def _floating(node: Node) -> list[int]:
    """The outputs of the forward op whose cotangents count as rows of a local Jacobian."""
    return [number for number, output in enumerate(node.outputs) if "float" in output.dtype]


def _parts(node: Node) -> tuple[Part, ...]:
    several = len(node.outputs) > 1
    return tuple(
        Part(f"g{number}" if several else "g", node.outputs[number].shape)
        for number in _floating(node)
    )


def _incoming(step: Step, node: Node) -> npt.NDArray[np.float64] | None:
    """g: all floating-point cotangents that came in, side by side; zeros where torch passed None.

    None where the numbers of one were not kept.
    """
    pieces = []
    for number in _floating(node):
        values: Values | None = (
            step.cotangents_in[number] if number < len(step.cotangents_in) else None
        )
        if values is None:
            pieces.append(np.zeros(math.prod(node.outputs[number].shape)))
        elif values.array is None:
            return None
        else:
            pieces.append(values.array.astype(np.float64).ravel())
    return np.concatenate(pieces) if pieces else np.zeros(0)
