"""Two runs beside each other: which calls belong together, in what steps, and what differs.

`compared(left, right)` pairs the calls of two runs and the nodes of each pair of calls, aligns
their steps on one timeline, and says in messages where the two differ: nodes that only one of them
has, operations in the place of others, and the first nodes at which the numbers part. What rests in
`.grad` at the end stands in `endings`, where None, zeros and numbers are three different things.

Two numbers are the same here where they agree to about five digits: the order in which a sum is
made is no difference.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from explorer.data import BackwardCall, Plain, Run, Saved, Step, Values, Variable
from explorer.frames import Frames
from explorer.frames.matching import Pair, align, matched, rising
from explorer.frames.messages import Message, code, message
from explorer.frames.scene import Item, Scene
from explorer.frames.tiles import Tile, largest, shape_text, tile_of

DIGITS = 1e-5
"""Part of a number by which two runs may be off and still show the same."""


class Mark(Plain, frozen=True):
    """One place in which the two differ.

    `pair` is its place among the pairs. `kind` is `left` or `right` (only one has it), `replaced`,
    `runs`, `shape`, `kinds` (None, zeros or numbers), `parts` (the same comes in, other numbers go
    out), `differs` (other numbers come in already) or `saved`. `badge` is a word or two, `sentence`
    says it in full. It can be seen from step `step` of the common timeline on.
    """

    pair: int
    kind: str
    badge: Message
    sentence: Message
    step: int = 0


class Compared(Plain, frozen=True):
    """A call of the left run beside one of the right; None where a run has no such call.

    `left` and `right` are places in `Frames.scenes`. `steps` holds, for each step of the common
    timeline, how many steps each side has done; it begins with (0, 0).
    """

    left: int | None
    right: int | None
    title: Message
    pairs: tuple[Pair, ...]
    steps: tuple[tuple[int, int], ...]
    paces: tuple[float, ...]
    marks: tuple[Mark, ...]
    headline: Message


class Rest(Plain, frozen=True):
    """What one side has of a leaf at the end: `there` is False where its program has no such leaf.

    `grad` is None for torch's None. `value` is the leaf itself, where it differs.
    """

    there: bool
    grad: Tile | None = None
    value: Tile | None = None


class Ending(Plain, frozen=True):
    """One leaf at the end of both programs. `verdict` says how its `.grad` differs; None: it does
    not."""

    leaf: str
    left: Rest
    right: Rest
    verdict: Message | None
    moved: bool = False


class Comparison(Plain, frozen=True):
    """Everything that two runs show beside each other. `largest` ends the endings' colour scale."""

    calls: tuple[Compared, ...]
    endings: tuple[Ending, ...]
    largest: float


def compared(left: Run, right: Run, frames: Frames, other: Frames) -> Comparison:
    """Compare two runs; `frames` are those of `left` and `other` those of `right`."""
    calls = [_compared(left, right, frames, other, i, j) for i, j in _calls_together(frames, other)]
    grads = [leaf.grad for run in (left, right) for leaf in run.leaves if leaf.grad is not None]
    return Comparison(tuple(calls), _endings(left, right), largest(grads))


def same(one: Values | None, other: Values | None) -> bool:
    """Whether two tensors show the same: equal shapes, and numbers equal to about five digits."""
    if one is None or other is None or one.shape != other.shape:
        return one is other
    if one.data == other.data and one.dtype == other.dtype:
        return one.data is not None or one.statistics == other.statistics
    a, b = one.array, other.array
    if a is None or b is None:
        return False
    with np.errstate(invalid="ignore"):
        most = np.nanmax(np.abs(a), initial=0.0, where=np.isfinite(a))
        return bool(np.allclose(a, b, rtol=DIGITS, atol=DIGITS * float(most) / 10, equal_nan=True))


# ---------------------------------------------------------------------------------------- calls


