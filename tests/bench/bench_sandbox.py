"""What a program costs from its text to its Run in the app: a child forked, run, packed, unpacked,
beside the same program in this very process. The parent is warm and the line is empty.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from explorer.autograd import runner
from explorer.data import Program
from explorer.presets import get
from explorer.sandbox import Pool

Compare = Callable[..., Any]

TINY = Program(
    "import torch\nx = torch.ones(2, requires_grad=True)\n(x * x).sum().backward()\nprint(x.grad)"
)
PROGRAMS = {"tiny": TINY} | {
    slug: get(slug).program for slug in ("neuron", "notebook", "xor", "transformer")
}

HERE = "in this process"


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool()
    pool.start()
    yield pool
    pool.close()


@pytest.mark.parametrize("where", [HERE, "in the sandbox"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_run(measure: Compare, pool: Pool, name: str, where: str) -> None:
    run = runner.run if where == HERE else pool.run
    baseline = "" if where == HERE else HERE
    shown = measure(f"run of {name}", where, lambda: run(PROGRAMS[name]), baseline=baseline)
    assert shown.error is None
