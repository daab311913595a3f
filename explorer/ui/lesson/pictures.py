"""What a step of a lesson shows in place of the player: the matrix, the ledger, two runs, a chain.

Each is the picture of another page, drawn here by the same code. It comes with the learner's
answer: before that, it might give the answer away.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import streamlit as st

from explorer.data import Run
from explorer.language import _, later
from explorer.lessons import Step
from explorer.picture.bars import Series
from explorer.ui import chain, depth, jacobian, ledger, partners, session, site, travelling
from explorer.ui.lesson import place
from explorer.ui.lesson.progress import Progress
from explorer.ui.player import beside


class Picture(NamedTuple):
    """One of the other pictures: what it is called, its page and how to draw it."""

    title: str
    page: str
    draw: Callable[[Step, Run], None]
    query: tuple[tuple[str, str], ...] = ()


def of(shown: Progress) -> Picture | None:
    """The step's other picture, once it may be seen; None where there is only the player."""
    found = _PICTURES.get(shown.step.view.page)
    if found is None or not shown.answered:
        return None
    if found.page == "compare" and session.current_program() == shown.step.program:
        return None
    return found


def chosen(shown: Progress) -> Picture | None:
    """The switch between the player and the other picture; None where the player is to be seen."""
    found = of(shown)
    if found is None:
        return None
    player = site.TITLES["backward"]
    titles = {True: _(found.title), False: _(player)}
    with st.container(horizontal=True, vertical_alignment="center"):
        other = st.segmented_control(
            _("Picture"), list(titles), default=True, format_func=titles.__getitem__,
            key=f"picture of {shown.lesson.slug} {shown.number}", required=True,
            label_visibility="collapsed",
        )  # fmt: skip
        if not place.is_hidden("pages"):
            _door(found, shown.step)
    return found if other else None


def _door(found: Picture, step: Step) -> None:
    """The way to the whole page, with the program as it is now; its bar leads back to this step."""
    query = {**(session.query_of_program() or {}), **dict(found.query)}
    if step.view.of is not None:
        query["of"] = step.view.of
    if step.view.by:
        query["by"] = travelling.pack(step.view.by)
    if found.page == "compare" and (text := partners.text_of(step.program)):
        query["with"] = text
    st.page_link(
        site.page(found.page), icon=":material/open_in_new:", query_params=query,
        label=_("Open this on the page “{page}”").format(page=_(site.TITLES[found.page])),
    )  # fmt: skip


def _matrix(step: Step, run: Run) -> None:
    jacobian.show(run, step.view.of, step.view.by)


def _ledger(_step: Step, run: Run) -> None:
    ledger.show(run, beside=False)


def _compared(step: Step, run: Run) -> None:
    """The step's own program beside the learner's."""
    runs = session.explained(step.program), session.explained(run.program)
    titles = _("The lesson's program"), _("Your program")
    beside.show(*runs, titles=titles, key="compare in the lesson")


def _chain(_step: Step, run: Run) -> None:
    choice = chain.choose(run)
    if choice is not None:
        chain.show(choice, key="chain in the lesson")


def _bars(step: Step, run: Run) -> None:
    """The tensor `norms`, a bar a layer: of the step's own program, and of the learner's."""
    named = {_("Before"): session.run(step.program)}
    if run.program != step.program:
        named[_("Now")] = run
    series = [
        Series(title, norms)
        for title, one in named.items()
        if (norms := depth.norms_of(one, "norms"))
    ]
    if series:
        st.subheader(_("Norm of each layer's weight.grad"), anchor=False)
        depth.draw(series, about=-1)


_PICTURES: Final = {
    "jacobian": Picture(later("Jacobian"), "jacobian", _matrix),
    "accumulation": Picture(later("Ledger"), "accumulation", _ledger),
    "compare": Picture(later("Compare"), "compare", _compared),
    "chain": Picture(later("Chain"), "chain", _chain),
    "depth": Picture(later("Depth"), "accumulation", _bars, (("section", "Depth"),)),
}
"""What a view may name -> the picture."""
