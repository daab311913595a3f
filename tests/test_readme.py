"""The README is true: its Python runs and prints what it says, its picture and paths exist."""

import doctest
import json
import re
from pathlib import Path

from tools import pictures

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_examples_print_what_they_say() -> None:
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted > 15
    assert result.failed == 0


def test_pictures_and_folders_that_it_names_exist() -> None:
    named = re.findall(r"!\[[^]]*\]\(([^)]+)\)", TEXT)
    named += re.findall(r"^(explorer/\w+|pages)\b", TEXT, flags=re.MULTILINE)
    assert named
    found = [name for name in named if (ROOT / name).exists() or (ROOT / f"{name}.py").exists()]
    assert found == named


def test_its_pictures_are_not_older_than_what_they_show() -> None:
    made_from = json.loads(pictures.MADE_FROM.read_text(encoding="utf-8"))
    assert made_from == {"code": pictures.fingerprint()}, "run python -m tools.pictures"


def test_every_public_name_has_a_docstring() -> None:
    import explorer

    for name in explorer.__all__:
        assert (getattr(explorer, name).__doc__ or "").strip(), name
