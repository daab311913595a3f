"""What all pages share: one current program, kept in the URL, and the Run of it.

The program is a preset (`?preset=tutorial`), the visitor's own network (`?net=…`) or what the
visitor has typed (`?code=…`). A page asks `current_run()`; where there is none, the reason has been
said on the page already. Every program, whoever wrote it, runs in the sandbox.

What a page lets the visitor choose is kept by `remember(name, value)`, with a value that is ready
for JSON, for as long as the program stays, and travels in the URL: see `explorer.ui.travelling`.
"""

import re
from importlib.metadata import version
from typing import Any, Final

import msgspec
import streamlit as st

from explorer import presets, sandbox
from explorer.builder import NetworkSpec
from explorer.data import Ask, Plain, Program, Run
from explorer.errors import ProgramError
from explorer.language import _
from explorer.ui import links, running, site, travelling
from explorer.ui.lesson import place
from explorer.ui.player.inspection import asks_for

NETWORK: Final = "network"
"""The choice that stands for the visitor's own network."""

CODE: Final = "code"
"""The choice that stands for what the visitor has typed; every other choice is a preset's slug."""

LESSON: Final = "lesson"
"""The choice that stands for the program of the lesson's step that is open."""

FIRST: Final = "tutorial"
"""The preset that a visitor meets first."""

STOPPED: Final = "Stopped"
"""The type of the error of a program that was stopped, for its time or for what it took."""

TORCH: Final = version("torch").partition("+")[0]
"""The torch that is installed, as links name it."""

_LINK_FORMAT: Final = "1"
"""What a link's `v` says; a link that says nothing is of this format."""

_LONGEST_NAME: Final = 60
"""Letters of an unknown name that are repeated to the visitor."""

_VERSIONS: Final = tuple(f"{name} {version(name)}" for name in ("torch", "streamlit"))

_CHOICE = "choice"
_SPEC = "spec"
_TYPED = "typed program"
_BEFORE = "program before the edit"
_BEGAN = "program that was begun from"
_FORM = "form number"
_WRITTEN = "written url"
_BROKEN = "broken link"
_REMARK = "remark on the link"
_KEPT = "kept: "
_DEFAULT = "default of: "
_NUMBER = "program number"


class Typed(Plain, frozen=True):
    """A program as the visitor has typed it, and the title of the one that it was begun from."""

    program: Program
    begun: str | None = None


# --------------------------------------------------------------------------------------- choice


def choice() -> str:
    """The slug of the current preset, or `NETWORK`, or `CODE`."""
    chosen: str = st.session_state.setdefault(_CHOICE, FIRST)
    return FIRST if chosen == LESSON and place.current() is None else chosen


def choose(chosen: str) -> None:
    """Make a preset, the visitor's network or what was typed the current program."""
    st.session_state[_CHOICE] = chosen


def choices() -> list[str]:
    """Everything that can be chosen: the presets in their order, then what is the visitor's."""
    lesson = [LESSON] if place.current() is not None else []
    return [*lesson, *(preset.slug for preset in presets.all()), NETWORK, CODE]


def title(chosen: str) -> str:
    """What a choice is called on screen."""
    own = {NETWORK: _("My network"), CODE: _("My own program")}
    if chosen == LESSON and (lesson := place.lesson()) is not None:
        return _("Lesson: {title}").format(title=_(lesson.title.source))
    return own[chosen] if chosen in own else _(presets.get(chosen).title)


def typed() -> Typed:
    """What the visitor has typed; before that, the program that a visitor meets first."""
    first = presets.get(FIRST)
    held: Typed = st.session_state.setdefault(_TYPED, Typed(first.program, first.title))
    return held


def edit(changed: Program) -> None:
    """Make a program as the visitor has changed it the current one, detached from where it began.

    Nothing happens where nothing was changed.
    """
    if changed == current_program():
        return
    before = current_program()
    begun = typed().begun if choice() == CODE else title(choice())
    st.session_state[_BEFORE] = before
    if choice() != CODE:
        st.session_state[_BEGAN] = before
    st.session_state[_TYPED] = Typed(changed, begun)
    choose(CODE)


def before_edit() -> Program | None:
    """What the typed program was before the last edit; None where nothing has been edited."""
    before: Program | None = st.session_state.get(_BEFORE)
    return before


def began_from() -> Program | None:
    """The program that the typed one was begun from; None where that is not known."""
    began: Program | None = st.session_state.get(_BEGAN)
    return began


def spec() -> NetworkSpec:
    """The visitor's network as the form holds it, sound or not."""
    held: NetworkSpec = st.session_state.setdefault(_SPEC, NetworkSpec())
    return held


def set_spec(changed: NetworkSpec) -> None:
    """Keep what the form holds now."""
    st.session_state[_SPEC] = changed


def replace_spec(changed: NetworkSpec) -> None:
    """Put another network into the form, whose widgets then begin anew."""
    set_spec(changed)
    st.session_state[_FORM] = form_number() + 1


