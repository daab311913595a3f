"""Switches that people argue about: both sides against plain torch, and in every preset."""

import contextlib
import io
from typing import Any

import numpy as np
import pytest
import torch

from explorer import presets, sandbox, switches
from explorer.autograd.runner import run
from explorer.data import Program
from explorer.picture.listing import difference_html
from explorer.picture.sides import sides_html
from explorer.picture.theme import LIGHT
from explorer.switches import SWITCHES, Outcome


def plain(source: str) -> dict[str, Any]:
    """What plain Python is left with, up to an error."""
    names: dict[str, Any] = {}
    torch.manual_seed(0)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(RuntimeError):
        exec(source, names)
    return names


def outcomes(name: str) -> dict[str, Outcome]:
    switch = SWITCHES[name]
    sides = (sandbox.run(Program(source)) for source in (switch.off, switch.on))
    return {one.name: one for one in switches.outcomes(*sides)}


def numbers(values: Any) -> Any:
    return None if values is None else pytest.approx(np.array(values.array))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SWITCHES)
def test_both_sides_are_what_plain_torch_leaves(name: str) -> None:
    found, switch = outcomes(name), SWITCHES[name]
    assert any(not one.same for one in found.values())
    for source, side in ((switch.off, "off"), (switch.on, "on")):
        for variable, value in plain(source).items():
            if isinstance(value, torch.Tensor) and f"{variable}.grad" in found:
                values = getattr(found[f"{variable}.grad"], side)
                there = value.grad
                assert (values is None) == (there is None), (variable, side)
                if there is not None:
                    np.testing.assert_array_equal(values.array, there.detach().numpy())


def test_zeros_let_the_weight_decay_and_none_does_not() -> None:
    found = outcomes("set_to_none")
    assert found["w.grad"].off is None
    assert numbers(found["w.grad"].on) == [0, 0]
    assert numbers(found["w"].off) == [1.0, 1.0]
    assert numbers(found["w"].on) == [0.99, 0.99]


def test_a_graph_that_saves_nothing_does_not_fail() -> None:
    raised = outcomes("add_only")["raises"]
    assert "second time" in raised.off_text
    assert raised.on_text == ""


def test_only_with_create_graph_a_second_derivative_exists() -> None:
    found = outcomes("create_graph")
    assert "does not require grad" in found["raises"].off_text
    assert numbers(found["x.grad"].on) == [6.0, 12.0]  # of x³: 6x
    assert "reference cycle" in found["warns"].on_text


@pytest.mark.parametrize("slug", ["tutorial", "notebook", "neuron", "transformer", "xor"])
def test_a_switch_in_a_preset_gives_two_programs_that_differ_and_run(slug: str) -> None:
    own = run(presets.get(slug).program)
    pairs = {name: switches.on_program(name, own) for name in SWITCHES}
    assert pairs["add_only"] is None
    for name, pair in pairs.items():
        if pair is None:
            continue
        assert pair[0].source != pair[1].source
        for program in pair:
            compile(program.source, name, "exec")


def test_a_hook_in_one_s_own_program_doubles_what_the_call_adds() -> None:
    own = run(presets.get("tutorial").program)
    pair = switches.on_program("leaf_hook", own)
    assert pair is not None
    (grad,) = switches.outcomes(own, run(pair[1]))
    assert numbers(grad.off) == [[4.5, 4.5], [4.5, 4.5]]
    assert numbers(grad.on) == [[9, 9], [9, 9]]


def test_the_difference_shows_lines_gone_and_new() -> None:
    drawn = difference_html("a = 1\nb = 2\nc = 3\n", "a = 1\nb = 4\nc = 3\n", LIGHT)
    assert drawn.count('class="row minus"') == drawn.count('class="row plus"') == 1


def test_rows_that_differ_say_so() -> None:
    drawn = sides_html([Outcome("x", off_text="a", on_text="b"), Outcome("y")], ("1", "2"), LIGHT)
    assert drawn.count("≠") == 1
    assert drawn.count('class="sign">=') == 1
