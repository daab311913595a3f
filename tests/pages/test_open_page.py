"""The Open page: a file recorded elsewhere is drawn, and anything else gets a sentence."""

import torch
from visitor import OpenPage, components, player

import explorer


def given(app, whole: bytes):
    app.file_uploader[0].set_value(("step.json", whole, "application/json"))
    return app.run()


def recorded(tmp_path) -> bytes:
    x = torch.ones(2, requires_grad=True)
    explorer.record((x * x).sum(), names={"x": x}).save(tmp_path / "step.json")
    return (tmp_path / "step.json").read_bytes()


def words(app) -> str:
    return " ".join(part.value for part in (*app.markdown, *app.caption))


def test_it_says_how_a_file_is_made(open_page: OpenPage) -> None:
    app = open_page("open")
    assert not app.exception
    assert ".save(" in app.code[0].value


def test_a_recorded_call_is_drawn_and_what_it_lacks_is_said(open_page: OpenPage, tmp_path) -> None:
    app = given(open_page("open"), recorded(tmp_path))
    assert not app.exception
    assert not app.error
    data = player(app)
    assert len(data["frames"]["scenes"][0]["frames"]) == 3
    assert "3 nodes, 3 steps, torch" in words(app)
    assert "explorer.watch" in words(app)
    # The next file may be opened.
    next(button for button in app.button if button.label == "Open another file").click()
    assert app.run().file_uploader


def test_a_recorded_jacobian_is_drawn_by_the_lab(open_page: OpenPage, tmp_path) -> None:
    x = torch.ones(2, requires_grad=True)
    explorer.jacobian(x * x, {"x": x}).save(tmp_path / "step.json")
    app = given(open_page("open"), (tmp_path / "step.json").read_bytes())
    assert not app.exception
    (data,) = components(app, "cells")
    assert data["alone"]
    assert data["sizes"] == [2, 2]
    assert "a Jacobian of 2 × 2" in words(app)


def test_the_sample_is_a_file_like_any_other(open_page: OpenPage) -> None:
    app = open_page("open")
    next(button for button in app.button if button.label == "Open the sample").click()
    app.run()
    assert not app.exception
    assert "transformer.json" in words(app)
    assert "program's text" in words(app)
    assert player(app)


def test_a_damaged_file_gets_a_sentence(open_page: OpenPage, tmp_path) -> None:
    app = given(open_page("open"), recorded(tmp_path)[:-20])
    assert not app.exception
    assert "damaged" in app.error[0].value
    assert app.file_uploader
