"""A real Chromium against a real server of the app, both ended by the test that began them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright
from visiting import Visit, serving, settled

COMMANDS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=15_000)  # a busy machine is late, and no test is about time
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The machine's Chromium, else the one that Playwright has installed."""
    path = next(filter(None, map(shutil.which, COMMANDS)), None)
    if path is None and not Path(playwright.chromium.executable_path).exists():
        message = "no Chromium: install the chromium package, or run `playwright install chromium`"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    started = playwright.chromium.launch(
        executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
    )
    yield started
    started.close()


@pytest.fixture(scope="session")
def address(browser: Browser) -> Iterator[str]:  # noqa: ARG001 - without a browser, no server
    """One server for all tests that do not mind what was asked before."""
    with serving() as url:
        yield url


@pytest.fixture
def open_at(browser: Browser) -> Iterator[Visit]:
    """Opens a page of any server; the tests that use it see no error in the console."""
    contexts, errors = [], []

    def open_(url: str, *, scheme: str = "light", width: int = 1280, height: int = 800) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        settled(page)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def visit(address: str, open_at: Visit) -> Visit:
    """Opens a page of the shared server."""
    return lambda path, **how: open_at(address + path, **how)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser on a busy machine may be late: such a test has two more tries, and says so."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=2))
