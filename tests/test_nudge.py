"""A nudge measures what the program gives when somebody writes another number there."""

import math

import pytest
import torch

import explorer
from explorer import presets
from explorer.autograd.nudge import LEVELS, STEPS, lengths
from explorer.data import Nudge, NudgeAsk, NudgePoint, Program, Run
from explorer.explain.nudge import reading
from explorer.sandbox import run as run_in_sandbox

HEAD = "import torch\nimport torch.nn as nn\n"
PROGRAMS = {
    "tutorial": (("x = torch.tensor([NUMBER, 1.0], requires_grad=True)\ny = x + 2\n"
                 "out = (y * y * 3).mean()\nout.backward()\n"), "x", 1.0),
    "relu at its kink": (("x = torch.tensor([NUMBER, 1.0], requires_grad=True)\n"
                         "out = torch.relu(x).sum()\nout.backward()\n"), "x", 0.0),
    "a branch": (("x = torch.tensor(NUMBER, requires_grad=True)\n"
                 "out = x * 2 if x > 1 else x * x\nout.backward()\n"), "x", 0.95),
    "edited in place": (("x = torch.tensor([NUMBER, 2.0], requires_grad=True)\ny = x * 2\n"
                        "y.add_(1)\nout = (y * y).sum()\nout.backward()\n"), "x", 0.7),
    "cut": (("x = torch.tensor(NUMBER, requires_grad=True)\nout = x * x.detach()\n"
            "out.backward()\n"), "x", 2.0),
    "made into a leaf later": (("x = torch.tensor(NUMBER)\nbefore = x * 3\nx.requires_grad_()\n"
                               "out = x * before\nout.backward()\n"), "x", 2.0),
    "inside a function": (("def f():\n    w = torch.tensor([NUMBER, 1.0], requires_grad=True)\n"
                          "    return (w * w).sum()\nout = f()\nout.backward()\n"), "", 1.5),
    "random": (("x = torch.tensor([NUMBER, 3.0], requires_grad=True)\n"
               "out = (x * torch.rand(2)).sum() * torch.rand(())\nout.backward()\n"), "x", 0.3),
    "a custom function": (("class Half(torch.autograd.Function):\n    @staticmethod\n"
                          "    def forward(ctx, x):\n        return x / 2\n    @staticmethod\n"
                          "    def backward(ctx, g):\n        return g / 2\n"
                          "x = torch.tensor(NUMBER, requires_grad=True)\nout = Half.apply(x) ** 2\n"
                          "out.backward()\n"), "x", 3.0),
    "double precision": (("x = torch.tensor([[NUMBER]], dtype=torch.float64, requires_grad=True)\n"
                         "out = x.exp().sum()\nout.backward()\n"), "x", -0.25),
}  # fmt: skip
KINDS = {"relu at its kink": "kink", "cut": "apart", "made into a leaf later": "apart"}


def nudged(source: str, leaf: str = "x", element: int = 0, call: int = 0) -> Nudge | str:
    """What the nudge of a leaf gives, or the sentence that says why there is none."""
    bare = explorer.run(source)
    (node,) = [
        node.index
        for node in bare.trace.nodes
        if node.leaf == leaf or (leaf == "" and node.leaf is not None)
    ]
    (answer,) = explorer.run(source, ask=(NudgeAsk(call, node, element),)).answers
    return answer.error if answer.nudge is None else answer.nudge


def by_hand(source: str) -> float:
    """What plain Python gives for `out`."""
    names: dict = {}
    torch.manual_seed(0)
    exec(compile(source, "by hand", "exec"), names)
    return names["out"].item()


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_point_is_what_plain_python_gives_with_that_number_in_the_source(name: str) -> None:
    body, leaf, number = PROGRAMS[name]
    source = HEAD + body
    found = nudged(source.replace("NUMBER", repr(number)), leaf)
    assert isinstance(found, Nudge), found
    assert found.value == pytest.approx(number, rel=1e-6)
    for point in found.points[:: 1 if name == "tutorial" else 5]:
        written = source.replace("NUMBER", repr(found.value + point.step))
        assert point.output == by_hand(written), point
    assert len(found.points) == 2 * len([s for s in lengths(number) if s > 0]) + 1
    assert reading(found).kind == KINDS.get(name, "smooth")


