"""All lessons, group by group, each with how far the learner is in it."""

from itertools import groupby

import streamlit as st

from explorer import lessons
from explorer.lessons import Lesson
from explorer.ui import site


def show() -> None:
    """One card a lesson; a group of many short ones as a list."""
    st.header("Lessons")
    st.markdown("Each is a small story of steps: first your guess, then what torch says.")
    for group, members in groupby(lessons.all(), key=lambda lesson: lesson.group.source):
        st.subheader(group, anchor=False)
        columns = st.columns(3)
        for number, lesson in enumerate(members):
            with columns[number % 3]:
                _card(lesson)


def _card(lesson: Lesson) -> None:
    with st.container(border=True):
        st.markdown(f"**{lesson.title.source}**")
        st.caption(lesson.about.source)
        st.page_link(
            site.page("lessons"), label=f"{len(lesson.steps)} steps", icon=":material/school:",
            query_params={"lesson": lesson.slug},
        )  # fmt: skip
