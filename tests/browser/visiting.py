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

import pytest
from playwright.sync_api import Page

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
