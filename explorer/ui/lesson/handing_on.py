"""The teacher's link: the same step, program and seed for everyone, with nothing answered yet."""

from urllib.parse import urlencode

import streamlit as st

from explorer.language import _
from explorer.ui import session
from explorer.ui.lesson import place
from explorer.ui.lesson.place import HIDEABLE, PARAMETERS, Place


def show(here: Place) -> None:
    """A small menu: what the link hides, and the link."""
    with st.popover(_("For a class"), icon=":material/school:", type="tertiary"):
        st.markdown(_("The same step, program and seed for everyone, with nothing answered yet:"))
        titles = {part: _(title) for part, title in HIDEABLE.items()}
        hidden = st.multiselect(
            _("What the link hides"), list(titles), format_func=titles.__getitem__,
            key="hidden by the link", placeholder=_("Nothing"),
        )  # fmt: skip
        st.code(link(here, tuple(hidden)), language=None, wrap_lines=True)


def link(here: Place, hidden: tuple[str, ...]) -> str:
    """The address of this step for somebody who has not seen it, without some controls."""
    program = session.query_of_program() or {}
    own = {name: value for name, value in program.items() if name not in PARAMETERS}
    query = place.query(Place(here.slug, here.step, (), hidden)) | own
    address = (st.context.url or "").partition("?")[0]
    return f"{address}?{urlencode(query)}"
