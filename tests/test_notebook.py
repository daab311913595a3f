"""What draws itself in a notebook, and player and lab as one file."""

import base64
import html
import json
import re

import numpy as np
import pytest
import torch

import explorer
from explorer import notebook
from explorer.ui import lab
from explorer.ui.lab.standalone import page as lab_page
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
        assert framed(shown) == page(shown, height=notebook.GRAPH)


def framed(shown) -> str:
    """The page inside the frame that a notebook is given."""
    drawn = shown._repr_mimebundle_(include=None, exclude=None)
    assert 'sandbox="allow-scripts"' in drawn["text/html"]
    return html.unescape(re.search(r'srcdoc="([^"]*)"', drawn["text/html"])[1])


def test_a_jacobian_draws_itself_with_the_lab_of_the_app(x) -> None:
    inside = framed(explorer.jacobian(x * x, {"x": x}))
    assert inside == lab_page(explorer.jacobian(x * x, {"x": x}), height=notebook.CELLS)
    assert lab.script() in inside
    data = json.loads(re.search(r'id="data">(.*?)</script>', inside)[1])
    cells = np.frombuffer(base64.b64decode(data["cells"]["data"]), np.float32)
    assert cells.tolist() == [2, 0, 0, 2]
    assert data["alone"]


def test_other_plain_data_shows_as_text(x) -> None:
    node = explorer.trace(x * x).nodes[0]
    assert node._repr_mimebundle_() == {"text/plain": repr(node)}


def test_the_page_loads_nothing_from_anywhere(x) -> None:
    for document in (
        page(explorer.record((x * x).sum())),
        lab_page(explorer.jacobian(x * x, {"x": x})),
    ):
        assert "default-src 'none'" in document
        assert not re.findall(r"""(?:src|href)\s*=\s*["']?\w+:""", document)
        assert not re.search(r"@import|url\((?!#)", document)


def test_a_name_cannot_leave_the_data(x) -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    for document in (
        page(explorer.record((x * x).sum(), names={evil: x}), title=evil),
        lab_page(explorer.jacobian(x * x, {evil: x}), title=evil),
    ):
        assert evil not in document
        assert document.count("</script>") == 2


def test_the_page_says_what_it_does_not_hold(x) -> None:
    document = page(explorer.record((x * x).sum()))
    assert "with explorer.watch" in document.partition("<footer>")[2]
    run = explorer.run("import torch\nx = torch.ones(2, requires_grad=True)\n(x * 2).sum()")
    assert "program&#x27;s text" not in page(run)
