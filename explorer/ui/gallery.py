"""The way in: a few presets as cards, then all of them, and the door to one's own network."""

from itertools import groupby
from typing import Final

import streamlit as st

from explorer import presets
from explorer.ui import session, site

FEATURED: Final = ("fan_out", "notebook", "outputs_by_weights", "transformer")
"""The presets that a visitor sees first."""


def show() -> None:
    """Cards that open a program, and the ways to bring one's own."""
    st.subheader("Look at another program")
    for column, slug in zip(st.columns(len(FEATURED)), FEATURED, strict=True):
        preset = presets.get(slug)
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{preset.title}**")
            st.caption(preset.blurb.partition(". ")[0].rstrip(".") + ".")
            st.page_link(
                site.page("backward"), label="Watch it", icon=":material/play_arrow:",
                query_params={"preset": slug},
            )  # fmt: skip
    with st.container(horizontal=True, gap="large"):
        st.page_link(
            site.page("program"), label="Build your own network", icon=":material/construction:",
            query_params={"preset": session.NETWORK},
        )  # fmt: skip
        st.page_link(
            site.page("program"), label="Paste your own code", icon=":material/edit:",
            query_params={"preset": session.CODE},
        )  # fmt: skip
        st.page_link(site.page("jacobian"), label="See its Jacobian", icon=":material/grid_on:")
        st.page_link(
            site.page("accumulation"), label="Press backward() again and again",
            icon=":material/add_circle:",
        )  # fmt: skip
    with st.expander("All programs"):
        for group, members in groupby(presets.all(), key=lambda preset: preset.group):
            st.markdown(f"**{group}**")
            for preset in members:
                st.page_link(
                    site.page("backward"), label=f"{preset.title}: {preset.blurb}",
                    query_params={"preset": preset.slug},
                )  # fmt: skip
