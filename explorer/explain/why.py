"""Why a number is what it is: its rule, the terms that add up to it, and torch's own value.

Nothing is assumed to agree: `Why.agrees` is the outcome of comparing what the terms and the formula
give with what torch sent.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.data import (
    Axis,
    AxisPart,
    BackwardCall,
    Leaf,
    LocalJacobian,
    Node,
    Plain,
    Step,
    Terms,
    Values,
    storage_dtype,
)
from explorer.explain.rule import FormulaError, edges_from
from explorer.explain.rules import rule_of
from explorer.language import _, later, retold

MAX_TERMS = 8
"""Terms that are listed one by one; the rest is given as a count and a sum."""

NO_FORMULA = later(
    "No formula is written for {name}; its weights are what torch's own node answers."
)
NO_RULE = later("No formula is written for {name}.")
NO_TERMS = later("The terms are not known here.")
STALE = later(
    "The terms are torch's own, the formula gives something else: it was filled with what the node "
    "had saved when it was first seen, and that may have been edited since."
)
CHANGED = later("That is not what arrived: a hook changed it on the way.")
GRAD_CHANGED = later("That is not what .grad holds: something changed it afterwards.")
GRAD_NONE = later(".grad is None: nothing has been added to it.")
COMPLEX = later("Complex numbers are not explained one by one.")
SENT_NONE = later("torch sent None here: nothing flows along this edge.")
UNKNOWN = later("The number itself was not kept: {note}.")

_EPS = {
    "float64": 2.0**-52, "complex128": 2.0**-52, "float32": 2.0**-23, "complex64": 2.0**-23,
    "bfloat16": 2.0**-7, "float16": 2.0**-10,
}  # fmt: skip
_COARSE = 2.0**-2
_ALLOWED, _ALLOWED_HALF = 32, 4
"""Roundings by which two ways to the same number may differ; torch sums half precision in float32,
so there each number is rounded only once."""


class Term(Plain, frozen=True):
    """One of the numbers that were added: `factor` (which is `label`) times `weight`."""

    label: str
    factor: float
    weight: float
    product: float


class Why(Plain, frozen=True):
    """Why one number is what it is.

    `symbols` and `sentence` are the rule's, empty where none is written. `terms` are the largest,
    `more` further ones sum to `rest`, zeros are left out; all of them sum to `total`. `formula` is
    what the written formula gives, `torch` what the engine passed on. Each is None where it is not
    known. `agrees` says whether everything known gives torch's number, and is None if there is
    nothing to compare.
    """

    label: str
    symbols: str = ""
    sentence: str = ""
    terms: tuple[Term, ...] = ()
    more: int = 0
    rest: float = 0.0
    total: float | None = None
    formula: float | None = None
    torch: float | None = None
    agrees: bool | None = None
    notes: tuple[str, ...] = ()


class Rundown(Plain, frozen=True):
    """What there is to say about everything that a node sent on one slot in step `step`.

    `symbols` and `sentence` are the rule's, empty where none is written. `local` is the local
    Jacobian (elements coming in × elements going out), None where `notes` say why. `agrees` says
    whether gᵀJ and the formula, as far as each is known, give all that torch sent; it is None if
    there is nothing to compare.
    """

    step: int
    node: int
    slot: int
    symbols: str = ""
    sentence: str = ""
    local: Values | None = None
    agrees: bool | None = None
    notes: tuple[str, ...] = ()


def explain_call(
    call: BackwardCall,
    locals: Sequence[LocalJacobian] = (),  # noqa: A002 - as in Answer.locals
) -> tuple[Rundown, ...]:
    """One rundown for each slot that leads somewhere, step by step: all that a panel needs.

    `locals` are the answer to `LocalAsk` for this call.
    """
    known = {(one.node, one.slot): one for one in locals}
    return tuple(
        _rundown(call, number, edge.slot, known.get((step.node, edge.slot)))
        for number, step in enumerate(call.steps)
        for edge in edges_from(call.trace, step.node)
    )


def _rundown(call: BackwardCall, number: int, slot: int, local: LocalJacobian | None) -> Rundown:
    step = call.steps[number]
    node = call.trace.nodes[step.node]
    rule = rule_of(node.name)
    sent = _at(step.cotangents_out, slot)
    notes = [] if rule else [_(NO_RULE).format(name=node.name)]
    if sent is None:
        notes.append(_(SENT_NONE))
    real = None if sent is None or sent.array is None else _reals(sent.array)
    eps = _rounding((*step.cotangents_in, sent))
    checks: list[bool] = []
    size = np.full(real.shape, _scale(step, slot)) if real is not None else np.zeros(0)
    J = None if local is None or local.values is None else local.values.array
    if local is not None and local.note:
        notes.append(_sentence(retold(local.note)))
    g = None if J is None else _incoming(step, node)
    if J is not None and g is not None and real is not None:
        with np.errstate(all="ignore"):
            products = g[:, None] * J.astype(np.float64)
            products[np.broadcast_to(J == 0, products.shape)] = 0.0
            size = np.abs(products).sum(0)
            checks.append(_all_same(products.sum(0), real, size, eps))
    if rule is not None:
        try:
            made = _reals(rule.evaluate(call.trace, step, slot))
            if real is not None:
                checks.append(_all_same(made, real, size, eps))
            if checks == [True, False]:
                notes.append(_(STALE))
        except FormulaError as missing:
            notes.append(_sentence(str(missing)))
    return Rundown(
        number,
        step.node,
        slot,
        _(rule.part(slot).symbols) if rule else "",
        _(rule.sentence) if rule else "",
        None if local is None else local.values,
        all(checks) if checks else None,
        tuple(notes),
    )


def _reals(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The elements one after another, a complex one as two."""
    flat = np.ascontiguousarray(array).ravel()
    return flat.view(flat.real.dtype) if np.iscomplexobj(flat) else flat


