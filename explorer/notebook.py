"""In a notebook, graphs and calls draw themselves with the player, a Jacobian with its lab.

Each lies in a frame of its own, so that its style and the notebook's leave each other alone; the
frame may run its own script and nothing else. Everything that it shows is in it: an exported
notebook needs no network. What draws is imported when a notebook first asks for a picture.
"""
# ruff: noqa: PLC0415 - `import explorer` must not load what draws

import html
from typing import Any

from explorer.data import BackwardCall, Jacobian, Plain, Run, Trace

HEIGHT = 940
"""Height of a frame in a notebook until its page has said how high it is, in px."""

GRAPH = 380
"""Height of the graph in a player there, in px."""

CELLS = 460
"""Height of the cells of a Jacobian there, at most, in px."""

_AS_HIGH_AS_IT_IS = (
    "window.addEventListener('message', ({ source, data }) => { "
    "if (source === this.contentWindow &amp;&amp; data.explorerHeight > 0) "
    "this.style.height = data.explorerHeight + 'px'; }); "
    "this.contentWindow.postMessage('how high?', '*')"
)
"""What a frame does when it has loaded: it asks its page, which may tell nothing else."""


def register() -> None:
    """Teach the plain data to draw itself."""
    for kind in (Run, BackwardCall, Trace):
        Plain.pictures[kind] = _player
    Plain.pictures[Jacobian] = _lab


def _player(shown: Run | BackwardCall | Trace) -> dict[str, Any]:
    from explorer.ui.player.standalone import page

    return _framed(page(shown, height=GRAPH), HEIGHT, shown)


def _lab(shown: Jacobian) -> dict[str, Any]:
    from explorer.ui.lab.standalone import page

    return _framed(page(shown, height=CELLS), HEIGHT, shown)


def _framed(document: str, height: int, shown: Plain) -> dict[str, Any]:
    """A whole page as a frame in a notebook's page, and the value's text for other readers."""
    frame = (
        f'<iframe srcdoc="{html.escape(document, quote=True)}" sandbox="allow-scripts" '
        f'title="Autograd Explorer" style="width: 100%; height: {height}px; border: 0" '
        f'onload="{_AS_HIGH_AS_IT_IS}"></iframe>'
    )
    return {"text/html": frame, "text/plain": repr(shown)}
