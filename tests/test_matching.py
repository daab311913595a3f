"""Nodes of two scenes are matched by what they are, in an order that both agree with."""

from functools import cache
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from zoo import ZOO

import explorer
from explorer import presets
from explorer.data import Edge, Node, Program, Run, TensorMeta, Trace, Values
from explorer.frames import Scene, frames_of
from explorer.frames.comparing import compared, same, together
from explorer.frames.matching import Pair, align, arcs, matched, rising

NAMES = ("MulBackward0", "AddBackward0", "TanhBackward0", "ViewBackward0")


@cache
def run(source: str) -> Run:
    return explorer.run(Program(source))


def scene(source: str) -> Scene:
    return frames_of(run(source)).scenes[-1]


def values(tensor: torch.Tensor) -> Values:
    return Values.of_array(tensor.numpy())


def preset(slug: str) -> str:
    return presets.get(slug).program.source


def turned(pairs: tuple[Pair, ...]) -> set[tuple[int | None, int | None, bool]]:
    return {(pair.right, pair.left, pair.alike) for pair in pairs}


def plain(pairs: tuple[Pair, ...]) -> set[tuple[int | None, int | None, bool]]:
    return {(pair.left, pair.right, pair.alike) for pair in pairs}


def labels(held: Scene, indices: list[int | None]) -> list[str]:
    names = {item.index: item.label for item in held.items}
    return [names[index] for index in indices if index is not None]


Shape = list[tuple[str, list[int]]]
"""A graph in few words: for each node its name and the nodes that it sends to, sinks last."""


@st.composite
def graphs(draw: st.DrawFn) -> Shape:
    """A random graph in which all is reached from the first node, and that ends in leaves."""
    count = draw(st.integers(1, 8))
    leaves = draw(st.integers(1, 3))
    shape: Shape = []
    for node in range(count):
        later = st.integers(node + 1, count + leaves - 1)
        targets = draw(st.lists(later, min_size=1, max_size=2))
        # Nothing is left aside: each node sends to the next one too.
        shape.append((draw(st.sampled_from(NAMES)), [node + 1, *targets]))
    return shape + [("AccumulateGrad", [])] * leaves


def scene_of(shape: Shape, called: str = "") -> Scene:
    """The scene of a graph; its leaves are a, b, c from the end, so that they keep their names."""
    nodes = tuple(
        Node(
            index,
            name,
            None if targets else "abc"[len(shape) - 1 - index],
            (TensorMeta((2,), "float32"),),
            module=called or None,
        )
        for index, (name, targets) in enumerate(shape)
    )
    edges = tuple(
        Edge(index, slot, target, 0)
        for index, (_, targets) in enumerate(shape)
        for slot, target in enumerate(targets)
    )
    trace = Trace(nodes, edges, (0,))
    return frames_of(Run(Program(""), "", (), (), (), trace, ())).scenes[0]


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_a_graph_matches_itself_wholly(shape: Shape) -> None:
    held = scene_of(shape)
    pairs = matched(held, held)
    assert all(pair.left == pair.right and pair.alike for pair in pairs)
    assert {pair.left for pair in pairs} == {item.index for item in held.items}


@settings(max_examples=60, deadline=None)
@given(graphs(), graphs())
def test_every_node_is_in_one_pair_and_turning_round_turns_the_pairs(
    one: Shape, other: Shape
) -> None:
    left, right = scene_of(one), scene_of(other)
    pairs = matched(left, right)
    assert sorted(p.left for p in pairs if p.left is not None) == [i.index for i in left.items]
    assert sorted(p.right for p in pairs if p.right is not None) == [i.index for i in right.items]
    assert plain(matched(right, left)) == turned(pairs)
    for pair in pairs:
        if pair.left is not None and pair.right is not None and pair.alike:
            assert one[pair.left][0] == other[pair.right][0]


