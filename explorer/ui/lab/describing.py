"""What the Jacobian page says of a matrix: its size, shapes, missing paths, and its batch."""

import streamlit as st

from explorer.data import AxisPart, Jacobian, JacobianAsk
from explorer.language import _
from explorer.picture.batch import Mixing, mixing
from explorer.picture.cells import format_number
from explorer.ui.wording import plain


def describe(ask: JacobianAsk, found: Jacobian) -> None:
    """Its size, the shapes that torch gives, which inputs no path reaches, and the batch."""
    rows, columns = found.array.shape
    parts = zip(found.columns.parts, found.reached, strict=True)
    cut = [part.name for part, reached in parts if not reached]
    sentences = [f"**{rows} × {columns}**", _method(found.method)]
    if ask.order == 1:
        sentences.append(_("as torch shapes it: {shapes}").format(shapes=_shapes(found)))
    if cut:
        no_path = _("no path leads to {names}: hatched, which is not zero")
        sentences.append(no_path.format(names=plain(", ".join(cut))))
    for number, part in enumerate(found.columns.parts):
        found_mixing = mixing(found, number) if ask.order == 1 and _is_batch(part) else None
        if found_mixing is not None and found.reached[number]:
            sentences.append(_batch_sentence(found_mixing, found.rows.parts[0].name, part.name))
    st.caption(" · ".join(sentences), help=_why(found.method))


def _method(name: str) -> str:
    """How the matrix was filled."""
    told = {
        "batched": _("method: batched, checked by a real VJP"),
        "loop": _("method: loop, one backward a row"),
    }
    return told.get(name) or _("method: {name}").format(name=name)


def _why(name: str) -> str | None:
    """Why it was filled so."""
    return {
        "batched": _(
            "Many rows go through one backward (`is_grads_batched`), which is the fastest way "
            "here. It counts only because vᵀJ for a random v equals what one real backward gives."
        ),
        "loop": _(
            "One backward a row, its v 1 at one output: for a few rows nothing is faster, and it "
            "is right where torch cannot batch the backward of this graph."
        ),
    }.get(name)


def _shapes(found: Jacobian) -> str:
    """`y by x (5, 3, 5, 2)` for the first few inputs."""
    shown = []
    for output in found.rows.parts:
        for part in found.columns.parts:
            shape = ", ".join(map(str, (*output.shape, *part.shape)))
            shown.append(f"{plain(part.name)} ({shape})")
    return ", ".join(shown[:4]) + (" …" if len(shown) > 4 else "")


def _is_batch(part: AxisPart) -> bool:
    """Whether an input may hold samples: a parameter's first dimension is no batch."""
    return "." not in part.name


def _batch_sentence(found: Mixing, output: str, input_: str) -> str:
    names = {"output": plain(output), "input": plain(input_)}
    if not found.mixed:
        return _(
            "Block-diagonal: sample i of {output} depends on sample i of {input} alone, and every "
            "entry off the blocks is exactly 0."
        ).format(**names)
    return _(
        "The samples are mixed: sample {i} of {output} depends on sample {j} of {input}, with a "
        "derivative of up to {largest}."
    ).format(i=found.output, j=found.input, largest=format_number(found.largest), **names)
