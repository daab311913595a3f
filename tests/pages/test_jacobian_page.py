"""The Jacobian page: what is chosen, what is drawn, what is said."""

import base64
import csv
import io
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from visitor import OpenPage, pick, words

from explorer import presets
from explorer.autograd.runner import run
from explorer.data import JacobianAsk, Program, Run, RunError
from explorer.sandbox import Stop, wire
from explorer.ui import links, running


def sent(app: AppTest, name: str) -> dict:
    """What the page gave to one of its components."""
    found = [one.proto for one in app.get("bidi_component") if one.proto.component_name == name]
    return msgspec.json.decode(found[-1].json)


def numbers(packed: dict) -> np.ndarray:
    kind = {"f4": np.float32, "f8": np.float64}[packed["kind"]]
    return np.frombuffer(base64.b64decode(packed["data"]), dtype=kind)


def z(app: AppTest) -> np.ndarray:
    """The drawn matrix; NaN where it is hatched."""
    drawn = sent(app, "explorer_lab")
    rows, columns = (sum(band["cells"] for band in drawn[axis]) for axis in ("rows", "columns"))
    array = numbers(drawn["cells"]).reshape(rows, columns).astype(float)
    hatched = [not band["reached"] for band in drawn["columns"] for _ in range(band["cells"])]
    array[:, hatched] = np.nan
    return array


def said(app: AppTest) -> dict:
    """What torch says to v and u, as the page hands it to the lab."""
    return sent(app, "explorer_lab_answers")


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