def _all_same(
    found: npt.NDArray[Any], real: npt.NDArray[Any], size: npt.NDArray[Any], eps: float
) -> bool:
    return all(
        _same(float(f), float(r), float(s), eps) for f, r, s in zip(found, real, size, strict=True)
    )


def explain(
    call: BackwardCall,
    step: Step,
    slot: int,
    element: int,
    local: LocalJacobian | Terms | None = None,
) -> Why:
    """Why the node of `step` sent this number: `element` (in C order) of what left on `slot`.

    `local` is the node's local Jacobian for this slot, or the `Terms` of this very element. Without
    one, the rule's formula stands alone.
    """
    node = call.trace.nodes[step.node]
    rule = rule_of(node.name)
    notes = []
    sent, said = _element(_at(step.cotangents_out, slot), element)
    if said:
        notes.append(said)
    weights = _weights(local, element)
    if isinstance(local, LocalJacobian | Terms) and local.note:
        notes.append(_sentence(retold(local.note)))
    if rule is None:
        text = NO_FORMULA if weights is not None else NO_RULE
        notes.append(_(text).format(name=node.name))
    elif weights is None:
        notes.append(_(NO_TERMS))
    formula = None
    if rule is not None:
        try:
            made = rule.evaluate(call.trace, step, slot).ravel()[element]
            formula = None if np.iscomplexobj(made) else float(made)
        except FormulaError as missing:
            notes.append(_sentence(str(missing)))
    terms = None if weights is None else _terms(step, node, weights)
    return _why(
        AxisPart(f"{node.name} slot {slot}", _shape(call, step.node, slot)).label(element),
        terms,
        sent,
        _rounding((*step.cotangents_in, *step.cotangents_out)),
        scale=_scale(step, slot),
        symbols=_(rule.part(slot).symbols) if rule else "",
        sentence=_(rule.sentence) if rule else "",
        formula=formula,
        notes=notes,
    )


