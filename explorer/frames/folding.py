"""Fold a scene that is too large to be read: many nodes become one card that can be opened.

`plan` says what to fold, `views` which of it can be opened, and `folded(scene, groups)` is the
scene with each group as one item of kind `group`. Nodes go together that one module's forward made;
equal stretches that follow each other (`×48 the same`) keep a few of their first and last; and
where neither helps, neighbours go together. A group is always a stretch of the order in which the
nodes run, so no wire leads out of it and back in. Trace and Run know nothing of this: it is a way
of drawing.

A scene with at most `MAX_CARDS` cards needs no folding, and its plan is empty.
"""

import heapq
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Container, Hashable, Mapping, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

import msgspec
import numpy as np

from explorer.frames.labels import module_name
from explorer.frames.scene import Changes, Group, Hop, Item, Scene, Wire
from explorer.language import _, ngettext

MAX_CARDS = 150
"""Cards that a picture shows at once; a scene with more is folded."""

ENOUGH_CARDS = 8
"""Modules are opened, level by level, until there are about as many cards as this."""

MIN_REPEATS = 8
"""Equal stretches in a row from which on the middle ones fold."""

KEPT_REPEATS = 2
"""Of equal stretches, so many of the first and of the last stay as they are."""

MAX_IN_VIEWS = 2_500
"""Cards in all ways of showing a scene together; what would go beyond stays folded."""

MAX_UNFOLDED = 400
"""Cards up to which everything can be unfolded at once."""

MAX_OPENED = 300
"""Cards that an opened group shows without folding some of them again."""

MAX_PARALLEL = 24
"""Wires from one node to the same place that are drawn one by one; more of them become one."""

MAX_PERIOD = 64
"""Cards in a stretch that is recognised when it is repeated."""


Entry = Item | Group


def plan(items: Sequence[Item], wires: Sequence[Wire], most: int = MAX_CARDS) -> tuple[Group, ...]:
    """The groups into which a scene of `items` folds; none where all can be shown at once.

    `most` is how many cards a picture shows at once.
    """
    if sum(item.kind == "card" for item in items) <= most:
        return ()
    road = _road(items, wires)
    return _groups(_entries(road, "", _Kinds(wires, road), most))


class View(NamedTuple):
    """One way to show a scene: which group is open (`""` for none, `"*"` for all of them), which
    one is open when that is folded again, and what is folded."""

    opened: str
    within: str
    folds: tuple[Group, ...]


def views(groups: Sequence[Group], cards: int) -> list[View]:
    """All ways to show a scene of so many cards, outer groups first, the whole of it last.

    They hold at most `MAX_IN_VIEWS` cards together: what lies too deep for that stays folded.
    """
    if not groups:
        return [View("*", "", ())]
    found, total = [View("", "", tuple(groups))], 0
    level = [(group, "", _without(groups, place)) for place, group in enumerate(groups)]
    while level:
        opened = [View(g.key, within, (*others, *g.inner)) for g, within, others in level]
        total += sum(cards - sum(len(g.cards) - 1 for g in view.folds) for view in opened)
        if total > MAX_IN_VIEWS:
            break
        found += opened
        level = [
            (inner, group.key, (*others, *_without(group.inner, place)))
            for group, _, others in level
            for place, inner in enumerate(group.inner)
        ]
    if cards <= MAX_UNFOLDED:
        found.append(View("*", "", ()))
    return found


def _without(groups: Sequence[Group], place: int) -> tuple[Group, ...]:
    return (*groups[:place], *groups[place + 1 :])


def hidden(items: Sequence[Item], wires: Sequence[Wire], groups: Sequence[Group]) -> frozenset[int]:
    """The nodes that no view shows."""
    cards = sum(item.kind == "card" for item in items)
    return hidden_in(items, wires, views(groups, cards))


def hidden_in(
    items: Sequence[Item], wires: Sequence[Wire], shown: Sequence[View]
) -> frozenset[int]:
    """The nodes that none of the views `shown` has."""
    always: set[int] | None = None
    for view in shown:
        owned = set(owners(items, wires, view.folds))
        always = owned if always is None else always & owned
    return frozenset(always or ())


