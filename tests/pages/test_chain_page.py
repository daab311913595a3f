"""The Chain page: every program reaches it, and what it draws is torch's own arithmetic."""

import base64

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from visitor import OpenPage, components, words

from explorer.data import Program
from explorer.ui import links


def drawn(app: AppTest) -> dict:
    assert not app.exception
    return next(components(app, "links"))


def numbers(data: dict, number: int | None) -> list[float]:
    one = data["arrays"][number]
    kind = {"f4": "<f4", "f8": "<f8"}[one["kind"]]
    return np.frombuffer(base64.b64decode(one["data"]), kind).tolist()


def typed(source: str) -> dict[str, str]:
    return {"code": links.pack_program(Program(source))}


def test_the_doubling_program_shows_nine_times_2i_and_512i(open_page: OpenPage) -> None:
    data = drawn(open_page("chain", preset="doubling_product"))
    eye = np.eye(3).ravel()
    assert [numbers(data, link["matrix"]) for link in data["links"]] == [(2 * eye).tolist()] * 9
    assert [numbers(data, link["left"]) for link in data["links"]] == [
        (2**k * eye).tolist() for k in range(1, 10)
    ]
    assert numbers(data, data["links"][0]["right"]) == (512 * eye).tolist()
    assert numbers(data, data["links"][-1]["row"]) == pytest.approx([51.2, 512, 0.0512])
    assert data["links"][0]["title"] == "∂y/∂y#8"
    assert (data["links"][-1]["title"], data["links"][-1]["label"]) == ("∂y#1/∂x", "t * 2")
    assert data["costs"]["row_from_left"] == 81
    assert data["costs"]["row_from_right"] == 225
    assert sum(link["left_cost"] for link in data["links"]) == 81
    assert (data["sum"]["count"], data["sum"]["agrees"]) == ("1", True)


def test_a_second_path_can_be_chosen_and_both_add_up(open_page: OpenPage) -> None:
    app = open_page("chain", preset="fan_out")
    data = drawn(app)
    assert [numbers(data, way["adds"]) for way in data["sum"]["ways"]] == [[3.0], [3.0]]
    assert numbers(data, data["sum"]["total"]) == numbers(data, data["sum"]["torch"]) == [6.0]
    assert data["sum"]["agrees"] is True
    picker = next(box for box in app.selectbox if box.label.startswith("Path"))
    assert picker.options == ["1: x * x [0] ← x", "2: x * x [1] ← x"]
    picker.select_index(1).run()
    assert drawn(app)["chosen"] == 1


@pytest.mark.parametrize("slug", ["notebook", "neuron", "xor", "in_place", "transformer"])
def test_presets_of_every_kind_are_drawn(open_page: OpenPage, slug: str) -> None:
    data = drawn(open_page("chain", preset=slug))
    assert data["links"]
    assert data["sum"]["agrees"] is not False


def test_nodes_that_only_change_the_shape_stand_between_and_multiply_nothing(
    open_page: OpenPage,
) -> None:
    data = drawn(open_page("chain", preset="notebook"))
    kinds = [link["kind"] for link in data["links"]]
    assert {"bead", "card"} == set(kinds)
    beads = [link for link in data["links"] if link["kind"] == "bead"]
    assert all(link["left_cost"] == link["right_cost"] == 0 for link in beads)
    assert all(link["matrix"] is not None for link in beads)


def test_a_long_path_ends_in_one_product_of_many_factors(open_page: OpenPage) -> None:
    source = "import torch\nx = torch.ones(2, requires_grad=True)\ny = x\n"
    source += "for i in range(100):\n    y = y * 1.01\ny.sum().backward()\n"
    data = drawn(open_page("chain", **typed(source)))
    last = data["links"][-1]
    assert (len(data["links"]), last["kind"], last["count"]) == (60, "rest", 42)
    assert numbers(data, last["matrix"])[0] == pytest.approx(1.01**41 * 1.01, rel=1e-5)
    assert numbers(data, data["links"][0]["right"])[0] == pytest.approx(1.01**100, rel=1e-5)
    assert data["sum"]["agrees"] is True


def test_a_matrix_that_is_too_large_stops_the_product_and_says_so(open_page: OpenPage) -> None:
    source = (
        "import torch\nx = torch.ones(90, requires_grad=True)\n(x * 2).exp().sum().backward()\n"
    )
    data = drawn(open_page("chain", **typed(source)))
    assert [link["matrix"] is None for link in data["links"]] == [False, True, True]
    assert "over 4,096 entries" in data["links"][1]["note"]
    assert (data["sum"]["total"], data["sum"]["agrees"]) == (None, None)


def test_a_program_without_a_backward_has_no_chain(open_page: OpenPage) -> None:
    app = open_page("chain", **typed("import torch\nx = torch.ones(2, requires_grad=True)\n"))
    assert not app.exception
    assert "there is no chain" in words(app)
