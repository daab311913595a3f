"""Functions of one's own, their check against central differences, and checkpoints."""

import ast
import re

from explorer.data import Span
from explorer.doctor.case import Case, Trouble, attempts
from explorer.doctor.findings import Cure, Diagnosis
from explorer.language import _, later, ngettext

_COUNTS = re.compile(r"function (\w+)Backward returned .*expected (\d+), got (\d+)")
_SINGLE = later(
    "gradcheck nudges an input by 0.000001 and measures the change, and float32 "
    "keeps only about seven digits, so the measured slope is mostly rounding. "
    "With float64 inputs the check means something."
)
_MISMATCH = re.compile(r"Jacobian mismatch for output (\d+) with respect to input (\d+)")

# ------------------------------------------------------------------- 17: as many as forward takes


def wrong_count(case: Case, trouble: Trouble) -> Diagnosis:
    """backward() of a Function returned too few gradients, or too many."""
    found = _COUNTS.search(trouble.words)
    assert found
    name, expected, got = found.group(1), int(found.group(2)), int(found.group(3))
    backward = _method(case, name, "backward")
    returns = _returns(case, backward) if backward else []
    why = ngettext(
        "forward() of {name} takes {expected} argument besides ctx, and backward() returned "
        "{got}: it must return one gradient for each argument, in their order, and None for one "
        "that needs none.",
        "forward() of {name} takes {expected} arguments besides ctx, and backward() returned "
        "{got}: it must return one gradient for each argument, in their order, and None for one "
        "that needs none.",
        expected,
    ).format(name=name, expected=expected, got=got)
    needed = _needing(case, name)
    if got < expected and needed > got:
        no_cure = _(
            "No cure is offered: {needed} arguments require grad, and only you know the missing "
            "derivative."
        ).format(needed=needed)
        return case.finding(trouble, 17, why, cause=_place(case, returns), no_cure=no_cure)

    def filled() -> Cure | None:
        if not returns or got >= expected:
            return None
        more = ", None" * (expected - got)
        edits = []
        for statement in returns:
            if statement.value is None:
                return None
            end = case.text.end(statement.value)
            if isinstance(statement.value, ast.Tuple):
                whole = case.text.segment(statement.value)
                last = case.text.end(statement.value.elts[-1])
                if len(statement.value.elts) != got:
                    return None
                end = last if whole.endswith(")") else end
                edits.append(
                    case.text.replace(statement.value, "")._replace(start=end, end=end, put=more)
                )
            elif got > 1:
                value = case.text.segment(statement.value)
                edits.append(case.text.replace(statement.value, f"(*{value}{more})"))
            else:
                put = case.text.source[case.text.start(statement) + 6 : case.text.end(statement)]
                start = case.text.start(statement) + 6
                edits.append(
                    case.text.replace(statement, "")._replace(
                        start=start, end=case.text.end(statement), put=put + more
                    )
                )
        return case.cure(
            _("Return None for what needs no gradient"),
            _("The gradients keep their places, and None stands for the arguments that need none."),
            edits,
        )

    def dropped() -> Cure | None:
        if got <= expected or not returns:
            return None
        edits = []
        for statement in returns:
            value = statement.value
            if not isinstance(value, ast.Tuple) or len(value.elts) != got:
                return None
            first, last = value.elts[expected - 1], value.elts[-1]
            edit = case.text.replace(value, "")
            edits.append(edit._replace(start=case.text.end(first), end=case.text.end(last)))
        return case.cure(
            _("Return {expected} of them").format(expected=expected),
            _("There is no argument for the others."),
            edits,
        )

    return case.finding(trouble, 17, why, attempts(filled, dropped), cause=_place(case, returns))


def _method(case: Case, owner: str, name: str) -> ast.FunctionDef | None:
    for node in ast.walk(case.text.tree):
        if isinstance(node, ast.ClassDef) and node.name == owner:
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name == name:
                    return inner
            for base in node.bases:
                if isinstance(base, ast.Name) and base.id != owner:
                    return _method(case, base.id, name)
    return None


def _returns(case: Case, function: ast.FunctionDef) -> list[ast.Return]:
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and case.text.scope(node) is function
    ]


def _place(case: Case, returns: list[ast.Return]) -> Span | None:
    return case.text.span(returns[0]) if returns else None


