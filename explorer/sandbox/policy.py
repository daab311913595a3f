"""The language of a program: which statements and names it may use, checked before it runs.

RestrictedPython says which parts of Python exist here; the lists in `names` say which names. The
code that comes out is the program's own, statement for statement and column for column: only the
object in front of a dot passes through a guard on its way, `x.sum()` becoming
`_read_(x, "sum").sum()`.

>>> exec(compile_program("y = 2 * x.real"), {"x": 4.0, "_read_": lambda x, name: print(name) or x})
real
>>> check_import("torch", ["jit"])
'`torch.jit` is not offered: programs run as they are written.'
"""

import ast
import builtins
import difflib
import warnings
from collections.abc import Iterable
from types import CodeType
from typing import Any, NoReturn

from RestrictedPython.transformer import INSPECT_ATTRIBUTES, RestrictingNodeTransformer

from explorer.autograd.language import FILENAME, compile_python
from explorer.language import later
from explorer.sandbox import names

READ, WRITE = "_read_", "_write_"
"""The guards, as the compiled program calls them."""

_KNOWN_BUILTINS = frozenset(dir(builtins))

_WORDS = {
    "AsyncFunctionDef": "`async def`",
    "Await": "`await`",
    "Match": "`match`",
    "TryStar": "`except*`",
    "TypeAlias": "`type`",
}
_INSTEAD_OF = {"Match": "`if`, `elif`", "TryStar": "`except`"}


class RefusedError(SyntaxError):
    """A program asks for what is not offered here; the text says what, and what is."""


def compile_program(source: str) -> CodeType:
    """The guarded code of a program.

    Raises:
        SyntaxError: the source is no Python.
        RefusedError: it is, and asks for what no program may use; it carries line and columns.
    """
    compile_python(source)  # so that an error or warning has Python's own words, once
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source, FILENAME)
        _Teaching(source, _bound(tree)).visit(tree)
        return compile(tree, FILENAME, "exec", dont_inherit=True)


def refusal(name: str, owner: str = "", offered: Iterable[str] = ()) -> str:
    """One sentence: what is not offered, and what to use instead.

    >>> refusal("onez", "torch", ["ones", "zeros"])
    '`torch.onez` is not offered: close to it are ones.'
    >>> refusal("gi_frame", "a generator")
    '`gi_frame` of a generator is not offered.'
    """
    close = difflib.get_close_matches(name, offered, n=3, cutoff=0.7)
    why = names.INSTEAD.get(name)
    if why is None and close:
        why = later("close to it are {names}").format(names=", ".join(close))
    why = why or names.OFFERED.get(owner)
    if owner.startswith("a "):
        told = (
            later("`{name}` of a {kind} is not offered: {why}.")
            if why
            else later("`{name}` of a {kind} is not offered.")
        )
        return told.format(name=name, kind=owner.removeprefix("a "), why=why)
    told = later("`{name}` is not offered: {why}.") if why else later("`{name}` is not offered.")
    return told.format(name=f"{owner}.{name}" if owner else name, why=why)


def check_import(module: str, wanted: Iterable[str] = ()) -> str | None:
    """Why `from module import wanted` (or `import module`) is refused; None if it is not."""
    if module not in names.MODULES:
        package, _, last = module.rpartition(".")
        first = module.partition(".")[0]
        why = names.INSTEAD.get(last) or names.INSTEAD.get(first) or _importable(package)
        return later("`import {module}` is not offered: {why}.").format(module=module, why=why)
    for name in wanted:
        if name == "*":
            return later("`from {module} import *` is not offered: name what you need.").format(
                module=module
            )
        if name not in names.MODULES[module]:
            return refusal(name, module, names.MODULES[module])
    return None


def _importable(package: str) -> str:
    """The words for what may be imported instead of a module of `package`."""
    parts = [module.rpartition(".") for module in names.MODULES]
    inside = sorted(n for above, _, n in parts if above == package and not n.startswith("_"))
    if package and inside:
        return later("of {package} a program may import {names}").format(
            package=package, names=", ".join(inside)
        )
    top = sorted(n for above, _, n in parts if not above and not n.startswith("_"))
    return later("a program may import {names}").format(names=", ".join(top))


