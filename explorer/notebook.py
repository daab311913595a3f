"""In a notebook, graphs and calls draw themselves with the player, a Jacobian as a heatmap.

Each player lies in a frame of its own, so that its style and the notebook's leave each other alone.
What draws is imported when a notebook first asks for a picture.
"""
# ruff: noqa: PLC0415 - `import explorer` must not load what draws

import html
from typing import Any

from explorer.data import BackwardCall, Jacobian, Plain, Run, Trace

HEIGHT = 860
"""Height of a player in a notebook, in px."""

WIDTH = 1000
"""Width of a heatmap in a notebook, in px."""


def register() -> None:
    """Teach the plain data to draw itself."""
    for kind in (Run, BackwardCall, Trace):
        Plain.pictures[kind] = _player
    Plain.pictures[Jacobian] = _heatmap


def _player(shown: Run | BackwardCall | Trace) -> dict[str, Any]:
    from explorer.ui.player.standalone import page

    document = html.escape(page(shown), quote=True)
    frame = (
        f'<iframe srcdoc="{document}" sandbox="allow-scripts" title="Autograd Explorer" '
        f'style="width: 100%; height: {HEIGHT}px; border: 0"></iframe>'
    )
    return {"text/html": frame, "text/plain": repr(shown)}


def _heatmap(shown: Jacobian) -> dict[str, Any]:
    from explorer.picture.heatmap import heatmap
    from explorer.picture.theme import LIGHT

    figure = heatmap(shown, LIGHT, width=WIDTH).to_plotly_json()
    return {"application/vnd.plotly.v1+json": figure, "text/plain": repr(shown)}
