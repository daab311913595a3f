"""A server of the app, and a page of it that has settled."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]

PATIENCE = 60
"""Seconds that a server may take to answer, on a machine that is busy."""

Visit = Callable[..., Page]
"""`visit("jacobian?preset=notebook", scheme="dark")`: the page, once it has settled."""

COUNT_MESSAGES = """() => {
    window.sent = 0;
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) { window.sent += 1; send.call(this, data); };
}"""
"""From here on `window.sent` counts what the page sends to the server."""


@contextmanager
def serving() -> Iterator[str]:
    """The address of a server of the app that nobody has asked anything yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", "streamlit_app.py",
        "--server.address=127.0.0.1", f"--server.port={port}", "--server.headless=true",
        "--server.fileWatcherType=none",
    ]  # fmt: skip
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        _wait_until_healthy(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if server.poll() is not None:
            output = server.stdout.read().decode() if server.stdout else ""
            pytest.fail(f"the server ended with code {server.returncode}:\n{output}")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"the server did not answer within {PATIENCE} s")


def settled(page: Page) -> None:
    """Wait until the page has drawn itself and the server has nothing more to say."""
    page.wait_for_selector("[data-testid=stMainBlockContainer]")
    page.wait_for_function(
        """() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState
            === 'notRunning'
            && !document.querySelector('[data-testid=stSkeleton], #greeting')"""
    )


class Tabs:
    """Tabs that are used again by the next visitor.

    What a tab has downloaded and compiled is kept, which is most of the time that a page takes to
    open; what a visitor left behind is not: storage, cookies, permissions, the window's size and
    what the system was said to prefer.
    """

    def __init__(self, browser: Browser) -> None:
        self._context = browser.new_context()
        self._free: list[Page] = []

    def take(self) -> Page:
        """A tab that nobody is using."""
        page = self._free.pop() if self._free else self._context.new_page()
        page.set_default_timeout(60_000)
        return page

    def go(
        self, page: Page, url: str, *, scheme: str = "light", width: int = 1280, height: int = 800
    ) -> Page:
        """The page at `url`, for somebody who has never been there, once it has settled."""
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion="no-preference")
        page.goto(urljoin(url, "/_stcore/health"))  # of the same origin, and no app
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        self._context.clear_cookies()
        self._context.clear_permissions()
        page.goto(url)
        settled(page)
        return page

    def give_back(self, page: Page, *, sound: bool) -> None:
        """Leave the tab to the next visitor, or close it where it may be spoilt."""
        if sound and not page.is_closed():
            page.goto("about:blank")
            self._free.append(page)
        else:
            page.close()

    def close(self) -> None:
        """Close every tab."""
        self._context.close()
