"""Files that hold one piece of plain data: JSON with a format number, a kind and its origin.

A file says what it is before it says what it holds, so that a damaged, a foreign and a newer file
are told apart. Nothing in a file is ever executed.
"""

import json
from pathlib import Path
from typing import Any

from explorer.errors import FileError
from explorer.language import _

FORMAT = 1
"""Number of the file format. A file with another number is refused, never half-read."""

MAX_BYTES = 50 * 2**20
"""Size of the largest file that is opened."""

_MARK = "autograd-explorer"


def write(path: str | Path, kind: str, content: dict[str, Any]) -> None:
    """Write `content`, the plain data of a `kind` such as `BackwardCall`, to `path`."""
    Path(path).write_bytes(encode(kind, content))


def encode(kind: str, content: dict[str, Any]) -> bytes:
    """The bytes of a file."""
    whole = {"file": _MARK, "format": FORMAT, "kind": kind, "content": content}
    return json.dumps(whole, allow_nan=False, separators=(",", ":")).encode()


def read(path: str | Path) -> tuple[str, dict[str, Any]]:
    """The kind and the content of the file at `path`; errors as `decode`, or OSError."""
    place = Path(path)
    _check_size(place.stat().st_size)
    return decode(place.read_bytes())


def decode(whole: bytes) -> tuple[str, dict[str, Any]]:
    """The kind and the content of a file's bytes.

    Raises:
        FileError: the file is too large, no JSON, not one of ours, or of another format.
    """
    _check_size(len(whole))
    try:
        parsed = json.loads(whole)
    except (ValueError, RecursionError) as error:
        raise FileError(
            _("This is no JSON file, or a damaged one: {error}.").format(error=error)
        ) from error
    if not isinstance(parsed, dict) or parsed.get("file") != _MARK:
        raise FileError(
            _(
                "This JSON was not written by Autograd Explorer. Allowed: a file made with "
                ".save(...)."
            )
        )
    if parsed.get("format") != FORMAT:
        raise FileError(
            _(
                "The file has format {theirs!r}; this version reads format {ours}. Open it "
                "with the version of Autograd Explorer that wrote it, or a newer one."
            ).format(theirs=parsed.get("format"), ours=FORMAT)
        )
    kind, content = parsed.get("kind"), parsed.get("content")
    if not isinstance(kind, str) or not isinstance(content, dict):
        raise FileError(_("The file is damaged: it does not say what it holds."))
    return kind, content


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise FileError(
            _(
                "The file has {size:.0f} MB; allowed are up to {most} MB. Record a smaller "
                "model, or fewer values."
            ).format(size=size / 2**20, most=MAX_BYTES // 2**20)
        )
