"""Jacobians: of a batch, by parameters that the function never uses, by forward mode."""

import ast
import re
from collections.abc import Iterator
from functools import partial

import numpy as np

from explorer.doctor.case import Case, Trouble, attempts
from explorer.doctor.findings import Cure, Diagnosis
from explorer.doctor.text import called, is_path, names_in
from explorer.language import _, together

# --------------------------------------------------------- 10: sample by sample, mostly zeros


def block_diagonal(case: Case) -> Iterator[Diagnosis]:
    """A remark where a batch's Jacobian has only its diagonal blocks."""
    text = case.text
    for variable in case.run.tensors:
        shape = variable.values.shape
        if len(shape) != 4 or shape[0] != shape[2] or shape[0] < 2:
            continue
        node = text.at(variable.span)
        statement = text.statement(node) if node is not None else None
        call = statement.value if isinstance(statement, ast.Assign) else None
        array = variable.values.array
        if not isinstance(call, ast.Call) or called(call) != "jacobian" or array is None:
            continue
        samples = np.arange(shape[0])
        away = samples[:, None] != samples[None, :]
        blocks = array.transpose(0, 2, 1, 3)
        if np.any(blocks[away]) or not np.all(np.any(blocks[samples, samples], axis=(1, 2))):
            continue
        one = (shape[0], shape[1], shape[3])
        why = _(
            "{name} has shape {shape}, and every block that pairs one sample with another "
            "is zero: each row of the output depends on its own row of the input alone. "
            "Only {blocks} of the {all} blocks, {size} numbers in all, say anything."
        ).format(name=variable.name, shape=shape, blocks=one[0], all=shape[0] ** 2, size=one)
        yield case.remark(10, text.span(call), why, attempts(partial(_per_sample, case, call)))
        return


def _per_sample(case: Case, call: ast.Call) -> Cure | None:
    if (
        len(call.args) != 2
        or call.keywords
        or not isinstance(call.args[1], (ast.Name, ast.Attribute, ast.Call, ast.Subscript))
    ):
        return None
    function, inputs = map(case.text.segment, call.args)
    put = f"torch.func.vmap(torch.func.jacrev({function}))({inputs})"
    return case.cure(
        _("One Jacobian a sample"),
        _("vmap(jacrev(f)) computes the diagonal blocks only, all at once."),
        case.text.replace(call, put),
        torch=True,
    )


# ------------------------------------------------------------ 11: by copies that nobody uses


def independent(case: Case, trouble: Trouble) -> Diagnosis:
    """strict=True found an input that the function does not use."""
    call = case.text.at(trouble.span)
    jacobian = call if isinstance(call, ast.Call) else None
    unused = _unused(case, jacobian) if jacobian else None
    node = None
    if trouble.call is not None and case.run.calls[trouble.call].roots:
        node = case.run.calls[trouble.call].roots[0]
    elif same := [c for c in case.run.calls if c.span == trouble.span and c.roots]:
        node = same[0].roots[0]
    why = _why_independent(unused)
    cures = attempts(lambda: _functional(case, jacobian) if jacobian else None)
    return case.finding(trouble, 11, why, cures, node=node)


def silent_zeros(case: Case) -> Iterator[Diagnosis]:
    """A remark where a Jacobian is taken by an argument that the function never reads."""
    ran = {call.span for call in case.run.calls if call.kind == "functional"}
    for call in case.text.calls("jacobian", "hessian"):
        unused = _unused(case, call)
        span = case.text.span(call)
        if unused is None or span not in ran or (case.run.error and case.run.error.span == span):
            continue
        nodes = [c.roots[0] for c in case.run.calls if c.span == span and c.roots]
        yield case.remark(
            11,
            span,
            together(_why_independent(unused), _("torch fills in zeros and says nothing.")),
            attempts(partial(_functional, case, call)),
            node=nodes[0] if nodes else None,
        )
        return


