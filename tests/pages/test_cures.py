"""The twenty classic mistakes in the app: torch's words, the line, the reason, a cure to press."""

from textwrap import dedent

import pytest
from streamlit.testing.v1 import AppTest
from test_doctor import SICK, Sick
from test_typed_program import editor, opened, press
from visitor import OpenPage, player, words

from explorer.data import Program
from explorer.doctor import diagnose
from explorer.ui import session
from explorer.ui.wording import plain

ROWS = {sick.row: sick for sick in sorted(SICK.values(), key=lambda sick: bool(sick.cures))}
"""One program for each row, one that is cured where there is one."""


def type_in(app: AppTest, source: str) -> AppTest:
    app.session_state["typed program"] = session.Typed(Program(source))
    app.run()
    assert not app.exception
    return app


def rows_of(app: AppTest) -> list[int | None]:
    return [
        found.row for found in diagnose(session.run(app.session_state["typed program"].program))
    ]


def check(app: AppTest, sick: Sick) -> None:
    source = "import torch\n" + dedent(sick.program).lstrip("\n")
    app = type_in(app, source)
    (found,) = (d for d in diagnose(session.run(Program(source))) if d.row == sick.row)
    alerts = "\n".join(alert.value for alert in (*app.error, *app.warning))
    assert plain(found.words) in alerts
    assert plain(found.why) in words(app)
    if found.kind == "remark":
        assert plain(found.why) in "\n".join(text.value for text in app.expander[0].markdown)
    if not found.cures:
        return
    label = plain(found.cures[0].title)
    assert label in [button.label for button in app.button]
    app = press(app, label)
    assert app.session_state["typed program"].program.source == found.cures[0].source
    assert sick.row not in rows_of(app)


def test_every_row_is_told_and_cured_with_one_click(open_page: OpenPage) -> None:
    assert set(ROWS) == set(range(1, 21))
    assert {row for row, sick in ROWS.items() if not sick.cures} == {9, 20}  # nothing is wrong
    app = opened(open_page, "x = 1")
    for sick in ROWS.values():
        check(app, sick)


@pytest.mark.parametrize("name", ["backward", "program"])
def test_an_error_is_told_and_cured_on_both_pages(open_page: OpenPage, name: str) -> None:
    source = "import torch\nx = torch.ones(3, requires_grad=True)\ny = x * 2\ny.backward()\n"
    app = opened(open_page, source, name)
    assert "grad can be implicitly created only for scalar outputs" in app.error[0].value
    assert "y has 3 elements" in words(app)
    app = press(app, "Add the elements up first")
    assert not app.error


def test_the_player_marks_node_and_line(open_page: OpenPage) -> None:
    source = "import torch\nx = torch.ones(3, requires_grad=True)\ny = x.exp()\ny.add_(1)\n"
    app = opened(open_page, source + "y.sum().backward()\n", "backward")
    data = player(app)
    (wrong,) = data["wrong"]
    names = {item["index"]: item["name"] for item in data["frames"]["scenes"][0]["items"]}
    assert (names[wrong["node"]], wrong["line"]) == ("ExpBackward0", 5)


def test_a_remark_is_folded_away_and_the_editor_is_not_marked(open_page: OpenPage) -> None:
    sick = next(sick for sick in ROWS.values() if sick.row == 2)
    app = opened(open_page, "import torch\n" + dedent(sick.program).lstrip("\n"))
    assert not app.error
    assert not app.warning
    assert editor(app)["mark"] is None
    assert [box.label for box in app.expander] == ["Worth knowing"]
    assert not app.expander[0].proto.expanded
