"""`run` keeps everything that a program showed, and the program does not notice."""

import contextlib
import io
import json
import pickle
import random

import numpy as np
import pytest
import torch

import explorer
from explorer.autograd import runner
from explorer.data import JacobianAsk, Program, Run

TUTORIAL = """\
import torch
x = torch.ones(2, 2, requires_grad=True)
y = x + 2
z = y * y * 3
out = z.mean()
out.backward()
print(x.grad)
"""

NET = """\
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.Layer_1 = nn.Linear(3, 4)
        self.act = nn.ReLU()
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        x = self.Layer_1(x)
        x = self.act(x)
        return self.out(x)

net = Net()
x = torch.tensor([[1.0, 2.0, 1.5]])
y = net(x)
loss = y.pow(2).sum()
loss.backward()
"""


def shown(source: str, **more) -> Run:
    return explorer.run("import torch\n" + source, **more)


def text_at(run: Run, span) -> str:
    line = run.program.source.splitlines()[span.line - 1]
    assert span.line == span.end_line
    return line[span.column : span.end_column]


# ----------------------------------------------------------------------------- the same as Python


@pytest.mark.parametrize("source", [TUTORIAL, NET])
def test_the_same_program_gives_an_equal_run_that_survives_json_and_pickle(source: str) -> None:
    first, second = explorer.run(source, seed=3), explorer.run(source, seed=3)
    assert first == second
    assert hash(first) == hash(second)
    assert pickle.loads(pickle.dumps(first)) == first
    again = Run.from_dict(json.loads(json.dumps(first.to_dict(), allow_nan=False)))
    assert again == first
    assert again.calls[0].trace is again.trace


def test_it_prints_what_python_prints() -> None:
    source = TUTORIAL + "print(out, y.grad_fn is None, f'{out.item():.2f}\\n', sep='|')\n"
    buffer = io.StringIO()
    with contextlib.redirect_stdout(buffer):
        exec(compile(source, "<plain>", "exec"), {})
    assert explorer.run(source).printed == buffer.getvalue()


def test_memory_addresses_are_masked() -> None:
    run = shown("x = torch.ones(1, requires_grad=True)\nprint((x * 2).grad_fn)")
    assert run.printed == "<MulBackward0 object at 0x…>\n"


def test_the_seed_covers_torch_random_and_numpy() -> None:
    numbers = "torch.rand(1).item(), random.random(), numpy.random.rand()"
    source = f"import random, numpy\nprint({numbers})"
    assert shown(source, seed=1).printed == shown(source, seed=1).printed
    assert shown(source, seed=1).printed != shown(source, seed=2).printed
    torch.manual_seed(7)
    expected = str(torch.rand(1).item())
    assert shown("print(torch.rand(1).item())", seed=7).printed == expected + "\n"


def test_the_process_is_afterwards_as_it_was() -> None:
    before = torch.random.get_rng_state(), random.getstate(), torch.get_default_dtype()
    shown("torch.set_default_dtype(torch.float64)\ntorch.set_grad_enabled(False)\ntorch.rand(3)")
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert torch.get_default_dtype() == before[2]
    assert torch.is_grad_enabled()
    assert torch.autograd.Function.apply.__module__ == "torch.autograd.function"


# ------------------------------------------------------------------------- the forward, with spans


def test_each_op_knows_the_innermost_expression_that_called_it() -> None:
    run = explorer.run(TUTORIAL)
    made = {op.function: text_at(run, op.span) for op in run.forward if op.nodes}
    assert made == {"add": "x + 2", "mul": "y * y * 3", "mean": "z.mean()"}
    spans = [text_at(run, node.span) for node in run.trace.nodes if node.span]
    assert spans == ["z.mean()", "y * y * 3", "y * y", "x + 2"]


def test_columns_count_characters_not_bytes() -> None:
    run = shown("α = torch.ones(1, requires_grad=True)\nβ = 'ü'; γ = α * 2 + α")
    spans = {node.name: text_at(run, node.span) for node in run.trace.nodes if node.span}
    assert spans == {"AddBackward0": "α * 2 + α", "MulBackward0": "α * 2"}


