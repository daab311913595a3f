"""The player as one HTML file: it works offline, in any browser, and asks nobody for anything."""

from typing import Any

import msgspec

from explorer import opening
from explorer.data import BackwardCall, Program, Run, Trace
from explorer.language import _
from explorer.ui.player import browser_data
from explorer.ui.player.document import document
from explorer.ui.player.scripts import PLAYER, joined
from explorer.ui.player.style import style_sheet

Playable = Run | BackwardCall | Trace

STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; padding: 12px; background: Canvas; }
footer { padding: 8px 20px; color: GrayText; font: 13px/1.5 system-ui, sans-serif; }
footer p { margin: 0; }
"""


def page(
    shown: Playable,
    *,
    title: str = "Autograd Explorer",
    start: int | None = None,
    height: int | None = None,
) -> str:
    """An HTML document that holds the player and all of its data.

    `start` is the step to begin at, from 1; None is at rest. `height` is that of the graph in px;
    None takes what the window has room for. In a frame the page tells whoever holds it how high it
    is: a message `{explorerHeight: px}`, at every change and in answer to any message.
    """
    run = as_run(shown)
    options: dict[str, Any] = {
        "key": "standalone",
        "start": start,
        "height": height,
        "program_panel": bool(run.program.source),
        "link": None,
        "wrong": [],
    }
    return document(
        title=title,
        style=STYLE + style_sheet(),
        script=joined(*PLAYER, "framed"),
        start="tellHeight();\nmountPlayer",
        data=browser_data(run) | options,
        notes=_notes(shown),
    )


def _notes(shown: Playable) -> list[str]:
    """What a reader may miss, said in the file itself."""
    missing = opening.lacks(shown)
    return [_("What this file does not hold:"), *(f"– {one}" for one in missing)] if missing else []


def as_run(shown: Playable) -> Run:
    """A Run that holds nothing but `shown`, where it is none itself."""
    if isinstance(shown, Run):
        return shown
    call = shown if isinstance(shown, BackwardCall) else None
    trace = shown if isinstance(shown, Trace) else shown.trace
    # Spans point into a text that is not here.
    bare = tuple(msgspec.structs.replace(node, span=None) for node in trace.nodes)
    trace = msgspec.structs.replace(trace, nodes=bare)
    calls = () if call is None else (msgspec.structs.replace(call, trace=trace, span=None),)
    return Run(Program(""), printed="", tensors=(), leaves=(), forward=(), trace=trace, calls=calls)
