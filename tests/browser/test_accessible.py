"""No page has an accessibility violation that axe-core calls serious or critical."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from visiting import Visit, settled

from explorer.ui import site

PLACES = [
    *("" if name == "start" else name for name in site.TITLES),
    "lessons?lesson=tutorial&part=4",  # a question beside the player
    "lessons?lesson=unused&part=2",  # torch's words, cures, and the editor in the player's place
]

GRAVE = {"serious", "critical"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_grave_violation(scheme: str, visit: Visit) -> None:
    page = visit("?preset=tutorial", scheme=scheme)
    address = page.url.partition("?")[0]
    found = {}
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
    assert found == {place: [] for place in PLACES}
