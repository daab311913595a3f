"""What the program did apart from its backward calls, on one timeline with them, as it ran.

A tick is an op of the forward, or something done to parameters and gradients beside the graph: an
optimizer's step, a zero_grad. Between two calls stand the ticks that came between them.
"""

from bisect import bisect_left

from explorer.data import Event, Op, Plain, Run, Span
from explorer.frames.labels import Labels, is_bead
from explorer.frames.messages import Message, code, message
from explorer.frames.scene import Tiles
from explorer.frames.tiles import amount

_When = tuple[int, int, int]


class Tick(Plain, frozen=True):
    """One moment of the program outside its backward calls.

    `node` is the card that shows what an op gave, if any, and `nodes` are all that it made.
    `beside` says that this is no op but something done to parameters or gradients.
    """

    label: str
    node: int | None
    span: Span | None
    caption: tuple[Message, ...]
    tile: int | None = None
    nodes: tuple[int, ...] = ()
    beside: bool = False


def timeline(run: Run, labels: Labels, tiles: Tiles) -> tuple[tuple[Tick, ...], tuple[int, ...]]:
    """All ticks in the order of the program, and how many come before each call of `run`."""
    drawn = ((op, _op(run, op, labels, tiles)) for op in run.forward)
    # How much had been done when it came: ops, calls, events. An op comes after all the rest.
    moments: list[tuple[_When, Tick]] = [
        ((op.index, len(run.calls), 0), tick) for op, tick in drawn if tick is not None
    ]
    for number, event in enumerate(run.events):
        when = (event.ops_before, event.calls_before, number)
        moments.append((when, _event(event, labels)))
    moments.sort(key=lambda moment: moment[0])
    places = [when for when, _ in moments]
    begins = []
    for number, call in enumerate(run.calls):
        ops = len(run.forward) if call.ops_before is None else call.ops_before
        begins.append(bisect_left(places, (ops, number, len(run.events))))
    return tuple(tick for _, tick in moments), tuple(begins)


def _op(run: Run, op: Op, labels: Labels, tiles: Tiles) -> Tick | None:
    """An op that made a node, edited a tensor, or was kept out of the graph; None for another."""
    if not (op.nodes or op.edited or op.cut):
        return None
    label = labels.expression(op.span) if op.span else op.function
    tile = tiles.number(op.outputs[0].values) if op.outputs else None
    drawn = [node for node in op.nodes if run.trace.nodes[node].leaf is None]
    caption = message("forward", label=code(label), value=amount(tiles[tile]))
    # A layer that reshapes what it gives shows it on the card that computed it.
    cards = [node for node in drawn if not is_bead(run.trace.nodes[node])]
    shown = next(iter(cards or drawn), None)
    return Tick(label, shown, op.span, (caption,), tile, tuple(drawn))


def _event(event: Event, labels: Labels) -> Tick:
    label = labels.expression(event.span) if event.span else event.kind
    words = "beside.step"
    if event.kind == "grad":
        words = "beside.grad.none" if event.left == "none" else "beside.grad.tensor"
    elif event.kind == "zero_grad":
        words = f"beside.zero_grad.{event.left}" if event.left else "beside.zero_grad"
    return Tick(label, None, event.span, (message(words, label=code(label)),), beside=True)
