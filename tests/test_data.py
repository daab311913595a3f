"""Plain data stays equal, hashable and JSON; `Values` are exact for every dtype torch has."""

import json

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.autograd.values import Copier
from explorer.data import MAX_ELEMENTS, Axis, AxisPart, Span, Values

NUMPY_HAS = [
    torch.float16, torch.float32, torch.float64, torch.complex64, torch.complex128, torch.bool,
    torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.uint16,
]  # fmt: skip


@pytest.mark.parametrize("dtype", NUMPY_HAS, ids=str)
def test_a_copy_equals_torchs_own_numpy(dtype: torch.dtype) -> None:
    tensor = torch.tensor([[0, 1], [2, 3]]).to(dtype)
    values = Copier().copy(tensor)
    assert (values.shape, values.dtype) == ((2, 2), str(dtype).removeprefix("torch."))
    assert values.array.dtype == tensor.numpy().dtype
    np.testing.assert_array_equal(values.array, tensor.numpy())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2], ids=str)
def test_what_numpy_lacks_is_widened_exactly(dtype: torch.dtype) -> None:
    tensor = torch.tensor([0.5, -1.75, 3.0]).to(dtype)
    values = Copier().copy(tensor)
    assert values.dtype == str(dtype).removeprefix("torch.")
    assert values.array.tolist() == tensor.float().tolist()


def test_views_conjugates_and_sparse_tensors_are_copied_as_they_read() -> None:
    copy = Copier().copy
    matrix = torch.arange(6.0).reshape(2, 3)
    assert copy(matrix.T).array.tolist() == matrix.T.tolist()
    assert copy(matrix[:, ::2]).array.tolist() == matrix[:, ::2].tolist()
    turned = torch.tensor([1 + 2j]).conj()
    assert copy(turned).array.tolist() == [1 - 2j]
    assert copy(turned.imag).array.tolist() == [-2.0]
    assert copy(matrix.to_sparse()).array.tolist() == matrix.tolist()
    assert copy(torch.ones(()).expand(2, 2)).array.tolist() == [[1, 1], [1, 1]]


def test_a_copy_is_one_moment_and_read_only() -> None:
    tensor = torch.ones(2)
    values = Copier().copy(tensor)
    tensor.add_(1)
    assert values.array.tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="read-only"):
        values.array[0] = 5


def test_equal_numbers_are_kept_once_and_the_budget_counts_them_once() -> None:
    copier = Copier(budget=8)
    first, second = copier.copy(torch.ones(2)), copier.copy(torch.ones(2))
    assert first is second
    assert copier.copy(torch.zeros(2)).array is None
    assert copier.over_budget


def test_above_the_cap_only_statistics_are_kept() -> None:
    values = Copier().copy(torch.cat([torch.full((MAX_ELEMENTS,), -1.0), torch.tensor([np.nan])]))
    assert values.array is None
    assert (values.statistics.minimum, values.statistics.nans) == (-1.0, 1)


@pytest.mark.parametrize(
    ("array", "summary"),
    [
        (np.float32(4.5), "scalar float32, 4.5"),
        (np.full((2, 2), 4.5, np.float32), "2×2 float32, all 4.5"),
        (np.array([1.0, -2.0]), "2 float64, -2 to 1"),
        (np.array([np.nan, 1.0, np.inf]), "3 float64, 1 nan, 1 inf, else 1"),
        (np.zeros((0, 3)), "0×3 float64, no elements"),
    ],
)
def test_a_summary_says_shape_type_and_range(array, summary: str) -> None:
    assert Values.of_array(np.asarray(array)).summary == summary


def test_nan_and_infinity_survive_strict_json_and_equality() -> None:
    values = Values.of_array(np.array([np.nan, np.inf, -0.0]))
    again = Values.from_dict(json.loads(json.dumps(values.to_dict(), allow_nan=False)))
    assert again == values
    assert again.described == values.described


def test_a_file_with_a_wrong_type_is_refused_by_name() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.line"):
        Span.from_dict({"line": "one", "column": 0, "end_line": 1, "end_column": 1})


@given(st.lists(st.lists(st.integers(0, 3), max_size=3), min_size=1, max_size=4))
def test_an_axis_has_one_label_for_each_element_in_c_order(shapes) -> None:
    axis = Axis(tuple(AxisPart(f"t{i}", tuple(shape)) for i, shape in enumerate(shapes)))
    expected = [
        f"t{i}" + (f"[{','.join(map(str, index))}]" if shape else "")
        for i, shape in enumerate(shapes)
        for index in np.ndindex(*shape)
    ]
    assert list(axis) == expected == [axis[i] for i in range(len(axis))]
    assert axis[:] == tuple(expected)
    with pytest.raises(IndexError):
        axis[len(axis)]
