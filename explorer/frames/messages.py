"""Sentences as plain data: an id and the values that its template needs.

The words live in one table per language beside the player, so a sentence can be translated without
touching the code that decides what to say. A value is a number, a piece of the program's text
(`code`), plain text, or another message.
"""

from typing import Any

from explorer.data import Plain


class Message(Plain, frozen=True):
    """One sentence or phrase: `id` names the template, `values` fill it."""

    id: str
    values: dict[str, Any] = {}  # noqa: RUF012 (msgspec copies the default for each message)


def message(id_: str, **values: Any) -> Message:
    """A message with its values as keywords.

    >>> message("rest", root=code("out")).to_dict()
    {'id': 'rest', 'values': {'root': {'code': 'out'}}}
    """
    return Message(id_, values)


def code(text: str) -> dict[str, str]:
    """A piece of the person's own text, to be set in the font of the program."""
    return {"code": text}


def plain(text: str) -> dict[str, str]:
    """Text that came from elsewhere (torch's own words), to be shown letter by letter."""
    return {"text": text}
