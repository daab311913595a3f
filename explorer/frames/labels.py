"""Names that a person recognises: their own expression for a node, their variables, torch's name.

A node made by `torch.tanh(h @ W)` is called `tanh(…)`: the part that another node made is an
ellipsis, and the module in front of a function is left out.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from explorer.data import Node, Program, Run, Span, Variable

BEADS = frozenset(
    {
        "Alias", "AsStrided", "Expand", "Permute", "Reshape", "ReshapeAlias", "Squeeze", "T",
        "Transpose", "UnsafeView", "Unsqueeze", "View",
    }
)  # fmt: skip
"""Short names of the nodes that change a tensor's shape and compute nothing."""

_PREFIX = re.compile(r"^(torch\.nn\.functional|nn\.functional|torch\.special|torch|F|self)\.")
_BACKWARD = re.compile(r"Backward\d*$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@lru_cache(maxsize=1024)
def short_name(name: str) -> str:
    """torch's name of a node without its ending.

    >>> short_name("MulBackward0"), short_name("AccumulateGrad")
    ('Mul', 'AccumulateGrad')
    """
    return _BACKWARD.sub("", name) or name


def function_name(name: str) -> str:
    """The name of a node in the spelling of a function.

    >>> function_name("LogSoftmaxBackward0")
    'log_softmax'
    """
    return _CAMEL.sub("_", short_name(name)).lower()


def is_bead(node: Node) -> bool:
    """Whether a node only changes the shape."""
    return node.leaf is None and short_name(node.name) in BEADS


def cut_out(program: Program, span: Span, holes: Iterable[Span] = ()) -> str:
    """The text of `span` on one line, with an ellipsis for each of the `holes` inside it."""
    lines = program.source.splitlines()
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    text = "\n".join(lines)

    def place(line: int, column: int) -> int:
        return starts[min(line, len(lines)) - 1] + column if lines else 0

    begin, end = place(span.line, span.column), place(span.end_line, span.end_column)
    pieces, at = [], begin
    for hole in sorted(holes, key=lambda hole: (hole.line, hole.column)):
        first, last = place(hole.line, hole.column), place(hole.end_line, hole.end_column)
        if first >= at:
            pieces += [text[at:first], "…"]
            at = last
    return " ".join("".join([*pieces, text[at:end]]).split())


def inside(inner: Span, outer: Span) -> bool:
    """Whether `inner` lies within `outer` and is not the same."""
    starts = (outer.line, outer.column) <= (inner.line, inner.column)
    ends = (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
    return starts and ends and inner != outer


class Labels:
    """The names of all nodes of a run."""

    def __init__(self, run: Run) -> None:
        self.program = run.program
        self._nodes = run.trace.nodes
        self._variables = _by_output(run.tensors)
        self._spans = sorted(
            {node.span for node in self._nodes if node.span},
            key=lambda span: (span.line, span.column, -span.end_line, -span.end_column),
        )
        self._expressions: dict[Span, str] = {}
        # Names of the nodes that one expression made: in all, and by module.
        self._all_names: dict[Span, set[str]] = defaultdict(set)
        self._names: dict[Span, dict[str | None, set[str]]] = defaultdict(lambda: defaultdict(set))
        for node in self._nodes:
            if node.span and node.leaf is None and not is_bead(node):
                self._all_names[node.span].add(node.name)
                self._names[node.span][node.module].add(node.name)

    def expression(self, span: Span) -> str:
        """The person's own expression at `span`, inner nodes as `…`, without a leading module."""
        known = self._expressions.get(span)
        if known is None:
            holes: list[Span] = []
            for other in self._spans:  # outer before inner, so a hole within a hole is skipped
                if inside(other, span) and not any(inside(other, hole) for hole in holes):
                    holes.append(other)
            text = cut_out(self.program, span, holes).replace("(…).", "….")
            known = self._expressions[span] = _PREFIX.sub("", text)
        return known

    def card(self, node: Node) -> str:
        """The headline of a node's card.

        Where one expression made several different nodes (`net(x)`), each is called after its
        module (`net.0`), and where they share that too, after its function (`log_softmax`).
        """
        if node.span is None:
            return function_name(node.name)
        names = self._names[node.span]
        if len(names[node.module]) > 1:
            return function_name(node.name)
        differ = len(self._all_names[node.span]) > 1
        if node.module and (differ or self._calls_parent(node.span, node.module)):
            return module_name(node.module)
        return function_name(node.name) if differ else self.expression(node.span)

    def _calls_parent(self, span: Span, module: str) -> bool:
        """Whether `span` is a call of the container that holds `module`: `net(x)` for `net.0`."""
        parent = module.rpartition(".")[0].rpartition(".")[2]
        callee = cut_out(self.program, span).partition("(")[0].rpartition(".")[2]
        return bool(parent) and parent == callee

    def variable(self, node: int, output: int = 0) -> str | None:
        """The variable that stood for an output of a node: `y`, or `y#3` if assigned again."""
        found = self._variables.get((node, output))
        if found is None:
            return None
        return found.name if found.last else f"{found.name}#{found.number}"

    def value(self, node: int, output: int = 0) -> Variable | None:
        """The variable's record, with its numbers."""
        return self._variables.get((node, output))


def brief(label: str) -> str:
    """A label with nothing but `…` in its outermost brackets.

    >>> brief("mse_loss(…, target)"), brief("h @ W"), brief("….mean(dim=1)")
    ('mse_loss(…)', 'h @ W', '….mean(…)')
    """
    pieces, depth = [], 0
    for letter in label:
        depth -= letter in ")]"
        if depth == 0:
            pieces.append(letter)
        depth += letter in "(["
        if depth == 1 and letter in "([":
            pieces.append("…")
    short = "".join(pieces).replace("(…)", "()") if "()" in label else "".join(pieces)
    return short if depth == 0 and len(short) < len(label) else label


def grouped(name: str) -> str:
    """An expression in brackets, so that `∂` applies to all of it; a name as it is."""
    simple = name.replace(".", "").replace("_", "").replace("#", "").isalnum()
    return name if simple else f"({name})"


def module_name(path: str) -> str:
    """The last part of a module's path, with its parent where that part is only a number.

    >>> module_name("body.Layer_1"), module_name("net.0")
    ('Layer_1', 'net.0')
    """
    parts = path.split(".")
    return ".".join(parts[-2:] if parts[-1].isdigit() else parts[-1:])


def _by_output(variables: Iterable[Variable]) -> dict[tuple[int, int], Variable]:
    """(node, output) -> variable; where an output has several names, the first name wins."""
    found: dict[tuple[int, int], Variable] = {}
    for variable in variables:
        if variable.node is not None and not variable.is_leaf:
            found.setdefault((variable.node, variable.output_nr), variable)
    return found
