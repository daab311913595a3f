"""The ledger of a Run against plain torch running the same program."""

import csv
import io
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import presets
from explorer.autograd.runner import run
from explorer.data import Program, Run, Values
from explorer.ledger import Entry, Ledger, ledger_of, to_csv
from explorer.picture.ledger_svg import ledger_svg
from explorer.picture.theme import LIGHT
from explorer.press import Press, pressed


def ledger(source: str) -> Ledger:
    return ledger_of(run("import torch\n" + source))


def entry(found: Ledger, line: int, name: str) -> Entry:
    return next(e for e in found.lines[line].entries if e.name == name)


def numbers(values: Values | None) -> Any:
    return None if values is None else values.array.tolist()


FAN_OUT = "x = torch.tensor([1.0, 2.0], requires_grad=True)\nout = (x * x + 3 * x).sum()\n"


def test_each_call_is_a_line_with_its_arguments() -> None:
    source = (
        "x = torch.ones(2, requires_grad=True)\ny = x * x\n"
        "y.backward(torch.tensor([1.0, 10.0]), retain_graph=True)\n"
        "y.backward(torch.ones(2), create_graph=True, inputs=[x])\n"
    )
    lines = ledger(source).lines
    assert [(line.number, line.line) for line in lines] == [(1, 4), (2, 5)]
    assert [numbers(line.vectors[0]) for line in lines] == [[1.0, 10.0], [1.0, 1.0]]
    assert [(line.retain_graph, line.create_graph) for line in lines] == [
        (True, False), (True, True),
    ]  # fmt: skip
    assert [line.inputs for line in lines] == [(), ("x",)]


def test_the_uses_of_a_leaf_are_named_and_add_up() -> None:
    found = entry(ledger(FAN_OUT + "out.backward()"), 0, "x")
    assert [(use.expression, numbers(use.values)) for use in found.uses] == [
        ("x * x", [1.0, 2.0]), ("x * x", [1.0, 2.0]), ("3 * x", [3.0, 3.0]),
    ]  # fmt: skip
    assert numbers(found.added) == [5.0, 7.0]
    assert not found.hooked


def test_the_turns_of_a_loop_come_in_the_order_of_the_forward_pass() -> None:
    program = presets.get("shared_weight").program
    uses = ledger_of(run(program)).lines[0].entries[0].uses
    # Turn k alone uses a weight of its own: its gradient is the share of that use.
    torch.manual_seed(program.seed)
    x, weight = torch.tensor([[0.5, -1.0]]), torch.randn(2, 2)
    turns = [weight.clone().requires_grad_() for _ in range(3)]
    h = x
    for turn in turns:
        h = torch.tanh(h @ turn)
    h.pow(2).sum().backward()
    for use, turn in zip(uses, turns, strict=True):
        np.testing.assert_allclose(use.values.array, turn.grad, rtol=1e-6)


def test_a_hook_on_a_leaf_is_told_from_what_arrived() -> None:
    source = FAN_OUT + "x.register_hook(lambda g: 10 * g)\nout.backward()"
    found = entry(ledger(source), 0, "x")
    assert found.hooked
    assert numbers(found.added) == [50.0, 70.0]
    assert sum(np.array(use.values.array) for use in found.uses).tolist() == [5.0, 7.0]


def test_a_tensor_that_retains_its_grad_is_in_the_ledger() -> None:
    source = "x = torch.ones(2, requires_grad=True)\ny = x * 3\ny.retain_grad()\n"
    found = ledger(source + "(y * y).sum().backward()")
    assert list(found.shapes) == ["x", "y"]
    assert numbers(entry(found, 0, "y").added) == [6.0, 6.0]
    assert numbers(entry(found, 0, "y").after) == [6.0, 6.0]


def test_inputs_leave_the_others_as_they_were() -> None:
    source = (
        "x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)\n"
        "u = torch.ones(1, requires_grad=True)\n(x * w).sum().backward(inputs=[w])"
    )
    states = {e.name: (e.state, numbers(e.after)) for e in ledger(source).lines[0].entries}
    assert states == {
        "w": ("added", [1.0, 1.0]), "x": ("unasked", None), "u": ("unreached", None),
    }  # fmt: skip


def test_zeros_and_none_are_told_apart() -> None:
    source = (
        "x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)\n"
        "(0 * x).sum().backward()"
    )
    found = ledger(source)
    assert numbers(entry(found, 0, "x").after) == [0.0, 0.0]
    assert entry(found, 0, "w").after is None


@pytest.mark.parametrize(
    ("change", "left"),
    [("x.grad = None", None), ("x.grad.zero_()", [0.0, 0.0]), ("x.grad.mul_(2)", [10.0, 14.0])],
)
def test_what_the_program_changes_itself_is_a_line(change: str, left: Any) -> None:
    found = ledger(FAN_OUT + f"out.backward()\n{change}\nprint(x.grad)")
    assert [line.kind for line in found.lines] == ["backward", "changed"]
    assert (found.lines[1].line, found.lines[1].text) == (5, change)
    assert numbers(entry(found, 1, "x").after) == left


def test_autograd_grad_is_a_line_that_adds_nothing() -> None:
    found = ledger(FAN_OUT + "torch.autograd.grad(out, x, retain_graph=True)\nout.backward()")
    assert [(line.kind, line.number) for line in found.lines] == [("other", 1), ("backward", 2)]
    assert entry(found, 1, "x").before is None


