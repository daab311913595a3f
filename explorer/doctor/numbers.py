"""Numbers that are not what they seem: kinks, infinities, nan behind a mask, vanishing."""

import ast
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from explorer.data import Node, Op, Step, Values
from explorer.doctor.case import Case, Trouble, attempts
from explorer.doctor.findings import Cure, Diagnosis
from explorer.doctor.text import called, is_name, is_path, names_in
from explorer.language import _, together

MIN_LAYERS = 8
"""Weights that a chain needs before its first and last gradients are compared."""

VANISHED = 1e-8
"""Below this part of the last weight's gradient norm, the first one's has vanished."""

# ------------------------------------------------------------------------- 15: nan, masked


def nan_found(case: Case, trouble: Trouble) -> Diagnosis:
    """Anomaly mode stopped at the node that made a nan."""
    call = case.call(trouble)
    # The node had done its work when its result was looked at.
    node = call.steps[-1].node if call and call.steps else trouble.node
    if node is None:
        return case.finding(trouble, 15, _("A node of the backward pass sent out nan."))
    why, no_cure = _why_nan(case, node)
    cures = attempts(lambda: _double_where(case, node))
    cause = case.node(node).span
    return case.finding(trouble, 15, why, cures, node=node, cause=cause, no_cure=no_cure)


def silent_nan(case: Case) -> Iterator[Diagnosis]:
    """A remark where finite cotangents came out of a node as nan and reached a .grad."""
    for call in case.run.calls:
        if call.error or not any(_has(leaf.after, np.isnan) for leaf in call.leaves):
            continue
        for step in call.steps:
            finite = all(_finite(v) for v in step.cotangents_in)
            if finite and any(_has(v, np.isnan) for v in step.cotangents_out):
                node = case.node(step.node)
                cures = attempts(partial(_double_where, case, step.node))
                why, no_cure = _why_nan(case, step.node)
                place = node.span or call.span
                yield case.remark(15, place, why, cures, node=step.node, no_cure=no_cure)
                return


def _why_nan(case: Case, node: int) -> tuple[str, str | None]:
    """The reason, and what is said if there is no cure."""
    masked = _mask_over(case, case.node(node)) is not None
    why = _(
        "{node} has an infinite or undefined slope at some element, and its backward "
        "multiplies that with the cotangent: 0 times inf is nan."
    ).format(node=case.says(node))
    if masked:
        stopped = _(
            "where() sends a zero to the elements it left out, but a zero does not stop it."
        )
        return together(why, stopped), None
    return why, _("No cure is offered, because it takes a decision what the program means there.")


def _mask_over(case: Case, node: Node) -> tuple[ast.expr, bool] | None:
    """The condition of the where() that the node's result goes into, and whether it keeps the
    node's result where it is True."""
    text = case.text
    here = text.at(node.span)
    if here is None:
        return None
    for call in text.calls("where"):
        if len(call.args) != 3:
            continue
        for keeps, branch in ((True, call.args[1]), (False, call.args[2])):
            inside = text.contains(branch, node.span)
            named = isinstance(branch, ast.Name) and text.contains(case.value_of(branch), node.span)
            if inside or named:
                return call.args[0], keeps
    return None


def _double_where(case: Case, index: int) -> Cure | None:
    """A second where() in front of the node puts a harmless number where the mask says no."""
    text, node = case.text, case.node(index)
    found, here = _mask_over(case, node), text.at(node.span)
    operand = _operand(here)
    if found is None or operand is None or here is None:
        return None
    condition, keeps = found
    if isinstance(condition, ast.Name):
        given = case.value_of(condition)
        if given is condition or text.start(given) > text.start(here):
            return None
    elif text.start(condition) > text.start(here):
        stored = {
            n.id
            for n in ast.walk(text.tree)
            if isinstance(n, ast.Name)
            and isinstance(n.ctx, ast.Store)
            and text.start(here) < text.start(n) < text.start(condition)
        }
        if stored & names_in(condition):
            return None
    mask = text.segment(condition)
    tested = _tested(case, condition)
    unsafe: list[ast.Name] | list[ast.expr] = _reads_of(here, tested) if tested else []
    edits = [
        text.replace(part, _safe(mask, text.segment(part), keeps=keeps))
        for part in unsafe or [operand]
    ]
    return case.cure(
        _("A second where() in front"),
        _("The elements that are left out get a harmless number before the function sees them."),
        edits,
        torch=True,
    )


