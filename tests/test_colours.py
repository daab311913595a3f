"""The colours tell signs apart for everybody: after Machado and others (2009), in CIEDE2000.

A difference of 1 is just seen side by side; one of 10 is plain at a glance.
"""

import itertools

import pytest
from coloraide import Color

from explorer.picture.theme import DARK, LIGHT, Theme

EYES = ("protan", "deutan", "tritan")
THEMES = [pytest.param(theme, id=theme.name) for theme in (LIGHT, DARK)]


def seen(color: str, eye: str | None) -> Color:
    """The colour as somebody without one kind of cone sees it; as most people do for None."""
    plain = Color(color)
    return plain if eye is None else plain.filter(eye, method="machado").clip()


def apart(one: str, other: str, eye: str | None) -> float:
    return seen(one, eye).delta_e(seen(other, eye), method="2000")


@pytest.mark.parametrize("eye", [None, *EYES])
@pytest.mark.parametrize("theme", THEMES)
def test_opposite_signs_of_any_size_stay_apart(theme: Theme, eye: str | None) -> None:
    for plus, minus in itertools.product(theme.plus, theme.minus):
        assert apart(plus, minus, eye) > 10, (plus, minus)


@pytest.mark.parametrize("eye", [None, *EYES])
@pytest.mark.parametrize("theme", THEMES)
def test_a_number_is_never_taken_for_zero(theme: Theme, eye: str | None) -> None:
    for color in (*theme.plus, *theme.minus):
        assert apart(color, theme.zero, eye) > 5, color


@pytest.mark.parametrize("eye", [None, *EYES])
@pytest.mark.parametrize("theme", THEMES)
def test_a_larger_number_looks_larger(theme: Theme, eye: str | None) -> None:
    ground = Color(theme.paper).luminance()
    for ramp in (theme.plus, theme.minus):
        distances = [abs(seen(color, eye).luminance() - ground) for color in ramp]
        assert distances == sorted(distances), ramp


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", THEMES)
def test_now_is_not_taken_for_a_number(theme: Theme, eye: str) -> None:
    # Yellow alone does not say it: what is now has a thick outline too.
    assert min(apart(theme.now, color, eye) for color in (*theme.plus, *theme.minus)) > 5


def test_red_and_green_of_equal_light_would_not_pass() -> None:
    assert apart("#C0504D", "#7F8A3C", None) > 30
    assert apart("#C0504D", "#7F8A3C", "deutan") < 15
