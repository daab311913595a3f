"""Build a network from a form: what the form holds, what it may hold, the program it writes.

`NetworkSpec` is the form as plain data. `check()` says whether it can be built, `problems()` names
everything that stands in the way, and `program()` writes the PyTorch script. The script is the only
thing that ever runs, so what the person reads beside the form is what torch did.

>>> spec = NetworkSpec(inputs=2, layers=(Layer("Linear", width=3), Layer("Tanh")), loss="sum")
>>> print(spec.program().source)
import torch
import torch.nn as nn
<BLANKLINE>
torch.manual_seed(0)
<BLANKLINE>
<BLANKLINE>
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer_1 = nn.Linear(2, 3)
        self.act_1 = nn.Tanh()
<BLANKLINE>
    def forward(self, x):
        x = self.layer_1(x)
        x = self.act_1(x)
        return x
<BLANKLINE>
<BLANKLINE>
net = Net()
x = torch.randn(4, 2)
y = net(x)
loss = y.sum()
loss.backward()
<BLANKLINE>
>>> spec.sizes(), spec.parameter_count()
((3, 3), 9)
>>> [problem.field for problem in NetworkSpec(batch=0, layers=()).problems()]
['batch', 'layers']
"""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from explorer.data import Plain, Program
from explorer.errors import SpecError
from explorer.language import _, later, ngettext

MAX_WIDTH: Final = 512
"""Widest layer, and widest input."""

MAX_LAYERS: Final = 24
"""Rows that the form may have."""

MAX_BATCH: Final = 256
"""Samples in one batch."""

MAX_PARAMETERS: Final = 200_000
"""Weights and biases of the whole network."""

MAX_TYPED: Final = 1024
"""Numbers typed by hand into one field; more than that can only be drawn from the seed."""

MAX_NUMBER: Final = 1e30
"""Largest typed number, either sign; well inside float32."""

MAX_SEED: Final = 2**32 - 1
"""Largest seed that torch, numpy and random all take."""

LINE_LENGTH: Final = 88
"""Longest line that a program is written with, so that it can be read on a projector."""

ACTIVATIONS: Final = {
    "ReLU": "nn.ReLU()",
    "LeakyReLU": "nn.LeakyReLU()",
    "GELU": "nn.GELU()",
    "SiLU": "nn.SiLU()",
    "ELU": "nn.ELU()",
    "Softplus": "nn.Softplus()",
    "Tanh": "nn.Tanh()",
    "Sigmoid": "nn.Sigmoid()",
    "Softmax": "nn.Softmax(dim=1)",
}
"""Activation -> how the program makes it. Each keeps the width."""

LAYER_KINDS: Final = ("Linear", *ACTIVATIONS, "LayerNorm", "BatchNorm1d", "Dropout", "Residual")
"""Every kind of row, in the order in which the form offers them."""

LOSSES: Final = {
    "none": later("no loss: backward from y with a vector v"),
    "mse": later("mean squared error"),
    "l1": later("mean absolute error"),
    "cross_entropy": later("cross entropy (targets are classes)"),
    "bce_with_logits": later("binary cross entropy with logits"),
    "sum": later("sum of the outputs"),
    "mean": later("mean of the outputs"),
}
"""Loss -> what the form calls it, in English."""

_FIELDS: Final = {
    "values": later("values"),
    "targets": later("targets"),
    "vector": later("vector"),
}
"""Field of numbers -> what a sentence calls it."""

_LOSS_CALLS = {
    "mse": "F.mse_loss(y, target)",
    "l1": "F.l1_loss(y, target)",
    "cross_entropy": "F.cross_entropy(y, target)",
    "bce_with_logits": "F.binary_cross_entropy_with_logits(y, target)",
    "sum": "y.sum()",
    "mean": "y.mean()",
}

_STEMS = {"Linear": "layer", "LayerNorm": "norm", "BatchNorm1d": "norm", "Dropout": "dropout"}


class Layer(Plain, frozen=True):
    """One row of the form; `kind` is one of `LAYER_KINDS`.

    `width` is the number of units of a Linear; every other kind keeps the width that it receives.
    `p` is the chance that a Dropout drops an element. `activation` stands between the two Linears
    of a Residual, which computes `x + Linear(activation(Linear(x)))`. What a kind does not use is
    kept and ignored, so that changing the kind and back loses nothing.
    """

    kind: str
    width: int = 4
    p: float = 0.5
    activation: str = "ReLU"

    def size_after(self, size: int) -> int:
        """Features that leave the layer when `size` features enter it."""
        return self.width if self.kind == "Linear" else size

    def parameter_count(self, size: int, *, bias: bool) -> int:
        """Weights and biases of the layer when `size` features enter it."""
        if self.kind == "Linear":
            return (size + bias) * self.width
        if self.kind == "Residual":
            return 2 * (size + bias) * size
        return 2 * size if self.kind in ("LayerNorm", "BatchNorm1d") else 0


