"""Calls of backward() and grad(): a missing vector, a second pass, a graph too many, no path."""

import ast
import re
from collections.abc import Iterator

from explorer.data import BackwardCall, Leaf
from explorer.doctor.case import Case, Start, Trouble, attempts, shape_text, shapes_in
from explorer.doctor.findings import Cure, Diagnosis
from explorer.doctor.text import (
    CannotEditError,
    Edit,
    Loop,
    called,
    is_grad,
    is_name,
    is_path,
    names_in,
)
from explorer.language import _, listed, together

_INDEX = re.compile(r"at index (\d+)")

# --------------------------------------------------------------------------- 1: v is missing


def no_vector(case: Case, trouble: Trouble) -> Diagnosis:
    """A tensor of several elements, and no v to multiply its Jacobian with."""
    start, call = case.start_of(trouble.span), case.call(trouble)
    shape = _large_root(case, call)
    root = case.text.short(start.root) if start else _("the tensor")
    size = 1
    for length in shape or ():
        size *= length
    why = _(
        "{root} has {size} elements (shape {shape}), and a backward pass computes vᵀJ "
        "for one vector v of that shape. Only for a single number does torch put in "
        "v = 1 by itself."
    ).format(root=root, size=size, shape=shape_text(shape))
    cures = attempts(
        lambda: _summed(case, start, call),
        lambda: _with_ones(case, start),
    )
    return case.finding(trouble, 1, why, cures, node=_root_node(call))


def wrong_vector(case: Case, trouble: Trouble) -> Diagnosis:
    """A v that does not have the shape of the output."""
    start, call = case.start_of(trouble.span), case.call(trouble)
    shapes = shapes_in(trouble.words)
    given, wanted = shapes if len(shapes) == 2 else (None, None)
    root = case.text.short(start.root) if start else _("the output")
    why = _(
        "v has shape {given} and {root} has shape {wanted}. In vᵀJ each element of v "
        "weighs one element of the output, so the two shapes must agree."
    ).format(given=shape_text(given), root=root, wanted=shape_text(wanted))

    def reshaped() -> Cure | None:
        if start is None or start.vector is None or given is None or wanted is None:
            return None
        if _product(given) != _product(wanted):
            return None
        text = ", ".join(map(str, wanted))
        edit = case.text.method(start.vector, f"reshape({text})" if wanted else "reshape(())")
        return case.cure(
            _("Give v the shape {wanted}").format(wanted=shape_text(wanted)),
            _("Its numbers stay as they are."),
            edit,
        )

    return case.finding(
        trouble,
        1,
        why,
        attempts(reshaped, lambda: _with_ones(case, start)),
        node=_root_node(call),
    )


