"""What a lesson may ask of a Run: short expressions such as `x.grad[0,0]` or `x.grad == 4.5`.

They look like Python and mean what a learner expects: a name is a tensor of the program, a
comparison of tensors holds if it holds for every element, up to rounding. They are read by a table
of what is allowed and are never run as code.

>>> from explorer.autograd.runner import run
>>> shown = run('''import torch
... x = torch.ones(2, 2, requires_grad=True)
... y = x + 2
... (y * y).mean().backward()
... ''')
>>> Expression("x.grad[0,0]").value(Scope(shown))
1.5
>>> Expression("x.grad == 1.5 and y.grad is None").value(Scope(shown))
True
>>> Expression("node('y * y').name").value(Scope(shown))
'MulBackward0'
>>> Expression("x.gard").value(Scope(shown))  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
explorer.lessons.expressions.NotThereError: A tensor has no `gard`: it has T, dtype, ...

`jacobian(y, x)` is answered by the Run, if it was asked for all that `asks` names.

>>> [(ask.outputs, ask.wrt) for ask in Expression("jacobian(y, x)[0,0]").asks]
[('y', ('x',))]
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

import numpy as np

from explorer.data import (
    Answer,
    BackwardCall,
    BackwardError,
    JacobianAsk,
    Leaf,
    Node,
    Plain,
    Run,
    RunError,
    RunWarning,
    Saved,
    Span,
    Step,
    Values,
    Variable,
)
from explorer.errors import ExplorerError

CLOSE: Final = 1e-4
"""Relative difference up to which two numbers count as equal: float32 and a typed number."""

MAX_POWER: Final = 64
"""The largest exponent that an expression may use."""


class NotThereError(ExplorerError):
    """An expression asks for something that this Run does not have."""


class ExpressionError(ExplorerError):
    """An expression cannot be read, whatever the Run."""


class Spot(Plain, frozen=True):
    """Where the learner is in the player: call (from 0), step (0 at rest), and the opened node.

    `last` is the number of steps of that call.
    """

    call: int | None = None
    step: int = 0
    last: int = 0
    node: int | None = None


class Scope(Plain, frozen=True):
    """What expressions are about: a Run, where the learner is in its player, what was answered."""

    run: Run
    spot: Spot = Spot()
    given: float | None = None


class Expression(Plain, frozen=True):
    """One expression, by its text."""

    source: str

    @property
    def asks(self) -> tuple[JacobianAsk, ...]:
        """What a Run has to be asked so that it can be evaluated."""
        return tuple(_asks(_parsed(self.source)))

    def check(self) -> None:
        """Refuse what no Run could ever answer.

        Raises:
            ExpressionError: it is not an expression, or uses what is not allowed.
        """
        for node in ast.walk(_parsed(self.source)):
            if not isinstance(node, _ALLOWED):
                raise ExpressionError(
                    f"`{self.source}` uses what an expression may not ({type(node).__name__}): "
                    "allowed are names, attributes, [indices], numbers, text, arithmetic, "
                    "comparisons, and, or, not."
                )
            if isinstance(node, ast.Call) and _function_name(node) not in _FUNCTIONS:
                raise ExpressionError(
                    f"`{_function_name(node)}` in `{self.source}` is no function of an expression: "
                    f"allowed are {', '.join(sorted(_FUNCTIONS))}."
                )

    def value(self, scope: Scope) -> Any:
        """What it comes to: a number, a truth, a text, None, an array, or a part of the Run.

        Raises:
            NotThereError: the Run does not have what it asks for.
        """
        self.check()
        return _plain(_Reader(scope).read(_parsed(self.source)))

    def number(self, scope: Scope) -> float:
        """What it comes to, as one number.

        Raises:
            NotThereError: the Run does not have it, or it is not one number.
        """
        found = np.asarray(_number(self.value(scope)))
        if found.size != 1:
            raise NotThereError(f"`{self.source}` is {found.size} numbers, not one.")
        return float(found.reshape(()))

    def holds(self, scope: Scope) -> bool:
        """Whether it is true; what this Run does not have is not true."""
        try:
            return bool(self.value(scope))
        except NotThereError:
            return False

    @property
    def is_about_player(self) -> bool:
        """Whether it depends on where the learner is in the player."""
        names = (node.id for node in ast.walk(_parsed(self.source)) if isinstance(node, ast.Name))
        return bool({"opened", "step", "call", "at_end"} & set(names))


@lru_cache(maxsize=4096)
def _parsed(source: str) -> ast.expr:
    try:
        return ast.parse(source.strip(), mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"`{source}` is not an expression: {error.msg}.") from None


_ALLOWED = (
    ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Constant, ast.Tuple, ast.List, ast.Call,
    ast.UnaryOp, ast.USub, ast.Not, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow,
    ast.MatMult, ast.FloorDiv, ast.BoolOp, ast.And, ast.Or, ast.Compare, ast.Eq, ast.NotEq, ast.Lt,
    ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot, ast.In, ast.NotIn, ast.Load,
)  # fmt: skip


# -------------------------------------------------------------------------------- what is readable

_PARTS: dict[type, dict[str, Callable[[Any, Run], Any]]] = {
    Run: {
        "nodes": lambda run, _: run.trace.nodes,
        "edges": lambda run, _: run.trace.edges,
        "calls": lambda run, _: run.calls,
        "error": lambda run, _: run.error,
        "warnings": lambda run, _: run.warnings,
        "printed": lambda run, _: run.printed,
        "program": lambda run, _: run.program.source,
        "seed": lambda run, _: run.program.seed,
        "leaves": lambda run, _: run.leaves,
        "torch": lambda run, _: run.torch,
    },
    Variable: {
        "shape": lambda variable, _: variable.values.shape,
        "size": lambda variable, _: variable.values.size,
        "dtype": lambda variable, _: variable.values.dtype,
        "requires_grad": lambda variable, _: variable.requires_grad,
        "is_leaf": lambda variable, _: variable.is_leaf,
        "grad_fn": lambda variable, _: variable.grad_fn,
        "grad": lambda variable, _: variable.grad,
        "T": lambda variable, _: _number(variable).T,
        "flat": lambda variable, _: _number(variable).ravel(),
    },
    Values: {
        "shape": lambda values, _: values.shape,
        "size": lambda values, _: values.size,
        "dtype": lambda values, _: values.dtype,
        "T": lambda values, _: _number(values).T,
        "flat": lambda values, _: _number(values).ravel(),
    },
    np.ndarray: {
        "shape": lambda array, _: array.shape,
        "size": lambda array, _: array.size,
        "T": lambda array, _: array.T,
        "flat": lambda array, _: array.ravel(),
    },
    Node: {
        "name": lambda node, _: node.name,
        "leaf": lambda node, _: node.leaf,
        "saved": lambda node, _: node.saved,
        "edges": lambda node, run: tuple(e for e in run.trace.edges if e.source == node.index),
        "next": lambda node, run: tuple(
            run.trace.nodes[e.target] for e in run.trace.edges if e.source == node.index
        ),
    },
    Saved: {
        "name": lambda saved, _: saved.name,
        "state": lambda saved, _: saved.state,
        "values": lambda saved, _: saved.values,
        "version": lambda saved, _: saved.version,
    },
    BackwardCall: {
        "kind": lambda call, _: call.kind,
        "steps": lambda call, _: call.steps,
        "leaves": lambda call, _: call.leaves,
        "error": lambda call, _: call.error,
        "gradient": lambda call, _: call.gradient,
        "results": lambda call, _: call.results,
        "nodes": lambda call, run: tuple(run.trace.nodes[step.node] for step in call.steps),
        "freed": lambda call, run: tuple(run.trace.nodes[node] for node in call.freed),
    },
    Step: {
        "node": lambda step, run: run.trace.nodes[step.node],
        "arrived": lambda step, _: step.cotangents_in,
        "sent": lambda step, _: step.cotangents_out,
    },
    Leaf: {
        "name": lambda leaf, _: leaf.name,
        "before": lambda leaf, _: leaf.before,
        "added": lambda leaf, _: leaf.added,
        "after": lambda leaf, _: leaf.after,
    },
    RunError: {
        "message": lambda error, _: error.message,
        "type": lambda error, _: error.type,
        "line": lambda error, _: error.line,
    },
    RunWarning: {
        # Where in its own source torch has warned is of no use to a learner.
        "message": lambda warning, _: warning.message.partition(" (Triggered")[0],
        "line": lambda warning, _: warning.line,
    },
    BackwardError: {
        "message": lambda error, _: error.message,
        "node": lambda error, run: None if error.node is None else run.trace.nodes[error.node],
    },
}
"""What each part of a Run may be asked for."""

_WORDS: dict[type, str] = {
    Run: "A run", Variable: "A tensor", Values: "A tensor", np.ndarray: "An array",
    Node: "A node", Saved: "A saved tensor", BackwardCall: "A call", Step: "A step",
    Leaf: "A leaf of a call", RunError: "An error", RunWarning: "A warning",
    BackwardError: "An error",
}  # fmt: skip


class _Reader:
    """Reads one expression against one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.run = scope.run

    def read(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name() | ast.Attribute():
                return self._dotted(node)
            case ast.Subscript(value=value, slice=index):
                found = self._tensor_of(node)
                return (
                    found if found is not None else _indexed(self.read(value), self._index(index))
                )
            case ast.Call():
                return self._call(node)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not _truth(self.read(operand))
            case ast.UnaryOp(operand=operand):
                return -_number(self.read(operand))
            case ast.BinOp(left=left, op=op, right=right):
                return _computed(op, self.read(left), self.read(right))
            case ast.BoolOp(op=op, values=values):
                every = isinstance(op, ast.And)
                return (all if every else any)(_truth(self.read(value)) for value in values)
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                terms = [self.read(left), *map(self.read, comparators)]
                return all(map(_compared, ops, terms[:-1], terms[1:]))
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                return tuple(map(self.read, elements))
        raise ExpressionError(f"{type(node).__name__} is not part of an expression.")

    # --------------------------------------------------------------------------------- names

    def _dotted(self, node: ast.Name | ast.Attribute) -> Any:
        """A name, or a part of something; names of the program may have dots in them."""
        found = self._tensor_of(node)
        if found is not None:
            return found
        if isinstance(node, ast.Attribute):
            return self._part(self.read(node.value), node.attr)
        spot = self.scope.spot
        own: dict[str, Any] = {
            "run": self.run,
            "step": spot.step,
            "call": spot.call,
            "at_end": spot.last > 0 and spot.step >= spot.last,
            "opened": None if spot.node is None else _indexed(self.run.trace.nodes, spot.node),
            "given": self.scope.given,
            "inf": math.inf,
        }
        if node.id in own:
            return own[node.id]
        raise NotThereError(
            f"The program has no tensor `{node.id}`: it has {_listed(self._tensors())}."
        )

    def _tensor_of(self, node: ast.expr) -> Variable | None:
        """The tensor that `x`, `net.Layer_1.weight` or `net[0].weight` names, if it does."""
        name = dotted_name(node)
        if name is None:
            return None
        tensors = self._tensors()
        return tensors.get(name) or tensors.get(name.partition(".")[2])

    def _tensors(self) -> dict[str, Variable]:
        named = {v.name: v for v in self.run.leaves} | {
            f"{v.name}#{v.number}": v for v in self.run.tensors
        }
        return named | {v.name: v for v in self.run.tensors if v.last}

    def _part(self, value: Any, name: str) -> Any:
        known = _PARTS.get(type(value))
        if known is None:
            word = "None" if value is None else f"`{shown(value)}`"
            raise NotThereError(f"{word} has no `{name}`.")
        if name not in known:
            raise NotThereError(f"{_WORDS[type(value)]} has no `{name}`: it has {_listed(known)}.")
        return known[name](value, self.run)

    def _index(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Tuple):
            return tuple(map(self._index, node.elts))
        if isinstance(node, ast.Slice):
            parts = (node.lower, node.upper, node.step)
            return slice(*(None if part is None else int(self.read(part)) for part in parts))
        return self.read(node)

    # ------------------------------------------------------------------------------- functions

    def _call(self, node: ast.Call) -> Any:
        name = _function_name(node)
        if name == "jacobian":
            return self._jacobian(_ask(node))
        return _FUNCTIONS[name](self, *map(self.read, node.args))

    def _jacobian(self, ask: JacobianAsk) -> Any:
        answers: dict[Any, Answer] = {answer.ask: answer for answer in self.run.answers}
        answer = answers.get(ask)
        if answer is None or answer.jacobian is None:
            why = answer.error if answer is not None else "the run was not asked for it"
            raise NotThereError(f"There is no Jacobian of {ask.outputs}: {why}")
        return answer.jacobian.array

    def nodes(self, text: str) -> tuple[Node, ...]:
        """The nodes whose expression in the program, or whose leaf, reads like `text`."""
        wanted = "".join(text.split())
        lines = self.run.program.source.splitlines()
        return tuple(
            node
            for node in self.run.trace.nodes
            if node.leaf == text or (node.span and _cut(lines, node.span) == wanted)
        )

    def node(self, what: Any) -> Node:
        """The node of a tensor (a leaf's is its AccumulateGrad), or of an expression."""
        if isinstance(what, Variable):
            if what.node is not None:
                return self.run.trace.nodes[what.node]
            what = what.name
        found = self.nodes(str(what))
        if not found:
            raise NotThereError(f"No node of this run belongs to `{what}`.")
        return found[0]

    def said(self) -> Iterator[str]:
        """Every error of the run, those that the program caught included."""
        if self.run.error is not None:
            yield self.run.error.message
        yield from (call.error.message for call in self.run.calls if call.error is not None)

    def saved(self, state: str) -> tuple[Saved, ...]:
        """Everything that the nodes had saved and that is in this state in the end."""
        freed = {node for call in self.run.calls for node in call.freed}

        def in_the_end(node: Node, saved: Saved) -> str:
            return "freed" if saved.state == "held" and node.index in freed else saved.state

        return tuple(
            saved
            for node in self.run.trace.nodes
            for saved in node.saved
            if in_the_end(node, saved) == state
        )


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "jacobian": lambda *_: None,
    "node": lambda reader, what: reader.node(what),
    "nodes": lambda reader, text: reader.nodes(text),
    "earlier": lambda reader, name: _indexed(reader._tensors(), name),
    "saved": lambda reader, state: reader.saved(state),
    "raised": lambda reader, text: any(text in message for message in reader.said()),
    "warned": lambda reader, text: any(text in w.message for w in reader.run.warnings),
    "printed": lambda reader, text: text in reader.run.printed,
    "written": lambda reader, text: (
        "".join(text.split()) in "".join(reader.run.program.source.split())
    ),
    "named": lambda _, nodes, *names: tuple(node for node in nodes if node.name in names),
    "len": lambda _, value: len(_number(value) if isinstance(value, Variable | Values) else value),
    "sum": lambda _, value, *axis: _number(value).sum(*map(int, axis)),
    "norm": lambda _, value: np.linalg.norm(_number(value).astype(np.float64)),
    "max": lambda _, value: _number(value).max(),
    "min": lambda _, value: _number(value).min(),
    "abs": lambda _, value: abs(_number(value)),
    "exp": lambda _, value: np.exp(_number(value)),
    "zeros": lambda _, value: int((_number(value) == 0).sum()),
    "zero_rows": lambda _, value: int((_number(value) == 0).all(axis=1).sum()),
    "isnan": lambda _, value: bool(np.isnan(_number(value)).any()),
}
"""Functions of an expression. The first argument is the reader."""