def test_nodes_made_in_a_method_carry_its_line_and_module() -> None:
    run = explorer.run(NET)
    made = {(n.name, n.module): text_at(run, n.span) for n in run.trace.nodes if n.span}
    assert made["AddmmBackward0", "Layer_1"] == "self.Layer_1(x)"
    assert made["ReluBackward0", "act"] == "self.act(x)"
    assert made["PowBackward0", None] == "y.pow(2)"
    leaves = {node.leaf for node in run.trace.nodes if node.leaf}
    assert leaves == {"Layer_1.weight", "Layer_1.bias", "out.weight", "out.bias"}


def test_making_a_module_is_no_forward() -> None:
    run = explorer.run(NET)
    functions = [op.function for op in run.forward]
    assert functions == ["tensor", "linear", "relu", "linear", "pow", "sum"]


def test_two_modules_are_told_apart_by_their_variables() -> None:
    run = shown(
        "from torch import nn\na, b = nn.Linear(1, 1), nn.Linear(1, 1)\n"
        "b(a(torch.ones(1, 1))).sum().backward()"
    )
    assert [leaf.name for leaf in run.calls[0].leaves] == [
        "b.bias", "a.bias", "b.weight", "a.weight",
    ]  # fmt: skip


def test_a_parameter_is_named_by_its_module_whatever_variable_it_passed_through() -> None:
    run = explorer.run(NET + "for p in net.parameters():\n    print(p.grad.norm())\n")
    names = {leaf.name for leaf in run.calls[0].leaves}
    assert names == {"Layer_1.weight", "Layer_1.bias", "out.weight", "out.bias"}


def test_an_op_holds_the_numbers_of_its_moment() -> None:
    run = shown("a = torch.ones(2)\nb = a * 3\na.add_(5)\nc = a * 1\na.data.fill_(9.)\nd = a + 0")
    read = [(op.function, op.inputs[0].values.array.tolist()) for op in run.forward if op.inputs]
    assert read[0] == ("mul", [1.0, 1.0])
    assert read[2] == ("mul", [6.0, 6.0])
    assert read[-1] == ("add", [9.0, 9.0])
    add_ = next(op for op in run.forward if op.function == "add_")
    assert add_.edited == (add_.inputs[0].tensor,)
    assert (add_.inputs[0].version, add_.outputs[0].version) == (0, 1)
    assert add_.outputs[0].values.array.tolist() == [6.0, 6.0]


@pytest.mark.parametrize(
    ("line", "cut"),
    [
        ("with torch.no_grad(): y = x * 2", "no_grad"),
        ("with torch.inference_mode(): y = x * 2", "inference_mode"),
        ("y = x.detach()", "detach"),
        ("y = x.data", "data"),
        ("y = torch.nn.functional.linear(torch.ones(2), frozen)", "frozen"),
        ("y = x * 2", None),
        ("y = torch.ones(2) * 2", None),
        ("y = torch.tensor(x)", "torch.tensor"),
        ("y = x.argmax()", "argmax"),
        ("y = x > 0", None),
    ],
)
def test_a_cut_is_noted_where_it_is_made(line: str, cut: str | None) -> None:
    run = shown(
        "x = torch.ones(2, requires_grad=True)\n"
        "frozen = torch.nn.Parameter(torch.ones(3, 2), requires_grad=False)\n" + line
    )
    assert run.error is None
    assert run.forward[-1].cut == cut


def test_a_custom_function_is_one_op_and_its_own_forward_is_no_cut() -> None:
    run = shown(
        "class Twice(torch.autograd.Function):\n"
        "    @staticmethod\n"
        "    def forward(ctx, x):\n"
        "        return x * 2\n"
        "    @staticmethod\n"
        "    def backward(ctx, g):\n"
        "        return g * 2\n"
        "x = torch.ones(2, requires_grad=True)\n"
        "y = Twice.apply(x)\n"
        "y.sum().backward()\n"
    )
    assert [(op.function, op.cut) for op in run.forward] == [
        ("ones", None), ("Twice", None), ("sum", None),
    ]  # fmt: skip
    node = next(node for node in run.trace.nodes if node.name == "TwiceBackward")
    assert text_at(run, node.span) == "Twice.apply(x)"


