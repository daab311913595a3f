"""A trace as labelled Graphviz: exactly torch's graph, for export.

`to_dot` writes DOT text that any Graphviz draws, `to_svg` draws it here. With `rankdir=RL` an edge
points from a node to its `next_functions`, and the root stands at the right. Nothing is grouped or
left out; nodes and edges are sorted, so equal traces give equal text.
"""

import graphviz

from explorer.data import Edge, Node, Trace
from explorer.picture import engine

FONT = "Helvetica,Arial,sans-serif"


def to_dot(trace: Trace) -> str:
    """The graph of `trace` as DOT text.

    Each node says torch's name, its leaf or its module, the shapes and dtypes of its outputs, and
    what it saved. An edge is labelled with its slot where its source has several, and with its
    input_nr where its target has several outputs.
    """
    digraph = graphviz.Digraph(
        "autograd",
        graph_attr={"rankdir": "RL"},
        node_attr={"shape": "box", "style": "rounded,filled", "fillcolor": "white",
                   "fontname": FONT, "fontsize": "12"},
        edge_attr={"fontname": FONT, "fontsize": "10"},
    )  # fmt: skip
    roots = set(trace.roots)
    for node in sorted(trace.nodes, key=lambda node: node.index):
        look = {}
        if node.leaf is not None:
            look = {"shape": "box", "style": "filled", "fillcolor": "#E9EBEE"}
        if node.index in roots:
            look["penwidth"] = "2"
        digraph.node(f"n{node.index}", _label(node), **look)
    slots = _counts(edge.source for edge in trace.edges)
    for edge in sorted(trace.edges, key=lambda edge: (edge.source, edge.slot)):
        digraph.edge(f"n{edge.source}", f"n{edge.target}", **_edge_labels(edge, trace, slots))
    return str(digraph.source)


def to_svg(trace: Trace) -> str:
    """The picture of `to_dot(trace)` as SVG text.

    Raises:
        LayoutError: no layout engine is installed, or the graph is too large for it.
    """
    return engine.run(to_dot(trace), "svg", edges=len(trace.edges))


def _label(node: Node) -> str:
    lines = [node.name]
    if node.leaf is not None:
        lines.append(node.leaf)
    elif node.module:
        lines.append(node.module)
    lines += [f"{_shape(meta.shape)} {meta.dtype}" for meta in node.outputs]
    kept = [saved.name for saved in node.saved if saved.state not in ("constant", "none")]
    if kept:
        lines.append("saves " + ", ".join(kept))
    # DOT reads a backslash as the start of an escape; only our own line breaks are meant.
    return "\\n".join(graphviz.escape(line) for line in lines)


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) if shape else "scalar"


def _edge_labels(edge: Edge, trace: Trace, slots: dict[int, int]) -> dict[str, str]:
    labels = {}
    if slots[edge.source] > 1:
        labels["taillabel"] = str(edge.slot)
    if len(trace.nodes[edge.target].outputs) > 1:
        labels["headlabel"] = str(edge.input_nr)
    return labels


def _counts(numbers: object) -> dict[int, int]:
    counts: dict[int, int] = {}
    for number in numbers:  # type: ignore[attr-defined]
        counts[number] = counts.get(number, 0) + 1
    return counts