def _function_name(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)


def _ask(node: ast.Call) -> JacobianAsk:
    names = [dotted_name(argument) or _constant(argument) for argument in node.args]
    if len(names) < 2 or not all(names):
        raise ExpressionError(f"`{ast.unparse(node)}` needs the names of an output and of inputs.")
    first, *rest = (str(name) for name in names)
    return JacobianAsk(first, tuple(rest))


def _constant(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _asks(tree: ast.expr) -> Iterator[JacobianAsk]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _function_name(node) == "jacobian":
            yield _ask(node)


def dotted_name(node: ast.expr) -> str | None:
    """`net[0].weight` as `net.0.weight`; None where this is no name.

    >>> dotted_name(ast.parse("net[0].weight", mode="eval").body)
    'net.0.weight'
    """
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            head = dotted_name(value)
            return None if head is None else f"{head}.{name}"
        case ast.Subscript(value=value, slice=ast.Constant(value=int(number))):
            head = dotted_name(value)
            return None if head is None else f"{head}.{number}"
    return None


# ------------------------------------------------------------------------------------- arithmetic

_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
}  # fmt: skip

_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip


def _number(value: Any) -> Any:
    """Numbers to compute with."""
    if isinstance(value, Variable):
        value = value.values
    if isinstance(value, Saved):
        value = value.values
    if isinstance(value, Values):
        array = value.array
        if array is None:
            raise NotThereError("This tensor is too large: its numbers were not kept.")
        return array
    if isinstance(value, int | float | np.ndarray | np.generic):
        return value
    if isinstance(value, tuple) and all(isinstance(one, int | float) for one in value):
        return np.asarray(value)
    word = "None" if value is None else f"`{shown(value)}`"
    raise NotThereError(f"{word} is no number.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.ndarray | np.generic | Variable | Values | Saved)


def _computed(op: ast.operator, left: Any, right: Any) -> Any:
    one, other = _number(left), _number(right)
    if isinstance(op, ast.Pow) and np.any(np.abs(other) > MAX_POWER):
        raise NotThereError(f"An exponent may be {MAX_POWER} at most.")
    try:
        with np.errstate(all="ignore"):
            return _OPERATIONS[type(op)](one, other)
    except (ValueError, ZeroDivisionError) as error:
        raise NotThereError(f"This cannot be computed: {error}.") from None


def _compared(op: ast.cmpop, left: Any, right: Any) -> bool:
    match op:
        case ast.Is() | ast.IsNot():
            same = left is right or (isinstance(left, bool | int) and left == right)
            return same is isinstance(op, ast.Is)
        case ast.In() | ast.NotIn():
            inside = left in right if isinstance(right, str) else any(
                _equal(left, one) for one in right
            )  # fmt: skip
            return inside is isinstance(op, ast.In)
        case ast.Eq() | ast.NotEq():
            return _equal(left, right) is isinstance(op, ast.Eq)
    return bool(np.all(_ORDER[type(op)](_number(left), _number(right))))


def _equal(left: Any, right: Any) -> bool:
    """Equality as a learner means it: of every element, up to rounding."""
    if isinstance(left, Node) and isinstance(right, Node):
        return left.index == right.index
    if _is_number(left) and _is_number(right):
        return close(_number(left), _number(right))
    if _is_number(left) and isinstance(right, tuple) and not isinstance(left, int | float):
        return _equal(left, np.asarray(right))
    return type(left) is type(right) and bool(left == right)


def close(left: Any, right: Any, tolerance: float = CLOSE) -> bool:
    """Whether two numbers, or all numbers of two arrays, are equal up to rounding."""
    try:
        a, b = np.broadcast_arrays(np.asarray(left, np.float64), np.asarray(right, np.float64))
    except ValueError:
        return False
    return bool(np.allclose(a, b, rtol=tolerance, atol=1e-12, equal_nan=True))


def _indexed(value: Any, index: Any) -> Any:
    try:
        if isinstance(value, str | tuple | dict):
            return value[index]
        return _number(value)[index]
    except (IndexError, KeyError, TypeError):
        raise NotThereError(f"There is no [{index}] in {shown(value)}.") from None


def _truth(value: Any) -> bool:
    return bool(np.all(value)) if isinstance(value, np.ndarray) else bool(value)


def _plain(value: Any) -> Any:
    """numpy's scalars as Python's."""
    return value.item() if isinstance(value, np.generic) else value


# ------------------------------------------------------------------------------------------ words


def shown(value: Any, spec: str = "") -> str:
    """A value as a learner reads it.

    >>> shown(np.array([51.2, 512.0, 0.0512])), shown(4.5), shown((2, 3)), shown(np.ones((16,)))
    ('[51.2, 512, 0.0512]', '4.5', '2 × 3', 'all 1')
    """
    if isinstance(value, Variable | Values | Saved):
        values = value if isinstance(value, Values) else value.values
        array = values.array if values is not None else None
        return (values.summary if values else "None") if array is None else shown(array, spec)
    if isinstance(value, np.ndarray):
        return _array_text(value, spec)
    if isinstance(value, bool | None | str):
        return str(value)
    if isinstance(value, int | float | np.generic):
        return _number_text(float(value), spec)
    if isinstance(value, Node):
        return value.leaf or value.name
    if isinstance(value, tuple) and all(isinstance(one, int) for one in value):
        return " × ".join(map(str, value)) or "scalar"
    if isinstance(value, tuple):
        return ", ".join(shown(one, spec) for one in value)
    return str(value)


MAX_SHOWN: Final = 12
"""Elements up to which a tensor is written out in a sentence."""


def _array_text(array: Any, spec: str) -> str:
    if array.ndim == 0:
        return _number_text(float(array), spec)
    if array.size > 4 and (array == array.flat[0]).all():
        return f"all {_number_text(float(array.flat[0]), spec)}"
    if array.size > MAX_SHOWN:
        low, high = (_number_text(float(end), spec) for end in (array.min(), array.max()))
        return f"{' × '.join(map(str, array.shape))} numbers from {low} to {high}"
    return "[" + ", ".join(_array_text(row, spec) for row in array) + "]"


def _number_text(number: float, spec: str) -> str:
    if spec:
        return f"{number:{spec}}"
    if math.isfinite(number) and number == round(number) and abs(number) < 1e6:
        return str(round(number))
    return re.sub(r"e([+-])0*(\d)", r"e\1\2", f"{number:.4g}")


def _cut(lines: list[str], span: Span) -> str:
    """The text at a span, without its spaces."""
    if span.line == span.end_line:
        return "".join(lines[span.line - 1][span.column : span.end_column].split())
    first, last = lines[span.line - 1][span.column :], lines[span.end_line - 1][: span.end_column]
    return "".join("".join([first, *lines[span.line : span.end_line - 1], last]).split())


def _listed(names: Any) -> str:
    return ", ".join(sorted(map(str, names))) or "none"
