"""No page has a violation that axe-core calls serious or critical, or is wider than a phone."""

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

TOO_WIDE = """() => new Promise((tell) => setTimeout(() => {
    const boxes = [document.scrollingElement, document.querySelector("[data-testid=stMain]")];
    tell(Math.max(...boxes.map((box) => box.scrollWidth)) - innerWidth);
}, 250))"""
"""How many px of the page lie right of the window, once it has drawn itself for a new size."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_grave_violation_or_is_wider_than_a_phone(scheme: str, visit: Visit) -> None:
    page = visit("?preset=tutorial", scheme=scheme)
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
        if scheme == "light":
            page.set_viewport_size({"width": 390, "height": 844})
            over[place] = page.evaluate(TOO_WIDE)
            page.set_viewport_size({"width": 1280, "height": 800})
    assert found == {place: [] for place in PLACES}
    assert over == dict.fromkeys(over, 0)
