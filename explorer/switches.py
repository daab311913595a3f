"""Switches that people argue about: each is a program, and the same program with one change.

`SWITCHES` holds a small example of each. `on_program` makes the same change in somebody's own
program, where it has what the switch needs.

>>> switch = SWITCHES["set_to_none"]
>>> changed = set(switch.off.splitlines()) ^ set(switch.on.splitlines())
>>> sorted(line.strip() for line in changed)
['optimizer.zero_grad(set_to_none=False)', 'optimizer.zero_grad(set_to_none=True)']
"""

import ast
from collections.abc import Sequence
from typing import Final

import numpy as np

from explorer import press
from explorer.data import Plain, Program, Run, Values
from explorer.language import later
from explorer.press import Press

ROUNDING: Final = 1e-5
"""Tensors that differ by less than this part of their largest element differ by rounding only."""


class Switch(Plain, frozen=True):
    """Two programs that differ in one place, what each side is called, and what to look for."""

    title: str
    question: str
    off_title: str
    on_title: str
    off: str
    on: str


def _pair(template: str, off: str, on: str) -> tuple[str, str]:
    """The template with either text in the place of `@`, a line of its own where one is empty."""
    return template.replace("@", off), template.replace("@", on)


_ZERO: Final = _pair(
    """import torch

w = torch.ones(2, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1, weight_decay=0.1)
(3 * w).sum().backward()

optimizer.zero_grad(set_to_none=@)
optimizer.step()
print(w)
""",
    "True",
    "False",
)
_RETAIN: Final = _pair(
    """import torch

a = torch.tensor([0.5, 1.0], requires_grad=True)
b = torch.tensor([2.0, 2.0], requires_grad=True)
loss = (a.exp() + b).sum()
loss.backward(@)
loss.backward()
""",
    "retain_graph=False",
    "retain_graph=True",
)
_ADD_ONLY: Final = _pair(
    """import torch

a = torch.tensor([0.5, 1.0], requires_grad=True)
b = torch.tensor([2.0, 2.0], requires_grad=True)
loss = (@ + b).sum()
loss.backward()
loss.backward()
""",
    "a.exp()",
    "a",
)
_CREATE: Final = _pair(
    """import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
(x**3).sum().backward(create_graph=@)
first = x.grad
print(first)

x.grad = None
first.sum().backward()
""",
    "False",
    "True",
)
_INPUTS: Final = _pair(
    """import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
w = torch.tensor([3.0, 4.0], requires_grad=True)
loss = (x * w).sum()
loss.backward(@)
""",
    "",
    "inputs=[w]",
)
_LEAF_HOOK: Final = _pair(
    """import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
loss = (x * x + 3 * x).sum()
@loss.backward()
""",
    "",
    "x.register_hook(lambda g: g.clamp(max=6.0))\n",
)
_INNER_HOOK: Final = _pair(
    """import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
w = torch.tensor([3.0, 4.0], requires_grad=True)
y = x * w
@loss = (y * y).sum()
loss.backward()
""",
    "",
    "y.register_hook(lambda g: 10 * g)\n",
)
_RETAIN_GRAD: Final = _pair(
    """import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x * x
@loss = (3 * y).sum()
loss.backward()
print(y.grad)
""",
    "",
    "y.retain_grad()\n",
)

SWITCHES: Final = {
    "set_to_none": Switch(
        later("zero_grad(set_to_none=…)"),
        later(
            "Zeros and None look alike until an optimizer steps: it leaves out a weight whose "
            ".grad is None, but one with zeros still decays."
        ),
        "set_to_none=True", "set_to_none=False", *_ZERO,
    ),
    "retain_graph": Switch(
        later("retain_graph"),
        later(
            "The second call needs what the first one let go of. What it had added to one leaf "
            "before it failed stays there."
        ),
        "retain_graph=False", "retain_graph=True", *_RETAIN,
    ),
    "add_only": Switch(
        later("a graph that saves nothing"),
        later(
            "A sum needs no numbers for its backward, so nothing can be gone: without retain_graph "
            "the second call succeeds."
        ),
        "a.exp() + b", "a + b", *_ADD_ONLY,
    ),
    "create_graph": Switch(
        later("create_graph"),
        later(
            "With it .grad has a graph of its own and can be differentiated again; the numbers of "
            "the first call are the same."
        ),
        "create_graph=False", "create_graph=True", *_CREATE,
    ),
    "inputs": Switch(
        later("inputs=…"),
        later("Only the tensors that are named get a gradient; the others keep what they had."),
        later("every leaf"), "inputs=[w]", *_INPUTS,
    ),
    "leaf_hook": Switch(
        later("a hook on a leaf"),
        later(
            "The hook is handed the sum of all uses, once, and what it gives back is what is added."
        ),
        later("without"), later("with the hook"), *_LEAF_HOOK,
    ),
    "inner_hook": Switch(
        later("a hook in the middle"),
        later("A hook on y changes everything that lies before y, not what lies after it."),
        later("without"), later("with the hook"), *_INNER_HOOK,
    ),
    "retain_grad": Switch(
        later("retain_grad()"),
        later("What is no leaf keeps no .grad, unless it is told to before the call."),
        later("without"), "y.retain_grad()", *_RETAIN_GRAD,
    ),
}  # fmt: skip
"""Every switch, by the name that links use."""


# ---------------------------------------------------------------------------- in one's own program


