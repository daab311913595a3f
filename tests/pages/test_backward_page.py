"""The Backward page: every program reaches the player, and the graph can be taken away."""

import pytest
from visitor import OpenPage, pick, player

from explorer import presets
from explorer.picture import graph
from explorer.ui import session


def test_it_opens_at_rest(open_page: OpenPage) -> None:
    assert player(open_page("backward"))["start"] is None


def test_every_preset_reaches_the_player(open_page: OpenPage) -> None:
    app = open_page("backward")
    for preset in presets.all():
        pick(app, preset.slug)
        assert not app.exception, preset.slug
        assert player(app)["signature"], preset.slug


def test_the_graph_and_the_run_can_be_taken_away(open_page: OpenPage) -> None:
    labels = [button.label for button in open_page("backward").get("download_button")]
    assert labels == ["Storyboard to print", "Animation", "Labelled SVG", "DOT", "JSON"]


@pytest.mark.parametrize("slug", ["tutorial", "notebook"])
def test_both_downloads_hold_the_labels(slug: str) -> None:
    trace = session.run(presets.get(slug).program).trace
    assert all(node.name in graph.to_dot(trace) for node in trace.nodes)
    assert "AccumulateGrad" in graph.to_svg(trace)


def test_a_network_that_cannot_be_built_says_so_here_too(open_page: OpenPage) -> None:
    from explorer.builder import Layer, NetworkSpec

    app = open_page("backward", preset=session.NETWORK)
    app.session_state["spec"] = NetworkSpec(layers=(Layer("Linear", width=0),))
    app.run()
    assert not app.exception
    assert "width of layer 1" in app.warning[0].value