@settings(max_examples=60, deadline=None)
@given(graphs(), graphs())
def test_both_graphs_laid_over_each_other_have_no_cycle(one: Shape, other: Shape) -> None:
    left, right = scene_of(one), scene_of(other)
    pairs = matched(left, right)
    for number, held in enumerate((left, right)):
        places = {(p.left, p.right)[number]: at for at, p in enumerate(pairs)}
        for arc in arcs(held):
            assert arc.source is None or places[arc.source] < places[arc.target]


@settings(max_examples=60, deadline=None)
@given(graphs(), st.data())
def test_a_node_more_leaves_all_others_matched(shape: Shape, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, sum(bool(targets) for _, targets in shape) - 1))

    def moved(targets: list[int]) -> list[int]:
        return [target + (target > place) for target in targets]

    # The new node stands between another one and all that it sends to.
    longer = [(name, moved(targets)) for name, targets in shape]
    name, targets = longer[place]
    longer[place : place + 1] = [(name, [place + 1]), ("CosBackward0", targets)]
    pairs = matched(scene_of(longer), scene_of(shape))
    assert [pair.left for pair in pairs if pair.right is None] == [place + 1]
    assert [pair for pair in pairs if pair.left is None] == []


@pytest.mark.parametrize("make", ZOO.values(), ids=ZOO)
def test_every_kind_of_graph_matches_itself(make) -> None:
    root, names = make()
    watched = explorer.trace(root, names=names)
    held = frames_of(
        Run(Program(""), "", (), (), (), watched, ()),
    ).scenes[0]
    assert all(pair.left == pair.right for pair in matched(held, held))


# -------------------------------------------------------------------------------- known programs


def test_without_the_relu_all_that_remains_is_matched() -> None:
    left, right = scene(preset("notebook")), scene(preset("notebook_linear"))
    pairs = matched(left, right)
    assert [pair for pair in pairs if pair.left is None] == []
    alone = [pair.left for pair in pairs if pair.right is None]
    assert {"threshold_backward", "activation_fnc(x)", "x", "Layer_1.bias"} <= set(
        labels(left, alone)
    )
    assert len(alone) == 30 - 21


def test_another_operation_in_the_same_place_is_said_to_be_another() -> None:
    tutorial = preset("tutorial")
    pairs = matched(scene(tutorial), scene(tutorial.replace("y * y", "y ** 3")))
    assert [pair.alike for pair in pairs] == [True, True, False, True, True]


def test_a_weight_that_got_another_name_stays_in_its_place() -> None:
    tutorial = preset("tutorial")
    pairs = matched(scene(tutorial), scene(tutorial.replace("x", "inp")))
    assert all(pair.left is not None and pair.right is not None for pair in pairs)
    assert [pair.alike for pair in pairs] == [True, True, True, True, False]


def test_layers_that_only_share_torchs_name_are_not_one() -> None:
    left, right = scene(preset("freeze_first")), scene(preset("freeze_last"))
    common = [p.left for p in matched(left, right) if None not in (p.left, p.right)]
    assert labels(left, common) == ["….sum()", "last(hidden)"]


# ------------------------------------------------------------------------------------- in pairs


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 3)))
def test_an_alignment_rises_and_has_as_many_pairs_as_can_be(a: list[int], b: list[int]) -> None:
    pairs = align(len(a), len(b), lambda i, j: 1 if a[i] == b[j] else None)
    assert pairs == sorted(pairs)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(a[i] == b[j] for i, j in pairs)
    longest = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, one in enumerate(a):
        for j, other in enumerate(b):
            longest[i + 1][j + 1] = max(
                longest[i][j + 1], longest[i + 1][j], longest[i][j] + (one == other)
            )
    assert len(pairs) == longest[-1][-1]


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(6)))
def test_rising_pairs_are_as_many_as_can_be(order: list[int]) -> None:
    found = rising(list(enumerate(order)))
    assert all(p < r and q < s for (p, q), (r, s) in pairwise(found))
    best = [1] * len(order)
    for at, value in enumerate(order):
        best[at] = 1 + max((best[k] for k in range(at) if order[k] < value), default=0)
    assert len(found) == max(best)


