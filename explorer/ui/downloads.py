"""What a Jacobian can be taken away as: a page of its own, a figure to edit, a table, a file."""

import csv
import io
import itertools

import streamlit as st

from explorer import files
from explorer.data import Jacobian
from explorer.language import _
from explorer.picture.heatmap import heatmap
from explorer.picture.theme import LIGHT
from explorer.ui.lab import standalone


def jacobian(found: Jacobian, name: str = "jacobian") -> None:
    """A button that opens the menu; files are called `name`, without their endings."""
    offers = (
        (
            _("Lab"), lambda: standalone.page(found, title=f"Autograd Explorer: {name}"),
            f"{name}.html", "text/html", "grid_on",
            _("This lab as one HTML file, which works offline."),
        ),
        (
            _("Figure"), lambda: heatmap(found, LIGHT).to_json(),
            f"{name} figure.json", "application/json", "palette",
            _("A Plotly figure to restyle for a paper: plotly.io.read_json opens it."),
        ),
        (
            "CSV", lambda: to_csv(found), f"{name}.csv", "text/csv", "table",
            _("The whole matrix with its names; no path is an empty field."),
        ),
        (
            "JSON", lambda: files.encode("Jacobian", found.to_dict()), f"{name}.json",
            "application/json", "data_object",
            _("The whole matrix: `explorer.load` and the Open page read it."),
        ),
    )  # fmt: skip
    with st.popover(_("Take away"), icon=":material/download:", width=230):
        for label, made, file, mime, icon, told in offers:
            st.download_button(
                label, made, file, mime, on_click="ignore", icon=f":material/{icon}:", help=told,
                width="stretch",
            )  # fmt: skip


def to_csv(found: Jacobian) -> str:
    """One line a row, labels first; where no path leads a field is empty, not zero."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["", *found.columns])
    lines = zip(found.rows, found.array.tolist(), strict=True)
    for number, part in enumerate(found.rows.parts):
        there = _reached(found, number)
        for label, values in itertools.islice(lines, len(part)):
            kept = [repr(v) if one else "" for v, one in zip(values, there, strict=True)]
            writer.writerow([label, *kept])
    return text.getvalue()


def _reached(found: Jacobian, row: int) -> list[bool]:
    """For each column whether a path leads to it from the outputs of part number `row`."""
    return [
        reached and (row, column) not in found.cut
        for column, (part, reached) in enumerate(
            zip(found.columns.parts, found.reached, strict=True)
        )
        for _element in range(len(part))
    ]
