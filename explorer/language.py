"""The languages of the explorer's own words, through gettext; English is what the code says.

Formulas, code and torch's messages stay as they are in every language. A catalogue is
`locale/<language>/explorer.po`, written by translators and kept up to date by
`python -m tools.translate`; a message that it lacks is shown in English.

>>> with speaking("de"):
...     current(), _("not a message of the explorer")
('de', 'not a message of the explorer')
>>> negotiate("de-CH"), negotiate("zh-Hans-CN"), negotiate("fr")
('de', 'zh', 'en')
"""

import gettext
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, partial
from pathlib import Path
from typing import Final

from babel import Locale, negotiate_locale
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ENGLISH: Final = "en"

LANGUAGES: Final = {
    code: str(Locale(code).get_display_name(code)).capitalize() for code in (ENGLISH, "de", "zh")
}
"""Code of each language -> its own name for itself."""

_LOCALE: Final = Path(__file__).parent / "locale"

_HOLE: Final = re.compile(r"\{(?P<name>\w+)[^}]*\}")

_OF_RUNS: Final = ("explorer/autograd/", "explorer/sandbox/")
"""Where messages are made that are told again: these modules work where no language is spoken."""

_LONGEST: Final = 1_000
"""Letters of the longest text that is looked at: a program may say much, to keep us busy."""

_current: ContextVar[str] = ContextVar("language", default=ENGLISH)


def current() -> str:
    """The code of the language now spoken; one for each visitor, since each has a context."""
    return _current.get()


def use(language: str) -> None:
    """Speak `language` from here on; one that has no catalogue counts as English."""
    _current.set(language if language in LANGUAGES else ENGLISH)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak `language` for the length of a block."""
    token = _current.set(language if language in LANGUAGES else ENGLISH)
    try:
        yield
    finally:
        _current.reset(token)


def negotiate(wanted: str | None) -> str:
    """The language to speak to somebody whose browser asks for `wanted`, such as `de-CH`."""
    found = negotiate_locale([wanted], list(LANGUAGES), sep="-") if wanted else None
    return found or ENGLISH


def _(message: str) -> str:
    """`message` in the language now spoken, or as it stands where there is no translation."""
    return catalogue(current()).gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """`one` or `many`, whichever the language now spoken says of `count` things."""
    return catalogue(current()).ngettext(one, many, count)


def pgettext(context: str, message: str) -> str:
    """As `_`, for a message that has one translation for each `context`."""
    return catalogue(current()).pgettext(context, message)


def listed(parts: Sequence[str]) -> str:
    """Several names in one phrase.

    >>> listed(["w", "b", "x"])
    'w, b and x'
    """
    return format_list(parts, locale="en_GB" if current() == ENGLISH else current())


def together(*sentences: str) -> str:
    """Whole sentences one after the other; Chinese sets no space between them."""
    return ("" if current() == "zh" else " ").join(filter(None, sentences))


def later(message: str) -> str:
    """`message` itself: it is marked for the catalogues here, and translated where it is shown.

    >>> TITLES = {"start": later("Start")}
    >>> _(TITLES["start"])
    'Start'
    """
    return message


def retold(said: str) -> str:
    """`said` in the language now spoken, where it was made from a message with values in it.

    What a run says of itself is plain data that visitors of all languages share, so it is in
    English. It is written as `later("a message {with} holes").format(…)`; here the message is found
    again by its words, the most telling one first, and its values are put into the translation.
    Everything else stays as it is: the words of torch and of a program are no messages of the
    explorer.

    >>> with speaking("de"):
    ...     retold("over 65536 elements: shape and statistics only"), retold("just anything")
    ('über 65536 Elemente: nur Form und Statistik', 'just anything')
    """
    if current() == ENGLISH or not said:
        return said
    known = _(said)
    if known != said or len(said) > _LONGEST:
        return known
    for template, translation in _templates(current()):
        if found := template.fullmatch(said):
            # A value may be such a message itself; what holds no space is a name or a number.
            values = {n: retold(v) if " " in v else v for n, v in found.groupdict().items()}
            return _HOLE.sub(partial(_filled, values), translation)
    return said


def _filled(values: dict[str, str], hole: re.Match[str]) -> str:
    return values[hole["name"]]


def path_of(language: str) -> Path:
    """The file that holds the translations of `language`."""
    return _LOCALE / language / "explorer.po"


@cache
def _templates(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """How to know a message with holes by its words, and its translation; the longest first."""
    found = []
    for message in _read(language, path_of(language)):
        of_runs = any(place.startswith(_OF_RUNS) for place, _line in message.locations)
        if not (of_runs and message.string and isinstance(message.id, str)):
            continue
        parts = _HOLE.split(message.id)  # words, name, words, name, …, words
        if len(parts) == 1:
            continue
        seen: set[str] = set()
        pattern = "".join(
            re.escape(part) if not i % 2 else f"(?P={part})" if part in seen else _group(part, seen)
            for i, part in enumerate(parts)
        )
        found.append((sum(map(len, parts[::2])), re.compile(pattern, re.DOTALL), message.string))
    found.sort(key=lambda one: -one[0])
    return tuple((pattern, str(translation)) for _length, pattern, translation in found)


def _group(name: str, seen: set[str]) -> str:
    seen.add(name)
    return f"(?P<{name}>.+?)"


@cache
def _read(language: str, path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The translations of a language; those of English are empty."""
    path = path_of(language)
    if language == ENGLISH or not path.exists():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, _read(language, path))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