def on_program(name: str, run: Run) -> tuple[Program, Program] | None:
    """The program without and with switch `name`; None where it lacks what the switch needs.

    Needed are a backward() at the program's top level and, but for retain_graph and create_graph, a
    leaf (for retain_grad a computed tensor) that a variable stands for.
    """
    own = run.program
    statement = _last_call(own)
    call = press.backward_call(run)
    if statement is None or call is None or run.error is not None:
        return None
    leaves = [leaf.name for leaf in run.leaves if leaf.name in {v.name for v in run.tensors}]
    inner = [
        v.name
        for v in run.tensors
        if v.last and v.grad_fn and v.span and v.span.end_line < statement.lineno
    ]
    root = ast.unparse(statement.value.func.value)  # type: ignore[attr-defined]
    inner = [name for name in inner if name != root]
    if name == "retain_graph":
        again = (Press("backward"),)
        kept = press.keep_graph(own)
        return tuple(press.pressed(p, again, leaves=(), call=call) for p in (own, kept))  # type: ignore[return-value]
    if name == "create_graph":
        return own, _replaced(own, statement, press.written(call, Press("backward", create=True)))
    if name == "inputs" and len(leaves) > 1:
        only = Press("backward", inputs=(leaves[-1],))
        return own, _replaced(own, statement, press.written(call, only))
    if name == "leaf_hook" and leaves:
        return own, _before(own, statement, f"{leaves[0]}.register_hook(lambda g: 2 * g)")
    if name == "inner_hook" and inner:
        return own, _before(own, statement, f"{inner[0]}.register_hook(lambda g: 2 * g)")
    if name == "retain_grad" and inner:
        return own, _before(own, statement, f"{inner[0]}.retain_grad()")
    if name == "set_to_none" and leaves:
        listed = ", ".join(leaves)
        tail = f"optimizer = torch.optim.SGD([{listed}], lr=0.1, weight_decay=0.1)\n"
        return tuple(  # type: ignore[return-value]
            Program(
                f"{own.source.rstrip()}\n\nimport torch\n{tail}"
                f"optimizer.zero_grad(set_to_none={to_none})\noptimizer.step()\n",
                own.seed,
            )
            for to_none in (True, False)
        )
    return None


def _last_call(program: Program) -> ast.Expr | None:
    """The last backward() that stands alone at the top level."""
    for statement in reversed(ast.parse(program.source).body):
        if isinstance(statement, ast.Expr) and press.is_backward(statement.value):
            return statement
    return None


def _replaced(program: Program, statement: ast.stmt, text: str) -> Program:
    return _spliced(program, statement.lineno - 1, statement.end_lineno or 0, text)


def _before(program: Program, statement: ast.stmt, text: str) -> Program:
    return _spliced(program, statement.lineno - 1, statement.lineno - 1, text)


def _spliced(program: Program, first: int, last: int, text: str) -> Program:
    lines = program.source.splitlines()
    return Program("\n".join([*lines[:first], text, *lines[last:]]) + "\n", program.seed)


# ------------------------------------------------------------------------------------- outcomes


class Outcome(Plain, frozen=True):
    """One thing that both programs left behind: a tensor's numbers on either side, or words.

    `relation` says how the sides hang together where = or ≠ would say too little (`×3`).
    `same` says whether the sides agree to the last bit.
    """

    name: str
    off: Values | None = None
    on: Values | None = None
    off_text: str = ""
    on_text: str = ""
    relation: str = ""

    @property
    def same(self) -> bool:
        """Whether both sides are equal."""
        return (self.off, self.off_text) == (self.on, self.on_text)

    @property
    def close(self) -> bool:
        """Whether both sides are the same but for rounding."""
        if self.same:
            return True
        one, other = (None if v is None else v.array for v in (self.off, self.on))
        if one is None or other is None or one.shape != other.shape:
            return False
        most = float(np.abs(one).max(initial=0.0))
        return bool(np.allclose(one, other, rtol=0, atol=ROUNDING * most))

    @property
    def is_text(self) -> bool:
        """Whether the sides are words, not numbers."""
        return bool(self.off_text or self.on_text)


def outcomes(off: Run, on: Run) -> tuple[Outcome, ...]:
    """What differs or could: every .grad, every leaf that came out different, and torch's words."""
    sides = [_state(run) for run in (off, on)]
    names = list(dict.fromkeys([*sides[0], *sides[1]]))
    found = [Outcome(name, sides[0].get(name), sides[1].get(name)) for name in names]
    kept = [one for one in found if one.name.endswith(".grad") or not one.same]
    words = [
        Outcome("raises", off_text=_error(off), on_text=_error(on)),
        Outcome("warns", off_text=_warned(off), on_text=_warned(on)),
        Outcome("prints", off_text=off.printed.strip(), on_text=on.printed.strip()),
    ]
    return (*kept, *(one for one in words if one.is_text))


def _state(run: Run) -> dict[str, Values | None]:
    """The .grad of leaves and of what retains it, then the leaves themselves."""
    state: dict[str, Values | None] = {f"{leaf.name}.grad": leaf.grad for leaf in run.leaves}
    for variable in run.tensors:
        if variable.last and not variable.is_leaf and variable.grad is not None:
            state[f"{variable.name}.grad"] = variable.grad
    return state | {leaf.name: leaf.values for leaf in run.leaves}


def _error(run: Run) -> str:
    return f"{run.error.type}: {run.error.message}" if run.error else ""


def _warned(run: Run) -> str:
    return "\n".join(_unique([warning.message for warning in run.warnings]))


def _unique(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(texts))