def _why_independent(unused: str | None) -> str:
    name = unused or _("its argument")
    return _(
        "The function never reads {name}: it computes with the module's own "
        "parameters, and the copies that jacobian() hands in stay unconnected. "
        "functional_call runs the module with the parameters it is given."
    ).format(name=name)


def _unused(case: Case, call: ast.Call) -> str | None:
    """The parameter that the function given to jacobian() never reads."""
    if not call.args:
        return None
    function: ast.AST | None = call.args[0]
    if isinstance(function, ast.Name):
        function = next(
            (
                d
                for d in case.text.nodes(ast.FunctionDef)
                if isinstance(d, ast.FunctionDef) and d.name == function.id
            ),
            None,
        )
    if not isinstance(function, (ast.Lambda, ast.FunctionDef)):
        return None
    given = function.args
    names = [a.arg for a in (*given.posonlyargs, *given.args)]
    names += [given.vararg.arg] if given.vararg else []
    body = [function.body] if isinstance(function, ast.Lambda) else function.body
    read = set().union(*(names_in(part) for part in body))
    return next((name for name in names if name not in read), None)


def _functional(case: Case, call: ast.Call) -> Cure | None:
    """`lambda w: net(x)` by `net.weight` becomes a functional_call with the weight put in."""
    text = case.text
    if len(call.args) < 2 or not isinstance(call.args[0], ast.Lambda):
        return None
    function, wrt = call.args[0], call.args[1]
    inner = function.body
    if not isinstance(inner, ast.Call) or not is_path(inner.func) or inner.keywords:
        return None
    if any(isinstance(a, ast.Starred) for a in inner.args) or not inner.args:
        return None
    module = text.segment(inner.func)
    inputs = ", ".join(map(text.segment, inner.args))
    given = function.args
    if given.vararg and not given.args:
        if not re.fullmatch(
            rf"(?:tuple|list)?\(?\s*{re.escape(module)}\.parameters\(\)\s*\)?", text.segment(wrt)
        ):
            return None
        pairs = f"dict(zip([n for n, _ in {module}.named_parameters()], {given.vararg.arg}))"
    else:
        paths = wrt.elts if isinstance(wrt, (ast.Tuple, ast.List)) else [wrt]
        owned = [text.segment(p) for p in paths]
        if len(owned) != len(given.args) or given.vararg:
            return None
        if not all(
            is_path(p) and o.startswith(f"{module}.") for p, o in zip(paths, owned, strict=True)
        ):
            return None
        entries = [
            f"{o.removeprefix(module + '.')!r}: {a.arg}"
            for o, a in zip(owned, given.args, strict=True)
        ]
        pairs = "{" + ", ".join(entries) + "}"
    put = f"torch.func.functional_call({module}, {pairs}, ({inputs},))"
    return case.cure(
        _("Run the module with the parameters it is given"),
        _("functional_call connects the copies, so the Jacobian by them is the real one."),
        text.replace(inner, put),
        torch=True,
    )


# ----------------------------------------------------------------------------- 12: forward mode


def forward_mode(case: Case, trouble: Trouble) -> Diagnosis:
    """strategy="forward-mode" without vectorize=True."""
    node = case.text.at(trouble.span)
    why = _(
        "Forward mode fills the Jacobian column by column, one JVP for each input, "
        "and torch has written it only for all columns at once. Reverse mode fills it "
        "row by row and needs no such promise."
    )

    def vectorized() -> Cure | None:
        if not isinstance(node, ast.Call):
            return None
        return case.cure(
            _("All columns at once"),
            _("vectorize=True computes the columns together with vmap."),
            case.text.with_keyword(node, "vectorize", "True"),
        )

    def reverse() -> Cure | None:
        if not isinstance(node, ast.Call):
            return None
        for keyword in node.keywords:
            if keyword.arg in ("strategy", "outer_jacobian_strategy"):
                return case.cure(
                    _("Row by row instead"),
                    _("Reverse mode is the default and works on any function."),
                    case.text.without_keyword(node, keyword.arg),
                )
        return None

    return case.finding(trouble, 12, why, attempts(vectorized, reverse))
