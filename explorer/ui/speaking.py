"""The language that the app speaks: that of the link, the one picked, or the browser's own.

`?lang=de` stands in the link once a language has been picked, so that a class sees the same words.
"""

from typing import Final

import streamlit as st

from explorer import language
from explorer.language import _

PARAMETER: Final = "lang"

_PICKED: Final = "language picked"
_PICKER: Final = "language"


def settle() -> None:
    """Speak the visitor's language from here on, and put it back into a query that lost it."""
    asked = st.query_params.get(PARAMETER)
    if asked in language.LANGUAGES:
        st.session_state[_PICKED] = asked
    picked = st.session_state.get(_PICKED)
    if picked is not None and asked != picked:
        st.query_params[PARAMETER] = picked
    language.use(picked or language.negotiate(st.context.locale))


def picker() -> None:
    """A button in the header that opens the choice of a language."""
    st.session_state[_PICKER] = language.current()
    with st.popover(
        language.current().upper(), help=_("Language"), type="tertiary", width="content"
    ):
        st.radio(
            _("Language"), list(language.LANGUAGES), format_func=language.LANGUAGES.__getitem__,
            key=_PICKER, on_change=_pick,
        )  # fmt: skip


def _pick() -> None:
    st.session_state[_PICKED] = st.session_state[_PICKER]
    st.query_params[PARAMETER] = st.session_state[_PICKER]
