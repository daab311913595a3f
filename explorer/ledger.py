"""The ledger of a Run: a line for each backward call, and what it did to every `.grad`.

A line says which call it was and with which arguments, and for each leaf (and each other tensor
that keeps a gradient) what rested there before, what was added, and what rests there after. Where
the program itself changed a `.grad` between two calls, that is a line too.

>>> from explorer.autograd.runner import run
>>> program = "import torch\\nx = torch.tensor(3.0, requires_grad=True)\\n(x * x + x).backward()"
>>> line = ledger_of(run(program)).lines[0]
>>> entry = line.entries[0]
>>> entry.name, entry.before, float(entry.added.array), float(entry.after.array)
('x', None, 7.0, 7.0)
>>> [(use.expression, float(use.values.array)) for use in entry.uses]
[('x * x', 3.0), ('x * x', 3.0), ('… + x', 1.0)]
"""

import ast
import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from explorer.data import AxisPart, BackwardCall, Leaf, Plain, Run, Values
from explorer.frames.labels import Labels, brief
from explorer.press import Press

CLOSE = 1e-4
"""Two sums that differ by less than this part of their largest element differ by rounding only."""


class Use(Plain, frozen=True):
    """What came back along one edge into a leaf: the share of one use of it.

    `node` and `slot` say which edge of the trace; `expression` is the person's own text.
    """

    expression: str
    values: Values
    node: int
    slot: int
    line: int | None = None


class Entry(Plain, frozen=True):
    """What one line did to the `.grad` of one tensor.

    `state` is `added` (the engine added to it), `set` (the program changed it, or a zero_grad did),
    `unasked` (the call had `inputs=` without it), `stopped` (the call failed before it got here),
    `nothing` (a path leads here, but torch passed None) or `unreached` (no path leads here).
    Where it is not `added`, `before` and `after` are equal, or for `set` the old and the new.

    `uses` are the shares that make up `added`, in the order of the forward pass; `hooked` says that
    their sum is not what was added, which is what a hook on the leaf does.
    """

    name: str
    state: str
    before: Values | None
    added: Values | None
    after: Values | None
    uses: tuple[Use, ...] = ()
    hooked: bool = False


class Failure(Plain, frozen=True):
    """A call that raised: torch's words, and how far it had come.

    `place` is the expression of the node that was running (empty where none had started), `gone`
    the saved tensors that it needed and that call number `freed_by` had let go; `changed` are the
    tensors whose `.grad` the call had already changed, `spared` those that it would have reached.
    """

    message: str
    place: str = ""
    gone: tuple[str, ...] = ()
    freed_by: int | None = None
    changed: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()


class Line(Plain, frozen=True):
    """One line of the ledger.

    `kind` is `backward`, `zero_grad` (pressed by hand), `changed` (the program changed `.grad`
    between two calls) or `other` (calls that add nothing to any `.grad`, such as autograd.grad).
    `number` counts the backward calls from 1. `text` is the program's own line and `line` its
    number; `vectors` has one v per root, None where torch takes 1.
    """

    kind: str
    text: str
    number: int | None = None
    line: int | None = None
    calls: tuple[int, ...] = ()
    entries: tuple[Entry, ...] = ()
    vectors: tuple[Values | None, ...] = ()
    retain_graph: bool = False
    create_graph: bool = False
    inputs: tuple[str, ...] = ()
    failure: Failure | None = None
    note: str = ""
    pressed: bool = False


class Ledger(Plain, frozen=True):
    """All lines, and the tensors whose `.grad` they are about: name -> shape, in order."""

    lines: tuple[Line, ...]
    shapes: dict[str, tuple[int, ...]]

    @property
    def values(self) -> list[Values]:
        """Every gradient in the ledger, for one scale of colours."""
        entries = [entry for line in self.lines for entry in line.entries]
        whole = [v for e in entries for v in (e.before, e.added, e.after) if v is not None]
        return [*whole, *(use.values for entry in entries for use in entry.uses)]


def ledger_of(
    run: Run,
    presses: Sequence[Press] = (),
    *,
    own_lines: int | None = None,
    after: Callable[[int], Run] | None = None,
) -> Ledger:
    """The ledger of a program, with `presses` made after its first `own_lines` lines.

    `after(n)` is the Run that ends with press number n: only it knows what a zero_grad left where
    another press follows.
    """
    return _Reading(run, own_lines).ledger(presses, after)