def _calls_together(frames: Frames, other: Frames) -> list[tuple[int | None, int | None]]:
    """Places of scenes that belong together, in the order of both."""
    a, b = frames.scenes, other.scenes
    if len(a) == len(b) == 1:
        return [(0, 0)]
    words, theirs = [_call_text(frames, s) for s in a], [_call_text(other, s) for s in b]

    def score(i: int, j: int) -> int | None:
        return None if a[i].kind != b[j].kind else 2 + 3 * (words[i] == theirs[j])

    found: list[tuple[int | None, int | None]] = []
    i = j = 0
    for p, q in [*align(len(a), len(b), score), (len(a), len(b))]:
        found += [(place, None) for place in range(i, p)]
        found += [(None, place) for place in range(j, q)]
        if p < len(a) and q < len(b):
            found.append((p, q))
        i, j = p + 1, q + 1
    return found


def _call_text(frames: Frames, scene: Scene) -> str:
    if scene.span is None:
        return ""
    lines = frames.program.source.splitlines()[scene.span.line - 1 : scene.span.end_line]
    return " ".join(line.strip() for line in lines)


def _compared(
    left: Run, right: Run, frames: Frames, other: Frames, i: int | None, j: int | None
) -> Compared:
    if i is None or j is None:
        scene = frames.scenes[i] if i is not None else other.scenes[j or 0]
        steps = [(k, 0) if j is None else (0, k) for k in range(len(scene.frames) + 1)]
        paces = tuple(frame.pace for frame in scene.frames)
        side = "left" if j is None else "right"
        headline = message(f"compare.call.{side}")
        return Compared(i, j, scene.title, (), tuple(steps), paces, (), headline)
    one, two = _Side(left, frames.scenes[i]), _Side(right, other.scenes[j])
    pairs = matched(one.scene, two.scene)
    steps = together(pairs, one.scene, two.scene)
    marks = [mark for n, pair in enumerate(pairs) if (mark := _mark(n, pair, one, two, steps))]
    return Compared(
        i, j, one.scene.title, pairs, tuple(steps), _paces(one, two, steps), tuple(marks),
        _headline(pairs, marks),
    )  # fmt: skip


def together(pairs: Sequence[Pair], left: Scene, right: Scene) -> list[tuple[int, int]]:
    """The steps of both calls on one timeline: common nodes run at once, where the orders agree.

    In a step that only one side has the other waits.
    """
    partner = {pair.left: pair.right for pair in pairs if pair.left is not None}
    turn = {frame.node: number for number, frame in enumerate(right.frames, 1)}
    both = []
    for number, frame in enumerate(left.frames, 1):
        node = partner.get(frame.node) if frame.node is not None else None
        at = turn.get(node) if node is not None or frame.node is None else None
        if at is not None:
            both.append((number, at))
    steps = [(0, 0)]
    for p, q in [*rising(both), (len(left.frames) + 1, len(right.frames) + 1)]:
        i, j = steps[-1]
        steps += [(k, j) for k in range(i + 1, p)]
        steps += [(p - 1, k) for k in range(j + 1, q)]
        if p <= len(left.frames):
            steps.append((p, q))
    return steps


def _paces(one: "_Side", two: "_Side", steps: Sequence[tuple[int, int]]) -> tuple[float, ...]:
    paces = []
    for (i, j), (p, q) in pairwise(steps):
        moved = [one.scene.frames[p - 1]] if p > i else []
        moved += [two.scene.frames[q - 1]] if q > j else []
        paces.append(max(frame.pace for frame in moved))
    return tuple(paces)


# ---------------------------------------------------------------------------------------- marks


class _Side:
    """One call, by node."""

    def __init__(self, run: Run, scene: Scene) -> None:
        self.scene = scene
        self.items = {item.index: item for item in scene.items}
        call: BackwardCall | None = run.calls[scene.call] if scene.call is not None else None
        self.steps: dict[int, Step] = {}
        for step in call.steps if call else ():
            self.steps.setdefault(step.node, step)
        self.leaves = {leaf.node: leaf for leaf in call.leaves} if call else {}
        self.returned = dict(zip(call.inputs, call.results, strict=False)) if call else {}
        self.nodes = (call.trace if call else run.trace).nodes
        self.stepped = bool(self.steps)

    def in_bucket(self, item: Item) -> tuple[Values | None, Values | None]:
        """What a bucket holds before and after the call, or what `autograd.grad` returned for it
        instead."""
        leaf = self.leaves.get(item.index)
        if item.label in self.returned or leaf is None:
            return None, self.returned.get(item.label)
        return leaf.before, leaf.after