class NetworkSpec(Plain, frozen=True):
    """What the form holds: `program()` turns it into a script that runs by itself.

    `inputs` is the number of features of a sample; `x` has shape (batch, inputs).

    `values`, `targets` and `vector` are typed numbers, row by row, or None to have them made:
    `values` drawn from a normal distribution, `targets` drawn to suit the loss, `vector` all ones.
    Targets are one class a sample for cross entropy, one number an output for mse, l1 and
    bce_with_logits; the other losses take none. The vector is the v of `y.backward(v)`, which is
    called where the loss is `none`. Numbers that the loss does not use are kept and ignored.

    `bias` is for every Linear. `training=False` puts the network into eval mode.
    """

    layers: tuple[Layer, ...] = (Layer("Linear", width=3), Layer("Tanh"), Layer("Linear", width=1))
    inputs: int = 2
    batch: int = 4
    values: tuple[float, ...] | None = None
    targets: tuple[float, ...] | None = None
    vector: tuple[float, ...] | None = None
    loss: str = "mse"
    seed: int = 0
    bias: bool = True
    input_requires_grad: bool = False
    backward: bool = True
    training: bool = True

    def sizes(self) -> tuple[int, ...]:
        """Number of features after each layer."""
        sizes, size = [], self.inputs
        for layer in self.layers:
            size = layer.size_after(size)
            sizes.append(size)
        return tuple(sizes)

    def outputs(self) -> int:
        """Number of features of `y`, which has shape (batch, outputs)."""
        return (self.inputs, *self.sizes())[-1]

    def parameter_count(self) -> int:
        """Weights and biases of the whole network."""
        entering = (self.inputs, *self.sizes())
        pairs = zip(self.layers, entering, strict=False)
        return sum(layer.parameter_count(size, bias=self.bias) for layer, size in pairs)

    def problems(self) -> tuple[SpecError, ...]:
        """Everything that stands in the way of building this network; empty if nothing does.

        Each says the value, what is wrong with it and what is allowed, and its `field` names the
        widget: `layers[2].width`, `layers[0].p`, `inputs`, `batch`, `values`, …
        """
        found = [*_form_problems(self), *_layer_problems(self)]
        # Counts of numbers mean something only when every size they are counted from is sound.
        return tuple(found or _fit_problems(self))

    def check(self) -> None:
        """Return if this network can be built.

        Raises:
            SpecError: the first of `problems()`.
        """
        for problem in self.problems():
            raise problem

    def program(self) -> Program:
        """The script that builds this network and runs it; equal specs write equal text.

        The script sets the seed itself, so it gives the same numbers here and on its own.

        Raises:
            SpecError: the network cannot be built.
        """
        self.check()
        return Program(source="\n".join(_lines(self)) + "\n", seed=self.seed)


def read_numbers(text: str, *, field: str) -> tuple[float, ...]:
    """The numbers that a person typed, separated by commas, spaces or lines; brackets are ignored.

    >>> read_numbers("[[1, 2], [1.5, -3e2]]", field="values")
    (1.0, 2.0, 1.5, -300.0)

    Raises:
        SpecError: a word is not a number.
    """
    words = text.translate(str.maketrans("[](){},;", "        ")).split()
    numbers = []
    for word in words:
        try:
            numbers.append(float(word))
        except ValueError:
            raise SpecError(
                _(
                    "“{word}” is not a number: write numbers such as 1.5 or -2e-3, separated by "
                    "commas, spaces or new lines."
                ).format(word=word),
                field=field,
            ) from None
    return tuple(numbers)


# ------------------------------------------------------------------------------------- problems