def to_csv(ledger: Ledger) -> str:
    """The ledger as CSV: one row for each element of each gradient, numbers in full.

    A gradient that is None says None; one of which no numbers were kept says what is known of it.

    >>> from explorer.autograd.runner import run
    >>> program = "import torch\\nx = torch.tensor(3.0, requires_grad=True)\\n(x * x).backward()"
    >>> print(to_csv(ledger_of(run(program))).splitlines()[1])
    1,backward,1,3,(x * x).backward(),False,False,,x,added,x,None,6.0,6.0
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "entry", "kind", "call", "line", "text", "retain_graph", "create_graph", "inputs",
            "tensor", "state", "element", "before", "added", "after",
        ]
    )  # fmt: skip
    for number, line in enumerate(ledger.lines, 1):
        head = [
            number, line.kind, line.number or "", line.line or "", line.text,
            line.retain_graph, line.create_graph, " ".join(line.inputs),
        ]  # fmt: skip
        for entry in line.entries:
            part = AxisPart(entry.name, ledger.shapes[entry.name])
            sides = [_listed(v, len(part)) for v in (entry.before, entry.added, entry.after)]
            for i in range(len(part)):
                element = [side[i] for side in sides]
                writer.writerow([*head, entry.name, entry.state, part.label(i), *element])
    return text.getvalue()


def _listed(values: Values | None, count: int) -> list[str]:
    if values is None:
        return ["None"] * count
    if values.array is None or values.size != count:
        return [values.summary] * count
    return [repr(number) for number in values.array.ravel().tolist()]


class _Reading:
    """Reads one Run from its first call to its last."""

    def __init__(self, run: Run, own_lines: int | None) -> None:
        self.run = run
        self.labels = Labels(run)
        self.source = run.program.source.splitlines()
        self.own_lines = len(self.source) if own_lines is None else own_lines
        self.titles = _Titles(run)
        self.resting: dict[str, Values | None] = {}
        self.freed: dict[int, int] = {}  # node -> number of the call that freed it
        self.number = 0
        self.at = 0  # line of the program that the reading has come to
        made = {node: op.index for op in run.forward for node in op.nodes}
        self.order = {node: made.get(node, -1) for node in range(len(run.trace.nodes))}

    def ledger(self, presses: Sequence[Press], after: Callable[[int], Run] | None) -> Ledger:
        lines = [line for i in self._own() for line in self._call(i)]
        if self.run.error is None or (self.run.error.line or 0) > self.own_lines:
            begun = after(0) if presses and after else self.run
            if not presses or after:
                lines += self._between(_resting(begun, self.titles), None)
            lines += self._presses(presses, after)
        return Ledger(tuple(lines), self.titles.shapes)

    def _own(self) -> list[int]:
        return [i for i, call in enumerate(self.run.calls) if not self._is_pressed(call)]

    def _is_pressed(self, call: BackwardCall) -> bool:
        return call.span is not None and call.span.line > self.own_lines

    def _presses(
        self, presses: Sequence[Press], after: Callable[[int], Run] | None
    ) -> Iterator[Line]:
        rest = iter(range(len(self._own()), len(self.run.calls)))
        for count, press in enumerate(presses, 1):
            if press.kind == "zero_grad":
                left = _resting(after(count) if after else self.run, self.titles)
                entries = tuple(self._set(name, left[name]) for name in left)
                yield Line(
                    "zero_grad", f"set_to_none={press.to_none}", entries=entries, pressed=True
                )
                continue
            if (i := next(rest, None)) is None:
                return
            yield from self._call(i)
            if self.run.calls[i].error is not None:
                return

    # ---------------------------------------------------------------------------------- calls

    def _call(self, i: int) -> Iterator[Line]:
        """The line of call `i`, after one for what the program changed before it."""
        call = self.run.calls[i]
        place = call.span.line if call.span else None
        text = self.source[place - 1].strip() if place else call.kind
        self.number += 1
        if call.kind != "backward":
            yield Line(
                "other", text, self.number, place, (i,), note=call.note, failure=self._failure(call)
            )
        else:
            yield from self._between(
                {self._title(leaf): leaf.before for leaf in call.leaves}, place
            )
            yield Line(
                "backward", text, self.number, place, (i,), self._entries(call), call.gradient,
                call.retain_graph, call.create_graph, call.inputs, self._failure(call), call.note,
                self._is_pressed(call),
            )  # fmt: skip
        self.at = place or self.at
        self.freed |= dict.fromkeys(call.freed, self.number)

    def _title(self, leaf: Leaf) -> str:
        return self.titles.of(leaf.name, leaf.node)

    def _entries(self, call: BackwardCall) -> tuple[Entry, ...]:
        steps = {step.node: step for step in call.steps}
        shares: dict[int, list[Use]] = {}
        for edge in self.run.trace.edges:
            step = steps.get(edge.source)
            if step is None or self.run.trace.nodes[edge.target].leaf is None:
                continue
            sent = step.cotangents_out[edge.slot] if edge.slot < len(step.cotangents_out) else None
            if sent is not None:
                shares.setdefault(edge.target, []).append(self._use(edge.source, edge.slot, sent))
        found: dict[str, Entry] = {}
        for leaf in call.leaves:
            added = leaf.added
            uses: list[Use] = []
            if leaf.node is not None:
                uses = sorted(shares.get(leaf.node, []), key=lambda u: (self.order[u.node], u.slot))
            state = (
                "added" if added is not None or leaf.after != leaf.before else self._why(call, leaf)
            )
            name = self._title(leaf)
            hooked = bool(uses) and added is not None and not _is_sum(added, uses)
            found[name] = Entry(
                name, state, leaf.before, added, leaf.after, tuple(uses) if added else (), hooked
            )
            self.resting[name] = leaf.after
        for name in self.titles.shapes:
            if name not in found:
                held = self.resting.get(name)
                state = "stopped" if call.error is not None else "unreached"
                found[name] = Entry(name, state, held, None, held)
        return tuple(found[name] for name in self.titles.shapes if name in found)

    def _use(self, node: int, slot: int, sent: Values) -> Use:
        made = self.run.trace.nodes[node]
        line = made.span.line if made.span else None
        return Use(brief(self.labels.card(made)), sent, node, slot, line)

    def _why(self, call: BackwardCall, leaf: Leaf) -> str:
        """Why nothing was added to a leaf that a path leads to."""
        if call.error is not None:
            return "stopped"
        return "unasked" if call.inputs and leaf.name not in call.inputs else "nothing"

    def _failure(self, call: BackwardCall) -> Failure | None:
        error = call.error
        if error is None:
            return None
        changed = [leaf for leaf in call.leaves if leaf.after != leaf.before]
        spared = [leaf for leaf in call.leaves if leaf.after == leaf.before]
        place, freed_by = "", None
        gone: tuple[str, ...] = ()
        if error.node is not None:
            node = self.run.trace.nodes[error.node]
            place, freed_by = self.labels.card(node), self.freed.get(error.node)
            if freed_by is not None:
                kept = (s for s in node.saved if s.state not in ("none", "constant"))
                gone = tuple(saved.name for saved in kept)
        return Failure(
            error.message, place, gone, freed_by,
            tuple(map(self._title, changed)), tuple(map(self._title, spared)),
        )  # fmt: skip

    # ------------------------------------------------------------------- between the calls

    def _between(self, now: Mapping[str, Values | None], place: int | None) -> Iterator[Line]:
        """A line for what the program itself changed since the last call, if anything."""
        entries = tuple(
            self._set(name, values)
            for name, values in now.items()
            if values != self.resting.get(name)
        )
        if entries:
            statement = _changes_grad(self.run.program.source, self.at, place or self.own_lines + 1)
            text = self.source[statement - 1].strip() if statement else ""
            yield Line("changed", text, line=statement, entries=entries)

    def _set(self, name: str, values: Values | None) -> Entry:
        before, self.resting[name] = self.resting.get(name), values
        return Entry(name, "set", before, None, values)


class _Titles:
    """The name of each tensor that a gradient rests in; a name used again gets a number."""

    def __init__(self, run: Run) -> None:
        self._known: dict[str, str] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        filled = [leaf for call in run.calls if call.kind == "backward" for leaf in call.leaves]
        for variable in run.leaves:
            self.shapes[self.of(variable.name, variable.node)] = variable.values.shape
        for leaf in filled:
            known = next((v for v in (leaf.after, leaf.added, leaf.before) if v is not None), None)
            if known is not None:
                self.shapes.setdefault(self.of(leaf.name, leaf.node), known.shape)

    def of(self, name: str, node: int | None) -> str:
        """The title of the tensor called `name`, whose AccumulateGrad is `node`."""
        key = f"{name}@{node}"
        if key not in self._known:
            earlier = sum(1 for known in self._known if known.rpartition("@")[0] == name)
            self._known[key] = f"{name}#{earlier + 1}" if earlier else name
        return self._known[key]


def _resting(run: Run, titles: _Titles) -> dict[str, Values | None]:
    """What rests in the `.grad` of every leaf at the end of a run."""
    return {titles.of(leaf.name, leaf.node): leaf.grad for leaf in run.leaves}


def _is_sum(added: Values, uses: Sequence[Use]) -> bool:
    """Whether the shares add up to what was added, but for rounding."""
    arrays: list[npt.NDArray[np.generic]] = []
    for use in uses:
        if use.values.array is None or use.values.shape != added.shape:
            return True  # not to be seen, so nothing is said
        arrays.append(use.values.array)
    whole = added.array
    if whole is None or not arrays:
        return True
    with np.errstate(all="ignore"):
        total = np.sum(arrays, axis=0)
        most = np.abs(np.asarray(arrays)).max(initial=0.0)
        return bool(np.allclose(total, whole, rtol=CLOSE, atol=CLOSE * most, equal_nan=True))


def _changes_grad(source: str, first: int, last: int) -> int | None:
    """The only line between two others in which a program can have changed a `.grad`, else None."""
    lines = {
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.stmt) and not hasattr(node, "body") and _touches_grad(node)
    }
    between = [line for line in lines if first < line < last]
    return between[0] if len(between) == 1 else None


def _touches_grad(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign | ast.AugAssign | ast.Delete):
        targets = (
            statement.targets if not isinstance(statement, ast.AugAssign) else [statement.target]
        )
        if any(
            isinstance(part, ast.Attribute) and part.attr == "grad"
            for t in targets
            for part in ast.walk(t)
        ):
            return True
    called = [node.func for node in ast.walk(statement) if isinstance(node, ast.Call)]
    names = [
        func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in called
    ]
    return any(
        name == "zero_grad"
        or "clip_grad" in name
        or (name.endswith("_") and "grad" in ast.unparse(statement))
        for name in names
    )