def _product(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def _root_node(call: BackwardCall | None) -> int | None:
    return call.roots[0] if call and call.roots else None


def _large_root(case: Case, call: BackwardCall | None) -> tuple[int, ...] | None:
    """The shape of the first root with more than one element."""
    for number in range(len(call.roots) if call else 0):
        assert call is not None
        shape = case.root_shape(call, number)
        if shape is not None and _product(shape) != 1:
            return shape
    return None


def _summed(case: Case, start: Start | None, call: BackwardCall | None) -> Cure | None:
    if start is None:
        return None
    text = case.text
    edits: list[Edit] = []
    if start.is_method:
        assert isinstance(start.call.func, ast.Attribute)
        dot = text.attribute_dot(start.call.func)
        edits = [Edit(dot, dot, ".sum()")]
    elif isinstance(start.root, (ast.List, ast.Tuple)) and call is not None:
        for number, element in enumerate(start.root.elts):
            shape = case.root_shape(call, number)
            if shape is not None and _product(shape) != 1:
                edits.append(text.method(element, "sum()"))
    else:
        edits = [text.method(start.root, "sum()")]
    return case.cure(
        _("Add the elements up first"),
        _("The sum is one number; its gradient is onesᵀJ, the sum of the Jacobian's rows."),
        edits,
    )


def _with_ones(case: Case, start: Start | None) -> Cure | None:
    """v = ones, where the root can be written a second time."""
    if start is None or not is_path(start.root):
        return None
    ones = f"torch.ones_like({case.text.segment(start.root)})"
    if start.vector is not None:
        if isinstance(start.vector, (ast.List, ast.Tuple)):
            return None
        edit = case.text.replace(start.vector, ones)
    elif start.is_method and not start.call.args:
        if start.call.keywords:
            edit = case.text.with_keyword(start.call, "gradient", ones)
        else:
            end = case.text.end(start.call) - 1
            edit = Edit(end, end, ones)
    else:
        edit = case.text.with_keyword(start.call, start.vector_name, ones)
    return case.cure(
        _("Send back a vector of ones"),
        _("Ones weigh all rows of the Jacobian alike; another v picks or mixes rows as you like."),
        edit,
        torch=True,
    )


# ------------------------------------------------------------------------- 3: a second time


def second_time(case: Case, trouble: Trouble) -> Diagnosis:
    """What the nodes had saved was let go by an earlier call."""
    earlier = _freed_by(case, trouble)
    node = trouble.node
    if node is None and earlier is not None and trouble.call is None:
        node = _read_node(case, trouble)
    name = case.says(node) if node is not None else _("A node")
    if earlier is None or earlier.span is None:
        why = _(
            "{name} no longer has what it had saved for its backward. An earlier pass let "
            "go of it; the graph's structure is still there."
        ).format(name=name)
        return case.finding(trouble, 3, why, node=node)
    freed = (
        _(
            "{name} kept numbers for its backward, and the same call in line {line}, one turn "
            "earlier, let go of them when it was done."
        )
        if earlier.span == trouble.span
        else _(
            "{name} kept numbers for its backward, and the call in line {line} let go of them "
            "when it was done."
        )
    )
    why = together(
        freed.format(name=name, line=earlier.span.line),
        _("The graph's structure is still there, but this second pass needs those numbers again."),
    )
    cures = attempts(
        lambda: _carried(case, trouble),
        lambda: _retained(case, earlier, trouble),
    )
    return case.finding(trouble, 3, why, cures, node=node, cause=earlier.span)


def _freed_by(case: Case, trouble: Trouble) -> BackwardCall | None:
    """The latest call that freed the node that is asked again."""
    calls = case.run.calls[: trouble.call]
    for call in reversed(calls):
        if (trouble.node is None and call.freed) or trouble.node in call.freed:
            return call
    return None


def _read_node(case: Case, trouble: Trouble) -> int | None:
    """The node whose `_saved_…` the program reads."""
    node = case.text.at(trouble.span)
    while isinstance(node, ast.Attribute):
        node = node.value
    if isinstance(node, ast.Name):
        variable = case.last_variable(node.id)
        return variable.node if variable else None
    return None


def _retained(case: Case, earlier: BackwardCall, trouble: Trouble) -> Cure | None:
    start = case.start_of(earlier.span)
    if start is None:
        return None
    loop = case.text.loop(start.call)
    if loop is not None and earlier.span == trouble.span and updates_weights(loop):
        return None  # the kept numbers would be those of weights that have changed since
    edit = case.text.with_argument(
        start.call, "retain_graph", start.parameters["retain_graph"], "True"
    )
    return case.cure(
        _("Keep the graph after the first pass"),
        _("retain_graph=True lets the nodes keep their numbers; .grad then adds up both passes."),
        edit,
    )


def _carried(case: Case, trouble: Trouble) -> Cure | None:
    """A state carried from turn to turn drags the graph of all earlier turns along."""
    node = case.text.at(trouble.span)
    loop = case.text.loop(node) if node is not None else None
    if loop is None or case.start_of(trouble.span) is None:
        return None
    if isinstance(case.text.scope(loop), ast.Module):
        names = [name for name in carried_names(loop) if _grows(case, name, loop)]
    else:
        names = [name for name in carried_names(loop) if _begins_as_tensor(case, name, loop)]
    if not names:
        return None
    edit = case.text.before(loop.body[0], *(f"{name} = {name}.detach()" for name in names))
    said = listed(names)
    return case.cure(
        _("Begin each turn with {names} detached").format(names=said),
        _(
            "{names} keeps its numbers but not the graph of the turns before, so each "
            "backward pass ends where its own turn began."
        ).format(names=said),
        edit,
    )


def _grows(case: Case, name: str, loop: Loop) -> bool:
    """Whether the name stood for a tensor before the loop and for results within it."""
    known = [v for v in case.run.tensors if v.name == name]
    return any(v.grad_fn and v.number > 1 for v in known) and any(
        v.span and v.span.line < loop.lineno for v in known
    )


def _begins_as_tensor(case: Case, name: str, loop: Loop) -> bool:
    """Whether a local name is made by a function of torch before the loop, and an op after it."""
    text = case.text
    before = [
        a.value for a in text.assignments(name, text.scope(loop)) if text.end(a) <= text.start(loop)
    ]
    within = [a for a in text.assignments(name, text.scope(loop)) if text.loop(a) is loop]
    made = before[-1] if before else None
    return (
        isinstance(made, ast.Call)
        and text.torch is not None
        and text.segment(made.func).startswith(f"{text.torch}.")
        and any(op.nodes for a in within for op in case.ops_in(a))
    )


def carried_names(loop: Loop) -> list[str]:
    """Names that a turn of the loop reads before it assigns them."""
    seen: dict[str, str] = {}
    for statement in loop.body:
        for name in sorted(names_in(statement)):
            seen.setdefault(name, "read")
        if isinstance(statement, ast.AugAssign) and is_name(statement.target):
            assert isinstance(statement.target, ast.Name)
            seen.setdefault(statement.target.id, "read")
        for name in names_in(statement, ast.Store):
            if seen.get(name) == "read":
                seen[name] = "carried"
            else:
                seen.setdefault(name, "assigned")
    return [name for name, how in seen.items() if how == "carried"]


def updates_weights(tree: ast.AST) -> bool:
    """Whether something like an optimizer's step happens in this piece of the program."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in ("step", "sub_", "add_", "mul_", "copy_"):
            return True
        if isinstance(node, ast.AugAssign):
            reads = [n.attr for n in ast.walk(node.value) if isinstance(n, ast.Attribute)]
            if "grad" in reads:
                return True
    return False


# ------------------------------------------------------------------------- 8: create_graph


def reference_cycle(case: Case, trouble: Trouble) -> Diagnosis:
    """backward(create_graph=True) leaves a .grad that holds the graph that holds the leaf."""
    number = next(
        (
            n
            for n, call in enumerate(case.run.calls)
            if call.create_graph and call.span and call.span.line == trouble.line
        ),
        None,
    )
    call = None if number is None else case.run.calls[number]
    leaf = call.leaves[0].name if call and call.leaves else _("a leaf")
    why = _(
        "create_graph=True records the backward pass too, so {leaf}.grad now carries "
        "a graph that leads back to {leaf}: each keeps the other in memory. "
        "autograd.grad hands the gradient out instead of storing it."
    ).format(leaf=leaf)
    no_cure = _(
        "No cure is offered, because .grad is used here in ways that a small edit may miss."
    )
    cures = attempts(lambda: _unrecorded(case, call, number), lambda: _handed_out(case, call))
    trouble = trouble._replace(span=call.span if call else None)
    return case.finding(trouble, 8, why, cures, node=_root_node(call), no_cure=no_cure)


def _unrecorded(case: Case, call: BackwardCall | None, number: int | None) -> Cure | None:
    """retain_graph is enough where nobody differentiates the gradient."""
    start = case.start_of(call.span) if call else None
    if call is None or number is None or start is None:
        return None
    # A node that no op of the forward made may be one of the recorded backward.
    nodes = [node for node in case.run.trace.nodes if node.leaf is None]
    made = {node.index for node in nodes if node.index not in case.makers}
    later = case.run.calls[number + 1 :]
    if any(c.note or made & {step.node for step in c.steps} for c in later):
        return None
    if any(edge.target in made and edge.source not in made for edge in case.run.trace.edges):
        return None
    for keyword in start.call.keywords:
        if keyword.arg == "create_graph":
            return case.cure(
                _("Keep the graph, but record no second one"),
                _(
                    "Nothing here differentiates the gradient itself: retain_graph=True keeps the "
                    "saved numbers, and that is all that is used."
                ),
                case.text.without_keyword(start.call, "retain_graph")
                if any(k.arg == "retain_graph" for k in start.call.keywords)
                else [],
                Edit(case.text.start(keyword), case.text.end(keyword), "retain_graph=True"),
            )
    return None


def _handed_out(case: Case, call: BackwardCall | None) -> Cure | None:
    """`y.backward(create_graph=True)` as `(x_grad,) = torch.autograd.grad(y, (x,), …)`."""
    start = case.start_of(call.span) if call else None
    if call is None or start is None or not start.is_method or len(call.leaves) == 0:
        return None
    text = case.text
    statement = text.statement(start.call)
    if not isinstance(statement, ast.Expr) or statement.value is not start.call:
        return None
    block = text.block(statement)
    leaves = [leaf.name for leaf in call.leaves]
    tree = ast.parse("\n".join(leaves))
    paths = [line.value for line in tree.body if isinstance(line, ast.Expr)]
    if len(paths) != len(leaves) or not all(map(is_path, paths)):
        return None
    names = {leaf: leaf.replace(".", "_") + "_grad" for leaf in leaves}
    taken = names_in(text.tree) | names_in(text.tree, ast.Store)
    if taken & set(names.values()) or isinstance(text.scope(statement), ast.Lambda):
        return None
    parts = [text.segment(start.root), _tuple(leaves)]
    if start.vector is not None:
        parts.append(text.segment(start.vector))
    put = (
        f"{_tuple(list(names.values()))} = torch.autograd.grad({', '.join(parts)}, "
        "create_graph=True)"
    )
    edits = [text.replace(statement, put)]
    for follower in block[block.index(statement) + 1 :]:
        if text.calls("step", "parameters", inside=follower):
            return None  # .grad is read there without being named
        for node in text.nodes(ast.Attribute, inside=follower):
            assert isinstance(node, ast.Attribute)
            if not is_grad(node):
                continue
            leaf = text.segment(node.value)
            if leaf not in names or not isinstance(node.ctx, ast.Load):
                return None
            if _clears(text.statement(node)):
                return None
            edits.append(text.replace(node, names[leaf]))
        if text.calls("backward", inside=follower):
            break
    return case.cure(
        _("Take the gradient with autograd.grad"),
        _(
            "The gradient gets a name of its own ({names}); .grad stays empty and no cycle arises."
        ).format(names=", ".join(names.values())),
        edits,
        torch=True,
    )


def _tuple(parts: list[str]) -> str:
    return f"({', '.join(parts)}{',' * (len(parts) == 1)})"


def _clears(statement: ast.stmt) -> bool:
    return any(
        isinstance(node, ast.Call) and called(node) in ("zero_", "zero_grad")
        for node in ast.walk(statement)
    )


# ----------------------------------------------------------------------------- 13: no path


def not_reached(case: Case, trouble: Trouble) -> Diagnosis:
    """autograd.grad was asked about a tensor that no path leads to."""
    start, call = case.start_of(trouble.span), case.call(trouble)
    found = _INDEX.search(trouble.words)
    name = _("one of the tensors")
    if found and start is not None:
        wrt = case.text.argument(start.call, "inputs", 1)
        number = int(found.group(1))
        if isinstance(wrt, (ast.List, ast.Tuple)) and number < len(wrt.elts):
            name = case.text.short(wrt.elts[number])
        elif call and number < len(call.inputs) and call.inputs[number]:
            name = call.inputs[number]
    root = case.text.short(start.root) if start else _("the output")
    why = _(
        "No path of the graph leads from {root} to {name}: it was never used in "
        "computing {root}. That is less than a gradient of zero, and torch wants to "
        "know which of the two you mean."
    ).format(root=root, name=name)

    def zeros() -> Cure | None:
        if start is None:
            return None
        edits = [case.text.with_keyword(start.call, "materialize_grads", "True")]
        if any(k.arg == "allow_unused" for k in start.call.keywords):
            edits.append(case.text.without_keyword(start.call, "allow_unused"))
        return case.cure(
            _("Get zeros where no path leads"),
            _("materialize_grads=True fills in zeros of the right shape."),
            edits,
        )

    def none() -> Cure | None:
        if start is None or not _only_shown(case, start.call):
            return None
        return case.cure(
            _("Get None where no path leads"),
            _(
                "allow_unused=True says that this is meant; None and zero then stay different "
                "things."
            ),
            case.text.with_keyword(start.call, "allow_unused", "True"),
        )

    return case.finding(trouble, 13, why, attempts(none, zeros), node=_root_node(call))


def _only_shown(case: Case, call: ast.Call) -> bool:
    """Whether nothing is computed from what the call returns, so that a None does no harm."""
    statement = case.text.statement(call)
    if not isinstance(statement, ast.Assign) or statement.value is not call:
        return isinstance(statement, ast.Expr) and statement.value is call
    names = {name for target in statement.targets for name in names_in(target, ast.Store)}
    for node in ast.walk(case.text.tree):
        if isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load):
            parent = next(case.text.above(node))
            if not (isinstance(parent, ast.Call) and called(parent) == "print"):
                return False
    return True


# ------------------------------------------------------------------------ 2: .grad adds up


def accumulated(case: Case) -> Iterator[Diagnosis]:
    """A remark where .grad is used after several calls and was never emptied between them."""
    text, run = case.text, case.run
    if _empties(text.tree):
        return
    seen: set[object] = set()
    for number, call in enumerate(run.calls):
        if call.kind != "backward" or call.error or call.span is None:
            continue
        full = [leaf for leaf in _filled(call) if leaf.before is not None]
        start = case.start_of(call.span)
        if full and start is not None:
            again = call.span in seen
            loop = text.loop(start.call)
            meant = _meant_in(loop) if again else _meant_in_line(case, number)
            if not meant:
                yield _adds_up(case, number, full[0].name, start, loop if again else None)
                return
        seen.add(call.span)


def _empties(tree: ast.AST) -> bool:
    """Whether the program anywhere empties a .grad or asks for it to be emptied."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) == "zero_grad":
            return True
        if isinstance(node, ast.Call) and called(node) in ("zero_", "fill_", "copy_", "mul_"):
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            if isinstance(owner, ast.Attribute) and owner.attr == "grad":
                return True
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "grad"
            and isinstance(node.ctx, (ast.Store, ast.Del))
        ):
            return True
    return False