def form_number() -> int:
    """Number of the form now shown; a form that is filled in from elsewhere gets the next one."""
    number: int = st.session_state.setdefault(_FORM, 0)
    return number


def where_it_began() -> str:
    """A sentence on where the typed program comes from."""
    begun = typed().begun
    return (
        _("Your own program, begun from “{title}”.").format(title=begun)
        if begun
        else _("Your own program.")
    )


# ------------------------------------------------------------------------------------------ URL


def read_url() -> bool:
    """Take what the URL orders: the program, and what the pages' choices were.

    Returns whether that went well: False is for a link, just opened, that cannot be followed.

    Moving between pages drops the query and Back brings an older one, so only a query that differs
    from the one written last is an order. Where a player stands (`at`) is the browser's own affair.
    """
    asked = st.query_params.to_dict()
    told = _told(asked)
    if not told or told == st.session_state.get(_WRITTEN):
        return True
    st.session_state.pop(_BROKEN, None)
    st.session_state.pop(_REMARK, None)
    try:
        _open(asked)
    except ProgramError as error:
        st.session_state[_BROKEN] = (str(error), current_program())
        return False
    values, damaged = travelling.arrived(asked)
    for key in [key for key in st.session_state if str(key).startswith(_KEPT)]:
        del st.session_state[key]
    for name, value in values.items():
        remember(name, value)
    st.session_state[_NUMBER] = (program_number() + 1, current_program())
    _remark_on(asked, damaged)
    return True


def _open(asked: dict[str, str]) -> None:
    """Make the program of a link the current one; what is known about it already stays.

    Raises:
        ProgramError: there is no such program, or the link cannot be read.
    """
    if asked.get("v", _LINK_FORMAT) != _LINK_FORMAT:
        raise ProgramError(_("This link is of another version of the explorer."))
    if "lesson" in asked:
        place.put(place.of_query(asked))
        choose(LESSON)
    if code := asked.get("code"):
        program = links.unpack_program(code)
        if program != typed().program:
            st.session_state[_TYPED] = Typed(program)
        choose(CODE)
    elif code := asked.get("net"):
        replace_spec(links.unpack(code))
        choose(NETWORK)
    elif slug := asked.get("preset"):
        if slug not in choices():
            message = _("No preset is called “{name}”: pick one from the list.")
            raise ProgramError(message.format(name=slug[:_LONGEST_NAME]))
        choose(slug)


def _remark_on(asked: dict[str, str], damaged: list[str]) -> None:
    """Keep a sentence on what may differ from what the sender of a link saw."""
    theirs = asked.get("torch", TORCH)
    if damaged:
        message = _("A part of this link cannot be read ({names}): the page shows its own choice.")
        remark = message.format(names=", ".join(damaged))
    elif theirs != TORCH and re.fullmatch(r"[\w.]{1,20}", theirs):
        message = _(
            "This link was made with torch {theirs}, and this is torch {ours}: names of nodes and "
            "the last digits may differ."
        )
        remark = message.format(theirs=theirs, ours=TORCH)
    else:
        return
    st.session_state[_REMARK] = (remark, current_program())


def write_url() -> None:
    """Put the current program into the URL, so that it can be copied, reloaded and shared."""
    asked, wanted = st.query_params.to_dict(), query()
    if wanted is not None and _told(asked) != wanted:
        # The place of a player stays for as long as its program does.
        own = query_of_program() or {}
        kept = travelling.PLACES if own.items() <= asked.items() else ()
        wanted |= {
            name: asked[name] for name in (*kept, *travelling.OF_THE_VISITOR) if name in asked
        }
        st.query_params.from_dict(wanted)
    st.session_state[_WRITTEN] = _told(st.query_params.to_dict())


def _told(query: dict[str, str]) -> dict[str, str]:
    """The part of a query that says what is shown."""
    others = (*travelling.PLACES, *travelling.OF_THE_VISITOR)
    return {name: value for name, value in query.items() if name not in others}


def query() -> dict[str, str] | None:
    """The query of all that is shown: program, the pages' choices, torch; None as below."""
    own = query_of_program()
    return None if own is None else {**own, **_choices(), "torch": TORCH}


def query_of_program() -> dict[str, str] | None:
    """The query of the current program alone; None where no link can hold it.

    That is a network that cannot be built yet, or a typed program that is too long.
    """
    here = place.current()
    lesson = place.query(here) if here is not None else {}
    if choice() == LESSON:
        return lesson
    if choice() == CODE:
        code = links.pack_program(typed().program)
        return {**lesson, "code": code} if code else None
    if choice() == NETWORK:
        return None if spec().problems() else {**lesson, "net": links.pack(spec())}
    return {**lesson, "preset": choice()}


