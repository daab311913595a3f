"""Two runs beside each other: two players under one transport, common nodes in common places.

`show(left, right, titles=…, key=…)` draws both graphs, one timeline that steps them together, what
differs in words with a click to each place, and what rests in `.grad` at the end. Like the player
it is sent once, and asks the server for nothing while it plays.
"""

import hashlib
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import streamlit as st

from explorer.collector import resting
from explorer.data import Run
from explorer.frames import Frames, Scene, frames_of
from explorer.frames.comparing import compared
from explorer.language import current
from explorer.picture.overlaid import Half, overlaid
from explorer.picture.views import Shown, drawn
from explorer.ui.player import whole_data
from explorer.ui.player.scripts import PLAYER, joined
from explorer.ui.player.style import style_sheet

_FOLDER = Path(__file__).parent


def _style() -> str:
    return style_sheet() + (_FOLDER / "beside.css").read_text(encoding="utf-8")


_mount = st.components.v2.component("explorer_beside", css=_style(), js=joined(*PLAYER, "beside"))


def show(
    left: Run,
    right: Run,
    *,
    titles: tuple[str, str],
    key: str,
    link: Mapping[str, str] | None = None,
) -> None:
    """Draw both runs; `titles` are what their programs are called, `key` identifies the place.

    `link` is the part of the URL that says which program is shown: while it stands there, the URL
    also says where the two are. None keeps it out.
    """
    data = beside_data(left, right) | {
        "key": key,
        "titles": list(titles),
        "link": {"query": dict(link), "name": "at"} if link is not None else None,
    }
    _mount(key=key, data=data, height="content")


def beside_data(left: Run, right: Run) -> dict[str, Any]:
    """What the browser gets: both players' data, laid out in common places, and the comparison."""
    return _beside_data(left, right, current())


@lru_cache(maxsize=8)
@resting()
def _beside_data(left: Run, right: Run, language: str) -> dict[str, Any]:
    frames, other = frames_of(left), frames_of(right)
    comparison = compared(left, right, frames, other)
    common: tuple[dict[int, Half], dict[int, Half]] = ({}, {})
    for call in comparison.calls:
        if call.left is None or call.right is None:
            continue
        one, two = _one_scale(frames.scenes[call.left], other.scenes[call.right])
        halves = overlaid(one, two, call.pairs, frames.tiles, other.tiles)
        for mine, half, place in zip(common, halves or (), (call.left, call.right), strict=False):
            mine[place] = half
    sides = [
        _side(run, own, mine, language)
        for run, own, mine in zip((left, right), (frames, other), common, strict=True)
    ]
    data: dict[str, Any] = {
        "sides": sides,
        "comparison": msgspec.to_builtins(comparison),
        "language": language,
        "words": sides[0].get("words"),
    }
    data["signature"] = hashlib.sha256(msgspec.json.encode(data)).hexdigest()[:16]
    return data


def _side(run: Run, frames: Frames, halves: Mapping[int, Half], language: str) -> dict[str, Any]:
    """A player's data; a scene that is one of two halves stands as it does in the other."""
    scenes = tuple(
        halves[place].scene if place in halves else scene
        for place, scene in enumerate(frames.scenes)
    )
    given = {place: Shown("", "", None, half.fit, half.follow) for place, half in halves.items()}
    shown = drawn(msgspec.structs.replace(frames, scenes=scenes), given)
    ghosts = [
        (half.ghosts, half.follow_ghosts) if (half := halves.get(place)) else None
        for place in range(len(scenes))
    ]
    options = {"program_panel": True, "start": None, "height": None}
    return whole_data(run, *shown, language) | options | {"ghosts": msgspec.to_builtins(ghosts)}


def _one_scale(left: Scene, right: Scene) -> tuple[Scene, Scene]:
    """Both scenes on the scale of the larger numbers, so that equal colours are equal numbers."""
    most = max(left.largest, right.largest)
    return _on_scale(left, most), _on_scale(right, most)


def _on_scale(scene: Scene, most: float) -> Scene:
    if scene.largest == most or scene.largest <= 0:
        return msgspec.structs.replace(scene, largest=most)
    less = math.log10(most / scene.largest) / 2.5
    wires = tuple(
        wire
        if wire.weight is None
        else msgspec.structs.replace(wire, weight=round(max(0.0, wire.weight - less), 3))
        for wire in scene.wires
    )
    return msgspec.structs.replace(scene, largest=most, wires=wires)
