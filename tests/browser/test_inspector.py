"""The inspector in a real browser: why a number is what it is, by mouse and by keyboard."""

import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from visiting import Visit, settled

import explorer
from explorer import presets
from explorer.data import BackwardCall

pytestmark = pytest.mark.browser


def opened(visit: Visit, preset: str, **how: object) -> Page:
    """The Backward page with its graph drawn, and the keys going to the player."""
    page = visit(f"backward?preset={preset}", **how)
    expect(page.locator("g.node").first).to_be_visible()
    page.locator(".caption").click()
    return page


def number(text: str) -> float:
    """A number as the player writes it."""
    plain = text.replace("−", "-").replace("∞", "inf")
    return float(plain)


def row(page: Page, name: str) -> Locator:
    """The row of the Why panel that begins with `name`."""
    return page.locator(".why .row").filter(has=page.get_by_text(name, exact=True))


def total_of_terms(page: Page) -> float:
    """The sum of all the terms that are listed, and of those that are only counted."""
    total = 0.0
    for term in page.locator(".why .term").all():
        factor, weight = term.inner_text().split("×")
        total += number(factor.strip()) * number(weight.strip())
    more = row(page, "numbers").locator(".aside").all_text_contents()
    rest = re.search(r"(?:sum to|more:) (\S+)", more[0]) if more else None
    return total + (number(rest[1]) if rest else 0.0)


def page_node(page: Page) -> int:
    """The number of the node that is firing."""
    return int(page.locator("g.node.firing").get_attribute("data-index") or -1)


def first_own_call(preset: str) -> BackwardCall:
    run = explorer.run(presets.get(preset).program)
    return next(call for call in run.calls if call.kind in ("backward", "grad") and call.steps)


# --------------------------------------------------------------------------- why this number


@pytest.mark.parametrize("preset", ["tutorial", "custom_function"])
def test_the_terms_and_the_value_are_torchs_in_every_step(visit: Visit, preset: str) -> None:
    call = first_own_call(preset)
    page = opened(visit, preset)
    explained = 0
    for step in call.steps:
        page.keyboard.press("ArrowRight")
        if not step.cotangents_out or step.cotangents_out[0] is None:
            continue
        sent = step.cotangents_out[0].array
        assert sent is not None
        matrix = page.locator(".matrix")
        if not matrix.count() or not row(page, "value").count():
            continue
        matrix.focus()
        for _ in range(sent.size):
            page.keyboard.press("ArrowLeft")
        for element, real in enumerate(sent.ravel()[:6]):
            assert (
                f"Element [{','.join(map(str, np.unravel_index(element, sent.shape)))}]"
                in (matrix.get_attribute("aria-label") or "")
                or sent.shape == ()
            )
            value = row(page, "value")
            assert number(value.locator(".swatched").inner_text()) == pytest.approx(real, rel=6e-3)
            check = value.locator(".check").inner_text()
            assert check.startswith("✓ torch: ")
            assert number(check.split(": ")[1]) == pytest.approx(real, rel=6e-3)
            assert total_of_terms(page) == pytest.approx(real, rel=2e-2, abs=2e-3)
            explained += 1
            page.keyboard.press("ArrowRight")
        page.locator(".caption").click()
    assert explained >= 3


def test_two_parts_are_seen_to_add_up(visit: Visit) -> None:
    page = opened(visit, "tutorial")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".why-title")).to_have_text("Why 2.25: ∂out/∂y[0,0], part 1 of 2")
    expect(page.locator(".why .rule")).to_have_text("g · other")
    expect(row(page, "then")).to_have_text("then2.25 + 2.25 = 4.5 arrives at x + 2")
    expect(page.get_by_role("tab", name="Local Jacobian")).to_have_attribute(
        "aria-selected", "true"
    )
    page.keyboard.press("ArrowRight")
    expect(row(page, "arrived")).to_have_text("arrived2.25 + 2.25 = 4.5 = g[0,0]")


