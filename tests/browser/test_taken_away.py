"""What is taken away works elsewhere: pictures, pages to print, a player, a file opened again."""

import struct
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import torch
from playwright.sync_api import Browser, Page, expect
from visiting import Visit

import explorer
from explorer.ui.player import storyboard
from explorer.ui.player.standalone import page as document

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=window.hacked=1>"


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


def test_a_recorded_file_is_drawn_and_a_name_in_it_does_nothing(visit: Visit, tmp_path) -> None:
    path = tmp_path / "step.json"
    recorded().save(path)
    page = visit("open")
    page.locator("input[type=file]").set_input_files(path)
    expect(page.locator("svg g.node")).to_have_count(3)
    assert page.evaluate("window.hacked") is None


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
