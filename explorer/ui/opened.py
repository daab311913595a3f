"""A file that somebody recorded with `.save(...)` in a script of their own, opened and drawn."""

from typing import Final

import streamlit as st

from explorer import opening
from explorer.data import BackwardCall, Jacobian, Trace
from explorer.errors import FileError
from explorer.opening import Opened
from explorer.picture.heatmap import heatmap
from explorer.ui import player, widgets
from explorer.ui.player.standalone import as_run

_HOW: Final = """\
import explorer

with explorer.watch(names=model):
    loss = criterion(model(batch), target)
explorer.record(loss, names=model).save("step.json")
"""

_LACKS: Final = {
    Trace: "A Trace holds the graph and what it saved. No backward was recorded in it.",
    BackwardCall: "A BackwardCall holds one backward pass. The program's text is not in it, so "
    "nodes carry torch's names.",
}


def ask() -> Opened | None:
    """The picker for a file; what it holds, or None where the page has said what is wrong."""
    given = st.file_uploader(
        "A file written by `.save(...)`, up to 50 MB", type="json", key="opened file"
    )
    if given is None:
        st.markdown("In your own training script, record a step and save it:")
        st.code(_HOW, language="python")
        st.caption("Your model never runs here: the file holds plain numbers and names.")
        return None
    try:
        return opening.loads(given.getvalue())
    except FileError as error:
        st.error(str(error), icon=":material/error:")
        return None


def draw(opened: Opened) -> None:
    """The player for graphs and calls, the heatmap for a Jacobian, and what the file lacks."""
    if lacks := _LACKS.get(type(opened)):
        st.caption(lacks)
    if isinstance(opened, Jacobian):
        st.plotly_chart(heatmap(opened, widgets.theme()), theme=None, key="opened heatmap")
    else:
        run = as_run(opened)
        player.show(run, key="opened", program_panel=bool(run.program.source))
