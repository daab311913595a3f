"""Numbers of large nodes, asked of torch one by one, held against autograd itself."""

import json

import msgspec
import numpy as np
import pytest
import torch

import explorer
from explorer.data import Run
from explorer.frames import tile_of
from explorer.ui.player.finite import finite
from explorer.ui.player.terms import Told, Wanted, asked, told, wanted

SOURCE = """\
import torch
torch.manual_seed(0)
x = torch.randn(8, 40, requires_grad=True)
y = torch.softmax(x, 1)
(y ** 2).sum().backward()
"""


def softmax_step(run: Run) -> int:
    return next(n.index for n in run.trace.nodes if n.name == "SoftmaxBackward0")


def explained(run: Run, want: Wanted) -> Told:
    question = asked(run, want)
    assert question is not None
    found = told(want, explorer.run(run.program, ask=(question,)))
    assert found is not None
    return found


def test_the_terms_of_one_number_are_the_column_that_autograd_gives() -> None:
    run = explorer.run(SOURCE)
    node = softmax_step(run)
    found = explained(run, Wanted(0, node, 0, element=43))
    torch.manual_seed(0)
    x = torch.randn(8, 40, requires_grad=True)
    y = torch.softmax(x, 1)
    g = 2 * y.detach()
    (real,) = torch.autograd.grad(y, x, g, retain_graph=True)
    assert found.why.total == pytest.approx(float(real.flatten()[43]), rel=1e-4, abs=1e-7)
    assert found.why.torch == pytest.approx(float(real.flatten()[43]), rel=1e-6)
    assert found.why.agrees is True
    assert found.why.more == 40 - len(found.why.terms)
    for part in found.why.terms:
        row, column = map(int, part.label[2:-1].split(","))
        one_hot = torch.zeros_like(y)
        one_hot[row, column] = 1
        (weights,) = torch.autograd.grad(y, x, one_hot, retain_graph=True)
        assert part.weight == pytest.approx(float(weights.flatten()[43]), rel=1e-4, abs=1e-7)
        assert part.factor == pytest.approx(float(g[row, column]), rel=1e-6)
    (weights_tile,) = found.weights
    assert weights_tile is not None
    assert weights_tile.shape == (8, 40)


def test_the_cell_of_a_block_means_its_largest_number() -> None:
    run = explorer.run(SOURCE)
    node = softmax_step(run)
    sent = next(s for s in run.calls[0].steps if s.node == node).cotangents_out[0]
    assert sent is not None
    tile = tile_of(sent)
    assert tile.block == (1, 2)
    for row, column in ((0, 0), (3, 7), (7, 19)):
        question = asked(run, Wanted(0, node, 0, cell=(row, column), block=tile.block))
        assert question is not None
        assert sent.array is not None
        number = sent.array.ravel()[question.element]
        assert number == pytest.approx(tile.cells[row * tile.columns + column], rel=1e-5)


@pytest.mark.parametrize(
    "want",
    [
        Wanted(1, 0, 0, element=0),
        Wanted(-1, 0, 0, element=0),
        Wanted(0, 99, 0, element=0),
        Wanted(0, 0, 9, element=0),
        Wanted(0, 0, -1, element=0),
        Wanted(0, 0, 0, element=10**9),
        Wanted(0, 0, 0, element=-1),
        Wanted(0, 0, 0, cell=(10**6, 0)),
        Wanted(0, 0, 0, cell=(-1, 0)),
        Wanted(0, 0, 0, cell=(0, 0), block=(0, 0)),
        Wanted(0, 0, 0),
    ],
)
def test_a_number_that_is_not_there_is_not_asked_for(want: Wanted) -> None:
    assert asked(explorer.run(SOURCE), want) is None


@pytest.mark.parametrize("said", [None, 3, {}, {"call": "x"}, {"call": 0, "node": 0, "slot": []}])
def test_what_is_no_question_is_none(said: object) -> None:
    assert wanted(said) is None


def test_numbers_that_are_not_finite_travel_as_words() -> None:
    run = explorer.run(
        "import torch\nx = torch.zeros(2, requires_grad=True)\nx.sqrt().sum().backward()"
    )
    node = next(n.index for n in run.trace.nodes if n.name == "SqrtBackward0")
    found = explained(run, Wanted(0, node, 0, element=1))
    why = finite(msgspec.to_builtins(found))["why"]
    assert why["torch"] == "inf"
    assert isinstance(why["terms"][0]["weight"], str)
    assert np.isfinite(float(why["terms"][0]["factor"]))
    json.dumps(why, allow_nan=False)
