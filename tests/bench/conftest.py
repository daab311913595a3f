"""Collect `bench_*.py`, and print one table of ratios at the end of the run."""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pytest


class Line(NamedTuple):
    """One row of the table; times in seconds, `target` says what the ratio is held against."""

    group: str
    what: str
    fastest: float
    median: float
    baseline: str
    target: str


Compare = Callable[..., Any]

_LINES = pytest.StashKey[list[Line]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_LINES] = []
    config.option.benchmark_quiet = True  # the table below says it all


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Benchmarks are collected by their own name, so that no other run finds them."""
    named = parent.session.isinitpath(file_path)  # pytest itself collects what is named
    if file_path.match("bench_*.py") and not named:
        return pytest.Module.from_parent(parent, path=file_path)
    return None


@pytest.fixture
def measure(benchmark: Any, request: pytest.FixtureRequest) -> Compare:
    """`measure(group, what, function, fresh=..., rounds=..., baseline=..., target=...)`.

    Times `function(*fresh())`; `fresh` runs before every round and outside of the clock. A line
    without a `baseline` is one that others of its group can name as theirs.
    """

    def run(
        group: str,
        what: str,
        function: Callable[..., Any],
        *,
        fresh: Callable[[], tuple[Any, ...]] = tuple,
        rounds: int = 20,
        baseline: str = "",
        target: str = "",
    ) -> Any:
        benchmark.group, benchmark.name = group, what
        result = benchmark.pedantic(
            function, setup=lambda: (fresh(), {}), rounds=rounds, warmup_rounds=2
        )
        if benchmark.stats is not None:  # None under --benchmark-disable
            stats = benchmark.stats.stats
            line = Line(group, what, stats.min, stats.median, baseline, target)
            request.config.stash[_LINES].append(line)
        return result

    return run


@pytest.fixture
def clocked(request: pytest.FixtureRequest) -> Compare:
    """As `measure`, for a function that has a clock of its own and returns seconds."""

    def run(
        group: str,
        what: str,
        function: Callable[..., float],
        *,
        fresh: Callable[[], tuple[Any, ...]] = tuple,
        rounds: int = 20,
        baseline: str = "",
        target: str = "",
    ) -> None:
        seconds = [function(*fresh()) for _ in range(rounds + 2)][2:]
        line = Line(group, what, min(seconds), median(seconds), baseline, target)
        request.config.stash[_LINES].append(line)

    return run


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    lines = config.stash[_LINES]
    known = {(line.group, line.what): line for line in lines}
    for group in dict.fromkeys(line.group for line in lines):
        terminalreporter.section(group)
        terminalreporter.line(f"{'':40} {'fastest':>11} {'median':>11}   ratio of the fastest")
        for line in lines:
            if line.group == group:
                terminalreporter.line(_shown(line, known.get((group, line.baseline))))


def _shown(line: Line, baseline: Line | None) -> str:
    row = f"{line.what:40} {line.fastest * 1e3:8.3f} ms {line.median * 1e3:8.3f} ms"
    if baseline is None:
        return row
    ratio = line.fastest / baseline.fastest
    told = f"{ratio:.2f}x" if ratio >= 1 else f"{ratio:.2f}x ({1 / ratio:.1f} times faster)"
    target = f"; target {line.target}" if line.target else ""
    return f"{row}   {told} of {baseline.what}{target}"