def test_vtj_is_what_backward_leaves_and_ju_what_forward_mode_gives(open_page: OpenPage) -> None:
    app = open_page("jacobian", preset="batchnorm_classifier")
    J, answer = z(app), said(app)
    v, u = numbers(answer["v"]["numbers"]), numbers(answer["u"]["numbers"])
    np.testing.assert_allclose(numbers(answer["v"]["product"]), v @ J, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(numbers(answer["v"]["torch"]), v @ J, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(numbers(answer["u"]["torch"]), J @ u, rtol=1e-4, atol=1e-5)
    assert numbers(answer["v"]["differs"])[0] == numbers(answer["u"]["differs"])[0] == 0


def test_a_v_of_the_programs_own_is_there_first(open_page: OpenPage) -> None:
    app = open_page("jacobian", preset="tutorial_vector")
    assert np.allclose(numbers(said(app)["v"]["numbers"]), [0.1, 1.0, 0.0001])


def choose_in_lab(app: AppTest, **state: Any) -> AppTest:
    """The page after the person has chosen something in the lab."""
    program = presets.get(app.session_state["choice"]).program
    for name, value in state.items():
        app.session_state[f"kept: jacobian {name}"] = (program, value)
    return app.run()


def test_another_v_is_asked_of_torch(open_page: OpenPage) -> None:
    app = choose_in_lab(open_page("jacobian"), v={"kind": "typed", "values": [1, 0, 0, -2.0]})
    assert numbers(said(app)["v"]["numbers"]).tolist() == [1, 0, 0, -2]
    assert numbers(said(app)["v"]["torch"]).tolist() == [18, 0, 0, -36]


def test_a_vector_that_no_lab_would_send_counts_as_none(open_page: OpenPage) -> None:
    app = choose_in_lab(open_page("jacobian"), v={"kind": 7}, u={"kind": "typed", "values": [1]})
    assert numbers(said(app)["v"]["numbers"]).tolist() == [1] * 4
    assert numbers(said(app)["u"]["numbers"]).tolist() == [1] * 4


def test_a_sample_and_a_tensor_can_be_seen_by_themselves(open_page: OpenPage) -> None:
    app = open_page("jacobian", preset="batchnorm_classifier")
    whole = z(app)
    app = choose_in_lab(app, window={"part": 6, "sample": 2})
    drawn = sent(app, "explorer_lab")
    assert [band["name"] for band in drawn["columns"]] == ["x"]
    assert (z(app) == whole[6:9, -24:]).all()


def test_torch_says_itself_that_it_has_no_forward_mode(open_page: OpenPage) -> None:
    app = open_page("jacobian", preset="custom_function")
    assert "must implement the jvp" in said(app)["u"]["error"]


def test_a_row_opens_as_the_backward_that_makes_it(open_page: OpenPage) -> None:
    app = choose_in_lab(open_page("jacobian"), open={"kind": "row", "at": 2})
    frames = sent(app, "explorer_player")["frames"]
    assert "one_hot[1, 0] = 1" in frames["program"]["source"]
    assert any("Row z" in one.value for one in app.subheader)


def test_a_row_becomes_a_program_on_the_backward_page(open_page: OpenPage) -> None:
    app = choose_in_lab(open_page("jacobian"), open={"kind": "row", "at": 2})
    app.button(key="to backward").click().run()
    assert not app.exception
    assert app.session_state["choice"] == "code"


def test_a_column_opens_as_the_tangents_on_the_way(open_page: OpenPage) -> None:
    app = choose_in_lab(open_page("jacobian"), open={"kind": "column", "at": 0})
    assert "column x\\[0,0\\] of the matrix ✓" in words(app)


def test_a_cell_opens_as_the_sum_over_its_paths(open_page: OpenPage) -> None:
    app = choose_in_lab(
        open_page("jacobian", preset="shared_weight"), open={"kind": "cell", "row": 0, "column": 1}
    )
    assert len(app.dataframe[0].value) == 3  # the weight is used three times
    assert "✓ torch" in words(app)


def test_what_no_lab_would_open_opens_nothing(open_page: OpenPage) -> None:
    for damaged in ({"kind": "row", "at": 99}, {"kind": "dance"}, {"kind": 3}):
        app = choose_in_lab(open_page("jacobian"), open=damaged)
        assert not app.exception
        assert not app.subheader


def test_a_scalar_has_a_hessian(open_page: OpenPage) -> None:
    app = open_page("jacobian", preset="neuron")
    assert z(app).shape == (1, 3)
    app.segmented_control[0].set_value(2).run()
    assert z(app).shape == (3, 3)
    assert numbers(said(app)["v"]["differs"])[0] == numbers(said(app)["u"]["differs"])[0] == 0


def hessian(app: AppTest, **state: Any) -> AppTest:
    """The page of a scalar, with its Hessian chosen and something opened in it."""
    app.segmented_control[0].set_value(2).run()
    return choose_in_lab(app, **state)


def test_a_row_of_a_hessian_opens_as_the_second_backward(open_page: OpenPage) -> None:
    app = hessian(open_page("jacobian", preset="neuron"), open={"kind": "row", "at": 1})
    frames = sent(app, "explorer_player")["frames"]
    assert "create_graph=True)[0]\n" in frames["program"]["source"]
    wrt = tuple(app.multiselect[0].value)
    ask = JacobianAsk(app.selectbox[1].value, wrt, order=2)
    H = run(presets.get("neuron").program, ask=(ask,)).answers[0].jacobian.array
    left = run(Program(frames["program"]["source"])).calls[-1].leaves
    added = {leaf.name: leaf.added for leaf in left if leaf.added is not None}
    assert np.allclose(np.hstack([added[name].array.ravel() for name in wrt]), H[1])


def test_a_column_of_a_hessian_opens_as_forward_over_reverse(open_page: OpenPage) -> None:
    app = hessian(open_page("jacobian", preset="neuron"), open={"kind": "column", "at": 0})
    assert "of the Hessian ✓" in words(app)


def test_a_cell_of_a_hessian_opens_as_the_sum_over_its_paths(open_page: OpenPage) -> None:
    opened = {"kind": "cell", "row": 0, "column": 1}
    app = hessian(open_page("jacobian", preset="neuron"), open=opened)
    assert len(app.dataframe[0].value) > 1
    assert "✓ torch" in words(app)


def test_a_gradient_that_is_constant_has_no_second_backward(open_page: OpenPage) -> None:
    source = "import torch\nx = torch.ones(2, requires_grad=True)\ny = (3 * x).sum()"
    app = open_page("jacobian", code=links.pack_program(Program(source)))
    app.segmented_control[0].set_value(2).run()
    app.session_state["kept: jacobian open"] = (Program(source), {"kind": "row", "at": 0})
    app.run()
    assert "is a constant: nothing leads back from it" in words(app)


def test_the_sum_of_j_walked_back_leaves_none_beside_zeros(open_page: OpenPage) -> None:
    app = open_page("jacobian", preset="notebook")
    app.multiselect[0].set_value(["x"]).run()
    app.toggle[0].set_value(True).run()
    tiles = next(one.value for one in app.get("html") if "Output_Layer.bias.grad" in str(one.value))
    assert "None" in tiles
    app.button(key="second to backward").click().run()
    assert not app.exception
    assert app.session_state["choice"] == "code"


def test_the_ways_are_run_when_asked_for(open_page: OpenPage) -> None:
    app = open_page("jacobian")
    next(one for one in app.button if one.label == "Run all seven").click().run()
    table = app.dataframe[0].value
    assert len(table) == 7
    assert set(table["largest difference"]) == {"0"}


def test_samples_that_are_mixed_are_told_from_those_that_are_not(open_page: OpenPage) -> None:
    assert "Block-diagonal" in open_page("jacobian").caption[0].value
    mixed = open_page("jacobian", preset="batchnorm_classifier").caption[0].value
    assert "samples are mixed" in mixed
    assert "(6, 3, 5, 4)" in mixed


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
        assert app.get("bidi_component") or app.warning or app.info, preset.slug


def test_the_csv_tells_no_path_from_zero() -> None:
    from explorer.ui.downloads import to_csv

    ask = JacobianAsk("y", ("x", "J"))
    found = run(presets.get("notebook").program, ask=(ask,)).answers[0].jacobian
    rows = list(csv.reader(io.StringIO(to_csv(found))))
    assert rows[0][:4] == ["", "x[0]", "x[1]", "x[2]"]
    assert [row[0] for row in rows[1:]] == ["y[0]", "y[1]"]
    assert np.allclose([[float(v) for v in row[1:4]] for row in rows[1:]], found.array[:, :3])
    assert {cell for row in rows[1:] for cell in row[4:]} == {""}


def test_the_csv_of_a_hessian_leaves_a_block_without_a_path_empty() -> None:
    from explorer.ui.downloads import to_csv

    source = "import torch\nx, b = (torch.ones(1, requires_grad=True) for _ in range(2))\n"
    ask = JacobianAsk("y", ("x", "b"), order=2)
    H = run(Program(source + "y = (x**3 + b**2).sum()"), ask=(ask,)).answers[0].jacobian
    assert [line.partition(",")[2] for line in to_csv(H).splitlines()] == [
        "x[0],b[0]",
        "6.0,",
        ",2.0",
    ]


LARGE = """import torch
x = torch.linspace(-1, 1, 700, requires_grad=True)
y = (x * x).cumsum(0)
"""


def large(open_page: OpenPage) -> AppTest:
    code = links.pack_program(Program(LARGE))
    return open_page("jacobian", code=code)


def test_a_large_matrix_is_filled_piece_by_piece(open_page: OpenPage) -> None:
    app = large(open_page)
    drawn = sent(app, "explorer_lab")
    assert drawn["sizes"] == [700, 700]
    assert [band["block"] for band in drawn["rows"]] == [2]
    J = run(Program(LARGE), ask=(JacobianAsk("y", ("x",)),)).answers[0].jacobian.array
    pairs = J.reshape(350, 2, 700)
    largest = np.take_along_axis(pairs, np.abs(pairs).argmax(1)[:, None], 1)[:, 0]
    assert np.abs(z(app)).tolist() == np.abs(largest).tolist()


def test_filling_can_be_stopped_and_gone_on_with(open_page: OpenPage) -> None:
    app = large(open_page)
    app.session_state["kept: jacobian stopped"] = (Program(LARGE), True)
    app.run()
    assert "Stopped" in app.info[0].value
    next(one for one in app.button if one.label == "Go on").click().run()
    assert sent(app, "explorer_lab")["sizes"] == [700, 700]


def test_how_it_is_drawn_and_with_which_v_travels_with_the_link(open_page: OpenPage) -> None:
    look = {"colours": "log", "layout": "full", "numbers": True}
    v = {"kind": "typed", "values": [1, 2, 3, 4.0]}
    app = choose_in_lab(open_page("jacobian"), look=look, v=v)
    query = dict(app.query_params.items())
    other = open_page("jacobian", **query)
    assert said(other)["look"] == look
    assert numbers(said(other)["v"]["numbers"]).tolist() == [1, 2, 3, 4]


def test_a_question_that_was_stopped_by_hand_can_be_asked_again(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[str] = []
    watched = running.watched

    def noting(key: str, work: Callable[[Stop], Run]) -> Run:
        keys.append(key)
        return watched(key, work)

    monkeypatch.setattr(running, "watched", noting)
    app = open_page("jacobian", preset="tutorial")
    first = sent(app, "explorer_lab")
    asked = next(key for key in keys if '"type":"jacobian"' in key)
    program = presets.get("tutorial").program
    stopped = wire.stopped(program, RunError("You stopped the program here.", "Stopped"))
    app.session_state["runs that were stopped by hand"] = {asked: stopped}
    app.run()
    assert "You stopped the program here." in words(app)
    next(button for button in app.button if button.label == "Run it again").click().run()
    assert sent(app, "explorer_lab")["cells"] == first["cells"]
