"""What a page offers to take away: graphs as DOT, SVG, a moving page or data, Jacobians as CSV."""

import csv
import io

import streamlit as st

from explorer import files
from explorer.data import Jacobian, Run
from explorer.errors import LayoutError
from explorer.picture import graph as pictures
from explorer.ui import session
from explorer.ui.player import standalone


def graph(run: Run) -> None:
    """The graph of the whole program with labels, as DOT and as SVG."""
    name = session.choice()
    st.download_button(
        "Graph as DOT", lambda: pictures.to_dot(run.trace), f"{name}.dot", "text/vnd.graphviz",
        on_click="ignore", icon=":material/download:",
    )  # fmt: skip
    st.download_button(
        "Graph as SVG", lambda: _svg(run), f"{name}.svg", "image/svg+xml",
        on_click="ignore", icon=":material/download:",
    )  # fmt: skip


def player(run: Run) -> None:
    """The player as one HTML file that works offline, and the whole Run as data."""
    name = session.choice()
    st.download_button(
        "Animation as HTML", lambda: standalone.page(run, title=f"Autograd Explorer: {name}"),
        f"{name}.html", "text/html", on_click="ignore", icon=":material/download:",
    )  # fmt: skip
    st.download_button(
        "Run as JSON", lambda: files.encode("Run", run.to_dict()), f"{name}.json",
        "application/json", on_click="ignore", icon=":material/download:",
    )  # fmt: skip


def _svg(run: Run) -> str:
    """The labelled picture, or a picture that says why there is none."""
    try:
        return pictures.to_svg(run.trace)
    except LayoutError as error:
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="40">'
            f'<text x="10" y="26">{error}</text></svg>'
        )


def jacobian(found: Jacobian) -> None:
    """The whole matrix with its labels, as CSV."""
    st.download_button(
        "Matrix as CSV", lambda: to_csv(found), "jacobian.csv", "text/csv",
        on_click="ignore", icon=":material/download:",
    )  # fmt: skip


def to_csv(found: Jacobian) -> str:
    """One line a row, labels first; an input that no path reaches has empty cells, not zeros."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["", *found.columns])
    reached = [
        there
        for part, there in zip(found.columns.parts, found.reached, strict=True)
        for _ in range(len(part))
    ]
    for label, values in zip(found.rows, found.array.tolist(), strict=True):
        kept = [repr(v) if there else "" for v, there in zip(values, reached, strict=True)]
        writer.writerow([label, *kept])
    return text.getvalue()