# ---------------------------------------------------------------------------------- what to fold


def _road(items: Sequence[Item], wires: Sequence[Wire]) -> list[Item]:
    """The cards in the order in which they run; a card never stands before one that sends to it."""
    cards = {item.index: item for item in items if item.kind == "card"}
    onward: dict[int, list[int]] = defaultdict(list)
    waiting = dict.fromkeys(cards, 0)
    for wire in wires:
        if wire.source is not None and wire.target in cards:
            onward[wire.source].append(wire.target)
            waiting[wire.target] += 1
    never = 1 + max((item.order or 0 for item in items), default=0)

    def turn(index: int) -> tuple[int, int]:
        order = cards[index].order
        return (order if order is not None else never, index)

    ready = [turn(index) for index, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    road = []
    while ready:
        _, index = heapq.heappop(ready)
        road.append(cards[index])
        for target in onward[index]:
            waiting[target] -= 1
            if waiting[target] == 0:
                heapq.heappush(ready, turn(target))
    return road


class _Kinds:
    """What makes two cards equal: the call that made them, and how they are wired."""

    def __init__(self, wires: Sequence[Wire], road: Sequence[Item]) -> None:
        place = {item.index: number for number, item in enumerate(road)}
        ways: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for wire in wires:
            if wire.source in place:
                # A bucket is a bucket, whichever it is; a card is told by how far away it is.
                far = place[wire.target] - place[wire.source] if wire.target in place else 0
                ways[wire.source].append((wire.slot, far))
        self._of = {
            item.index: (item.name, item.short, item.span, tuple(ways[item.index])) for item in road
        }

    def of(self, entry: Entry) -> Hashable:
        if isinstance(entry, Group):
            return tuple(self._of[card] for card in entry.cards)
        return self._of[entry.index]


def _entries(road: Sequence[Item], path: str, kinds: _Kinds, most: int) -> list[Entry]:
    """A stretch of the road, all of it made below the module `path`, in at most `most` cards."""
    entries = _by_module(road, path, kinds, most)
    cards = {item.index: item for item in road}
    while len(entries) < ENOUGH_CARDS:
        opened = _by_repeats(_opened_once(entries, cards, kinds, most), kinds, most)
        if opened == entries or len(opened) > most:
            break
        entries = opened
    entries = _by_repeats(entries, kinds, most)
    return _by_neighbours(entries, most) if len(entries) > most else entries


def _groups(entries: Sequence[Entry]) -> tuple[Group, ...]:
    return tuple(entry for entry in entries if isinstance(entry, Group))


def _by_module(road: Sequence[Item], path: str, kinds: _Kinds, most: int) -> list[Entry]:
    """Neighbours that the same child of the module `path` made become one group."""
    entries: list[Entry] = []
    for child, run in groupby(road, lambda item: _child(item.module, path)):
        cards = list(run)
        if child is None or len(cards) == 1:
            entries += cards
        else:
            inner = _groups(_entries(cards, child, kinds, most)) if len(cards) > MAX_OPENED else ()
            entries.append(Group(child, tuple(item.index for item in cards), inner=inner))
    return entries


def _child(module: str | None, path: str) -> str | None:
    """The module directly below `path` in which `module` lies, or which it is."""
    head = f"{path}." if path else ""
    if not module or not module.startswith(head):
        return None
    return head + module[len(head) :].partition(".")[0]


def _opened_once(
    entries: Sequence[Entry], cards: Mapping[int, Item], kinds: _Kinds, most: int
) -> list[Entry]:
    """The entries with each module opened by one level."""
    opened: list[Entry] = []
    for entry in entries:
        if isinstance(entry, Group) and not entry.repeats:
            opened += _by_module([cards[card] for card in entry.cards], entry.label, kinds, most)
        else:
            opened.append(entry)
    return opened


def _by_repeats(entries: Sequence[Entry], kinds: _Kinds, most: int) -> list[Entry]:
    """The middle ones of many equal stretches become one group, the longest repeat first."""
    if len(entries) <= most:
        return list(entries)
    numbers: dict[Hashable, int] = {}
    codes = np.array([numbers.setdefault(kinds.of(e), len(numbers)) for e in entries])
    best = (0, 0, 0)  # cards in the repeat, where it begins, cards in one stretch
    for period in range(1, min(MAX_PERIOD, len(codes) // MIN_REPEATS) + 1):
        same = np.concatenate([[0], codes[period:] == codes[:-period], [0]])
        ends = np.flatnonzero(np.diff(same))
        for begin, end in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
            count = (end - begin + period) // period
            if count >= MIN_REPEATS and count * period > best[0] + period:
                best = (count * period, begin, period)
    length, begin, period = best
    if not length:
        return list(entries)
    kept = KEPT_REPEATS * period
    first, last = begin + kept, begin + length - kept
    middle = entries[first:last]
    group = Group(middle[0].label, _cards(middle), len(middle) // period, _halves(middle, period))
    before = _by_repeats(entries[:first], kinds, most)
    after = _by_repeats(entries[last:], kinds, most)
    return [*before, group, *after]


def _halves(middle: Sequence[Entry], period: int) -> tuple[Group, ...]:
    """What an opened repeat still folds: shorter repeats, as many as can be shown at once."""
    count = len(middle) // period
    if len(middle) <= MAX_OPENED:
        return _groups(middle)
    pieces = min(count, MAX_CARDS // 4)
    starts = [count * piece // pieces * period for piece in range(pieces + 1)]
    groups = []
    for begin, end in pairwise(starts):
        part = middle[begin:end]
        groups.append(
            Group(part[0].label, _cards(part), len(part) // period, _halves(part, period))
        )
    return tuple(groups)


def _by_neighbours(entries: Sequence[Entry], most: int) -> list[Entry]:
    """What follows each other becomes one group, where there is no better reason."""
    pieces = most // 3
    starts = [len(entries) * piece // pieces for piece in range(pieces + 1)]
    found: list[Entry] = []
    for begin, end in pairwise(starts):
        part = entries[begin:end]
        if len(part) == 1:
            found += part
            continue
        inner = _by_neighbours(part, most) if len(part) > MAX_OPENED else part
        found.append(Group(part[0].label, _cards(part), 0, _groups(inner)))
    return found


def _cards(entries: Sequence[Entry]) -> tuple[int, ...]:
    found: list[int] = []
    for entry in entries:
        found += entry.cards if isinstance(entry, Group) else [entry.index]
    return tuple(found)


# ---------------------------------------------------------------------------------------- folded


def folded(scene: Scene, groups: Sequence[Group]) -> Scene:
    """`scene` with each of the `groups` as one item, numbered after all nodes.

    A group takes in the buckets that only its own cards send to, and the beads on the wires that
    its cards send on. Wires that lead from one group to the same place become one wire, and so do
    more than `MAX_PARALLEL` from one node.
    """
    ends = Counter(_ends(wire) for wire in scene.wires if not wire.beads)
    many = {pair for pair, count in ends.items() if count > MAX_PARALLEL}
    if not groups and not many:
        return scene
    owner = owners(scene.items, scene.wires, groups)
    first = max(item.index for item in scene.items) + 1
    wires = _joined(scene, owner, first, many)
    held: dict[int, list[Item]] = defaultdict(list)
    items = []
    for item in scene.items:
        if item.index in owner:
            held[owner[item.index]].append(item)
        else:
            items.append(item)
    expected: dict[int, int] = defaultdict(int)
    for wire in wires:
        expected[wire.target] += max(1, len(wire.landings))
    for place, group in enumerate(groups):
        items.append(_group_item(first + place, group, held[place], expected[first + place]))
    seeds = tuple(
        msgspec.structs.replace(seed, root=first + owner[seed.root]) if seed.root in owner else seed
        for seed in scene.seeds
    )
    cuts = tuple(cut for cut in scene.cuts if cut.node not in owner)
    return msgspec.structs.replace(
        scene, items=tuple(items), wires=tuple(wires), seeds=seeds, cuts=cuts
    )


def owners(items: Sequence[Item], wires: Sequence[Wire], groups: Sequence[Group]) -> dict[int, int]:
    """The place in `groups` of the one that holds each folded node: card, bead or bucket."""
    owner = {card: place for place, group in enumerate(groups) for card in group.cards}
    users: dict[int, set[int | None]] = defaultdict(set)
    for wire in wires:
        home = owner.get(wire.source) if wire.source is not None else None
        users[wire.target].add(home)
        if home is not None:
            for bead in wire.beads:
                owner[bead] = home
    for item in items:
        if item.kind == "bucket" and len(users[item.index]) == 1:
            (home,) = users[item.index]
            if home is not None:
                owner[item.index] = home
    return owner


_Ends = tuple[int | None, int, int]


def _ends(wire: Wire) -> _Ends:
    return wire.source, wire.target, wire.input_nr


def _joined(
    scene: Scene, owner: Mapping[int, int], first: int, many: Container[_Ends]
) -> list[Wire]:
    """The wires between what is left, renumbered. Those that share both ends are one, where an end
    is a group or they are among the `many`."""
    wires: list[Wire] = []
    bundles: dict[tuple[int | None, int | None, int, int], list[Wire]] = {}
    for wire in scene.wires:
        source, target = wire.source, wire.target
        home = owner.get(source) if source is not None else None
        goal = owner.get(target)
        if home is not None and home == goal:
            continue
        target = target if goal is None else first + goal
        if home is None and (wire.beads or (goal is None and _ends(wire) not in many)):
            wires.append(msgspec.structs.replace(wire, target=target))
            continue
        source = source if home is None else first + home
        input_nr = wire.input_nr if goal is None else 0
        bundles.setdefault((source, wire.seed, target, input_nr), []).append(wire)
    for (source, seed, target, input_nr), parts in bundles.items():
        last = max(parts, key=lambda part: part.lands or 0)
        weights = [part.weight for part in parts if part.weight is not None]
        lands = last.lands if all(part.lands is not None for part in parts) else None
        wires.append(
            Wire(
                0, source, seed, min(part.slot for part in parts), target, input_nr, (),
                (Hop(last.lands, last.tile),), lands, last.tile,
                max(weights, default=None),
                next((part.name for part in parts if part.name), ""),
                parts[0].shape,
                tuple(sorted(part.lands or 0 for part in parts)),
            )
        )  # fmt: skip
    wires.sort(key=lambda w: (w.seed is None, w.source or 0, w.slot, w.target, w.input_nr))
    return [msgspec.structs.replace(wire, number=number) for number, wire in enumerate(wires)]


def _group_item(index: int, group: Group, held: Sequence[Item], expected: int) -> Item:
    steps = sorted(item.order for item in held if item.order is not None)
    cards = len(group.cards)
    name = (
        f"{group.repeats} × {cards // group.repeats}"
        if group.repeats
        else ngettext("{count} card", "{count} cards", cards).format(count=cards)
    )
    return Item(
        index,
        "group",
        "",
        "",
        group.label,
        group.label if group.repeats else module_name(group.label),
        _("{label}: {count} nodes in one card ({cards})").format(
            label=group.label, count=len(held), cards=name
        ),
        _group_states(held, steps),
        steps[0] if steps else None,
        expected,
        "",
        "",
        holds=tuple(item.index for item in held),
        steps=tuple(steps),
        repeats=group.repeats,
        key=group.key,
    )


def _group_states(held: Sequence[Item], steps: Sequence[int]) -> Changes:
    """Firing while one of the group's nodes is, waiting between two of them, done after all."""
    changes = [(0, "idle")]
    failing = {step for item in held for step, state in item.states if state == "failed"}
    for step in steps:
        if changes[-1] != (step, "waiting"):
            changes.append((step, "firing"))
        else:
            changes.pop()
        if step in failing:
            changes[-1] = (step, "failed")
        else:
            changes.append((step + 1, "done" if step == steps[-1] else "waiting"))
    return tuple(changes)


def arrived(wire: Wire, step: int) -> int:
    """How many of the contributions that a wire stands for have landed by `step`."""
    landings = wire.landings or ((wire.lands,) if wire.lands is not None else ())
    return bisect_right(landings, step) - bisect_right(landings, 0)
