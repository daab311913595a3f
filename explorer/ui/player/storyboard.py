"""A storyboard: the steps of a program as small pictures on A4, in one HTML file to be printed.

The program and the legend stand on top, a caption under each picture. Where a call has too many
steps to be handed out, the page says which are shown.
"""

from pathlib import Path
from typing import Any

import msgspec

from explorer.frames import frames_of
from explorer.frames.storyboard import calls_left_out, strips
from explorer.language import _
from explorer.picture.views import drawn, trimmed
from explorer.ui.player import words
from explorer.ui.player.document import document
from explorer.ui.player.scripts import joined
from explorer.ui.player.standalone import Playable, as_run
from explorer.ui.player.style import style_sheet

_FOLDER = Path(__file__).parent

_SCRIPTS = (
    "words.en", "format", "tiles", "numbers", "stage", "folding", "panels", "camera", "storyboard",
)  # fmt: skip


def page(told: Playable, *, title: str = "Autograd Explorer") -> str:
    """An HTML document that draws the storyboard of `told`; printing it gives pages of A4."""
    run = as_run(told)
    frames, shown = drawn(frames_of(run))
    torch = run.torch or run.trace.torch
    chosen = strips(frames)
    needed = {strip.scene for strip in chosen}
    pictures = [
        msgspec.structs.replace(picture, others=(), torch=None) if place in needed else None
        for place, picture in enumerate(shown)
    ]
    data: dict[str, Any] = msgspec.to_builtins(
        {
            "title": title,
            "words": words.translated(),
            "frames": trimmed(frames),
            "pictures": pictures,
            "strips": chosen,
            "calls_left_out": calls_left_out(frames),
            "made": _("Autograd Explorer. Every number is torch {version}'s own.").format(
                version=torch
            )
            if torch
            else "",
        }
    )
    style = style_sheet() + (_FOLDER / "board.css").read_text(encoding="utf-8")
    return document(
        title=title,
        style=style,
        script=joined(*_SCRIPTS),
        start="storyboard",
        data=data,
    )
