"""The app as a visitor has it: cold links, stepping, a Jacobian, accumulating, both themes."""

import re

import pytest
from playwright.sync_api import Page, expect
from visiting import Visit, serving, settled

pytestmark = pytest.mark.browser

PAGES = ["", "program", "backward", "jacobian", "accumulation", "open"]
LANDMARKS = {
    "": "g.node",
    "program": "[data-testid=stCode]",
    "backward": "g.node",
    "jacobian": ".lab .piece.mm canvas",
    "accumulation": ".ledger section",
    "open": "[data-testid=stFileUploader]",
}
"""What a page has only when it has drawn its picture."""


def sentence(page: Page) -> str:
    return page.locator(".caption").inner_text()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def toggle(page: Page, label: str) -> None:
    page.get_by_test_id("stCheckbox").filter(has_text=re.compile(f"^{re.escape(label)}$")).locator(
        "label"
    ).click()
    settled(page)


# ------------------------------------------------------------------------------------ every page


# Each of these starts a server of its own; the pages differ in nothing that matters to a router.
@pytest.mark.parametrize("name", ["", "accumulation"])
def test_a_deep_link_works_as_the_first_request_of_all(name: str, open_at: Visit) -> None:
    with serving() as url:
        page = open_at(f"{url}{name}?preset=fan_out")
        expect(page.locator(LANDMARKS[name]).first).to_be_visible()
        expect(page.get_by_test_id("stTopNavLink").first).to_be_visible()
        assert name in page.url
        assert "preset=fan_out" in page.url


def test_no_page_breaks_its_content_security_policy(visit: Visit) -> None:
    page = visit("backward")
    broken: list[str] = []
    page.on(
        "console",
        lambda message: broken.append(message.text) if "Content Security" in message.text else None,
    )
    answer = page.reload()
    assert answer is not None
    assert "script-src" in answer.headers["content-security-policy"]
    for title in ("Jacobian", "Accumulation", "Program"):
        page.get_by_test_id("stTopNavLink").filter(has_text=title).click()
        expect(page.locator(LANDMARKS[title.lower()]).first).to_be_visible()
    assert broken == []


WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("name", PAGES)
def test_every_page_wears_the_theme_and_fits_the_window(name: str, visit: Visit) -> None:
    page = visit(name, scheme="dark")
    expect(page.locator(LANDMARKS[name]).first).to_be_visible()
    paper = page.get_by_test_id("stApp")
    expect(paper).to_have_css("background-color", "rgb(22, 27, 35)")
    assert page.evaluate(WIDER) <= 0
    page.emulate_media(color_scheme="light")
    expect(paper).to_have_css("background-color", "rgb(255, 255, 255)")
    assert page.evaluate(WIDER) <= 0
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_switching_the_theme_repaints_the_pictures(visit: Visit) -> None:
    page = visit("accumulation")
    light = page.locator(".tile i").first.evaluate("e => getComputedStyle(e).backgroundColor")
    page.get_by_test_id("stMainMenuButton").click()
    page.get_by_test_id("stMainMenuItem-theme-Dark").click()
    page.wait_for_function(
        "light => getComputedStyle(document.querySelector('.tile i')).backgroundColor !== light",
        arg=light,
    )


def test_the_navigation_keeps_the_program(visit: Visit) -> None:
    page = visit("jacobian?preset=notebook")
    for title in ("Backward", "Accumulation", "Program", "Jacobian"):
        page.get_by_test_id("stTopNavLink").filter(has_text=title).click()
        page.wait_for_url(re.compile(f"/{title.lower()}\\?preset=notebook"))
        settled(page)
        expect(page.locator(LANDMARKS[title.lower()]).first).to_be_visible()


def test_a_picked_program_is_in_the_link_and_survives_a_reload(visit: Visit) -> None:
    page = visit("jacobian?preset=notebook")
    picker = page.locator(".st-key-tools input")
    picker.fill("XOR")
    picker.press("Enter")
    page.wait_for_url(re.compile("preset=xor"))
    settled(page)
    page.reload()
    settled(page)
    assert "preset=xor" in page.url
    expect(page.locator(".st-key-tools input")).to_have_value(re.compile("^XOR"))


