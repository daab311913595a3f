"""What all pages share: one current program, kept in the URL, and the Run of it.

The program is either a preset (`?preset=tutorial`) or the visitor's own network (`?net=…`). A page
asks `current_run()`; where there is none, the reason has been said on the page already.
"""

from importlib.metadata import version
from typing import Any, Final

import msgspec
import streamlit as st

from explorer import presets
from explorer.autograd import runner
from explorer.builder import NetworkSpec
from explorer.data import Ask, Program, Run
from explorer.errors import ProgramError
from explorer.ui import links, site
from explorer.ui.player.inspection import asks_for

NETWORK: Final = "network"
"""The choice that stands for the visitor's own network; every other choice is a preset's slug."""

FIRST: Final = "tutorial"
"""The preset that a visitor meets first."""

_VERSIONS: Final = tuple(f"{name} {version(name)}" for name in ("torch", "streamlit"))

_CHOICE = "choice"
_SPEC = "spec"
_FORM = "form number"
_WRITTEN = "written url"
_BROKEN = "broken link"
_NUMBER = "program number"


# --------------------------------------------------------------------------------------- choice


def choice() -> str:
    """The slug of the current preset, or `NETWORK`."""
    chosen: str = st.session_state.setdefault(_CHOICE, FIRST)
    return chosen


def choose(chosen: str) -> None:
    """Make a preset or the visitor's network the current program."""
    st.session_state[_CHOICE] = chosen


def choices() -> list[str]:
    """Everything that can be chosen: the presets in their order, then the visitor's network."""
    return [*(preset.slug for preset in presets.all()), NETWORK]


def title(chosen: str) -> str:
    """What a choice is called on screen."""
    return "My network" if chosen == NETWORK else presets.get(chosen).title


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


# ------------------------------------------------------------------------------------------ URL


def read_url() -> None:
    """Take the program from the URL where the URL says something new.

    Moving between pages drops the query and Back brings an older one, so only a query that differs
    from the one written last is an order.
    """
    asked = st.query_params.to_dict()
    if not asked or asked == st.session_state.get(_WRITTEN):
        return
    st.session_state.pop(_BROKEN, None)
    try:
        if code := asked.get("net"):
            replace_spec(links.unpack(code))
            choose(NETWORK)
        elif slug := asked.get("preset"):
            if slug not in choices():
                raise ProgramError(f"No preset is called “{slug}”: pick one from the list.")
            choose(slug)
    except ProgramError as error:
        st.session_state[_BROKEN] = str(error)


def write_url() -> None:
    """Put the current program into the URL, so that it can be copied, reloaded and shared."""
    wanted = query()
    if wanted is not None and st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
    st.session_state[_WRITTEN] = st.query_params.to_dict()


def query() -> dict[str, str] | None:
    """The query of the current program; None while the form holds what no network can have."""
    if choice() != NETWORK:
        return {"preset": choice()}
    return None if spec().problems() else {"net": links.pack(spec())}


def broken_link() -> str | None:
    """Why the link that brought the visitor here could not be followed, or None."""
    message: str | None = st.session_state.get(_BROKEN)
    return message


# ------------------------------------------------------------------------------------------ run


def current_program() -> Program | None:
    """The current program, or None while the visitor's network cannot be built."""
    if choice() != NETWORK:
        return presets.get(choice()).program
    return None if spec().problems() else spec().program()


def current_run(*ask: Ask) -> Run | None:
    """The Run of the current program with its answers to `ask`; None says on the page why."""
    program = current_program()
    if program is None:
        st.warning(f"Your network cannot run yet. {spec().problems()[0]}")
        st.page_link(site.page("program"), label="Mend it on the Program page", icon="🔧")
        return None
    return run(program, *ask)


def explained_run() -> Run | None:
    """The Run of the current program with all that the player's inspector can be told."""
    bare = current_run()
    asks = asks_for(bare) if bare is not None else ()
    return current_run(*asks) if asks else bare


def run(program: Program, *ask: Ask) -> Run:
    """The Run of any program that the app wrote; equal questions are answered from memory."""
    key = msgspec.json.encode((program, ask, _VERSIONS)).decode()
    return _cached_run(key, program, ask)


@st.cache_data(max_entries=200, max_size="256MB", show_spinner="Running the program …")
def _cached_run(key: str, _program: Program, _ask: tuple[Ask, ...]) -> Run:  # noqa: ARG001
    return runner.run(_program, seed=_program.seed, ask=_ask)


def program_number() -> int:
    """Number of the current program, one more whenever another takes its place."""
    number, known = st.session_state.get(_NUMBER, (0, None))
    program = current_program()
    if program != known:
        number += 1
        st.session_state[_NUMBER] = (number, program)
    return int(number)


def remembered(name: str, default: Any) -> Any:
    """A page's own value that lives as long as the program: another program starts it anew."""
    program = current_program()
    held = st.session_state.get(name)
    if held is None or held[0] != program:
        st.session_state[name] = (program, default)
        return default
    return held[1]


def remember(name: str, value: Any) -> None:
    """Keep `value` under `name` until the program changes."""
    st.session_state[name] = (current_program(), value)


def widget_key(name: str, default: Any) -> str:
    """The key of a widget that keeps its value from page to page, until the program changes.

    Streamlit drops a widget's value when its page is left; it is put back from what `remember` was
    told under the same name.
    """
    key = f"{name} in {program_number()}"
    if key not in st.session_state:
        st.session_state[key] = remembered(name, default)
    return key
