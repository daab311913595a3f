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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Final

from babel import Locale, negotiate_locale
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ENGLISH: Final = "en"

LANGUAGES: Final = {
    code: str(Locale(code).get_display_name(code)).capitalize() for code in (ENGLISH, "de", "zh")
}
"""Code of each language -> its own name for itself."""

_LOCALE: Final = Path(__file__).parent / "locale"

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


def path_of(language: str) -> Path:
    """The file that holds the translations of `language`."""
    return _LOCALE / language / "explorer.po"


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The translations of a language; those of English are empty."""
    path = path_of(language)
    if language == ENGLISH or not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as file:
        read = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
