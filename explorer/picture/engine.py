"""Run Graphviz where it may not be installed, on graphs that may be too much for it.

The engine is the `graphviz-pure` command that its PyPI package installs beside the interpreter, or
else a system `dot`. It always runs in a child process with a deadline and a memory cap, and only on
graphs with at most `MAX_EDGES` edges: a graph with one node shared by hundreds can otherwise take
minutes and gigabytes.
"""

import os
import shutil
import subprocess
import sys
from functools import cache, lru_cache
from pathlib import Path

from explorer.errors import LayoutError
from explorer.language import _

MAX_EDGES = 4_000
"""Edges of a graph that the engine is asked to lay out."""

MAX_SECONDS = 10.0
"""Time that the engine may take."""

MAX_BYTES = 2 * 2**30
"""Memory that the engine may take, where the system can limit it."""

ENGINES = ("graphviz-pure", "dot")
"""Commands that can lay out a graph, in the order in which they are looked for."""


@cache
def find() -> str:
    """The path of the engine.

    Raises:
        LayoutError: none of the `ENGINES` is installed.
    """
    beside = str(Path(sys.executable).parent)
    for name in ENGINES:
        for path in (beside, None):
            found = shutil.which(name, path=path)
            if found:
                return found
    raise LayoutError(
        _(
            "No layout engine was found; one of {names} is needed. `pip install graphviz-pure` "
            "installs one."
        ).format(names=", ".join(ENGINES))
    )


@lru_cache(maxsize=64)
def run(dot: str, output: str, *, edges: int, seconds: float = MAX_SECONDS) -> str:
    """What the engine makes of `dot` in the format `output` (`svg`, `json0`, …).

    `edges` is the number of edges in `dot`. Equal graphs are laid out once.

    Raises:
        LayoutError: there is no engine, the graph has too many edges, or laying it out took too
            long, too much memory, or failed.
    """
    if edges > MAX_EDGES:
        raise LayoutError(
            _("The graph has {edges:,} edges; at most {most:,} are laid out.").format(
                edges=edges, most=MAX_EDGES
            )
        )
    command = [find(), f"-T{output}"]
    try:
        done = subprocess.run(
            [*_limited(), *command],
            input=dot.encode(),
            capture_output=True,
            timeout=seconds,
            check=False,
            # With SERVER_NAME set, Graphviz reads no files that the graph may name.
            env={**os.environ, "SERVER_NAME": "explorer"},
        )
    except subprocess.TimeoutExpired as error:
        raise LayoutError(
            _("Laying out the graph took more than {seconds:g} s.").format(seconds=seconds)
        ) from error
    except OSError as error:
        raise LayoutError(
            _("The layout engine {name} does not start: {words}").format(
                name=command[0], words=error
            )
        ) from error
    if done.returncode != 0 or not done.stdout:
        words = done.stderr.decode(errors="replace").strip()[-300:]
        raise LayoutError(
            _("The layout engine failed ({code}): {words}").format(
                code=done.returncode, words=words
            )
        )
    return done.stdout.decode(errors="replace")


def _limited() -> list[str]:
    """The prefix that caps the memory of a command; empty where the system has none.

    A command in front of the engine and not a `preexec_fn`, which is not safe with threads.
    """
    limiter = shutil.which("prlimit")
    return [limiter, f"--as={MAX_BYTES}"] if limiter else []
