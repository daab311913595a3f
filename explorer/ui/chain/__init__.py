"""The chain rule on the page: choose a leaf and a path to it, and multiply its local Jacobians.

`choose(run)` draws the pickers; `show(...)` draws the factors, the running products in both orders
and the sum over all paths as one component, which asks the server for nothing while it steps.
"""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import streamlit as st

from explorer.data import LocalAsk, Run
from explorer.glossary import tip
from explorer.language import _, current
from explorer.ui import session, widgets
from explorer.ui.chain.drawn import MAX_PATHS, Paths, signature
from explorer.ui.player import words
from explorer.ui.player.inspection import MAX_NODES
from explorer.ui.player.scripts import joined
from explorer.ui.player.style import style_sheet

_STYLE = (Path(__file__).parent / "chain.css").read_text(encoding="utf-8")
_mount = st.components.v2.component(
    "explorer_chain",
    css=style_sheet() + _STYLE,
    js=joined(
        "words.en", "format", "theme", "tiles", "numbers", "timeline", "camera", "heat", "chain"
    ),
)


class Choice(NamedTuple):
    """What the pickers say: the paths of a call, the leaf's node, and which path to it.

    The path is remembered under `name`.
    """

    paths: Paths
    leaf: int
    path: int
    name: str


def choose(run: Run) -> Choice | None:
    """The pickers; None where there is no path to show, and the page says why."""
    calls = [number for number, call in enumerate(run.calls) if call.steps]
    own = [number for number in calls if run.calls[number].kind in ("backward", "grad")]
    if not calls:
        widgets.say_what_went_wrong(run)
        st.info(_("No backward of this program has steps, so there is no chain to multiply."))
        return None
    if len(run.trace.nodes) > MAX_NODES:
        st.info(
            _("This graph has over {most} nodes, too many to ask each for its Jacobian.").format(
                most=f"{MAX_NODES:,}"
            )
        )
        return None
    widths = [3, 3, 6] if len(calls) > 1 else [3, 9]
    *first, second, third = st.columns(widths)
    call = calls[0]
    if first:
        key = session.widget_key("chain of call", (own or calls)[0])
        call = first[0].selectbox(
            _("Call"), calls, key=key, format_func=lambda number: _title(run, number)
        )
        session.remember("chain of call", call)
    asked = session.current_run(LocalAsk(call))
    if asked is None:
        return None
    paths = Paths(asked, call)
    leaf = paths.deepest()
    if paths.reason or leaf is None:
        st.info(paths.reason or _("No path leads from this call to a leaf."))
        return None
    key = session.widget_key(f"chain to a leaf in call {call}", leaf)
    leaf = second.selectbox(
        _("From the root to"), paths.leaves(), key=key, format_func=paths.leaf_name,
        help=tip("leaf", "local Jacobian"),
    )  # fmt: skip
    session.remember(f"chain to a leaf in call {call}", leaf)
    count = paths.chains.count(leaf)
    name = f"chain path to {leaf} in call {call}"
    place = _path(third, paths, leaf, name, count) if count > 1 else 0
    return Choice(paths, leaf, place, name)


def open_at(call: int, leaf: int) -> None:
    """Choose a call and a leaf, before the page is drawn."""
    for name, value in (("chain of call", call), (f"chain to a leaf in call {call}", leaf)):
        st.session_state[session.widget_key(name, value)] = value
        session.remember(name, value)


def _path(there: Any, paths: Paths, leaf: int, name: str, count: int) -> int:
    """The picker of one of several paths."""
    listed = paths.listed(leaf)
    title = _("Path, of {count}").format(count=f"{count:,}")
    if count > MAX_PATHS:
        title = _("Path, the first {most} of {count}").format(most=MAX_PATHS, count=f"{count:,}")
    chosen: int = there.selectbox(
        title, range(len(listed)), key=session.widget_key(name, 0),
        format_func=lambda place: f"{place + 1}: {paths.label(listed[place])}",
    )  # fmt: skip
    session.remember(name, chosen)
    return chosen


def _title(run: Run, number: int) -> str:
    """A call as the picker names it, with its line."""
    call = run.calls[number]
    words_ = {"backward": "backward()", "grad": "autograd.grad"}.get(call.kind, call.kind)
    if call.span is None:
        return f"{number + 1}: {words_}"
    where = _("line {line}").format(line=call.span.line)
    return f"{number + 1}: {words_}, {where}"


def show(choice: Choice, *, key: str) -> None:
    """Draw the chosen path; stepping happens in the browser."""
    drawn = choice.paths.drawn(choice.leaf, choice.path)
    data: dict[str, Any] = msgspec.to_builtins(drawn)
    data |= {"key": key, "language": current(), "words": words.translated()}
    _mount(
        key=key, data=data | {"signature": signature(drawn)}, height="content",
        on_path_change=lambda: _picked(key, choice.name),
    )  # fmt: skip


def _picked(key: str, name: str) -> None:
    """A path was clicked among those that add up."""
    place = st.session_state[key]["path"]
    if place is not None:
        session.remember(name, place)
        st.session_state[session.widget_key(name, 0)] = place
