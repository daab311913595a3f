"""Tensors that carry no graph where one was expected: who cut it, and how to leave it whole."""

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from explorer.data import Op, Span
from explorer.doctor.case import Case, Start, Trouble, attempts
from explorer.doctor.findings import Cure, Diagnosis
from explorer.doctor.text import (
    Edit,
    Text,
    any_call,
    called,
    is_false,
    is_name,
    is_path,
    is_true,
    names_in,
)
from explorer.language import _, listed, together

_TAKES_REQUIRES_GRAD = frozenset(
    [
        "tensor",
        "ones",
        "zeros",
        "full",
        "rand",
        "randn",
        "empty",
        "eye",
        "arange",
        "linspace",
        "logspace",
        "ones_like",
        "zeros_like",
        "full_like",
        "rand_like",
        "randn_like",
        "Variable",
    ]
)

_NO_SLOPE = frozenset(
    [
        "argmax",
        "argmin",
        "argsort",
        "gt",
        "lt",
        "ge",
        "le",
        "eq",
        "ne",
        "long",
        "int",
        "bool",
        "short",
        "byte",
        "nonzero",
        "isnan",
    ]
)

_FLOATS = ("float", "bfloat", "complex")

MAX_CHOICES = 3
"""Cures offered where several tensors could be the one that was meant to require grad."""


# ---------------------------------------------------------------------- 4: nothing to go back


class _Reason(NamedTuple):
    """Why there is no graph, what would leave it whole, and what is said if nothing would."""

    why: str
    cures: Iterable[Cure | None] = ()
    no_cure: str | None = None


def no_graph(case: Case, trouble: Trouble) -> Diagnosis:
    """backward() or grad() on a tensor that nothing was recorded for."""
    start = case.start_of(trouble.span)
    if start is None:
        return case.finding(trouble, 4, _("This tensor carries no graph to walk back through."))
    root = case.text.short(start.root)
    roots = start.root.elts if isinstance(start.root, (ast.List, ast.Tuple)) else [start.root]
    search = _Search(case)
    for element in roots:
        search.from_expression(element)
    op, node = search.cut, _last_node(search.cut)
    if op is not None:
        why, cures, no_cure = _at_cut(case, op, root, search.asides)
        return case.finding(trouble, 4, why, cures, node=node, cause=op.span, no_cure=no_cure)
    if search.written is not None:
        why, cures, no_cure = _at_text(case, search.written, root)
        span = case.text.span(search.written)
        return case.finding(trouble, 4, why, cures, cause=span, no_cure=no_cure)
    why, cures, no_cure = _at_leaves(case, search, root, start)
    return case.finding(trouble, 4, why, cures, no_cure=no_cure)