def _form_problems(spec: NetworkSpec) -> Iterator[SpecError]:
    """What is wrong with a field outside the list of layers, whatever the other fields hold."""
    yield from _outside(spec.inputs, 1, MAX_WIDTH, "inputs", _("The input size"))
    yield from _outside(spec.batch, 1, MAX_BATCH, "batch", _("The batch size"))
    yield from _outside(spec.seed, 0, MAX_SEED, "seed", _("The seed"))
    if spec.loss not in LOSSES:
        yield _unknown(spec.loss, LOSSES, "loss", _("The loss"))
    for field, numbers in _typed(spec).items():
        wrong = next((n for n in numbers if not abs(n) <= MAX_NUMBER), None)
        if wrong is not None:
            yield SpecError(
                _(
                    "{wrong} is among the {field}: allowed are numbers from {low:g} to {high:g}."
                ).format(wrong=wrong, field=_(_FIELDS[field]), low=-MAX_NUMBER, high=MAX_NUMBER),
                field=field,
            )
        elif len(numbers) > MAX_TYPED:
            yield SpecError(
                _(
                    "{count} {field} are typed: allowed are at most {most}; for more, have "
                    "them made from the seed."
                ).format(count=len(numbers), field=_(_FIELDS[field]), most=MAX_TYPED),
                field=field,
            )


def _layer_problems(spec: NetworkSpec) -> Iterator[SpecError]:
    """What is wrong with the list of layers or with one row of it."""
    count = len(spec.layers)
    if not 1 <= count <= MAX_LAYERS:
        words = (
            _("The network has {count} layers: allowed are 1 to {most}; remove some.")
            if count
            else _(
                "The network has 0 layers: allowed are 1 to {most}; add one, for instance a Linear."
            )
        )
        yield SpecError(words.format(count=count, most=MAX_LAYERS), field="layers")
    for i, layer in enumerate(spec.layers):
        field, who = (
            f"layers[{i}]",
            _("layer {number} ({kind})").format(number=i + 1, kind=layer.kind),
        )
        if layer.kind not in LAYER_KINDS:
            yield _unknown(
                layer.kind,
                LAYER_KINDS,
                f"{field}.kind",
                _("The kind of layer {number}").format(number=i + 1),
            )
        if layer.kind == "Linear":
            yield from _outside(
                layer.width, 1, MAX_WIDTH, f"{field}.width", _("The width of {who}").format(who=who)
            )
        if layer.kind == "Dropout" and not (_is_number(layer.p) and 0 <= layer.p < 1):
            yield SpecError(
                _("The chance p of {who} is {p}: allowed is 0 up to, but not including, 1.").format(
                    who=who, p=layer.p
                ),
                field=f"{field}.p",
            )
        if layer.kind == "Residual" and layer.activation not in ACTIVATIONS:
            yield _unknown(
                layer.activation,
                ACTIVATIONS,
                f"{field}.activation",
                _("The activation of {who}").format(who=who),
            )


def _fit_problems(spec: NetworkSpec) -> Iterator[SpecError]:
    """What does not fit together, where each field by itself is sound."""
    parameters, outputs, typed = spec.parameter_count(), spec.outputs(), _typed(spec)
    if parameters > MAX_PARAMETERS:
        yield SpecError(
            _(
                "The network has {parameters:,} parameters: allowed are at most "
                "{most:,}; make some layers narrower."
            ).format(parameters=parameters, most=MAX_PARAMETERS),
            field="layers",
        )
    if spec.backward and not parameters and not spec.input_requires_grad:
        yield SpecError(
            _(
                "The network has 0 parameters and x does not require grad, so backward() has "
                "nothing to compute: let x require grad, or add a layer with weights."
            ),
            field="input_requires_grad",
        )
    norms = [i for i, layer in enumerate(spec.layers, 1) if layer.kind == "BatchNorm1d"]
    if norms and spec.training and spec.batch == 1:
        yield SpecError(
            _(
                "The batch size is 1, and layer {number} (BatchNorm1d) cannot take the "
                "variance of one sample: allowed are 2 to {most} samples while training."
            ).format(number=norms[0], most=MAX_BATCH),
            field="batch",
        )
    if "values" in typed:
        sizes = _("batch × inputs")
        yield from _miscounted(typed["values"], spec.batch, spec.inputs, "values", sizes)
    if "vector" in typed:
        sizes = _("batch × outputs")
        yield from _miscounted(typed["vector"], spec.batch, outputs, "vector", sizes)
    if "targets" in typed:
        one_class = spec.loss == "cross_entropy"
        columns, sizes = (
            (1, _("batch × one class")) if one_class else (outputs, _("batch × outputs"))
        )
        yield from _miscounted(typed["targets"], spec.batch, columns, "targets", sizes)
        yield from _off_target(spec, typed["targets"], outputs)


