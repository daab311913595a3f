"""A program that is taken along prints elsewhere what it printed here."""

import contextlib
import io
import json
import re

import pytest

from explorer import presets, script
from explorer.autograd.runner import masked, run
from explorer.builder import NetworkSpec
from explorer.data import Program

PROGRAMS = [(preset.slug, preset.program) for preset in presets.all()]
PROGRAMS += [
    ("network", NetworkSpec().program()),
    ("random", Program("import torch, random\nprint(torch.rand(2), random.random())\n", 11)),
]


def printed(*parts: str) -> str:
    """What the parts print, executed one after another as a notebook does."""
    seen, names = io.StringIO(), {"__name__": "__main__"}
    with contextlib.redirect_stdout(seen):
        for part in parts:
            exec(compile(part, "<cell>", "exec"), names)
    return masked(seen.getvalue())


def code_cells(text: str) -> list[str]:
    whole = json.loads(text)
    assert (whole["nbformat"], whole["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in whole["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-zA-Z0-9-_]{1,64}", one) for one in ids)
    return ["".join(cell["source"]) for cell in whole["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize(("slug", "program"), PROGRAMS, ids=[slug for slug, _ in PROGRAMS])
@pytest.mark.filterwarnings("ignore")
def test_file_and_notebook_print_what_the_run_printed(slug: str, program: Program) -> None:
    shown = run(program)
    ways = [(script.python(program, slug),), code_cells(script.notebook(program, slug))]
    for parts in ways:
        if shown.error is None:
            assert printed(*parts) == shown.printed
        else:
            with pytest.raises(Exception, match=re.escape(shown.error.message[:40])):
                printed(*parts)


def test_a_blank_line_inside_a_class_or_a_text_divides_nothing() -> None:
    source = 'class A:\n    x = 1\n\n    y = 2\n\ntext = """a\n\nb"""\n# end\n\n\nprint(A.y)\n'
    assert script.cells(source) == [
        "class A:\n    x = 1\n\n    y = 2", 'text = """a\n\nb"""\n# end', "print(A.y)",
    ]  # fmt: skip


def test_what_is_no_python_is_one_cell() -> None:
    assert script.cells("x = (\n\ny = 1") == ["x = (\n\ny = 1"]


def test_no_text_of_a_program_leaves_its_fence_or_its_comment() -> None:
    program = Program("print('````')\n")
    text = script.markdown(program, "T", "````\n", "http://x")
    assert text.count("`````python\nprint('````')\n`````") == 1
    assert text.endswith("`````\n````\n`````\n")
    assert script.python(program, "one\nimport os").startswith("# one\n# import os\n")