def _needing(case: Case, name: str) -> int:
    """How many tensors that require grad a Function was applied to, at most."""
    counts = [
        sum(operand.requires_grad for operand in op.inputs)
        for op in case.run.forward
        if op.function == name
    ]
    return max(counts, default=0)


# --------------------------------------------------------------- 17: central differences disagree


def mismatch(case: Case, trouble: Trouble) -> Diagnosis:
    """gradcheck measured another Jacobian than backward computed."""
    found = _MISMATCH.search(trouble.words)
    number = int(found.group(2)) if found else 0
    call = case.text.at(trouble.span)
    single = any("double precision" in w.message for w in case.run.warnings)
    node = _checked_node(case)
    if single:
        cures = attempts(lambda: _doubled(case, call))
        return case.finding(trouble, 17, _(_SINGLE), cures, node=node)
    why = _(
        "Measured by central differences, the Jacobian by input {number} is another "
        "than the one that backward() computes, in float64, so it is not rounding."
    ).format(number=number)
    no_cure = _(
        "No cure is offered, because only you know the derivative: compare the two matrices that "
        "torch prints."
    )
    return case.finding(trouble, 17, why, node=node, no_cure=no_cure)


def single_precision(case: Case, trouble: Trouble) -> Diagnosis:
    """gradcheck was given numbers that are too coarse for it."""
    span = next(
        (
            c.span
            for c in case.run.calls
            if c.kind == "gradcheck" and c.span and c.span.line == trouble.line
        ),
        None,
    )
    cures = attempts(lambda: _doubled(case, case.text.at(span)))
    trouble = trouble._replace(span=span)
    return case.finding(trouble, 17, _(_SINGLE), cures, node=_checked_node(case))


def _checked_node(case: Case) -> int | None:
    """Where the first of gradcheck's own calls began."""
    return next((c.roots[0] for c in case.run.calls if c.kind == "gradcheck" and c.roots), None)


def _doubled(case: Case, call: ast.AST | None) -> Cure | None:
    if not isinstance(call, ast.Call) or len(call.args) < 2:
        return None
    given = call.args[1]
    parts = given.elts if isinstance(given, (ast.Tuple, ast.List)) else [given]
    edits = []
    for part in parts:
        if not isinstance(part, ast.Name):
            return None
        variable = case.last_variable(part.id)
        if variable is None:
            return None
        if variable.requires_grad and variable.values.dtype == "float32":
            edits.append(case.text.method(part, "detach().double().requires_grad_()"))
    return case.cure(
        _("Check it in float64"),
        _("double() keeps sixteen digits, enough for differences over 0.000001."),
        edits,
    )


# ------------------------------------------------------------------------------ 19: checkpoints


def reentrant(case: Case, trouble: Trouble) -> Diagnosis:
    """A reentrant checkpoint runs a whole backward of its own within one node."""
    calls = case.text.calls("checkpoint", "checkpoint_sequential")
    if "incompatible" in trouble.words:
        why = _(
            "A reentrant checkpoint runs a backward of its own inside one node and writes "
            "straight into .grad of the leaves. So it cannot hand a gradient to grad() "
            "or keep to inputs=; the other kind, use_reentrant=False, can."
        )
    elif "None of the inputs" in trouble.words:
        why = _(
            "A reentrant checkpoint records a node only if one of its inputs requires "
            "grad, and none does here. So the parameters inside get no gradient; "
            "use_reentrant=False looks at them, too."
        )
    else:
        why = _(
            "There are two kinds of checkpoint, and torch wants to be told which. "
            "use_reentrant=False works with grad(), inputs= and nested calls."
        )
    line = trouble.line

    def other_kind() -> Cure | None:
        wanted = calls
        if trouble.kind == "warning":
            wanted = [c for c in calls if line and c.lineno <= line <= (c.end_lineno or line)]
        edits = [
            case.text.with_keyword(c, "use_reentrant", "False")
            for c in wanted
            if not any(
                k.arg == "use_reentrant"
                and isinstance(k.value, ast.Constant)
                and k.value.value is False
                for k in c.keywords
            )
        ]
        return case.cure(
            "use_reentrant=False",
            _("The saved numbers are dropped and computed again just the same."),
            edits,
        )

    cause = case.text.span(calls[0]) if calls and trouble.kind == "error" else None
    return case.finding(trouble, 19, why, attempts(other_kind), cause=cause)
