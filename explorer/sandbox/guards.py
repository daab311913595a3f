"""What stands behind the guards in a compiled program: each looks at the object that is really
there, and lets only the listed names of its class pass.

A guard gives back the object itself, so that Python then reads, writes or calls it as ever.
"""

import builtins
import importlib
import inspect
import string
from _string import formatter_field_name_split  # type: ignore[import-not-found]
from collections.abc import Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any

from explorer.autograd.language import Language
from explorer.language import later
from explorer.sandbox import names
from explorer.sandbox.policy import (
    READ,
    WRITE,
    RefusedError,
    check_import,
    compile_program,
    refusal,
)

_MISSING = object()

_CHANGEABLE = later(
    "only your own objects, modules of nn, `ctx`, and .grad, .data and .requires_grad of tensors "
    "can be changed"
)


class Guards:
    """The guards of one program: they know its classes."""

    def __init__(self) -> None:
        self._own: set[type] = set()
        self._offered: dict[type, frozenset[str]] = {}
        self._kinds = _resolved(names.KINDS)
        self._writable = _resolved(names.WRITABLE)
        self._modules = {
            importlib.import_module(module): listed for module, listed in names.MODULES.items()
        }
        self._module = _named("torch.nn:Module")
        self._function = _named("torch.autograd:Function")
        self._context = _named("torch.autograd.function:FunctionCtx")
        self._node = _named("torch.autograd.graph:Node")

    def namespace(self) -> dict[str, Any]:
        """The global names of a program before its first line."""
        found = {name: getattr(builtins, name) for name in names.BUILTINS}
        found |= {
            "__import__": _import,
            "__build_class__": self._build_class,
            "type": _type,
            "getattr": self.getattr,
            "hasattr": self._hasattr,
            "setattr": self._setattr,
            "delattr": self._delattr,
        }
        return {
            "__builtins__": found,
            "__name__": "__main__",
            READ: self.read,
            WRITE: self.write,
        }

    # --------------------------------------------------------------------------------- guards

    def read(self, value: Any, name: str) -> Any:
        """`value`, if its attribute `name` may be read.

        Raises:
            RefusedError: it may not.
        """
        kind = type(value)
        if isinstance(value, ModuleType):
            listed = self._modules.get(value, frozenset())
            if name not in listed:
                raise RefusedError(refusal(name, value.__name__, listed))
            return value
        if name in names.ANYWHERE:
            return _unless_class(value, value) if name == "__class__" else value
        if kind is super:
            return self._read_super(value, name)
        owner = value if isinstance(value, type) else kind
        if name in self._offer(owner):
            return _Formats(self, value) if name in _FORMATS and issubclass(owner, str) else value
        if self._is_own(owner.__mro__, name) or (owner is kind and self._is_data(value, name)):
            return value
        if name.startswith("_saved_") and issubclass(owner, self._node):
            return value
        if not name.startswith("_") and self._is_nowhere(value, owner, name):
            return value  # Python says so in its own words
        raise RefusedError(refusal(name, f"a {owner.__name__}", self._offer(owner)))

    def _read_super(self, value: Any, name: str) -> Any:
        owner = value.__self_class__ or super
        beyond = owner.__mro__[owner.__mro__.index(value.__thisclass__) + 1 :]
        if name in names.METHODS or name in self._offer(owner) or self._is_own(beyond, name):
            return value
        raise RefusedError(refusal(name, f"a {owner.__name__}", self._offer(owner)))

    def write(self, value: Any, name: str) -> Any:
        """`value`, if its attribute `name` may be assigned or deleted.

        Raises:
            RefusedError: it may not.
        """
        kind = type(value)
        if not name.startswith("_"):
            if value in self._own if isinstance(value, type) else self._is_free(kind):
                return value
            for owner, listed in self._writable:
                if issubclass(kind, owner) and name in listed:
                    return value
        if isinstance(value, (type, ModuleType)):
            told = later("Assigning `{owner}.{name}` is not offered: {why}.")
        else:
            told = later("Assigning `{name}` of a {owner} is not offered: {why}.")
        whose = getattr(value, "__name__", kind.__name__)
        raise RefusedError(told.format(name=name, owner=whose, why=_CHANGEABLE))

    # ------------------------------------------------------------------------- what is offered

    def _offer(self, owner: type) -> frozenset[str]:
        """The listed names of a class, its bases included."""
        found = self._offered.get(owner)
        if found is None:
            found = frozenset().union(*(n for kind, n in self._kinds if issubclass(owner, kind)))
            if owner.__module__ == "torch.return_types":
                found |= {name for name in dir(owner) if not name.startswith("_")}
            self._offered[owner] = found
        return found

    def _is_own(self, bases: Sequence[type], name: str) -> bool:
        """Whether the first of `bases` that says what `name` is was written by the program."""
        if name.startswith("_") and name not in names.METHODS:
            return False
        return next((base in self._own for base in bases if name in vars(base)), False)

    def _is_free(self, kind: type) -> bool:
        """Whether instances of `kind` belong to the program, which may hang anything on them."""
        own = any(base in self._own for base in kind.__mro__)
        return own or issubclass(kind, (self._module, self._context))

    def _is_data(self, value: Any, name: str) -> bool:
        """Whether `name` is what the program has put on its own object."""
        if name.startswith("_") or not self._is_free(type(value)):
            return False
        return name in vars(value)

    def _is_nowhere(self, value: Any, owner: type, name: str) -> bool:
        """Whether no class knows `name`: Python raises, or a Module finds it in its parts."""
        found = inspect.getattr_static(value, name, _MISSING)
        if found is not _MISSING:
            return False
        looks = inspect.getattr_static(owner, "__getattr__", _MISSING)
        return looks is _MISSING or issubclass(owner, self._module)

    # ------------------------------------------------------------------------ guarded builtins

    def getattr(self, value: Any, name: str, *default: Any) -> Any:
        """Python's getattr, guarded."""
        return builtins.getattr(self.read(value, _plain(name)), name, *default)

    def _hasattr(self, value: Any, name: str) -> bool:
        try:
            return hasattr(self.read(value, _plain(name)), name)
        except RefusedError:
            return False

    def _setattr(self, value: Any, name: str, new: Any) -> None:
        setattr(self.write(value, _plain(name)), name, new)

    def _delattr(self, value: Any, name: str) -> None:
        delattr(self.write(value, _plain(name)), name)

    def _build_class(self, body: Any, name: str, *bases: Any) -> type:
        for base in bases:
            if not isinstance(base, type) or not (
                base in self._own
                or base is object
                or issubclass(base, (self._module, self._function, Exception))
            ):
                raise RefusedError(
                    later(
                        "`class {name}` cannot be built on {base}: the bases are nn.Module and its "
                        "kinds, torch.autograd.Function, object and exceptions."
                    ).format(name=name, base=getattr(base, "__name__", base))
                )
        built: type = builtins.__build_class__(body, name, *bases)
        self._own.add(built)
        return built


