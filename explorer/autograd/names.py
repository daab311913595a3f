"""The module namespace of a program that is run, which notices what is assigned in it."""

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any


class ProgramNames(MutableMapping[str, Any]):
    """A program's names; `names` are there before its first line.

    All live in `globals`, where functions of the program find them too. Module-level code stores
    through this mapping: a child that overrides `__setitem__` is told of each assignment.
    """

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.globals: dict[str, Any] = dict(names)
        self._order: list[str] = []
        self._counts: dict[str, int] = {}

    def __setitem__(self, name: str, value: Any) -> None:
        self.globals[name] = value
        if name not in self._order:
            self._order.append(name)

    def __getitem__(self, name: str) -> Any:
        return self.globals[name]

    def __delitem__(self, name: str) -> None:
        del self.globals[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.globals)

    def __len__(self) -> int:
        return len(self.globals)

    def _counted(self, name: str) -> int:
        """Count one more tensor under `name`; which one it is, from 1."""
        number = self._counts[name] = self._counts.get(name, 0) + 1
        return number
