"""Typing a program in a real browser: it runs, it is coloured, and nothing typed is lost."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect
from visiting import Visit, settled

from explorer.data import Program
from explorer.ui.links import pack_program

pytestmark = pytest.mark.browser

PROGRAM = """import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (x.sin() * x).sum()
y.backward()
print(x.grad)
"""


def field(page: Page) -> Locator:
    return page.locator("textarea[aria-label=Program]")


def coloured(page: Page) -> str:
    """The text of the layer that is seen."""
    return page.locator(".paper > pre").inner_text().rstrip("\n")


def write(page: Page, source: str) -> None:
    """Put a whole program in place of the one that is there, as pasting does."""
    field(page).click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(source)


def link(source: str) -> str:
    return f"program?code={pack_program(Program(source))}"


def go(page: Page, title: str) -> None:
    page.get_by_test_id("stTopNavLink").filter(has_text=title).click(delay=100)  # as a hand does
    page.wait_for_url(re.compile(title.lower()))
    settled(page)


def test_a_typed_program_is_seen_on_every_page_and_after_a_reload(visit: Visit) -> None:
    page = visit("program?preset=tutorial")
    page.get_by_role("button", name="Edit this program").click()
    write(page, PROGRAM)
    page.wait_for_url(re.compile("code="))
    expect(page.get_by_text("begun from “The tutorial")).to_be_visible()
    expect(page.get_by_text("tensor([1.3818, 0.0770])")).to_be_visible()
    go(page, "Backward")
    expect(page.locator("g.node > title").filter(has_text="SinBackward0")).to_have_count(1)
    page.reload()
    settled(page)
    expect(page.locator("g.node > title").filter(has_text="SinBackward0")).to_have_count(1)
    go(page, "Program")
    expect(field(page)).to_have_value(PROGRAM)


def test_leaving_at_once_takes_the_last_letter_along(visit: Visit) -> None:
    page = visit(link("import torch\nx = torch.ones(2, requires_grad=True)\ny = x.cos()\n"))
    write(page, PROGRAM.replace("sin", "tan"))
    go(page, "Backward")
    expect(page.locator("g.node > title").filter(has_text="TanBackward0")).to_have_count(1)


def test_back_brings_the_text_before(visit: Visit) -> None:
    page = visit(link(PROGRAM))
    write(page, "print('later')\n")
    expect(page.get_by_test_id("stCode").filter(has_text="later")).to_be_visible()
    settled(page)
    page.go_back()
    expect(field(page)).to_have_value(PROGRAM)


def test_the_editor_indents_and_the_colours_follow_the_text(visit: Visit) -> None:
    page = visit(link("x = 1\n"))
    write(page, "")
    page.keyboard.type("for i in range(2):\nprint(i, 'é <b>')  # no tag\n")
    typed = "for i in range(2):\n    print(i, 'é <b>')  # no tag\n    "
    expect(field(page)).to_have_value(typed)
    assert coloured(page).rstrip() == typed.rstrip()
    page.keyboard.press("Shift+Tab")
    expect(field(page)).to_have_value(typed.removesuffix("    "))
    expect(page.locator("pre .string")).to_have_text("'é <b>'")
    expect(page.locator("pre .comment")).to_have_text("# no tag")
    page.keyboard.press("ControlOrMeta+z")
    expect(field(page)).to_have_value(typed)
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(field(page)).not_to_be_focused()
    expect(field(page)).to_have_value(typed)


def test_letters_seen_lie_where_letters_are_typed(visit: Visit) -> None:
    page = visit(link("\n".join(f"name_{i} = 'ä' * {i}  # {'wide ' * 30}" for i in range(60))))
    seen, typed = (
        page.locator(f".paper > {layer}").evaluate(
            "e => [e.scrollWidth, e.scrollHeight, getComputedStyle(e).font, e.offsetTop]"
        )
        for layer in ("pre", "textarea")
    )
    assert seen == typed


def test_an_endless_loop_gives_a_sentence_and_the_app_lives(visit: Visit) -> None:
    page = visit(link(PROGRAM))
    # A text that no other try has sent: what was stopped once is remembered.
    endless = f"import torch\nn = {time.time_ns()}\nwhile True:\n    x = torch.ones(2)\n"
    write(page, endless)
    expect(page.get_by_text(re.compile(r"Running: \d\.\d s of at most 5 s"))).to_be_visible()
    expect(page.get_by_text("The program was stopped after 5 s")).to_be_visible(timeout=30_000)
    expect(field(page)).to_have_value(endless)
    write(page, PROGRAM)
    expect(page.get_by_text("tensor([1.3818, 0.0770])")).to_be_visible(timeout=20_000)


def test_a_running_program_can_be_stopped_and_run_again(visit: Visit) -> None:
    page = visit(link(PROGRAM))
    # Long enough to be stopped, and never the same text twice: what has run is remembered.
    long = f"import torch\nn = {time.time_ns()}\nprint('begun')\nwhile True:\n    n = n + 1\n"
    write(page, long)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("You stopped the program here.")).to_be_visible()
    expect(page.locator(".gutter .wrong")).to_have_text(re.compile("[45]"))
    expect(page.get_by_text("begun", exact=True)).to_be_visible()  # what it had shown stays
    page.get_by_role("button", name="Run it again").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("You stopped the program here.")).to_be_visible()


def test_a_refused_name_is_marked_in_its_line(visit: Visit) -> None:
    page = visit(link(PROGRAM))
    write(page, "import torch\n\nprint(open('secrets'))\n")
    expect(page.get_by_role("alert").filter(has_text="is not offered")).to_contain_text("Line 3")
    expect(page.locator(".gutter .wrong")).to_have_text("3")
    page.keyboard.type("#")
    expect(page.locator(".gutter .wrong")).to_have_count(0)  # it belonged to the text before


def test_one_click_cures_and_the_program_goes_on(visit: Visit) -> None:
    page = visit(link("import torch\nx = torch.ones(3, requires_grad=True)\n(x * 2).backward()\n"))
    expect(page.locator(".gutter .wrong")).to_have_text("3")
    page.get_by_role("button", name="Add the elements up first").click()
    expect(field(page)).to_have_value(re.compile("sum"))
    expect(page.locator(".gutter .wrong")).to_have_count(0)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_what_is_typed_while_a_program_runs_stays(visit: Visit) -> None:
    page = visit(link("x = 1\n"))
    write(page, "while True: pass\n")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    page.keyboard.type("# and on I type")
    expect(field(page)).to_have_value("while True: pass\n# and on I type")
    expect(page.get_by_text("was stopped after")).to_be_visible(timeout=40_000)
    settled(page)
    expect(field(page)).to_have_value("while True: pass\n# and on I type")


def test_a_damaged_link_gives_a_sentence(visit: Visit) -> None:
    page = visit("program?code=" + str(pack_program(Program(PROGRAM)))[:-6])
    expect(page.get_by_text("This link is damaged")).to_be_visible()
    expect(page.locator("g.node").first).to_be_visible()


def test_span_variable_and_node_light_up_together_without_a_message(visit: Visit) -> None:
    page = visit(link(PROGRAM))
    frames: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame)))
    page.reload()
    settled(page)
    row = page.locator(".variables tbody tr").filter(has_text=re.compile("^y"))
    before = len(frames)
    row.hover()
    expect(page.locator(".lit-part")).to_have_count(1)
    letters = page.locator(".probe").bounding_box()
    box = field(page).bounding_box()
    assert letters is not None
    assert box is not None
    page.mouse.move(box["x"] + 6 + letters["width"] / 10 * 6.5, box["y"] + 10 + 22 * 2.5)  # x.sin
    expect(row).not_to_have_class(re.compile("lit"))
    page.mouse.move(box["x"] + 6 + letters["width"] / 10 * 18.5, box["y"] + 10 + 22 * 2.5)  # .sum
    expect(row).to_have_class(re.compile("lit"))
    assert len(frames) == before
    go(page, "Backward")
    page.locator(".variables tbody tr").filter(has_text=re.compile("^y")).hover()
    expect(page.locator("g.node.lit > title")).to_have_text(re.compile("SumBackward0"))
    expect(page.locator(".line .lit")).to_have_text("(x.sin() * x).sum()")
