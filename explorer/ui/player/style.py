"""The player's style sheet: its own rules, and the colours of `explorer.picture.theme`."""

from pathlib import Path

from explorer.picture.theme import DARK, LIGHT, Theme

_BLACK, _WHITE = "#14181F", "#FFFFFF"


def style_sheet() -> str:
    """All CSS of the player, with one set of variables for light and one for dark."""
    rules = (Path(__file__).parent / "player.css").read_text(encoding="utf-8")
    return "\n".join(
        [variables(".player", LIGHT), variables(".player.dark", DARK), colour_rules(), rules]
    )


def colour_rules() -> str:
    """A class for each step of colour: of a shape, of the number on it, and of an HTML element."""
    steps = ["z", *(f"{sign}{step}" for sign in "pn" for step in range(1, 9))]
    return "\n".join(
        f".{name} {{ fill: var(--{name}); }} .{name}t {{ fill: var(--{name}t); }} "
        f".back-{name} {{ background: var(--{name}); }}"
        for name in steps
    )


def variables(selector: str, theme: Theme) -> str:
    """The colours of a theme as variables of what `selector` picks."""
    colors = {
        "paper": theme.paper,
        "background": theme.background,
        "ink": theme.ink,
        "muted": theme.muted,
        "line": theme.line,
        "hairline": theme.hairline,
        "dock": theme.dock,
        "cell": theme.cell,
        "zero": theme.zero,
        "now": theme.now,
        "now-soft": theme.now_soft,
        "now-ink": _BLACK,
        "wire": _mixed(theme.ink, theme.muted),
        "z": theme.zero,
        "zt": theme.muted,
    }
    for sign, ramp in (("p", theme.plus), ("n", theme.minus)):
        for step, color in enumerate(ramp, start=1):
            colors[f"{sign}{step}"] = color
            colors[f"{sign}{step}t"] = readable_on(color)
    lines = "\n".join(f"  --{name}: {color};" for name, color in colors.items())
    scheme = f"  color-scheme: {theme.name};"
    return f"{selector} {{\n{scheme}\n{lines}\n}}"


def readable_on(color: str) -> str:
    """Black or white, whichever stands out more from `color`.

    >>> readable_on("#FFE14A"), readable_on("#0A3F94")
    ('#14181F', '#FFFFFF')
    """
    return max((_BLACK, _WHITE), key=lambda ink: contrast(ink, color))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours after WCAG 2, from 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mixed(one: str, other: str) -> str:
    """The colour halfway between two."""
    parts = [
        (int(one[place : place + 2], 16) + int(other[place : place + 2], 16)) // 2
        for place in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02X}" for part in parts)
