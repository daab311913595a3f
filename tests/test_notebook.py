"""What draws itself in a notebook, and the player as one file."""

import html
import re

import pytest
import torch

import explorer
from explorer.ui.player.standalone import page


@pytest.fixture
def x() -> torch.Tensor:
    return torch.ones(2, requires_grad=True)


def test_traces_calls_and_runs_draw_themselves_with_the_player(x) -> None:
    y = (x * x).sum()
    run = explorer.run(
        "import torch\nx = torch.ones(2, requires_grad=True)\nx.exp().sum().backward()"
    )
    for shown in (explorer.trace(y), explorer.record(y), run):
        drawn = shown._repr_mimebundle_(include=None, exclude=None)
        inside = html.unescape(re.search(r'srcdoc="([^"]*)"', drawn["text/html"])[1])
        assert inside == page(shown)


def test_a_jacobian_draws_itself_as_a_heatmap(x) -> None:
    drawn = explorer.jacobian(x * x, {"x": x})._repr_mimebundle_()
    figure = drawn["application/vnd.plotly.v1+json"]
    assert figure["data"][0]["type"] == "heatmap"
    assert "text/plain" in drawn


def test_other_plain_data_shows_as_text(x) -> None:
    node = explorer.trace(x * x).nodes[0]
    assert node._repr_mimebundle_() == {"text/plain": repr(node)}


def test_the_page_loads_nothing_from_anywhere(x) -> None:
    document = page(explorer.record((x * x).sum()))
    assert "default-src 'none'" in document
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?\w+:""", document)
    assert not re.search(r"@import|url\((?!#)", document)


def test_a_name_cannot_leave_the_data(x) -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    document = page(explorer.record((x * x).sum(), names={evil: x}), title=evil)
    assert evil not in document
    assert document.count("</script>") == 2


def test_the_page_says_what_it_does_not_hold(x) -> None:
    document = page(explorer.record((x * x).sum()))
    assert "with explorer.watch" in document.partition("<footer>")[2]
    run = explorer.run("import torch\nx = torch.ones(2, requires_grad=True)\n(x * 2).sum()")
    assert "program&#x27;s text" not in page(run)