def _typed(spec: NetworkSpec) -> dict[str, tuple[float, ...]]:
    """The typed numbers that the program will use, by field."""
    used = {
        "values": spec.values,
        "targets": spec.targets if _wants_target(spec) else None,
        "vector": spec.vector if _wants_vector(spec) else None,
    }
    return {field: numbers for field, numbers in used.items() if numbers is not None}


def _wants_target(spec: NetworkSpec) -> bool:
    return spec.loss in ("mse", "l1", "cross_entropy", "bce_with_logits")


def _wants_vector(spec: NetworkSpec) -> bool:
    return spec.loss == "none" and spec.backward


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _outside(value: object, low: int, high: int, field: str, what: str) -> Iterator[SpecError]:
    """A problem if `value` is not a whole number from `low` to `high`."""
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return
    yield SpecError(
        _("{what} is {value}: allowed are whole numbers from {low} to {high}.").format(
            what=what, value=value, low=low, high=high
        ),
        field=field,
    )


def _unknown(
    value: str, allowed: Sequence[str] | dict[str, str], field: str, what: str
) -> SpecError:
    return SpecError(
        _("{what} is “{value}”: allowed are {allowed}.").format(
            what=what, value=value, allowed=", ".join(allowed)
        ),
        field=field,
    )


def _miscounted(
    numbers: tuple[float, ...], rows: int, columns: int, field: str, sizes: str
) -> Iterator[SpecError]:
    """A problem if `numbers` do not fill `rows` x `columns`, which are called `sizes`."""
    fit = rows * columns
    if len(numbers) != fit:
        words = ngettext(
            "{count} number is typed for {field}: {fit} fit, {sizes} = {rows} × {columns}.",
            "{count} numbers are typed for {field}: {fit} fit, {sizes} = {rows} × {columns}.",
            len(numbers),
        )
        found = {"count": len(numbers), "fit": fit, "rows": rows, "columns": columns}
        said = words.format(field=_(_FIELDS[field]), sizes=sizes, **found)
        yield SpecError(said, field=field)


def _off_target(spec: NetworkSpec, targets: tuple[float, ...], outputs: int) -> Iterator[SpecError]:
    """A problem if the loss cannot take one of the targets."""
    if spec.loss == "cross_entropy":
        allowed = _("classes from 0 to {last} (one for each output)").format(last=outputs - 1)
        wrong = next((t for t in targets if t != int(t) or not 0 <= t < outputs), None)
    elif spec.loss == "bce_with_logits":
        allowed = _("probabilities from 0 to 1")
        wrong = next((t for t in targets if not 0 <= t <= 1), None)
    else:
        return
    if wrong is not None:
        yield SpecError(
            _("{wrong:g} is among the targets of {loss}: allowed are {allowed}.").format(
                wrong=wrong, loss=spec.loss, allowed=allowed
            ),
            field="targets",
        )


# ---------------------------------------------------------------------------------- the program


def _lines(spec: NetworkSpec) -> Iterator[str]:
    """The program, line by line; `spec` has been checked."""
    yield "import torch"
    yield "import torch.nn as nn"
    if _wants_target(spec):
        yield "import torch.nn.functional as F"
    yield from ("", f"torch.manual_seed({spec.seed})", "", "")
    yield from _class_lines(spec)
    yield from ("", "", "net = Net()")
    if not spec.training:
        yield "net.eval()"
    yield from _input_lines(spec)
    yield from _target_lines(spec)
    yield "y = net(x)"
    yield from _backward_lines(spec)


def _class_lines(spec: NetworkSpec) -> Iterator[str]:
    made, used = [], []
    for layer, size, name in zip(
        spec.layers, (spec.inputs, *spec.sizes()), _names(spec.layers), strict=False
    ):
        made += _making(f"self.{name}", layer, size, bias=spec.bias)
        residual = "x + " if layer.kind == "Residual" else ""
        used.append(f"x = {residual}self.{name}(x)")
    yield "class Net(nn.Module):"
    yield "    def __init__(self):"
    yield "        super().__init__()"
    yield from (f"        {line}" for line in made)
    yield ""
    yield "    def forward(self, x):"
    yield from (f"        {line}" for line in used)
    yield "        return x"


def _names(layers: tuple[Layer, ...]) -> list[str]:
    """A name for each layer, numbered from 1 among its like: layer_1, act_1, layer_2, …"""
    counts: dict[str, int] = {}
    names = []
    for layer in layers:
        stem = "block" if layer.kind == "Residual" else _STEMS.get(layer.kind, "act")
        counts[stem] = counts.get(stem, 0) + 1
        names.append(f"{stem}_{counts[stem]}")
    return names


