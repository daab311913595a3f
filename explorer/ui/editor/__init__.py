"""The editor of the Program page: line numbers, colours, and the line that went wrong marked.

`show()` draws the current program as text that can be changed. What is typed becomes the current
program after a short pause, on Ctrl+Enter, and when the editor is left.
"""

from pathlib import Path
from typing import Any, Final

import msgspec
import streamlit as st

from explorer.builder import MAX_SEED
from explorer.data import Program, RunError
from explorer.language import _
from explorer.ui import session

_KEY: Final = "editor"
_ERROR: Final = "error in the editor"
_TOLD: Final = "text that the editor told"
_NUMBER: Final = "number of the editor's text"


def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


_mount = st.components.v2.component(
    "explorer_editor", css=_file("editor.css"), js=_file("editor.js")
)


def show(program: Program) -> None:
    """Draw the program as text that can be changed, with the line that `mark` was told marked."""
    _mount(
        key=_KEY,
        data={
            "source": program.source,
            "number": _number(program),
            "mark": _mark(_marked(program)),
            "words": {
                "label": _("Program"),
                "hint": _(
                    "It runs when you pause, or at once with {run}. {tab} indents; {escape}, then "
                    "{tab} leaves."
                ),
            },
        },
        height="content",
        on_source_change=_changed,
        on_again_change=session.run_again,
    )


def mark(error: RunError | None) -> None:
    """Mark the line of the program's error.

    The editor is drawn before the program runs, so that it is there while it runs; where there is
    something else to mark now, the page is drawn once more.
    """
    program = session.current_program()
    if error != _marked(program):
        st.session_state[_ERROR] = (program, error)
        st.rerun()


def _marked(program: Program | None) -> RunError | None:
    """The error that `mark` was told of this program."""
    known, error = st.session_state.get(_ERROR, (None, None))
    return error if known == program else None


def _mark(error: RunError | None) -> dict[str, Any] | None:
    if error is None or error.line is None:
        return None
    return {
        "line": error.line,
        "span": msgspec.to_builtins(error.span),
        "message": f"{error.type}: {error.words}",
    }


def _number(program: Program) -> int:
    """Number of the text: the next one where it did not come out of the editor itself.

    The browser takes a text only with a new number, so an answer that arrives late never undoes
    what was typed since.
    """
    number: int = st.session_state.get(_NUMBER, 0)
    if st.session_state.get(_TOLD) != program.source:
        number += 1
        st.session_state[_NUMBER] = number
        st.session_state[_TOLD] = program.source
    return number


def _changed() -> None:
    """Take what was typed; half a character, which no program can have, becomes a question mark."""
    typed = str(st.session_state[_KEY]["source"])
    st.session_state[_TOLD] = typed
    program = session.current_program()
    source = typed.encode(errors="replace").decode()
    session.edit(Program(source, program.seed if program else 0))


def seed(program: Program) -> None:
    """The field for the seed; another seed is another program."""
    key = f"seed of text {_number(program)}"
    # The field keeps what is typed into it; a seed that came from elsewhere is put in.
    st.session_state[key] = program.seed
    st.number_input(
        _("Seed"), 0, MAX_SEED, step=1, key=key, width=200, on_change=_reseeded, args=(key,),
        help=_("torch, random and numpy start from it: the same seed gives the same numbers."),
    )  # fmt: skip


def _reseeded(key: str) -> None:
    program = session.current_program()
    if program is not None:
        session.edit(Program(program.source, st.session_state[key]))


def origin() -> None:
    """Says whose program this is, and what becomes of it when it is changed."""
    if session.choice() != session.CODE:
        st.caption(
            _(
                "“{title}”. Change a letter and it is your own program; this one stays as it is."
            ).format(title=session.title(session.choice()))
        )
        return
    told = session.where_it_began()
    if not session.query():
        told += " " + _("It is too long for a link: a reload would lose it.")
    st.caption(told)