def _safe(mask: str, value: str, *, keeps: bool) -> str:
    return f"torch.where({mask}, {value}, 0.5)" if keeps else f"torch.where({mask}, 0.5, {value})"


def _tested(case: Case, condition: ast.expr) -> str | None:
    """The name that the condition compares with a number."""
    compared = case.value_of(condition)
    if isinstance(compared, ast.Compare) and is_name(compared.left):
        assert isinstance(compared.left, ast.Name)
        return compared.left.id
    return None


def _reads_of(here: ast.AST, name: str) -> list[ast.Name]:
    return [
        node
        for node in ast.walk(here)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]


def _operand(node: ast.AST | None) -> ast.expr | None:
    """What a function of one tensor is applied to."""
    if isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Attribute) and not (
            is_name(function.value, "torch") or _is_module(function.value)
        ):
            return function.value
        return node.args[0] if node.args else None
    if isinstance(node, ast.BinOp):
        return node.right if isinstance(node.op, ast.Div) else node.left
    return None


def _is_module(node: ast.expr) -> bool:
    return is_path(node) and isinstance(node, ast.Name) and node.id in ("torch", "F", "math")


# ------------------------------------------------------------------------ 14: kinks and infinities


def infinite_slope(case: Case) -> Iterator[Diagnosis]:
    """A remark where a node sent out inf although only finite numbers had come in."""
    for call in case.run.calls:
        if call.error or not any(_has(leaf.after, np.isinf) for leaf in call.leaves):
            continue
        for step in call.steps:
            if not all(_finite(v) for v in step.cotangents_in):
                continue
            if any(_has(v, np.isinf) for v in step.cotangents_out):
                node = case.node(step.node)
                why = _(
                    "{node} is infinitely steep at one of its numbers, as a square root is at 0, "
                    "and torch sends that slope back as it is. From there on every product is inf "
                    "or nan."
                ).format(node=case.says(step.node))
                cures = attempts(partial(_nudged, case, node))
                yield case.remark(14, node.span or call.span, why, cures, node=step.node)
                return


def _nudged(case: Case, node: Node) -> Cure | None:
    """`x.sqrt()` becomes `(x + 1e-12).sqrt()`."""
    here = case.text.at(node.span)
    operand = _operand(here)
    maker = case.makers.get(node.index)
    if operand is None or maker is None or maker.function not in ("sqrt", "pow", "log"):
        return None
    if maker.function == "pow" and not isinstance(here, (ast.BinOp, ast.Call)):
        return None
    known = _zero_is_the_pole(maker)
    if not known:
        return None
    put = f"{case.text.atom(operand)} + 1e-12"
    needs = isinstance(here, ast.BinOp) or (
        isinstance(here, ast.Call)
        and isinstance(here.func, ast.Attribute)
        and here.func.value is operand
    )
    bracketed = case.text.source[case.text.end(operand) :].lstrip().startswith(")") and needs
    return case.cure(
        _("Stay a little away from 0"),
        _("With 1e-12 added the slope is large, but a number."),
        case.text.replace(operand, f"({put})" if needs and not bracketed else put),
    )


def _zero_is_the_pole(op: Op) -> bool:
    array = op.inputs[0].values.array if op.inputs else None
    return array is not None and bool(np.all(array >= 0)) and bool(np.any(array == 0))


def at_a_kink(case: Case) -> Iterator[Diagnosis]:
    """A remark where a cotangent went through a kink or a tie, and torch had to pick."""
    for call in case.run.calls:
        for step in call.steps:
            maker = case.makers.get(step.node)
            found = _kink(case, maker, step) if maker and len(maker.nodes) == 1 else None
            if maker is None or found is None:
                continue
            node = case.node(step.node)
            why = _(
                "{node} has no single slope at {found}, and a cotangent goes through just "
                "there. torch picks one of the possible slopes (a subgradient); nothing is "
                "wrong, but a small nudge to either side measures something else."
            ).format(node=case.says(step.node), found=found)
            yield case.remark(14, node.span, why, node=step.node, no_cure="")
            return