def test_a_weight_after_some_steps_of_learning_is_the_one_that_the_step_saw() -> None:
    """The oracle changes the weight with its own hands between two steps."""
    source = HEAD + (
        "net = nn.Linear(2, 1)\nopt = torch.optim.SGD(net.parameters(), lr=0.1)\n"
        "for i in range(3):\n    EDIT\n"
        "    out = net(torch.tensor([1.0, 2.0])).tanh().pow(2).sum()\n"
        "    opt.zero_grad()\n    out.backward()\n    opt.step()\n"
    )
    found = nudged(source.replace("EDIT", "pass"), "net.weight", element=1, call=2)
    assert isinstance(found, Nudge), found
    for point in found.points[::7]:
        number = found.value + point.step
        edit = f"if i == 2: net.weight.data[0, 1] = {number!r}"
        assert point.output == by_hand(source.replace("EDIT", edit))
    assert reading(found).kind == "smooth"


def test_a_root_that_is_no_scalar_is_weighed_by_the_v_of_the_call() -> None:
    source = HEAD + (
        "x = torch.tensor([1.0, 2.0], requires_grad=True)\ny = x * x\ny.backward(y.detach())\n"
    )
    found = nudged(source, element=1)
    assert isinstance(found, Nudge)
    assert (found.output, found.gradient) == (1 * 1 + 4 * 4, 4 * 2 * 2)
    assert all(
        point.output == pytest.approx(1 + 4 * (2 + point.step) ** 2) for point in found.points
    )


@pytest.mark.parametrize(
    ("slug", "leaf", "element"),
    [("fan_out", "x", 0), ("tutorial", "x", 3), ("notebook", "Layer_1.weight", 4),
     ("neuron", "w", 0), ("xor", "net.0.weight", 3), ("custom_function", "x", 1),
     ("in_place", "x", 2), ("doubling_product", "x", 1)],
)  # fmt: skip
def test_in_presets_the_slopes_are_the_gradient_and_the_sandbox_says_the_same(
    slug: str, leaf: str, element: int
) -> None:
    program = presets.get(slug).program
    bare = explorer.run(program)
    node = next(n.index for n in bare.trace.nodes if n.leaf == leaf)
    call = next(
        number
        for number, one in enumerate(bare.calls)
        if one.kind == "backward" and any(x.node == node and x.added for x in one.leaves)
    )
    (answer,) = run_in_sandbox(program, ask=(NudgeAsk(call, node, element),)).answers
    assert answer.nudge is not None, answer.error
    assert reading(answer.nudge).kind == "smooth"
    assert len(answer.nudge.points) == 57


@pytest.mark.parametrize(
    ("op", "at", "left", "right", "torchs"),
    [("torch.relu(x)", 0.0, 0, 1, 0), ("x.abs()", 0.0, -1, 1, 0),
     ("torch.maximum(x, torch.tensor(2.0))", 2.0, 0, 1, 0.5), ("x.clamp(0, 1)", 1.0, 1, 0, 1),
     ("torch.stack([x, torch.tensor(2.0)]).max()", 2.0, 0, 1, 0.5)],
)  # fmt: skip
def test_at_a_kink_the_two_sides_differ(op, at, left, right, torchs) -> None:
    found = nudged(f"{HEAD}x = torch.tensor({at}, requires_grad=True)\ny = {op}\ny.backward()\n")
    read = reading(found)
    assert read.kind == "kink"
    assert (read.left, read.right) == pytest.approx((left, right), abs=1e-3)
    assert found.gradient == torchs


