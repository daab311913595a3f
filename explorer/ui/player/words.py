"""Every sentence of the player, by message id, in the language now spoken.

The English table is `js/words.en.js`, whose object is strict JSON. Its ids are the contexts of the
messages in the catalogues, so that one English word may have several translations.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from explorer.language import ENGLISH, current, pgettext

TABLE: Final = Path(__file__).parent / "js" / "words.en.js"

Words = dict[str, Any]

_HOLE: Final = re.compile(r"\{[^}]*\}")


def read(text: str) -> Words:
    """The table that the text of a script declares as `const WORDS`."""
    declared = text.partition("const WORDS = ")[2].rstrip().removesuffix(";")
    table: Words = json.loads(declared)
    return table


@cache
def english() -> Words:
    """The table as it stands in the script that the player loads."""
    return read(TABLE.read_text(encoding="utf-8"))


def messages(table: Words) -> Iterator[tuple[str, str]]:
    """Context and English text of every message of `table`."""
    for name, value in table.items():
        for place, text in _texts(value):
            if any(letter.isalpha() for letter in _HOLE.sub("", text)):
                yield f"player {name}{place}", text


def translated() -> Words | None:
    """The whole table in the language now spoken; None for English, which the player has."""
    if current() == ENGLISH:
        return None
    return {name: _translated(name, value) for name, value in english().items()}


def _texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """The texts in an entry: itself, its forms by number, or the cells of its rows."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for form, text in value.items():
            yield f"{place} {form}", text
    else:
        for number, row in enumerate(value):
            yield f"{place} {number}", row[-1]


def _translated(name: str, value: Any) -> Any:
    """An entry with each of its texts translated."""
    if isinstance(value, str):
        return pgettext(f"player {name}", value)
    if isinstance(value, dict):
        return {form: pgettext(f"player {name} {form}", text) for form, text in value.items()}
    return [
        [*row[:-1], pgettext(f"player {name} {number}", row[-1])]
        for number, row in enumerate(value)
    ]
