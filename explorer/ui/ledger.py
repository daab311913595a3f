"""The ledger of `.grad` on the page: its buttons and switches, its lines, and the program."""

from typing import Any, Final

import msgspec
import streamlit as st

from explorer import press
from explorer.data import Ask, Program, Run
from explorer.glossary import tip
from explorer.language import _, later, ngettext
from explorer.ledger import Ledger, ledger_of, to_csv
from explorer.picture import ledger as pictures
from explorer.picture import listing
from explorer.picture.ledger_svg import ledger_svg
from explorer.picture.listing import Mark
from explorer.press import Press
from explorer.ui import player, session, site, widgets

MAX_PRESSES: Final = 40
"""Presses that one program takes before it has to be reset."""

MANY: Final = 6
"""Tensors above which the visitor may pick those to look at."""

KEEP: Final = "retain_graph"
"""The switch that has every call keep its graph, the program's own included."""

CREATE: Final = "create_graph"
"""The switch that has each press of backward() record its own graph."""

CLEAR_FIRST: Final = later("zero_grad() first")
"""The switch that has each press of backward() clear .grad before it."""

TO_NONE: Final = "set_to_none"
"""The switch that says what zero_grad() leaves: None, or zeros."""

VECTOR: Final = "v"
"""The field that says which v a press hands to backward()."""

INPUTS: Final = "inputs"
"""The picker of the only tensors that a press is to fill."""

PLAY: Final = "play the ledger"
"""The switch that plays the calls above the ledger."""

PRESSES: Final = "presses"
"""What `session.remember` holds of the presses made so far."""


def show(run: Run, *, beside: bool = True) -> None:
    """The buttons, the switches and the lines for the current program.

    `beside` has the program stand beside the lines, and what can be taken away.
    """
    call = press.backward_call(run)
    if call is None:
        widgets.say_what_went_wrong(run)
        st.info(
            _("Nothing in this program can be walked backward: it has no tensor with a grad_fn.")
        )
        return
    presses = _presses(run)
    keep = _controls(run, presses, call)
    program, presses = _kept(run, presses, keep=keep)
    leaves = [leaf.name for leaf in run.leaves]

    def after(count: int) -> Run:
        """The Run that ends with that many presses; a visitor has seen each of them before."""
        return session.run(press.pressed(program, presses[:count], leaves=leaves, call=call))

    shown = after(len(presses))
    own_lines = len(program.source.rstrip("\n").splitlines())
    ledger = ledger_of(shown, presses, own_lines=own_lines, after=after)
    stage = st.container()
    left, right = st.columns([9, 4], gap="medium") if beside else (st.container(), None)
    with left:
        _explain_error(shown, ledger, bool(presses), own_lines)
        names = _picked(ledger)
        drawn = pictures.ledger_html(ledger, widgets.theme(), names=names, fresh=bool(presses))
        st.html(pictures.STYLE + drawn)
    if right is None:
        return
    with right:
        st.html(listing.STYLE + _listing(shown, ledger))
        playing = _take_away(ledger, names)
    if playing:
        with stage:
            asks = player.asks_for(shown)
            player.show(session.run(shown.program, *asks) if asks else shown, key=PLAY)


def pressed(run: Run, *ask: Ask) -> Run:
    """The Run that ends with all that the visitor has pressed on it, and its answers to `ask`."""
    call, presses = press.backward_call(run), _presses(run)
    if call is None or not presses:
        return run
    program, presses = _kept(run, presses, keep=_held(KEEP, False))
    leaves = [leaf.name for leaf in run.leaves]
    return session.run(press.pressed(program, presses, leaves=leaves, call=call), *ask)


def _kept(run: Run, presses: tuple[Press, ...], *, keep: bool) -> tuple[Program, tuple[Press, ...]]:
    """The program and the presses, each call with retain_graph where that is switched on."""
    program = press.keep_graph(run.program) if keep else run.program
    return program, tuple(msgspec.structs.replace(made, keep=keep) for made in presses)


def _take_away(ledger: Ledger, names: list[str] | None) -> bool:
    """Offer the ledger as CSV and SVG; returns whether it is to be played."""
    name = session.choice()
    playing = _switch(PLAY, _("The player shows every call, pressed ones too."), default=False)
    with st.container(horizontal=True):
        st.download_button(
            _("Ledger as CSV"), lambda: to_csv(ledger), f"{name} ledger.csv", "text/csv",
            on_click="ignore", icon=":material/download:",
        )  # fmt: skip
        st.download_button(
            _("Ledger as SVG"), lambda: ledger_svg(ledger, widgets.theme(), names=names),
            f"{name} ledger.svg", "image/svg+xml", on_click="ignore",
            icon=":material/download:",
        )  # fmt: skip
    return playing


# ------------------------------------------------------------------------------------- controls


def _presses(run: Run) -> tuple[Press, ...]:
    """The presses that the visitor, or the link that brought the visitor here, has made."""
    return press.read_presses(session.remembered(PRESSES, []), set(_fillable(run)))


def _fillable(run: Run) -> list[str]:
    """The tensors that `inputs` may name: leaves and what was computed, by a plain name."""
    computed = [v.name for v in run.tensors if v.last and v.grad_fn]
    leaves = [leaf.name for leaf in run.leaves if leaf.name in {v.name for v in run.tensors}]
    return list(dict.fromkeys([*leaves, *computed]))


