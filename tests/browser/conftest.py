"""A real Chromium against a real server of the app, both ended by the test that began them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright
from visiting import Tabs, Visit, serving

COMMANDS = ("chromium", "chromium-browser", "google-chrome")

ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--process-per-site"]
"""Tabs that share a process share the scripts that it has compiled."""

PASSED = pytest.StashKey[bool]()


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
    started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
    yield started
    started.close()


@pytest.fixture(scope="session")
def address(browser: Browser) -> Iterator[str]:  # noqa: ARG001 - without a browser, no server
    """One server for all tests that do not mind what was asked before."""
    with serving() as url:
        yield url


@pytest.fixture(scope="session")
def tabs(browser: Browser) -> Iterator[Tabs]:
    """The tabs of one visitor after the other."""
    tabs = Tabs(browser)
    yield tabs
    tabs.close()


@pytest.fixture
def open_at(tabs: Tabs, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Opens a page of any server, for a visitor who has never been there; the tests that use it
    see no error in the console."""
    errors: list[str] = []
    taken: list[Page] = []

    def note(error: object) -> None:
        errors.append(str(error))

    def open_(url: str, **how: object) -> Page:
        page = tabs.take()
        taken.append(page)
        page.on("pageerror", note)
        return tabs.go(page, url, **how)

    yield open_
    for page in taken:
        page.remove_listener("pageerror", note)
        tabs.give_back(page, sound=request.node.stash.get(PASSED, False))
    assert errors == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Remember how a test went: the tab of one that failed is not used again."""
    report = yield
    if call.when == "call":
        item.stash[PASSED] = report.passed
    return report


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
