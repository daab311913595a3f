"""The Jacobian lab in the browser: the matrix between v and u, with vᵀJ, .grad, J u and the JVP.

`matrix(...)` draws it once; `answers(...)` hands it what torch says to the present v and u, without
sending the matrix again. What the person does comes back as `chosen` has it. `alone(...)` draws a
matrix that nobody can be asked about.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import streamlit as st

from explorer.data import Jacobian
from explorer.picture.theme import DARK, LIGHT
from explorer.ui.lab.chosen import Window
from explorer.ui.lab.drawn import all_packed, drawn
from explorer.ui.player.scripts import joined
from explorer.ui.player.style import colour_rules, variables

_HERE: Final = Path(__file__).parent
_SHARED: Final = ("format", "theme", "tiles", "numbers")
"""Scripts of the player that the lab draws with too."""

_OWN: Final = ("axis", "shown", "paper", "fullshape", "sheet", "controls", "reading", "lab")
"""Parts of the lab's JavaScript in the order in which they build on each other."""

STATES: Final = ("v", "u", "window", "look", "open")
"""What the person does, as the names under which the session holds it."""


def script() -> str:
    """All JavaScript of the lab; `mountLab` begins it."""
    return "\n".join(["const WORDS = {};", joined(*_SHARED), joined(*_OWN, folder=_HERE / "js")])


def style_sheet() -> str:
    """All CSS of the lab, in the colours of the theme."""
    rules = (_HERE / "lab.css").read_text(encoding="utf-8")
    return "\n".join(
        [variables(".lab", LIGHT), variables(".lab.dark", DARK), colour_rules(), rules]
    )


_mount = st.components.v2.component(
    "explorer_lab", css=style_sheet(), js=f"{script()}\nexport default mountLab;\n"
)

_answers = st.components.v2.component(
    "explorer_lab_answers",
    js="""
    export default function ({ data }) {
      const shared = (window.explorerLabs ??= { labs: new Map(), answers: new Map() });
      shared.answers.set(data.lab, data);
      shared.labs.get(data.lab)?.answered(data);
    }
    """,
)


def matrix(
    found: Jacobian,
    *,
    key: str,
    window: Window,
    program: tuple[float, ...] | None,
    on: Callable[[], None],
) -> None:
    """Draw the matrix with v and u beside it.

    Args:
        found: the whole of it.
        key: identifies this lab; what the person did stands in the session under it.
        window: what of it to show.
        program: the v of the program's own backward, if it has one.
        on: called when the person has changed or chosen something.
    """
    data = drawn(found, key=key, window=window, program=program)
    told: Any = {f"on_{name}_change": on for name in STATES}
    _mount(key=key, data=data, height="content", **told)


def alone(found: Jacobian, *, key: str) -> None:
    """Draw a matrix whose program is not here: v and u work as far as the matrix itself goes."""
    _mount(key=key, data=drawn(found, key=key, alone=True), height="content")


def answers(key: str, said: dict[str, Any]) -> None:
    """Hand the lab `key` what torch says: arrays by name, and texts."""
    _answers(key=f"answers to {key}", data={"lab": key, **all_packed(said)}, height=1)
