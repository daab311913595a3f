"""The Take away menu: what is on the page as a picture, as an animation, on paper, or as data."""

from collections.abc import Callable
from html import escape
from typing import Final

import msgspec
import streamlit as st

from explorer import files
from explorer.data import Run
from explorer.errors import LayoutError
from explorer.language import _
from explorer.picture import graph as pictures
from explorer.ui.player import standalone, storyboard

_SCRIPT: Final = """
export default function ({ data, parentElement }) {
  const saves = globalThis[Symbol.for("autograd-explorer.player")]?.pictures;
  for (const button of parentElement.querySelectorAll("button")) {
    button.onclick = () => saves?.get(data.player)?.(button.dataset.kind, data.name);
  }
}
"""

_BUTTONS: Final = """
<div>
  <button type="button" data-kind="svg">SVG</button>
  <button type="button" data-kind="png">PNG</button>
</div>
"""

_STYLE: Final = """
div { width: 100%; display: flex; gap: 8px; }
button { flex: 1; min-height: 40px; border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius); background: none; color: var(--st-text-color);
  font: 400 1rem var(--st-font); cursor: pointer; }
button:hover { border-color: currentColor; }
button:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 1px; }
"""

_step = st.components.v2.component("explorer_picture", html=_BUTTONS, css=_STYLE, js=_SCRIPT)


def menu(run: Run, *, key: str, name: str, title: str = "") -> None:
    """A button that opens the menu.

    Args:
        run: what to take away, with what was asked about its numbers.
        key: the key of the player that shows it; pictures are of the step that it is at.
        name: what the files are called, without their endings.
        title: what stands above the storyboard; the name, if nothing is given.
    """
    title = title or name
    with st.popover(_("Take away"), icon=":material/download:", width=230):
        st.markdown(_("**The step you see**"))
        _step(key=f"picture of {key}", data={"player": key, "name": name})
        st.markdown(_("**All steps**"))
        _offer(_("Storyboard to print"), lambda: storyboard.page(run, title=title),
               f"{name} storyboard.html", "text/html", "print",
               _("Small pictures of the steps on A4, with the program. Print it."))  # fmt: skip
        _offer(_("Animation"), lambda: standalone.page(run, title=f"Autograd Explorer: {title}"),
               f"{name}.html", "text/html", "movie",
               _("This player as one HTML file, which works offline."))  # fmt: skip
        st.markdown(_("**The graph as torch has it**"))
        _offer(_("Labelled SVG"), lambda: _svg(run), f"{name} graph.svg", "image/svg+xml",
               "account_tree", _("Every node and edge, drawn by Graphviz."))  # fmt: skip
        _offer("DOT", lambda: pictures.to_dot(run.trace), f"{name}.dot", "text/vnd.graphviz",
               "code", _("The same as text for Graphviz."))  # fmt: skip
        _offer("JSON", lambda: _as_file(run), f"{name}.json",
               "application/json", "data_object",
               _("The whole Run: `explorer.load` and the Open page read it."))  # fmt: skip


def _offer(
    label: str, made: Callable[[], str | bytes], file: str, mime: str, icon: str, help_: str
) -> None:
    """A button that makes its file when it is pressed, without running the page again."""
    st.download_button(
        label, made, file, mime, on_click="ignore", icon=f":material/{icon}:", help=help_,
        width="stretch",
    )  # fmt: skip


def _svg(run: Run) -> str:
    """The labelled picture, or a picture that says why there is none."""
    try:
        return pictures.to_svg(run.trace)
    except LayoutError as error:
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="40">'
            f'<text x="10" y="26">{escape(str(error))}</text></svg>'
        )


def _as_file(run: Run) -> bytes:
    """The Run with what explains its numbers, or without where the file could not be opened."""
    whole = files.encode("Run", run.to_dict())
    if len(whole) <= files.MAX_BYTES:
        return whole
    return files.encode("Run", msgspec.structs.replace(run, answers=()).to_dict())