def language(guards: Guards, **more: Any) -> Language:
    """The language of programs, with the guards of one of them."""
    return Language(compile_program, guards.namespace(), **more)


# -------------------------------------------------------------------------------- small parts


def _named(path: str) -> type:
    module, _, name = path.partition(":")
    found: type = getattr(importlib.import_module(module), name)
    return found


@cache
def _pairs(
    paths: tuple[tuple[str, frozenset[str]], ...],
) -> tuple[tuple[type, frozenset[str]], ...]:
    return tuple((_named(path), listed) for path, listed in paths)


def _resolved(listed: Mapping[str, frozenset[str]]) -> tuple[tuple[type, frozenset[str]], ...]:
    return _pairs(tuple(listed.items()))


def _plain(name: Any) -> str:
    """An attribute name given as a value: a plain str, so that it is what it says."""
    if type(name) is not str:
        raise TypeError("attribute name must be string")
    if name.startswith("_") and name not in names.ANYWHERE:
        raise RefusedError(refusal(name))
    return name


def _import(
    name: str,
    globals: Mapping[str, Any] | None = None,  # noqa: A002, ARG001 - as Python calls it
    locals: Mapping[str, Any] | None = None,  # noqa: A002, ARG001
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> Any:
    """`__import__` of listed modules; the text was checked before, this holds whoever calls.

    Functions of torch and numpy that are written in C import on their own behalf, also while the
    program is the innermost frame: then `fromlist` is a list, as it never is in a program's import.
    """
    if not isinstance(fromlist, list):
        reason = check_import("." * level + name, fromlist or ())
        if reason:
            raise RefusedError(reason)
    return __import__(name, {}, {}, fromlist or (), 0)


def _type(value: Any, /) -> type:
    """The class of `value`; classes are made with `class`."""
    kind: type = _unless_class(value, type(value))
    return kind


def _unless_class(value: Any, given: Any) -> Any:
    """`given`, unless `value` is a class: what classes are made of makes classes."""
    if isinstance(value, type):
        raise RefusedError(
            later("The class of a class is not offered: compare classes themselves.")
        )
    return given


_FORMATS = frozenset({"format", "format_map"})


class _Formats:
    """Stands in for a string (or for `str`) while its `format` is read."""

    def __init__(self, guards: Guards, value: Any) -> None:
        self._formatter = _Formatter(guards)
        self._value = value

    def format(self, *args: Any, **kwargs: Any) -> str:
        """`str.format`, whose fields pass the guards."""
        text, *rest = args if isinstance(self._value, type) else (self._value, *args)
        if _reads_attributes(text):
            return self._formatter.vformat(text, rest, kwargs)
        return str.format(text, *rest, **kwargs)

    def format_map(self, *args: Any) -> str:
        """`str.format_map`, whose fields pass the guards."""
        text, mapping = args if isinstance(self._value, type) else (self._value, *args)
        if _reads_attributes(text):
            return self._formatter.vformat(text, (), mapping)
        return str.format_map(text, mapping)


class _Formatter(string.Formatter):
    def __init__(self, guards: Guards) -> None:
        self._guards = guards

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        first, rest = formatter_field_name_split(field_name)
        value = self.get_value(first, args, kwargs)
        for is_attribute, key in rest:
            value = self._guards.getattr(value, key) if is_attribute else value[key]
        return value, first


def _reads_attributes(text: str) -> bool:
    """Whether a field of the format string has a dot, also inside another field's format."""
    return any(
        "." in (field or "") or _reads_attributes(spec or "")
        for _, field, spec, _ in string.Formatter().parse(text)
    )