def test_a_second_call_that_fails_says_what_was_gone_and_what_had_changed() -> None:
    # The engine takes the newest node first, so b has its gradient before exp is asked again.
    source = (
        "a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)\n"
        "out = (a.exp() + b).sum()\nout.backward()\nout.backward()"
    )
    shown = run("import torch\n" + source)
    failure = ledger_of(shown).lines[1].failure
    assert failure is not None
    assert failure.message == shown.error.message
    assert (failure.place, failure.gone, failure.freed_by) == ("a.exp()", ("result",), 1)
    grads = {leaf.name: numbers(leaf.grad) for leaf in shown.leaves}
    changed = {"a": grads["a"] != [np.float32(np.e)] * 2, "b": grads["b"] == [2.0, 2.0]}
    assert [name for name in ("a", "b") if changed[name]] == list(failure.changed)
    assert set(failure.spared) == {"a", "b"} - set(failure.changed)


def test_a_graph_that_saved_nothing_can_be_walked_twice() -> None:
    found = ledger(
        "x = torch.ones(2, requires_grad=True)\nout = (x + 1).sum()\nout.backward()\nout.backward()"
    )
    assert found.lines[1].failure is None
    assert numbers(entry(found, 1, "x").after) == [2.0, 2.0]


def test_presses_follow_the_program_s_own_calls() -> None:
    program = Program("import torch\n" + FAN_OUT + "out.backward(retain_graph=True)\n")
    presses = (
        Press("backward", keep=True),
        Press("zero_grad", to_none=False),
        Press("zero_grad"),
        Press("backward", inputs=("x",), vector="torch.tensor(2.0)"),
    )

    def after(count: int) -> Run:
        return run(pressed(program, presses[:count], leaves=["x"], call="out.backward()"))

    found = ledger_of(after(4), presses, own_lines=4, after=after)
    assert [(line.kind, line.pressed) for line in found.lines] == [
        ("backward", False), ("backward", True), ("zero_grad", True), ("zero_grad", True),
        ("backward", True),
    ]  # fmt: skip
    assert [numbers(line.entries[0].after) for line in found.lines] == [
        [5.0, 7.0], [10.0, 14.0], [0.0, 0.0], None, [10.0, 14.0],
    ]  # fmt: skip
    assert numbers(found.lines[-1].vectors[0]) == 2.0


def test_the_csv_holds_every_element_in_full() -> None:
    found = ledger(FAN_OUT + "out.backward()\nx.grad = None\nprint(x)")
    table = list(csv.DictReader(io.StringIO(to_csv(found))))
    assert [(row["element"], row["before"], row["added"], row["after"]) for row in table] == [
        ("x[0]", "None", "5.0", "5.0"), ("x[1]", "None", "7.0", "7.0"),
        ("x[0]", "5.0", "None", "None"), ("x[1]", "7.0", "None", "None"),
    ]  # fmt: skip


def test_the_svg_shows_every_line_and_is_well_formed() -> None:
    program = presets.get("backward_twice").program
    drawn = ET.fromstring(ledger_svg(ledger_of(run(program)), LIGHT))
    texts = [text.text or "" for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert [text for text in texts if text.startswith("call ")] == [
        f"call {i}" for i in range(1, 7)
    ]
    assert any(text.startswith("✕ Trying to backward") for text in texts)


# ---------------------------------------------------------------------------- random programs

TERMS = ["x * w", "x.exp()", "w.sin()", "x + w", "(x * x) * w", "x.sum() * w", "w - x.tanh()"]
NUMBERS = st.floats(-2, 2, width=32).map(lambda v: round(v, 2))


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A few terms that share their leaves, and calls with all kinds of v between clearings."""
    x, w = ([draw(NUMBERS) for _ in range(3)] for _ in range(2))
    terms = draw(st.lists(st.sampled_from(TERMS), min_size=1, max_size=4))
    lines = [
        f"x = torch.tensor({x}, requires_grad=True)",
        f"w = torch.tensor({w}, requires_grad=True)",
        "y = " + " + ".join(f"({term})" for term in terms),
    ]  # fmt: skip
    for _ in range(draw(st.integers(1, 4))):
        v = [draw(NUMBERS) for _ in range(3)]
        inputs = draw(st.sampled_from(["", ", inputs=[w]", ", inputs=[x, w]"]))
        lines.append(f"y.backward(torch.tensor({v}), retain_graph=True{inputs})")
        lines.append(draw(st.sampled_from(["", "x.grad = None", "w.grad = None"])))
        lines.append("seen.append([None if t.grad is None else t.grad.tolist() for t in (x, w)])")
    return "\n".join(lines)


@settings(max_examples=40, deadline=None)
@given(programs())
def test_every_line_is_what_plain_torch_leaves(program: str) -> None:
    plain: dict[str, Any] = {"torch": torch, "seen": []}
    try:
        exec(program, plain)
    except RuntimeError:  # a vector for a leaf that no term uses
        return
    shown = run("import torch\nseen = []\n" + program)
    found = ledger_of(shown)
    calls = [line for line in found.lines if line.kind == "backward"]
    resting: dict[str, Any] = {"x": None, "w": None}
    at = 0
    for line in found.lines:
        if line.kind == "backward" and at:
            assert [resting["x"], resting["w"]] == plain["seen"][at - 1]
        for one in line.entries:
            assert numbers(one.before) == resting[one.name]
            resting[one.name] = numbers(one.after)
            if one.state == "added":
                parts = sum(np.array(use.values.array, dtype=np.float64) for use in one.uses)
                np.testing.assert_allclose(parts, one.added.array, rtol=1e-4, atol=1e-5)
                assert not one.hooked
        at += line.kind == "backward"
    assert at == len(plain["seen"]) == len(calls)
    assert [resting["x"], resting["w"]] == plain["seen"][-1]
