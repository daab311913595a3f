"""The lab as one HTML file: it works offline, in any browser, and asks nobody for anything."""

from explorer.data import Jacobian
from explorer.ui.lab import script, style_sheet
from explorer.ui.lab.drawn import drawn
from explorer.ui.player.document import document
from explorer.ui.player.scripts import as_function, joined
from explorer.ui.player.standalone import STYLE


def page(found: Jacobian, *, title: str = "Autograd Explorer") -> str:
    """An HTML document that holds the lab and the matrix.

    Of a matrix with more cells than are drawn it holds those cells: of each block the entry of
    largest size.
    """
    return document(
        title=title,
        style=STYLE + style_sheet(),
        script=as_function(script()) + joined("framed"),
        start="tellHeight();\nmount",
        data=drawn(found, key="standalone", alone=True),
    )
