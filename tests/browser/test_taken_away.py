"""What is taken away works elsewhere: pictures, pages to print, a player, a file opened again."""

import struct
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import torch
from playwright.sync_api import Browser, Page, expect
from visiting import Visit

import explorer
from explorer import files
from explorer.picture import graph
from explorer.ui.player import storyboard
from explorer.ui.player.standalone import page as document

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=window.hacked=1>"

MARKUP = (
    "<svg xmlns='http://www.w3.org/2000/svg'><script>window.hacked=1</script>"
    "<image href='x' onerror='window.hacked=1'/></svg></script><script>window.hacked=1</script>"
)

HOSTILE = f"""
import torch
from torch import nn
class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.add_module({MARKUP.replace(".", "_")!r}, nn.Linear(2, 2))
    def forward(self, x):
        return next(self.children())(x)
x = torch.ones(2) * len({MARKUP!r})
net = Named()
(net(x) * len({MARKUP!r})).sum().backward()
raise ValueError({MARKUP!r})
"""
"""Markup in a module's name, in expressions, in the text itself, and in an error."""


def spoilt(value: Any) -> Any:
    """Plain data with markup in the place of every name and text that may be anything."""
    free = {"name", "text", "message", "printed", "note", "leaf", "module", "function", "source",
            "inputs", "error"}  # fmt: skip
    if isinstance(value, dict):
        return {
            k: MARKUP if k in free and isinstance(v, str) else spoilt(v) for k, v in value.items()
        }
    return [spoilt(one) for one in value] if isinstance(value, list | tuple) else value


def recorded() -> explorer.BackwardCall:
    x = torch.ones(2, requires_grad=True)
    return explorer.record((x * x).sum(), names={EVIL: x})


def test_the_player_steps_in_a_file_without_any_server(browser: Browser, tmp_path) -> None:
    path = tmp_path / "player.html"
    path.write_text(document(recorded()), encoding="utf-8")
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(path.as_uri())
    expect(page.locator("svg g.node")).to_have_count(3)
    for _ in range(3):
        page.get_by_role("button", name="Step forward").click()
    expect(page.locator(".caption")).to_contain_text("3 of 3")
    assert page.evaluate("window.hacked") is None
    assert problems == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_jacobian_in_an_exported_notebook_is_the_lab_and_needs_no_network(
    browser: Browser, tmp_path, scheme: str
) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    drawn = explorer.jacobian(x * x, {EVIL: x})._repr_mimebundle_()
    path = tmp_path / "notebook.html"
    head = '<!doctype html><meta charset="utf-8">'
    path.write_text(head + drawn["text/html"], encoding="utf-8")
    context = browser.new_context(offline=True, color_scheme=scheme)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda sent: None if sent.url.startswith("file:") else problems.append(sent))
    page.goto(path.as_uri())
    lab = page.frame_locator("iframe")
    ground = lab.locator(".sheet").evaluate("one => getComputedStyle(one).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    lab.locator(".piece.mm canvas").click(position={"x": 8, "y": 8})
    expect(lab.locator(".read")).to_contain_text(f"Raise {EVIL}[0] by a small ε")
    lab.get_by_role("textbox", name="v, typed").fill("3, 0")
    lab.get_by_role("textbox", name="v, typed").press("Enter")
    expect(lab.locator(".sum").first).to_contain_text("= 3·2= 6")
    expect(lab.locator(".told")).to_contain_text("The program is not here")
    assert [frame.evaluate("window.hacked") for frame in page.frames] == [None, None]
    assert problems == []
    context.close()


def test_a_file_full_of_markup_is_drawn_and_shows_it_as_text(visit: Visit, tmp_path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(files.encode("Run", spoilt(explorer.run(HOSTILE).to_dict())))
    page = visit("open")
    page.locator("input[type=file]").set_input_files(path)
    expect(page.locator("svg g.node").first).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator(".program")).to_contain_text("<script>")
    assert page.locator("image, img[src=x], .player script").count() == 0
    assert page.evaluate("window.hacked") is None


def test_a_script_in_a_name_does_nothing_in_any_file_that_is_taken_away(
    browser: Browser, tmp_path: Path
) -> None:
    """The player, the storyboard, the picture of a step and the labelled graph, each opened."""
    run = explorer.run(HOSTILE)
    assert MARKUP.replace(".", "_") in run.calls[0].leaves[0].name
    (tmp_path / "control.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg'><script>window.hacked=1</script></svg>"
    )
    (tmp_path / "player.html").write_text(document(run, title=MARKUP), encoding="utf-8")
    (tmp_path / "board.html").write_text(storyboard.page(run, title=MARKUP), encoding="utf-8")
    (tmp_path / "graph.svg").write_text(graph.to_svg(run.trace), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "player.html").as_uri())
    page.keyboard.press("ArrowRight")
    with page.expect_download() as download:
        page.evaluate(
            "Symbol.for('autograd-explorer.player') in globalThis && globalThis["
            "Symbol.for('autograd-explorer.player')].pictures.get('standalone')('svg', 'step')"
        )
    download.value.save_as(tmp_path / "step.svg")
    assert "&lt;script&gt;" in (tmp_path / "step.svg").read_text(encoding="utf-8")
    hacked = {}
    for name in ("control.svg", "player.html", "board.html", "graph.svg", "step.svg"):
        page.goto((tmp_path / name).as_uri())
        page.wait_for_timeout(200)
        hacked[name] = page.evaluate("window.hacked")
        assert page.locator("image, img").count() == 0
        assert page.locator("svg script").count() == (name == "control.svg")
    assert hacked.pop("control.svg") == 1, "a script in a picture would run"
    assert set(hacked.values()) == {None}
    page.close()