def test_a_leap_is_no_kink_and_a_side_without_numbers_is_not_guessed() -> None:
    head = HEAD + "x = torch.tensor(2.0, requires_grad=True)\n"
    assert reading(nudged(head + "(x + x.floor()).backward()\n")).kind == "jump"
    root = HEAD + "x = torch.tensor(0.0, requires_grad=True)\n((x * x) * 1 + (x + 0).sqrt() * 0)"
    read = reading(nudged(root + ".backward()\n"))
    assert (read.kind, read.left) == ("unknown", None)


@pytest.mark.parametrize(
    ("body", "why"),
    [("x = torch.ones(1).expand(3).requires_grad_()\n(x * x).sum().backward()\n", "one place"),
     ("x = torch.ones(2, requires_grad=True)\nx.backward(torch.ones(2))\n", "no function"),
     ("x = torch.tensor(1 + 2j, requires_grad=True)\n(x * x).abs().backward()\n", "not real"),
     ("x = torch.tensor(float('inf'), requires_grad=True)\n(x * 2).backward()\n", "leads nowhere"),
     ("x = torch.zeros(2, requires_grad=True)\ny = x.exp()\ny.add_(1)\ny.sum().backward()\n",
      "failed")],
)  # fmt: skip
def test_what_cannot_be_nudged_says_why(body: str, why: str) -> None:
    assert why in nudged(HEAD + body)


def test_an_element_that_is_not_there_and_a_call_that_was_not_made() -> None:
    source = f"{HEAD}x = torch.ones(2, requires_grad=True)\n(x * x).sum().backward()\n"
    assert "no element 2" in nudged(source, element=2)
    assert "no call 1" in nudged(source, call=1)


def test_a_step_at_which_the_program_raises_has_no_output_and_a_note() -> None:
    source = HEAD + (
        "x = torch.tensor(1.0, requires_grad=True)\nif x > 1.5:\n    raise ValueError('too far')\n"
        "(x * x).backward()\n"
    )
    found = nudged(source)
    far = [point for point in found.points if found.value + point.step > 1.5]
    assert far
    assert all((p.output, p.note) == (None, "the program raised ValueError: too far") for p in far)
    assert reading(found).kind == "smooth"


def test_the_run_itself_is_as_if_nobody_had_nudged() -> None:
    program = Program(HEAD + PROGRAMS["random"][0].replace("NUMBER", "0.3") + "print(x.grad)\n")
    before = torch.get_rng_state()
    bare = explorer.run(program)
    node = next(n.index for n in bare.trace.nodes if n.leaf == "x")
    asked: Run = explorer.run(program, ask=(NudgeAsk(0, node, 0),))
    assert asked.printed == bare.printed
    assert (asked.calls, asked.forward, asked.warnings) == (bare.calls, bare.forward, ())
    assert torch.equal(torch.get_rng_state(), before)
    assert Run.from_dict(asked.to_dict()) == asked


def test_the_steps_are_measured_in_the_size_of_the_number() -> None:
    assert max(lengths(0.0)) == max(lengths(1.3)) == 1.0
    assert max(lengths(0.02)) == 0.01
    assert max(lengths(-250.0)) == 100.0
    assert min(step for step in lengths(1.0) if step > 0) == min(LEVELS) / STEPS


def test_a_slope_is_found_through_the_noise_of_half_precision() -> None:
    source = HEAD + (
        "x = torch.tensor([1.5, 1.0], dtype=torch.bfloat16, requires_grad=True)\n"
        "(x * x).sum().backward()\n"
    )
    read = reading(nudged(source))
    assert read.kind == "smooth"
    assert math.isclose(read.left, 3, rel_tol=0.05)


def test_a_gradient_that_was_written_wrong_is_found_out() -> None:
    points = [NudgePoint(k / 10, (1 + k / 10) ** 3) for k in range(-10, 11)]
    wrong = Nudge(value=1.0, gradient=1.0, output=1.0, rounding=0.0, points=tuple(points))
    assert reading(wrong).kind == "apart"