def _controls(run: Run, presses: tuple[Press, ...], call: str) -> bool:
    """Draw buttons and switches; returns whether every call keeps its graph."""
    full = len(presses) >= MAX_PRESSES
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("backward()", type="primary", on_click=_press_backward, disabled=full, width=130)
        st.button("zero_grad()", on_click=_press_zero_grad, disabled=full, width=130)
        st.button(_("Undo"), on_click=_undo, disabled=not presses)
        st.button(_("Reset"), on_click=reset, disabled=not presses)
        keep = _switch(KEEP, tip("retain_graph"), default=False)
        _switch(CREATE, tip("create_graph"), default=False)
        _switch(
            CLEAR_FIRST, _("Each press of backward() calls zero_grad() before it."), default=False
        )
        _switch(TO_NONE, tip("set_to_none"), default=True)
        with st.popover(_("More")):
            _arguments(run, call)
    if full:
        message = _("{count} presses are the most that are shown: press Reset to begin anew.")
        st.info(message.format(count=MAX_PRESSES))
    return keep


def _arguments(run: Run, call: str) -> None:
    """Which v the next press hands over, and which tensors it fills."""
    st.markdown(_("A press repeats `{call}`.").format(call=call))
    typed = st.text_input(
        VECTOR, key=session.widget_key(VECTOR, ""), placeholder=_("as in the call"),
        help=_("Python for a tensor of the shape of the root, such as torch.tensor([1., "
"0.])."),
    )  # fmt: skip
    session.remember(VECTOR, typed)
    if not press.is_expression(typed.strip() or "0"):
        message = _("“{typed}” is no Python expression, so a press leaves it out.")
        st.warning(message.format(typed=typed))
    options = _fillable(run)
    key = session.widget_key(INPUTS, [])
    st.session_state[key] = [name for name in st.session_state[key] if name in options]
    picked = st.multiselect(
        INPUTS, options, key=key, placeholder=_("every leaf"), help=tip("inputs")
    )
    session.remember(INPUTS, picked)


def _switch(label: str, help_: str, *, default: bool) -> bool:
    """A switch that keeps its place until the program changes."""
    on = st.toggle(
        _("Play the calls") if label == PLAY else _(label),
        key=session.widget_key(label, default),
        help=help_,
    )
    session.remember(label, on)
    return on


def _held(label: str, default: Any) -> Any:
    """What a widget holds before the page is drawn, for the buttons."""
    return st.session_state[session.widget_key(label, default)]


def _press_backward() -> None:
    if _held(CLEAR_FIRST, False):
        _press_zero_grad()
    typed = _held(VECTOR, "").strip()
    vector = typed if press.is_expression(typed or "0") else ""
    inputs: tuple[str, ...] = tuple(_held(INPUTS, []))
    _add(Press("backward", create=_held(CREATE, False), inputs=inputs, vector=vector))


def _press_zero_grad() -> None:
    _add(Press("zero_grad", to_none=_held(TO_NONE, True)))


def _add(made: Press) -> None:
    session.remember(PRESSES, [*session.remembered(PRESSES, []), made.to_plain()])


def _undo() -> None:
    session.remember(PRESSES, list(session.remembered(PRESSES, []))[:-1])


def reset() -> None:
    """Take back everything that was pressed."""
    session.remember(PRESSES, [])


def _picked(ledger: Ledger) -> list[str] | None:
    """The tensors to look at, where there are so many that one may want to choose."""
    names = list(ledger.shapes)
    if len(names) <= MANY:
        return None
    key = session.widget_key("leaves", [])
    st.session_state[key] = [name for name in st.session_state[key] if name in names]
    everything = _("All {count} leaves: pick a few to see their numbers")
    picked = st.multiselect(
        _("Leaves"), names, key=key, label_visibility="collapsed",
        placeholder=everything.format(count=len(names)),
    )  # fmt: skip
    session.remember("leaves", picked)
    return picked or None


# ---------------------------------------------------------------------------------- the program


def _listing(run: Run, ledger: Ledger) -> str:
    """The program with the number of each call at its line."""
    calls: dict[int, list[str]] = {}
    failed, now = set(), None
    for line in ledger.lines:
        if line.line is not None and line.number is not None:
            calls.setdefault(line.line, []).append(str(line.number))
            if line.failure:
                failed.add(line.line)
            now = line.line if line.pressed else None
    marks = {}
    for place, numbers in calls.items():
        said = ngettext("call {numbers}", "calls {numbers}", len(numbers))
        told = numbers if len(numbers) <= 3 else [numbers[0], "…", numbers[-1]]
        kind = "failed" if place in failed else "now" if place == now else ""
        marks[place] = Mark(said.format(numbers=", ".join(told)), kind)
    return listing.listing_html(run.program.source, widgets.theme(), marks)


def _explain_error(run: Run, ledger: Ledger, pressed: bool, own_lines: int) -> None:
    """Torch's words, unless a line of the ledger says them, what they mean here, the way out."""
    if run.error is None:
        return
    if not any(line.failure for line in ledger.lines[-1:]):
        widgets.say_what_went_wrong(run)
    if (run.error.line or 0) <= own_lines:
        if pressed:
            st.info(_("The program stops there, so the lines that were added do not run."))
        st.page_link(site.page("program"), label=_("Mend it on the Program page"), icon="🔧")
    elif "second time" in run.error.message:
        st.info(
            _(
                "An earlier call let go of what the nodes had saved, so the graph cannot be walked "
                "again. Switch on retain_graph and the same presses succeed, or press Undo. What "
                "was added before the error stays."
            )
        )
