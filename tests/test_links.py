"""A network in a link."""

import zlib
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.builder import LAYER_KINDS, LOSSES, Layer, NetworkSpec
from explorer.errors import ProgramError
from explorer.ui.links import MAX_JSON, pack, unpack

NUMBERS = st.none() | st.lists(st.floats(-1e6, 1e6), max_size=20).map(tuple)
SPECS = st.builds(
    NetworkSpec,
    layers=st.lists(
        st.builds(Layer, st.sampled_from(LAYER_KINDS), st.integers(-5, 600)), max_size=8
    ).map(tuple),
    inputs=st.integers(-1, 600),
    values=NUMBERS,
    loss=st.sampled_from(list(LOSSES)),
    bias=st.booleans(),
)


@given(SPECS)
def test_a_link_brings_the_network_back_sound_or_not(spec: NetworkSpec) -> None:
    assert unpack(pack(spec)) == spec


@given(st.text(max_size=60))
def test_any_other_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(ProgramError, match="damaged"):
        unpack(text)


def test_a_link_is_short() -> None:
    assert len(pack(NetworkSpec())) < 400


def test_a_link_that_would_unpack_to_very_much_is_refused() -> None:
    bomb = urlsafe_b64encode(zlib.compress(b" " * (MAX_JSON + 10))).decode()
    with pytest.raises(ProgramError):
        unpack(bomb)


def test_json_of_something_else_is_refused() -> None:
    with pytest.raises(ProgramError):
        unpack(urlsafe_b64encode(zlib.compress(b'{"layers": 3}')).decode())
