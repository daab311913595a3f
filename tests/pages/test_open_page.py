"""The Open page: a file recorded elsewhere is drawn, and anything else gets a sentence."""

import torch
from visitor import OpenPage

import explorer


def given(app, whole: bytes):
    app.file_uploader[0].set_value(("step.json", whole, "application/json"))
    return app.run()


def recorded(tmp_path) -> bytes:
    x = torch.ones(2, requires_grad=True)
    explorer.record((x * x).sum(), names={"x": x}).save(tmp_path / "step.json")
    return (tmp_path / "step.json").read_bytes()


def test_it_says_how_a_file_is_made(open_page: OpenPage) -> None:
    app = open_page("open")
    assert not app.exception
    assert ".save(" in app.code[0].value


def test_a_recorded_call_is_drawn_by_the_player(open_page: OpenPage, tmp_path) -> None:
    app = given(open_page("open"), recorded(tmp_path))
    assert not app.exception
    assert not app.error
    assert app.get("bidi_component")


def test_a_damaged_file_gets_a_sentence(open_page: OpenPage, tmp_path) -> None:
    app = given(open_page("open"), recorded(tmp_path)[:-20])
    assert not app.exception
    assert "damaged" in app.error[0].value
