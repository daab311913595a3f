"""The Jacobian page: what is chosen, what is drawn, what is said."""

import csv
import io

import msgspec
import numpy as np
from streamlit.testing.v1 import AppTest
from visitor import OpenPage, pick

from explorer import presets
from explorer.autograd.runner import run
from explorer.data import JacobianAsk


def figure(app: AppTest) -> dict:
    return msgspec.json.decode(app.get("plotly_chart")[0].proto.spec)


def z(app: AppTest) -> np.ndarray:
    """The drawn matrix; Plotly packs arrays as base64."""
    packed = figure(app)["data"][0]["z"]
    if isinstance(packed, dict):
        import base64

        flat = np.frombuffer(base64.b64decode(packed["bdata"]), dtype=packed["dtype"])
        return flat.reshape([int(n) for n in packed["shape"].split(",")])
    return np.array(packed, dtype=float)


def test_the_tutorial_opens_with_z_by_x(open_page: OpenPage) -> None:
    app = open_page("jacobian")
    assert [box.value for box in app.selectbox] == ["tutorial", "z"]
    assert app.multiselect[0].value == ["x"]
    assert (z(app) == 18 * np.eye(4)).all()  # z = 3 (x + 2)², so dz/dx = 6 (x + 2) = 18
    assert "4 × 4" in app.caption[0].value


def test_the_weight_jacobian_of_the_question_is_20_by_47(open_page: OpenPage) -> None:
    app = open_page("jacobian", preset="outputs_by_weights")
    ask = JacobianAsk("output", tuple(app.multiselect[0].value))
    answer = run(presets.get("outputs_by_weights").program, ask=(ask,)).answers[0]
    assert z(app).shape == (20, 47)
    assert np.allclose(z(app), answer.jacobian.array)


def test_the_scale_is_centred_on_zero(open_page: OpenPage) -> None:
    drawn = figure(open_page("jacobian", preset="notebook"))["data"][0]
    assert drawn["zmid"] == 0
    assert drawn["zmin"] == -drawn["zmax"]


def test_another_output_gives_another_matrix(open_page: OpenPage) -> None:
    app = open_page("jacobian")
    app.selectbox[1].select("out").run()
    assert (z(app) == 4.5).all()
    assert z(app).shape == (1, 4)


def test_a_variable_that_no_path_reaches_is_told_apart_from_zero(open_page: OpenPage) -> None:
    app = open_page("jacobian", preset="notebook")
    app.multiselect[0].set_value(["x", "J"]).run()
    assert "no path leads to J" in app.caption[0].value
    assert np.isnan(z(app)[:, 3:]).all()
    assert not np.isnan(z(app)[:, :3]).any()


def test_inputs_can_be_chosen_one_after_another(open_page: OpenPage) -> None:
    app = open_page("jacobian", preset="notebook")
    for chosen in (["x"], ["x", "J"], ["x", "J", "Layer_1.bias"]):
        app.multiselect[0].set_value(chosen).run()
        assert app.multiselect[0].value == chosen
    assert z(app).shape == (2, 3 + 6 + 16)


def test_the_choice_survives_a_visit_to_another_page(open_page: OpenPage) -> None:
    app = open_page("jacobian", preset="notebook")
    app.multiselect[0].set_value(["x"]).run()
    app.switch_page("../../pages/accumulation.py").run()
    app.switch_page("../../pages/jacobian.py").run()
    assert app.multiselect[0].value == ["x"]


def test_choosing_no_input_gives_a_sentence(open_page: OpenPage) -> None:
    app = open_page("jacobian")
    app.multiselect[0].set_value([]).run()
    assert not app.exception
    assert "at least one" in app.warning[0].value


def test_another_program_begins_with_its_own_choice(open_page: OpenPage) -> None:
    app = pick(open_page("jacobian"), "outputs_by_weights")
    assert app.selectbox[1].value == "output"
    assert not app.exception


def test_every_preset_opens_without_an_exception(open_page: OpenPage) -> None:
    app = open_page("jacobian")
    for preset in presets.all():
        pick(app, preset.slug)
        assert not app.exception, preset.slug
        assert app.get("plotly_chart") or app.warning or app.info, preset.slug


def test_the_csv_tells_no_path_from_zero() -> None:
    from explorer.ui.downloads import to_csv

    ask = JacobianAsk("y", ("x", "J"))
    found = run(presets.get("notebook").program, ask=(ask,)).answers[0].jacobian
    rows = list(csv.reader(io.StringIO(to_csv(found))))
    assert rows[0][:4] == ["", "x[0]", "x[1]", "x[2]"]
    assert [row[0] for row in rows[1:]] == ["y[0]", "y[1]"]
    assert np.allclose([[float(v) for v in row[1:4]] for row in rows[1:]], found.array[:, :3])
    assert {cell for row in rows[1:] for cell in row[4:]} == {""}