def test_a_number_in_the_bucket_leads_back_to_its_parts(visit: Visit) -> None:
    page = opened(visit, "tutorial")
    page.keyboard.press("End")
    page.locator("g.node.bucket .content .tile").click()
    expect(page.locator(".why-title")).to_contain_text("x.grad")
    expect(row(page, "value")).to_contain_text("✓ torch: 4.5")
    page.locator(".why .link").first.click()
    expect(page.locator("g.node.selected .headline")).to_have_text("x + 2")
    expect(row(page, "arrived")).to_contain_text("2.25 + 2.25 = 4.5")


def test_a_clicked_tile_cell_opens_the_number_where_it_was_made(visit: Visit) -> None:
    page = opened(visit, "shared_weight")
    page.keyboard.press("End")
    tile = page.locator("g.node.bucket .socket .tile").nth(1)
    box = tile.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.75)
    expect(page.locator(".why-title")).to_contain_text("∂loss/∂W[1,1], part 2 of 3")
    expect(row(page, "so far")).to_contain_text("not yet")


def test_a_number_of_a_large_node_is_asked_of_torch(visit: Visit) -> None:
    """The local Jacobian is too large to send; its terms come when one number is pointed at."""
    page = opened(visit, "convnet")
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".kept").get_by_text("Over 4,096 entries.")).to_be_visible()
    expect(page.locator(".why .term")).to_have_count(0)
    step = next(s for s in first_own_call("convnet").steps if page_node(page) == s.node)
    sent = step.cotangents_out[0].array.ravel()
    page.get_by_role("button", name="Explain the largest").click()
    for element in (int(np.abs(sent).argmax()), int(np.abs(sent).argmax()) + 1):
        index = ",".join(map(str, np.unravel_index(element, step.cotangents_out[0].shape)))
        expect(page.locator(".why-title")).to_contain_text(f"[{index}]")
        check = page.locator(".why .check")
        expect(check).to_contain_text("✓ torch")
        assert number(check.inner_text().split(": ")[1]) == pytest.approx(sent[element], rel=2e-2)
        assert total_of_terms(page) == pytest.approx(sent[element], rel=2e-2, abs=1e-4)
        page.locator(".kept .tile-card").first.press("ArrowRight")
    expect(page.get_by_label("Step", exact=True)).to_have_value("9")


# ----------------------------------------------------------------------------------- choosing


def test_a_click_opens_a_node_and_escape_returns_to_the_step(visit: Visit) -> None:
    page = opened(visit, "tutorial")
    page.keyboard.press("ArrowRight")
    page.locator("g.node[data-index='2'] .headline").click()
    expect(page.get_by_label("Step", exact=True)).to_have_value("1")
    expect(page.locator("g.node.selected .headline")).to_have_text("y * y")
    expect(page.locator(".program mark")).to_have_text("y * y")
    expect(page.locator(".why-title")).to_contain_text("Why 2.25")
    page.keyboard.press("Escape")
    expect(page.locator("g.node.selected")).to_have_count(0)
    expect(page.locator(".program mark")).to_have_text("z.mean()")
    page.locator("g.node[data-index='2'] .headline").dblclick()
    expect(page.get_by_label("Step", exact=True)).to_have_value("3")


def test_a_chip_opens_the_saved_tensors(visit: Visit) -> None:
    page = opened(visit, "tutorial")
    page.locator("g.node[data-index='2'] .chip").first.click()
    expect(page.get_by_role("tab", name="Saved · 2")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".kept .tile-card code")).to_have_text(["other", "self"])


def test_each_slot_has_a_matrix_of_its_own(visit: Visit) -> None:
    page = opened(visit, "shared_weight")
    page.locator("g.node.card", has_text="h @ W").first.locator(".headline").click()
    expect(page.locator(".matrix")).to_have_attribute("aria-label", re.compile("2 rows .* 2 col"))
    page.locator(".slots button").nth(1).click()
    expect(page.locator(".matrix")).to_have_attribute("aria-label", re.compile("2 rows .* 4 col"))


