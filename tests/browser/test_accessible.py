"""No page has a violation that axe-core calls serious or critical, or is wider than its window."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from visiting import Visit, settled

from explorer.picture.theme import DARK
from explorer.ui import site

PLACES = [
    *("" if name == "start" else name for name in site.TITLES),
    "accumulation?section=Micro-batches",
    "lessons?lesson=tutorial&part=4",  # a question beside the player
    "lessons?lesson=unused&part=2",  # torch's words, cures, and the editor in the player's place
]

GRAVE = {"serious", "critical"}

DARK_PAPER = f"rgb{tuple(bytes.fromhex(DARK.paper[1:]))}"

TOO_WIDE = """() => {
    const boxes = [document.scrollingElement, document.querySelector("[data-testid=stMain]")];
    return Math.max(...boxes.map((box) => box.scrollWidth)) - innerWidth;
}"""
"""How many px of the page lie right of the window."""


@pytest.mark.parametrize("place", PLACES)
def test_no_page_has_a_grave_violation_or_scrolls_sideways(place: str, visit: Visit) -> None:
    """In light on a wide screen, and in dark on a phone in portrait."""
    page = visit(place if "?" in place else f"{place}?preset=tutorial")
    assert grave(page) == []
    assert page.evaluate(TOO_WIDE) == 0
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", DARK_PAPER)
    settled(page)
    page.wait_for_function(f"({TOO_WIDE})() === 0")
    # What is still turning dark is looked at once more.
    assert grave(page) == [] or grave(page) == []


def grave(page: Page) -> list[tuple[str, str, str]]:
    """What axe-core finds: the rule, the element and why."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        (violation["id"], node["html"][:120], node["failureSummary"][:160])
        for violation in found
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]