@pytest.mark.parametrize("slugs", presets.VARIANTS, ids="-".join)
def test_the_common_timeline_takes_every_step_of_both_once(slugs: tuple[str, str]) -> None:
    left, right = map(scene, map(preset, slugs))
    steps = together(matched(left, right), left, right)
    assert steps[0] == (0, 0)
    assert steps[-1] == (len(left.frames), len(right.frames))
    for (i, j), (p, q) in pairwise(steps):
        assert (p - i, q - j) in {(1, 0), (0, 1), (1, 1)}


def test_equal_programs_step_at_once_and_nothing_differs() -> None:
    one = run(preset("notebook"))
    frames = frames_of(one)
    found = compared(one, one, frames, frames)
    assert all(i == j for call in found.calls for i, j in call.steps)
    assert [call.marks for call in found.calls] == [()] * 4
    assert [ending.verdict for ending in found.endings] == [None] * 5


def test_none_and_zeros_in_grad_are_not_the_same() -> None:
    left, right = run(preset("notebook")), run(preset("notebook_linear"))
    found = compared(left, right, frames_of(left), frames_of(right))
    said = {
        ending.leaf: ending.verdict and tuple(word.id for word in ending.verdict.values.values())
        for ending in found.endings
    }
    assert said["x"] == said["Layer_1.bias"] == ("compare.zeros", "compare.none")
    assert said["Output_Layer.bias"] is None  # None on both sides
    assert found.endings[0].left.there


def test_zeroed_or_none_the_leaf_itself_moves_or_not() -> None:
    left, right = run(preset("zero_grad_none")), run(preset("zero_grad_zeros"))
    found = compared(left, right, frames_of(left), frames_of(right))
    moved = {ending.leaf: ending.moved for ending in found.endings}
    assert moved == {
        "used.weight": False, "used.bias": False, "spare.weight": True, "spare.bias": True,
    }  # fmt: skip


def test_what_grad_held_before_is_compared_too() -> None:
    left, right = run(preset("zero_grad_none")), run(preset("zero_grad_zeros"))
    marks = compared(left, right, frames_of(left), frames_of(right)).calls[1].marks
    words = [mark.badge.values for mark in marks]
    assert {mark.badge.id for mark in marks} == {"compare.badge.before"}
    assert [word["left"].id for word in words] == ["compare.none"] * 2
    assert {word["right"].id for word in words} == {"compare.zeros", "compare.zero"}


def test_where_the_numbers_part_is_told_from_where_they_only_arrive() -> None:
    tutorial = preset("tutorial")
    left, right = run(tutorial), run(tutorial.replace("z.mean()", "z.sum()"))
    (call,) = compared(left, right, frames_of(left), frames_of(right)).calls
    assert [mark.kind for mark in call.marks] == ["replaced", *["differs"] * 4]
    right = run(tutorial.replace("y * y * 3", "y * y * 5"))
    (call,) = compared(left, right, frames_of(left), frames_of(right)).calls
    assert [mark.kind for mark in call.marks] == ["parts", *["differs"] * 3]
    assert [mark.step for mark in call.marks] == [2, 3, 4, 5]


def test_rounding_is_no_difference_and_a_digit_is() -> None:
    one = values(torch.tensor([1.0, 0.3]))
    assert same(one, values(torch.tensor([1.0, 0.1 + 0.2])))
    assert not same(one, values(torch.tensor([1.0, 0.3001])))
    assert not same(one, None)
    assert same(None, None)
    assert same(values(torch.tensor([float("nan")])), values(torch.tensor([float("nan")])))
    assert not same(one, values(torch.tensor([[1.0, 0.3]])))
