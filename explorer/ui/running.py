"""A program runs while its page stays alive: how long it has taken is said, and it can be stopped.

`watched(key, work)` waits for work that goes on in another thread. What takes longer than a moment
shows a clock and a button over the page; `telling(tell)` has a page show it in its own way.
Whatever the visitor does meanwhile is heard at once: work that is still wanted then is waited for
again, and what nobody waits for any more is stopped.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import contextmanager, suppress
from functools import cache
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.data import Run
from explorer.language import _
from explorer.sandbox import Stop
from explorer.sandbox.pool import DEADLINE

MOMENT: Final = 0.4
"""Seconds before anything is said: a clock that only flashes is worse than none."""

TICK: Final = 0.1
"""Seconds between two looks at the clock, and at what the visitor has done."""

_PLACE: Final = "place of the clock"
_TELL: Final = "teller of the clock"
_WORK: Final = "work that is waited for"
_ENDED: Final = "runs that were stopped by hand"
_COUNT: Final = "number of the clock"

_STYLE: Final = """
<style>
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-running-"]) {
  position: fixed; left: 50%; bottom: 24px; transform: translateX(-50%); width: max-content;
  z-index: 999992; padding: 8px 12px 8px 18px; border-radius: 10px;
  background: var(--st-background-color); color: var(--st-text-color);
  border: 1px solid #8B95A3; box-shadow: 0 4px 18px #0003;
}
[class*="st-key-running-"] p { white-space: nowrap; font-variant-numeric: tabular-nums; }
</style>
"""


class Ended(Exception):  # noqa: N818 - somebody wanted it so
    """The work was stopped by hand. `run` is what it had shown."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run


class _Work:
    """Work under way in another thread, known by its key."""

    def __init__(self, key: str, work: Callable[[Stop], Run]) -> None:
        self.key = key
        self.stop = Stop()
        self.wanted = True
        self.asked = time.monotonic()
        self.result: Future[Run] = _threads().submit(work, self.stop)


Tell = Callable[[_Work], object]
"""Is called every `TICK` for as long as the work goes on."""


def prepare() -> None:
    """Make the place for the clock; the first thing of a page, and of a part that runs alone."""
    st.session_state[_PLACE] = st.empty()
    st.session_state[_TELL] = None


def watched(key: str, work: Callable[[Stop], Run]) -> Run:
    """What `work` returns, or the Run that a visitor has stopped.

    `work` runs in a thread without Streamlit, and raises `Ended` when its Stop was pressed. The
    same `key` is the same work.
    """
    ended: dict[str, Run] = st.session_state.setdefault(_ENDED, {})
    if key in ended:
        return ended[key]
    under_way: _Work | None = st.session_state.get(_WORK)
    if under_way is None or under_way.key != key or under_way.stop.pressed:
        let_go()
        under_way = _Work(key, work)
    under_way.wanted = True
    if not wait_for([under_way.result], MOMENT).done:
        st.session_state[_WORK] = under_way
        _show_clock(under_way)
        del st.session_state[_WORK]
    return under_way.result.result()


@contextmanager
def telling(tell: Tell) -> Iterator[None]:
    """Have the page itself show that work goes on; it needs a way to stop it then."""
    before = st.session_state.get(_TELL)
    st.session_state[_TELL] = tell
    try:
        yield
    finally:
        st.session_state[_TELL] = before


def begin() -> None:
    """A page begins to be drawn: from here on is seen what it still waits for."""
    if (work := st.session_state.get(_WORK)) is not None:
        work.wanted = False


def end() -> None:
    """The page is drawn: stop what it has not waited for."""
    work: _Work | None = st.session_state.get(_WORK)
    if work is not None and not work.wanted:
        let_go()


def let_go() -> None:
    """Stop the work that is under way for this visitor, if there is any."""
    work: _Work | None = st.session_state.pop(_WORK, None)
    if work is not None:
        work.stop.press()


def was_stopped(key: str) -> bool:
    """Whether this visitor has stopped the work of `key` by hand."""
    return key in st.session_state.get(_ENDED, {})


def again() -> None:
    """Forget what this visitor has stopped by hand: it runs anew."""
    st.session_state.pop(_ENDED, None)


def offer_again() -> None:
    """Say over the page that something was stopped by hand, with a button that runs it anew."""
    place = st.session_state.get(_PLACE)
    if place is None:
        return
    number, box = _box(place)
    box.markdown(_("You stopped the program here."))
    box.button(_("Run it again"), key=f"again {number}", on_click=again, icon=":material/replay:")


def _show_clock(work: _Work) -> None:
    """Wait until the work is done; every call of Streamlit in here may end it for a new order."""
    tell: Tell | None = st.session_state.get(_TELL)
    place = st.session_state.get(_PLACE)
    if tell is None and place is not None:
        tell = _clock(place)
    while not wait_for([work.result], TICK).done:
        if tell is not None:
            tell(work)
    if place is not None:
        place.empty()


def _clock(place: DeltaGenerator) -> Tell:
    number, box = _box(place)
    words = box.empty()
    box.button(
        _("Stop"), key=f"stop {number}", on_click=_stop, icon=":material/stop:", type="primary"
    )

    def tell(work: _Work) -> None:
        told = _("Running: {seconds} s of at most {most} s")
        if work.stop.began is None:
            told = _("Waiting for the process that runs programs: {seconds} s")
        seconds = time.monotonic() - (work.stop.began or work.asked)
        words.markdown(told.format(seconds=f"{seconds:.1f}", most=f"{DEADLINE:g}"))

    return tell


def _box(place: DeltaGenerator) -> tuple[int, DeltaGenerator]:
    """A box that lies over the page, and its number: each has widgets of its own."""
    number = st.session_state[_COUNT] = st.session_state.get(_COUNT, 0) + 1
    box = place.container(
        key=f"running-{number}", horizontal=True, vertical_alignment="center", width="content"
    )
    box.html(_STYLE)
    return number, box


def _stop() -> None:
    """Stop the work, and keep what it had shown."""
    work: _Work | None = st.session_state.pop(_WORK, None)
    if work is None:  # it was done in the meantime
        return
    work.stop.press()
    with suppress(Exception):  # whatever went wrong in it is met again by who asks again
        try:
            work.result.result(timeout=10)
        except Ended as ended:
            st.session_state.setdefault(_ENDED, {})[work.key] = ended.run


@cache
def _threads() -> ThreadPoolExecutor:
    """Threads that wait for the sandbox: more than may wait in its line."""
    return ThreadPoolExecutor(64, thread_name_prefix="run")
