"""What the form may hold, and that torch agrees with everything it says about a network."""

import json
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

import explorer
from explorer import builder
from explorer.builder import ACTIVATIONS, LAYER_KINDS, LOSSES, Layer, NetworkSpec, read_numbers
from explorer.errors import SpecError


def executed(spec: NetworkSpec) -> dict[str, Any]:
    """The names that the program leaves behind when plain Python runs it."""
    names: dict[str, Any] = {}
    exec(compile(spec.program().source, "<program>", "exec"), names)
    return names


def only_problem(spec: NetworkSpec) -> SpecError:
    (problem,) = spec.problems()
    with pytest.raises(SpecError) as raised:
        spec.check()
    assert (str(raised.value), raised.value.field) == (str(problem), problem.field)
    return problem


def parameters_of(net: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def sizes_of(net: torch.nn.Module, x: torch.Tensor) -> tuple[int, ...]:
    """Features after each layer, as torch finds them: the widths that the children put out."""
    sizes: list[int] = []
    hooks = [
        child.register_forward_hook(lambda _module, _inputs, out: sizes.append(out.shape[1]))
        for child in net.children()
    ]
    with torch.no_grad():
        net(x)
    for hook in hooks:
        hook.remove()
    return tuple(sizes)


# ---------------------------------------------------------------------------------- the program


def test_the_program_is_what_a_teacher_would_write() -> None:
    spec = NetworkSpec(
        layers=(Layer("Linear", width=3), Layer("ReLU"), Layer("Residual"), Layer("BatchNorm1d")),
        values=(0, 0.5, 1, -2),
        batch=2,
        loss="none",
        input_requires_grad=True,
        seed=7,
    )
    assert spec.program().seed == 7
    assert spec.program().source == (
        """\
import torch
import torch.nn as nn

torch.manual_seed(7)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer_1 = nn.Linear(2, 3)
        self.act_1 = nn.ReLU()
        self.block_1 = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
        self.norm_1 = nn.BatchNorm1d(3)

    def forward(self, x):
        x = self.layer_1(x)
        x = self.act_1(x)
        x = x + self.block_1(x)
        x = self.norm_1(x)
        return x


net = Net()
x = torch.tensor([[0.0, 0.5], [1.0, -2.0]], requires_grad=True)
y = net(x)
v = torch.ones(2, 3)
y.backward(v)
"""
    )


@pytest.mark.parametrize("kind", LAYER_KINDS)
@pytest.mark.parametrize("bias", [True, False])
def test_every_kind_of_layer_has_the_sizes_and_parameters_that_torch_says(
    kind: str, bias: bool
) -> None:
    spec = NetworkSpec(
        layers=(Layer("Linear", width=5), Layer(kind, width=3), Layer("Linear", width=2)),
        inputs=4,
        bias=bias,
    )
    names = executed(spec)
    assert parameters_of(names["net"]) == spec.parameter_count()
    assert sizes_of(names["net"], names["x"]) == spec.sizes()
    assert names["y"].shape == (spec.batch, spec.outputs())
    assert all(parameter.grad is not None for parameter in names["net"].parameters())


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_residual_block_adds_what_its_inner_layers_make(activation: str) -> None:
    names = executed(NetworkSpec(layers=(Layer("Residual", activation=activation),)))
    x, block = names["x"], names["net"].block_1
    assert torch.equal(names["y"], x + block(x))
    assert type(block[1]).__name__ == activation


EXPECTED_LOSS = {
    "mse": lambda y, t: ((y - t) ** 2).mean(),
    "l1": lambda y, t: (y - t).abs().mean(),
    "cross_entropy": lambda y, t: -y.log_softmax(1)[range(len(t)), t].mean(),
    "bce_with_logits": lambda y, t: (
        -(t * torch.sigmoid(y).log() + (1 - t) * torch.sigmoid(-y).log()).mean()
    ),
    "sum": lambda y, _: y.sum(),
    "mean": lambda y, _: y.sum() / y.numel(),
}


@pytest.mark.parametrize("loss", EXPECTED_LOSS)
def test_every_loss_is_what_its_name_says(loss: str) -> None:
    names = executed(NetworkSpec(layers=(Layer("Linear", width=3),), loss=loss))
    expected = EXPECTED_LOSS[loss](names["y"], names.get("target"))
    torch.testing.assert_close(names["loss"], expected)


def test_every_loss_is_tested_above_but_the_missing_one() -> None:
    assert {*EXPECTED_LOSS, "none"} == set(LOSSES)


def test_typed_numbers_arrive_row_by_row() -> None:
    names = executed(
        NetworkSpec(
            layers=(Layer("Linear", width=2),),
            inputs=3,
            batch=2,
            values=(1, 2, 3, 4, 5, 6),
            targets=(0.5, 0.25, 1, 0),
            loss="bce_with_logits",
        )
    )
    assert names["x"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert names["target"].tolist() == [[0.5, 0.25], [1, 0]]


def test_typed_classes_are_whole_numbers() -> None:
    spec = NetworkSpec(
        layers=(Layer("Linear", width=3),), targets=(0, 2, 1, 1), loss="cross_entropy"
    )
    assert executed(spec)["target"].tolist() == [0, 2, 1, 1]
    assert executed(spec)["target"].dtype == torch.int64


def test_without_a_loss_backward_gets_the_vector() -> None:
    spec = NetworkSpec(
        layers=(Layer("Linear", width=2),),
        batch=1,
        loss="none",
        vector=(0.5, -2),
    )
    names = executed(spec)
    assert names["net"].layer_1.bias.grad.tolist() == [0.5, -2.0]  # y = Wx + b, so db is v


def test_backward_and_the_input_s_gradient_are_switches() -> None:
    assert executed(NetworkSpec(backward=False))["net"].layer_1.weight.grad is None
    assert executed(NetworkSpec(input_requires_grad=False))["x"].grad is None
    assert executed(NetworkSpec(input_requires_grad=True))["x"].grad is not None


def test_eval_mode_switches_dropout_off() -> None:
    dropout = (Layer("Dropout", p=0.5),)
    spec = NetworkSpec(layers=dropout, training=False, input_requires_grad=True)
    names = executed(spec)
    assert torch.equal(names["y"], names["x"])


def test_the_program_alone_fixes_every_random_number() -> None:
    spec = NetworkSpec(seed=3, layers=(Layer("Linear", width=3), Layer("Dropout")))
    torch.manual_seed(1)
    first = executed(spec)
    torch.manual_seed(2)
    assert torch.equal(first["y"], executed(spec)["y"])


@pytest.mark.parametrize("loss", LOSSES)
def test_explored_the_program_gives_the_numbers_of_plain_python(loss: str) -> None:
    spec = NetworkSpec(seed=5, loss=loss, layers=(Layer("Linear", width=3), Layer("Dropout")))
    names, run = executed(spec), explorer.run(spec.program())
    found = {variable.name: variable for variable in run.tensors}
    assert run.error is None
    assert (found["y"].values.array == names["y"].detach().numpy()).all()
    assert {leaf.name for leaf in run.calls[0].leaves} == {"layer_1.weight", "layer_1.bias"}
    for leaf in run.calls[0].leaves:
        assert leaf.after is not None
        assert (leaf.after.array == names["net"].get_parameter(leaf.name).grad.numpy()).all()


@pytest.mark.parametrize("inputs", [1, 2, 5, 30])
def test_typed_matrices_keep_to_the_width_of_a_projector(inputs: int) -> None:
    batch = 6
    numbers = tuple((-1) ** i * i / 3 for i in range(batch * inputs))
    spec = NetworkSpec(inputs=inputs, batch=batch, values=numbers, input_requires_grad=True)
    lines = spec.program().source.splitlines()
    assert max(map(len, lines)) <= builder.LINE_LENGTH
    torch.testing.assert_close(
        executed(spec)["x"].detach(), torch.tensor(numbers).reshape(batch, inputs)
    )


def test_columns_of_a_typed_matrix_are_aligned() -> None:
    numbers = tuple(float(10**i) for i in range(5)) * 4
    lines = NetworkSpec(inputs=5, batch=4, values=numbers).program().source.splitlines()
    start = lines.index("x = torch.tensor([")
    assert lines[start + 1 : start + 5] == ["    [1.0, 10.0, 100.0, 1000.0, 10000.0],"] * 4
    mixed = NetworkSpec(inputs=2, batch=9, values=(-1, 10, *[0] * 16)).program().source
    assert "    [-1.0, 10.0],\n    [ 0.0,  0.0],\n" in mixed


# ------------------------------------------------------------------------------------- problems


LINEAR, NORM = Layer("Linear"), Layer("BatchNorm1d")


@pytest.mark.parametrize(
    ("spec", "field", "sentence"),
    [
        (
            NetworkSpec(layers=(LINEAR, Layer("ReLU"), Layer("Linear", width=0))),
            "layers[2].width",
            "The width of layer 3 (Linear) is 0: allowed are whole numbers from 1 to 512.",
        ),
        (
            NetworkSpec(layers=(Layer("Linear", width=-2),)),
            "layers[0].width",
            "The width of layer 1 (Linear) is -2: allowed are whole numbers from 1 to 512.",
        ),
        (
            NetworkSpec(layers=()),
            "layers",
            "The network has 0 layers: allowed are 1 to 24; add one, for instance a Linear.",
        ),
        (
            NetworkSpec(layers=(LINEAR,) * 25),
            "layers",
            "The network has 25 layers: allowed are 1 to 24; remove some.",
        ),
        (
            NetworkSpec(layers=(LINEAR, Layer("Dropout", p=1.0))),
            "layers[1].p",
            "The chance p of layer 2 (Dropout) is 1.0: allowed is 0 up to, but not including, 1.",
        ),
        (
            NetworkSpec(layers=(LINEAR, Layer("Dropout", p=float("nan")))),
            "layers[1].p",
            "The chance p of layer 2 (Dropout) is nan: allowed is 0 up to, but not including, 1.",
        ),
        (
            NetworkSpec(layers=(LINEAR, NORM), batch=1),
            "batch",
            (
                "The batch size is 1, and layer 2 (BatchNorm1d) cannot take the variance of one "
                "sample: allowed are 2 to 256 samples while training."
            ),
        ),
        (
            NetworkSpec(values=(1.0, 2.0)),
            "values",
            "2 numbers are typed for values: 8 fit, batch × inputs = 4 × 2.",
        ),
        (
            NetworkSpec(targets=(1.0,)),
            "targets",
            "1 number is typed for targets: 4 fit, batch × outputs = 4 × 1.",
        ),
        (
            NetworkSpec(loss="none", vector=()),
            "vector",
            "0 numbers are typed for vector: 4 fit, batch × outputs = 4 × 1.",
        ),
        (
            NetworkSpec(layers=(Layer("Linear", 3),), loss="cross_entropy", targets=(0, 1, 2, 3)),
            "targets",
            (
                "3 is among the targets of cross_entropy: allowed are classes from 0 to 2 (one for "
                "each output)."
            ),
        ),
        (
            NetworkSpec(layers=(Layer("Linear", 3),), loss="cross_entropy", targets=(0, 0.5, 1, 2)),
            "targets",
            (
                "0.5 is among the targets of cross_entropy: allowed are classes from 0 to 2 (one "
                "for each output)."
            ),
        ),
        (
            NetworkSpec(loss="bce_with_logits", targets=(0, 1, 1.5, 0)),
            "targets",
            "1.5 is among the targets of bce_with_logits: allowed are probabilities from 0 to 1.",
        ),
        (
            NetworkSpec(values=(1.0, float("inf"))),
            "values",
            "inf is among the values: allowed are numbers from -1e+30 to 1e+30.",
        ),
        (
            NetworkSpec(inputs=32, batch=64, values=(0.0,) * 2048),
            "values",
            (
                "2048 values are typed: allowed are at most 1024; for more, have them made from "
                "the seed."
            ),
        ),
        (
            NetworkSpec(layers=(Layer("Linear", 512), Layer("Linear", 512))),
            "layers",
            (
                "The network has 264,192 parameters: allowed are at most 200,000; make some layers "
                "narrower."
            ),
        ),
        (
            NetworkSpec(layers=(Layer("Tanh"),)),
            "input_requires_grad",
            (
                "The network has 0 parameters and x does not require grad, so backward() has "
                "nothing to compute: let x require grad, or add a layer with weights."
            ),
        ),
        (
            NetworkSpec(batch=257),
            "batch",
            "The batch size is 257: allowed are whole numbers from 1 to 256.",
        ),
        (
            NetworkSpec(inputs=0),
            "inputs",
            "The input size is 0: allowed are whole numbers from 1 to 512.",
        ),
        (
            NetworkSpec(seed=-1),
            "seed",
            "The seed is -1: allowed are whole numbers from 0 to 4294967295.",
        ),
        (
            NetworkSpec(loss="hinge"),
            "loss",
            (
                "The loss is “hinge”: allowed are none, mse, l1, cross_entropy, bce_with_logits, "
                "sum, mean."
            ),
        ),
        (
            NetworkSpec(layers=(LINEAR, Layer("Conv"))),
            "layers[1].kind",
            (
                "The kind of layer 2 is “Conv”: allowed are Linear, ReLU, LeakyReLU, GELU, SiLU, "
                "ELU, Softplus, Tanh, Sigmoid, Softmax, LayerNorm, BatchNorm1d, Dropout, Residual."
            ),
        ),
        (
            NetworkSpec(layers=(Layer("Residual", activation="Step"),)),
            "layers[0].activation",
            (
                "The activation of layer 1 (Residual) is “Step”: allowed are ReLU, LeakyReLU, "
                "GELU, SiLU, ELU, Softplus, Tanh, Sigmoid, Softmax."
            ),
        ),
    ],
)
def test_a_problem_says_the_value_what_is_wrong_and_what_is_allowed(
    spec: NetworkSpec, field: str, sentence: str
) -> None:
    problem = only_problem(spec)
    assert (problem.field, str(problem)) == (field, sentence)


def test_a_program_is_never_written_for_a_network_with_a_problem() -> None:
    with pytest.raises(SpecError, match="is 0"):
        NetworkSpec(layers=(Layer("Linear", width=0),)).program()


def test_all_problems_are_told_at_once() -> None:
    spec = NetworkSpec(layers=(Layer("Linear", 0), Layer("Dropout", p=2.0)), batch=0, seed=-1)
    fields = [problem.field for problem in spec.problems()]
    assert fields == ["batch", "seed", "layers[0].width", "layers[1].p"]


def test_what_the_loss_or_the_kind_does_not_use_may_hold_anything() -> None:
    unused = NetworkSpec(
        layers=(Layer("Linear", p=9.0, activation="?"), Layer("ReLU", width=0)),
        loss="sum",
        targets=(1.0, 2.0),
        vector=(float("nan"),),
    )
    assert unused.problems() == ()


def test_a_batch_of_one_passes_batchnorm_in_eval_mode() -> None:
    spec = NetworkSpec(layers=(LINEAR, NORM), batch=1, training=False)
    assert executed(spec)["y"].shape == (1, 4)


def test_typed_text_becomes_numbers() -> None:
    assert read_numbers(" 1, 2;\n[3  4e-1]", field="values") == (1.0, 2.0, 3.0, 0.4)
    assert read_numbers("", field="values") == ()


def test_typed_text_that_is_no_number_is_named() -> None:
    with pytest.raises(SpecError, match="“two” is not a number") as raised:
        read_numbers("1, two", field="targets")
    assert raised.value.field == "targets"


# ----------------------------------------------------------------------------- any form at all


widths = st.integers(-1, 8)
layers = st.builds(
    Layer,
    kind=st.sampled_from(LAYER_KINDS),
    width=widths,
    p=st.sampled_from([0.0, 0.25, 0.9, 1.0, -0.1]),
    activation=st.sampled_from(list(ACTIVATIONS)),
)
numbers = st.none() | st.lists(
    st.floats(-2, 3, width=16) | st.integers(0, 2).map(float), max_size=12
).map(tuple)
specs = st.builds(
    NetworkSpec,
    layers=st.lists(layers, max_size=5).map(tuple),
    inputs=widths,
    batch=st.integers(0, 4),
    values=numbers,
    targets=numbers,
    vector=numbers,
    loss=st.sampled_from(list(LOSSES)),
    seed=st.integers(0, builder.MAX_SEED),
    bias=st.booleans(),
    input_requires_grad=st.booleans(),
    backward=st.booleans(),
    training=st.booleans(),
)


def held(spec: NetworkSpec, field: str) -> object:
    """What the widget of that name holds: `layers[2].width` -> 0."""
    value: Any = spec
    for part in field.replace("[", ".").replace("]", "").split("."):
        value = value[int(part)] if part.isdigit() else getattr(value, part)
    return value


@settings(max_examples=150, deadline=None, derandomize=True)
@given(specs)
@example(NetworkSpec())
def test_a_form_either_runs_or_names_what_is_wrong(spec: NetworkSpec) -> None:
    problems = spec.problems()
    for problem in problems:
        value = held(spec, problem.field)
        if isinstance(value, tuple):  # a list of layers or numbers: its length, or one of them
            told = {str(len(value)), f"{spec.parameter_count():,}"}
            told |= {f"{n:g}" for n in value if isinstance(n, int | float)}
            assert str(problem).removeprefix("The network has ").split()[0] in told
        elif problem.field != "input_requires_grad":
            assert f"is {value}" in str(problem)
        assert "allowed" in str(problem) or "fit" in str(problem) or "let x" in str(problem)
    if not problems:
        names = executed(spec)
        assert names["y"].shape == (spec.batch, spec.outputs())
        assert parameters_of(names["net"]) == spec.parameter_count()
        assert sizes_of(names["net"], names["x"]) == spec.sizes()
        assert names["x"].requires_grad == spec.input_requires_grad


@given(specs)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_a_form_survives_json_and_writes_the_same_text(spec: NetworkSpec) -> None:
    again = NetworkSpec.from_dict(json.loads(json.dumps(spec.to_dict(), allow_nan=False)))
    assert again == spec
    assert hash(again) == hash(spec)
    if not spec.problems():
        assert again.program() == spec.program()
