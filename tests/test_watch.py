"""`watch` in a library user's own code: spans of this file, modules by name, nothing changed."""

from pathlib import Path

import pytest
import torch
from torch import nn
from zoo import ZOO

import explorer

LINES = Path(__file__).read_text(encoding="utf-8").splitlines()


def text_at(span) -> str:
    return LINES[span.line - 1][span.column : span.end_column]


def test_a_trace_after_a_watched_forward_knows_the_expressions() -> None:
    x = torch.ones(2, requires_grad=True)
    with explorer.watch() as watched:
        y = (x * x).sum()
    nodes = explorer.trace(y).nodes
    assert [text_at(node.span) for node in nodes[:2]] == ["(x * x).sum()", "x * x"]
    assert [op.nodes for op in watched.forward] == [(1,), (0,)]
    assert [node.name for node in watched.trace.nodes] == [node.name for node in nodes]


def test_a_recording_of_a_watched_forward_knows_them_too() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    with explorer.watch(names=net):
        y = net(torch.ones(1, 2)).sum()
    call = explorer.record(y, names=net)
    assert {n.name: n.module for n in call.trace.nodes if n.leaf is None} == {
        "SumBackward0": None,
        "TanhBackward0": "1",
        "AddmmBackward0": "0",
        "TBackward0": "0",
    }


def test_what_was_not_watched_has_no_span() -> None:
    x = torch.ones(2, requires_grad=True)
    before = x * 2
    with explorer.watch():
        y = before * 3
    spans = {node.name: node.span for node in explorer.trace(y + 1).nodes}
    assert spans["AddBackward0"] is None
    assert [n.span is None for n in explorer.trace(y).nodes] == [False, True, True]


@pytest.mark.parametrize("make", ZOO.values(), ids=ZOO.keys())
def test_watching_changes_no_graph(make) -> None:
    plain, names = make()
    with explorer.watch():
        watched, watched_names = make()
    bare, seen = (
        explorer.trace(root, names=n) for root, n in ((plain, names), (watched, watched_names))
    )
    assert [n.name for n in bare.nodes] == [n.name for n in seen.nodes]
    assert [n.saved for n in bare.nodes] == [n.saved for n in seen.nodes]
    assert bare.edges == seen.edges


def test_an_error_in_the_forward_leaves_nothing_behind() -> None:
    with pytest.raises(RuntimeError), explorer.watch() as watched:
        torch.ones(2, requires_grad=True) @ torch.ones(3)
    assert [op.function for op in watched.forward] == ["ones", "ones"]
    assert not torch.overrides._get_current_function_mode_stack()


def test_a_module_that_raises_is_left_again() -> None:
    class Fails(nn.Module):
        def forward(self, _):
            raise ValueError("no forward")

    net = nn.ModuleDict({"fails": Fails(), "works": nn.Linear(1, 1)})
    with explorer.watch(names=net) as watched:
        with pytest.raises(ValueError, match="no forward"):
            net["fails"](torch.ones(1))
        net["works"](torch.ones(1))
    assert watched.forward[-1].module == "works"


def test_a_layer_that_works_in_place_is_an_edit() -> None:
    with explorer.watch() as watched:
        y = torch.ones(2, requires_grad=True).exp()
        nn.ReLU(inplace=True)(y)
    edit = watched.forward[-1]
    assert (edit.function, edit.edited) == ("relu", (edit.inputs[0].tensor,))
