"""What is left of the gradient in a deep network, against plain torch."""

import contextlib
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import depth, sandbox
from explorer.depth import Deep, read_deep
from explorer.picture.bars import Series, log_bars, power
from explorer.picture.theme import LIGHT
from explorer.ui.depth import norms_of, sentence


def plain(deep: Deep) -> dict[str, Any]:
    """The names that plain Python is left with after the program."""
    import torch

    names: dict[str, Any] = {}
    torch.manual_seed(deep.seed)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(deep.program().source, names)
    return names


deeps = st.builds(
    Deep,
    depth=st.integers(1, 6),
    width=st.integers(1, 5),
    batch=st.integers(2, 6),
    activation=st.sampled_from(list(depth.ACTIVATIONS)),
    init=st.sampled_from(list(depth.INITS)),
    norm=st.sampled_from(list(depth.NORMS)),
    residual=st.booleans(),
    seed=st.integers(0, 9),
)


@settings(max_examples=15, deadline=None)
@given(deeps)
def test_every_form_writes_a_program_whose_norms_are_torch_s(deep: Deep) -> None:
    import torch

    from explorer.autograd.runner import run

    shown, names = run(deep.program()), plain(deep)
    assert shown.error is None
    assert norms_of(shown, "norms") == tuple(names["norms"].tolist())
    by_hand = [torch.linalg.norm(layer.weight.grad).item() for layer in names["layers"]]
    assert norms_of(shown, "norms") == pytest.approx(by_hand)
    assert len(norms_of(shown, "flows")) == deep.depth


def test_twenty_sigmoids_leave_next_to_nothing_and_tanh_more() -> None:
    ends = {}
    for name in ("Sigmoid", "Tanh"):
        norms = norms_of(sandbox.run(Deep(activation=name).program()), "norms")
        ends[name] = norms[0] / norms[-1]
    assert ends["Sigmoid"] < 1e-15
    assert 1e-15 < ends["Tanh"] < 1e-4


def test_fifty_layers_run_in_the_sandbox() -> None:
    shown = sandbox.run(Deep(depth=50, activation="ReLU", residual=True).program())
    assert len(norms_of(shown, "norms")) == 50


def test_what_a_link_brings_is_put_back_into_bounds() -> None:
    assert read_deep({"depth": 900, "activation": "Magic"}) == Deep(depth=50)
    assert read_deep("nonsense") == Deep()


def test_bars_grow_with_the_logarithm_and_a_zero_has_none() -> None:
    drawn = log_bars([Series("x", (0.0, 1e-4, 1e-2, 1.0))], LIGHT)
    heights = [float(part.split('height="')[1].split('"')[0]) for part in drawn.split("<rect")[1:]]
    assert len(heights) == 3
    assert heights[2] - heights[1] == pytest.approx(heights[1] - heights[0], abs=0.02)
    assert ">0<" in drawn


def test_powers_and_sentences() -> None:
    assert power(-12) == "10⁻¹²"
    assert "0.01 times" in sentence(Series("Tanh", (0.01, 0.1, 1.0)))
    assert "a factor of 0.1" in sentence(Series("Tanh", (0.01, 0.1, 1.0)))
    assert "exactly 0" in sentence(Series("Sigmoid", (0.0, 1.0)))
