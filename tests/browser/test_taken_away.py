"""What is taken away works elsewhere: the player as one offline file, and a file opened again."""

import pytest
import torch
from playwright.sync_api import Browser, expect
from visiting import Visit

import explorer
from explorer.ui.player.standalone import page as document

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=window.hacked=1>"


def recorded() -> explorer.BackwardCall:
    x = torch.ones(2, requires_grad=True)
    return explorer.record((x * x).sum(), names={EVIL: x})


def test_the_player_steps_in_a_file_without_any_server(browser: Browser, tmp_path) -> None:
    path = tmp_path / "player.html"
    path.write_text(document(recorded()), encoding="utf-8")
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(path.as_uri())
    expect(page.locator("svg g.node")).to_have_count(3)
    for _ in range(3):
        page.get_by_role("button", name="Step forward").click()
    expect(page.locator(".caption")).to_contain_text("3 of 3")
    assert page.evaluate("window.hacked") is None
    assert problems == []
    page.close()


def test_a_recorded_file_is_drawn_and_a_name_in_it_does_nothing(visit: Visit, tmp_path) -> None:
    path = tmp_path / "step.json"
    recorded().save(path)
    page = visit("open")
    page.locator("input[type=file]").set_input_files(path)
    expect(page.locator("svg g.node")).to_have_count(3)
    assert page.evaluate("window.hacked") is None
