"""No page has a violation that axe-core calls serious or critical, or is wider than its window."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from visiting import Visit

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
@pytest.mark.parametrize("place", PLACES)
def test_no_page_has_a_grave_violation_or_scrolls_sideways(
    place: str, scheme: str, width: int, height: int, visit: Visit
) -> None:
    """On a wide screen and on a phone in portrait."""
    address = place if "?" in place else f"{place}?preset=tutorial"
    page = visit(address, scheme=scheme, width=width, height=height)
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [
        (violation["id"], node["html"][:120], node["failureSummary"][:160])
        for violation in found
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ] == []
    assert page.evaluate(TOO_WIDE) == 0
