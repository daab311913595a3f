"""A program to take along: as a Python file, as a notebook, or as Markdown.

Each sets the seeds that a run sets, so what it prints is what the explorer showed.

>>> from explorer.data import Program
>>> program = Program("x = 1\\n\\nprint(x)\\n", seed=7)
>>> print(python(program, "One"))
# One
import random
<BLANKLINE>
import numpy
import torch
<BLANKLINE>
random.seed(7)
numpy.random.seed(7)
torch.manual_seed(7)
<BLANKLINE>
x = 1
<BLANKLINE>
print(x)
<BLANKLINE>
>>> cells(program.source)
['x = 1', 'print(x)']
"""

import ast
import json
import re
from typing import Any, Final

from explorer.data import Program
from explorer.language import _

_SEEDS: Final = """\
import random

import numpy
import torch

random.seed({seed})
numpy.random.seed({seed})
torch.manual_seed({seed})
"""


def python(program: Program, title: str) -> str:
    """The text of a `.py` file."""
    lines = "\n".join(f"# {line}".rstrip() for line in title.splitlines())
    return f"{lines}\n{_SEEDS.format(seed=program.seed)}\n{program.source.rstrip()}\n"


def notebook(program: Program, title: str) -> str:
    """The text of an `.ipynb` file (nbformat 4.5), a cell for each part of the program."""
    parts = [_SEEDS.format(seed=program.seed).rstrip(), *cells(program.source)]
    told = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": [f"# {title}"]}
    whole: dict[str, Any] = {
        "cells": [told, *(_cell(number, part) for number, part in enumerate(parts))],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def markdown(program: Program, title: str, printed: str, link: str) -> str:
    """Title, program, what it printed, and a link to all of it."""
    shown = f"\n{_fenced(printed.rstrip(), '')}\n" if printed else ""
    seed = ", " + _("seed {number}").format(number=program.seed) if program.seed else ""
    source = _fenced(program.source.rstrip(), "python")
    words = _("see what autograd does")
    return f"**{title}**{seed} ([{words}]({link}))\n\n{source}\n{shown}"


def cells(source: str) -> list[str]:
    """The program in parts: its lines between the blank ones that stand outside every statement.

    A program that is no Python is one part.
    """
    lines = source.rstrip().split("\n")
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ["\n".join(lines)]
    inside = {
        number
        for statement in tree.body
        for number in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
    }
    parts: list[list[str]] = [[]]
    for number, line in enumerate(lines, start=1):
        if not line.strip() and number not in inside:
            parts.append([])
        else:
            parts[-1].append(line)
    return ["\n".join(part) for part in parts if part]


def _cell(number: int, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"part-{number}",
        "metadata": {},
        "outputs": [],
        "source": source.splitlines(keepends=True),
    }


def _fenced(text: str, language: str) -> str:
    """A block of code with a fence that its own text cannot close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