def test_a_damaged_link_opens_with_a_sentence(visit: Visit) -> None:
    page = visit("backward?net=eJyrVkrLz1eyUkpKLFKqBQ")
    expect(page.get_by_text("This link is damaged")).to_be_visible()
    expect(page.locator("g.node").first).to_be_visible()


# ---------------------------------------------------------------------------------------- player


def test_buttons_step_forward_and_back(visit: Visit) -> None:
    page = visit("backward")
    expect(page.locator("g.node")).to_have_count(5)
    rest = sentence(page)
    press(page, "Step forward")
    expect(page.locator(".caption")).not_to_have_text(rest)
    first = sentence(page)
    press(page, "Step forward")
    expect(page.locator(".caption")).not_to_have_text(first)
    press(page, "Step back")
    press(page, "Step back")
    expect(page.locator(".caption .counter")).to_have_text(re.compile("rest"))


def test_keys_step_and_play(visit: Visit) -> None:
    page = visit("backward")
    page.locator(".caption").click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Step", exact=True)).to_have_value("2")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_label("Step", exact=True)).to_have_value("1")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()


def test_stepping_asks_the_server_for_nothing(visit: Visit) -> None:
    page = visit("backward?preset=notebook")
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    settled(page)
    expect(page.locator("g.node").first).to_be_visible()
    page.wait_for_timeout(500)
    assert sent, "the frames of this page are seen at all"
    before = len(sent)
    for _ in range(5):
        press(page, "Step forward")
    page.keyboard.press("ArrowRight")
    page.get_by_label("Step", exact=True).fill("3")
    page.keyboard.press("Space")
    expect(page.get_by_label("Step", exact=True)).to_have_value("5", timeout=20_000)
    page.keyboard.press("Space")
    page.wait_for_timeout(500)
    assert len(sent) == before


def test_start_opens_at_the_third_step_and_plays_when_asked(visit: Visit) -> None:
    page = visit("")
    expect(page.get_by_label("Step", exact=True)).to_have_value("3")
    page.wait_for_timeout(700)
    expect(page.get_by_label("Step", exact=True)).to_have_value("3")
    press(page, "Play")
    expect(page.get_by_label("Step", exact=True)).to_have_value("5", timeout=20_000)


# ------------------------------------------------------------------------------- the other pages


def test_accumulating_three_times_triples_the_gradient(visit: Visit) -> None:
    page = visit("accumulation")
    toggle(page, "retain_graph")
    for count in (2, 3, 4):
        press(page, "backward()")
        expect(page.locator(".ledger section")).to_have_count(count)
    last = page.locator(".ledger section").last
    expect(last.locator(".tile")).to_have_text(["13.5", "4.5", "18"])


def test_a_graph_that_is_gone_is_said_in_torch_s_words(visit: Visit) -> None:
    page = visit("accumulation")
    press(page, "backward()")
    expect(page.get_by_text("Trying to backward through the graph a second time")).to_be_visible()
    expect(page.locator(".ledger section").first.locator(".tile")).to_have_text(
        ["None", "4.5", "4.5"]
    )


def test_a_layer_of_width_zero_gives_a_sentence_and_loses_nothing(visit: Visit) -> None:
    page = visit("program?preset=network")
    width = page.get_by_label("Width", exact=True).first
    width.fill("0")
    width.press("Enter")
    expect(page.get_by_text("The width of layer 1").first).to_be_visible()
    settled(page)
    expect(width).to_have_value("0")
    width.fill("5")
    width.press("Enter")
    expect(page.get_by_test_id("stCode").get_by_text("5").first).to_be_visible()
    page.wait_for_url(re.compile("net="))


def test_a_built_network_travels_in_its_link(visit: Visit) -> None:
    page = visit("program?preset=network")
    page.wait_for_url(re.compile("net="))
    before = page.url
    press(page, "Add a layer")
    shown = page.get_by_test_id("stCode").first
    expect(shown).to_contain_text("self.layer_3")
    page.wait_for_url(lambda url: url != before)
    settled(page)
    code = shown.inner_text()
    link = page.url.split("?")[1]
    again = visit(f"program?{link}")
    expect(again.get_by_test_id("stCode").first).to_contain_text("self.layer_3")
    assert again.get_by_test_id("stCode").first.inner_text() == code
