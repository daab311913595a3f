"""Small pieces that several pages share: the theme, sentences and tables."""

from typing import Final

import streamlit as st

from explorer.data import Run, Variable
from explorer.language import _
from explorer.picture.theme import DARK, LIGHT, Theme
from explorer.ui.wording import plain

_THEME: Final = "theme of the browser"

# Streamlit does not run the page again when the visitor switches the theme, but it does call a
# component's script, which then reports the new colour of the paper.
_theme_watch = st.components.v2.component(
    "explorer_theme",
    js="""
    export default function ({ data, parentElement, setStateValue }) {
      const element = parentElement.host ?? parentElement;
      const paper = getComputedStyle(element).getPropertyValue("--st-background-color").trim();
      if (paper && paper.toUpperCase() !== data.paper) setStateValue("paper", paper.toUpperCase());
    }
    """,
)


def follow_theme() -> None:
    """Have the page drawn again in the new colours when the visitor switches the theme."""
    _theme_watch(key=_THEME, data={"paper": theme().paper}, height=1, on_paper_change=lambda: None)


def theme() -> Theme:
    """The colours that the visitor's browser shows."""
    reported = st.session_state.get(_THEME, {}).get("paper")
    if reported is not None:
        return DARK if reported == DARK.paper else LIGHT
    return DARK if st.context.theme.type == "dark" else LIGHT


def say_what_went_wrong(run: Run) -> None:
    """The program's own error, if it raised one, in torch's words and with its line."""
    if run.error is None:
        return
    words = plain(run.error.words, code=run.error.type == "RefusedError")
    if run.error.line:
        told = _("Line {line} of the program raised {type}: {words}")
    else:
        told = _("The program raised {type}: {words}")
    st.error(
        told.format(line=run.error.line, type=run.error.type, words=words), icon=":material/error:"
    )


def title_of(variable: Variable) -> str:
    """The variable as asks name it: `y`, or `y#3` for an earlier value of a name."""
    return variable.name if variable.last else f"{variable.name}#{variable.number}"


def what_it_printed(run: Run) -> None:
    """What the program printed."""
    if run.printed:
        st.caption(_("It printed"))
        st.code(run.printed.rstrip("\n"), language=None)
