"""No page has a violation that axe-core calls serious or critical, or is wider than its window."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from visiting import Visit, settled

from explorer.ui import site

PLACES = [
    *("" if name == "start" else name for name in site.TITLES),
    "accumulation?section=Micro-batches",
    "lessons?lesson=tutorial&part=4",  # a question beside the player
    "lessons?lesson=unused&part=2",  # torch's words, cures, and the editor in the player's place
]

GRAVE = {"serious", "critical"}

TOO_WIDE = """() => {
    const boxes = [document.scrollingElement, document.querySelector("[data-testid=stMain]")];
    return Math.max(...boxes.map((box) => box.scrollWidth)) - innerWidth;
}"""
"""How many px of the page lie right of the window."""


@pytest.mark.parametrize(("scheme", "width", "height"), [("light", 1280, 800), ("dark", 390, 844)])
def test_no_page_has_a_grave_violation_or_scrolls_sideways(
    scheme: str, width: int, height: int, visit: Visit
) -> None:
    """On a wide screen and on a phone in portrait."""
    page = visit("?preset=tutorial", scheme=scheme, width=width, height=height)
    address = page.url.partition("?")[0]
    found, over = {}, {}
    for place in PLACES:
        page.goto(address + (place if "?" in place else f"{place}?preset=tutorial"))
        settled(page)
        violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        found[place] = [
            (violation["id"], node["html"][:120], node["failureSummary"][:160])
            for violation in violations
            if violation["impact"] in GRAVE
            for node in violation["nodes"]
        ]
        over[place] = page.evaluate(TOO_WIDE)
    assert found == {place: [] for place in PLACES}
    assert over == dict.fromkeys(PLACES, 0)