def test_an_optimizer_is_no_cut() -> None:
    run = explorer.run(NET + "torch.optim.SGD(net.parameters(), lr=0.1).step()\n")
    assert {op.cut for op in run.forward} == {None}


# ------------------------------------------------------------------------------------- variables


def test_a_name_that_is_assigned_again_keeps_each_of_its_values() -> None:
    run = shown(
        "x = torch.tensor([1.0, 3.0], requires_grad=True)\ny = x * 2\n"
        "while y.data.norm() < 1000:\n    y = y * 2\ny.backward(torch.tensor([1.0, 1.0]))"
    )
    ys = [v for v in run.tensors if v.name == "y"]
    assert [v.number for v in ys] == list(range(1, 10))
    assert [v.values.array[0] for v in ys] == [2.0**k for k in range(1, 10)]
    assert [v.last for v in ys] == [False] * 8 + [True]
    assert [run.trace.nodes[v.node].name for v in ys] == ["MulBackward0"] * 9
    assert len({v.node for v in ys}) == 9


def test_a_variable_edited_in_place_is_placed_at_each_version() -> None:
    run = shown("x = torch.ones(1, requires_grad=True)\ny = x * 2\ny += 1\ny.sum().backward()")
    ys = [(v.number, v.grad_fn) for v in run.tensors if v.name == "y"]
    assert ys == [(1, "MulBackward0"), (2, "AddBackward0")]


def test_a_variable_tells_what_python_tells_of_it() -> None:
    run = explorer.run(TUTORIAL)
    x, y = run.tensors[0], run.tensors[1]
    assert (x.name, x.is_leaf, x.requires_grad, x.grad_fn) == ("x", True, True, None)
    assert (y.name, y.is_leaf, y.requires_grad, y.grad_fn) == ("y", False, True, "AddBackward0")
    assert x.grad.array.tolist() == [[4.5, 4.5], [4.5, 4.5]]
    assert y.grad is None
    assert run.trace.nodes[x.node].leaf == "x"


def test_every_leaf_is_listed_with_its_gradient_reached_or_not() -> None:
    run = explorer.run(NET + "parts = [torch.ones(1, requires_grad=True)]\n")
    grads = {leaf.name: leaf.grad for leaf in run.leaves}
    assert list(grads) == [
        "Layer_1.weight", "Layer_1.bias", "out.weight", "out.bias", "parts[0]",
    ]  # fmt: skip
    assert grads["parts[0]"] is None
    assert {leaf.name: leaf.after for leaf in run.calls[0].leaves}.items() <= grads.items()


# ----------------------------------------------------------------------------------------- calls


def test_every_call_is_kept_in_order_with_its_arguments() -> None:
    run = shown(
        "x = torch.ones(2, requires_grad=True)\n"
        "y = x.exp()\n"
        "y.backward(torch.tensor([1.0, 2.0]), retain_graph=True)\n"
        "g, = torch.autograd.grad(y, [x], torch.ones(2), create_graph=True)\n"
        "torch.autograd.backward([g.sum()])\n"
    )
    first, second, third = run.calls
    assert [call.kind for call in run.calls] == ["backward", "grad", "backward"]
    assert first.gradient[0].array.tolist() == [1.0, 2.0]
    assert (first.retain_graph, first.create_graph) == (True, False)
    assert (second.retain_graph, second.create_graph) == (True, True)
    assert second.inputs == ("x",)
    np.testing.assert_allclose(second.results[0].array, np.exp([1, 1]), rtol=1e-6)
    assert text_at(run, third.span) == "torch.autograd.backward([g.sum()])"
    np.testing.assert_allclose(third.leaves[0].after.array, np.e * np.array([2, 3]), rtol=1e-6)
    assert all(call.trace is run.trace for call in run.calls)