class _Teaching(RestrictingNodeTransformer):
    """Refuses what is not offered and puts the guards in, leaving every position as it was."""

    def __init__(self, source: str, bound: frozenset[str]) -> None:
        super().__init__()
        self._lines = source.splitlines()
        self._bound = bound

    # -------------------------------------------------------------------------------- refusing

    def error(self, node: ast.AST, info: str) -> NoReturn:
        """Refuse `node`; `info` says why."""
        line, end_line = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
        start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)
        place = (FILENAME, line, self._column(line, start), None, end_line)
        raise RefusedError(info, (*place, self._column(end_line, end)))

    def _column(self, line: int, offset: int) -> int:
        """ast counts bytes from 0, a SyntaxError characters from 1."""
        text = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        return len(text.encode()[:offset].decode(errors="ignore")) + 1

    def warn(self, node: ast.AST, info: str) -> None:
        """What RestrictedPython warns of is refused right after."""

    def not_allowed(self, node: ast.AST) -> None:
        """Refuse a statement that is no part of the language."""
        kind = type(node).__name__
        what, instead = _WORDS.get(kind, kind), _INSTEAD_OF.get(kind)
        told = (
            later("{what} is no part of the language of programs here: write {instead}.")
            if instead
            else later("{what} is no part of the language of programs here.")
        )
        self.error(node, told.format(what=what, instead=instead))

    def check_name(self, node: Any, name: str | None, allow_magic_methods: bool = False) -> None:
        """Refuse a name that could stand for a guard or a special method."""
        if name is None or not name.startswith("_") or name == "_":
            return
        if allow_magic_methods and name in names.METHODS:
            return
        if name.startswith("__") or name.endswith("_"):
            told = later("`{name}` is not offered: names of a program do not begin with __.")
            self.error(node, told.format(name=name))

    # ---------------------------------------------------------------------------------- names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A name; one of Python's own only if it is listed."""
        loads = isinstance(node.ctx, ast.Load)
        if loads and node.id == "__name__":
            return node
        self.check_name(node, node.id)
        own = node.id in _KNOWN_BUILTINS - names.BUILTINS - names.GUARDED
        if loads and own and node.id not in self._bound:
            self.error(node, refusal(node.id))
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`x.name`: the guard sees x and the name, then Python reads it."""
        self._check_attribute(node)
        node = self.node_contents_visit(node)
        guard = READ if isinstance(node.ctx, ast.Load) else WRITE
        node.value = _guarded(guard, node.value, node, ast.Constant(node.attr))
        return node

    def _check_attribute(self, node: ast.Attribute) -> None:
        name = node.attr
        if name in INSPECT_ATTRIBUTES:
            self.error(node, refusal(name))
        if not name.startswith("_") or name.startswith("_saved_"):
            return
        reads = isinstance(node.ctx, ast.Load)
        listed = names.ANYWHERE | names.TENSOR_UNDERSCORED | names.METHODS | {"__version__"}
        if not reads or name not in listed:
            self.error(
                node,
                later(
                    "`.{name}` is not offered: names that begin with an underscore are the insides "
                    "of Python and torch. Give your own attributes names without one."
                ).format(name=name),
            )

    # ------------------------------------------------------------------------------ statements

    def visit_Import(self, node: ast.Import) -> ast.AST:
        """`import torch.nn as nn`, of listed modules."""
        for alias in node.names:
            self._check_import(node, check_import(alias.name), alias)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        """`from torch import nn`, of listed names."""
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            self._check_import(node, check_import(module, (alias.name,)), alias)
        return node

    def _check_import(self, node: ast.stmt, reason: str | None, alias: ast.alias) -> None:
        if reason:
            self.error(node, reason)
        self.check_name(node, alias.asname)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """A function; of decorators, only those that are listed."""
        self.check_name(node, node.name, allow_magic_methods=True)
        self.check_function_argument_names(node)
        for decorator in node.decorator_list:
            if not _is_offered(decorator):
                self.error(
                    decorator,
                    later(
                        "`@{decorator}` is not offered: decorators are staticmethod, classmethod, "
                        "property, once_differentiable and torch.no_grad(). Call the function on "
                        "yours instead: f = decorator(f)."
                    ).format(decorator=ast.unparse(decorator)),
                )
        return self.node_contents_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """A class without metaclass, keywords or decorators."""
        self.check_name(node, node.name)
        for extra in (*node.keywords, *node.decorator_list):
            told = later("Classes here have bases only: no metaclass, keyword or decorator.")
            self.error(extra, told)
        return self.node_contents_visit(node)

    def _as_it_is(self, node: ast.AST) -> ast.AST:
        """Allowed; what stands in it is looked at."""
        return self.node_contents_visit(node)

    # RestrictedPython wraps some of these in guards of items, iteration and unpacking. Whatever a
    # program can reach by listed names it may also take apart, so they stay as they are.
    visit_Call = visit_Assign = visit_AnnAssign = visit_AugAssign = _as_it_is
    visit_For = visit_comprehension = visit_With = visit_Nonlocal = _as_it_is
    visit_Module = visit_Set = visit_Subscript = _as_it_is


def _guarded(guard: str, value: ast.expr, node: ast.expr, *more: ast.expr) -> ast.expr:
    """`guard(value, *more)`, which gives back `value`; a refusal is placed at `node`."""
    call = ast.Call(ast.Name(guard, ast.Load()), [value, *more], [])
    ast.copy_location(call, node)
    for part in (call.func, *more):
        ast.copy_location(part, node)
    return call


def _is_offered(decorator: ast.expr) -> bool:
    text = ast.unparse(decorator)
    if text in names.DECORATORS:
        return True
    if isinstance(decorator, ast.Attribute) and isinstance(decorator.value, ast.Name):
        return decorator.attr in ("setter", "getter", "deleter")
    if isinstance(decorator, ast.Call) and not decorator.keywords and not decorator.args:
        called = ast.unparse(decorator.func)
        return called.removeprefix("torch.").removeprefix("autograd.") in names.SWITCHES
    return False


def _bound(tree: ast.AST) -> frozenset[str]:
    """Every name that the program itself gives a meaning anywhere."""
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
    return frozenset(bound)