def _choices() -> dict[str, str]:
    """The choices that travel, where they are not what the page would choose by itself."""
    program = current_program()
    found = {}
    for key, held in list(st.session_state.items()):
        name = str(key).removeprefix(_KEPT)
        if name == key or held[0] != program:
            continue
        default = st.session_state.get(_DEFAULT + name)
        if default is None or default[0] != program or not travelling.same(held[1], default[1]):
            found[name] = held[1]
    return travelling.departing(found)


def broken_link() -> str | None:
    """Why the link that brought the visitor here could not be followed, or None."""
    return _said_of_this_program(_BROKEN)


def remark_on_link() -> str | None:
    """What may differ from what the sender of a link saw, or None."""
    return _said_of_this_program(_REMARK)


def _said_of_this_program(name: str) -> str | None:
    message, program = st.session_state.get(name, (None, None))
    return message if program == current_program() else None


# ------------------------------------------------------------------------------------------ run


def current_program() -> Program | None:
    """The current program, or None while the visitor's network cannot be built."""
    if choice() == CODE:
        return typed().program
    if choice() == LESSON:
        return place.program()
    if choice() == NETWORK:
        return None if spec().problems() else spec().program()
    return presets.get(choice()).program


def current_run(*ask: Ask) -> Run | None:
    """The Run of the current program with its answers to `ask`; None says on the page why."""
    program = current_program()
    if program is None:
        problem = spec().problems()[0]
        st.warning(_("Your network cannot run yet. {problem}").format(problem=problem))
        st.page_link(site.page("program"), label=_("Mend it on the Program page"), icon="🔧")
        return None
    return run(program, *ask)


def explained_run() -> Run | None:
    """The Run of the current program with all that the player's inspector can be told."""
    bare = current_run()
    return None if bare is None else explained(bare.program)


def explained(program: Program) -> Run:
    """The Run of any program with all that the player's inspector can be told.

    One that was stopped by hand is not run a second time for that.
    """
    bare = run(program)
    asks = () if running.was_stopped(_key(program, ())) else asks_for(bare)
    return run(program, *asks) if asks else bare


def foreseen(slug: str) -> Run:
    """The explained Run of a preset, made while nobody waits: the first visitor finds it ready.

    Raises:
        SandboxError: no program can be run now.
    """
    program = presets.get(slug).program
    bare = _cached_run(_key(program, ()), program)
    asks = asks_for(bare)
    return _cached_run(_key(program, asks), program, asks) if asks else bare


def run(program: Program, *ask: Ask) -> Run:
    """The Run of any program, from the sandbox; equal questions are answered from memory.

    Raises:
        SandboxError: no program can be run now; the router says so on the page.
    """
    key = _key(program, ask)
    if ask and running.was_stopped(key):
        running.offer_again()
    return running.watched(key, lambda stop: _cached_run(key, program, ask, stop))


def run_again() -> None:
    """Let the current program run anew, where it was stopped before it had ended.

    Every other Run would come out the same.
    """
    program = current_program()
    if program is None:
        return
    shown = run(program)
    if shown.error is not None and shown.error.type == STOPPED:
        running.again()
        _cached_run.clear(_key(program, ()))


def _key(program: Program, ask: tuple[Ask, ...]) -> str:
    return msgspec.json.encode((program, ask, _VERSIONS)).decode()


@st.cache_data(max_entries=200, max_size="256MB", show_spinner=False)
def _cached_run(
    key: str,  # noqa: ARG001
    _program: Program | None = None,
    _ask: tuple[Ask, ...] = (),
    _stop: sandbox.Stop | None = None,
) -> Run:
    assert _program is not None
    shown = sandbox.run(_program, ask=_ask, stop=_stop)
    if _stop is not None and _stop.pressed:
        raise running.Ended(shown)
    return shown


def program_number() -> int:
    """Number of the current program, one more whenever another takes its place."""
    number, known = st.session_state.get(_NUMBER, (0, None))
    program = current_program()
    if program != known:
        number += 1
        st.session_state[_NUMBER] = (number, program)
    return int(number)


def remembered(name: str, default: Any) -> Any:
    """A page's own value that lives as long as the program: another program starts it anew.

    A link may have brought it: it is of the kind of `default`, and that is all that is known.
    """
    program = current_program()
    st.session_state[_DEFAULT + name] = (program, default)
    held = st.session_state.get(_KEPT + name)
    if held is None or held[0] != program or not travelling.fits(held[1], default):
        st.session_state[_KEPT + name] = (program, default)
        return default
    return held[1]


def remember(name: str, value: Any) -> None:
    """Keep `value`, ready for JSON, under `name` until the program changes; the link carries it."""
    st.session_state[_KEPT + name] = (current_program(), value)


def widget_key(name: str, default: Any) -> str:
    """The key of a widget that keeps its value from page to page, until the program changes.

    Streamlit drops a widget's value when its page is left; it is put back from what `remember` was
    told under the same name.
    """
    key = f"{name} in {program_number()}"
    value = remembered(name, default)
    if key not in st.session_state:
        st.session_state[key] = value
    return key
