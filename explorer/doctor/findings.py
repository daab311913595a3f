"""What the doctor says: a diagnosis, and the cures it offers."""

from explorer.data import Plain, Span


class Cure(Plain, frozen=True):
    """A change to the program that was run. `source` is the whole changed text."""

    title: str
    why: str
    source: str


class Diagnosis(Plain, frozen=True):
    """What went wrong, or may have, at one place of a program.

    `kind` is `error` (something raised), `warning` (torch warned) or `remark` (torch said nothing).
    `words` are torch's own, empty for a remark. `line` and `span` are where it showed, `cause` is
    the place in the program that brought it about, if that is another. `node` is the index in the
    Run's trace of the node it concerns. `row` numbers the twenty classic mistakes, and is None for
    others. Of what the doctor does not know, `why` and `cures` are empty.
    """

    row: int | None
    kind: str
    words: str
    line: int | None = None
    span: Span | None = None
    node: int | None = None
    why: str = ""
    cures: tuple[Cure, ...] = ()
    cause: Span | None = None
