"""Put an SVG that we drew on the page, as wide as there is room, with its hover text alive."""

from typing import Final

import streamlit as st

_STYLE: Final = """
@media (max-width: 560px) { .drawing > svg:not(:last-child) { display: none !important; } }
@media (min-width: 561px) { .drawing > svg:not(:first-child) { display: none !important; } }
"""

_mount = st.components.v2.component(
    "explorer_drawing",
    css=_STYLE,
    js="""
    export default function ({ data, parentElement }) {
      const drawings = data.drawings.map((svg) => {
        const drawing = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
        for (const bad of drawing.querySelectorAll("script, foreignObject, a")) bad.remove();
        return document.importNode(drawing, true);
      });
      let place = parentElement.querySelector(".drawing");
      if (!place) {
        place = document.createElement("div");
        place.className = "drawing";
        parentElement.append(place);
      }
      place.replaceChildren(...drawings);
    }
    """,
)


def show(svg: str, *, key: str, phone: str = "") -> None:
    """Draw `svg`, or `phone` in its place on a screen that is as narrow as a phone's.

    A rerun under the same key replaces it.
    """
    _mount(key=key, data={"drawings": [svg, *([phone] if phone else [])]}, height="content")
