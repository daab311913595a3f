"""Two programs beside each other in a real browser: stepped together, in common places."""

import re

import pytest
from playwright.sync_api import Page, expect
from visiting import COUNT_MESSAGES, Visit

pytestmark = pytest.mark.browser

PLACES = """side => Object.fromEntries([...side.querySelectorAll('g.node')].map(node => {
    const box = (node.querySelector('.edge') ?? node.querySelector('.tray')).getBBox();
    const name = node.querySelector('.headline, .leaf-name')?.textContent;
    return [name, [box.x, box.y, box.width, box.height].map(Math.round)];
}).filter(([name]) => name))"""
"""Headline of each node of one side -> its box."""


def opened(visit: Visit, left: str, right: str, **how: object) -> Page:
    page = visit(f"compare?preset={left}&with={right}", **how)
    expect(page.locator(".side g.node").first).to_be_visible()
    return page


def steps(page: Page) -> list[str]:
    return page.locator(".side .caption .counter").all_text_contents()


def views(page: Page) -> list[str | None]:
    return [graph.get_attribute("viewBox") for graph in page.locator(".side svg.graph").all()]


def test_both_step_at_once_wait_for_each_other_and_ask_nobody(visit: Visit) -> None:
    page = opened(visit, "freeze_first", "freeze_last")
    page.evaluate(COUNT_MESSAGES)
    for key in ("ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert steps(page) == ["2 of 5", "2 of 7"]
    expect(page.locator(".side .waits:visible")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    assert steps(page) == ["3 of 5", "2 of 7"]
    expect(page.locator(".side").nth(1).locator(".waits")).to_have_text(
        "waits: this step is only on the other side"
    )
    page.wait_for_url(re.compile(r"at=\d\.3$"))
    page.keyboard.press("End")
    assert steps(page) == ["5 of 5", "7 of 7"]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Home")
    assert steps(page) == ["at rest", "at rest"]
    page.emulate_media(reduced_motion="reduce")
    page.keyboard.press("Space")
    expect(page.locator(".side .caption .counter").first).to_have_text("2 of 5", timeout=15_000)
    page.keyboard.press("Space")
    assert page.evaluate("window.sent") == 0
    again = visit("compare?preset=freeze_first&with=freeze_last&at=0.3")
    expect(again.locator(".side .caption .counter").first).to_have_text("3 of 5")


def test_common_nodes_have_common_places_and_one_camera(visit: Visit) -> None:
    page = opened(visit, "freeze_first", "freeze_last")
    left, right = (page.locator(".side").nth(n).evaluate(PLACES) for n in (0, 1))
    assert left["last(hidden)"] == right["last(hidden)"]
    assert left["….sum()"] == right["….sum()"]
    assert set(right) - set(left) >= {"tanh(…)", "first(x)"}
    expect(page.locator(".side").nth(0).locator(".ghost.card")).to_have_count(2)
    expect(page.locator(".side").nth(1).locator(".ring.right.seen .ring-edge")).to_have_count(5)
    box = page.locator(".side svg.graph").first.bounding_box()
    assert box is not None
    before = views(page)
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 60, steps=3)
    page.mouse.up()
    one, two = views(page)
    assert one == two
    assert one != before[0]


def test_a_difference_in_words_leads_to_its_place(visit: Visit) -> None:
    page = opened(visit, "notebook", "notebook_linear", scheme="dark")
    expect(page.locator(".headline-words")).to_contain_text("21 nodes stand in both, and 9 only")
    chip = page.get_by_role("button", name=re.compile(r"x\.grad.*zeros.*None"))
    chip.click()
    expect(page.locator(".side").first.locator("g.node.selected .leaf-name")).to_have_text("x.grad")
    assert steps(page)[0] == "30 of 30"
    ending = page.locator(".ending[data-leaf='x']")
    expect(ending.locator(".verdict-word")).to_have_text("zeros | None")
    expect(ending.locator(".none")).to_have_count(1)
    expect(ending.locator(".number")).to_have_text("0")
    expect(page.locator(".ending[data-leaf='Output_Layer.bias'] .none")).to_have_count(2)