def _mark(
    number: int, pair: Pair, one: _Side, two: _Side, steps: Sequence[tuple[int, int]]
) -> Mark | None:
    """What is to be said of a pair, if anything."""
    if pair.left is None or pair.right is None:
        side, kind = (one, "left") if pair.right is None else (two, "right")
        item = side.items[pair.left if pair.left is not None else pair.right or 0]
        sort = "leaf" if item.kind == "bucket" else "node"
        said = message(f"compare.{sort}.{kind}", label=code(item.label), name=item.short)
        return Mark(number, kind, message("compare.badge.only"), said)
    a, b = one.items[pair.left], two.items[pair.right]
    label = code(a.label)
    if not pair.alike:
        said = message("compare.replaced", left=label, right=code(b.label))
        badge = message("compare.badge", left=code(a.brief), right=code(b.brief))
        return Mark(number, "replaced", badge, said)
    if a.shape != b.shape:
        return _beside(number, "shape", label, _shape(a), _shape(b), 0)
    ran = (pair.left in one.steps, pair.right in two.steps)
    if one.stepped and two.stepped and ran[0] != ran[1]:
        words = [message("compare.runs" if did else "compare.never") for did in ran]
        return _beside(number, "runs", label, words[0], words[1], len(steps) - 1)
    if a.kind == "bucket":
        return _bucket(number, a, one.in_bucket(a), two.in_bucket(b), _seen(steps, a, b))
    if not all(ran):
        return None
    return _card(number, label, pair, one, two, _seen(steps, a, b))


def _beside(
    number: int, kind: str, label: dict[str, str], left: Message, right: Message, step: int
) -> Mark:
    badge = message("compare.badge", left=left, right=right)
    said = message("compare.beside", label=label, left=left, right=right)
    return Mark(number, kind, badge, said, step)


def _bucket(
    number: int,
    item: Item,
    left: tuple[Values | None, Values | None],
    right: tuple[Values | None, Values | None],
    step: int,
) -> Mark | None:
    """What `.grad` holds afterwards, and where that is the same, what it held before."""
    (before, after), (before_there, after_there) = left, right
    if not same(after, after_there):
        words = (amount(after), amount(after_there))
        if words[0] == words[1]:
            said = message("compare.differs.leaf", label=code(item.label))
            return Mark(number, "differs", message("compare.badge.differs"), said, step)
        kind = "kinds" if _other_kind(after, after_there) else "differs"
        return _beside(number, kind, code(f"{item.label}.grad"), *words, step)
    if not same(before, before_there):
        beside = {"left": amount(before), "right": amount(before_there)}
        said = message("compare.before", label=code(f"{item.label}.grad"), **beside)
        return Mark(number, "kinds", message("compare.badge.before", **beside), said)
    return None


def _card(
    number: int, label: dict[str, str], pair: Pair, one: _Side, two: _Side, step: int
) -> Mark | None:
    """Cotangents that came in and went out, then what was saved."""
    assert pair.left is not None
    assert pair.right is not None
    a, b = one.steps[pair.left], two.steps[pair.right]
    for mine, theirs in (
        *zip(a.cotangents_in, b.cotangents_in, strict=False),
        *zip(a.cotangents_out, b.cotangents_out, strict=False),
    ):
        if _other_kind(mine, theirs):
            return _beside(number, "kinds", label, amount(mine), amount(theirs), step)
    into = _all_same(a.cotangents_in, b.cotangents_in)
    out = _all_same(a.cotangents_out, b.cotangents_out)
    if into and out:
        saved = (one.nodes[pair.left].saved, two.nodes[pair.right].saved)
        if _saved_same(*saved):
            return None
        said = message("compare.saved", label=label)
        return Mark(number, "saved", message("compare.badge.saved"), said, step)
    kind = "parts" if into else "differs"
    return Mark(
        number,
        kind,
        message(f"compare.badge.{kind}"),
        message(f"compare.{kind}", label=label),
        step,
    )