def explain_arrival(call: BackwardCall, step: Step, output: int, element: int) -> Why:
    """Why this number came into the node of `step`: one term for each edge, and v at a root."""
    node = call.trace.nodes[step.node]
    arrived, said = _element(_at(step.cotangents_in, output), element)
    notes = [said] if said else []
    ran = {done.node: done for done in call.steps}
    found: list[Term] = []
    values: list[Values | None] = [_at(step.cotangents_in, output)]
    for number, (root, nr) in enumerate(zip(call.roots, call.root_nrs, strict=False)):
        if (root, nr) == (step.node, output):
            v = _at(call.gradient, number)
            one = 1.0 if v is None else _element(v, element)[0]
            if one is not None:
                found.append(Term("v", one, 1.0, one))
    for edge in call.trace.edges:
        if (edge.target, edge.input_nr) == (step.node, output) and edge.source in ran:
            part = _at(ran[edge.source].cotangents_out, edge.slot)
            number_ = _element(part, element)[0]
            if number_ is not None:
                values.append(part)
                label = _("{node}, slot {slot}").format(
                    node=call.trace.nodes[edge.source].name, slot=edge.slot
                )
                found.append(Term(label, number_, 1.0, number_))
    return _why(
        AxisPart(node.leaf or node.name, node.outputs[output].shape).label(element),
        found,
        arrived,
        _rounding(values),
        sentence=_("What arrives is the sum of what every user of this value sends back."),
        notes=notes,
        otherwise=CHANGED,
        in_order=True,
    )


def explain_leaf(leaf: Leaf, element: int) -> Why:
    """Why `.grad` of a leaf holds this number: what was there before, and what this call added."""
    after, said = _element(leaf.after, element, GRAD_NONE)
    found = []
    for label, values in ((_("before"), leaf.before), (_("added"), leaf.added)):
        number = _element(values, element)[0]
        if number is not None:
            found.append(Term(label, number, 1.0, number))
    shape = leaf.after.shape if leaf.after else ()
    # What a tensor that retains its grad received came past no AccumulateGrad.
    unseen = leaf.node is None and leaf.added is None and after is not None
    return _why(
        AxisPart(f"{leaf.name}.grad", shape).label(element),
        None if unseen else found,
        after,
        _rounding([leaf.before, leaf.added, leaf.after]),
        symbols=_("before + added"),
        sentence=_("A backward adds to .grad, and never replaces it."),
        notes=[said] if said else [],
        otherwise=GRAD_CHANGED,
        in_order=True,
    )


# ---------------------------------------------------------------------------------------- together


def _why(
    label: str,
    terms: Sequence[Term] | None,
    torch: float | None,
    eps: float,
    *,
    scale: float = 0.0,
    symbols: str = "",
    sentence: str = "",
    formula: float | None = None,
    notes: Sequence[str] = (),
    otherwise: str = "",
    in_order: bool = False,
) -> Why:
    """Sort and count the terms, and compare everything with torch's number; `otherwise` is said
    where they do not agree."""
    total, size = None, 0.0
    listed: list[Term] = []
    if terms is not None:
        total = math.fsum(t.product for t in terms) if _finite(terms) else _plain_sum(terms)
        size = sum(abs(t.product) for t in terms)
        listed = list(terms)
        if not in_order:
            listed.sort(key=lambda t: -abs(t.product) if math.isfinite(t.product) else -math.inf)
    rest = listed[MAX_TERMS:]
    checks = []
    if torch is not None:
        if total is not None:
            checks.append(_same(total, torch, size, eps))
        if formula is not None:
            # Without terms, what may cancel is judged by the largest number in sight.
            checks.append(_same(formula, torch, size if terms is not None else scale, eps))
    agrees = all(checks) if checks else None
    if checks == [True, False]:
        notes = (*notes, _(STALE))
    elif agrees is False and otherwise:
        notes = (*notes, _(otherwise))
    return Why(
        label,
        symbols,
        sentence,
        tuple(listed[:MAX_TERMS]),
        len(rest),
        _plain_sum(rest),
        total,
        formula,
        torch,
        agrees,
        tuple(notes),
    )


