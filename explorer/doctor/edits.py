"""Tensors that were changed in place: behind a saved number's back, on a leaf, through `.data`."""

import ast
from collections.abc import Iterator

from explorer.data import Node, Op, Span
from explorer.doctor.case import Case, Trouble, attempts
from explorer.doctor.findings import Cure, Diagnosis
from explorer.doctor.text import Edit, called, is_name, is_path, is_true
from explorer.language import _, together

_NO_TWIN = frozenset(
    {
        "zero_", "fill_", "copy_", "set_", "resize_", "normal_", "uniform_", "random_", "cauchy_",
        "exponential_", "log_normal_", "geometric_", "requires_grad_", "detach_",
    }
)  # fmt: skip
"""In-place methods without a twin of the same name that returns a new tensor."""

_SYMBOLS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@",
    ast.FloorDiv: "//", ast.Mod: "%",
}  # fmt: skip


# ------------------------------------------------------------- 6: found at backward


def changed_after_saving(case: Case, trouble: Trouble) -> Diagnosis:
    """A tensor that a node had saved was edited before the node's backward."""
    node = trouble.node
    edit = _edit_of(case, case.node(node)) if node is not None else None
    what = case.says(node) if node is not None else _("A node")
    if edit is None:
        steps = [call for call in case.text.calls("step") if not call.args]
        why = _(
            "{node} had saved a tensor for its backward, and its numbers were changed in "
            "place before backward came."
        ).format(node=what)
        if steps:
            by = _("The step() in line {line} edits weights in place, too.")
            why = together(why, by.format(line=steps[0].lineno))
        no_cure = _(
            "No cure is offered, because the edit is not seen to be one line of the program: "
            "compute the loss again after it."
        )
        return case.finding(trouble, 6, why, no_cure=no_cure)
    line = edit.span.line if edit.span else "?"
    leaf = any(o.is_leaf and o.requires_grad for o in edit.inputs if o.tensor in edit.edited)
    why = _(
        "{node} saved numbers for its backward, and line {line} ({written}) then "
        "wrote over them. torch counts a version for every edit and refuses to "
        "compute with the wrong numbers."
    ).format(node=what, line=line, written=case.written(edit.span) or edit.function)
    if leaf:
        no_cure = _(
            "No cure is offered, because the edit is meant to change the leaf: compute the loss "
            "again after it, or make the edit after backward."
        )
        return case.finding(trouble, 6, why, cause=edit.span, no_cure=no_cure)
    same = node is not None and bool(set(edit.edited) & _tensors_of(case, node))
    cures = attempts(
        lambda: out_of_place(case, edit.span, same=same), lambda: _flag_off(case, edit)
    )
    no_cure = _(
        "No cure is offered, because what was edited is a view under another name: make the edit "
        "on a copy of the whole tensor."
    )
    return case.finding(trouble, 6, why, cures, cause=edit.span, no_cure=no_cure)


def _tensors_of(case: Case, node: int) -> set[int]:
    """The tensors that went into and came out of the op that made the node."""
    op = case.makers.get(node)
    return {o.tensor for o in (*op.inputs, *op.outputs)} if op else set()


def _edit_of(case: Case, node: Node) -> Op | None:
    """The edit of what the node had saved."""
    maker = case.makers.get(node.index)
    if maker is None:
        return None
    versions = {s.version for s in node.saved if s.state == "edited"}
    tensors = _tensors_of(case, node.index)
    later = [op for op in case.run.forward[maker.index + 1 :] if op.edited]
    for op in later:
        if set(op.edited) & tensors:
            return op
    for op in later:  # a view of it, under another number
        if any(o.version in versions and o.tensor in op.edited for o in op.outputs):
            return op
    return None