def _meant_in(loop: Loop | None) -> bool:
    """Turns that only add up are meant to; turns that use .grad see the earlier ones in it."""
    return loop is None or not _uses_grad(loop)


def _uses_grad(tree: ast.AST) -> bool:
    if any(is_grad(n) for n in ast.walk(tree)):
        return True
    return any(
        isinstance(n, ast.Call) and called(n) == "step" and not n.args for n in ast.walk(tree)
    )


def _meant_in_line(case: Case, number: int) -> bool:
    """Whoever runs one root twice, or keeps the graph, wants the sum."""
    run, text = case.run, case.text
    roots = [call.roots for call in run.calls if call.kind == "backward"]
    if len(set(roots)) < len(roots) or any(call.retain_graph for call in run.calls):
        return True
    earlier, now = run.calls[number - 1].span if number else None, run.calls[number].span
    if earlier is None or now is None:
        return True
    first, last = text.offsets(earlier)[1], text.offsets(now)[0]
    return not any(
        is_grad(node) and first <= text.start(node) < last for node in ast.walk(text.tree)
    )


def _adds_up(case: Case, number: int, leaf: str, start: Start, loop: Loop | None) -> Diagnosis:
    call = case.run.calls[number]
    found = next(entry for entry in call.leaves if entry.name == leaf)
    numbers = ""
    parts = (found.before, found.added, found.after)
    if all(part is not None and part.size == 1 for part in parts):
        shown = [
            float(part.array.reshape(-1)[0]) for part in parts if part and part.array is not None
        ]
        if len(shown) == 3:
            numbers = f" ({shown[0]:.4g} + {shown[1]:.4g} = {shown[2]:.4g})"
    # A leaf that only a function knows has no name in the Run.
    read = _read_in(case, case.text.statement(start.call), loop)
    name = read[0] if leaf.startswith("leaf_") and len(read) == 1 else leaf
    line = call.span.line if call.span else start.call.lineno
    why = _(
        "{name}.grad still held the earlier pass when line {line} ran, and torch adds "
        "to it{numbers}. What is read afterwards is the sum of all passes so far, "
        "not the gradient of the latest."
    ).format(name=name, line=line, numbers=numbers)
    return case.remark(
        2,
        call.span,
        why,
        attempts(lambda: _emptied(case, call, start, loop)),
        node=found.node,
    )


