"""One link holds the program and every choice; what cannot be read is said in a sentence."""

import pytest
from streamlit.testing.v1 import AppTest
from test_accumulation_page import press, rows, switch
from visitor import OpenPage, components, pick, words

from explorer.ui import session


def query(app: AppTest) -> dict[str, str]:
    values = app.query_params.items()
    return {name: value if isinstance(value, str) else value[-1] for name, value in values}


def test_presses_and_switches_are_in_the_link_and_come_back(open_page: OpenPage) -> None:
    app = switch(open_page("accumulation", preset="fan_out"), "retain_graph", on=True)
    press(press(app, "backward()"), "zero_grad()")
    assert set(query(app)) == {"preset", "presses", "retain", "torch"}
    assert sum(map(len, query(app).values())) < 200
    assert rows(open_page("accumulation", **query(app))) == rows(app)


def test_a_link_carries_the_choices_of_every_page(open_page: OpenPage) -> None:
    app = open_page("jacobian", preset="notebook")
    app.multiselect[0].set_value(["x"]).run()
    app.switch_page("../../pages/accumulation.py").run()
    again = open_page("program", **query(app))
    again.switch_page("../../pages/jacobian.py").run()
    assert again.multiselect[0].value == ["x"]
    assert query(again) == query(app)


def test_what_a_page_would_choose_itself_is_not_in_the_link(open_page: OpenPage) -> None:
    app = open_page("jacobian", preset="notebook")
    assert query(app) == {"preset": "notebook", "torch": session.TORCH}
    first = app.multiselect[0].value
    app.multiselect[0].set_value(["x"]).run()
    assert "by" in query(app)
    app.multiselect[0].set_value(first).run()
    assert "by" not in query(app)


def test_another_program_leaves_the_choices_behind(open_page: OpenPage) -> None:
    app = open_page("jacobian", preset="notebook", of="J")
    assert app.selectbox[1].value == "J"
    assert query(pick(app, "xor")) == {"preset": "xor", "torch": session.TORCH}


def test_a_link_opens_a_preset_in_the_editor_where_the_sender_had_it(open_page: OpenPage) -> None:
    app = open_page("program", preset="xor")
    assert "way" not in query(app)
    (way,) = app.segmented_control
    way.set_value("Code").run()
    assert query(app)["way"] == "Code"
    again = open_page("program", **query(app))
    assert again.segmented_control[0].value == "Code"
    assert again.segmented_control[0].set_value("Build").run().query_params.get("way") is None


def test_a_choice_that_the_program_has_not_falls_back(open_page: OpenPage) -> None:
    app = open_page("jacobian", preset="notebook", of="no such tensor")
    assert app.selectbox[1].value == "y"


def test_a_word_when_torch_differs(open_page: OpenPage) -> None:
    app = open_page("backward", preset="xor", torch="1.13.1")
    assert f"made with torch 1.13.1, and this is torch {session.TORCH}" in app.info[0].value
    assert query(app)["torch"] == session.TORCH
    assert not pick(app, "tutorial").info


def test_nothing_is_said_when_torch_is_the_same(open_page: OpenPage) -> None:
    assert not open_page("backward", preset="xor", torch=session.TORCH).info


def test_the_step_of_a_link_stays_while_its_program_does(open_page: OpenPage) -> None:
    app = open_page("start", preset="xor", at="0.4")
    assert query(app)["at"] == "0.4"
    assert "at" not in query(pick(app, "tutorial"))


@pytest.mark.parametrize(
    "link",
    [{"code": "eJyrVkrLz1eyUkpKLFKqBQ"}, {"net": "%00"}, {"preset": "<b>[x](javascript:1)"},
     {"preset": "xor", "v": "2"}],
)  # fmt: skip
def test_a_damaged_or_hostile_link_opens_start_with_a_sentence(
    open_page: OpenPage, link: dict[str, str]
) -> None:
    app = open_page("start", **link)
    assert len(app.warning) == 1
    assert "](" not in app.warning[0].value.replace("\\]", "")
    assert "one node at a time" in app.header[0].value
    assert not pick(app, "xor").warning


def test_a_damaged_choice_is_named_and_the_page_goes_on(open_page: OpenPage) -> None:
    app = open_page("jacobian", preset="notebook", by="eJy")
    assert "(by)" in words(app)
    assert next(components(app, "cells"))


def test_a_link_cannot_name_what_is_not_a_choice(open_page: OpenPage) -> None:
    from explorer.ui import links

    names = ("choice", "typed program", "spec", "error in the editor", "form number", "leaves")
    for page in ("program", "accumulation", "jacobian"):
        app = open_page(page, preset="xor", also=links.pack(dict.fromkeys(names, 7)))
        assert app.selectbox(key="choice").value == "xor"
