"""The header of every page: name, navigation, the program picker, and the link to it all."""

from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import language
from explorer.language import _
from explorer.picture.theme import Theme
from explorer.ui import session, speaking, widgets
from explorer.ui.wording import plain

ICON: Final = "⤺"

# Streamlit's header holds the name and the navigation. Where there is room, what belongs to the
# program joins them there, so that the picture begins as high on the page as it can; the
# navigation leaves that room free and folds what does not fit. Elsewhere it is a row of its own.
_STYLE: Final = """
<style>
[data-testid="stMainBlockContainer"] { padding-left: 20px; padding-right: 20px; }
[data-testid="stHeader"] { border-bottom: 1px solid #8B95A355; }
[data-testid="stHeading"] :is(h1, h2, h3) { padding-top: 0; }
@media (max-width: 1599px) {
  [data-testid="stHeaderLogo"] { width: 38px; object-fit: cover; object-position: left; }
}
@media (max-width: 1199px) {
  /* Compare has the same picker once more, beside that of the other program. */
  body:has([class*="st-key-left-program"]) .st-key-choice { display: none; }
}
[data-testid="stStatusWidget"] span:has(button) { display: none; }
[data-testid="stButtonGroup"] :has(> button) { flex-wrap: wrap; }
@media (max-width: 640px) {  /* what a finger is to hit */
  [data-testid="stPageLink-NavLink"], [data-testid="stHeader"] button,
  [data-testid="stButtonGroup"] button, [data-testid="stSidebarNavLink"] { min-height: 38px; }
  [data-testid="stHeader"] button { min-width: 38px; }
  [data-testid="stButtonGroup"] button { padding: 0 9px; }
  [data-testid="stCode"] :is(pre, code, code > span) {
    white-space: pre-wrap !important; overflow-wrap: anywhere; }
}
@media (min-width: 1200px) {
  [data-testid="stTopNav"] { max-width: calc(100vw - var(--tools) - 160px); }
  [data-testid="stLayoutWrapper"]:has(> .st-key-tools) {
    position: fixed; top: 10px; right: 96px; width: var(--tools); z-index: 999991;
  }
  :root { --tools: 404px; }
}
@media (min-width: 1600px) {
  [data-testid="stTopNav"] { max-width: calc(100vw - var(--tools) - 420px); }
  [data-testid="stLayoutWrapper"]:has(> .st-key-tools) { right: 156px; }
  :root { --tools: clamp(452px, 30vw, 692px); }
}
</style>
"""


def show() -> DeltaGenerator:
    """Draw the header; returns the place for the button that copies the link.

    What the router has to say about the link that brought the visitor here stands under it.
    """
    st.logo(_wordmark(widgets.theme()), size="large")
    st.html(_STYLE + _colors(widgets.theme()) + _more())
    titles = {choice: session.title(choice) for choice in session.choices()}
    with st.container(key="tools", horizontal=True, gap="small", vertical_alignment="center"):
        st.selectbox(
            _("Program"),
            list(titles),
            format_func=titles.__getitem__,
            key="choice",
            label_visibility="collapsed",
        )
        link = st.container(key="link", width="content")
        speaking.picker()
    if broken := session.broken_link():
        shown = _("What you see is “{title}”.").format(title=session.title(session.choice()))
        st.warning(f"{plain(broken)} {shown}")
    if remark := session.remark_on_link():
        st.info(plain(remark))
    return link


def _colors(colors: Theme) -> str:
    """What Streamlit's own theme cannot say. Code has no colours: they belong to derivatives."""
    return f"""
<style>
[data-testid^="stBaseButton-primary"]:not(:disabled) {{
  background: {colors.ink}; border-color: {colors.ink}; color: {colors.paper};
}}
[data-variant="segmented_control"][data-selected="true"] * {{ color: {colors.ink}; }}
:is([data-testid="stTopNavLink"], [data-testid="stPageLink-NavLink"]):focus-visible {{
  outline: 3px solid {colors.ink} !important; outline-offset: 1px;
}}
[data-testid="stMarkdownContainer"] :not(pre) > code {{ color: {colors.ink}; }}
[data-testid="stCode"] .token {{ color: {colors.ink} !important; }}
[data-testid="stCode"] .token:is(.keyword, .boolean, .builtin) {{ font-weight: 700; }}
[data-testid="stCode"] .token:is(.comment, .string) {{ color: {colors.muted} !important; }}
</style>
"""


def _more() -> str:
    """The door to the pages that find no room, which Streamlit calls “2 more” in every language."""
    if language.current() == language.ENGLISH:
        return ""
    door = '.rc-overflow-item-rest [data-testid="stTopNavSection"] p'
    return f"""
<style>
{door} {{ font-size: 0; }} {door}::after {{ content: "{_("More")}"; font-size: 14px; }}
</style>
"""


def _wordmark(colors: Theme) -> str:
    """The name as a picture, in the ink of the theme."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 236 32" width="236" height="32">'
        f'<g fill="none" stroke="{colors.muted}" stroke-width="2.5"><path d="M12 16h14"/></g>'
        f'<circle cx="8" cy="16" r="6" fill="{colors.minus[-2]}"/>'
        f'<circle cx="30" cy="16" r="6" fill="{colors.plus[-3]}"/>'
        f'<text x="46" y="22" font-family="system-ui, sans-serif" font-weight="700" '
        f'font-size="18" fill="{colors.ink}">Autograd Explorer</text></svg>'
    )
