"""HTML files of our own: one page that holds style, script and data, and may load nothing.

Names and numbers stand in the page as data only: no text of a program becomes markup, and the
document's own policy lets it ask nobody for anything.
"""

import html
import json
from collections.abc import Sequence
from typing import Any

from explorer.language import current

_PAGE = """\
<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src blob:">
<title>{title}</title>
<style>
{style}
</style>
<main id="here"></main>
{notes}<script type="application/json" id="data">{data}</script>
<script type="module">
{script}
{start}({{
  data: JSON.parse(document.getElementById("data").textContent),
  parentElement: document.getElementById("here"),
}});
</script>
</html>
"""


def document(
    *,
    title: str,
    style: str,
    script: str,
    start: str,
    data: dict[str, Any],
    notes: Sequence[str] = (),
) -> str:
    """A page that runs `script` and then calls its function `start` with `data`.

    `notes` stand below, one line each.
    """
    lines = "".join(f"<p>{html.escape(note)}</p>\n" for note in notes)
    return _PAGE.format(
        language=current(),
        title=html.escape(title),
        style=style,
        script=script,
        start=start,
        data=_inert(data),
        notes=f"<footer>\n{lines}</footer>\n" if notes else "",
    )


def _inert(data: dict[str, Any]) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
