"""Two lessons in a real browser, walked to their end by keyboard and mouse, and one resumed."""

import pytest
from playwright.sync_api import Page, expect
from visiting import Visit, settled

pytestmark = pytest.mark.browser


def said(page: Page, words: str) -> None:
    expect(page.locator(".st-key-story")).to_contain_text(words)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    settled(page)


def test_a_room_of_the_museum_is_walked_to_its_cure_and_resumed(
    visit: Visit, open_at: Visit
) -> None:
    page = visit("lessons?lesson=unused")
    expect(page.locator("g.node")).to_have_count(0)  # predict first
    page.get_by_text("There is none: torch raises").click()
    press(page, "That is my answer")
    said(page, "appears to not have been used in the graph")
    expect(page.locator("g.node").first).to_be_visible()
    press(page, "Next step")
    page.locator(".st-key-lesson_trouble button").first.click()
    said(page, "allow_unused=True gives None")
    expect(page.locator(".st-key-lesson_program .editor")).to_contain_text("allow_unused=True")
    settled(page)

    again = open_at(page.url)
    said(again, "allow_unused=True gives None")
    press(again, "Next step")
    again.get_by_text("4, 0 and None", exact=True).click()
    press(again, "That is my answer")
    said(again, "Zero came along a path")
    expect(again.get_by_text("None: no path")).to_be_visible()  # the matrix is there
    press(again, "All lessons")
    expect(again.get_by_text("All 3 steps done")).to_be_visible()


def test_a_source_is_walked_by_keyboard_to_its_change(visit: Visit) -> None:
    page = visit("lessons?lesson=tutorial&part=4&said=0!~27!~3!")
    page.get_by_test_id("stNumberInputField").focus()
    page.keyboard.type("4.5")
    page.keyboard.press("Enter")
    said(page, "right")
    page.get_by_role("button", name="Next step").focus()
    page.keyboard.press("Enter")
    said(page, "Change one sign")
    page.get_by_test_id("stNumberInputField").focus()
    page.keyboard.type("20.25")
    page.keyboard.press("Enter")
    said(page, "Now see")
    field = page.locator(".st-key-lesson_program textarea")
    source = field.input_value()
    field.focus()
    at = source.index("y * y") + len("y * y")
    field.evaluate("(field, at) => field.setSelectionRange(at - 3, at)", at)
    page.keyboard.type("** 3")
    page.keyboard.press("Control+Enter")
    said(page, "Another node, one edge")
    expect(page.locator("g.node .headline").filter(has_text="y ** 3").first).to_be_visible()
