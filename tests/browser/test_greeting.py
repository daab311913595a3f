"""The first picture: there before the app, in the same place, and the app goes on from it."""

import time
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from visiting import settled

pytestmark = pytest.mark.browser

BOX = """(player) => {
    const { x, y, width, height } = player.getBoundingClientRect();
    return [x, y, width, height].map(Math.round);
}"""


class Held:
    """A page that has no script of Streamlit's until it is let go."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.waiting: list[Route] | None = []
        page.route("**/static/js/index.*.js", self._asked)

    def _asked(self, route: Route) -> None:
        if self.waiting is None:
            route.continue_()
        else:
            self.waiting.append(route)

    def let_go(self) -> None:
        waiting, self.waiting = self.waiting, None
        for route in waiting or ():
            route.continue_()
        settled(self.page)


@pytest.fixture
def held(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Held]:
    for _ in range(600):  # until the server's sandbox has made the Run
        with urllib.request.urlopen(address) as answer:
            if b"greeting.js" in answer.read():
                break
        time.sleep(0.1)
    context = browser.new_context(viewport={"width": request.param, "height": 844})
    page = context.new_page()
    page.set_default_timeout(60_000)
    one = Held(page)
    page.goto(address, wait_until="commit")
    yield one
    context.close()


@pytest.mark.parametrize("held", [1280], indirect=True)
def test_it_can_be_stepped_before_the_app_is_there_which_goes_on_from_it(held: Held) -> None:
    early = held.page.locator("#greeting")
    expect(early.locator(".caption .counter")).to_have_text("3 of 5")
    assert held.page.locator("[data-testid=stApp]").count() == 0
    held.page.keyboard.press("ArrowRight")
    expect(early.locator(".caption .counter")).to_have_text("4 of 5")
    said = early.locator(".sentence").inner_text()
    place = early.locator(".player").evaluate(BOX)
    held.let_go()
    expect(held.page.locator(".caption .counter")).to_have_text("4 of 5")
    assert held.page.locator(".sentence").inner_text() == said
    assert held.page.locator(".player").evaluate(BOX) == place


@pytest.mark.parametrize("held", [390], indirect=True)
def test_it_goes_on_playing_in_the_app(held: Held) -> None:
    expect(held.page.locator("#greeting .caption .counter")).to_have_text("3 of 5")
    place = held.page.locator("#greeting .player").evaluate(BOX)
    held.page.keyboard.press("Home")
    held.page.keyboard.press("Space")
    held.let_go()
    expect(held.page.locator(".caption .counter")).to_have_text("5 of 5")
    expect(held.page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert held.page.locator(".player").evaluate(BOX)[:3] == place[:3]