def _same(found: float, torch: float, size: float, eps: float) -> bool:
    """Whether two numbers are equal up to the rounding of sums of total size `size`."""
    if not (math.isfinite(found) and math.isfinite(torch)):
        return found == torch or (math.isnan(found) and math.isnan(torch))
    allowed = _ALLOWED if eps < _EPS["float16"] else _ALLOWED_HALF
    return abs(found - torch) <= allowed * eps * max(size, abs(torch))


def _finite(terms: Sequence[Term]) -> bool:
    return all(math.isfinite(term.product) for term in terms)


def _plain_sum(terms: Sequence[Term]) -> float:
    return float(sum(term.product for term in terms))


# ----------------------------------------------------------------------------------------- numbers


def _weights(local: LocalJacobian | Terms | None, element: int) -> npt.NDArray[np.float64] | None:
    """The weights of the incoming elements, all cotangents side by side."""
    if isinstance(local, LocalJacobian):
        J = None if local.values is None else local.values.array
        return None if J is None else J[:, element].astype(np.float64)
    if local is None or not local.weights:
        return None
    arrays = [one.array for one in local.weights if one is not None]
    if any(array is None for array in arrays):
        return None
    return np.concatenate([a.ravel() for a in arrays if a is not None]).astype(np.float64)


def _incoming(step: Step, node: Node) -> npt.NDArray[np.float64] | None:
    """g: all floating-point cotangents coming in, side by side; None where one was not kept."""
    parts = []
    for number, output in enumerate(node.outputs):
        if "float" not in output.dtype:
            continue
        values = _at(step.cotangents_in, number)
        if values is None:
            parts.append(np.zeros(math.prod(output.shape)))
        elif values.array is None:
            return None
        else:
            parts.append(values.array.astype(np.float64).ravel())
    return np.concatenate(parts) if parts else np.zeros(0)


def _terms(step: Step, node: Node, weights: npt.NDArray[np.float64]) -> list[Term] | None:
    """One term for each incoming element; None where g was not kept."""
    g = _incoming(step, node)
    if g is None:
        return None
    several = len(node.outputs) > 1
    axis = Axis(
        tuple(
            AxisPart(f"g{number}" if several else "g", output.shape)
            for number, output in enumerate(node.outputs)
            if "float" in output.dtype
        )
    )
    return [
        Term(axis[int(k)], float(g[k]), float(weights[k]), float(g[k] * weights[k]))
        for k in np.flatnonzero(weights)
    ]


def _element(
    values: Values | None, element: int, none: str = SENT_NONE
) -> tuple[float | None, str]:
    """One element, or a sentence saying why it is not known; `none` is the one for None."""
    if values is None:
        return None, _(none)
    if values.dtype.startswith("complex"):
        return None, _(COMPLEX)
    if values.array is None:
        return None, _(UNKNOWN).format(note=retold(values.note) or _("no numbers"))
    return float(values.array.ravel()[element]), ""


def _scale(step: Step, slot: int) -> float:
    """The largest finite number that came in or went out."""
    seen = [v.array for v in (*step.cotangents_in, _at(step.cotangents_out, slot)) if v is not None]
    sizes = [np.abs(array[np.isfinite(array)]) for array in seen if array is not None]
    return max((float(size.max()) for size in sizes if size.size), default=0.0)


def _rounding(values: Sequence[Values | None]) -> float:
    """The coarsest rounding among the dtypes of `values`."""
    return max((_eps(v.dtype) for v in values if v is not None), default=0.0)


def _eps(dtype: str) -> float:
    if dtype in _EPS:
        return _EPS[dtype]
    return _COARSE if storage_dtype(dtype).kind == "f" else 0.0


def _at(values: Sequence[Values | None], number: int) -> Values | None:
    return values[number] if number < len(values) else None


def _shape(call: BackwardCall, node: int, slot: int) -> tuple[int, ...]:
    for edge in edges_from(call.trace, node):
        if edge.slot == slot:
            return call.trace.nodes[edge.target].outputs[edge.input_nr].shape
    return ()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."