@pytest.mark.parametrize("kind", ["player", "lab"])
def test_a_notebook_shows_all_of_what_draws_itself(
    browser: Browser, tmp_path: Path, kind: str
) -> None:
    x = torch.linspace(-1, 1, 12, requires_grad=True)
    shown = recorded() if kind == "player" else explorer.jacobian(x * x, {"x": x})
    drawn = shown._repr_mimebundle_()["text/html"]
    path = tmp_path / "notebook.html"
    path.write_text(f'<!doctype html><div style="width:1000px">{drawn}</div>', encoding="utf-8")
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    page.goto(path.as_uri())
    inside = page.frames[1]
    expect(inside.locator("footer p, .verdict").last).to_be_visible()
    page.wait_for_timeout(500)
    for width in (1000, 640):
        page.evaluate("(px) => { document.querySelector('div').style.width = `${px}px`; }", width)
        page.wait_for_timeout(500)
        high, needed = inside.evaluate(
            "[innerHeight, Math.ceil(document.body.getBoundingClientRect().height)]"
        )
        assert high == needed
    page.close()


def saved(page: Page, kind: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=kind, exact=True).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_the_step_at_hand_is_saved_as_svg_and_png(visit: Visit, tmp_path) -> None:
    page = visit("backward?preset=tutorial")
    expect(page.locator("svg g.node").first).to_be_visible()
    for _ in range(3):
        page.get_by_role("button", name="Step forward").click()
    page.get_by_role("button", name="Take away").click()
    drawn, dots = saved(page, "SVG", tmp_path), saved(page, "PNG", tmp_path)
    assert drawn.name == "tutorial step 3.svg"
    root = ET.fromstring(drawn.read_text(encoding="utf-8"))
    tags = {element.tag.partition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "g", "path", "rect", "circle", "line", "text", "tspan", "title", "defs",
                    "pattern"}  # fmt: skip
    assert not {"class", "style", "href"} & {name for e in root.iter() for name in e.attrib}
    words = " ".join("".join(root.itertext()).split())
    assert "3 of 5: y * y uses y twice, so it sends two parts of ∂out/∂y: 2.25 each" in words
    width, height = struct.unpack(">II", dots.read_bytes()[16:24])
    assert (width, height) == (
        int(2 * float(root.get("width"))),
        int(2 * float(root.get("height"))),
    )


def test_a_storyboard_prints_every_step_on_a4(browser: Browser, tmp_path) -> None:
    path = tmp_path / "storyboard.html"
    path.write_text(storyboard.page(recorded()), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    expect(page.locator("figure")).to_have_count(3)
    assert [number.inner_text() for number in page.locator(".board-number").all()] == [
        "1",
        "2",
        "3",
    ]
    assert page.evaluate("window.hacked") is None
    printed = page.pdf(prefer_css_page_size=True)
    assert b"/MediaBox [0 0 594.95996 841.91998]" in printed
    page.close()
