"""Words of torch and of programs on a page: nobody formatted them, so nothing in them is markup.

>>> print(plain("a_b * [c]"))
a\\_b \\* \\[c\\]
>>> print(plain("`a_b` is not offered in a_c", code=True))
`a_b` is not offered in a\\_c
"""

import re
from typing import Final

_MARKS: Final = re.compile(r"[\\`*_\[\]<>~|$]|:(?=\w)|^\s*[-+#=]", re.MULTILINE)
_CODE: Final = re.compile(r"(`[^`\n]+`)")


def plain(text: str, *, code: bool = False) -> str:
    """Markdown that shows the text as it is; with `code`, what stands in backticks is code."""
    parts = _CODE.split(text) if code else [text]
    parts[::2] = [_MARKS.sub(_escape, part) for part in parts[::2]]
    return "".join(parts).replace("\n", "  \n")


def _escape(mark: re.Match[str]) -> str:
    return f"{mark[0][:-1]}\\{mark[0][-1]}"
