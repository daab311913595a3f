"""A program that somebody typed or sent as a link: on every page, and never run in the app."""

import sys
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest
from visitor import OpenPage, components, pick, words

from explorer import presets
from explorer.autograd.language import FILENAME
from explorer.data import Program
from explorer.errors import BusyError
from explorer.ui import session
from explorer.ui.links import pack_program, unpack_program
from explorer.ui.site import TITLES

CUBE = Program("import torch\nx = torch.tensor(2.0, requires_grad=True)\n(x ** 3).backward()\n", 5)

executed: list[str] = []
"""Files whose code this process has executed, while a test listens."""

listening: list[bool] = []


def _hear(event: str, args: tuple) -> None:
    if listening and event == "exec":
        executed.append(args[0].co_filename)


sys.addaudithook(_hear)


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """The files whose code this process executes during the test."""
    executed.clear()
    listening.append(True)
    yield executed
    listening.clear()


def opened(open_page: OpenPage, source: str, page: str = "program", seed: int = 0) -> AppTest:
    return open_page(page, code=pack_program(Program(source, seed)))


def editor(app: AppTest) -> dict:
    return next(components(app, "mark"))


def variables(app: AppTest) -> list[dict]:
    return next(components(app, "rows"))["rows"]


def query(app: AppTest, name: str) -> str:
    value = app.query_params[name]
    return value if isinstance(value, str) else value[0]


def press(app: AppTest, label: str) -> AppTest:
    app = next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


# ------------------------------------------------------------------------------------- the editor


def test_a_link_opens_in_the_editor_with_its_seed(open_page: OpenPage) -> None:
    app = open_page("program", code=pack_program(CUBE))
    assert editor(app)["source"] == CUBE.source
    assert next(box for box in app.number_input if box.label == "Seed").value == 5
    assert "12" in variables(app)[0]["grad"]  # d(x³)/dx at 2


def test_edit_this_program_opens_the_preset_and_detaches_nothing_yet(open_page: OpenPage) -> None:
    app = press(open_page("program", preset="xor"), "Edit this program")
    assert editor(app)["source"] == presets.get("xor").program.source
    assert query(app, "preset") == "xor"


def test_the_built_network_can_be_edited(open_page: OpenPage) -> None:
    app = press(open_page("program", preset=session.NETWORK), "Edit this program")
    assert "class Net" in editor(app)["source"]


def test_another_seed_makes_it_a_program_of_one_s_own(open_page: OpenPage) -> None:
    app = press(open_page("program", preset="notebook"), "Edit this program")
    next(box for box in app.number_input if box.label == "Seed").set_value(3).run()
    title = presets.get("notebook").title
    assert f"Your own program, begun from “{title}”." in words(app)
    assert unpack_program(query(app, "code")) == Program(presets.get("notebook").program.source, 3)


def test_picking_a_preset_and_coming_back_loses_nothing(open_page: OpenPage) -> None:
    app = open_page("program", code=pack_program(CUBE))
    app = pick(pick(app, "xor"), session.CODE)
    assert editor(app)["source"] == CUBE.source


def test_the_form_says_that_it_cannot_hold_a_typed_program(open_page: OpenPage) -> None:
    app = open_page("program", code=pack_program(CUBE))
    app.button_group[0].set_value("Build").run()
    assert "no form can hold it" in words(app)
    assert "class Net" in press(app, "Build your own network").code[0].value


def test_a_name_that_is_assigned_again_is_told_apart_and_knows_its_node(
    open_page: OpenPage,
) -> None:
    source = "import torch\nx = torch.ones(3, requires_grad=True)\ny = x\nwhile y.norm() < 500:\n"
    app = opened(open_page, source + "    y = y * 2\ny.sum().backward()\n")
    rows = [row for row in variables(app) if row["name"] == "y" and row["grad_fn"]]
    counts = [row["number"] for row in rows]
    assert counts == list(range(counts[0], counts[0] + 9))
    assert {row["count"] for row in rows} == {counts[-1]}
    assert len({row["node"] for row in rows}) == 9
    assert {(row["span"]["line"], row["span"]["column"]) for row in rows} == {(5, 8)}


# ------------------------------------------------------------------------------------------ links


@pytest.mark.parametrize("page", TITLES)
def test_every_page_shows_a_typed_program(open_page: OpenPage, page: str) -> None:
    app = opened(open_page, CUBE.source, page)
    assert app.selectbox(key="choice").value == session.CODE
    assert not app.error


