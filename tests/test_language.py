"""The app speaks the languages it offers; a word that is missing is said in English."""

import re
import warnings

import pytest

from explorer import language, lessons
from explorer.ui import player
from explorer.ui.player import words
from tools import translate

OTHERS = [code for code in language.LANGUAGES if code != language.ENGLISH]
HOLES = re.compile(r"\{[^}]*\}|==|~~|`[^`]*`")


def forms(text):
    return [text] if isinstance(text, str) else list(text)


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_keeps_what_is_filled_in_lit_or_code(code):
    for message in translate.held(code):
        wanted = sorted(HOLES.findall(forms(message.id)[-1]))
        for translation in forms(message.string):
            if message.id and translation:
                assert sorted(HOLES.findall(translation)) == wanted, translation


@pytest.mark.parametrize("code", OTHERS)
def test_what_is_not_translated_is_listed(code):
    """The app's own words have to be there; a new lesson may wait for its translator."""
    missing = set(translate.missing(code))
    of_lessons = {text for _file, text in lessons.messages()}
    if waiting := missing & of_lessons:
        warnings.warn(f"{code} lacks of the lessons: {sorted(waiting)}", stacklevel=1)
    assert sorted(missing - of_lessons) == []


@pytest.mark.parametrize("code", OTHERS)
def test_no_catalogue_holds_what_nobody_says(code):
    said = {(message.id, message.context) for message in translate.said()}
    assert [m.id for m in translate.held(code) if m.id and (m.id, m.context) not in said] == []


def test_a_message_without_a_translation_is_said_in_english(monkeypatch, tmp_path):
    monkeypatch.setattr(language, "path_of", lambda code: tmp_path / f"{code}.po")
    language.catalogue.cache_clear()
    (tmp_path / "de.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgctxt "player button.play"\nmsgid "Play"\nmsgstr "Abspielen"\n',
        encoding="utf-8",
    )
    try:
        with language.speaking("de"):
            table = words.translated()
    finally:
        language.catalogue.cache_clear()
    assert table == words.english() | {"button.play": "Abspielen"}


def test_in_english_the_player_needs_no_other_words():
    import explorer

    run = explorer.run("import torch")
    assert player.browser_data(run)["words"] is None
    with language.speaking("zh"):
        assert set(player.browser_data(run)["words"]) == set(words.english())


def test_a_language_that_nobody_has_counts_as_english():
    with language.speaking("tlh"):
        assert language.current() == "en"
