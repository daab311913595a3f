"""What the current program can be compared with, and which of it is chosen.

Every partner has a short text that names it in a link: the slug of a preset, or a whole program,
packed. `chosen()` draws the two pickers of the Compare page.
"""

from typing import Final, NamedTuple

import msgspec
import streamlit as st

from explorer import presets
from explorer.builder import ACTIVATIONS
from explorer.data import Program
from explorer.errors import ProgramError
from explorer.language import _
from explorer.ui import links, session

NAME: Final = "compared with"
"""The name under which the session keeps the partner's text, and lets it travel."""

_PACKED: Final = "code."


class Partner(NamedTuple):
    """A program to compare with, and what it is called."""

    title: str
    program: Program


def chosen() -> Partner | None:
    """The two pickers, left the current program and right its partner; returns the partner."""
    offered = partners()
    left, right = st.columns(2, gap="medium")
    left.selectbox(
        _("Left"), session.choices(), index=session.choices().index(session.choice()),
        format_func=session.title, key=f"left program {session.program_number()}",
        on_change=_choose_left, label_visibility="collapsed",
    )  # fmt: skip
    key = session.widget_key(NAME, next(iter(offered)))
    held = st.session_state[key]
    linked = _linked(held)
    if linked is not None:
        offered.setdefault(held, linked)
    if held not in offered:
        st.warning(_("The link names a program that is not known here: pick another one."))
        st.session_state[key] = next(iter(offered))
    text = right.selectbox(
        _("Right"), list(offered), format_func=lambda one: offered[one].title, key=key,
        label_visibility="collapsed",
    )  # fmt: skip
    session.remember(NAME, text)
    return offered[text]


def partners() -> dict[str, Partner]:
    """Text in a link -> partner; what is made to be compared with the current program first."""
    program = session.current_program()
    found: dict[str, Partner] = {}
    for title, other in _relatives(program):
        text = text_of(other)
        if text is not None and other != program:
            found.setdefault(text, Partner(title, other))
    variants = presets.variants(session.choice())
    others = {p.slug: Partner(_(p.title), p.program) for p in (*variants, *presets.all())}
    others.pop(session.choice(), None)
    # A program's own variants come before the general ones, and those before everybody else's.
    return {slug: others.pop(slug) for slug in [v.slug for v in variants]} | found | others


def text_of(program: Program) -> str | None:
    """What names a program itself in a link; None where it is too long for one."""
    code = links.pack_program(program)
    return None if code is None else _PACKED + code


def _relatives(program: Program | None) -> list[tuple[str, Program]]:
    """Programs that are made from the current one, or that it was made from."""
    found = []
    if session.choice() == session.CODE:
        before, began = session.before_edit(), session.began_from()
        if before is not None:
            found.append((_("What it was before my last edit"), before))
        if began is not None:
            title = session.typed().begun or ""
            found.append((_("What I began from: {title}").format(title=title), began))
    if session.choice() == session.NETWORK:
        spec = session.spec()
        bare = tuple(layer for layer in spec.layers if layer.kind not in ACTIVATIONS)
        linear = msgspec.structs.replace(spec, layers=bare)
        if bare != spec.layers and not linear.problems():
            found.append((_("My network without its activations"), linear.program()))
    if program is not None:
        seed = program.seed + 1
        title = _("The same with seed {seed}").format(seed=seed)
        found.append((title, Program(program.source, seed)))
    return found


def _linked(text: str) -> Partner | None:
    """The program that a link brought; None for anything else."""
    if not text.startswith(_PACKED):
        return None
    try:
        program = links.unpack_program(text.removeprefix(_PACKED))
    except ProgramError:
        return None
    return Partner(_("The program of the link"), program)


def _choose_left() -> None:
    session.choose(st.session_state[f"left program {session.program_number()}"])
