"""The way in: a few presets as cards, then all of them, and the door to one's own network."""

import re
from itertools import groupby
from typing import Final

import streamlit as st

from explorer import presets
from explorer.language import _
from explorer.ui import session, site

FEATURED: Final = ("fan_out", "notebook", "outputs_by_weights", "transformer")
"""The presets that a visitor sees first."""


def show() -> None:
    """Cards that open a program, and the ways to bring one's own."""
    st.subheader(_("Look at another program"))
    for column, slug in zip(st.columns(len(FEATURED)), FEATURED, strict=True):
        preset = presets.get(slug)
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{_(preset.title)}**")
            st.caption(_first_sentence(_(preset.blurb)))
            st.page_link(
                site.page("backward"), label=_("Watch it"), icon=":material/play_arrow:",
                query_params={"preset": slug},
            )  # fmt: skip
    with st.container(horizontal=True, gap="large"):
        st.page_link(
            site.page("program"), label=_("Build your own network"), icon=":material/construction:",
            query_params={"preset": session.NETWORK},
        )  # fmt: skip
        st.page_link(
            site.page("program"), label=_("Paste your own code"), icon=":material/edit:",
            query_params={"preset": session.CODE},
        )  # fmt: skip
        st.page_link(site.page("jacobian"), label=_("See its Jacobian"), icon=":material/grid_on:")
        st.page_link(
            site.page("accumulation"), label=_("Press backward() again and again"),
            icon=":material/add_circle:",
        )  # fmt: skip
    with st.expander(_("All programs")):
        for group, members in groupby(presets.all(), key=lambda preset: preset.group):
            st.markdown(f"**{_(group)}**")
            for preset in members:
                st.page_link(
                    site.page("backward"), label=f"{_(preset.title)}: {_(preset.blurb)}",
                    query_params={"preset": preset.slug},
                )  # fmt: skip


def _first_sentence(text: str) -> str:
    """The first sentence of a blurb, in a language that ends it with a full stop of its own."""
    return re.split(r"(?<=\.) |(?<=。)", text, maxsplit=1)[0]
