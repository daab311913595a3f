"""The player in a real browser: what moves, what stays, and that no word is cut."""

import re

import pytest
from playwright.sync_api import Page, expect
from visiting import Visit, settled

pytestmark = pytest.mark.browser

OUTSIDE = """() => [...document.querySelectorAll('g.node')].flatMap((node) => {
    const frame = node.querySelector('.edge')?.getBBox();
    if (!frame) return [];
    return [...node.querySelectorAll('text')].filter((text) => {
        const box = text.getBBox();
        const isBadge = text.closest('.badge');
        return !isBadge && text.textContent && (box.x < frame.x - 1 || box.y < frame.y - 1
            || box.x + box.width > frame.x + frame.width + 1
            || box.y + box.height > frame.y + frame.height + 1);
    }).map((text) => text.textContent);
})"""
"""Words of cards and beads that stick out of them."""


def step(page: Page) -> str:
    return page.get_by_label("Step", exact=True).input_value()


def states(page: Page) -> list[str]:
    """The state of each node, in the order of their numbers."""
    found = page.locator("g.node").evaluate_all(
        "nodes => nodes.map(node => [Number(node.dataset.index), node.classList[2]])"
    )
    return [state for _, state in sorted(found)]


def opened(visit: Visit, preset: str, **how: object) -> Page:
    """The Backward page with its graph drawn."""
    page = visit(f"backward?preset={preset}", **how)
    expect(page.locator("g.node").first).to_be_visible()
    return page


def test_each_node_bears_torchs_name_and_its_state(visit: Visit) -> None:
    page = opened(visit, "tutorial")
    titles = page.locator("g.node > title").all_text_contents()
    assert [title.split(":")[0].split(" of ")[0] for title in titles] == [
        "MeanBackward0", "MulBackward0", "MulBackward0", "AddBackward0", "AccumulateGrad",
    ]  # fmt: skip
    assert states(page) == ["idle"] * 5
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert states(page) == ["done", "done", "firing", "ready", "idle"]
    page.keyboard.press("ArrowLeft")
    assert states(page) == ["done", "firing", "ready", "idle", "idle"]
    page.keyboard.press("End")
    assert states(page) == ["done", "done", "done", "done", "firing"]
    page.keyboard.press("Home")
    assert states(page) == ["idle"] * 5


def test_every_button_of_the_transport_has_a_key(visit: Visit) -> None:
    page = opened(visit, "tutorial")
    counter = page.locator(".caption .counter")
    page.keyboard.press("Home")
    expect(counter).to_have_text("1 of 4, forward")
    page.keyboard.press("End")
    expect(counter).to_have_text("5 of 5")
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Speed")).to_have_text("2×")
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Home")
    page.keyboard.press("n")
    expect(page.locator(".question")).to_contain_text("Which node runs first?")
    page.keyboard.press("n")
    expect(page.locator(".question")).to_be_hidden()
    page.keyboard.press("?")
    shown = page.locator(".help dt").all_text_contents()
    assert {"Space", "Home  End", "F", "T", "P", "L", "S", "N", "/"} <= set(shown)


def test_caption_span_and_card_light_together(visit: Visit) -> None:
    page = opened(visit, "tutorial")
    page.locator("g.node[data-index='2'] .headline").dblclick()
    assert step(page) == "3"
    expect(page.locator(".caption[role=status]")).to_contain_text(
        "y * y uses y twice, so it sends two parts of ∂out/∂y: 2.25 each, everywhere. "
        "x + 2 waits for both."
    )
    expect(page.locator(".program mark")).to_have_text("y * y")
    expect(page.locator("g.node.firing .headline")).to_have_text("y * y")
    page.locator(".forward-track .tick").first.click()
    expect(page.locator("g.computed .headline")).to_have_text("x + 2")
    expect(page.locator(".caption")).to_contain_text("gives 3 everywhere")
    expect(page.locator(".program mark")).to_have_text("x + 2")


def test_tiles_fly_while_it_plays_unless_motion_is_reduced(visit: Visit) -> None:
    page = opened(visit, "tutorial")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator(".flying").first).to_be_visible()
    expect(page.get_by_label("Step", exact=True)).to_have_value("2", timeout=10_000)
    page.keyboard.press("Space")
    stopped = step(page)
    page.wait_for_timeout(1800)
    assert step(page) == stopped
    page.emulate_media(reduced_motion="reduce")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect(page.get_by_label("Step", exact=True)).to_have_value("1")
    assert states(page)[:2] == ["firing", "ready"]
    expect(page.locator(".flying")).to_have_count(0)


def test_the_place_is_kept_when_the_page_is_left(visit: Visit) -> None:
    page = opened(visit, "tutorial")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.get_by_role("link", name="Jacobian").click()
    page.wait_for_url(re.compile("jacobian"))
    settled(page)
    page.get_by_role("link", name="Backward").click()
    page.wait_for_url(re.compile("backward"))
    expect(page.get_by_label("Step", exact=True)).to_have_value("2")


def test_a_failing_call_stops_at_its_node_with_torchs_words(visit: Visit) -> None:
    page = opened(visit, "backward_twice")
    choice = page.get_by_label("Call", exact=True)
    if choice.count():
        choice.select_option("1")
    else:
        page.locator(".timeline button.call").first.click()
    page.locator(".caption").click()
    page.keyboard.press("End")
    expect(page.locator("g.node.failed")).to_have_count(1)
    expect(page.locator(".caption")).to_contain_text("Trying to backward through the graph a")


def test_the_camera_moves_and_presenting_fills_the_window(visit: Visit) -> None:
    page = opened(visit, "tutorial", scheme="dark")
    expect(page.locator(".player.dark")).to_have_count(1)
    graph = page.locator("svg.graph")
    whole = graph.get_attribute("viewBox")
    box = graph.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.8
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 120, y - 20, steps=3)
    page.mouse.up()
    assert graph.get_attribute("viewBox") != whole
    page.get_by_role("button", name="Fit", exact=True).click()
    expect(graph).to_have_attribute("viewBox", str(whole))
    page.keyboard.press("p")
    expect(page.locator(".player.presenting")).to_have_count(1)
    expect(page.locator(".panels")).to_be_hidden()
    page.get_by_role("button", name="Present", exact=True).click()
    expect(page.locator(".panels")).to_be_visible()


@pytest.mark.parametrize("preset", ["notebook", "attention", "transformer"])
def test_no_word_sticks_out_of_its_card(visit: Visit, preset: str) -> None:
    page = opened(visit, preset)
    for button in ("Fit", "Follow"):
        page.get_by_role("button", name=button, exact=True).click()
        page.keyboard.press("End")
        assert page.evaluate(OUTSIDE) == []
