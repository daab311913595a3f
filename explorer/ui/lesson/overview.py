"""All lessons, group by group, each with how far the learner is in it."""

from itertools import groupby
from typing import Final

import streamlit as st

from explorer import lessons
from explorer.language import _, ngettext
from explorer.lessons import Lesson
from explorer.ui import site
from explorer.ui.lesson import place

SHORT: Final = 5
"""Steps up to which a lesson is a room of the museum rather than a story."""


def show() -> None:
    """A card a story; short lessons closer together."""
    st.header(_("Lessons"), anchor=False)
    st.markdown(_("Each is a small story of steps: first your guess, then what torch says."))
    for group, found in groupby(lessons.all(), key=lambda lesson: lesson.group.source):
        members = list(found)
        st.subheader(_(group), anchor=False)
        per_row = 4 if all(len(lesson.steps) <= SHORT for lesson in members) else 3
        for first in range(0, len(members), per_row):
            row = members[first : first + per_row]
            for column, lesson in zip(st.columns(per_row), row, strict=False):
                with column:
                    _card(lesson)


def _card(lesson: Lesson) -> None:
    here = place.last(lesson.slug)
    done, count = sum(one.done for one in here.steps), len(lesson.steps)
    if done == 0:
        words = ngettext("Begin: {count} step", "Begin: {count} steps", count)
        label, icon = words.format(count=count), ":material/play_arrow:"
    elif done < count:
        words = _("Go on: {done} of {count} steps done")
        label, icon = words.format(done=done, count=count), ":material/resume:"
    else:
        label, icon = _("All {count} steps done").format(count=count), ":material/check:"
    with st.container(border=True, height="stretch", gap="small"):
        st.markdown(f"**{_(lesson.title.source)}**")
        st.caption(_(lesson.about.source))
        st.page_link(site.page("lessons"), label=label, icon=icon, query_params=place.query(here))
