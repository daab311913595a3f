"""A switch on the page: the lines that it changes, and what torch leaves on either side."""

from typing import Final

import streamlit as st

from explorer import switches
from explorer.data import Program
from explorer.language import _
from explorer.ledger import ledger_of
from explorer.picture import ledger as ledgers
from explorer.picture import listing, sides
from explorer.switches import SWITCHES
from explorer.ui import session, widgets
from explorer.ui.experiments import adopt

SWITCH: Final = "switch"
"""What is remembered of the choice."""

MINE: Final = "switch in my program"
"""Whether the change is made in the current program."""


def show() -> None:
    """The choice, the difference, and both outcomes."""
    name, mine = _choose()
    switch = SWITCHES[name]
    programs = _in_mine(name) if mine else None
    mine = programs is not None
    programs = programs or (Program(switch.off), Program(switch.on))
    left, right = st.columns([4, 7], gap="medium")
    with left:
        st.markdown(f"**{_(switch.question)}**")
        st.html(listing.STYLE + listing.difference_html(
            programs[0].source, programs[1].source, widgets.theme(), around=30 if not mine else 3
        ))  # fmt: skip
        adopt(programs[1])
    with right:
        off, on = (session.run(program) for program in programs)
        titles = (_("without"), _("with")) if mine else (_(switch.off_title), _(switch.on_title))
        if mine and name == "set_to_none":
            titles = (switch.off_title, switch.on_title)
        drawn = sides.sides_html(switches.outcomes(off, on), titles, widgets.theme())
        st.html(sides.STYLE + drawn)
        for run in (off, on):
            for line in ledger_of(run).lines:
                if line.failure is not None:
                    st.html(
                        ledgers.STYLE + ledgers.failure_alone_html(line.failure, widgets.theme())
                    )


def _choose() -> tuple[str, bool]:
    names = list(SWITCHES)
    key = session.widget_key(SWITCH, names[0])
    if st.session_state[key] not in names:
        st.session_state[key] = names[0]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        name: str = st.pills(  # type: ignore[assignment]
            _("Switch"), names, format_func=lambda name: _(SWITCHES[name].title), key=key,
            required=True, label_visibility="collapsed",
        )  # fmt: skip
        mine = st.toggle(_("in the program above"), key=session.widget_key(MINE, False))
    session.remember(SWITCH, name)
    session.remember(MINE, mine)
    return name, mine


def _in_mine(name: str) -> tuple[Program, Program] | None:
    """The visitor's program without and with the change; None, and why, where it cannot be made."""
    run = session.current_run()
    found = None if run is None else switches.on_program(name, run)
    if found is None:
        st.info(_("The program above lacks what this switch needs, so the small example is shown."))
    return found
