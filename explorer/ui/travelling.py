"""What a link carries beside the program: the pages' own choices, as short parameters of the URL.

Whatever a page keeps with `session.remember(name, value)` travels, as long as it is ready for JSON.
Those that have a line in `TRAVELS` have a parameter of their own, which a person can read, and a
type that a link must bring; all others go together into `also`. A choice that equals the page's
default stays out of the URL. The page still has to check that what a link brought is something
that it offers: a link may name a tensor that the program has not.

>>> unpack(pack(("x", "W")), tuple[str, ...])
('x', 'W')
>>> pack("y#3"), pack(True), pack(12)
('y#3', 'true', '12')
"""

import re
from typing import Any, Final, NamedTuple

import msgspec

from explorer.errors import ProgramError
from explorer.ui import links

_Scalar = bool | int | float | str | None
_Plain = _Scalar | list[_Scalar]


class Parameter(NamedTuple):
    """The name that a choice has in the URL, and the type that a link may bring."""

    name: str
    type: Any


TRAVELS: Final = {
    "jacobian of": Parameter("of", str),
    "jacobian by": Parameter("by", tuple[str, ...]),
    "compared with": Parameter("with", str),
    "presses": Parameter("presses", list[dict[str, _Plain]]),
    "retain_graph": Parameter("retain", bool),
    "create_graph": Parameter("create", bool),
    "zero_grad() first": Parameter("clear", bool),
    "set_to_none": Parameter("none", bool),
    "leaves": Parameter("leaves", tuple[str, ...]),
    "play the ledger": Parameter("play", bool),
    "way": Parameter("way", str),
    "section": Parameter("section", str),
    "switch": Parameter("switch", str),
    "switch in my program": Parameter("mine", bool),
    "cut": Parameter("cut", dict[str, _Plain]),
    "deep": Parameter("deep", dict[str, _Plain]),
    "deep shown": Parameter("deepby", tuple[str, ...]),
    "v": Parameter("vector", str),
}
"""Name in the session -> parameter of the URL, for every choice that travels."""

ALSO: Final = "also"
"""The parameter that holds every choice without a parameter of its own."""

MOST: Final = 40
"""Choices that `also` may bring."""

PLACES: Final = ("at", "at2")
"""Where a page's players stand. They write it themselves, without a word to the server."""

OF_THE_VISITOR: Final = ("lang",)
"""Parameters that belong to whoever looks, not to what is shown."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9.-]{1,12}")
"""JSON that stands in a URL as it is."""


def pack(value: Any) -> str:
    """A value for a URL: text as it is, short JSON as it is, everything else packed."""
    if isinstance(value, str):
        return value
    text = msgspec.json.encode(value).decode()
    return text if _PLAIN.fullmatch(text) else links.pack(value)


def unpack(text: str, kind: Any) -> Any:
    """The value that `pack` wrote, as `kind`.

    Raises:
        ProgramError: the text is cut short, altered, or of another type.
    """
    if kind is str:
        return text
    try:
        return msgspec.json.decode(text, type=kind)
    except (ValueError, msgspec.DecodeError):
        return links.unpack_as(text, kind)


def same(one: Any, other: Any) -> bool:
    """Whether two values would travel as the same text."""
    return msgspec.json.encode(one) == msgspec.json.encode(other)


def departing(choices: dict[str, Any]) -> dict[str, str]:
    """The parameters that hold `choices`, each a name in the session and its value."""
    own = {TRAVELS[name].name: pack(value) for name, value in choices.items() if name in TRAVELS}
    rest = {name: value for name, value in sorted(choices.items()) if name not in TRAVELS}
    return own | ({ALSO: links.pack(rest)} if rest else {})


def arrived(query: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """What a link brought: the value of each name, and the parameters that could not be read."""
    values: dict[str, Any] = {}
    damaged = []
    for name, parameter in TRAVELS.items():
        if parameter.name not in query:
            continue
        try:
            values[name] = unpack(query[parameter.name], parameter.type)
        except ProgramError:
            damaged.append(parameter.name)
    if ALSO in query:
        try:
            rest = links.unpack_as(query[ALSO], dict[str, _Plain | dict[str, _Plain]])
            values |= {name: rest[name] for name in list(rest)[:MOST] if name not in TRAVELS}
        except ProgramError:
            damaged.append(ALSO)
    return values, damaged


def fits(value: Any, default: Any) -> bool:
    """Whether a value that a link brought is of the kind that a page would keep itself."""
    if default is None or value is None:
        return True
    if isinstance(default, (list, tuple)):
        return isinstance(value, (list, tuple))
    return type(value) is type(default)