def _kink(case: Case, op: Op, step: Step) -> str | None:
    """Where the op has no slope and the cotangent is not zero."""
    given = [o.values.array for o in op.inputs if o.requires_grad]
    arrived = step.cotangents_in[0].array if step.cotangents_in and step.cotangents_in[0] else None
    if not given or arrived is None or given[0] is None:
        return None
    first: Any = given[0]
    if op.function in ("relu", "abs", "threshold") and first.shape == arrived.shape:
        # Zeros out of another relu, a dropout or a dead layer are no coincidence.
        before = case.producer(op.inputs[0])
        if not op.inputs[0].is_leaf and (before is None or before.function not in ("add", "sub")):
            return None
        return "0" if np.any((first == 0) & (arrived != 0)) else None
    if op.function in ("maximum", "minimum") and len(op.inputs) == 2:
        left, right = (o.values.array for o in op.inputs)
        if left is None or right is None:
            return None
        return _("a tie") if np.any((left == right) & (arrived != 0)) else None
    if op.function in ("max", "min", "amax", "amin") and len(op.inputs) == 1 and arrived.size == 1:
        best = first.max() if "max" in op.function else first.min()
        ties = int(np.sum(first == best))
        return _("a tie of {ties}").format(ties=ties) if ties > 1 and np.any(arrived != 0) else None
    return None


# --------------------------------------------------------------------------------- 16: vanishing


def vanished(case: Case) -> Iterator[Diagnosis]:
    """A remark where the first of many layers gets next to nothing."""
    weights = [
        leaf
        for leaf in case.run.leaves
        if leaf.name.rpartition(".")[2].startswith("weight")
        and len(leaf.values.shape) > 1
        and leaf.grad is not None
    ]
    if len(weights) < MIN_LAYERS:
        return
    first, last = _norm(weights[0].grad), _norm(weights[-1].grad)
    if first is None or last is None or not 0 < first < VANISHED * last:
        return
    sigmoids = case.text.calls("Sigmoid", "sigmoid")
    why = _(
        "The gradient of {first_name} has norm {first:.2g}, that of {last_name} "
        "{last:.2g}: on the way back through {layers} layers it was multiplied away."
    ).format(
        first_name=weights[0].name,
        first=first,
        last_name=weights[-1].name,
        last=last,
        layers=len(weights),
    )
    if sigmoids:
        why = together(why, _("Each sigmoid multiplies by at most 1/4."))
    span = case.text.span(sigmoids[0]) if sigmoids else None
    node = weights[0].node
    call = next((c for c in case.run.calls if c.leaves), None)
    yield case.remark(
        16,
        span or (call.span if call else None),
        why,
        attempts(lambda: _tanh(case, sigmoids)),
        node=node,
    )


def _tanh(case: Case, sigmoids: list[ast.Call]) -> Cure | None:
    """Sigmoids between the layers become tanh; one behind the last may mean a probability."""
    inner = sigmoids[:-1] if len(sigmoids) > 1 else sigmoids
    edits = []
    for call in inner:
        end = case.text.end(call.func)
        name = called(call)
        put = "Tanh" if name == "Sigmoid" else "tanh"
        edits.append(
            case.text.replace(call.func, re.sub(rf"{name}$", put, case.text.segment(call.func)))
        )
        assert end
        if isinstance(call.func, ast.Name):
            return None  # the name was imported on its own
    if not edits:
        return None
    return case.cure(
        _("tanh instead of sigmoid"),
        _("Its slope is 1 at 0, four times that of a sigmoid, so far more comes through."),
        edits,
    )


# ------------------------------------------------------------------------------------ small rules


def _has(values: Values | None, test: Any) -> bool:
    array = values.array if values else None
    return array is not None and array.dtype.kind in "fc" and bool(np.any(test(array)))


def _finite(values: Values | None) -> bool:
    array = values.array if values else None
    return array is None or array.dtype.kind not in "fc" or bool(np.all(np.isfinite(array)))


def _norm(values: Values | None) -> float | None:
    array = values.array if values else None
    return None if array is None else float(np.linalg.norm(array.astype(np.float64).ravel()))
