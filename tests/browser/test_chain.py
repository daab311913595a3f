"""The Chain page in a real browser: steps without a message, in both orders, by keys alone."""

import re

import pytest
from playwright.sync_api import expect
from visiting import COUNT_MESSAGES, Visit, settled

pytestmark = pytest.mark.browser


def test_the_doubling_chain_is_multiplied_in_both_orders_without_a_message(visit: Visit) -> None:
    page = visit("chain?preset=doubling_product")
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    settled(page)
    expect(page.locator(".heat.factor")).to_have_count(9)
    before = -1
    while before != len(sent):  # the page is drawn once more when it knows its own address
        before = len(sent)
        page.wait_for_timeout(1_000)
    assert sent, "the frames of this page are seen at all"
    page.keyboard.press("ArrowRight")
    expect(page.locator(".heat.row")).to_have_count(1)
    expect(page.locator(".caption")).to_contain_text("Multiplications so far: 9.")
    page.keyboard.press("End")
    expect(page.locator(".heat.left").last).to_contain_text("512")
    expect(page.locator(".heat.end")).to_contain_text("51.2")
    expect(page.locator(".caption")).to_contain_text("Multiplications so far: 81.")
    page.keyboard.press("m")
    expect(page.locator(".heat.right")).to_have_count(0)
    page.keyboard.press("End")
    expect(page.locator(".caption")).to_contain_text("Multiplications in all: 225.")
    expect(page.locator(".heat.right").first).to_contain_text("512")
    page.keyboard.press("ArrowUp")  # to the number before: 0.1 · 512
    expect(page.locator(".why-title")).to_contain_text("Why 51.2")
    assert len(sent) == before


def test_a_click_on_a_path_chooses_it_and_on_a_bead_opens_it(visit: Visit) -> None:
    page = visit("chain?preset=fan_out")
    page.locator("button.way").nth(1).click()
    settled(page)
    expect(page.locator("button.way").nth(1)).to_have_attribute("aria-pressed", "true")
    page = visit("chain?preset=notebook")
    shown = page.locator(".heat.factor")
    expect(shown).to_have_count(3)
    page.locator(".pill").first.click()
    expect(shown).to_have_count(4)
    expect(page.locator(".counter")).to_have_text("at rest")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".counter")).to_have_text(re.compile("1 of 4"))


def test_a_leaf_in_the_player_is_nudged_and_dragging_asks_the_server_for_nothing(
    visit: Visit,
) -> None:
    page = visit("backward?preset=tutorial")
    expect(page.locator("g.node").first).to_be_visible()
    page.keyboard.press("End")
    page.evaluate(COUNT_MESSAGES)
    page.get_by_role("button", name="Nudge it").click()
    slider = page.get_by_label("Step of the number")
    expect(slider).to_be_visible()
    settled(page)
    said = page.locator(".nudge .caption")
    expect(said).to_contain_text("Drag x[0,0]")
    asked = page.evaluate("window.sent")
    assert asked > 0, "the program has to be run for it"
    slider.fill("20")
    expect(said).to_contain_text("x[0,0] +1 changes out by +5.25; gradient × step says +4.5")
    box = page.locator(".nudge svg.plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 100, steps=5)
    page.mouse.up()
    expect(said).to_contain_text("x[0,0] −1 changes out by")
    page.locator(".caption").first.click()
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect(page.get_by_label("Step", exact=True)).to_have_value("2", timeout=15_000)
    page.keyboard.press("Space")
    page.keyboard.press("End")
    assert page.evaluate("window.sent") == asked
    page.get_by_role("button", name="Its chain").click()
    expect(page.locator(".heat.factor")).to_have_count(4)