def test_of_very_many_variables_the_first_are_drawn_and_the_title_says_so(
    open_page: OpenPage,
) -> None:
    source = "import torch\nfor i in range(600):\n    y = torch.tensor(float(i))\n"
    app = opened(open_page, source)
    table = next(components(app, "rows"))
    assert [row["number"] for row in table["rows"]] == list(range(1, 501))
    assert table["words"]["title"] == "The first 500 of 600 variables"


@pytest.mark.parametrize("code", ["eJyrVkrLz1eyUkpKLFKqBQ", "%%%", "x" * 20_000])
def test_a_damaged_link_gives_a_sentence_and_the_app(open_page: OpenPage, code: str) -> None:
    app = open_page("program", code=code)  # it leads to Start, which says so
    assert "This link is damaged" in app.warning[0].value
    app.switch_page("../../pages/program.py").run()
    assert "This link is damaged" in app.warning[0].value
    assert variables(app)


def test_a_program_too_long_for_a_link_still_runs(open_page: OpenPage) -> None:
    import random

    noise = "".join(random.Random(0).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=60_000))
    app = open_page("program", code=pack_program(CUBE))
    app.session_state["typed program"] = session.Typed(Program(f"text = '{noise}'\nprint(1)"))
    app.run()
    assert not app.exception
    assert any(block.value == "1" for block in app.code)
    assert "too long for a link" in words(app)


# ----------------------------------------------------------------------------------- what is wrong


def test_an_error_marks_its_line_and_offers_cures_that_work(open_page: OpenPage) -> None:
    source = "import torch\nx = torch.ones(3, requires_grad=True)\n(x * 2).backward()\n"
    app = opened(open_page, source)
    assert editor(app)["mark"]["line"] == 3
    assert "grad can be implicitly created only for scalar outputs" in app.error[0].value
    app = press(app, "Add the elements up first")
    assert not app.error
    assert editor(app)["mark"] is None
    assert editor(app)["source"] != source


def test_a_refusal_says_line_name_and_what_is_offered(open_page: OpenPage) -> None:
    app = opened(open_page, "import torch\nprint(open('/etc/passwd').read())\n")
    assert app.error[0].value.startswith("**Line 2:** `open` is not offered: programs have no")
    assert editor(app)["mark"]["span"]["column"] == 6


def test_a_syntax_error_is_marked_too(open_page: OpenPage) -> None:
    app = opened(open_page, "x = 1\ny = (\n")
    assert editor(app)["mark"]["line"] == 2
    assert "SyntaxError" in app.error[0].value


def test_an_endless_loop_is_stopped_with_its_line(open_page: OpenPage) -> None:
    app = opened(open_page, "x = 1\nwhile True:\n    x = x + 1\n")
    assert "was stopped after 5 s" in app.error[0].value
    assert editor(app)["mark"]["line"] in (2, 3)
    assert "Run it again" in [button.label for button in app.button]


def test_words_of_a_program_are_no_markup(open_page: OpenPage) -> None:
    app = opened(open_page, "raise ValueError('[here](http://x.y) **now** $a$')\n")
    assert r"\[here\](http://x.y) \*\*now\*\* \$a\$" in app.error[0].value


def test_a_full_queue_gives_a_sentence_and_keeps_the_text(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise BusyError("The explorer is busy: try again in about 3 s.", seconds=3)

    monkeypatch.setattr("explorer.sandbox.run", busy)
    source = "print('a program that nobody ran before')"
    app = opened(open_page, source)
    assert "busy" in app.warning[0].value
    assert editor(app)["source"] == source
    monkeypatch.undo()
    assert not press(app, "Try again").warning


# ---------------------------------------------------------------------------------- the sandbox


@pytest.mark.parametrize("page", TITLES)
def test_no_page_executes_typed_text_in_the_app(
    open_page: OpenPage, page: str, heard: list[str]
) -> None:
    opened(open_page, f"import torch\nx = torch.ones(2, requires_grad=True)\n"
                      f"print('for {page}')\n(x * x).sum().backward()\n", page)  # fmt: skip
    assert heard  # the pages themselves
    assert FILENAME not in heard


def test_the_audit_would_hear_a_program_that_ran_here(heard: list[str]) -> None:
    from explorer.autograd import runner

    runner.run("x = 1")
    assert FILENAME in heard


def test_a_press_and_a_jacobian_of_typed_text_stay_in_the_sandbox(
    open_page: OpenPage, heard: list[str]
) -> None:
    source = (
        "import torch\nx = torch.ones(2, requires_grad=True)\ny = x * x * x\ny.sum().backward()\n"
    )
    app = press(opened(open_page, source, "accumulation"), "zero_grad()")
    app.switch_page("../../pages/jacobian.py").run()
    app.multiselect[0].set_value(["x"]).run()
    assert not app.exception
    assert FILENAME not in heard
