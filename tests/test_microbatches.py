"""A batch cut in parts, against plain torch and against what the chain rule says of the factor."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import microbatches, sandbox
from explorer.autograd.runner import run
from explorer.microbatches import Cut, compare, gradients, read_cut
from explorer.ui.microbatches import sentence


def plain(cut: Cut) -> dict[str, Any]:
    """The names that plain Python is left with after the program."""
    names: dict[str, Any] = {}
    torch.manual_seed(cut.seed)
    exec(cut.program().source, names)
    return names


@st.composite
def cuts(draw: st.DrawFn) -> Cut:
    batch = draw(st.integers(2, 12))
    return Cut(
        batch=batch,
        parts=draw(st.integers(1, batch)),
        loss=draw(st.sampled_from(list(microbatches.LOSSES))),
        scale=draw(st.sampled_from(microbatches.SCALES)),
        network=draw(st.sampled_from(["one layer", "hidden layer"])),
        optimizer=draw(st.sampled_from(list(microbatches.OPTIMIZERS))),
        steps=draw(st.integers(1, 3)),
        seed=draw(st.integers(0, 20)),
    )


def expected(cut: Cut) -> Fraction | None:
    """The factor that follows from linearity; None where parts of two sizes have no common one."""
    n, k = cut.batch, cut.parts
    sizes = {len(part) for part in torch.arange(n).tensor_split(k)}
    share = {"as it is": Fraction(1), "divided by k": Fraction(1, k)}.get(cut.scale)
    if cut.loss == "mean":
        if cut.scale == "weighted by size":
            return Fraction(1)
        return None if len(sizes) > 1 else share * k
    if cut.scale == "weighted by size":
        return None if len(sizes) > 1 else Fraction(sizes.pop(), n)
    return share


@settings(max_examples=15, deadline=None)
@given(cuts())
def test_every_cut_gives_what_plain_torch_gives_and_the_factor_that_follows(cut: Cut) -> None:
    shown = run(cut.program())
    assert shown.error is None
    names = plain(cut)
    ends = {leaf.name: leaf.values.array for leaf in shown.leaves}
    for side in ("whole", "parts"):
        for name, weight in names[side].named_parameters():
            np.testing.assert_array_equal(ends[f"{side}.{name}"], weight.detach().numpy())
    factor, verdict = expected(cut), compare(gradients(shown, cut.parts))
    assert verdict is not None
    if factor is not None:
        assert verdict.factor == str(factor)
        assert verdict.low == pytest.approx(float(factor), rel=0.02)
    elif verdict.factor is None:
        assert verdict.high > verdict.low


def test_uneven_parts_of_a_mean_have_no_factor_until_they_are_weighted() -> None:
    uneven = Cut(batch=7, parts=3)
    verdict = compare(gradients(sandbox.run(uneven.program()), 3))
    assert verdict.factor is None
    assert "no one factor" in sentence(uneven, verdict)
    weighted = Cut(batch=7, parts=3, scale="weighted by size")
    assert compare(gradients(sandbox.run(weighted.program()), 3)).factor == "1"


def test_batchnorm_sees_only_its_part() -> None:
    cut = Cut(network="with BatchNorm", scale="divided by k")
    verdict = compare(gradients(sandbox.run(cut.program()), cut.parts))
    assert verdict.factor is None
    assert verdict.off > 0.01


def test_adam_takes_the_same_step_whatever_the_factor_and_sgd_does_not() -> None:
    moved = {}
    for name in ("SGD", "Adam"):
        names = plain(Cut(optimizer=name))
        steps = [names[side][0].weight.detach() - names["begin"] for side in ("whole", "parts")]
        moved[name] = (steps[1] / steps[0]).numpy()
    np.testing.assert_allclose(moved["SGD"], 3, rtol=1e-3)
    np.testing.assert_allclose(moved["Adam"], 1, rtol=1e-3)


def test_what_a_link_brings_is_put_back_into_bounds() -> None:
    assert read_cut({"batch": 4, "parts": 99, "loss": "maximum"}) == Cut(batch=4, parts=4)
    assert read_cut(None) == Cut()
