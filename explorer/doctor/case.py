"""One run on the examination table: what it raised and warned of, beside its text."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from explorer.data import BackwardCall, Node, Op, Operand, Run, Span, Variable
from explorer.doctor.findings import Cure, Diagnosis
from explorer.doctor.text import CannotEditError, Edit, Text
from explorer.language import _, together

_FORM = re.compile(r"torch\.Size\(\[([\d, ]*)\]\)")

BACKWARD = {"gradient": 0, "retain_graph": 1, "create_graph": 2, "inputs": 3}
"""Parameters of `Tensor.backward`, by position."""

AUTOGRAD_BACKWARD = {"tensors": 0, "grad_tensors": 1, "retain_graph": 2, "create_graph": 3}
"""Parameters of `torch.autograd.backward`, by position."""

GRAD = {"outputs": 0, "inputs": 1, "grad_outputs": 2, "retain_graph": 3, "create_graph": 4}
"""Parameters of `torch.autograd.grad`, by position."""


class Trouble(NamedTuple):
    """Something that torch said: an error (caught by the program or not), or a warning."""

    kind: str
    words: str
    line: int | None
    span: Span | None = None
    call: int | None = None
    node: int | None = None


class Start(NamedTuple):
    """A call that starts a backward, as it is written: the tensor it starts from, and the rest."""

    call: ast.Call
    parameters: dict[str, int]
    root: ast.expr
    vector: ast.expr | None
    is_method: bool

    @property
    def vector_name(self) -> str:
        """What this call calls its vector."""
        return next(n for n in ("gradient", "grad_tensors", "grad_outputs") if n in self.parameters)


class Case:
    """A Run and its text, with the questions that the rules ask of them."""

    def __init__(self, run: Run, text: Text) -> None:
        self.run = run
        self.text = text
        self.producers = {(out.tensor, out.version): op for op in run.forward for out in op.outputs}
        self.ran = {step.node for call in run.calls for step in call.steps}
        self.makers = {node: op for op in run.forward for node in op.nodes}

    # -------------------------------------------------------------------------------- findings

    def finding(
        self,
        trouble: Trouble,
        row: int | None,
        why: str,
        cures: Iterable[Cure | None] = (),
        *,
        node: int | None = None,
        cause: Span | None = None,
        no_cure: str | None = None,
    ) -> Diagnosis:
        """The diagnosis of something that torch said.

        `no_cure` is what is said where no cure can be offered; it is empty where none is needed.
        """
        offered = _distinct(cures)
        if no_cure is None:
            no_cure = _(
                "No cure is offered, because no small change to this program is known to be safe."
            )
        if not offered:
            why = together(why, no_cure)
        return Diagnosis(
            row=row,
            kind=trouble.kind,
            words=trouble.words,
            line=trouble.line,
            span=trouble.span,
            node=trouble.node if node is None else node,
            why=why,
            cures=offered,
            cause=cause,
        )

    def remark(
        self,
        row: int,
        span: Span | None,
        why: str,
        cures: Iterable[Cure | None] = (),
        *,
        node: int | None = None,
        no_cure: str | None = None,
    ) -> Diagnosis:
        """The diagnosis of something that torch said nothing about."""
        said = Trouble("remark", "", span.line if span else None, span)
        return self.finding(said, row, why, cures, node=node, no_cure=no_cure)

    def cure(
        self, title: str, why: str, *edits: Edit | list[Edit], torch: bool = False
    ) -> Cure | None:
        """The cure that these edits make; None if the text would no longer be Python.

        `torch` says that the edits write `torch.`, in which the program may use another name.
        """
        parts: list[Edit] = [
            e for edit in edits for e in ([edit] if isinstance(edit, Edit) else edit)
        ]
        if torch:
            name = self.text.torch
            if name is None:
                parts += self.text.importing_torch()
            elif name != "torch":
                parts = [e._replace(put=re.sub(r"\btorch\.", f"{name}.", e.put)) for e in parts]
        source = self.text.changed(parts)
        return None if source is None else Cure(title, why, source)

    # ----------------------------------------------------------------------------------- calls

    def start_of(self, span: Span | None) -> Start | None:
        """The call of backward() or grad() that is written at this place."""
        node = self.text.at(span)
        if not isinstance(node, ast.Call):
            return None
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        text = self.text
        if name == "backward" and isinstance(function, ast.Attribute):
            owner = text.segment(function.value)
            if not (owner == "autograd" or owner.endswith(".autograd")):
                vector = text.argument(node, "gradient", 0)
                return Start(node, BACKWARD, function.value, vector, is_method=True)
        for known, table, root, vector_name in (
            ("backward", AUTOGRAD_BACKWARD, "tensors", "grad_tensors"),
            ("grad", GRAD, "outputs", "grad_outputs"),
        ):
            first = text.argument(node, root, 0)
            if name == known and first is not None:
                vector = text.argument(node, vector_name, table[vector_name])
                return Start(node, table, first, vector, is_method=False)
        return None

    def call(self, trouble: Trouble) -> BackwardCall | None:
        """The backward call that the trouble came from."""
        return None if trouble.call is None else self.run.calls[trouble.call]

    def root_shape(self, call: BackwardCall, number: int = 0) -> tuple[int, ...] | None:
        """The shape of a tensor that the call began from."""
        if number >= len(call.roots):
            return None
        nr = call.root_nrs[number] if number < len(call.root_nrs) else 0
        outputs = self.run.trace.nodes[call.roots[number]].outputs
        return outputs[nr].shape if nr < len(outputs) else None

    # ----------------------------------------------------------------------------------- words

    def node(self, index: int) -> Node:
        """A node of the run's trace."""
        return self.run.trace.nodes[index]

    def says(self, index: int) -> str:
        """A node by what the program wrote for it: `x.exp() (ExpBackward0)`."""
        node = self.node(index)
        if node.leaf is not None:
            return f"{node.leaf} (AccumulateGrad)"
        written = self.written(node.span)
        return f"{written} ({node.name})" if written else node.name

    def written(self, span: Span | None) -> str:
        """The program's text at a place, if it is short enough to be quoted."""
        if span is None:
            return ""
        first, last = self.text.offsets(span)
        flat = " ".join(self.text.source[first:last].split())
        return flat if len(flat) <= 40 else ""

    # --------------------------------------------------------------------------------- tensors

    def last_variable(self, name: str) -> Variable | None:
        """What a name stood for when the run ended."""
        for variable in reversed(self.run.tensors):
            if variable.name == name:
                return variable
        return None

    def producer(self, operand: Operand) -> Op | None:
        """The op that an operand came from."""
        return self.producers.get((operand.tensor, operand.version))

    def ops_in(self, node: ast.AST) -> list[Op]:
        """The ops that the program ran within this piece of its text."""
        return [op for op in self.run.forward if self.text.contains(node, op.span)]

    def value_of(self, root: ast.expr) -> ast.expr:
        """What a name was last assigned in its scope; any other expression is its own value."""
        if not isinstance(root, ast.Name):
            return root
        text = self.text
        earlier = [
            a
            for a in text.assignments(root.id, text.scope(root))
            if a.value is not None and text.end(a) <= text.start(root)
        ]
        value = earlier[-1].value if earlier else None
        return value if value is not None else root


def _distinct(cures: Iterable[Cure | None]) -> tuple[Cure, ...]:
    seen: dict[str, Cure] = {}
    for cure in cures:
        if cure is not None:
            seen.setdefault(cure.source, cure)
    return tuple(seen.values())


def shapes_in(words: str) -> list[tuple[int, ...]]:
    """The shapes that a message of torch names.

    >>> shapes_in("a shape of torch.Size([2]) and a shape of torch.Size([])")
    [(2,), ()]
    """
    return [tuple(map(int, filter(None, m.split(", ")))) for m in _FORM.findall(words)]


def shape_text(shape: tuple[int, ...] | None) -> str:
    """A shape as people say it: `3`, `2×3`, `()`."""
    return "×".join(map(str, shape or ())) or "()"


def attempts(*makers: Callable[[], Cure | None]) -> Iterator[Cure | None]:
    """What each maker of a cure makes, leaving out those that cannot be made safely."""
    for make in makers:
        try:
            yield make()
        except CannotEditError:
            yield None
