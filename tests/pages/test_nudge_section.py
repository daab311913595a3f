"""The nudge under the player: measured by the sandbox, opened by a switch or from a leaf."""

import pytest
from streamlit.testing.v1 import AppTest
from visitor import OpenPage, components

from explorer.data import Program
from explorer.ui import links


def toggled(app: AppTest) -> AppTest:
    app.toggle[0].set_value(True).run()
    assert not app.exception
    return app


def drawn(app: AppTest) -> dict:
    """What the nudge's component was given."""
    (data,) = components(app, "nudge")
    return data


def typed(source: str) -> dict[str, str]:
    return {"code": links.pack_program(Program(source))}


def test_it_is_shut_at_first_and_measures_when_it_is_opened(open_page: OpenPage) -> None:
    app = open_page("backward", preset="tutorial")
    assert not list(components(app, "nudge"))
    data = drawn(toggled(app))
    assert (data["name"], data["root"], data["reading"]["kind"]) == ("x[0,0]", "out", "smooth")
    assert (data["nudge"]["gradient"], data["nudge"]["output"]) == (4.5, 27.0)
    ends = {point["step"]: point["output"] for point in data["nudge"]["points"]}
    assert ends[1.0] == pytest.approx((16 + 3 * 9) * 3 / 4)
    app.selectbox(key=next(s.key for s in app.selectbox if s.label == "Element")).select(3).run()
    assert drawn(app)["name"] == "x[1,1]"


def test_at_a_kink_it_says_so(open_page: OpenPage) -> None:
    source = "import torch\nx = torch.zeros(2, requires_grad=True)\nloss = x.relu().sum()\n"
    data = drawn(toggled(open_page("backward", **typed(source + "loss.backward()\n"))))
    assert data["reading"]["kind"] == "kink"
    assert (data["reading"]["left"], data["reading"]["right"]) == pytest.approx((0, 1), abs=1e-3)


def test_what_cannot_be_nudged_says_why(open_page: OpenPage) -> None:
    source = "import torch\nx = torch.ones(1).expand(3).requires_grad_()\n"
    source += "(x * x).sum().backward()\n"
    app = toggled(open_page("backward", **typed(source)))
    assert any("one place of memory" in info.value for info in app.info)


def test_every_leaf_that_got_a_gradient_is_offered_and_named_by_its_call(
    open_page: OpenPage,
) -> None:
    app = toggled(open_page("backward", preset="fan_out"))
    leaves = next(box for box in app.selectbox if box.label == "Leaf")
    assert leaves.options == ["x · 1: backward()", "x · 2: backward()"]
    assert drawn(app)["root"] == "y"
    leaves.select_index(1).run()
    assert drawn(app)["root"] == "out"


def test_a_program_without_a_gradient_offers_none(open_page: OpenPage) -> None:
    app = open_page("backward", **typed("import torch\nx = torch.ones(2, requires_grad=True)\n"))
    assert [toggle.label for toggle in app.toggle if "Nudge" in toggle.label] == []
