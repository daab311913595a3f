"""The Jacobian lab in a browser: what is pointed at is said, and every v is asked of torch."""

import pytest
from playwright.sync_api import Page, expect
from visiting import Visit

pytestmark = pytest.mark.browser


def answered(page: Page) -> Page:
    """The page once torch has answered: from then on nothing in it moves by itself."""
    agree = "J u and torch's forward mode agree"
    expect(page.locator(".told")).to_contain_text(agree, timeout=30_000)
    return page


def cell(page: Page, row: int, column: int, rows: int, columns: int) -> tuple[float, float]:
    """Where a cell lies on the page, in a matrix of one tensor by one tensor."""
    box = page.locator(".piece.mm canvas").bounding_box()
    return (
        box["x"] + box["width"] * (column + 0.5) / columns,
        box["y"] + box["height"] * (row + 0.5) / rows,
    )


def test_a_cell_is_said_in_words_and_keys_move_to_its_neighbours(visit: Visit) -> None:
    page = answered(visit("jacobian?preset=tutorial"))
    read = page.locator(".read")
    page.mouse.move(*cell(page, 1, 1, 4, 4))
    expect(read).to_contain_text("∂z[0,1]")
    expect(read).to_contain_text("Raise x[0,1] by a small ε, and z[0,1] changes by 18 · ε.")
    page.mouse.click(*cell(page, 1, 1, 4, 4))
    page.keyboard.press("ArrowRight")
    page.mouse.move(5, 5)
    expect(read).to_contain_text("Raise x[1,0] a little, and z[0,1] does not change.")


def test_a_typed_v_is_asked_of_torch_and_the_sum_is_written_out(visit: Visit) -> None:
    page = answered(visit("jacobian?preset=tutorial"))
    page.mouse.click(*cell(page, 0, 0, 4, 4))
    page.get_by_role("textbox", name="v, typed").fill("2, 0, 0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("v needs 4 numbers")
    page.get_by_role("textbox", name="v, typed").fill("2, 0, 0, -1")
    page.keyboard.press("Enter")
    expect(page.locator(".sum").first).to_contain_text("= 2·18")
    expect(page.locator(".sum").first).to_contain_text("= 36 ✓ torch: 36")
    expect(page.locator(".told")).to_contain_text("vᵀJ and what backward(v) leaves in .grad agree")


def test_the_weight_jacobian_prints_its_numbers_on_demand(visit: Visit) -> None:
    page = visit("jacobian?preset=outputs_by_weights")
    expect(page.get_by_text("20 × 47")).to_be_visible()
    fits = page.locator(".piece.mm canvas").bounding_box()
    page.get_by_role("checkbox", name="Numbers").check()
    printed = page.locator(".piece.mm canvas").bounding_box()
    assert printed["width"] > 47 * 50 > fits["width"]
    assert printed["height"] >= 20 * 22
