"""One more press of backward() is one more line in the program.

`pressed` writes a program with presses added at its end; nothing is remembered between runs, so the
same presses always give the same Run.

>>> program = Program("x = torch.ones(2, requires_grad=True)\\n(x * x).sum().backward()")
>>> print(pressed(program, (Press("zero_grad"),), leaves=("x",)).source.splitlines()[-1])
x.grad = None
>>> keep_graph(program).source.splitlines()[-1]
'(x * x).sum().backward(retain_graph=True)'
"""

import ast
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from explorer.data import Plain, Program, Run, Variable


class Press(Plain, frozen=True):
    """One press of a button: `kind` is `backward` or `zero_grad`.

    For a backward, `keep` is retain_graph, `create` create_graph, `inputs` the names of the only
    tensors to fill (all leaves where it is empty) and `vector` v as the program would write it (the
    repeated call's own where it is empty). For a zero_grad, `to_none` is set_to_none.
    """

    kind: str
    keep: bool = False
    to_none: bool = True
    create: bool = False
    inputs: tuple[str, ...] = ()
    vector: str = ""

    def to_plain(self) -> dict[str, Any]:
        """What differs from a bare press, ready for JSON.

        >>> Press("backward", inputs=("x",)).to_plain()
        {'kind': 'backward', 'inputs': ['x']}
        """
        bare = msgspec.to_builtins(Press(self.kind)) | {"inputs": []}
        told = (msgspec.to_builtins(self) | {"inputs": list(self.inputs)}).items()
        return {name: value for name, value in told if name == "kind" or value != bare[name]}


def read_presses(plain: Any, known: Collection[str]) -> tuple[Press, ...]:
    """The presses that `to_plain` took apart; what is damaged is left out.

    `known` are the tensors that `inputs` may name.

    >>> read_presses([{"kind": "backward", "inputs": ["x"]}, {"kind": "dance"}, 7], {"x"})
    (Press(kind='backward', keep=False, to_none=True, create=False, inputs=('x',), vector=''),)
    """
    found = []
    for one in plain if isinstance(plain, (list, tuple)) else ():
        try:
            press = one if isinstance(one, Press) else msgspec.convert(one, Press)
        except msgspec.ValidationError:
            continue
        named = all(name in known for name in press.inputs)
        if press.kind in ("backward", "zero_grad") and named and is_expression(press.vector or "0"):
            found.append(press)
    return tuple(found)


def is_expression(text: str) -> bool:
    """Whether `text` can stand as an argument in a program."""
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def pressed(
    program: Program, presses: Sequence[Press], *, leaves: Sequence[str], call: str = ""
) -> Program:
    """The program with a line (or a few) added for each press.

    `leaves` are the names whose `.grad` a zero_grad clears, `call` the backward that a press
    repeats, as `backward_call` wrote it.
    """
    lines = [program.source.rstrip("\n"), *(["", "# added by pressing"] if presses else [])]
    for press in presses:
        if press.kind == "backward":
            lines.append(written(call, press))
        else:
            lines.extend(_zero_lines(program.source, leaves, to_none=press.to_none))
    return Program("\n".join(lines) + "\n", program.seed)


