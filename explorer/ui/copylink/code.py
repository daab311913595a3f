"""An address as a QR code.

>>> code = code_of("https://example.org/backward?preset=tutorial&at=0.3")
>>> code.size, code.path[:20]
(29, 'M0 0h7v1h-7zM8 0h2v1')
>>> code_of("https://example.org/?code=" + "x" * 4000).path is None
True
"""

from itertools import groupby

import segno
from segno.encoder import DataOverflowError

from explorer.data import Plain


class Code(Plain, frozen=True):
    """The code of `url`: a path of dark runs in a square of `size` by `size`, without a margin.

    `path` is None where the address is too long for any code.
    """

    url: str
    size: int = 0
    path: str | None = None


def code_of(url: str) -> Code:
    """The smallest code that holds `url`, at the lowest level of error correction."""
    try:
        matrix = segno.make_qr(url, error="l", boost_error=False).matrix
    except DataOverflowError:
        return Code(url)
    runs = []
    for y, row in enumerate(matrix):
        x = 0
        for dark, cells in groupby(row):
            length = len(list(cells))
            if dark:
                runs.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    return Code(url, len(matrix), "".join(runs))
