"""A program's text, read as a tree and changed in as few characters as possible.

>>> text = Text("y.backward()  # once")
>>> text.changed(text.with_keyword(text.calls("backward")[0], "retain_graph", "True"))
'y.backward(retain_graph=True)  # once'
"""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from explorer.data import Span

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Module
Loop = ast.For | ast.While

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Module)
_ATOMS = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.List, ast.ListComp)


class Edit(NamedTuple):
    """Characters `start` to `end` (excluded) of the text become `put`."""

    start: int
    end: int
    put: str


class CannotEditError(Exception):
    """The place is written in a way that no small edit is known to be safe for."""


class Text:
    """The source of a program that parses; positions are counted in characters.

    Raises:
        SyntaxError: the source is no Python.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.tree = ast.parse(source)
        # ast counts lines by \n, \r\n and \r alone.
        self._lines: list[str] = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", source)
        self._found: dict[Span | None, ast.AST | None] = {}
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    # -------------------------------------------------------------------------------- reading

    @cached_property
    def _parents(self) -> dict[ast.AST, ast.AST]:
        return {
            child: parent
            for parent in ast.walk(self.tree)
            for child in ast.iter_child_nodes(parent)
        }

    def start(self, node: ast.AST) -> int:
        """Where the node begins."""
        return self._offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        """Where the node ends."""
        return self._offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def _offset(self, line: int, column: int) -> int:
        text = self._lines[line - 1]
        within = column if text.isascii() else len(text.encode()[:column].decode(errors="ignore"))
        return self._starts[line - 1] + within

    def segment(self, node: ast.AST) -> str:
        """The node's own characters, without parentheses around them."""
        return self.source[self.start(node) : self.end(node)]

    def short(self, node: ast.AST, limit: int = 40) -> str:
        """The node's characters on one line, cut off where they are many."""
        flat = " ".join(self.segment(node).split())
        return flat if len(flat) <= limit else flat[: limit - 1] + "…"

    def atom(self, node: ast.expr) -> str:
        """The node's characters, in parentheses if an attribute of it could not be written."""
        return self.segment(node) if isinstance(node, _ATOMS) else f"({self.segment(node)})"

    def span(self, node: ast.AST) -> Span:
        """The node's place, as a Run counts it."""
        first, last = node.lineno, node.end_lineno  # type: ignore[attr-defined]
        return Span(
            first,
            self.start(node) - self._starts[first - 1],
            last,
            self.end(node) - self._starts[last - 1],
        )

    def offsets(self, span: Span) -> tuple[int, int]:
        """Where a span begins and ends."""
        return (
            self._starts[span.line - 1] + span.column,
            self._starts[span.end_line - 1] + span.end_column,
        )

    def at(self, span: Span | None) -> ast.AST | None:
        """The innermost node with just these characters; None if there is none.

        Of a method call over several lines, Python reports the part from the method's name on.
        """
        if span not in self._found:
            self._found[span] = self._at(span)
        return self._found[span]

    def _at(self, span: Span | None) -> ast.AST | None:
        if span is None or span.end_line > len(self._lines):
            return None
        place = self.offsets(span)
        found = None
        for node in ast.walk(self.tree):  # parents come before their children
            if hasattr(node, "lineno") and (self.start(node), self.end(node)) == place:
                found = node
        return found or next(
            (
                call
                for call in ast.walk(self.tree)
                if isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and (self.end(call.func) - len(call.func.attr), self.end(call)) == place
            ),
            None,
        )

    def contains(self, outer: ast.AST, span: Span | None) -> bool:
        """Whether the span lies within the node."""
        if span is None:
            return False
        first, last = self.offsets(span)
        return self.start(outer) <= first and last <= self.end(outer)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around `node`, from the inside out."""
        while node in self._parents:
            node = self._parents[node]
            yield node

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that holds the node."""
        for found in (node, *self.above(node)):
            if isinstance(found, ast.stmt):
                return found
        raise CannotEditError

    def scope(self, node: ast.AST) -> Scope:
        """The function, lambda or module in whose body the node stands."""
        return next((found for found in self.above(node) if isinstance(found, _SCOPES)), self.tree)

    def loop(self, node: ast.AST) -> Loop | None:
        """The innermost loop of the same scope that runs the node again and again."""
        for found in self.above(node):
            if isinstance(found, _SCOPES):
                return None
            if isinstance(found, (ast.For, ast.While)):
                return found
        return None

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements among which this one stands."""
        for parent in self.above(statement):
            for field in ("body", "orelse", "finalbody"):
                body = getattr(parent, field, None)
                if isinstance(body, list) and statement in body:
                    return body
            break
        raise CannotEditError

    def nodes(self, *kinds: type[ast.AST], inside: ast.AST | None = None) -> list[ast.AST]:
        """Every node of these kinds, in the order of the text."""
        found = [node for node in ast.walk(inside or self.tree) if isinstance(node, kinds)]
        return sorted(found, key=self.start)

    def calls(self, *names: str, inside: ast.AST | None = None) -> list[ast.Call]:
        """Every call of a function or method with one of these last names."""
        found = [node for node in ast.walk(inside or self.tree) if isinstance(node, ast.Call)]
        return sorted((c for c in found if called(c) in names), key=self.start)

    def assignments(self, name: str, scope: Scope) -> list[ast.Assign | ast.AnnAssign]:
        """Plain assignments `name = …` in this scope, in the order of the text."""
        found = []
        for node in self.nodes(ast.Assign, ast.AnnAssign, inside=scope):
            assert isinstance(node, (ast.Assign, ast.AnnAssign))
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if self.scope(node) is scope and any(is_name(target, name) for target in targets):
                found.append(node)
        return found

    @cached_property
    def modules(self) -> set[str]:
        """The names that `import` gives to modules."""
        return {
            alias.asname or alias.name.partition(".")[0]
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }

    @cached_property
    def torch(self) -> str | None:
        """The name by which the program calls torch; None if it never imports it as a whole."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name == "torch":
                        return alias.asname or "torch"
                    if alias.name.startswith("torch.") and alias.asname is None:
                        return "torch"
        return None

    # -------------------------------------------------------------------------------- changing

    def changed(self, *edits: Edit | Sequence[Edit]) -> str | None:
        """The text after the edits; None if they clash or it would no longer be Python."""
        flat = [e for edit in edits for e in ([edit] if isinstance(edit, Edit) else edit)]
        source, before = self.source, len(self.source) + 1
        for edit in sorted(flat, key=lambda e: (e.start, e.end), reverse=True):
            if edit.end > before:
                return None
            source = source[: edit.start] + edit.put + source[edit.end :]
            before = edit.start
        try:
            ast.parse(source)
        except (SyntaxError, ValueError):
            return None
        return source if source != self.source else None

    def replace(self, node: ast.AST, put: str) -> Edit:
        """The node becomes `put`."""
        return Edit(self.start(node), self.end(node), put)

    def method(self, node: ast.expr, call: str) -> Edit:
        """`node` becomes `node.call`, as in `.sum()`."""
        return self.replace(node, f"{self.atom(node)}.{call}")

    def attribute_dot(self, node: ast.Attribute) -> int:
        """Where the dot of `value.attr` stands."""
        name = self.end(node) - len(node.attr)
        return self.source.rindex(".", self.end(node.value), name)

    def with_keyword(self, call: ast.Call, name: str, value: str) -> Edit:
        """The call with `name=value`, changed where it stands or added after its arguments."""
        for keyword in call.keywords:
            if keyword.arg == name:
                return self.replace(keyword.value, value)
        given: list[ast.AST] = [*call.args, *call.keywords]
        if not given:
            return Edit(self.end(call) - 1, self.end(call) - 1, f"{name}={value}")
        last = max(self.end(node) for node in given)
        if last >= self.end(call):
            raise CannotEditError  # a bare generator shares the call's parentheses
        rest = self.source[last : self.end(call) - 1]
        closed = re.match(r"(?:\s*\))*", rest)
        last += closed.end() if closed else 0
        return Edit(last, last, f", {name}={value}")

    def argument(self, call: ast.Call, name: str, position: int | None) -> ast.expr | None:
        """What the call passes for a parameter, by name or by position."""
        for keyword in call.keywords:
            if keyword.arg == name:
                return keyword.value
        if any(isinstance(a, ast.Starred) for a in call.args):
            return None
        if position is not None and position < len(call.args):
            return call.args[position]
        return None

    def with_argument(self, call: ast.Call, name: str, position: int | None, value: str) -> Edit:
        """The call with a parameter set, wherever it is written."""
        given = self.argument(call, name, position)
        return self.with_keyword(call, name, value) if given is None else self.replace(given, value)

    def without_keyword(self, call: ast.Call, name: str) -> Edit:
        """The call without `name=…`."""
        for keyword in call.keywords:
            if keyword.arg == name:
                start, end = self.start(keyword), self.end(keyword)
                head = re.search(r",\s*$", self.source[self.start(call) : start])
                if head:
                    return Edit(start - len(head.group()), end, "")
                tail = re.match(r"\s*,\s*", self.source[end:])
                return Edit(start, end + (tail.end() if tail else 0), "")
        raise CannotEditError

    def indent(self, statement: ast.stmt) -> str | None:
        """The white space before a statement; None where something else stands before it."""
        start = self._starts[statement.lineno - 1]
        before = self.source[start : self.start(statement)]
        return before if not before.strip() else None

    def before(self, statement: ast.stmt, *lines: str) -> Edit:
        """Simple statements before this one."""
        first = statement
        decorators = getattr(statement, "decorator_list", None)
        start = min(map(self.start, decorators)) - 1 if decorators else self.start(first)
        indent = self.indent(first)
        if indent is None:
            if isinstance(statement, (ast.For, ast.While, ast.If, ast.With, ast.Try)):
                raise CannotEditError
            return Edit(start, start, "".join(f"{line}; " for line in lines))
        return Edit(start, start, "".join(f"{line}{self._newline}{indent}" for line in lines))

    def after(self, statement: ast.stmt, *lines: str) -> Edit:
        """Simple statements after this one."""
        assert statement.end_lineno is not None
        end = self.end(statement)
        line_end = self._starts[statement.end_lineno]
        rest = self.source[end:line_end]
        indent = self.indent(statement)
        if indent is None or rest.lstrip().startswith(";"):
            return Edit(end, end, "".join(f"; {line}" for line in lines))
        text = "".join(f"{indent}{line}{self._newline}" for line in lines)
        if rest.endswith(("\n", "\r")):
            return Edit(line_end, line_end, text)
        return Edit(line_end, line_end, self._newline + text.rstrip("\r\n"))

    def wrapped(self, statement: ast.stmt, header: str) -> list[Edit]:
        """The statement moved into a block of its own below `header`."""
        assert statement.end_lineno is not None
        for node in ast.walk(statement):
            if isinstance(node, (ast.Constant, ast.JoinedStr)) and node.lineno != node.end_lineno:
                raise CannotEditError  # more indentation would change a text over several lines
        indent = self.indent(statement)
        if (
            self.source[self.end(statement) : self._starts[statement.end_lineno]].lstrip()[:1]
            == ";"
        ):
            raise CannotEditError
        if indent is None:
            return [self._unfolded(statement, header)]
        rows = range(statement.lineno, statement.end_lineno + 1)
        deeper = "\t" if "\t" in indent else "    "
        edits = [
            Edit(self._starts[row - 1], self._starts[row - 1], deeper)
            for row in rows
            if self._lines[row - 1].strip()
        ]
        first = self._starts[statement.lineno - 1]
        edits[0] = Edit(first, first, f"{indent}{header}{self._newline}{deeper}")
        return edits

    def _unfolded(self, statement: ast.stmt, header: str) -> Edit:
        """`for p in ps: p -= 1` written on three lines."""
        parent = next(self.above(statement))
        body = getattr(parent, "body", [])
        around = self.indent(parent) if isinstance(parent, ast.stmt) else None
        head = self.source[: self.start(statement)].rstrip()
        if body != [statement] or around is None or not head.endswith(":"):
            raise CannotEditError
        line = self._newline
        put = f"{line}{around}    {header}{line}{around}        "
        return Edit(len(head), self.start(statement), put)

    def without(self, statement: ast.stmt) -> Edit:
        """The lines of the statement taken out."""
        assert statement.end_lineno is not None
        rest = self.source[self.end(statement) : self._starts[statement.end_lineno]]
        if self.indent(statement) is None or rest.lstrip().startswith(";"):
            raise CannotEditError
        return Edit(self._starts[statement.lineno - 1], self._starts[statement.end_lineno], "")

    def importing_torch(self) -> list[Edit]:
        """What it takes for the name `torch` to be there."""
        if self.torch is not None:
            return []
        for statement in self.tree.body:
            text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
            if not text and not future:
                return [self.before(statement, "import torch")]
        raise CannotEditError

    @property
    def _newline(self) -> str:
        return "\r\n" if "\r\n" in self.source else "\n"


