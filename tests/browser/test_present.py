"""In a classroom: the screen filled, one key on, one key back, a code that leads to the spot."""

import pytest
from playwright.sync_api import expect
from visiting import Visit

pytestmark = pytest.mark.browser


def test_presenting_shows_a_code_of_the_spot(visit: Visit) -> None:
    page = visit("backward?preset=fan_out")
    expect(page.locator("g.node").first).to_be_visible()
    page.keyboard.press("q")
    expect(page.locator(".qr")).to_be_hidden()
    page.keyboard.press("p")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("q")
    expect(page.locator(".qr svg path")).to_be_visible()
    expect(page.locator(".qr-link")).to_contain_text("at=0.1")
    page.keyboard.press("Escape")
    expect(page.locator(".qr")).to_be_hidden()
    expect(page.locator(".player.presenting")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".caption .counter")).to_have_text("at rest")
