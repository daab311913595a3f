"""Presses of backward() and zero_grad(), written into the program and run by torch."""

import numpy as np
import pytest
import torch

from explorer import presets, press
from explorer.autograd.runner import run
from explorer.builder import NetworkSpec
from explorer.data import JacobianAsk, Program, Run, SumAsk
from explorer.press import Press, hessian_row, one_hot, second_order

SQUARE = Program(
    "import torch\nx = torch.tensor(3.0, requires_grad=True)\ny = x * x\ny.backward()\n"
)


def pressed(program: Program, *presses: Press) -> Run:
    return run(press.pressed(program, presses, leaves=("x",), call=call_of(program)))


def call_of(program: Program) -> str:
    call = press.backward_call(run(program))
    assert call is not None
    return call


def test_a_press_repeats_the_program_s_own_call() -> None:
    assert call_of(SQUARE) == "y.backward()"
    assert call_of(presets.get("tensor_output").program) == "out.backward(torch.ones_like(out))"


def test_without_a_call_the_last_tensor_is_the_root() -> None:
    bare = Program("import torch\nx = torch.ones(2, requires_grad=True)\ny = x * 2\n")
    assert call_of(bare) == "y.backward(torch.ones_like(y))"


def test_a_call_inside_a_loop_is_not_repeated_word_for_word() -> None:
    looped = Program(
        "import torch\nx = torch.ones(2, requires_grad=True)\n"
        "for i in range(2):\n    loss = (i * x).sum()\n    loss.backward()\n"
    )
    assert call_of(looped) == "loss.backward()"


def test_nothing_to_walk_gives_none() -> None:
    assert press.backward_call(run(Program("x = 1\n"))) is None
    assert press.backward_call(run(Program("x = = 1\n"))) is None


def test_presses_accumulate_where_the_graph_is_kept() -> None:
    kept = press.keep_graph(SQUARE)
    shown = pressed(kept, Press("backward", keep=True), Press("backward"))
    assert [float(call.leaves[0].after.array) for call in shown.calls] == [6, 12, 18]


def test_without_it_torch_raises_and_the_first_call_stays() -> None:
    shown = pressed(SQUARE, Press("backward"))
    assert "second time" in shown.error.message
    assert float(shown.calls[0].leaves[0].after.array) == 6


def test_zero_grad_to_none_and_to_zeros() -> None:
    kept = press.keep_graph(SQUARE)
    again = Press("backward", keep=True)
    none = pressed(kept, Press("zero_grad"), again)
    zero = pressed(kept, Press("zero_grad", to_none=False), again)
    assert none.calls[-1].leaves[0].before is None
    assert float(zero.calls[-1].leaves[0].before.array) == 0
    assert none.error is zero.error is None


def test_zero_grad_of_a_network_is_its_own_method() -> None:
    program = NetworkSpec().program()
    longer = press.pressed(program, (Press("zero_grad", to_none=False),), leaves=())
    assert longer.source.splitlines()[-1] == "net.zero_grad(set_to_none=False)"
    assert run(longer).error is None


def test_two_modules_in_one_line_are_both_cleared() -> None:
    program = presets.get("freeze_first").program
    lines = press.pressed(program, (Press("zero_grad"),), leaves=()).source.splitlines()
    assert lines[-2:] == ["first.zero_grad(set_to_none=True)", "last.zero_grad(set_to_none=True)"]


@pytest.mark.parametrize("preset", presets.all(), ids=lambda preset: preset.slug)
def test_keeping_the_graph_changes_no_other_number(preset: presets.Preset) -> None:
    kept = run(press.keep_graph(preset.program))
    if kept.program != preset.program:
        assert kept.program.source.count("retain_graph=True") >= 1
    # Where the program meant to fail, it no longer does.
    if preset.slug != "backward_twice":
        assert [v.values for v in kept.tensors] == [v.values for v in run(preset.program).tensors]