def out_of_place(
    case: Case, span: Span | None, *, same: bool, drop_data: bool = False
) -> Cure | None:
    """The edit at `span` made on a new tensor. `same` says that the edited tensor is the saved one
    and no view of it; with `drop_data`, `y.data` is meant as `y`."""
    text, node = case.text, case.text.at(span)
    if node is None:
        return None
    statement = text.statement(node)
    target = _target(statement)
    if target is None:
        return None
    if is_name(target) and text.segment(target) in text.modules:
        return _function_twin(case, statement)
    base = target
    while isinstance(base, ast.Subscript):
        base = base.value
    stripped: list[Edit] = []
    owner = base
    if drop_data and isinstance(base, ast.Attribute) and base.attr == "data":
        owner = base.value
        stripped = [text.replace(base, text.segment(owner))]
    if not is_path(owner):
        return None
    name = text.segment(owner)
    title, why = (
        _("Make a new {name} instead").format(name=name),
        _("The saved numbers stay as they were, and {name} goes on as a new tensor.").format(
            name=name
        ),
    )
    if base is target and (same or drop_data):
        if isinstance(statement, ast.AugAssign) and type(statement.op) in _SYMBOLS:
            value = text.segment(statement.value)
            if not isinstance(statement.value, (ast.Name, ast.Constant, ast.Call, ast.Attribute)):
                value = f"({value})"
            put = f"{name} = {name} {_SYMBOLS[type(statement.op)]} {value}"
            return case.cure(title, why, text.replace(statement, put))
        method = (
            called(statement.value)
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
            else ""
        )
        if method.endswith("_") and method not in _NO_TWIN:
            assert isinstance(statement, ast.Expr)
            assert isinstance(statement.value, ast.Call)
            function = statement.value.func
            assert isinstance(function, ast.Attribute)
            edit = Edit(text.end(function) - 1, text.end(function), "")
            start = text.start(statement)
            return case.cure(title, why, Edit(start, start, f"{name} = "), edit, stripped)
    if base is target and not (same or drop_data):
        return None  # a view under another name: a copy of it would leave its base unchanged
    clone = text.before(statement, f"{name} = {name}.clone()")
    return case.cure(
        _("Edit a copy of {name}").format(name=name),
        _("clone() is a node of its own; the edit then leaves the saved numbers alone."),
        clone,
        stripped,
    )


def _function_twin(case: Case, statement: ast.stmt) -> Cure | None:
    """`torch.relu_(y)` becomes `y = torch.relu(y)`."""
    text = case.text
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not call.args or not is_path(call.args[0]):
        return None
    if called(call) in _NO_TWIN or not called(call).endswith("_"):
        return None
    name, end, start = text.segment(call.args[0]), text.end(call.func), text.start(statement)
    return case.cure(
        _("Make a new {name} instead").format(name=name),
        _("The saved numbers stay as they were, and {name} goes on as a new tensor.").format(
            name=name
        ),
        [Edit(start, start, f"{name} = "), Edit(end - 1, end, "")],
    )


def _target(statement: ast.stmt) -> ast.expr | None:
    """What a statement edits in place."""
    if isinstance(statement, ast.AugAssign):
        return statement.target
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        return target if isinstance(target, ast.Subscript) else None
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        function = statement.value.func
        if isinstance(function, ast.Attribute) and function.attr.endswith("_"):
            return function.value
    return None


def _flag_off(case: Case, edit: Op) -> Cure | None:
    """`inplace=True` becomes False."""
    text = case.text
    here = text.at(edit.span)
    inside = list(here.keywords) if isinstance(here, ast.Call) else []
    flags = [k for k in inside if k.arg == "inplace" and is_true(k.value)] or [
        k
        for k in ast.walk(text.tree)
        if isinstance(k, ast.keyword) and k.arg == "inplace" and is_true(k.value)
    ]
    if not flags or not edit.function.startswith(
        ("relu", "elu", "leaky", "dropout", "hardtanh", "selu", "celu", "silu", "threshold", "mish")
    ):
        return None
    return case.cure(
        _("Without inplace=True"),
        _("The layer then returns a new tensor and leaves its input, which was saved, alone."),
        [text.replace(flag.value, "False") for flag in flags],
    )


# ------------------------------------------------------------------- 6: refused at once


