"""A file that somebody recorded with `.save(...)` in a script of their own, opened and drawn."""

from pathlib import PurePath
from typing import Final

import msgspec
import streamlit as st

from explorer import files, opening, presets
from explorer.data import BackwardCall, Jacobian, Plain, Run, Trace
from explorer.errors import FileError
from explorer.language import _, ngettext
from explorer.opening import Opened
from explorer.ui import downloads, lab, player, session, takeaway
from explorer.ui.player.standalone import as_run
from explorer.ui.wording import plain

SAMPLE: Final = "transformer"
"""The preset whose backward pass is the file to try."""

_HELD: Final = "opened file"
_UPLOADED: Final = "uploaded file"

_HOW: Final = """\
import explorer

# one step of your own training loop
with explorer.watch(names=model):
    loss = criterion(model(batch), target)

explorer.record(loss, names=model).save("step.json")
"""


class Held(Plain, frozen=True):
    """What was opened, and the name of its file."""

    name: str
    value: Opened


def ask() -> Held | None:
    """What was opened; before that, how to make a file, a place to drop it, and one to try."""
    held: Held | None = st.session_state.get(_HELD)
    if held is not None:
        return held
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(_("Open a step of your own training"))
        given = st.file_uploader(
            _("A file written by `.save(...)`, up to {most} MB").format(
                most=files.MAX_BYTES // 2**20
            ),
            type="json",
            key=_UPLOADED,
        )
        st.caption(
            _(
                "A ResNet, a transformer, anything that torch can differentiate. Your model never "
                "runs here: the file holds plain numbers and names, and nothing in it is executed."
            )
        )
        st.markdown(_("**No file at hand?** Try one step of a small transformer."))
        with st.container(horizontal=True):
            if st.button(_("Open the sample"), icon=":material/folder_open:", type="primary"):
                _hold(f"{SAMPLE}.json", _sample())
            st.download_button(
                _("Download it"), lambda: files.encode("BackwardCall", _sample().to_dict()),
                f"{SAMPLE}.json", "application/json", on_click="ignore",
                icon=":material/download:",
            )  # fmt: skip
    with right:
        st.subheader(_("How to record one"))
        st.code(_HOW, language="python")
        st.markdown(
            _(
                "`watch` names the modules that made each node, `record` runs the real "
                "`loss.backward()` and notes every step, and `save` writes it down. "
                "`explorer.trace`, `explorer.jacobian` and `explorer.run` save the same way."
            )
        )
    if given is not None:
        try:
            _hold(given.name, opening.loads(given.getvalue()))
        except FileError as error:
            with left:
                st.error(str(error), icon=":material/error:")
    return None


def _hold(name: str, value: Opened) -> None:
    st.session_state[_HELD] = Held(name, value)
    st.rerun()


def _let_go() -> None:
    st.session_state.pop(_HELD, None)


def _sample() -> BackwardCall:
    """A backward pass that the sandbox records now, as a script of one's own would."""
    call = session.run(presets.get(SAMPLE).program).calls[0]
    return msgspec.structs.replace(call, span=None)


def draw(held: Held) -> None:
    """What the file holds and lacks, then the player for graphs and calls, or the lab."""
    value = held.value
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**:material/description: {plain(held.name)}** {_summary(value)}")
        st.button(_("Open another file"), icon=":material/close:", on_click=_let_go)
    if isinstance(value, Jacobian):
        lab.alone(value, key="opened lab")
        downloads.jacobian(value, PurePath(held.name).stem)
        return
    run = as_run(value)
    player.show(run, key="opened", program_panel=bool(run.program.source))
    with st.container(horizontal=True, vertical_alignment="top"):
        takeaway.menu(run, key="opened", name=PurePath(held.name).stem)
        if lacks := opening.lacks(value):
            st.caption("  \n".join([_("What this file does not hold:"), *lacks]))


def _summary(value: Opened) -> str:
    """What a file holds, in a few words."""
    if isinstance(value, Jacobian):
        rows, columns = len(value.rows), len(value.columns)
        return _("a Jacobian of {rows} × {columns}").format(rows=rows, columns=columns)
    trace = value if isinstance(value, Trace) else value.trace
    nodes = ngettext("{count} node", "{count} nodes", len(trace.nodes))
    words = [nodes.format(count=len(trace.nodes))]
    if isinstance(value, BackwardCall):
        steps = ngettext("{count} step", "{count} steps", len(value.steps))
        words.append(steps.format(count=len(value.steps)))
    elif isinstance(value, Run):
        calls = ngettext("{count} call", "{count} calls", len(value.calls))
        words.append(calls.format(count=len(value.calls)))
    if trace.torch:
        words.append(f"torch {trace.torch}")
    return ", ".join(words)
