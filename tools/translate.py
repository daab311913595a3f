"""Bring the catalogues up to date with the words of the code: `python -m tools.translate`.

New messages are added without a translation, those that nobody says any more are taken out, and
what is missing is counted. Then edit `explorer/locale/<language>/explorer.po`.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from explorer import language, lessons, presets
from explorer.explain import rules
from explorer.ui.player import words

ROOT = Path(__file__).parents[1]
KEYWORDS = {"_": None, "later": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}


def said() -> Catalog:
    """Every message that the app can say, in the order of the files that say it."""
    catalog = Catalog(charset="utf-8", project="autograd-explorer", version="")
    for place in ("explorer", "pages"):
        found = extract_from_dir(
            ROOT / place, method_map=[("**.py", "python")], keywords=KEYWORDS, comment_tags=()
        )
        for path, _line, message, _comments, context in sorted(found, key=lambda one: one[:2]):
            catalog.add(message, locations=[(f"{place}/{path}", 0)], context=context)
    for preset in presets.all():
        path = f"explorer/presets/programs/{preset.slug}.py"
        for text in (preset.title, preset.blurb, preset.group):
            catalog.add(text, locations=[(path, 0)])
    for context, text in words.messages(words.english()):
        catalog.add(
            text, locations=[(words.TABLE.relative_to(ROOT).as_posix(), 0)], context=context
        )
    for text in rules.messages():
        catalog.add(text, locations=[("explorer/explain/rules.py", 0)])
    for file, text in lessons.messages():
        catalog.add(text, locations=[(f"explorer/lessons/texts/{file}", 0)])
    return catalog


def held(code: str) -> Catalog:
    """The catalogue of a language as it lies in its file; empty where there is none."""
    path = language.path_of(code)
    if not path.exists():
        return Catalog(locale=code, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=code)


def missing(code: str) -> Iterator[str]:
    """Every message that the catalogue of `code` does not translate, in the order of the code."""
    catalog = held(code)
    for message in said():
        if not message.id:
            continue
        known = catalog.get(message.id, message.context)
        if known is None or known.fuzzy or not all(_forms(known.string)):
            yield message.id if isinstance(message.id, str) else message.id[0]


def _forms(string: str | tuple[str, ...]) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string)


def main() -> None:
    """Update every catalogue and say what it lacks."""
    for code in language.LANGUAGES:
        if code == language.ENGLISH:
            continue
        catalog = held(code)
        catalog.update(said(), no_fuzzy_matching=True)
        catalog.obsolete.clear()
        path = language.path_of(code)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(
                file, catalog, omit_header=False, sort_output=False, include_lineno=False, width=100
            )
        print(f"{code}: {len(catalog)} messages, {len(list(missing(code)))} without a translation")


if __name__ == "__main__":
    main()
