"""A network or a typed program in a link."""

import zlib
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import presets
from explorer.builder import LAYER_KINDS, LOSSES, MAX_SEED, Layer, NetworkSpec
from explorer.data import Program
from explorer.errors import ProgramError
from explorer.ui.links import MAX_JSON, MAX_LINK, pack, pack_program, unpack, unpack_program

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


# --------------------------------------------------------------------------------- typed programs


@given(st.text(st.characters(codec="utf-8"), max_size=200), st.integers(0, MAX_SEED))
def test_a_link_brings_a_typed_program_back(source: str, seed: int) -> None:
    program = Program(source, seed)
    assert unpack_program(str(pack_program(program))) == program


@given(st.text(max_size=60))
def test_any_other_text_is_no_program(text: str) -> None:
    with pytest.raises(ProgramError, match="damaged"):
        unpack_program(text)


@pytest.mark.parametrize("preset", presets.all(), ids=lambda preset: preset.slug)
def test_a_preset_as_typed_text_takes_at_most_2_kb(preset: presets.Preset) -> None:
    assert len(str(pack_program(preset.program))) <= 2048


def test_every_cut_of_a_link_is_noticed() -> None:
    code = str(pack_program(presets.get("xor").program))
    for end in range(len(code)):
        with pytest.raises(ProgramError):
            unpack_program(code[:end])


def test_a_program_that_no_link_can_hold_has_none() -> None:
    import random

    noise = "".join(random.Random(0).choices("abcdefghijklmnopqrstuvwxyz", k=MAX_LINK * 2))
    assert pack_program(Program(noise)) is None


@pytest.mark.parametrize(
    "text", ['{"source": 3}', '{"seed": 1}', '{"source": "", "seed": -1}',
             '{"source": "", "seed": 99999999999999999999999}', '{"source": "\\ud800"}'],
)  # fmt: skip
def test_json_that_is_no_program_is_refused(text: str) -> None:
    with pytest.raises(ProgramError):
        unpack_program(urlsafe_b64encode(zlib.compress(text.encode())).decode())