def _all_same(left: Sequence[Values | None], right: Sequence[Values | None]) -> bool:
    return len(left) == len(right) and all(map(same, left, right))


def _saved_same(left: Iterable[Saved], right: Iterable[Saved]) -> bool:
    """Whether two nodes keep the same for their backward; what was let go is not looked at."""
    theirs = {saved.name: saved for saved in right}
    for mine in left:
        other = theirs.get(mine.name)
        if other is None or mine.text != other.text:
            return False
        if "freed" not in (mine.state, other.state) and not same(mine.values, other.values):
            return False
    return True


def _other_kind(left: Values | None, right: Values | None) -> bool:
    """Whether one of two is None, or zeros only, and the other is not."""
    if left is None or right is None:
        return left is not right
    return _zeros(left) != _zeros(right)


def _zeros(values: Values) -> bool:
    known = values.described
    return known is not None and values.size > 0 and known.zeros == values.size


def amount(values: Values | None) -> Message:
    """A word or two for what a tensor holds: `None`, `zeros`, `4.5`, `numbers`."""
    if values is None:
        return message("compare.none")
    if _zeros(values):
        return message("compare.zeros" if values.size > 1 else "compare.zero")
    known = values.described
    if known is None or known.nans or known.infinities or known.minimum is None:
        return message("compare.numbers")
    if known.minimum == known.maximum:
        return message("compare.number", number=float(f"{known.minimum:.6g}"))
    return message("compare.numbers")


def _shape(item: Item) -> Message:
    return message("compare.shape", shape=item.shape) if item.shape else message("scalar")


def _seen(steps: Sequence[tuple[int, int]], a: Item, b: Item) -> int:
    """The step of the common timeline after which both nodes have run; those that never do count
    as the last."""
    last = len(steps) - 1
    if a.order is None or b.order is None:
        return last
    i, j = a.order, b.order
    return next((n for n, (p, q) in enumerate(steps) if p >= i and q >= j), last)


def _headline(pairs: Sequence[Pair], marks: Sequence[Mark]) -> Message:
    lone = {"left": 0, "right": 0}
    other = 0
    for mark in marks:
        if mark.kind in lone:
            lone[mark.kind] += 1
        else:
            other += 1
    common = len(pairs) - sum(lone.values())
    if not marks:
        return message("compare.equal", count=common)
    sides = [side for side, count in lone.items() if count]
    id_ = "compare.counts" + (f".{sides[0]}" if len(sides) == 1 else ".both" if sides else "")
    return message(id_, count=common, other=other, **lone)


# -------------------------------------------------------------------------------------- endings


def _endings(left: Run, right: Run) -> tuple[Ending, ...]:
    """Every leaf of both programs, with what rests in its `.grad` when all is done."""
    mine = {leaf.name: leaf for leaf in left.leaves}
    theirs = {leaf.name: leaf for leaf in right.leaves}
    return tuple(_ending(name, mine.get(name), theirs.get(name)) for name in (mine | theirs))


def _ending(name: str, left: Variable | None, right: Variable | None) -> Ending:
    moved = left is not None and right is not None and not same(left.values, right.values)
    rests = [
        Rest(False)
        if leaf is None
        else Rest(
            True,
            tile_of(leaf.grad) if leaf.grad is not None else None,
            tile_of(leaf.values) if moved else None,
        )
        for leaf in (left, right)
    ]
    return Ending(name, rests[0], rests[1], _verdict(left, right), moved)


def _verdict(left: Variable | None, right: Variable | None) -> Message | None:
    if left is None or right is None:
        words = [message("compare.absent") if v is None else amount(v.grad) for v in (left, right)]
    elif same(left.grad, right.grad):
        return None
    else:
        words = [amount(left.grad), amount(right.grad)]
        if left.grad is not None and right.grad is not None and left.grad.shape != right.grad.shape:
            shapes = (shape_text(left.grad.shape), shape_text(right.grad.shape))
            words = [message("compare.shape", shape=shape) for shape in shapes]
    if words[0] == words[1]:
        return message("compare.badge.differs")
    return message("compare.badge", left=words[0], right=words[1])