def _filled(call: BackwardCall) -> list[Leaf]:
    """The leaves that a call added to."""
    return [leaf for leaf in call.leaves if leaf.added is not None and leaf.node is not None]


def _emptied(case: Case, call: BackwardCall, start: Start, loop: Loop | None) -> Cure | None:
    """Empty every bucket just before the pass, by the shortest way the program offers."""
    text = case.text
    statement = text.statement(start.call)
    leaves = [leaf.name for leaf in _filled(call)]
    optimizers = _optimizers(case, loop)
    modules = {leaf.split(".")[0] for leaf in leaves if "." in leaf}
    known = names_in(text.tree, ast.Store)
    if optimizers:
        lines = [f"{optimizer}.zero_grad()" for optimizer in optimizers]
    elif not isinstance(text.scope(statement), ast.Module):
        lines = [f"{owner}.grad = None" for owner in _read_in(case, statement, loop)]
        if len(lines) < len(leaves):
            raise CannotEditError
    else:
        plain = [leaf for leaf in leaves if leaf.isidentifier() and leaf in known]
        lines = [f"{leaf}.grad = None" for leaf in plain]
        parts = [leaf for leaf in leaves if leaf not in plain]
        if parts:
            owners = _modules(case, modules, parts)
            lines += [f"{owner}.zero_grad()" for owner in owners]
    return case.cure(
        _("Empty .grad before the pass"),
        _("Each pass then starts from None, and .grad afterwards holds the gradient of that pass."),
        text.before(statement, *lines),
    )


