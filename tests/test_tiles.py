"""Tiles of the ledger: None, zero and numbers never look alike."""

import numpy as np
import pytest

from explorer.data import Values
from explorer.picture.cells import color_of, format_number, ink_on
from explorer.picture.theme import DARK, LIGHT, Theme
from explorer.picture.tiles import tile_html

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)


def tile(array: object, theme: Theme = LIGHT) -> str:
    values = None if array is None else Values.of_array(np.array(array, dtype=np.float64))
    return tile_html(values, scale=4.5, theme=theme, name="x.grad")


@THEMES
def test_none_zero_and_a_number_differ(theme: Theme) -> None:
    none, zero, number = tile(None, theme), tile(0.0, theme), tile(1e-9, theme)
    assert "None" in none
    assert "repeating-linear-gradient" in none
    assert theme.zero in zero
    assert theme.plus[0] in number
    assert theme.zero not in number


def test_equal_elements_are_one_number() -> None:
    assert tile([[4.5, 4.5], [4.5, 4.5]]).count("4.5</i>") == 1


def test_a_few_elements_are_printed_and_named() -> None:
    drawn = tile([1.0, -2.0, 0.0])
    assert 'title="x.grad[1] = −2"' in drawn
    assert [text in drawn for text in (">1</i>", ">−2</i>", ">0</i>")] == [True] * 3


def test_a_large_tensor_has_a_dash_in_negative_cells_only() -> None:
    drawn = tile(np.array([[1.0, -1.0] * 4] * 4))
    assert drawn.count("–</i>") == 16


def test_hover_text_cannot_break_out_of_its_attribute() -> None:
    values = Values.of_array(np.array([1.0, 2.0]))
    assert "<script" not in tile_html(values, scale=2.0, theme=LIGHT, name='"><script>')


@THEMES
def test_every_number_can_be_read_on_its_colour(theme: Theme) -> None:
    from explorer.picture.cells import _contrast

    for color in (*theme.plus, *theme.minus):
        assert _contrast(color, ink_on(color)) >= 4.5, color


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (4.5, "4.5"), (-0.0512, "−0.0512"), (1e-7, "1e−7"), (999999.0, "1e6"),
     (1234567.0, "1.23e6"), (float("-inf"), "−inf"), (13.5, "13.5"), (100.0, "100")],
)  # fmt: skip
def test_numbers_are_short(value: float, text: str) -> None:
    assert format_number(value) == text


def test_the_largest_number_has_the_deepest_colour() -> None:
    assert color_of(-4.5, 4.5, LIGHT) == LIGHT.minus[-1]
