"""torch's ways to a Jacobian: each tried on real programs, and held against the others."""

from functools import cache

import pytest

from explorer import presets, sandbox
from explorer.autograd.methods import HOWS
from explorer.autograd.runner import run
from explorer.data import Measured, MethodAsk
from explorer.ui.lab import comparison

WEIGHTS = tuple(f"net.{layer}.{kind}" for layer in (0, 2, 4) for kind in ("weight", "bias"))


@cache
def fared(slug: str, output: str, wrt: tuple[str, ...], how: str) -> Measured | str:
    answer = run(presets.get(slug).program, ask=(MethodAsk(output, wrt, how),)).answers[0]
    return answer.measured or answer.error or ""


def test_the_page_asks_for_every_way() -> None:
    assert comparison.HOWS == HOWS


@pytest.mark.parametrize("how", HOWS)
def test_all_ways_give_the_weights_of_the_question(how: str) -> None:
    found = fared("outputs_by_weights", "output", WEIGHTS, how)
    assert isinstance(found, Measured)
    assert found.shapes[:2] == ((20, 1, 4, 6), (20, 1, 4))
    assert found.difference < 1e-5
    assert found.seconds > 0
    assert found.bytes >= (20 * 47 * 4 if how != "vmap(jacrev)" else 1)


def test_the_passes_are_counted() -> None:
    counted = {how: fared("outputs_by_weights", "output", WEIGHTS, how) for how in HOWS}
    passes = {how: (one.passes, one.width) for how, one in counted.items()}
    assert passes["loop"] == (20, 1)
    assert passes["is_grads_batched"] == passes["jacrev"] == (1, 20)
    assert passes["jacfwd"] == (6, 47)


def test_a_batch_has_another_shape_by_samples() -> None:
    whole, each = (fared("tutorial", "z", ("x",), how) for how in ("jacrev", "vmap(jacrev)"))
    assert whole.shapes == ((2, 2, 2, 2),)
    assert each.shapes == ((2, 2, 2),)
    assert each.difference == 0


def test_what_samples_do_to_each_other_is_the_difference_of_the_per_sample_way() -> None:
    source = (
        "import torch\nx = torch.arange(6.).reshape(3, 2).requires_grad_()\ny = x * 2 + x.mean(0)\n"
    )
    answer = run(source, ask=(MethodAsk("y", ("x",), "vmap(jacrev)"),)).answers[0]
    assert answer.measured.difference == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("slug", "output", "how", "words"),
    [
        ("batchnorm_classifier", "y", "vmap(jacrev)", "Expected more than 1 value per channel"),
        ("xor", "y", "jacrev", "backward() called inside a functorch transform"),
        ("custom_function", "y", "jacfwd", "setup_context"),
        ("neuron", "L", "vmap(jacrev)", "A scalar has no samples"),
    ],
)
def test_a_way_that_does_not_work_is_told_in_torchs_words(
    slug: str, output: str, how: str, words: str
) -> None:
    wrt = (run(presets.get(slug).program).leaves[0].name,)
    assert words in fared(slug, output, wrt, how)


def test_a_way_that_there_is_not_is_refused() -> None:
    assert "allowed: 'loop'" in fared("tutorial", "z", ("x",), "guess")


def test_a_stranger_may_compare_too() -> None:
    ask = MethodAsk("output", WEIGHTS, "vmap(jacrev)")
    answer = sandbox.run(presets.get("outputs_by_weights").program, ask=(ask,)).answers[0]
    assert answer.measured.difference < 1e-5
