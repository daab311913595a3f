"""The pages' choices in a URL: short, typed, and refused where they are damaged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import ProgramError
from explorer.press import Press
from explorer.ui import links
from explorer.ui.travelling import (
    ALSO,
    OF_THE_VISITOR,
    PLACES,
    TRAVELS,
    arrived,
    departing,
    pack,
    same,
    unpack,
)

PROGRAM = ("preset", "net", "code", "torch", "v")

PRESSES = st.lists(
    st.builds(Press, st.sampled_from(["backward", "zero_grad"]), st.booleans(), st.booleans()),
    max_size=40,
).map(lambda presses: [press.to_plain() for press in presses])


@given(st.text(), st.lists(st.text()), st.booleans(), PRESSES, st.integers(0, 2**40))
def test_every_kind_of_choice_comes_back(
    text: str, names: list[str], switch: bool, presses: list[dict], number: int
) -> None:
    choices = {
        "jacobian of": text, "jacobian by": names, "retain_graph": switch, "presses": presses,
        "any other": number, "a list": names, "a table": {"x": names},
    }  # fmt: skip
    values, damaged = arrived(departing(choices))
    assert all(same(values[name], value) for name, value in choices.items())
    assert damaged == []


def test_no_two_choices_share_a_parameter() -> None:
    names = [
        *PROGRAM,
        ALSO,
        *PLACES,
        *OF_THE_VISITOR,
        *(travel.name for travel in TRAVELS.values()),
    ]
    assert len(set(names)) == len(names)


def test_forty_presses_fit_easily() -> None:
    presses = [Press("backward" if i % 3 else "zero_grad", keep=True).to_plain() for i in range(40)]
    assert len(pack(presses)) < 200


@pytest.mark.parametrize(
    ("text", "kind"),
    [("maybe", bool), ("3", bool), ("eJy", tuple[str, ...]), ("[1]", tuple[str, ...]),
     (links.pack(["x", 3]), tuple[str, ...]), (links.pack([7]), TRAVELS["presses"].type)],
)  # fmt: skip
def test_what_is_damaged_or_of_another_type_is_refused(text: str, kind: type) -> None:
    with pytest.raises(ProgramError):
        unpack(text, kind)


def test_a_link_brings_what_can_be_read_and_names_the_rest() -> None:
    query = {"preset": "xor", "of": "loss", "by": "???", "retain": "true", "unknown": "1"}
    assert arrived(query) == ({"jacobian of": "loss", "retain_graph": True}, ["by"])
    assert arrived({"also": links.pack({"x": {"y": {"z": [[]]}}})}) == ({}, ["also"])


def test_a_choice_with_a_parameter_of_its_own_comes_by_no_other_way() -> None:
    assert arrived({"also": links.pack({"retain_graph": 7, "more": 1})}) == ({"more": 1}, [])


def test_a_list_and_a_tuple_travel_alike() -> None:
    assert same(["x"], ("x",))
    assert not same(["x"], ["y"])
