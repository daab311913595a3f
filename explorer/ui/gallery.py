"""The ways in: to build, to paste, to learn; then a few presets as cards, and all of them."""

import re
from itertools import groupby
from typing import Final, NamedTuple

import streamlit as st

from explorer import presets
from explorer.language import _
from explorer.ui import session, site

FEATURED: Final = ("fan_out", "notebook", "outputs_by_weights", "transformer")
"""The presets that a visitor sees first."""


class Way(NamedTuple):
    """A way in: its page, what it is called, its icon, and what it opens there."""

    page: str
    label: str
    icon: str
    query: dict[str, str]


def ways() -> tuple[Way, ...]:
    """The three ways in."""
    return (
        Way("program", _("Build a network"), "construction", {"preset": session.NETWORK}),
        Way("program", _("Paste your code"), "edit", {"preset": session.CODE}),
        Way("lessons", _("Take a lesson"), "school", {}),
    )


def show_front(title: str) -> None:
    """What the explorer promises, and beside it the three ways in."""
    with st.container(key="front", horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.header(title, anchor=False)
        with st.container(key="ways", horizontal=True, gap="xsmall", width="content"):
            for way in ways():
                st.page_link(
                    site.page(way.page), label=way.label, icon=f":material/{way.icon}:",
                    query_params=way.query, width="content",
                )  # fmt: skip


def show() -> None:
    """Cards that open a program, and what else can be done with this one."""
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
    with st.container(horizontal=True, gap="small"):
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
