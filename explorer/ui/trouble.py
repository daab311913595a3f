"""What went wrong in a program: torch's words and their line, the reason, and cures to press."""

import streamlit as st

from explorer.data import Program, Run
from explorer.doctor import Cure, Diagnosis, diagnose, tried
from explorer.errors import SandboxError
from explorer.language import _, retold
from explorer.ui import session, ways
from explorer.ui.player import Place
from explorer.ui.wording import plain


def show(run: Run) -> None:
    """Everything that the run has to tell about its program: errors, warnings, then remarks."""
    said(run)
    remarks(run)


def said(run: Run) -> None:
    """What torch said: errors, then warnings."""
    for number, one in enumerate(diagnose(run)):
        if one.kind != "remark":
            _say(run, one, number)
    for note in run.notes:
        st.caption(plain(retold(note)))


def remarks(run: Run) -> None:
    """What torch said nothing about, to be opened by who wants to know."""
    found = [(number, one) for number, one in enumerate(diagnose(run)) if one.kind == "remark"]
    if not found:
        return
    with st.expander(_("Worth knowing"), icon=":material/lightbulb:"):
        for number, one in found:
            where = f"**{_('Line {line}.').format(line=one.line)}** " if one.line else ""
            st.markdown(where + plain(one.why))
            _offer(run, one, number)


def places(run: Run) -> tuple[Place, ...]:
    """Where in the graph and in the program something was said, for the player to mark."""
    return tuple(
        Place(_words_of(run, one), one.node, one.line)
        for one in diagnose(run)
        if one.kind != "remark"
    )


def _say(run: Run, found: Diagnosis, number: int) -> None:
    """One error or warning: its words, why, and what can be done."""
    box = st.error if found.kind == "error" else st.warning
    box(f"{_head(run, found)} {_words(run, found)}", icon=f":material/{found.kind}:")
    if found.why:
        st.markdown(plain(found.why))
    _offer(run, found, number)
    if _ends(run, found) and _type(run) == session.STOPPED:
        st.button(_("Run it again"), icon=":material/replay:", on_click=session.run_again)


def _ends(run: Run, found: Diagnosis) -> bool:
    """Whether this is the error that ended the program."""
    error = run.error
    return error is not None and (error.message, error.line) == (found.words, found.line)


def _type(run: Run) -> str:
    return run.error.type if run.error is not None else ""


def _head(run: Run, found: Diagnosis) -> str:
    """Where it was, and what kind of thing."""
    place = _("Line {line}").format(line=found.line) if found.line else _("The program")
    if found.kind == "warning":
        head = _("{place}: a warning.")
    elif not _ends(run, found):
        head = _("{place} raised, and the program went on:")
    elif _type(run) in (session.STOPPED, "RefusedError"):
        head = _("{place}:")
    else:
        head = _("{place}: {error}:")
    return f"**{head.format(place=place, error=plain(_type(run)))}**"


def _words(run: Run, found: Diagnosis) -> str:
    refused = _ends(run, found) and _type(run) == "RefusedError"
    return plain(_words_of(run, found), code=refused)


def _words_of(run: Run, found: Diagnosis) -> str:
    """What was said; the sandbox's own words in the language now spoken."""
    return run.error.words if run.error is not None and _ends(run, found) else found.words


def _offer(run: Run, found: Diagnosis, number: int) -> None:
    """A button for each cure that works."""
    for place, cure in enumerate(_working(run, found)):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                plain(cure.title), icon=":material/healing:", on_click=_apply,
                args=(Program(cure.source, run.program.seed),),
                key=f"cure {number} {place}",
            )  # fmt: skip
            st.caption(plain(cure.why), width="stretch")


def _working(run: Run, found: Diagnosis) -> tuple[Cure, ...]:
    """The cures that were tried and work; those that could not be tried now are left out."""
    try:
        return tried(found, session.run, run.program).cures
    except SandboxError:
        return ()


def _apply(cured: Program) -> None:
    session.edit(cured)
    ways.go_to_code()