def test_code_node_term_and_cell_light_together(visit: Visit) -> None:
    page = opened(visit, "tutorial")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.locator("g.node[data-index='3'] .headline").hover()
    expect(page.locator(".program .lit")).to_have_text("x + 2")
    page.locator(".program mark").hover()
    expect(page.locator("g.node.lit .headline").first).to_have_text("y * y")
    page.locator(".why .term").first.hover()
    expect(page.locator(".matrix .mark.lit")).to_have_count(2)
    expect(page.locator("svg.graph .mark.lit")).to_have_count(1)


def test_search_goes_from_node_to_node(visit: Visit) -> None:
    page = opened(visit, "shared_weight")
    page.keyboard.press("/")
    page.keyboard.type("tanh")
    expect(page.locator("g.node.found")).to_have_count(3)
    page.keyboard.press("Enter")
    expect(page.locator(".find-count")).to_have_text("1/3")
    expect(page.locator("g.node.selected .headline")).to_contain_text("tanh")
    page.keyboard.press("Escape")
    expect(page.locator("g.node.found")).to_have_count(0)


def test_the_keyboard_alone_leads_to_an_explanation(visit: Visit) -> None:
    """From the first page on, without a mouse."""
    page = visit("")
    expect(page.locator("g.node").first).to_be_visible()
    active = "() => { let e = document.activeElement; while (e?.shadowRoot) e = e.shadowRoot.activeElement; return e?.getAttribute('class') ?? ''; }"  # noqa: E501
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(active).startswith("node"):
            break
    assert page.evaluate(active).startswith("node")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("g.node.selected .headline")).to_have_text("y * y")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(active) == "matrix":
            break
    page.keyboard.press("ArrowRight")
    expect(page.locator(".why-title")).to_contain_text("∂out/∂y[0,1]")
    expect(row(page, "value")).to_contain_text("✓ torch: 2.25")


def test_inspecting_asks_the_server_for_nothing(visit: Visit) -> None:
    page = visit("backward?preset=notebook")
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    settled(page)
    expect(page.locator("g.node").first).to_be_visible()
    page.wait_for_timeout(500)
    assert sent, "the frames of this page are seen at all"
    before = len(sent)
    page.locator("g.node.card .headline").first.click()
    page.locator(".matrix").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("relu")
    page.keyboard.press("Enter")
    page.get_by_role("tab", name=re.compile("Saved")).click()
    page.locator(".forward-track .tick").first.click()
    page.wait_for_timeout(500)
    assert len(sent) == before


# ------------------------------------------------------------------------- forward and predict


def test_forward_values_stand_on_the_nodes_that_made_them(visit: Visit) -> None:
    page = opened(visit, "tutorial")
    expect(page.locator(".forward-track .track-label")).to_have_text("forward, 4 ops")
    page.locator(".forward-track .tick").nth(2).click()
    expect(page.locator(".forward-value .number")).to_have_text(["27", "9", "3"])
    page.keyboard.press("ArrowRight")
    expect(page.locator(".forward-value")).to_have_count(4)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".forward-value")).to_have_count(0)


def test_an_edited_tensor_bears_its_version(visit: Visit) -> None:
    page = opened(visit, "in_place")
    choice = page.get_by_label("Call", exact=True)
    if choice.count():
        choice.select_option("1")
    else:
        page.locator(".timeline button.call").first.click()
    expect(page.locator(".chip.edited").first).to_contain_text("v1")


def test_predicting_asks_before_it_shows(visit: Visit) -> None:
    page = opened(visit, "tutorial")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.locator(".question")).to_contain_text("Which node runs first?")
    page.locator("g.node[data-index='3'] .headline").click()
    expect(page.locator(".verdict")).to_contain_text("z.mean() is next")
    expect(page.get_by_label("Step", exact=True)).to_have_value("1")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".question")).to_contain_text("has got 0.25 everywhere")
    page.keyboard.type("0.75")
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_have_text("✓ Right: 0.75.")
    expect(page.get_by_label("Step", exact=True)).to_have_value("2")
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Show me").click()
    expect(page.get_by_label("Step", exact=True)).to_have_value("3")
    expect(page.locator(".verdict")).to_be_hidden()
