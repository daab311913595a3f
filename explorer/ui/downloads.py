"""What the Jacobian page offers to take away: the matrix as CSV."""

import csv
import io

import streamlit as st

from explorer.data import Jacobian


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
