"""What to say in each step: message ids and the values that fill them, never words."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Container, Sequence
from typing import Any

from explorer.data import BackwardCall, Step, Values
from explorer.frames.labels import Labels, grouped
from explorer.frames.messages import Message, code, message, plain
from explorer.frames.scene import Frame, Graph, Item, Seed, Sent, Tap, Tiles, Timing, Wire
from explorer.frames.tiles import amount

BEAD_PACE = 0.4
"""Time that a bead's step takes beside a card's."""


class Captions:
    """The frames of one call."""

    def __init__(
        self,
        call: BackwardCall,
        graph: Graph,
        timing: Timing,
        items: Sequence[Item],
        wires: Sequence[Wire],
        seeds: Sequence[Seed],
        labels: Labels,
        tiles: Tiles,
        hidden: Container[int] = (),
    ) -> None:
        self._call, self._graph, self._timing = call, graph, timing
        self._items = {item.index: item for item in items}
        self._wires, self._seeds = wires, seeds
        self._labels, self._tiles = labels, tiles
        self._hidden = hidden
        self._into: dict[int, list[Wire]] = defaultdict(list)
        self._from: dict[int, list[Wire]] = defaultdict(list)
        for wire in wires:
            self._into[wire.target].append(wire)
            if wire.source is not None:
                self._from[wire.source].append(wire)
        self._edges = {
            (edge.source, edge.slot): edge for edges in graph.outgoing.values() for edge in edges
        }
        self._landings = {
            target: sorted(way.lands for way in ways if way.lands)
            for target, ways in self._into.items()
        }

    def frames(self) -> tuple[Frame, ...]:
        """One frame for each step, and one more where the call raised."""
        frames = [self._frame(number, step) for number, step in enumerate(self._call.steps, 1)]
        if self._call.error is not None:
            frames.append(self._failure())
        return tuple(frames)

    # ------------------------------------------------------------------------------------- frames

    def _frame(self, number: int, step: Step) -> Frame:
        item = self._items[step.node]
        if step.node in self._hidden:
            return self._brief(item, step)
        if item.kind == "bead":
            caption: tuple[Message, ...] = (self._bead(item, step),)
        elif item.kind == "bucket":
            caption = (self._bucket(item),)
        else:
            caption = self._card(number, item, step)
        return Frame(
            item.index,
            caption,
            item.span,
            BEAD_PACE if item.kind == "bead" else 1.0,
            self._arrived(item, step.cotangents_in),
            self._parts(item),
            self._sent(item, step),
        )

    def _brief(self, item: Item, step: Step) -> Frame:
        """A step of a node that is never drawn on its own: what it sent on, and no more."""
        sent = next((values for values in step.cotangents_out if values is not None), None)
        number = self._tiles.number(sent)
        said = message("folded.step", label=code(item.label), amount=amount(self._tiles[number]))
        rows = () if number is None else (Sent(message("panel.sent.folded"), number),)
        return Frame(item.index, (said,), item.span, sent=rows)

    def _failure(self) -> Frame:
        error = self._call.error
        assert error is not None
        words = plain(error.message)
        if error.node is None or error.node not in self._items:
            return Frame(None, (message("failed.start", text=words),), self._call.span, failed=True)
        item = self._items[error.node]
        return Frame(
            item.index,
            (message("failed.node", label=code(self.name(item)), text=words),),
            item.span or self._call.span,
            arrived=self._arrived(item, error.cotangents_in),
            parts=self._parts(item),
            failed=True,
        )

    # ----------------------------------------------------------------------------------- captions

    def _bead(self, item: Item, step: Step) -> Message:
        before, after = step.cotangents_in[0], next(iter(step.cotangents_out), None)
        name = code(item.short)
        if before is None or after is None:
            return message("bead.none", name=name)
        shapes = {"before": _shape(before), "after": _shape(after)}
        if before.size != after.size:
            return message("bead.sum", name=name, amount=self._amount(after), **shapes)
        if before.shape == after.shape:
            stayed = before.data is not None and before.data == after.data
            return message("bead.same" if stayed else "bead.moved", name=name, **shapes)
        return message("bead.shape", name=name, **shapes)

    def _bucket(self, item: Item) -> Message:
        parts = item.expected
        before, after = self._tiles[item.before], self._tiles[item.after]
        sort = "first" if item.before is None else "added"
        values = {
            "leaf": code(item.label),
            "before": amount(before),
            "added": amount(self._tiles[item.added]),
            "after": amount(after),
        }
        if item.after is None:
            return message("leaf.none", **values)
        if parts > 1:
            return message(f"leaf.{sort}.sum", count=parts, **values)
        return message(f"leaf.{sort}", **values)

    def _card(self, number: int, item: Item, step: Step) -> tuple[Message, ...]:
        label = code(self.name(item))
        arrived = [values for values in step.cotangents_in if values is not None]
        if not arrived:
            got = message("amount.none")
        elif len(step.cotangents_in) == 1:
            got = self._amount(arrived[0])
        else:
            got = message("amount.several", count=len(arrived), of=len(step.cotangents_in))
        ways = self._from[item.index]
        said: list[Message] = []
        if number == 1 and len(self._seeds) == 1:
            said.append(message("begins", function=code(self._function()), vector=self._vector()))
        elif item.expected > 1 and len(step.cotangents_in) == 1:
            said.append(message("gathered", count=item.expected, label=label, sum=got))
        onward = self._sends(label, got, step, ways)
        if said and said[-1].id == "gathered" and onward.id in ("sends.one", "sends.many"):
            # What it got has just been said.
            onward = Message(onward.id.replace("sends", "then"), onward.values)
        said.append(onward)
        if item.tap is not None:
            said.append(self._tap(item.tap))
        waits = self._waits(number, ways)
        if waits is not None:
            said.append(waits)
        return tuple(said)

    def _tap(self, tap: Tap) -> Message:
        grad, after = code(f"{tap.name}.grad"), amount(self._tiles[tap.after])
        if tap.before is None:
            return message("tap.first", name=code(tap.name), grad=grad, after=after)
        before = amount(self._tiles[tap.before])
        return message("tap.added", name=code(tap.name), grad=grad, before=before, after=after)

    def _sends(
        self, label: dict[str, str], got: Message, step: Step, ways: Sequence[Wire]
    ) -> Message:
        alive = [wire for wire in ways if self._first(wire) is not None]
        values = {"label": label, "got": got}
        if not alive:
            return message("sends.nothing" if not ways else "sends.none", **values)
        targets = {(wire.target, wire.input_nr) for wire in alive}
        if len(alive) > 1 and len(targets) == 1:
            return self._uses(label, alive)
        passed = self._gate(step)
        if passed is not None and len(alive) == 1:
            target = code(self.name(self._items[alive[0].target]))
            blocked, total = passed
            return message("sends.gate", count=blocked, of=total, target=target, **values)
        if len(alive) == 1:
            return message(
                "sends.one",
                amount=self._amount(self._first(alive[0])),
                target=self._named(alive[0], label),
                **values,
            )
        parts = [
            message(
                "sends.part",
                amount=self._amount(self._first(wire)),
                target=self._named(wire, label),
            )
            for wire in alive
        ]
        return message("sends.many", parts=parts, **values)

    def _named(self, wire: Wire, label: dict[str, str]) -> Any:
        """Where a wire leads, told from a node of the same expression that sends on it."""
        target = code(self.name(self._items[wire.target]))
        return message("earlier", name=target) if target == label else target

    def _uses(self, label: dict[str, str], alive: Sequence[Wire]) -> Message:
        """A node that used one value several times sends as many parts."""
        target = self._items[alive[0].target]
        parts = [self._amount(self._first(wire)) for wire in alive]
        values = {
            "label": label,
            "used": code(self.value_name(target, alive[0].input_nr)),
            "count": len(alive),
            "derivative": code(self.derivative(target, alive[0].input_nr)),
        }
        if all(part == parts[0] for part in parts):
            return message("sends.each", amount=parts[0], **values)
        return message("sends.parts", parts=parts, **values)

    def _waits(self, number: int, ways: Sequence[Wire]) -> Message | None:
        """Who still waits after this step, if it is one node."""
        for wire in ways:
            target = self._items[wire.target]
            if target.expected < 2 or wire.lands is None:
                continue
            landed = bisect_right(self._landings[target.index], number)
            name = code(self.name(target))
            mine = sum(1 for way in ways if way.target == target.index)
            if landed < target.expected:
                return message("waits", target=name, got=landed, count=target.expected)
            if mine == target.expected == landed:
                return message("waited", target=name, count=target.expected)
            return message("complete", target=name, count=target.expected)
        return None

    @staticmethod
    def _gate(step: Step) -> tuple[int, int] | None:
        """(blocked, all) where a node passed some numbers on unchanged and turned others to 0."""
        out = [values for values in step.cotangents_out if values is not None]
        if len(out) != 1 or len(step.cotangents_in) != 1 or step.cotangents_in[0] is None:
            return None
        before, after = step.cotangents_in[0].array, out[0].array
        if before is None or after is None or before.shape != after.shape or before.size < 2:
            return None
        blocked = (after == 0) & (before != 0)
        if not blocked.any() or not (after == before)[~blocked].all():
            return None
        return int(blocked.sum()), before.size

    # -------------------------------------------------------------------------------------- names

    def name(self, item: Item) -> str:
        """What a node is called in a sentence: its expression, or the leaf's name."""
        return item.label

    def value_name(self, item: Item, output: int = 0) -> str:
        """What an output of a node is called: the variable, or the expression that made it."""
        if item.kind == "bucket":
            return item.label
        return self._labels.variable(item.index, output) or item.label

    def derivative(self, item: Item, output: int = 0) -> str:
        """What arrives at a node: `∂out/∂y`, or `vᵀ∂y/∂x` where the root is no scalar."""
        by = grouped(self.value_name(item, output))
        if len(self._seeds) != 1:
            return f"vᵀ∂/∂{by}"
        root = self._items[self._seeds[0].root]
        top = grouped(self._seeds[0].name or root.label)
        return f"{'' if root.shape == '' else 'vᵀ'}∂{top}/∂{by}"

    def _function(self) -> str:
        return {"backward": "backward()", "grad": "autograd.grad"}.get(
            self._call.kind, self._call.kind
        )

    def _vector(self) -> Message:
        return amount(self._tiles[self._seeds[0].tile])

    # ------------------------------------------------------------------------------------- panels

    def _arrived(self, item: Item, cotangents: Sequence[Values | None]) -> tuple[Sent, ...]:
        return tuple(
            Sent(
                message("panel.arrived", derivative=code(self.derivative(item, output))),
                self._tiles.number(values),
            )
            for output, values in enumerate(cotangents)
        )

    def _parts(self, item: Item) -> tuple[Sent, ...]:
        """The contributions that were added up, if there were several."""
        ways = [wire for wire in self._into[item.index] if wire.lands is not None]
        if len(ways) < 2:
            return ()
        return tuple(
            Sent(
                message("panel.part", number=number, count=len(ways), source=self._source(wire)),
                wire.tile,
            )
            for number, wire in enumerate(sorted(ways, key=lambda way: way.lands or 0), 1)
        )

    def _source(self, wire: Wire) -> dict[str, str]:
        return code(self._function() if wire.source is None else self._items[wire.source].label)

    def _sent(self, item: Item, step: Step) -> tuple[Sent, ...]:
        rows = []
        for edge in self._graph.outgoing[item.index]:
            _, target, input_nr = self._graph.follow(edge.target, edge.input_nr)
            there = self._items[target]
            out = step.cotangents_out
            values = out[edge.slot] if edge.slot < len(out) else None
            title = message(
                "panel.sent",
                target=code(self.name(there)),
                derivative=code(self.derivative(there, input_nr)),
                slot=edge.slot,
            )
            rows.append(Sent(title, self._tiles.number(values)))
        return tuple(rows)

    def _first(self, wire: Wire) -> Values | None:
        """What the source itself put on a wire, before any bead reshaped it."""
        edge = None if wire.source is None else self._edges.get((wire.source, wire.slot))
        return None if edge is None else self._timing.sent(edge)

    def _amount(self, values: Values | None) -> Message:
        return amount(self._tiles[self._tiles.number(values)])


def _shape(values: Values) -> Message | str:
    return "×".join(map(str, values.shape)) if values.shape else message("scalar")
