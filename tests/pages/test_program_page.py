"""The Program page: the form, the program beside it, and what it showed."""

import pytest
from streamlit.testing.v1 import AppTest
from visitor import OpenPage, components, pick

from explorer import presets
from explorer.builder import Layer, NetworkSpec
from explorer.ui import session


@pytest.fixture
def form(open_page: OpenPage) -> AppTest:
    return open_page("program", preset=session.NETWORK)


def source(app: AppTest) -> str:
    return next(str(block.value) for block in app.code if block.language == "python")


def number(app: AppTest, label: str, value: float | None) -> AppTest:
    return next(box for box in app.number_input if box.label == label).set_value(value).run()


def press(app: AppTest, label: str, nth: int = 0) -> AppTest:
    app = [button for button in app.button if button.label == label][nth].click().run()
    assert not app.exception
    return app


def kinds(app: AppTest) -> list[str]:
    return [box.value for box in app.selectbox if box.label.startswith("Layer ")]


def test_the_program_beside_the_form_is_the_one_that_it_writes(form: AppTest) -> None:
    assert source(form) == NetworkSpec().program().source.rstrip("\n")


def test_a_preset_shows_its_story_and_its_program(open_page: OpenPage) -> None:
    app = open_page("program", preset="xor")
    assert presets.get("xor").title in [title.value for title in app.subheader]
    assert source(app) == presets.get("xor").program.source.rstrip("\n")
    assert any(block.value.startswith("step 1 loss") for block in app.code)


def test_the_form_can_be_reached_from_a_preset(open_page: OpenPage) -> None:
    app = press(open_page("program", preset="xor"), "Build your own network")
    assert "class Net" in source(app)
    assert app.query_params["net"]


def test_changing_a_number_changes_the_program_and_the_link(form: AppTest) -> None:
    before = form.query_params["net"]
    number(form, "Inputs", 5)
    assert "torch.randn(4, 5)" in source(form)
    assert form.query_params["net"] != before


def test_layers_are_added_moved_and_removed(form: AppTest) -> None:
    assert kinds(form) == ["Linear", "Tanh", "Linear"]
    assert kinds(press(form, "Add a layer")) == ["Linear", "Tanh", "Linear", "Linear"]
    assert kinds(press(form, "↑", 1)) == ["Tanh", "Linear", "Linear", "Linear"]
    assert kinds(press(form, "↓", 0)) == ["Linear", "Tanh", "Linear", "Linear"]
    assert kinds(press(form, "✕", 1)) == ["Linear", "Linear", "Linear"]


def test_width_zero_is_said_beside_the_row_and_kept(form: AppTest) -> None:
    app = number(form, "Width", 0)
    assert not app.exception
    assert any("The width of layer 1 (Linear) is 0" in box.value for box in app.warning)
    assert next(box for box in app.number_input if box.label == "Width").value == 0
    assert "class Net" in source(number(app, "Width", 2))


def test_what_was_typed_survives_a_visit_to_another_page(form: AppTest) -> None:
    number(form, "Width", 0)
    form.switch_page("../../pages/jacobian.py").run()
    assert "width of layer 1" in form.warning[0].value
    form.switch_page("../../pages/program.py").run()
    assert next(box for box in form.number_input if box.label == "Width").value == 0


def test_an_empty_network_is_said_in_a_sentence(form: AppTest) -> None:
    for _ in range(3):
        press(form, "✕")
    assert any("The network has 0 layers" in box.value for box in form.warning)
    assert kinds(press(form, "Add a layer")) == ["Linear"]


def test_numbers_that_do_not_fit_are_said_and_kept(form: AppTest) -> None:
    values = next(box for box in form.text_input if box.label.startswith("Input values"))
    app = values.set_value("1 2 3").run()
    assert any("3 numbers are typed for values: 8 fit" in box.value for box in app.warning)
    values = next(box for box in app.text_input if box.label.startswith("Input values"))
    app = values.set_value("1 2 3 4 5 6 7 8").run()
    assert "torch.tensor(" in source(app)


def test_words_that_are_no_numbers_are_said_and_kept(form: AppTest) -> None:
    values = next(box for box in form.text_input if box.label.startswith("Input values"))
    app = values.set_value("1 two").run()
    assert any("“two” is not a number" in box.value for box in app.warning)
    values = next(box for box in app.text_input if box.label.startswith("Input values"))
    assert values.value == "1 two"


def test_switches_change_the_program(form: AppTest) -> None:
    toggle = next(box for box in form.toggle if box.label == "Every Linear has a bias")
    assert "bias=False" in source(toggle.set_value(False).run())


@pytest.mark.parametrize("kind", ["LayerNorm", "BatchNorm1d", "Dropout", "Residual", "GELU"])
def test_every_kind_of_layer_can_be_chosen(form: AppTest, kind: str) -> None:
    box = next(box for box in form.selectbox if box.label == "Layer 2")
    app = box.select(kind).run()
    assert not app.exception
    assert app.session_state["spec"].layers[1] == Layer(kind, width=4)
    assert source(app) == app.session_state["spec"].program().source.rstrip("\n")


def test_a_link_fills_the_form(open_page: OpenPage) -> None:
    from explorer.ui.links import pack

    spec = NetworkSpec(layers=(Layer("Linear", width=7),), inputs=3, loss="sum")
    app = open_page("program", net=pack(spec))
    assert source(app) == spec.program().source.rstrip("\n")
    assert next(box for box in app.number_input if box.label == "Width").value == 7


def test_the_table_lists_every_variable(open_page: OpenPage) -> None:
    rows = next(components(open_page("program"), "rows"))["rows"]
    assert [row["name"] for row in rows] == ["x", "y", "z", "out"]
    made_by = [None, "AddBackward0", "MulBackward0", "MeanBackward0"]
    assert [row["grad_fn"] for row in rows] == made_by
    assert rows[0]["grad"] == "2×2 float32, all 4.5"


def test_another_program_and_back_loses_nothing_of_the_network(form: AppTest) -> None:
    number(form, "Width", 9)
    pick(pick(form, "xor"), session.NETWORK)
    assert "nn.Linear(2, 9)" in source(form)