def leaf_in_place(case: Case, trouble: Trouble) -> Diagnosis:
    """A leaf that requires grad, edited while torch records."""
    text, node = case.text, case.text.at(trouble.span)
    statement = text.statement(node) if node is not None else None
    target = _target(statement) if statement is not None else None
    base = target
    while isinstance(base, ast.Subscript):
        base = base.value
    name = text.short(base) if base is not None else _("This tensor")
    variable = case.last_variable(base.id) if isinstance(base, ast.Name) else None
    why = _(
        "{name} is a leaf: its .grad belongs to the numbers it holds, and an edit "
        "that is recorded would leave no leaf to put it in. An update of a weight is "
        "no part of the forward, so make it where nothing is recorded."
    ).format(name=name)

    def unrecorded() -> Cure | None:
        if statement is None:
            return None
        return case.cure(
            _("Edit it inside no_grad()"),
            _("{name} stays the leaf, with new numbers; the edit is no part of the graph.").format(
                name=name
            ),
            text.wrapped(statement, "with torch.no_grad():"),
            torch=True,
        )

    return case.finding(
        trouble, 6, why, attempts(unrecorded), node=variable.node if variable else None
    )


# ------------------------------------------------------------------- 6: nobody noticed


def silent_edit(case: Case) -> Iterator[Diagnosis]:
    """A remark where an edit through `.data` changed numbers that a node had saved."""
    asides: dict[int, Op] = {}
    victims: dict[int, tuple[int, Node] | None] = {}
    uses: dict[int, list[Op]] = {}
    for op in case.run.forward:
        for tensor in {o.tensor for o in (*op.inputs, *op.outputs)}:
            uses.setdefault(tensor, []).append(op)
    for op in case.run.forward:
        if op.function == "data" and op.inputs and op.inputs[0].requires_grad:
            asides.update({out.tensor: op for out in op.outputs})
        for edited in op.edited:
            aside = asides.get(edited)
            if aside is None or op.span is None:
                continue
            tensor = aside.inputs[0].tensor
            if tensor not in victims:
                victims[tensor] = _silently_changed(case, uses[tensor], tensor)
            found = victims[tensor]
            if found is not None and found[0] < op.index:
                yield _noticed(case, aside, op, found[1])
                return


def _silently_changed(case: Case, uses: list[Op], tensor: int) -> tuple[int, Node] | None:
    """The first op, and its node, that ran with other numbers for `tensor` than its forward saw."""
    for op in uses:
        known = [o.values for o in (*op.inputs, *op.outputs)]
        forms = {
            (o.values.shape, o.values.dtype)
            for o in (*op.inputs, *op.outputs)
            if o.tensor == tensor
        }
        for number in op.nodes:
            node = case.node(number)
            for saved in node.saved:
                values = saved.values
                if number not in case.ran or saved.state != "held" or not values or not values.data:
                    continue
                if (values.shape, values.dtype) in forms and values not in known:
                    return op.index, node
    return None


def _noticed(case: Case, aside: Op, edit: Op, victim: Node) -> Diagnosis:
    assert edit.span is not None
    leaf = aside.inputs[0].is_leaf
    why = _(
        "{node} had saved these numbers, and line {line} changed them through .data, "
        "where torch counts no version. So nothing raised, and backward computed with "
        "numbers that the forward never had."
    ).format(node=case.says(victim.index), line=edit.span.line)
    cures = attempts(
        lambda: (
            _moved_behind(case, edit)
            if leaf
            else out_of_place(case, edit.span, same=True, drop_data=True)
        )
    )
    if leaf:
        why = together(why, _("An update belongs after backward."))
    return case.remark(6, edit.span, why, cures, node=victim.index)


def _moved_behind(case: Case, edit: Op) -> Cure | None:
    """The edit moved to just after the backward call that follows it in the same block."""
    text, node = case.text, case.text.at(edit.span)
    if node is None:
        return None
    statement = text.statement(node)
    block = text.block(statement)
    for follower in block[block.index(statement) + 1 :]:
        if text.calls("backward", inside=follower):
            if not isinstance(follower, ast.Expr):
                return None
            moved = text.after(follower, text.segment(statement))
            return case.cure(
                _("Make the edit after backward"),
                _("backward then works with the numbers that the forward had."),
                text.without(statement),
                moved,
            )
    return None
