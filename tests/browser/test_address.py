"""The address bar says where the player stands, the server hears nothing, and Back goes back."""

import re

import pytest
from playwright.sync_api import Page, expect
from visiting import Visit, settled

pytestmark = pytest.mark.browser


def step(page: Page) -> str:
    return page.get_by_label("Step", exact=True).input_value()


def go(page: Page, title: str) -> None:
    page.get_by_test_id("stTopNavLink").filter(has_text=title).click()
    page.wait_for_url(re.compile(rf"{title.lower()}\?"))
    settled(page)


def test_step_node_and_number_are_in_the_link_and_open_elsewhere(visit: Visit) -> None:
    page = visit("backward?preset=xor")
    frames: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame)))
    page.reload()
    settled(page)
    expect(page.locator("g.node").first).to_be_visible()
    page.wait_for_url(re.compile("torch="))
    before = len(frames)
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile(r"at=\d\.4$"))
    page.locator("g.node.done .headline").first.click()
    page.wait_for_url(re.compile(r"at=\d\.4\.\d+$"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".copylink .word")).to_have_text("Copied")
    assert len(frames) == before
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.url
    again = visit(link.split("/", 3)[3])
    expect(again.get_by_label("Step", exact=True)).to_have_value("4")
    expect(again.locator(".why-title")).to_have_text(
        page.locator(".why-title").text_content() or "?"
    )


def test_back_and_forward_restore_page_program_and_step(visit: Visit) -> None:
    page = visit("backward?preset=tutorial")
    expect(page.locator("g.node").first).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile(r"at=0\.2"))
    go(page, "Jacobian")
    picker = page.locator(".st-key-tools input")
    picker.fill("XOR")
    picker.press("Enter")
    page.wait_for_url(re.compile("preset=xor"))
    settled(page)
    go(page, "Backward")
    expect(page.get_by_label("Step", exact=True)).to_have_value("0")
    page.go_back()
    page.wait_for_url(re.compile(r"jacobian\?preset=xor"))
    settled(page)
    page.go_back()
    page.wait_for_url(re.compile(r"jacobian\?preset=tutorial"))
    settled(page)
    page.go_back()
    page.wait_for_url(re.compile(r"backward\?preset=tutorial.*at=0\.2"))
    expect(page.get_by_label("Step", exact=True)).to_have_value("2")
    page.go_forward()
    page.wait_for_url(re.compile(r"jacobian\?preset=tutorial"))


def test_a_foolish_place_is_the_beginning(visit: Visit) -> None:
    page = visit("backward?preset=tutorial&at=9.9.9.9.9")
    expect(page.get_by_label("Step", exact=True)).to_have_value("0")
    page.wait_for_url(re.compile("^((?!at=).)*$"))


@pytest.mark.parametrize("width", [390, 1024, 1280, 1920])
def test_nothing_in_the_header_lies_on_something_else(visit: Visit, width: int) -> None:
    page = visit("backward", width=width)
    expect(page.locator(".copylink button")).to_be_visible()
    boxes = page.evaluate(
        """() => [...document.querySelectorAll(`[data-testid=stTopNavLink], .st-key-tools input,
            [data-testid=stHeaderLogo], [data-testid=stMainMenuButton], .st-key-link`)]
            .filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
            .map((e) => e.getBoundingClientRect()).filter((box) => box.width)
            .map((box) => [box.left, box.top, box.right, box.bottom])"""
    )
    assert len(boxes) >= 4
    for place, (left, top, right, bottom) in enumerate(boxes):
        assert 0 <= left < right <= width
        for other in boxes[place + 1 :]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart, (boxes[place], other)