# ------------------------------------------------------------------------------------ small rules


def called(call: ast.Call) -> str:
    """The last name of what is called: `backward` for `y.sum().backward()`."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def is_name(node: ast.AST | None, name: str | None = None) -> bool:
    """Whether the node is a bare name (this one, if given)."""
    return isinstance(node, ast.Name) and name in (None, node.id)


def is_path(node: ast.AST | None) -> bool:
    """Whether the node is a name or attributes of one: writing it twice computes nothing twice."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def is_grad(node: ast.AST) -> bool:
    """Whether the node is the `.grad` of a tensor (and not `torch.autograd.grad`)."""
    if not isinstance(node, ast.Attribute) or node.attr != "grad":
        return False
    owner = node.value.attr if isinstance(node.value, ast.Attribute) else None
    name = node.value.id if isinstance(node.value, ast.Name) else None
    return not {owner, name} & {"autograd", "func"}


def is_true(node: ast.AST | None) -> bool:
    """Whether the node is the constant True."""
    return isinstance(node, ast.Constant) and node.value is True


def is_false(node: ast.AST | None) -> bool:
    """Whether the node is the constant False."""
    return isinstance(node, ast.Constant) and node.value is False


def names_in(node: ast.AST, kind: type[ast.expr_context] = ast.Load) -> set[str]:
    """The bare names that are read (or with `ast.Store`, assigned) within the node."""
    return {
        inner.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, kind)
    }


def any_call(tree: ast.AST, test: Callable[[ast.Call], bool]) -> bool:
    """Whether a call within the tree passes the test."""
    return any(isinstance(node, ast.Call) and test(node) for node in ast.walk(tree))
