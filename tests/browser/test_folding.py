"""Folded graphs in a real browser, from a file: what opens, what counts, how fast a step is."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import explorer
from explorer.ui.player import standalone

pytestmark = pytest.mark.browser

LAYERS = """\
import torch
from torch import nn
torch.manual_seed(0)
layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
encoder = nn.TransformerEncoder(layer, 12)
encoder(torch.randn(2, 5, 8)).pow(2).mean().backward()
"""

LOOP = """\
import torch
torch.manual_seed(0)
h = torch.randn(4, 8)
W = (torch.randn(8, 8) / 3).requires_grad_()
for t in range(200):
    h = torch.tanh(h @ W)
h.sum().backward()
"""

HELD = """() => [...document.querySelectorAll('g.node')].reduce((sum, node) =>
    sum + (node.dataset.indices ? node.dataset.indices.split(' ').length : 1), 0)"""
"""How many nodes all that is drawn stands for."""


def opened(browser: Browser, folder: Path, source: str, width: int = 1280) -> Page:
    path = folder / "player.html"
    path.write_text(standalone.page(explorer.run(source)), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(path.as_uri())
    expect(page.locator("g.node").first).to_be_visible()
    return page


def test_a_layer_opens_by_a_click_and_by_enter(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, LAYERS)
    expect(page.locator("g.node.group")).to_have_count(12)
    assert page.evaluate(HELD) == 671
    page.locator("g.node.group").filter(has_text="layers.5").first.click()
    expect(page.locator("g.node.group")).to_have_count(11)
    assert page.evaluate(HELD) == 671
    page.get_by_role("button", name="Fold again").click()
    expect(page.locator("g.node.group")).to_have_count(12)
    page.locator("g.node.group").last.focus()
    page.keyboard.press("Enter")
    expect(page.locator("g.node.group")).to_have_count(11)
    page.get_by_role("button", name="Unfold all").click()
    expect(page.locator("g.node")).to_have_count(671)
    page.close()


def test_steps_count_in_a_folded_card_and_play_takes_it_as_one(
    browser: Browser, tmp_path: Path
) -> None:
    page = opened(browser, tmp_path, LOOP)
    page.get_by_role("button", name="Fit", exact=True).click()
    range_ = page.get_by_label("Step", exact=True)
    range_.fill("100")
    group = page.locator("g.node.group")
    expect(group.locator(".count")).to_have_text("48 of 195")
    expect(page.locator("g.node.bucket .count")).to_contain_text("49 of 200")
    range_.fill("5")
    page.keyboard.press("Space")
    expect(range_).to_have_value("395", timeout=10_000)
    page.keyboard.press("Space")
    page.close()


def test_a_phone_sees_it_too(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, LAYERS, width=390)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Step", exact=True)).to_have_value("1")
    sticking_out = page.evaluate("""() => [...document.querySelectorAll('.caption *')]
        .filter((part) => part.getBoundingClientRect().right > innerWidth).length""")
    assert sticking_out == 0
    page.close()