def test_columns_are_counted_in_characters() -> None:
    program = Program("名 = 'ü'; y.backward(); z.backward(v)\n")
    assert press.keep_graph(program).source == (
        "名 = 'ü'; y.backward(retain_graph=True); z.backward(v, retain_graph=True)\n"
    )


@pytest.mark.parametrize(
    ("slug", "output", "element"),
    [
        ("tutorial", "z", 2),
        ("notebook", "y", 1),
        ("outputs_by_weights", "output", 19),
        ("doubling_product", "y", 0),
        ("attention", "out", 7),
        ("neuron", "L", 0),
    ],
)
def test_one_more_backward_leaves_one_row_of_the_jacobian(
    slug: str, output: str, element: int
) -> None:
    program = presets.get(slug).program
    shown = run(program)
    variable = next(v for v in reversed(shown.tensors) if v.name == output)
    wrt = tuple(leaf.name for leaf in shown.leaves)
    J = run(program, ask=(JacobianAsk(output, wrt),)).answers[0].jacobian
    row = run(one_hot(program, variable, element))
    assert row.error is None
    added = {leaf.name: leaf.added for leaf in row.calls[-1].leaves}
    for part, start, there in zip(J.columns.parts, J.columns.starts, J.reached, strict=True):
        expected = J.array[element, start : start + len(part)]
        if there:
            np.testing.assert_allclose(added[part.name].array.ravel(), expected, atol=1e-6)
        else:
            assert added.get(part.name) is None


HESSIAN = Program("""\
import torch
W = torch.tensor([[0.3, -0.2], [0.5, 0.1]], requires_grad=True)
x = torch.tensor([1.0, 2.0], requires_grad=True)
L = (W @ x).tanh().pow(2).sum()
L.backward()
""")


def test_the_backward_of_one_entry_of_the_gradient_leaves_a_row_of_torchs_hessian() -> None:
    shown = run(HESSIAN)
    W, x = (torch.tensor(leaf.values.array) for leaf in shown.leaves)
    H = torch.autograd.functional.hessian(lambda W, x: (W @ x).tanh().pow(2).sum(), (W, x))
    loss = next(one for one in shown.tensors if one.name == "L")
    for by, (name, tensor) in enumerate((("W", W), ("x", x))):
        for element in range(tensor.numel()):
            again = run(hessian_row(HESSIAN, loss, name, tuple(tensor.shape), element))
            assert again.error is None
            left = {leaf.name: leaf.added.array for leaf in again.calls[-1].leaves}
            for other, of in (("W", 0), ("x", 1)):
                expected = H[by][of].flatten(0, tensor.dim() - 1)[element].numpy()
                np.testing.assert_allclose(left[other], expected, atol=1e-6)


def test_an_earlier_value_of_a_name_has_no_line_for_its_second_backward() -> None:
    loss = next(one for one in run(HESSIAN).tensors if one.name == "L")
    assert hessian_row(HESSIAN, loss, "x#1", (2,), 0) is None


def test_a_value_that_a_loop_has_passed_cannot_be_walked_from() -> None:
    program = presets.get("doubling_product").program
    early = next(v for v in run(program).tensors if v.name == "y" and not v.last and v.number > 1)
    assert one_hot(program, early, 0) is None


def test_the_second_order_program_is_that_of_the_notebook() -> None:
    program = presets.get("notebook").program
    shown = run(program)
    y = next(v for v in shown.tensors if v.name == "y")
    again = run(second_order(program, y, ["x"]))
    assert again.error is None
    assert [leaf.grad for leaf in again.leaves] == [leaf.grad for leaf in shown.leaves]
    by_weight = run(second_order(program, y, ["Layer_1.weight"]))
    (asked,) = run(program, ask=(SumAsk("y", ("Layer_1.weight",), ("x",)),)).answers
    assert by_weight.error is None
    x = next(leaf for leaf in by_weight.calls[-1].leaves if leaf.name == "x")
    assert x.added == asked.grads[0]
