"""From an edit to the new picture, for a program of thirty nodes: the server's part, with the page
as it is drawn for the browser, and then all of it in a real browser, on the Program page.

A program that was never seen runs in the sandbox; one that was comes from memory.
"""

import shutil
from collections.abc import Callable, Iterator
from itertools import count, cycle
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from streamlit.testing.v1 import AppTest
from visiting import serving, settled

from explorer.data import Program
from explorer.ui import session
from explorer.ui.links import pack_program

Compare = Callable[..., Any]

APP = Path(__file__).parents[2] / "explorer/ui/app.py"

NUMBERS = count(1)

ROUNDS = 15

NEW, SEEN = "never seen", "seen before"


def source(number: int) -> str:
    """A program with thirty nodes, another one for each number."""
    turns = "".join(f"y = y.tanh() * {number}.0 + x\n" for _ in range(9))
    return (
        "import torch\nx = torch.ones(3, requires_grad=True)\n"
        f"y = x * 2\n{turns}out = y.sum()\nout.backward()\n"
    )


def test_a_program_has_thirty_nodes() -> None:
    assert len(session.run(Program(source(0))).trace.nodes) == 30


@pytest.fixture(scope="module")
def app() -> AppTest:
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["code"] = str(pack_program(Program(source(0))))
    app.run()
    return app


def shown(app: AppTest, number: int) -> None:
    app.session_state["typed program"] = session.Typed(Program(source(number)))
    app.run()
    assert not app.exception


def numbers(what: str, show: Callable[[int], None]) -> Iterator[int]:
    """Programs to show one after another: each a new one, or two that were shown before."""
    if what == NEW:
        return NUMBERS
    seen = [next(NUMBERS), next(NUMBERS)]
    for number in seen:
        show(number)
    return cycle(seen)


@pytest.mark.parametrize("what", [NEW, SEEN])
@pytest.mark.parametrize("page", ["program", "backward"])
def test_the_server_draws_the_page(measure: Compare, app: AppTest, page: str, what: str) -> None:
    app.switch_page(f"../../pages/{page}.py").run()
    each = numbers(what, lambda number: shown(app, number))
    measure(f"server: the {page} page after an edit", what, lambda: shown(app, next(each)),
            rounds=ROUNDS, baseline=NEW if what == SEEN else "")  # fmt: skip


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    command = shutil.which("chromium") or shutil.which("google-chrome")
    with serving() as url, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=command, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{url}program?code={pack_program(Program(source(0)))}")
        settled(page)
        page.locator(".variables tbody tr").first.wait_for()
        yield page
        browser.close()


PRESSED = """() => new Promise((seconds) => {
  const inside = (words) => [...document.querySelectorAll("*")]
    .map((host) => host.shadowRoot?.querySelector(words)).find((found) => found);
  const table = inside(".variables tbody").getRootNode();
  const row = ".variables tbody tr:last-child";
  const last = () => table.querySelector(`${row} td:last-child`).textContent;
  const before = last();
  const watch = new MutationObserver(() => {
    if (last() === before) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => seconds((performance.now() - began) / 1000)));
  });
  watch.observe(table, { subtree: true, childList: true, characterData: true });
  const began = performance.now();
  const enter = new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true });
  inside("textarea[aria-label=Program]").dispatchEvent(enter);
})"""
"""Ctrl+Enter; the seconds until another value at the end of the table has been painted."""


@pytest.mark.parametrize("what", [NEW, SEEN])
def test_the_browser_shows_it(clocked: Compare, page: Page, what: str) -> None:
    """By the browser's own clock, which also counts what the server takes."""
    field = page.locator("textarea[aria-label=Program]")

    def edited(number: int) -> tuple[()]:
        field.fill(source(number))
        return ()

    def run() -> float:
        return float(page.evaluate(PRESSED))

    def shown_once(number: int) -> None:
        edited(number)
        run()

    each = numbers(what, shown_once)
    clocked("browser and server: the Program page after an edit", what, run,
            fresh=lambda: edited(next(each)), rounds=ROUNDS,
            baseline=NEW if what == SEEN else "")  # fmt: skip
