"""Every sentence of the app goes through the catalogues, and finds its way back out of a run."""

import ast
import re
from pathlib import Path

import pytest

from explorer import language
from explorer.autograd.runner import run
from explorer.data import RunError
from explorer.doctor import diagnose
from explorer.language import retold, speaking
from explorer.sandbox import policy
from tools import translate

ROOT = Path(translate.ROOT)
OTHERS = [code for code in language.LANGUAGES if code != language.ENGLISH]

# ------------------------------------------------------------------- nothing is left unmarked

MARKS = {"_", "later", "ngettext", "pgettext"}
NO_WORDS_OF_OURS = {
    "remember", "remembered", "widget_key", "_held", "_chosen", "key", "_key",  # names of state
    "get", "setdefault", "pop", "_names", "compile", "calls", "fragment",
    "filterwarnings", "_at_open",
    "rule",  # extracted from the table of rules itself
}  # fmt: skip
"""Functions whose arguments nobody reads."""

SHOWN = {
    "button", "caption", "checkbox", "download_button", "error", "expander", "file_uploader",
    "header", "info", "markdown", "metric", "multiselect", "number_input", "page_link", "popover",
    "radio", "segmented_control", "select_slider", "selectbox", "slider", "subheader", "success",
    "text", "text_area", "text_input", "title", "toast", "toggle", "warning", "write",
}  # fmt: skip
"""Elements of Streamlit whose first argument a person reads, however short it is."""

PHRASE = re.compile(r"(?:[A-Za-z][\w'’-]*[,;:]? ){2,}[a-z]|\}[,;:]? [a-z]+ [a-z]+ [a-z]")
CODE = re.compile(
    r"\s*(?:<|export |import |#|/\*|for \w+ |norms? = |div \{|:root)|.*[=(]\w*\("
    r"|(?s:.)*\bexport default "
)

ALLOWED = {
    "explorer/autograd/tape.py": "errors of `explorer.trace`, which only the library raises",
    "explorer/autograd/warm.py": "a program",
    "explorer/builder.py": "lines of a program",
    "explorer/depth.py": "lines of a program",
    "explorer/doctor/__init__.py": "torch's words, to know them by",
    "explorer/explain/pointwise.py": "rules, extracted from their table",
    "explorer/explain/products.py": "rules, extracted from their table",
    "explorer/explain/reductions.py": "rules, extracted from their table",
    "explorer/explain/shapes.py": "rules, extracted from their table",
    "explorer/lessons/__init__.py": "errors for the author of a lesson",
    "explorer/lessons/expressions.py": "errors for the author of a lesson",
    "explorer/lessons/reading.py": "errors for the author of a lesson",
    "explorer/microbatches.py": "lines of a program",
    "explorer/presets/__init__.py": "names in the files of presets, which are extracted there",
    "explorer/press.py": "lines of a program",
    "explorer/sandbox/names.py": "names that programs may use",
}
"""Modules whose phrases are no words of the app, and why."""

ALLOWED_WORDS = {
    "through the graph a second time": "torch's words, to know them by",
    "modified by an inplace operation": "torch's words, to know them by",
    "does not require grad": "torch's words, to know them by",
    "Jacobian mismatch for output": "torch's words, to know them by",
    "None of the inputs": "torch's words, to know them by",
    "The .grad attribute of a Tensor": "torch's words, to know them by",
    "leaf outside the graph": "a name in the data",
    "shape {} is no broadcast of {}": "caught, and told in other words",
    "{} is outside an axis of {} elements": "an IndexError for programmers",
    "The wires are too many and too long": "caught; another layout is tried",
    "attribute name must be string": "Python's words",
    "module {} has no attribute {}": "Python's words",
    "torch fails in line {}": "for the log of the server",
    "chain of call": "the name of a widget",
    "chain to a leaf": "the name of a widget",
    "chain path to": "the name of a widget",
    "seed of text": "the name of a widget",
    "player of the lesson": "the name of a widget",
    "nudge element of": "the name of a widget",
    "play the ledger": "the name of a widget",
    "switch in my program": "the name of a widget",
    "backward()": "code",
    "zero_grad()": "code",
    "img-src 'self'": "a header",
    "ui-monospace, ": "a font",
    "x.register_hook": "a line of a program",
}
"""Beginnings of phrases that are no words of the app either, and why."""


