"""The lab as one HTML file: it works offline, in any browser, and asks nobody for anything."""

from explorer.data import Jacobian
from explorer.ui.lab import script, style_sheet
from explorer.ui.lab.drawn import drawn
from explorer.ui.player.document import document
from explorer.ui.player.scripts import joined
from explorer.ui.player.standalone import STYLE


def page(found: Jacobian, *, title: str = "Autograd Explorer", height: int | None = None) -> str:
    """An HTML document that holds the lab and the matrix.

    Of a matrix with more cells than are drawn it holds those cells: of each block the entry of
    largest size. `height` is that of the cells in px, at most; None takes what the window has room
    for. In a frame the page tells whoever holds it how high it is, as that of the player does.
    """
    return document(
        title=title,
        style=STYLE + style_sheet(),
        script=f"{script()}\n{joined('framed')}",
        start="tellHeight();\nmountLab",
        data=drawn(found, key="standalone", alone=True, height=height),
    )