def _making(name: str, layer: Layer, size: int, *, bias: bool) -> list[str]:
    """The lines that make one layer, as they stand in `__init__` without its indent."""
    if layer.kind == "Residual":
        linear = _linear(size, size, bias=bias)
        parts = [linear, ACTIVATIONS[layer.activation], linear]
        one_line = f"{name} = nn.Sequential({', '.join(parts)})"
        if len(one_line) + 8 <= LINE_LENGTH:
            return [one_line]
        return [f"{name} = nn.Sequential(", *(f"    {part}," for part in parts), ")"]
    if layer.kind == "Linear":
        return [f"{name} = {_linear(size, layer.width, bias=bias)}"]
    if layer.kind == "Dropout":
        return [f"{name} = nn.Dropout(p={layer.p})"]
    if layer.kind in ACTIVATIONS:
        return [f"{name} = {ACTIVATIONS[layer.kind]}"]
    return [f"{name} = nn.{layer.kind}({size})"]


def _linear(size: int, width: int, *, bias: bool) -> str:
    return f"nn.Linear({size}, {width}{'' if bias else ', bias=False'})"


def _input_lines(spec: NetworkSpec) -> list[str]:
    flag = ", requires_grad=True" if spec.input_requires_grad else ""
    if spec.values is None:
        return [f"x = torch.randn({spec.batch}, {spec.inputs}{flag})"]
    return _matrix("x", spec.values, spec.inputs, flag)


def _target_lines(spec: NetworkSpec) -> list[str]:
    if not _wants_target(spec):
        return []
    outputs = spec.outputs()
    if spec.targets is not None:
        if spec.loss == "cross_entropy":
            return _classes("target", spec.targets)
        return _matrix("target", spec.targets, outputs, "")
    if spec.loss == "cross_entropy":
        return [f"target = torch.randint({outputs}, ({spec.batch},))"]
    if spec.loss == "bce_with_logits":
        return [f"target = torch.randint(2, ({spec.batch}, {outputs})).float()"]
    return [f"target = torch.randn({spec.batch}, {outputs})"]


def _backward_lines(spec: NetworkSpec) -> Iterator[str]:
    if spec.loss != "none":
        yield f"loss = {_LOSS_CALLS[spec.loss]}"
        if spec.backward:
            yield "loss.backward()"
    elif spec.backward:
        if spec.vector is None:
            yield f"v = torch.ones({spec.batch}, {spec.outputs()})"
        else:
            yield from _matrix("v", spec.vector, spec.outputs(), "")
        yield "y.backward(v)"


def _matrix(name: str, numbers: tuple[float, ...], columns: int, flag: str) -> list[str]:
    """Lines that assign `numbers`, `columns` to a row, to `name` as a two-dimensional tensor."""
    words = [repr(float(number)) for number in numbers]
    rows = [words[i : i + columns] for i in range(0, len(words), columns)]
    one_line = ", ".join(f"[{', '.join(row)}]" for row in rows)
    assignment = f"{name} = torch.tensor([{one_line}]{flag})"
    if len(assignment) <= LINE_LENGTH:
        return [assignment]
    # Columns are aligned, so that a matrix looks like one.
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligned = [[w.rjust(width) for w, width in zip(row, widths, strict=True)] for row in rows]
    lines = [f"    [{', '.join(row)}]," for row in aligned]
    if max(map(len, lines)) > LINE_LENGTH:
        lines = [line for row in rows for line in _wrapped(f"[{', '.join(row)}],", "     ")]
    return [f"{name} = torch.tensor([", *lines, f"]{flag})"]


def _classes(name: str, numbers: tuple[float, ...]) -> list[str]:
    """Lines that assign whole `numbers` to `name` as a one-dimensional tensor."""
    text = ", ".join(str(int(number)) for number in numbers)
    one_line = f"{name} = torch.tensor([{text}])"
    if len(one_line) <= LINE_LENGTH:
        return [one_line]
    return [f"{name} = torch.tensor([", *_wrapped(text, "    "), "])"]


def _wrapped(text: str, indent: str) -> list[str]:
    """`text` broken at spaces into indented lines that fit."""
    return textwrap.wrap(text, LINE_LENGTH, initial_indent="    ", subsequent_indent=indent)
