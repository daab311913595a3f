"""No page has an accessibility violation that axe-core calls serious or critical."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from visiting import Visit, settled

from explorer.ui import site

GRAVE = {"serious", "critical"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_grave_violation(scheme: str, visit: Visit) -> None:
    page = visit("?preset=tutorial", scheme=scheme)
    address = page.url.partition("?")[0]
    found = {}
    for name in site.TITLES:
        page.goto(f"{address}{'' if name == 'start' else name}?preset=tutorial")
        settled(page)
        violations = Axe().run(page).response["violations"]
        found[name] = [
            (violation["id"], node["html"][:120], node["failureSummary"][:160])
            for violation in violations
            if violation["impact"] in GRAVE
            for node in violation["nodes"]
        ]
    assert found == {name: [] for name in site.TITLES}
