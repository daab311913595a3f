"""Draw the house from the contracts that its imports are held to: `python tools/house.py`.

A row of rooms is a layer of the import-linter contract in `pyproject.toml`; what a room says is the
first sentence of its docstring; a door is a library that only this room may import. A test compares
the drawing in `docs/` with a new one, so it cannot go stale.
"""

import ast
import re
import textwrap
import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs/house.svg"

WIDTH, HEAD, GAP, LINE, LETTERS = 1180, 36, 14, 17, 7.4
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #59626F }
.name { font: 700 16px ui-monospace, monospace; fill: #14181F }
.door { font-weight: 600; fill: #14181F; text-anchor: middle }
.room { fill: #FFFFFF; stroke: #C5CCD6; stroke-width: 1.6 }
.tag { fill: #FFE14A }
.floor { fill: #F6F7F9 }
.way { stroke: #59626F; stroke-width: 2; fill: none }
"""


def layers(contracts: list[dict]) -> list[list[str]]:
    """The rooms of the package, row by row from the top."""
    (held,) = (contract for contract in contracts if contract["type"] == "layers")
    return [[room for room in re.findall(r"\w+", row) if _path(room)] for row in held["layers"]]


def doors(contracts: list[dict]) -> dict[str, list[str]]:
    """For each room the libraries that it alone may import."""
    found: dict[str, list[str]] = {}
    for contract in contracts:
        for importer in contract.get("allowed_importers", []):
            found.setdefault(importer.rpartition(".")[2], []).extend(contract["protected_modules"])
    return found


def _path(room: str) -> Path | None:
    """The file whose docstring speaks for a room; None where the contract only allows for it."""
    place = ROOT / room if room == "pages" else ROOT / "explorer" / room
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    return path if path.exists() else None


def sentence(room: str) -> str:
    """What the docstring of a room says first."""
    path = _path(room)
    assert path is not None, f"{room} is a room"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return re.split(r"(?<=\.) |(?<=\.)\n|\n\n", text)[0].replace("\n", " ").rstrip(".:")


def drawing() -> str:
    """The whole picture as SVG."""
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = tables["tool"]["importlinter"]["contracts"]
    rows = [["pages"], *layers(contracts)]
    behind = doors(contracts)
    parts, y = [], 0.0
    for number, rooms in enumerate(rows):
        width = (WIDTH - GAP * (len(rooms) + 1)) / len(rooms)
        told = {room: _wrapped(room, width) for room in rooms}
        height = HEAD + LINE * max(map(len, told.values()))
        if number:
            parts.append(
                f'<path class="way" d="M{WIDTH / 2:g} {y - GAP + 1:g}v10m-5 -5l5 5l5 -5"/>'
            )
        parts.append(
            f'<rect class="floor" y="{y:g}" width="{WIDTH}" height="{height + GAP:g}" rx="12"/>'
        )
        for place, (room, lines) in enumerate(told.items()):
            x = GAP + place * (width + GAP)
            parts += _room(room, lines, behind.get(room, []), (x, y + GAP / 2, width, height))
        y += height + 2 * GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y - GAP:g}" '
        f'width="{WIDTH}" role="img">\n<title>The layers of the package: imports run downwards only'
        "</title>"
    )
    return "\n".join([head, f"<style>{STYLE}</style>", *parts, "</svg>\n"])


def _wrapped(room: str, width: float) -> list[str]:
    return textwrap.wrap(sentence(room), int((width - 24) / LETTERS), max_lines=3)


def _room(
    name: str, lines: list[str], behind: list[str], box: tuple[float, float, float, float]
) -> list[str]:
    """One room: its name, the door it holds, and what it says of itself."""
    x, y, width, height = box
    parts = [
        f'<rect class="room" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="10"/>',
        f'<text class="name" x="{x + 12:g}" y="{y + 24:g}">{name}</text>',
    ]
    if behind:
        words = "door to " + ", ".join(sorted(set(behind)))
        long = len(words) * LETTERS
        left = x + width - long - 16
        tag = f'x="{left:g}" y="{y + 8:g}" width="{long + 8:g}" height="22" rx="6"'
        parts += [
            f'<rect class="tag" {tag}/>',
            f'<text class="door" x="{x + width - long / 2 - 12:g}" y="{y + 24:g}">{words}</text>',
        ]
    parts += [
        f'<text x="{x + 12:g}" y="{y + HEAD + 8 + LINE * number:g}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]
    return parts


if __name__ == "__main__":
    PICTURE.write_text(drawing(), encoding="utf-8")
    print(PICTURE.relative_to(ROOT))