def test_nodes_that_a_call_makes_carry_its_span() -> None:
    run = shown(
        "x = torch.ones(2, requires_grad=True)\n"
        "g, = torch.autograd.grad(x.exp().sum(), x, create_graph=True)\n"
    )
    made = [n.name for n in run.trace.nodes if n.span and "grad(" in text_at(run, n.span)]
    assert made == ["MulBackward0"]


@pytest.mark.parametrize(
    ("line", "kind", "has_steps"),
    [
        ("torch.autograd.functional.jacobian(f, x)", "functional", True),
        ("torch.autograd.functional.jacobian(f, x, vectorize=True)", "batched", False),
        ("torch.func.jacrev(f)(x)", "func", False),
        ("torch.func.grad(lambda t: f(t).sum())(x)", "func", False),
        ("torch.autograd.gradcheck(f, (x,))", "gradcheck", True),
    ],
)
def test_calls_made_by_torch_itself_say_so(line: str, kind: str, has_steps: bool) -> None:
    run = shown(
        "x = torch.ones(2, dtype=torch.float64, requires_grad=True)\n"
        "f = lambda t: t.exp()\nanswer = " + line + "\nprint(answer)"
    )
    assert run.error is None
    assert kind in {call.kind for call in run.calls}
    call = next(call for call in run.calls if call.kind == kind)
    assert bool(call.steps) == has_steps
    assert bool(call.note) != has_steps


def test_a_failed_backward_reaches_the_program_first() -> None:
    run = shown(
        "x = torch.ones(2, requires_grad=True)\ny = x.exp().sum()\ny.backward()\n"
        "try:\n    y.backward()\nexcept RuntimeError as error:\n"
        "    print('caught', str(error)[:18])\n"
    )
    assert run.error is None
    assert run.printed == "caught Trying to backward\n"
    assert run.calls[1].error.message.startswith("Trying to backward")
    assert run.trace.nodes[run.calls[1].error.node].name == "ExpBackward0"


def test_in_torchs_own_loop_the_calls_share_the_leaves_of_the_program() -> None:
    run = explorer.run(NET + "net(x).sum().backward()\n")
    first, second = run.calls
    before = {leaf.name: leaf.before for leaf in second.leaves}
    assert before == {leaf.name: leaf.after for leaf in first.leaves}


# ---------------------------------------------------------------------------------------- errors


def test_a_program_that_raises_still_gives_everything_up_to_there() -> None:
    run = explorer.run(TUTORIAL + "print(1 / 0)\nnever = 1\n")
    assert (run.error.type, run.error.message, run.error.line) == (
        "ZeroDivisionError", "division by zero", 8,
    )  # fmt: skip
    assert text_at(run, run.error.span) == "1 / 0"
    assert run.calls[0].leaves[0].after.array.tolist() == [[4.5, 4.5], [4.5, 4.5]]
    assert run.printed.startswith("tensor([[4.5000")


def test_a_syntax_error_is_placed() -> None:
    run = explorer.run("import torch\nx = = 2\n")
    assert (run.error.type, run.error.line) == ("SyntaxError", 2)
    assert run.trace.nodes == ()


@pytest.mark.parametrize("source", ["", "# nothing\n", "raise SystemExit", "print('hé')"])
def test_a_program_without_a_graph_is_a_run_too(source: str) -> None:
    run = explorer.run(source)
    assert run.calls == ()
    assert run.trace.nodes == ()


def test_warnings_are_kept_with_their_line_each_time() -> None:
    source = "x = torch.ones(1, requires_grad=True)\ny = x * 2\ny.grad"
    for _ in range(2):
        (warned,) = shown(source).warnings
        assert warned.message.startswith("The .grad attribute of a Tensor that is not a leaf")
        assert warned.line == 4


# ----------------------------------------------------------------------------------------- asking


