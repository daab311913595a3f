"""The heatmap of a Jacobian: colours, labels, separators, and what is not zero but no path."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.autograd.second import hessian
from explorer.data import Axis, AxisPart, Jacobian, Values
from explorer.picture.heatmap import heatmap, step_scale
from explorer.picture.theme import DARK, LIGHT, Theme, level


def matrix(array: np.ndarray, *parts: AxisPart, reached: tuple[bool, ...] = ()) -> Jacobian:
    """A Jacobian of `y` by `parts`, or by one tensor `x`."""
    rows, columns = array.shape
    inputs = parts or (AxisPart("x", (columns,)),)
    return Jacobian(
        rows=Axis((AxisPart("y", (rows,)),)),
        columns=Axis(inputs),
        values=Values.of_array(array.astype(np.float64)),
        reached=reached or (True,) * len(inputs),
        method="batched",
    )


def color_at(scale: list[tuple[float, str]], place: float) -> str:
    """The colour of `place` on a scale of flat steps."""
    pieces = pairwise(scale)
    return next(color for (low, color), (high, _) in pieces if low <= place <= high and low < high)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@given(value=st.floats(-1, 1).filter(lambda v: abs(v) > 1e-6))
def test_a_number_wears_the_colour_of_its_level(theme: Theme, value: float) -> None:
    step = level(value, 1.0)
    expected = theme.plus[step - 1] if step > 0 else theme.minus[-step - 1]
    # On a border between two steps the smaller one will do.
    near = {color_at(step_scale(theme), 0.5 + v / 2) for v in (value * 0.999999, value)}
    assert expected in near


def test_only_zero_is_grey() -> None:
    scale = step_scale(LIGHT)
    assert color_at(scale, 0.5) == LIGHT.zero
    assert color_at(scale, 0.5 + 1e-7) == LIGHT.plus[0]
    assert color_at(scale, 0.5 - 1e-7) == LIGHT.minus[0]


def test_the_scale_runs_from_minus_to_plus_the_largest() -> None:
    drawn = heatmap(matrix(np.array([[1.0, -4.0], [0.0, 2.0]])), LIGHT).data[0]
    assert (drawn.zmin, drawn.zmid, drawn.zmax) == (-4, 0, 4)
    assert np.array_equal(drawn.z, [[1, -4], [0, 2]])


def test_a_matrix_of_zeros_still_has_a_scale() -> None:
    drawn = heatmap(matrix(np.zeros((2, 2))), LIGHT).data[0]
    assert drawn.zmax > 0


def test_axes_carry_the_person_s_names() -> None:
    parts = (AxisPart("Layer_1.weight", (2, 2)), AxisPart("Layer_1.bias", (2,)))
    figure = heatmap(matrix(np.ones((2, 6)), *parts), LIGHT)
    assert list(figure.layout.yaxis.ticktext) == ["y[0]", "y[1]"]
    assert figure.layout.xaxis.ticktext[2] == "Layer_1.weight[1,0]"
    assert [note.text for note in figure.layout.annotations] == [
        "<b>Layer_1.weight</b>",
        "<b>Layer_1.bias</b>",
    ]


def test_a_separator_stands_between_two_tensors() -> None:
    parts = (AxisPart("W", (2, 2)), AxisPart("b", (2,)))
    lines = heatmap(matrix(np.ones((2, 6)), *parts), LIGHT).layout.shapes
    assert [(line.type, line.x0, line.x1) for line in lines] == [("line", 3.5, 3.5)]


def test_the_hover_text_is_a_sentence() -> None:
    figure = heatmap(matrix(np.array([[0.25, 0.0]])), LIGHT)
    assert figure.data[0].hovertext[0][0] == "∂y[0] / ∂x[0] = 0.25"


def test_no_path_is_hatched_and_no_number() -> None:
    parts = (AxisPart("x", (1,)), AxisPart("unused", (2,)))
    figure = heatmap(matrix(np.zeros((1, 3)), *parts, reached=(True, False)), LIGHT)
    assert figure.data[0].z[0][0] == 0
    assert np.isnan(figure.data[0].z[0][1:]).all()
    assert (
        figure.data[0].hovertext[0][1] == "no path from y[0] to unused[0]: None, which is not zero"
    )
    assert [shape.type for shape in figure.layout.shapes] == ["line", "path"]
    assert list(figure.data[1].text) == ["0"]


def test_numbers_are_printed_where_they_can_be_read() -> None:
    assert list(heatmap(matrix(np.array([[0.25, -3.0]])), LIGHT).data[1].text) == ["0.25", "−3"]
    assert len(heatmap(matrix(np.ones((40, 40))), LIGHT).data) == 1


def test_nan_and_infinity_are_printed_and_leave_the_scale_alone() -> None:
    figure = heatmap(matrix(np.array([[1.0, np.inf, -np.inf]])), LIGHT)
    assert figure.data[0].zmax == 1
    assert list(figure.data[0].z[0]) == [1, 1, -1]
    assert list(figure.data[1].text) == ["1", "inf", "−inf"]


def test_a_large_matrix_is_thinned_out_and_says_so() -> None:
    array = np.zeros((700, 900))
    array[123, 456] = -7.0
    figure = heatmap(matrix(array), LIGHT)
    assert figure.data[0].z.shape == (350, 900)
    assert figure.data[0].z.min() == -7  # the largest of a block is what shows
    assert "largest size among 2 × 1" in figure.layout.xaxis.title.text


def test_a_block_of_a_hessian_that_no_path_leads_to_is_hatched() -> None:
    x, b = torch.ones(2, requires_grad=True), torch.ones(1, requires_grad=True)
    figure = heatmap(hessian((x**3).sum() + b.exp().sum(), {"x": x, "b": b}), LIGHT)
    assert np.isnan(figure.data[0].z[:2, 2]).all()
    assert np.isnan(figure.data[0].z[2, :2]).all()
    assert not np.isnan(figure.data[0].z[2, 2])
    assert [shape.type for shape in figure.layout.shapes].count("path") == 2


def test_a_name_in_a_figure_is_no_markup() -> None:
    figure = heatmap(matrix(np.ones((1, 1)), AxisPart("<b>", (1,))), LIGHT)
    assert figure.layout.annotations[0].text == "<b>&lt;b&gt;</b>"
    assert figure.data[0].hovertext[0][0].startswith("∂y[0] / ∂&lt;b&gt;[0]")