def _optimizers(case: Case, loop: Loop | None) -> list[str]:
    """Names whose step() the turns call, leaving out schedulers of the learning rate."""
    text = case.text
    found = []
    for call in text.calls("step", inside=loop):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if owner is None or not is_path(owner) or call.args:
            continue
        if "sched" not in text.segment(case.value_of(owner) if is_name(owner) else owner).lower():
            found.append(text.segment(owner))
    return list(dict.fromkeys(name for name in found if "sched" not in name.lower()))


def _read_in(case: Case, statement: ast.stmt, loop: Loop | None) -> list[str]:
    """The tensors whose .grad is read around the pass, and that the turns do not make."""
    text = case.text
    around = loop or text.scope(statement)
    made = names_in(loop, ast.Store) if loop else set()
    owners = [
        node.value
        for node in text.nodes(ast.Attribute, inside=around)
        if isinstance(node, ast.Attribute) and is_grad(node) and is_path(node.value)
    ]
    return list(dict.fromkeys(text.segment(o) for o in owners if not names_in(o) & made))


def _modules(case: Case, first_names: set[str], parts: list[str]) -> list[str]:
    """Names of the Modules that hold the leaves."""
    text = case.text
    known = names_in(text.tree, ast.Store)
    if all(name in known for name in first_names) and all("." in part for part in parts):
        return sorted(first_names)
    # With one Module, its parameters go by their own names: net's `Layer_1.weight`.
    callers = [
        a.targets[0].id
        for a in text.nodes(ast.Assign)
        if isinstance(a, ast.Assign)
        and isinstance(a.targets[0], ast.Name)
        and isinstance(a.value, ast.Call)
        and isinstance(text.scope(a), ast.Module)
        and _makes_module(case, a.value)
    ]
    if len(callers) == 1:
        return callers
    raise CannotEditError


def _makes_module(case: Case, call: ast.Call) -> bool:
    classes = {node.name for node in case.text.tree.body if isinstance(node, ast.ClassDef)}
    if isinstance(call.func, ast.Name):
        return call.func.id in classes or call.func.id in ("Linear", "Sequential")
    return (
        isinstance(call.func, ast.Attribute)
        and case.text.segment(call.func.value) in ("nn", "torch.nn")
        and called(call)[:1].isupper()
        and called(call) != "Parameter"
    )
