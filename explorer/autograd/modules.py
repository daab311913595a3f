"""What a program's names hold inside: its Modules under the names that a person would give them,
and the tensors in its lists and dicts.

>>> part_name("net", "Layer_1", alone=True), part_name("net", "", alone=True)
('Layer_1', 'net')
>>> part_name("net", "0", alone=True), part_name("net", "Layer_1", alone=False)
('net.0', 'net.Layer_1')
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn


def outermost(values: Mapping[str, Any], order: Sequence[str]) -> dict[str, nn.Module]:
    """The Modules that stand under a name and in no other of them; `order` is that of the names."""
    found = [(name, values.get(name)) for name in order]
    modules = {name: held for name, held in found if isinstance(held, nn.Module)}
    inner = {
        id(part) for module in modules.values() for part in module.modules() if part is not module
    }
    return {name: module for name, module in modules.items() if id(module) not in inner}


def parts_of(values: Mapping[str, Any], order: Sequence[str]) -> Iterator[tuple[str, nn.Module]]:
    """Every Module that the names lead to, with the name that a person would give it."""
    modules = outermost(values, order)
    for variable, module in modules.items():
        for path, part in module.named_modules(remove_duplicate=False):
            yield part_name(variable, path, alone=len(modules) == 1), part


def part_name(variable: str, path: str, *, alone: bool) -> str:
    """What to call the part at `path` of the Module that `variable` holds.

    A path that reads on its own needs no variable before it if there is no other Module.
    """
    if alone and path.partition(".")[0].isidentifier():
        return path
    return f"{variable}.{path}" if path else variable


def inside(name: str, value: Any) -> Iterator[tuple[str, Any, Any]]:
    """Tensors in a list, tuple or dict, as (`parts[0]`, what holds it, its place there)."""
    if isinstance(value, (list, tuple)):
        items: list[tuple[str, Any]] = [(f"{name}[{i}]", i) for i in range(len(value))]
    elif isinstance(value, dict):
        items = [(f"{name}[{key!r}]", key) for key in value]
    else:
        return
    for path, key in items:
        item = value[key]
        if isinstance(item, Tensor):
            yield path, value, key
        elif isinstance(item, (list, tuple)):
            yield from inside(path, item)
