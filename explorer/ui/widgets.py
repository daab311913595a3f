"""Small pieces that several pages share: the header, sentences and tables."""

from typing import Any, Final

import streamlit as st

from explorer import glossary
from explorer.data import Run, Variable
from explorer.picture.theme import DARK, LIGHT, Theme
from explorer.ui import session
from explorer.ui.wording import plain

ICON: Final = "⤺"

_THEME: Final = "theme of the browser"

# Streamlit's header holds the name and the navigation; the picker joins them there, so that the
# picture begins as high on the page as it can.
_STYLE: Final = """
<style>
[data-testid="stMainBlockContainer"] { padding-left: 20px; padding-right: 20px; }
[data-testid="stHeader"] { border-bottom: 1px solid #8B95A355; }
[data-testid="stHeading"] :is(h1, h2, h3) { padding-top: 0; }
@media (min-width: 1200px) {
  [data-testid="stLayoutWrapper"]:has(> .st-key-picker) {
    position: fixed; top: 10px; right: 120px; width: clamp(300px, 36vw - 160px, 560px);
    z-index: 999991;
  }
}
</style>
"""


def header() -> None:
    """What stands above every page: name, program picker and, if need be, why a link failed."""
    st.logo(_wordmark(theme()), size="large")
    with st.container(key="picker"):
        st.html(_STYLE + _buttons(theme()))
        st.selectbox(
            "Program",
            session.choices(),
            format_func=session.title,
            key="choice",
            label_visibility="collapsed",
        )
    if broken := session.broken_link():
        st.warning(f"{broken} What you see is “{session.title(session.choice())}”.")


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


def _buttons(colors: Theme) -> str:
    """The main button of a page stands out in both themes: ink, with letters of paper."""
    return (
        '<style>[data-testid="stBaseButton-primary"]:not(:disabled) { '
        f"background: {colors.ink}; border-color: {colors.ink}; color: {colors.paper}; }}</style>"
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


def say_what_went_wrong(run: Run) -> None:
    """The program's own error, if it raised one, in torch's words and with its line."""
    if run.error is None:
        return
    words = plain(run.error.message, code=run.error.type == "RefusedError")
    where = f"Line {run.error.line} of the program" if run.error.line else "The program"
    st.error(f"{where} raised {run.error.type}: {words}", icon=":material/error:")


def variables_table(run: Run) -> None:
    """Name, shape, dtype, requires_grad, is_leaf, grad_fn and grad of variables and parameters."""
    known = {variable.name for variable in run.tensors}
    parameters = [leaf for leaf in run.leaves if leaf.name not in known]
    st.dataframe(
        [_row(variable) for variable in (*run.tensors, *parameters)],
        hide_index=True,
        column_config={
            name: st.column_config.Column(help=glossary.TERMS[name])
            for name in ("requires_grad", "is_leaf", "grad_fn")
        },
    )


def _row(variable: Variable) -> dict[str, Any]:
    name = variable.name if variable.last and variable.number == 1 else title_of(variable)
    return {
        "name": name,
        "shape": str(list(variable.values.shape)),
        "dtype": variable.values.dtype,
        "requires_grad": variable.requires_grad,
        "is_leaf": variable.is_leaf,
        "grad_fn": variable.grad_fn or "None",
        "grad": "None" if variable.grad is None else variable.grad.summary,
        "values": variable.values.summary,
    }


def title_of(variable: Variable) -> str:
    """The variable as asks name it: `y`, or `y#3` for an earlier value of a name."""
    return variable.name if variable.last else f"{variable.name}#{variable.number}"


def what_it_printed(run: Run) -> None:
    """What the program printed."""
    if run.printed:
        st.caption("It printed")
        st.code(run.printed.rstrip("\n"), language=None)
