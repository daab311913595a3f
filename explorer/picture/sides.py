"""Draw what two programs left behind, side by side: tiles on one scale, words as torch says."""

from collections.abc import Sequence
from html import escape
from typing import Final

from explorer.data import Values
from explorer.frames.tiles import largest
from explorer.language import _
from explorer.picture.listing import variables_css
from explorer.picture.theme import Theme
from explorer.picture.tiles import FONT, legend_html, tile_html
from explorer.switches import Outcome

STYLE: Final = f"""
<style>
.sides {{ color: var(--ink); }}
.sides i {{ display: block; font-style: normal; }}
.sides .tile {{ display: inline-block; box-sizing: content-box; }}
.sides .legend {{ display: flex; align-items: center; gap: 8px; font-size: 13px; flex-wrap: wrap;
  padding-bottom: 10px; }}
.sides .legend .key {{ display: inline-flex; align-items: center; gap: 6px; margin-left: 18px; }}
.sides table {{ border-collapse: collapse; width: 100%; table-layout: fixed; }}
.sides th, .sides td {{ border: 0; border-top: 1px solid var(--edge); padding: 12px 10px;
  text-align: left; vertical-align: middle; overflow-wrap: anywhere; }}
.sides thead th {{ border-top: 0; font: 700 18px/1.3 {FONT}; }}
.sides tbody th {{ font: 600 16px/1.3 {FONT}; }}
.sides col.name {{ width: 19%; }} .sides col.sign {{ width: 76px; }}
.sides .sign {{ font-size: 24px; font-weight: 700; text-align: center; }}
.sides tr.same {{ color: var(--quiet); }}
.sides tr.differs th:first-child {{ box-shadow: inset 5px 0 0 var(--ink); padding-left: 16px; }}
.sides pre {{ font: 13.5px/1.5 {FONT}; white-space: pre-wrap; margin: 0; max-height: 14em;
  overflow: auto; background: none; color: inherit; border: 0; padding: 0; }}
.sides .nothing {{ color: var(--quiet); }}
@media (max-width: 560px) {{
  .sides .legend {{ gap: 6px; }} .sides .legend .key {{ margin: 0 10px 0 0; }}
  .sides :is(thead, colgroup) {{ display: none; }} .sides :is(table, tbody) {{ display: block; }}
  .sides tr {{ display: flex; flex-wrap: wrap; align-items: center; gap: 6px 12px; padding: 10px 0;
    border-top: 1px solid var(--edge); }}
  .sides tr :is(th, td) {{ border: 0; padding: 0; }}
  .sides tbody th {{ flex: 0 0 100%; }}
  .sides td[data-side]::before {{ content: attr(data-side); display: block; padding-bottom: 3px;
    color: var(--quiet); font-size: 13px; }}
  .sides tr .sign {{ padding-top: 18px; }}
}}
@media (min-width: 1600px) {{ .sides {{ zoom: 1.3; }} }}
</style>
"""
"""The look of `sides_html`; a page needs it once."""


def sides_html(
    outcomes: Sequence[Outcome], titles: tuple[str, str], theme: Theme, *, clip: int = 12
) -> str:
    """A row for each outcome: what the first program left, what the second left, and
    between them = or ≠, or ≈ where they differ by rounding only.

    At most `clip` rows that are the same on both sides are drawn.
    """
    numbers = [v for one in outcomes for v in (one.off, one.on) if v is not None]
    scale = largest(numbers) or 1.0
    same = [one for one in outcomes if one.same][clip:]
    rows = "".join(_row(one, scale, theme, titles) for one in outcomes if one not in same)
    more = _("{count} more are the same on both sides.").format(count=len(same)) if same else ""
    off, on = (escape(title) for title in titles)
    return (
        f'<div class="sides" style="{variables_css(theme)}">'
        f'<div class="legend">{legend_html(scale, theme)}</div>'
        '<table><colgroup><col class="name"><col><col class="sign"><col></colgroup>'
        f"<thead><tr><th></th><th>{off}</th><th></th><th>{on}</th></tr></thead>"
        f"<tbody>{rows}</tbody></table><p class='nothing'>{more}</p></div>"
    )


def _row(one: Outcome, scale: float, theme: Theme, titles: tuple[str, str]) -> str:
    sign = one.relation or ("=" if one.same else "≈" if one.close else "≠")
    kind = "same" if one.close else "differs"
    if one.is_text:
        off, on = _words(one.off_text), _words(one.on_text)
    else:
        off, on = (_tile(values, scale, theme, one.name) for values in (one.off, one.on))
    first, second = (f'data-side="{escape(title, quote=True)}"' for title in titles)
    return (
        f'<tr class="{kind}"><th>{escape(one.name)}</th><td {first}>{off}</td>'
        f'<td class="sign">{sign}</td><td {second}>{on}</td></tr>'
    )


def _tile(values: Values | None, scale: float, theme: Theme, name: str) -> str:
    return tile_html(values, scale=scale, theme=theme, name=name)


def _words(text: str) -> str:
    nothing = _("nothing")
    return f"<pre>{escape(text)}</pre>" if text else f'<span class="nothing">{nothing}</span>'
