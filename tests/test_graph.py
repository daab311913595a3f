"""The exported graph, compared as a whole."""

import re

import pytest
import torch

import explorer
from explorer.data import Edge, Node, TensorMeta, Trace
from explorer.picture import engine
from explorer.picture.graph import to_dot, to_svg

HEAD = """\
digraph autograd {
	graph [rankdir=RL]
	node [fillcolor=white fontname="Helvetica,Arial,sans-serif" fontsize=12 shape=box \
style="rounded,filled"]
	edge [fontname="Helvetica,Arial,sans-serif" fontsize=10]
"""


def test_the_tutorial_as_dot():
    x = torch.ones(2, 2, requires_grad=True)
    y = x + 2
    out = (y * y * 3).mean()
    assert to_dot(explorer.trace(out, names={"x": x})) == HEAD + (
        '	n0 [label="MeanBackward0\\nscalar float32" penwidth=2]\n'
        '	n1 [label="MulBackward0\\n2×2 float32\\nsaves other"]\n'
        '	n2 [label="MulBackward0\\n2×2 float32\\nsaves other, self"]\n'
        '	n3 [label="AddBackward0\\n2×2 float32"]\n'
        '	n4 [label="AccumulateGrad\\nx\\n2×2 float32" fillcolor="#E9EBEE" shape=box '
        "style=filled]\n"
        "	n0 -> n1\n"
        "	n1 -> n2\n"
        "	n2 -> n3 [taillabel=0]\n"
        "	n2 -> n3 [taillabel=1]\n"
        "	n3 -> n4\n"
        "}\n"
    )


def test_several_outputs_are_told_apart_by_their_input_nr():
    x = torch.ones(2, 3, requires_grad=True)
    a, b = x.unbind(0)
    assert to_dot(explorer.trace(a - b, names={"x": x})) == HEAD + (
        '	n0 [label="SubBackward0\\n3 float32" penwidth=2]\n'
        '	n1 [label="UnbindBackward0\\n3 float32\\n3 float32"]\n'
        '	n2 [label="AccumulateGrad\\nx\\n2×3 float32" fillcolor="#E9EBEE" shape=box '
        "style=filled]\n"
        "	n0 -> n1 [headlabel=0 taillabel=0]\n"
        "	n0 -> n1 [headlabel=1 taillabel=1]\n"
        "	n1 -> n2\n"
        "}\n"
    )


def test_names_cannot_break_out_of_their_labels():
    evil = 'x" URL="javascript:alert(1)\\N<b>'
    node = Node(0, "AccumulateGrad", evil, (TensorMeta((), "float32"),))
    dot = to_dot(Trace((node,), (), (0,)))
    assert "\\\\N<b>" in dot
    svg = to_svg(Trace((node,), (), (0,)))
    assert "javascript:alert(1)" in svg  # as text
    assert "<a " not in svg
    assert "<b>" not in svg


def test_order_of_discovery_does_not_matter_to_the_text():
    nodes = (Node(0, "A", None, ()), Node(1, "B", None, ()), Node(2, "C", None, ()))
    edges = (Edge(0, 0, 1, 0), Edge(0, 1, 2, 0), Edge(1, 0, 2, 0))
    once = to_dot(Trace(nodes, edges, (0,)))
    assert once == to_dot(Trace(nodes[::-1], edges[::-1], (0,)))


def test_the_svg_has_every_node_and_edge():
    x = torch.ones(3, requires_grad=True)
    trace = explorer.trace((x * x).sin().sum())
    svg = to_svg(trace)
    assert len(re.findall(r'class="node"', svg)) == len(trace.nodes)
    assert len(re.findall(r'class="edge"', svg)) == len(trace.edges)


def test_an_empty_trace_is_an_empty_graph():
    assert to_dot(Trace((), (), ())) == HEAD + "}\n"


@pytest.mark.dot
def test_a_system_dot_reads_what_we_write(monkeypatch):
    import shutil

    system = shutil.which("dot")
    if system is None:
        pytest.skip("no system Graphviz")
    monkeypatch.setattr(engine, "find", lambda: system)
    engine.run.cache_clear()
    x = torch.ones(3, requires_grad=True)
    assert "<svg" in to_svg(explorer.trace((x * x).sum()))
    engine.run.cache_clear()
