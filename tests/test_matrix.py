"""Cells of a large matrix, and what samples do to one another."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from explorer.autograd.jacobian import jacobian
from explorer.autograd.runner import run
from explorer.data import Axis, AxisPart, Jacobian, JacobianAsk, Values
from explorer.picture.batch import mixing, samples_of
from explorer.picture.matrix import pictured
from explorer.ui.lab.filling import joined


def matrix_of(array: np.ndarray, *widths: int) -> Jacobian:
    columns = tuple(AxisPart(f"x{i}", (width,)) for i, width in enumerate(widths))
    rows = (AxisPart("y", (array.shape[0],)),)
    return Jacobian(
        Axis(rows), Axis(columns), Values.of_array(array), (True,) * len(widths), "loop"
    )


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    rows=st.integers(1, 30),
    widths=st.lists(st.integers(1, 20), min_size=1, max_size=4),
    most=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    seed=st.integers(0, 50),
)
def test_a_cell_shows_the_entry_of_largest_size_of_its_block(
    rows: int, widths: list[int], most: tuple[int, int], seed: int
) -> None:
    array = np.random.default_rng(seed).normal(size=(rows, sum(widths)))
    array[array < -1.2] = 0
    shown = pictured(matrix_of(array, *widths), most=most)
    assert shown.array.shape == tuple(
        sum(band.cells for band in bands) for bands in (shown.rows, shown.columns)
    )
    top = 0
    for down in shown.rows:
        left = 0
        for across in shown.columns:
            for i in range(down.cells):
                for j in range(across.cells):
                    r, c = down.offset + i * down.block, across.offset + j * across.block
                    block = array[
                        r : min(r + down.block, down.offset + down.count),
                        c : min(c + across.block, across.offset + across.count),
                    ]
                    expected = block.ravel()[np.abs(block).argmax()]
                    assert shown.array[top + i, left + j] == expected
            left += across.cells
        top += down.cells


def test_what_fits_is_shown_entry_by_entry() -> None:
    array = np.arange(12.0).reshape(3, 4)
    shown = pictured(matrix_of(array, 1, 3))
    assert shown.whole
    assert (shown.array == array).all()
    assert [band.label(0) for band in shown.columns] == ["x0[0]", "x1[0]"]


def test_a_number_that_is_none_is_seen_in_its_block() -> None:
    array = np.zeros((8, 8))
    array[5, 5] = np.nan
    shown = pictured(matrix_of(array, 8), most=(4, 4))
    assert np.isnan(shown.array[2, 2])
    assert np.isnan(shown.array).sum() == 1


def test_a_thousand_by_a_thousand_fits_the_screen() -> None:
    shown = pictured(matrix_of(np.eye(1000), 1000))
    assert shown.array.shape == (500, 1000)
    assert not shown.whole
    assert shown.array.sum() == 1000  # every 1 of the diagonal is still there
    assert shown.rows[0].label(1) == "y[2] … y[3]"


def test_the_view_of_a_tensor_and_a_sample_is_cut_out_exactly() -> None:
    x = torch.randn(4, 3, requires_grad=True)
    w = torch.randn(3, 2, requires_grad=True)
    found = jacobian({"y": x @ w}, {"x": x, "w": w})
    shown = pictured(found, column_part=1, sample=2)
    assert (shown.array == found.array[4:6, 12:]).all()
    assert (shown.rows[0].label(0), shown.columns[0].label(5)) == ("y[2,0]", "w[2,1]")


@pytest.mark.parametrize(
    ("net", "mixed"),
    [
        (nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), False),
        (nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), True),
        (nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).eval(), False),
        (nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2)), False),
    ],
    ids=["mlp", "batchnorm in training", "batchnorm in evaluation", "layernorm"],
)
def test_batchnorm_in_training_mixes_samples(net: nn.Module, mixed: bool) -> None:
    x = torch.randn(5, 3, requires_grad=True)
    found = jacobian({"y": net(x)}, {"x": x})
    assert samples_of(found) == 5
    told = mixing(found, 0)
    assert told.mixed == mixed
    if mixed:
        block = found.array.reshape(5, 2, 5, 3)[told.output, :, told.input]
        assert told.largest == np.abs(block).max()
        assert told.output != told.input


def test_an_input_of_another_length_is_no_batch() -> None:
    x, w = torch.randn(5, 3, requires_grad=True), torch.randn(3, 2, requires_grad=True)
    found = jacobian({"y": x @ w}, {"w": w})
    assert mixing(found, 0) is None
    assert samples_of(jacobian({"y": (x @ w).sum()}, {"w": w})) is None


def test_pieces_of_rows_are_the_matrix() -> None:
    source = "import torch\nx = torch.linspace(-1, 1, 12).requires_grad_()\n"
    source += "w = torch.ones(1, requires_grad=True)\ny = (x.reshape(3, 4).exp() * w).cumsum(0)"
    whole = run(source, ask=(JacobianAsk("y", ("x", "w")),)).answers[0].jacobian
    asks = tuple(JacobianAsk("y", ("x", "w"), rows=rows) for rows in ((0, 5), (5, 10), (10, 12)))
    parts = [answer.jacobian for answer in run(source, ask=asks).answers]
    together = joined(parts, "y", (3, 4))
    assert (together.array == whole.array).all()
    assert (together.rows, together.columns, together.reached) == (
        whole.rows, whole.columns, whole.reached,
    )  # fmt: skip