def keep_graph(program: Program) -> Program:
    """The program with retain_graph=True in every backward() of its own."""
    tree = ast.parse(program.source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and is_backward(node)]
    source = program.source
    for node in sorted(calls, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        text = ast.get_source_segment(program.source, node) or ""
        source = _replaced(source, node, _with_keyword(text, keep=True))
    return Program(source, program.seed)


def backward_call(run: Run) -> str | None:
    """The backward that a press repeats: the program's last one, else one from its last tensor.

    None where nothing in the program can be walked backward.

    The program's own call is repeated only where it stands at the top level, since the names inside
    a function or a loop mean something else afterwards.
    """
    try:
        tree = ast.parse(run.program.source)
    except SyntaxError:
        return None
    for statement in reversed(tree.body):
        if isinstance(statement, ast.Expr) and is_backward(statement.value):
            return _with_keyword(ast.unparse(statement.value), keep=False)
    for variable in reversed(run.tensors):
        if variable.last and variable.grad_fn is not None:
            ones = "" if variable.values.size == 1 else f"torch.ones_like({variable.name})"
            return f"{variable.name}.backward({ones})"
    return None


def is_backward(node: ast.AST) -> bool:
    """Whether a piece of a program is a call of some tensor's backward()."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "backward"
    )


def _with_keyword(call: str, *, keep: bool) -> str:
    """The call with retain_graph=True, or without any retain_graph."""
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call)
    node.keywords = [word for word in node.keywords if word.arg != "retain_graph"]
    if keep:
        node.keywords.append(ast.keyword("retain_graph", ast.Constant(True)))
    return ast.unparse(node)


def written(call: str, press: Press) -> str:
    """The repeated call with the arguments of a press."""
    node = ast.parse(_with_keyword(call, keep=press.keep), mode="eval").body
    assert isinstance(node, ast.Call)
    if press.vector:
        node.args = [ast.parse(press.vector, mode="eval").body, *node.args[1:]]
        node.keywords = [word for word in node.keywords if word.arg != "gradient"]
    if press.create:
        node.keywords = [word for word in node.keywords if word.arg != "create_graph"]
        node.keywords.append(ast.keyword("create_graph", ast.Constant(True)))
    if press.inputs:
        names = [ast.parse(name, mode="eval").body for name in press.inputs]
        node.keywords = [word for word in node.keywords if word.arg != "inputs"]
        node.keywords.append(ast.keyword("inputs", ast.List(names, ast.Load())))
    return ast.unparse(node)


def _replaced(source: str, node: ast.expr, text: str) -> str:
    """`source` with the characters of `node` replaced by `text`."""
    lines = source.splitlines(keepends=True)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    # ast counts columns in bytes.
    first, last = lines[node.lineno - 1].encode(), lines[node.end_lineno - 1].encode()
    before = first[: node.col_offset].decode()
    after = last[node.end_col_offset :].decode()
    middle = [before + text + after]
    return "".join([*lines[: node.lineno - 1], *middle, *lines[node.end_lineno :]])


def _zero_lines(source: str, leaves: Sequence[str], *, to_none: bool) -> Iterator[str]:
    """Lines that clear `.grad`: zero_grad() of each module, and by hand for every other leaf."""
    for module in _modules(source):
        yield f"{module}.zero_grad(set_to_none={to_none})"
    names = _assigned(source)
    for leaf in leaves:
        if leaf not in names:
            continue
        if to_none:
            yield f"{leaf}.grad = None"
        else:
            yield f"if {leaf}.grad is not None: {leaf}.grad.zero_()"


def _assigned(source: str) -> dict[str, ast.expr]:
    """Names that the program assigns at its top level, and what it last assigned to each."""
    pairs: list[tuple[ast.expr, ast.expr]] = []
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                value = statement.value
                if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                    pairs += zip(target.elts, value.elts, strict=False)
                else:
                    pairs.append((target, value))
    return {target.id: value for target, value in pairs if isinstance(target, ast.Name)}


def _modules(source: str) -> Iterator[str]:
    """Names of the modules that the program makes at its top level."""
    classes = {node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    for name, value in _assigned(source).items():
        if isinstance(value, ast.Call):
            made = ast.unparse(value.func)
            if made in classes or (made.startswith(("nn.", "torch.nn.")) and _is_class(made)):
                yield name


def _is_class(made: str) -> bool:
    return "functional" not in made and made.rpartition(".")[2][:1].isupper()


def one_hot(program: Program, variable: Variable, element: int) -> Program | None:
    """The program up to where `variable` got its value, and one backward from one element of it.

    None for a value inside a loop that is not the last: no line after the loop can name it.

    >>> from explorer.data import Span, Values
    >>> y = Variable("y", 1, True, Values((2,), "float32"), True, False, span=Span(1, 0, 1, 9))
    >>> print(one_hot(Program("y = x * 2\\nprint(y)"), y, 1).source)
    y = x * 2
    <BLANKLINE>
    # added: one row of the Jacobian
    one_hot = y.new_zeros(y.shape)
    one_hot[1] = 1
    y.backward(one_hot)
    <BLANKLINE>
    """
    kept = _up_to(program, variable)
    if kept is None:
        return None
    name = variable.name
    hot = _one_hot_lines(name, variable.values.shape, element)
    return _with(kept, program, "one row of the Jacobian", *hot)


def hessian_row(
    program: Program, variable: Variable, by: str, shape: Sequence[int], element: int
) -> Program | None:
    """The program up to the scalar `variable`, its gradient by the tensor `by`, which has `shape`,
    and one backward from one element of that gradient.

    None as in `one_hot`, or where `by` is nothing that a line of the program can say.
    """
    kept, spoken = _up_to(program, variable), said(program.source, by)
    if kept is None or spoken is None:
        return None
    gradient = f"gradient = torch.autograd.grad({variable.name}, {spoken}, create_graph=True)[0]"
    hot = _one_hot_lines("gradient", shape, element)
    return _with(kept, program, "one row of the Hessian", gradient, *hot)


def said(source: str, name: str) -> str | None:
    """What a line after the program says for the tensor that a Run calls `name`, if it can.

    >>> said("net = nn.Linear(2, 1)", "weight"), said("w = torch.ones(2)", "w#1")
    ('net.get_parameter("weight")', None)
    """
    if "#" in name:
        return None
    root, dot, path = name.partition(".")
    modules = list(_modules(source))
    if root in modules and dot:
        return f'{root}.get_parameter("{path}")'
    if name.isidentifier() and len(modules) == 1 and name not in _names(source):
        dot = "."  # a parameter of the only module, called without it
    if dot:
        return f'{modules[0]}.get_parameter("{name}")' if len(modules) == 1 else None
    return name if is_expression(name) else None


def _names(source: str) -> set[str]:
    """Every name that the program assigns, wherever."""
    tree = ast.walk(ast.parse(source))
    return {n.id for n in tree if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _one_hot_lines(name: str, shape: Sequence[int], element: int) -> list[str]:
    """A backward from one element (in C order) of the tensor called `name`."""
    if not shape:
        return [f"{name}.backward()"]
    places: list[int] = []
    for size in reversed(shape):
        places.insert(0, element % size)
        element //= size
    return [
        f"one_hot = {name}.new_zeros({name}.shape)",
        f"one_hot[{', '.join(map(str, places))}] = 1",
        f"{name}.backward(one_hot)",
    ]


def _with(kept: str, program: Program, what: str, *lines: str) -> Program:
    """A program that ends in further lines, under a comment that says `what` they are."""
    added = ["", f"# added: {what}", *lines]
    return Program("\n".join([kept, *added]) + "\n", program.seed)


def second_order(program: Program, variable: Variable, by: Sequence[str]) -> Program | None:
    """The program up to `variable`, then `J.sum().backward()` with J its Jacobian by `by`.

    None as in `one_hot`, or where one of `by` is nothing that a line of the program can say.
    """
    kept = _up_to(program, variable)
    spoken = [one for one in (said(program.source, name) for name in by) if one is not None]
    if kept is None or not by or len(spoken) < len(by):
        return None
    name = variable.name
    inputs = ", ".join(spoken)
    return _with(
        kept,
        program,
        "the Jacobian's own backward; the sum of J is that of its column sums",
        f"ones = torch.ones_like({name})",
        f"sums = torch.autograd.grad({name}, [{inputs}], ones, create_graph=True)",
        "sum(part.sum() for part in sums).backward()",
    )


def _up_to(program: Program, variable: Variable) -> str | None:
    """The program's text up to where `variable` got its value, so that a line after it has it.

    None for a value inside a loop that is not the last.
    """
    if variable.span is None:
        return None
    line = variable.span.line
    for statement in ast.parse(program.source).body:
        end = statement.end_lineno or statement.lineno
        if statement.lineno <= line <= end:
            break
    else:
        return None
    compound = hasattr(statement, "body")
    if compound and not variable.last:
        return None
    kept = "\n".join(program.source.splitlines()[:end])
    # It may go on and run a backward of its own.
    return keep_graph(Program(kept)).source if compound else kept
