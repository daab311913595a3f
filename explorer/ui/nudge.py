"""Nudge a number of a leaf on the page: measured by running the program, beside gradient × step.

`section(run)` stands under the player: a switch, the pickers of a leaf and an element, and the
component, in which dragging asks the server for nothing. `open_at(...)` is how a click on a leaf
opens it.
"""

import hashlib
import math
from pathlib import Path
from typing import Any, Final

import msgspec
import streamlit as st

from explorer.data import Answer, AxisPart, NudgeAsk, Run
from explorer.explain.nudge import reading
from explorer.frames.labels import Labels, brief
from explorer.language import _, current, retold
from explorer.ui import session
from explorer.ui.player import words
from explorer.ui.player.finite import finite
from explorer.ui.player.scripts import joined
from explorer.ui.player.style import style_sheet

MAX_LEAVES: Final = 300
"""Leaves, of all calls together, that can be picked."""

MAX_LISTED: Final = 500
"""Elements that are listed by name; of larger leaves the number of the element is typed."""

_OPEN: Final = "nudge is open"
_LEAF: Final = "nudge a leaf"
_mount = st.components.v2.component(
    "explorer_nudge",
    css=style_sheet() + (Path(__file__).parent / "nudge.css").read_text(encoding="utf-8"),
    js=joined("words.en", "format", "theme", "tiles", "numbers", "timeline", "camera", "nudge"),
)


def places(run: Run) -> list[str]:
    """Every leaf that a call of the program brought a gradient, as `call.node`."""
    found = []
    for number, call in enumerate(run.calls):
        if call.kind not in ("backward", "grad") or call.error is not None or not call.steps:
            continue
        if call.kind == "grad":
            asked = {name for name, got in zip(call.inputs, call.results, strict=False) if got}
            nodes = [node.index for node in run.trace.nodes if node.leaf and node.leaf in asked]
        else:
            nodes = [leaf.node for leaf in call.leaves if leaf.added and leaf.node is not None]
        found += [f"{number}.{node}" for node in nodes]
    return found[:MAX_LEAVES]


def open_at(call: int, node: int, element: int) -> None:
    """Open the section at one element, before the page is drawn."""
    place = f"{call}.{node}"
    for name, value in ((_OPEN, True), (_LEAF, place), (_element(place), element)):
        st.session_state[session.widget_key(name, value)] = value
        session.remember(name, value)


def section(run: Run) -> None:
    """The switch, and under it the nudge of the chosen number."""
    options = places(run)
    if not options:
        return
    st.toggle(
        _("Nudge an input: run the program with one number moved"),
        key=session.widget_key(_OPEN, False),
    )
    is_open = st.session_state[session.widget_key(_OPEN, False)]
    session.remember(_OPEN, is_open)
    if not is_open:
        return
    ask = _choose(run, options)
    found = session.current_run(ask)
    if found is not None:
        _draw(found, found.answers[0])


def _choose(run: Run, options: list[str]) -> NudgeAsk:
    first, second, _rest = st.columns([4, 3, 5])
    key = session.widget_key(_LEAF, options[0])
    if st.session_state[key] not in options:
        st.session_state[key] = options[0]
    place: str = first.selectbox(
        _("Leaf"), options, key=key, format_func=lambda place: _title(run, place)
    )
    session.remember(_LEAF, place)
    call, node = map(int, place.split("."))
    part = AxisPart(run.trace.nodes[node].leaf or _("leaf"), run.trace.nodes[node].outputs[0].shape)
    name, size, element = _element(place), math.prod(part.shape), 0
    if size > MAX_LISTED:
        key = session.widget_key(name, 0)
        element = second.number_input(_("Element, in C order"), 0, size - 1, key=key)
    elif size > 1:
        key = session.widget_key(name, 0)
        element = second.selectbox(_("Element"), range(size), key=key, format_func=part.label)
    session.remember(name, element)
    return NudgeAsk(call, node, element)


def _element(place: str) -> str:
    return f"nudge element of {place}"


def _title(run: Run, place: str) -> str:
    """A leaf, and the call that it is nudged for where the program made several."""
    number, node = map(int, place.split("."))
    call, leaf = run.calls[number], run.trace.nodes[node].leaf or _("leaf")
    if len({one.partition(".")[0] for one in places(run)}) == 1:
        return leaf
    kind = {"backward": "backward()", "grad": "autograd.grad"}[call.kind]
    return f"{leaf} · {number + 1}: {kind}"


def _draw(run: Run, answer: Answer) -> None:
    if answer.nudge is None or not isinstance(answer.ask, NudgeAsk):
        st.info(retold(answer.error or ""))
        return
    ask, leaf = answer.ask, run.trace.nodes[answer.ask.node]
    data: dict[str, Any] = msgspec.to_builtins(
        {
            "nudge": answer.nudge,
            "reading": reading(answer.nudge),
            "name": AxisPart(leaf.leaf or "leaf", leaf.outputs[0].shape).label(ask.element),
            "root": _root(run, ask.call),
        }
    )
    data = finite(data)
    data["signature"] = hashlib.sha256(msgspec.json.encode(data)).hexdigest()[:16]
    data |= {"language": current(), "words": words.translated()}
    _mount(key="nudge", data=data, height="content")


def _root(run: Run, number: int) -> str:
    """What is measured: the root's name, or vᵀ·root where it is no scalar."""
    call, labels = run.calls[number], Labels(run)
    if len(call.roots) != 1:
        return "vᵀ·roots"
    root, output = call.roots[0], call.root_nrs[0] if call.root_nrs else 0
    node = run.trace.nodes[root]
    name = labels.variable(root, output) or node.leaf or brief(labels.card(node))
    return name if call.gradient in ((), (None,)) else f"vᵀ·{name}"
