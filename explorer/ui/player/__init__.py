"""The player: the graph of a Run, stepped through in the browser.

`show(run, key="main")` draws caption, graph, transport with timeline, and the three panels under it
as one component. It is sent once; playing, stepping and scrubbing ask the server for nothing. A
rerun of the page with an equal Run keeps the step. A Run that was asked `asks_for(run)` also
explains its numbers: rules, terms and local Jacobians.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import msgspec
import streamlit as st

from explorer.collector import resting
from explorer.data import Ask, Plain, Run
from explorer.frames import Frames, frames_of
from explorer.language import current
from explorer.picture.views import Shown, drawn, trimmed
from explorer.ui.player import terms, words
from explorer.ui.player.finite import finite
from explorer.ui.player.inspection import asks_for, inspection_of
from explorer.ui.player.scripts import ENTRANCE, PLAYER, joined
from explorer.ui.player.style import style_sheet

__all__ = ["Place", "asks_for", "browser_data", "show", "whole_data"]


class Place(Plain, frozen=True):
    """Where something went wrong: torch's words, node and line, as far as known."""

    words: str
    node: int | None = None
    line: int | None = None


_mount = st.components.v2.component(
    "explorer_player", css=style_sheet(), js=joined(*PLAYER) + ENTRANCE
)

_ANSWERS = """\
export default function ({ data }) {
  globalThis[Symbol.for("autograd-explorer.player")]?.answer(data);
}
"""

_mount_answers = st.components.v2.component("explorer_answers", js=_ANSWERS)
"""Brings what was asked of torch to the player, whose own large data so stays where it is."""


def show(
    run: Run,
    *,
    key: str,
    start: int | None = None,
    call: int | None = None,
    height: int | None = None,
    program_panel: bool = True,
    covered: bool = False,
    ask: Callable[[Ask], Run | None] | None = None,
    link: Mapping[str, str] | None = None,
    at: str = "at",
    on_spot: Callable[[], None] | None = None,
    on_leaf: Callable[[], None] | None = None,
    wrong: Sequence[Place] = (),
) -> None:
    """Draw the player of `run`.

    Args:
        run: what to show; with several calls the person chooses one, and the first that the program
            made itself is shown first.
        key: identifies this player; a rerun under the same key, or a visit to another page and
            back, keeps the step.
        start: the step of the shown call to begin at, from 1; None or 0 is at rest.
        call: the call to show first, from 0; by default the first that the program made itself.
        height: height of the graph in px; by default what the window has room for.
        program_panel: whether the program is shown beside the numbers.
        covered: whether the page puts something of its own there: the place is kept, and wider.
        ask: runs the program once more and answers; without it, numbers whose terms were not sent
            along stay without them.
        link: the part of the URL that says what is shown, as `session.query_of_program()` has it.
            While it stands there, the URL also says where the player is. None keeps it out.
        at: the parameter of the URL for that, one of `travelling.PLACES`; a page with two players
            has two.
        on_spot: called when the person has come to rest somewhere else. The state under `key` then
            has `spot`: `call` (from 0), `step`, `last` (the number of steps) and `node` (the index
            of the node that was opened, or None). Without it the player tells the server nothing.
        on_leaf: called when the person asks for more about a number of a leaf than the player
            shows. The state under `key` then has `leaf`: `what` (`nudge` or `chain`), `call`,
            `node` and `element`.
        wrong: what to mark in graph and program; the page has said it, so the player does not.
    """
    options = {
        "key": key,
        "start": start,
        "call": call,
        "tells": on_spot is not None,
        "follows": on_leaf is not None,
        "height": height,
        "program_panel": program_panel,
        "covered": covered,
        "asks": ask is not None,
        "wrong": msgspec.to_builtins(wrong),
        "link": {"query": dict(link), "name": at} if link is not None else None,
    }
    data = browser_data(run) | options
    with st.container(gap=None):
        _mount(
            key=key, data=data, height="content", on_wanted_change=partial(_note_wanted, key),
            on_spot_change=on_spot or (lambda: None),
            on_leaf_change=on_leaf or (lambda: None),
        )  # fmt: skip
        if ask is not None:
            _show_answers(run, key, data["signature"], ask)


def _note_wanted(key: str) -> None:
    """Remember the number that the person wants explained, and for what it was asked."""
    said = st.session_state[key]["wanted"]
    want = terms.wanted(said.get("number")) if isinstance(said, dict) else None
    if want is None:
        return
    name = f"wanted of {key}"
    signature, known = st.session_state.get(name, ("", ()))
    if signature != said.get("signature"):
        known = ()
    kept = [one for one in known if one != want][1 - terms.MAX_ASKED :]
    st.session_state[name] = (said.get("signature"), (*kept, want))


def _show_answers(run: Run, key: str, signature: str, ask: Callable[[Ask], Run | None]) -> None:
    asked_of, wanted = st.session_state.get(f"wanted of {key}", ("", ()))
    if asked_of != signature or not wanted:
        return
    found = []
    for want in wanted:
        question = terms.asked(run, want)
        answered = ask(question) if question is not None else None
        told = terms.told(want, answered) if answered is not None else None
        if told is not None:
            found.append(finite(msgspec.to_builtins(told)))
    data = {"key": key, "signature": signature, "answers": found}
    _mount_answers(key=f"{key} answers", data=data, height="content")


def browser_data(run: Run) -> dict[str, Any]:
    """What the browser gets: frames, the pictures of each call, and a signature of it all.

    In another language than English, that player's whole table of words comes along.
    """
    return _browser_data(run, current())


@lru_cache(maxsize=8)
@resting()
def _browser_data(run: Run, language: str) -> dict[str, Any]:
    data = whole_data(run, *drawn(frames_of(run)), language)
    data["signature"] = hashlib.sha256(msgspec.json.encode(data)).hexdigest()[:16]
    return data


def whole_data(
    run: Run, frames: Frames, pictures: tuple[Shown, ...], language: str
) -> dict[str, Any]:
    """What the browser gets of a run that has been drawn, without a signature."""
    whole = {"frames": trimmed(frames), "pictures": pictures, "inspection": inspection_of(run)}
    data: dict[str, Any] = msgspec.to_builtins(whole)
    return data | {"language": language, "words": words.translated()}
