"""Put an SVG that we drew on the page, as wide as there is room, with its hover text alive."""

import streamlit as st

_mount = st.components.v2.component(
    "explorer_drawing",
    js="""
    export default function ({ data, parentElement }) {
      const drawing = new DOMParser().parseFromString(data.svg, "image/svg+xml").documentElement;
      for (const bad of drawing.querySelectorAll("script, foreignObject, a")) bad.remove();
      let place = parentElement.querySelector(".drawing");
      if (!place) {
        place = document.createElement("div");
        place.className = "drawing";
        parentElement.append(place);
      }
      place.replaceChildren(document.importNode(drawing, true));
    }
    """,
)


def show(svg: str, *, key: str) -> None:
    """Draw `svg`; a rerun under the same key replaces it."""
    _mount(key=key, data={"svg": svg}, height="content")