def test_a_jacobian_that_was_asked_for_comes_back() -> None:
    ask = JacobianAsk("y", ("x",))
    run = shown("x = torch.tensor([1.0, 2.0], requires_grad=True)\ny = x * x", ask=(ask,))
    assert run.answers[0].ask == ask
    assert run.answers[0].jacobian.array.tolist() == [[2.0, 0.0], [0.0, 4.0]]
    assert run.answers[0].jacobian.rows[1] == "y[1]"


def test_asking_changes_nothing_else() -> None:
    ask = JacobianAsk("loss", ("Layer_1.weight", "out.bias"))
    plain, asked = explorer.run(NET), explorer.run(NET, ask=(ask,))
    assert asked.answers[0].jacobian.array.shape == (1, 14)
    grads = np.concatenate([leaf.after.array.ravel() for name in ("Layer_1.weight", "out.bias")
                            for leaf in plain.calls[0].leaves if leaf.name == name])  # fmt: skip
    np.testing.assert_allclose(asked.answers[0].jacobian.array[0], grads, rtol=1e-6)
    assert (plain.calls, plain.printed, plain.trace) == (asked.calls, asked.printed, asked.trace)


def test_one_of_several_values_of_a_name_can_be_asked_about() -> None:
    source = "x = torch.ones(1, requires_grad=True)\ny = x * 2\ny = y * 2\ny = y * 2"
    asks = tuple(JacobianAsk(name, ("x",)) for name in ("y#1", "y#2", "y"))
    answers = shown(source, ask=asks).answers
    assert [a.jacobian.array.item() for a in answers] == [2.0, 4.0, 8.0]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (JacobianAsk("nothing", ("x",)), "never assigned a tensor to 'nothing'"),
        (JacobianAsk("y", ("w",)), "no tensor named 'w'"),
        (JacobianAsk("k", ("x",)), "k"),
    ],
)
def test_an_ask_that_cannot_be_met_says_why(ask: JacobianAsk, words: str) -> None:
    run = shown("x = torch.ones(1, requires_grad=True)\ny = x * 2\nk = torch.ones(1)", ask=(ask,))
    assert run.error is None
    assert run.answers[0].jacobian is None
    assert words in run.answers[0].error


def test_a_program_carries_its_own_seed() -> None:
    source = "import torch\nprint(torch.rand(1).item())"
    assert explorer.run(Program(source, 5)).printed == explorer.run(source, seed=5).printed


def test_memory_that_nobody_wrote_is_not_shown_as_numbers() -> None:
    run = shown("a = torch.empty(3)\nb = a.fill_(2.0)\n")
    made, filled = run.forward
    assert made.outputs[0].values.array is None
    assert made.outputs[0].values.note == "memory that was not written yet"
    assert filled.outputs[0].values.array.tolist() == [2.0, 2.0, 2.0]


def test_a_warning_does_not_tell_who_called_the_run() -> None:
    run = shown(
        "torch.autograd.set_detect_anomaly(True)\n"
        "x = torch.tensor([0.0], requires_grad=True)\n"
        "torch.where(x > 0, x.sqrt(), x).sum().backward()"
    )
    assert run.error.message == "Function 'SqrtBackward0' returned nan values in its 0th output."
    (message,) = [w.message for w in run.warnings if "SqrtBackward0" in w.message]
    assert 'File "<program>", line 4' in message
    assert "test_run" not in message


def test_the_ops_of_a_long_program_are_kept_up_to_a_number_and_it_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("explorer.autograd.watch.MAX_RUN_OPS", 5)
    shown = runner.run(
        "import torch\nx = torch.ones(2, requires_grad=True)\ny = x\n"
        "for i in range(9):\n    y = y * 2\ny.sum().backward()\n"
    )
    assert len(shown.forward) == 5
    assert "ops of the forward were kept; later ones ran." in shown.notes[0]
    assert shown.leaves[0].grad.array.tolist() == [512.0, 512.0]
    assert len(shown.calls[0].steps) == 11  # the graph is whole all the same
    ys = [(one.number, one.last) for one in shown.tensors if one.name == "y"]
    assert ys == [(1, False), (2, False), (3, False), (4, False), (10, True)]
