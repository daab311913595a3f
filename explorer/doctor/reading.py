"""What is read off tensors: `.grad` of a pipe, a hook that fires once, names of nodes."""

import ast
from collections.abc import Iterator

from explorer.data import Variable
from explorer.doctor.case import Case, Trouble, attempts
from explorer.doctor.findings import Cure, Diagnosis
from explorer.doctor.text import is_path, is_true, names_in
from explorer.language import _

# --------------------------------------------------------------------- 5: .grad of a non-leaf


def grad_of_result(case: Case, trouble: Trouble) -> Diagnosis:
    """.grad was read from a tensor that keeps none."""
    found = _read(case, trouble.line)
    if found is None:
        why = _(
            "The tensor whose .grad is read here was computed, so it is a pipe and no "
            "bucket: its cotangent flows through and is not kept. retain_grad(), called "
            "before backward, taps it."
        )
        return case.finding(trouble, 5, why)
    access, variable = found
    name = case.text.short(access.value)
    made = variable.grad_fn if variable else None
    by = f" (grad_fn {made})" if made else ""
    why = _(
        "{name} is the result of a computation{by}, so it is a pipe and no bucket: "
        "its cotangent flows through to the leaves and is not kept. retain_grad(), "
        "called before backward, taps it."
    ).format(name=name, by=by)
    cures = attempts(
        lambda: _as_leaf(case, access, variable),
        lambda: _tapped(case, access, variable),
    )
    no_cure = _("No cure is offered, because no backward is seen to come before this line.")
    span = case.text.span(access)
    node = variable.node if variable else None
    return case.finding(trouble._replace(span=span), 5, why, cures, node=node, no_cure=no_cure)


def _read(case: Case, line: int | None) -> tuple[ast.Attribute, Variable | None] | None:
    """The `.grad` of a non-leaf that is read in this line, and the variable if it has a name."""
    text = case.text
    reads = [
        node
        for node in text.nodes(ast.Attribute)
        if isinstance(node, ast.Attribute)
        and node.attr == "grad"
        and isinstance(node.ctx, ast.Load)
        and line is not None
        and node.lineno <= line <= (node.end_lineno or node.lineno)
        and text.segment(node.value) not in ("torch.autograd", "autograd")
    ]
    if not reads and line is not None:
        # A statement over several lines warns at the line of its call.
        reads = [
            node
            for node in text.nodes(ast.Attribute)
            if isinstance(node, ast.Attribute)
            and node.attr == "grad"
            and isinstance(node.ctx, ast.Load)
            and text.statement(node).lineno <= line <= (text.statement(node).end_lineno or line)
        ]
    for node in reads:
        if isinstance(node.value, ast.Name):
            variable = case.last_variable(node.value.id)
            if variable is not None and variable.grad_fn is not None and variable.grad is None:
                return node, variable
    rest = [
        node
        for node in reads
        if not (isinstance(node.value, ast.Name) and case.last_variable(node.value.id))
    ]
    return (rest[0], None) if len(rest) == 1 else None


def _tapped(case: Case, access: ast.Attribute, variable: Variable | None) -> Cure | None:
    text = case.text
    owner = access.value
    if not is_path(owner):
        return None
    name = text.segment(owner)
    first = name.split(".")[0]
    scope = text.scope(access)
    earlier = [
        call
        for call in text.calls("backward")
        if text.scope(call) is scope and text.end(call) <= text.start(access)
    ]
    if not earlier:
        return None
    statement = text.statement(earlier[-1])
    loop_names = {
        n
        for loop in text.nodes(ast.For)
        if isinstance(loop, ast.For)
        and text.contains(loop, text.span(access))
        and not text.contains(loop, text.span(statement))
        for n in names_in(loop.target, ast.Store)
    }
    if first in loop_names and variable is not None:
        same = [
            v.name
            for v in case.run.tensors
            if v.last and v.node == variable.node and v.name not in loop_names
        ]
        if not same:
            return None
        name = first = same[0]
    known = any(
        isinstance(n, ast.Name)
        and n.id == first
        and isinstance(n.ctx, ast.Store)
        and text.start(n) < text.start(statement)
        for n in ast.walk(scope)
    )
    if not known:
        return None
    return case.cure(
        _("Tap {name} with retain_grad()").format(name=name),
        _("{name}.grad then holds the cotangent that passed through {name}.").format(name=name),
        text.before(statement, f"{name}.retain_grad()"),
    )