class _Search:
    """Walks back from a tensor without a graph: to the op that cut it, or to where it began."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.cut: Op | None = None
        self.written: ast.Call | None = None
        self.asides: list[Op] = []
        self.seen: set[int] = set()

    def from_expression(self, root: ast.expr) -> None:
        """Search behind what the program wrote."""
        value = self.case.value_of(root)
        wrapped = _rebuilt(self.case.text, value)
        op = self._op_of(root, value)
        if op is not None:
            self._visit(op)
        if self.cut is None and wrapped is not None:
            self.written = wrapped

    def _op_of(self, root: ast.expr, value: ast.expr) -> Op | None:
        """The op that computed the tensor."""
        run, text = self.case.run, self.case.text
        ops = self.case.ops_in(value)
        exact = [op for op in ops if text.at(op.span) is value]
        if exact:
            return exact[-1]
        # It came out of a function, or is no result of an op at all: its numbers tell.
        variable = self.case.last_variable(root.id) if isinstance(root, ast.Name) else None
        if variable is not None:
            same = [
                op for op in run.forward if any(o.values == variable.values for o in op.outputs)
            ]
            return same[-1] if same else None
        if run.error is not None and text.contains(text.statement(root), run.error.span):
            return run.forward[-1] if run.forward else None
        return ops[-1] if ops else None

    def _visit(self, op: Op) -> None:
        queue = [op]
        while queue and self.cut is None:
            op = queue.pop(0)
            if op.index in self.seen:
                continue
            self.seen.add(op.index)
            recorded = any(operand.requires_grad for operand in op.inputs)
            if op.cut is not None or (recorded and not op.nodes):
                self.cut = op
                return
            if not op.inputs:
                written = _rebuilt(self.case.text, self.case.text.at(op.span))
                if written is not None:
                    self.written = written
            if op.function in ("detach", "data"):
                self.asides.append(
                    op
                )  # leaves nothing behind here, but would once there is a graph
            for operand in op.inputs:
                before = self.case.producer(operand)
                if before is not None and before.index < op.index:
                    queue.append(before)


def _rebuilt(text: Text, node: ast.AST | None) -> ast.Call | None:
    """`torch.tensor(loss.item())` and its like: numbers that were taken out of their graph."""
    if not isinstance(node, ast.Call) or called(node) not in ("tensor", "as_tensor", "Tensor"):
        return None
    inside = [*node.args, *(_appended(text, node.args[0]) if node.args else [])]
    return node if any(_leaves_graph(part) for part in inside) else None


def _leaves_graph(node: ast.AST) -> bool:
    return any_call(node, lambda call: called(call) in ("item", "tolist", "numpy"))


def _appended(text: Text, node: ast.expr) -> list[ast.expr]:
    """What is appended to the list of that name."""
    if not isinstance(node, ast.Name):
        return []
    return [
        call.args[0]
        for call in text.calls("append")
        if isinstance(call.func, ast.Attribute)
        and is_name(call.func.value, node.id)
        and len(call.args) == 1
    ]


def _last_node(op: Op | None) -> int | None:
    """The node before the cut: the graph as far as it was built."""
    nodes = [i.node for i in op.inputs if i.node is not None] if op else []
    return nodes[-1] if nodes else None


def _at_cut(case: Case, op: Op, root: str, asides: list[Op]) -> _Reason:
    text, line = case.text, op.span.line if op.span else "?"
    node = text.at(op.span)
    written = case.written(op.span) or op.function
    if op.cut in ("no_grad", "inference_mode"):
        why = _(
            "{written} in line {line} ran inside {switch}(), where nothing is recorded. "
            "So {root} has numbers but no graph behind it, and nothing to walk back "
            "through."
        ).format(written=written, line=line, switch=op.cut, root=root)
        return _Reason(why, attempts(lambda: _recording(case, op), lambda: _switched_on(case)))
    if op.cut in ("detach", "data"):
        what = ".detach()" if op.cut == "detach" else ".data"
        why = _(
            "{written} in line {line} hands on the numbers without their graph. Behind "
            "{what} {root} has no grad_fn, so backward has nowhere to go."
        ).format(written=written, line=line, what=what, root=root)
        return _Reason(why, attempts(lambda: _attached(case, [op, *asides], what)))
    if op.cut == "frozen":
        why = _(
            "Everything that {written} in line {line} works on has requires_grad=False. "
            "So no node was made, and {root} has no graph behind it."
        ).format(written=written, line=line, root=root)
        return _Reason(why, attempts(lambda: _thawed(case)))
    if op.function in ("tensor", "as_tensor"):
        why = _(
            "{written} in line {line} makes a new tensor from the numbers alone; the "
            "graph of what went in stays behind. So {root} is a leaf that requires no "
            "grad."
        ).format(written=written, line=line, root=root)
        return _Reason(why, attempts(lambda: _unwrapped(case, node)))
    if op.function in _NO_SLOPE:
        why = _(
            "{function} in line {line} gives whole numbers or yes and no: they jump or "
            "stay, so they have no slope that torch could record."
        ).format(function=op.function, line=line)
        no_cure = _(
            "No cure is offered, because it takes another loss: one computed from the scores "
            "themselves, such as cross_entropy."
        )
        return _Reason(why, no_cure=no_cure)
    why = _("{written} in line {line} made no node, so {root} has no graph behind it.").format(
        written=written, line=line, root=root
    )
    return _Reason(why)


def _at_text(case: Case, written: ast.Call, root: str) -> _Reason:
    parts = [written, *(_appended(case.text, written.args[0]) if written.args else [])]
    left = next(
        called(node)
        for part in parts
        for node in ast.walk(part)
        if isinstance(node, ast.Call) and called(node) in ("item", "tolist", "numpy")
    )
    why = _(
        "{written} in line {line} makes a new tensor from plain numbers: {function}() "
        "has left the graph behind. So {root} is a leaf that requires no grad."
    ).format(written=case.text.short(written), line=written.lineno, function=left, root=root)
    no_cure = _("No cure is offered: the numbers have to be computed with torch all the way.")
    return _Reason(why, attempts(lambda: _unwrapped(case, written)), no_cure)


def _at_leaves(case: Case, search: _Search, root: str, start: Start) -> _Reason:
    places = _unrecorded_places(case, search, start)
    if not places:
        why = _("None of the tensors behind {root} requires grad, so nothing was recorded.")
        return _Reason(why.format(root=root))
    why = together(
        _(
            "{root} comes from {names}, and nothing there requires grad, so torch recorded nothing."
        ).format(root=root, names=listed([place[0] for place in places])),
        _("Variable(t) once did this; today it returns t without requires_grad.")
        if any(_by_variable(place[2]) for place in places)
        else "",
        _("Tell torch whose gradient you want with requires_grad=True."),
    )
    makers: list[Callable[[], Cure | None]] = [
        lambda place=place: _let_require(case, *place)  # type: ignore[misc]
        for place in places[:MAX_CHOICES]
    ]
    return _Reason(why, attempts(*makers))


_Place = tuple[str, ast.stmt, ast.expr]


def _unrecorded_places(case: Case, search: _Search, start: Start) -> list[_Place]:
    """Where the tensors that the search ended at are assigned, those with a .grad first."""
    text = case.text
    places: list[_Place] = []
    wanted = {
        text.segment(node.value)
        for node in ast.walk(text.tree)
        if isinstance(node, ast.Attribute) and node.attr == "grad"
    }
    wrt = text.argument(start.call, "inputs", 1 if "outputs" in start.parameters else 3)
    wanted |= names_in(wrt) if wrt is not None else set()
    behind = {op.span for op in case.run.forward if op.index in search.seen}
    read: set[str] = set()
    for span in behind:
        node = text.at(span)
        if node is not None:
            read |= names_in(node)
    read |= names_in(start.root)
    computed = {o.values for op in case.run.forward if op.inputs for o in op.outputs}
    for variable in case.run.tensors:
        found = _assigned_at(text, variable.name, variable.span)
        if variable.requires_grad or found is None or variable.name not in read:
            continue
        statement, value = found
        begins = variable.values not in computed or _by_variable(value)
        if begins and _can_require(value, variable.values.dtype):
            places.append((variable.name, statement, value))
    for op in case.run.forward:
        if op.inputs or op.index not in search.seen:
            continue
        made_here = text.at(op.span)
        if not isinstance(made_here, ast.Call):
            continue
        statement = text.statement(made_here)
        if not isinstance(statement, ast.Assign) or statement.value is not made_here:
            continue
        target, dtype = statement.targets[0], op.outputs[0].values.dtype
        local = is_name(target) and not isinstance(text.scope(target), ast.Module)
        if (isinstance(target, ast.Attribute) or local) and dtype.startswith(_FLOATS):
            places.append((text.segment(target), statement, made_here))
    places = list({place[0]: place for place in reversed(places)}.values())[::-1]
    return sorted(places, key=lambda place: place[0] not in wanted)


def _assigned_at(text: Text, name: str, span: Span | None) -> tuple[ast.stmt, ast.expr] | None:
    node = text.at(span)
    if not isinstance(node, ast.Name):
        return None
    statement = text.statement(node)
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
        if is_name(target, name):
            return statement, value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for part, element in zip(target.elts, value.elts, strict=False):
                if is_name(part, name):
                    return statement, element
    return None


def _can_require(value: ast.expr, dtype: str) -> bool:
    """Whether the numbers are of a kind that has a gradient, or could be made so where they are
    written."""
    return dtype.startswith(_FLOATS) or (
        isinstance(value, ast.Call)
        and called(value) in ("tensor", "arange", "full")
        and not any(k.arg in ("dtype", "requires_grad") for k in value.keywords)
    )


def _by_variable(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and called(value) == "Variable"


def _let_require(case: Case, name: str, statement: ast.stmt, value: ast.expr) -> Cure | None:
    text = case.text
    title = _("Let {name} require grad").format(name=name)
    why = _(
        "Everything computed from {name} is then recorded, and {name}.grad can be filled."
    ).format(name=name)
    variable = case.last_variable(name)
    whole = variable is not None and not variable.values.dtype.startswith(_FLOATS)
    if whole and isinstance(value, ast.Call):
        return case.cure(
            _("Let {name} hold floating-point numbers and require grad").format(name=name),
            _("Whole numbers cannot be nudged, so torch gives them no gradient."),
            text.with_keyword(value, "dtype", "torch.float32, requires_grad=True"),
            torch=True,
        )
    if isinstance(value, ast.Call) and called(value) in _TAKES_REQUIRES_GRAD:
        return case.cure(title, why, text.with_keyword(value, "requires_grad", "True"))
    return case.cure(title, why, text.after(statement, f"{name}.requires_grad_()"))


def _recording(case: Case, op: Op) -> Cure | None:
    """The innermost no_grad() around the op becomes enable_grad()."""
    switch = _switch_around(case.text, op.span, ("no_grad", "inference_mode"))
    if switch is None:
        return None
    return case.cure(
        _("Record this part"),
        _("enable_grad() in its place lets torch record what is computed here."),
        case.text.replace(switch, "torch.enable_grad"),
        torch=True,
    )


def _switched_on(case: Case) -> Cure | None:
    """`set_grad_enabled(False)` becomes `set_grad_enabled(True)`."""
    calls = [
        call
        for call in case.text.calls("set_grad_enabled")
        if len(call.args) == 1 and is_false(call.args[0])
    ]
    if len(calls) != 1 or case.text.calls("no_grad", "inference_mode"):
        return None
    return case.cure(
        _("Switch recording on"),
        _("What follows is then recorded."),
        case.text.replace(calls[0].args[0], "True"),
    )


def _switch_around(text: Text, span: Span | None, names: tuple[str, ...]) -> ast.expr | None:
    """The function of the `with no_grad()` or the `@no_grad()` that holds the span."""
    found: ast.expr | None = None
    for node in ast.walk(text.tree):
        if not text_holds(text, node, span):
            continue
        switches: list[ast.expr] = []
        if isinstance(node, ast.With):
            switches = [item.context_expr for item in node.items]
        elif isinstance(node, ast.FunctionDef):
            switches = node.decorator_list
        for switch in switches:
            if isinstance(switch, ast.Call) and called(switch) in names:
                found = switch.func
    if found is None:
        # A helper that runs inside somebody else's block: only a single switch can be meant.
        calls = text.calls(*names)
        found = calls[0].func if len(calls) == 1 else None
    return found


def text_holds(text: Text, node: ast.AST, span: Span | None) -> bool:
    """Whether the node is a block (with or def) around the span."""
    return isinstance(node, (ast.With, ast.FunctionDef)) and text.contains(node, span)


def _attached(case: Case, ops: list[Op], what: str) -> Cure | None:
    """`h.detach()` and `h.data` become `h`, everywhere on the way."""
    text, edits, owners = case.text, [], []
    for span in dict.fromkeys(op.span for op in ops):
        node = text.at(span)
        inner = node.func if isinstance(node, ast.Call) else node
        if not isinstance(inner, ast.Attribute) or inner.attr not in ("detach", "data"):
            return None
        assert node is not None
        owners.append(text.short(inner.value))
        edits.append(text.replace(node, text.atom(inner.value)))
    return case.cure(
        _("Leave out {what}").format(what=what),
        _("{name} then stays connected to what it was computed from.").format(name=owners[0]),
        edits,
    )


def _thawed(case: Case) -> Cure | None:
    """The one place that freezes lets go."""
    text = case.text
    calls = [
        call
        for call in text.calls("requires_grad_")
        if len(call.args) == 1 and isinstance(call.args[0], ast.Constant) and not call.args[0].value
    ]
    switches = [
        node
        for node in ast.walk(text.tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Attribute)
        and node.targets[0].attr == "requires_grad"
        and isinstance(node.value, ast.Constant)
        and not node.value.value
    ]
    frozen: list[ast.expr] = [call.args[0] for call in calls] + [node.value for node in switches]
    if len(frozen) != 1:
        return None
    return case.cure(
        _("Do not freeze it"),
        _("With requires_grad=True its forward is recorded and its .grad can be filled."),
        text.replace(frozen[0], "True"),
    )


def _unwrapped(case: Case, node: ast.AST | None) -> Cure | None:
    """`torch.tensor(loss)` becomes `loss`; of several tensors, `torch.stack`."""
    if not isinstance(node, ast.Call) or len(node.args) != 1:
        return None
    text, inside = case.text, node.args[0]
    appended = _appended(text, inside)
    parts: list[ast.expr]
    if isinstance(inside, ast.List):
        parts = inside.elts
    elif isinstance(inside, (ast.ListComp, ast.GeneratorExp)):
        parts = [inside.elt]
    else:
        parts = appended or [inside]
    if any(_leaves_graph(_without_item(part)) for part in parts):
        return None
    edits = [
        text.replace(p, text.atom(_without_item(p))) for p in parts if _without_item(p) is not p
    ]
    if parts == [inside]:
        how = _("The tensor is already there, with its graph.")
        edits = [text.replace(node, text.atom(_without_item(inside)))]
    else:
        how = _("torch.stack joins tensors and keeps their graph.")
        edits.append(text.replace(node.func, "torch.stack"))
        edits += [
            Edit(text.start(k), text.end(k), "") for k in node.keywords if k.arg == "requires_grad"
        ]
    return case.cure(_("Use the tensor itself"), how, edits, torch=True)


def _without_item(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Call) and called(node) in ("item", "tolist"):
        assert isinstance(node.func, ast.Attribute)
        return node.func.value
    if isinstance(node, ast.Call) and is_name(node.func, "float") and len(node.args) == 1:
        return node.args[0]
    return node


def whole_numbers(case: Case, trouble: Trouble) -> Diagnosis:
    """requires_grad on integers."""
    node = case.text.at(trouble.span)
    why = _(
        "A gradient says how a result changes when a number is nudged a little, and "
        "whole numbers cannot be nudged. Written as floating-point numbers they can."
    )

    def floating() -> Cure | None:
        if not isinstance(node, ast.Call):
            return None
        if called(node) == "requires_grad_" and isinstance(node.func, ast.Attribute):
            return None
        return case.cure(
            _("Use floating-point numbers"),
            _("float32 is what networks compute in."),
            case.text.with_keyword(node, "dtype", "torch.float32"),
            torch=True,
        )

    return case.finding(trouble, None, why, attempts(floating))


# ------------------------------------------------------- 7: what the modes forbid afterwards


def inference_tensor(case: Case, trouble: Trouble) -> Diagnosis:
    """A tensor made in inference_mode() was to be saved for a backward."""
    calls = case.text.calls("inference_mode")
    where = _("line {line}").format(line=calls[0].lineno) if calls else "inference_mode()"
    why = _(
        "A tensor made inside inference_mode() ({where}) carries no version counter, "
        "so torch could not tell whether its numbers change before backward and "
        "refuses to save it. no_grad() records nothing either, but makes ordinary "
        "tensors."
    ).format(where=where)

    def ordinary() -> Cure | None:
        edits = [case.text.replace(call.func, "torch.no_grad") for call in calls]
        edits += [case.text.replace(call.args[0], "") for call in calls if len(call.args) == 1]
        return case.cure(
            _("no_grad() in place of inference_mode()"),
            _("Its tensors are constants to the graph and may be saved."),
            edits,
            torch=True,
        )

    cause = case.text.span(calls[0]) if calls else None
    return case.finding(trouble, 7, why, attempts(ordinary), cause=cause)


def flag_of_result(case: Case, trouble: Trouble) -> Diagnosis:
    """requires_grad = False on a tensor that was computed."""
    text, node = case.text, case.text.at(trouble.span)
    inner = node.func if isinstance(node, ast.Call) else node
    base = inner.value if isinstance(inner, ast.Attribute) else None
    name = text.short(base) if base is not None else _("This tensor")
    variable = case.last_variable(base.id) if isinstance(base, ast.Name) else None
    why = _(
        "{name} is the result of a computation, so whether it requires grad follows "
        "from what went in; only a leaf has a switch of its own. detach() gives the "
        "same numbers without the graph."
    ).format(name=name)

    def detached() -> Cure | None:
        if node is None or base is None or not is_path(base):
            return None
        statement = text.statement(node)
        whole = isinstance(statement, (ast.Assign, ast.Expr))
        if not whole or (isinstance(statement, ast.Assign) and len(statement.targets) != 1):
            return None
        if isinstance(statement, ast.Expr) and statement.value is not node:
            return None
        owner = text.segment(base)
        return case.cure(
            _("Detach {name}").format(name=owner),
            _("From here on {name} is a constant to the graph.").format(name=owner),
            text.replace(statement, f"{owner} = {owner}.detach()"),
        )

    return case.finding(
        trouble, 7, why, attempts(detached), node=variable.node if variable else None
    )


# ------------------------------------------------------------ 18: hooks where nothing flows


def no_valve(case: Case, trouble: Trouble) -> Diagnosis:
    """A hook (or retain_grad) on a tensor that requires no grad."""
    text, node = case.text, case.text.at(trouble.span)
    function = node.func if isinstance(node, ast.Call) else None
    base = function.value if isinstance(function, ast.Attribute) else None
    name = text.short(base) if base is not None else _("this tensor")
    why = _(
        "A hook is a valve on an edge that cotangents flow through, and none leads to "
        "{name}: it does not require grad. It has to, before anything is computed "
        "from it."
    ).format(name=name)

    def required() -> Cure | None:
        if node is None or base is None or not is_path(base):
            return None
        if isinstance(base, ast.Name):
            found = [
                place
                for variable in case.run.tensors
                if variable.name == base.id
                and variable.last
                and (place := _assigned_at(text, base.id, variable.span))
            ]
            if found and variable_is_float(case, base.id):
                statement, value = found[-1]
                computed = any(op.inputs for op in case.ops_in(value))
                if not computed:
                    return _let_require(case, base.id, statement, value)
        owner = text.segment(base)
        return case.cure(
            _("Let {name} require grad").format(name=owner),
            _("What is computed from {name} after this line is recorded.").format(name=owner),
            text.before(text.statement(node), f"{owner}.requires_grad_()"),
        )

    return case.finding(trouble, 18, why, attempts(required))


def variable_is_float(case: Case, name: str) -> bool:
    """Whether the name stands for numbers that can have a gradient."""
    variable = case.last_variable(name)
    return variable is not None and variable.values.dtype.startswith(_FLOATS)


# -------------------------------------------------------------------------- Variable, silently


def silent_variable(case: Case) -> Iterator[Diagnosis]:
    """A remark where Variable(t) dropped a requires_grad that the program counts on."""
    text = case.text
    for call in text.calls("Variable"):
        if not call.args or text.argument(call, "requires_grad", None) is not None:
            continue
        statement = text.statement(call)
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        name = target.id if isinstance(target, ast.Name) else None
        inner = any(is_true(k.value) for k in _keywords(call) if k.arg == "requires_grad")
        # The error says it already where nothing at all was recorded.
        said = case.run.error and "does not require grad" in case.run.error.message
        if said or not (inner or (name and _counted_on(text, name))):
            continue
        shown = name or text.short(call)
        why = _(
            "Variable(t) returns a tensor that does not require grad, so {name} has no "
            "gradient of its own, and torch says nothing. Say requires_grad=True where "
            "one is wanted."
        ).format(name=shown)
        cures = attempts(
            lambda call=call, shown=shown: case.cure(  # type: ignore[misc]
                _("Let {name} require grad").format(name=shown),
                _("Everything computed from {name} is then recorded.").format(name=shown),
                text.with_keyword(call, "requires_grad", "True"),
            )
        )
        yield case.remark(4, text.span(call), why, cures)
        return


def _keywords(call: ast.Call) -> list[ast.keyword]:
    return [node for arg in call.args for node in ast.walk(arg) if isinstance(node, ast.keyword)]


def _counted_on(text: Text, name: str) -> bool:
    """Whether the program asks this name for its gradient or whether it has one."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in ("grad", "requires_grad")
        and isinstance(node.ctx, ast.Load)
        and is_name(node.value, name)
        for node in ast.walk(text.tree)
    )
