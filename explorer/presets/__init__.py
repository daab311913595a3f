"""Ready programs, each a short PyTorch script that tells one story.

Every file in `programs/` is a script that also runs by itself. Its docstring holds the title and
the blurb; what follows the docstring is the program that a person sees.

>>> get("tutorial").title
'The tutorial: x, y, z, out'
>>> print(get("tutorial").program.source, end="")
import torch
<BLANKLINE>
x = torch.ones(2, 2, requires_grad=True)
y = x + 2
z = y * y * 3
out = z.mean()
out.backward()
>>> [preset.slug for preset in all() if preset.group == "First steps"]
['tutorial', 'tutorial_names', 'tutorial_power', 'fan_out', 'neuron', 'scalar_loss']
"""

import ast
from functools import cache
from importlib import resources

from explorer.data import Plain, Program
from explorer.errors import ProgramError

GROUPS = {
    "First steps": (
        "tutorial",
        "tutorial_names",
        "tutorial_power",
        "fan_out",
        "neuron",
        "scalar_loss",
    ),
    "Vectors and Jacobians": (
        "tensor_output",
        "tutorial_vector",
        "doubling_product",
        "row_sums",
        "matrix_product",
        "notebook",
        "notebook_linear",
        "outputs_by_weights",
    ),
    "Networks": (
        "xor",
        "shared_weight",
        "residual",
        "residual_plain",
        "batchnorm_classifier",
        "convnet",
        "attention",
        "transformer",
    ),
    "What people trip over": (
        "backward_twice",
        "micro_batches",
        "micro_batches_sum",
        "zero_grad_none",
        "zero_grad_zeros",
        "in_place",
        "tutorial_switch",
        "freeze_first",
        "freeze_last",
        "custom_function",
    ),
}
"""Group -> the slugs in it. This is the order in which presets are offered."""

VARIANTS = (
    ("tutorial", "tutorial_power"),
    ("notebook", "notebook_linear"),
    ("freeze_first", "freeze_last"),
    ("zero_grad_none", "zero_grad_zeros"),
    ("micro_batches", "micro_batches_sum"),
    ("residual", "residual_plain"),
)
"""Presets that differ in one thing, to be put beside each other."""


class Preset(Plain, frozen=True):
    """One ready program, with the words that offer it. `slug` names it in links and files."""

    slug: str
    title: str
    blurb: str
    group: str
    program: Program


def all() -> tuple[Preset, ...]:  # noqa: A001 - reads as `presets.all()`
    """Every preset, in the order of `GROUPS`."""
    return tuple(_by_slug().values())


def get(slug: str) -> Preset:
    """The preset of that name.

    Raises:
        ProgramError: there is none.
    """
    try:
        return _by_slug()[slug]
    except KeyError:
        known = ", ".join(_by_slug())
        raise ProgramError(f"There is no preset “{slug}”: the presets are {known}.") from None


def variants(slug: str) -> tuple[Preset, ...]:
    """The presets that differ from the one of that name in one thing.

    >>> [preset.slug for preset in variants("notebook")]
    ['notebook_linear']
    """
    pairs = [pair for pair in VARIANTS if slug in pair]
    return tuple(get(other) for pair in pairs for other in pair if other != slug)


@cache
def _by_slug() -> dict[str, Preset]:
    return {slug: _read(slug, group) for group, slugs in GROUPS.items() for slug in slugs}


def _read(slug: str, group: str) -> Preset:
    """The preset that `programs/<slug>.py` holds."""
    text = (resources.files(__name__) / "programs" / f"{slug}.py").read_text(encoding="utf-8")
    module = ast.parse(text)
    title, _, blurb = (ast.get_docstring(module) or "").partition("\n")
    after = module.body[0].end_lineno
    source = "".join(text.splitlines(keepends=True)[after:]).lstrip("\n")
    return Preset(slug, title, " ".join(blurb.split()), group, Program(source))