def _as_leaf(case: Case, access: ast.Attribute, variable: Variable | None) -> Cure | None:
    """`randn(3, requires_grad=True) * 0.1`: the leaf is the factor without a name."""
    text = case.text
    if variable is None or variable.number != 1 or not isinstance(access.value, ast.Name):
        return None
    node = text.at(variable.span)
    statement = text.statement(node) if node is not None else None
    if not isinstance(statement, ast.Assign) or statement.targets != [node]:
        return None
    inner = [
        call
        for call in ast.walk(statement.value)
        if isinstance(call, ast.Call)
        and call is not statement.value
        and is_true(text.argument(call, "requires_grad", None))
    ]
    if len(inner) != 1 or variable.name in names_in(statement.value):
        return None
    return case.cure(
        _("Make {name} itself the leaf").format(name=variable.name),
        _("First the numbers, then requires_grad_(): {name} is then what is learned.").format(
            name=variable.name
        ),
        text.without_keyword(inner[0], "requires_grad"),
        text.after(statement, f"{variable.name}.requires_grad_()"),
    )


# -------------------------------------------------------------------------- 9: one hook, one sum


def one_sum(case: Case) -> Iterator[Diagnosis]:
    """A remark where a hook is on a tensor that is used more than once."""
    text, run = case.text, case.run
    for call in text.calls("register_hook"):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if not isinstance(owner, ast.Name):
            continue
        variable = case.last_variable(owner.id)
        if variable is None or variable.node is None:
            continue
        uses = [
            edge
            for edge in run.trace.edges
            if (edge.target, edge.input_nr) == (variable.node, variable.output_nr)
            and edge.source in case.ran
        ]
        passes = sum(any(s.node == variable.node for s in c.steps) for c in run.calls)
        if len(uses) > 1 and passes == 1:
            why = _(
                "{name} is used {count} times, and its hook is called once, with the sum of "
                "the {count} contributions: the node waits until all have arrived. Nothing is "
                "wrong here."
            ).format(name=owner.id, count=len(uses))
            yield case.remark(9, text.span(call), why, node=variable.node, no_cure="")
            return


# ----------------------------------------------------------------------- 20: a Linear's names


def linear_names(case: Case) -> Iterator[Diagnosis]:
    """A remark where the program prints the node of a Linear."""
    if "<AddmmBackward0" not in case.run.printed:
        return
    nodes = [n for n in case.run.trace.nodes if n.name == "AddmmBackward0"]
    for call in case.text.calls("print"):
        if not any(
            isinstance(node, ast.Attribute) and node.attr == "grad_fn" for node in ast.walk(call)
        ):
            continue
        shown = [
            (v, n)
            for v in case.run.tensors
            for n in nodes
            if v.node == n.index and v.name in names_in(call)
        ]
        if shown and any(
            op.function == "linear" and shown[0][1].index in op.nodes for op in case.run.forward
        ):
            variable, node = shown[0]
            samples = node.outputs[0].shape[0]
            why = _(
                "{name} comes from a Linear, which torch computes as one Addmm: bias + input "
                "@ weightᵀ, with a T node for the weight. The bias is used for each of the "
                "{samples} samples, so its gradient is a sum over them. Nothing is wrong "
                "here."
            ).format(name=variable.name, samples=samples)
            yield case.remark(20, case.text.span(call), why, node=node.index, no_cure="")
            return
