"""The player as one HTML file: it works offline, in any browser, and asks nobody for anything."""

import html
import json
from typing import Any

import msgspec

from explorer.data import BackwardCall, Program, Run, Trace
from explorer.ui.player import browser_data, script
from explorer.ui.player.style import style_sheet

Playable = Run | BackwardCall | Trace

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; padding: 12px; background: Canvas; }}
{style}
</style>
<main id="player"></main>
<script type="application/json" id="data">{data}</script>
<script type="module">
{script}
mount({{
  data: JSON.parse(document.getElementById("data").textContent),
  parentElement: document.getElementById("player"),
}});
</script>
</html>
"""


def page(shown: Playable, *, title: str = "Autograd Explorer", start: int | None = None) -> str:
    """An HTML document that holds the player and all of its data.

    `start` is the step to begin at, from 1; None is at rest. Names and numbers stand in it as data
    only: the document's policy lets it load nothing, and no text of the program becomes markup.
    """
    run = as_run(shown)
    options: dict[str, Any] = {
        "key": "standalone",
        "start": start,
        "height": None,
        "program_panel": bool(run.program.source),
    }
    return _PAGE.format(
        title=html.escape(title),
        style=style_sheet(),
        data=_inert(browser_data(run) | options),
        script=_named(script()),
    )


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


def _inert(data: dict[str, Any]) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _named(module: str) -> str:
    """The player's module as a plain script: its export becomes a function called `mount`."""
    before, export, after = module.rpartition("export default function")
    assert export, "the player's module exports one function"
    return f"{before}function mount{after}"
