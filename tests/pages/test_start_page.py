"""The Start page: the first program, stopped at its third step, and the ways on."""

from visitor import OpenPage, pick, player

from explorer import presets
from explorer.ui import gallery


def test_it_opens_on_the_tutorial_at_its_third_step(open_page: OpenPage) -> None:
    app = open_page("start")
    assert app.selectbox(key="choice").value == "tutorial"
    assert player(app)["start"] == 3


def test_it_promises_one_thing(open_page: OpenPage) -> None:
    assert "one node at a time" in open_page("start").header[0].value


def test_there_are_three_ways_in(open_page: OpenPage) -> None:
    assert [way.label for way in gallery.ways()] == [
        "Build a network", "Paste your code", "Take a lesson",
    ]  # fmt: skip
    for way in gallery.ways():
        app = open_page(way.page, **way.query)
        assert not app.exception
        assert not app.warning


def test_four_cards_name_their_presets(open_page: OpenPage) -> None:
    shown = "\n".join(block.value for block in open_page("start").markdown)
    assert len(gallery.FEATURED) == 4
    for slug in gallery.FEATURED:
        assert presets.get(slug).title in shown


def test_the_link_names_the_program(open_page: OpenPage) -> None:
    app = open_page("start")
    assert app.query_params["preset"] == "tutorial"
    assert pick(app, "xor").query_params["preset"] == "xor"


def test_an_unknown_preset_is_named_in_a_sentence(open_page: OpenPage) -> None:
    app = open_page("start", preset="nowhere")
    assert "“nowhere”" in app.warning[0].value
    assert app.selectbox(key="choice").value == "tutorial"


def test_a_damaged_network_link_is_said_in_a_sentence(open_page: OpenPage) -> None:
    app = open_page("start", net="not a network")
    assert "damaged" in app.warning[0].value
    assert not app.exception