def names_a_state(node):
    """Whether this is a module's name for something in the state of a session: `_KEY = "a key"`."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)):
        return False
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    text = getattr(node.value, "value", None)
    return getattr(target, "id", "").isupper() and isinstance(text, str) and text == text.lower()


def unmarked(node):
    """Every text under a node that reads like a phrase and is not marked for the catalogues."""
    within = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Call) and getattr(node.func, "attr", None) in SHOWN and node.args:
        first = getattr(node.args[0], "value", None)
        if isinstance(first, str) and re.search("[A-Za-z]{2}", first):
            yield node.lineno, first
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Call):
        if getattr(node.func, "id", getattr(node.func, "attr", None)) in MARKS | NO_WORDS_OF_OURS:
            within = [node.func]
    elif isinstance(node, ast.Assert):
        within = [node.test]
    elif (isinstance(node, ast.keyword) and node.arg == "key") or names_a_state(node):
        return
    text = ""
    if isinstance(node, ast.JoinedStr):
        texts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        text, within = "".join(texts), []
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    if PHRASE.search(text) and not CODE.match(text):
        yield node.lineno, text
    for child in within:
        yield from unmarked(child)


def modules():
    for path in sorted([*(ROOT / "explorer").rglob("*.py"), *(ROOT / "pages").glob("*.py")]):
        name = path.relative_to(ROOT).as_posix()
        if name not in ALLOWED and "programs" not in path.parts:
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def test_every_phrase_of_the_code_is_marked_for_the_catalogues():
    found = [
        f"{name}:{line}: {text}"
        for name, tree in modules()
        for line, text in unmarked(tree)
        if not text.startswith(tuple(ALLOWED_WORDS))
    ]
    assert not found, "\n".join(found)


def test_a_phrase_that_is_not_marked_is_found():
    source = (
        'import streamlit as st\nst.info(f"{name} has no number at all")\nst.info(_("{a} b c d"))'
    )
    assert [line for line, _text in unmarked(ast.parse(source))] == [2]


# ----------------------------------------------------- what a run says finds its way back


class Sample:
    """Stands in for any value of a message: a number of any format, or a name."""

    def __init__(self, name):
        self.name = name

    def __format__(self, spec):
        return f"<{self.name}>"

    def __repr__(self):
        return f"'{self.name}'"


def said_by_runs():
    """Every message that is made where a program runs, in English."""
    for place in ("autograd", "sandbox"):
        for path in sorted((ROOT / "explorer" / place).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "later":
                    yield node.args[0].value


def filled(message):
    names = set(re.findall(r"\{(\w+)", message))
    return message.format(**{name: Sample(name) for name in names})


@pytest.mark.parametrize("code", OTHERS)
def test_what_a_run_says_is_told_again_in_the_language_of_the_visitor(code):
    messages = list(dict.fromkeys(said_by_runs()))
    assert len(messages) > 100
    with speaking(code):
        for message in messages:
            translation = language._(message)
            assert translation != message or message == "{name!r} in wrt"
            assert retold(filled(message)) == filled(translation)


def test_a_reason_within_a_message_is_told_again_too():
    message = policy.refusal("onez", "torch", ["ones", "zeros"])
    assert retold(message) == "`torch.onez` is not offered: close to it are ones."
    with speaking("de"):
        told = retold(message)
    assert told == "`torch.onez` wird hier nicht angeboten: ähnliche Namen sind ones."
    with speaking("zh"):
        assert retold(message) == "不支持 `torch.onez`：相近的名称有 ones。"


@pytest.mark.parametrize("code", OTHERS)
def test_what_is_no_message_of_the_explorer_stays_as_it_is(code):
    torchs = "Trying to backward through the graph a second time (or directly access saved tensors)"
    with speaking(code):
        assert retold(torchs) == torchs
        assert retold("nobody has translated {this}") == "nobody has translated {this}"
        assert RunError("Run it again", "ValueError").words == "Run it again"
        assert RunError("`open` is not offered.", "RefusedError").words != "`open` is not offered."


@pytest.mark.parametrize("code", OTHERS)
def test_the_doctor_speaks_the_language_and_offers_the_same_cures(code):
    program = """import torch
x = torch.ones(2)
y = (x * 2).sum()
y.backward()
"""
    shown = run(program)
    (english,) = diagnose(shown)
    with speaking(code):
        (found,) = diagnose(shown)
    assert found.words == english.words == shown.error.message
    assert found.why != english.why
    assert [cure.source for cure in found.cures] == [cure.source for cure in english.cures]
    told = [(cure.title, cure.why) for cure in found.cures]
    assert not set(told) & {(cure.title, cure.why) for cure in english.cures}
