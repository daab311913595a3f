"""The Compare page: two programs, whatever the link or the visitor names."""

from streamlit.testing.v1 import AppTest
from visitor import OpenPage, components, words

from explorer import presets
from explorer.data import Program
from explorer.ui import links, session


def shown(app: AppTest) -> dict:
    return next(components(app, "sides"))


def sources(app: AppTest) -> list[str]:
    return [side["frames"]["program"]["source"] for side in shown(app)["sides"]]


def seeds(app: AppTest) -> list[int]:
    return [side["frames"]["program"]["seed"] for side in shown(app)["sides"]]


def source(slug: str) -> str:
    return presets.get(slug).program.source


def test_a_link_opens_both_programs(open_page: OpenPage) -> None:
    app = open_page("compare", preset="freeze_last", **{"with": "freeze_first"})
    assert sources(app) == [source("freeze_last"), source("freeze_first")]
    assert shown(app)["titles"] == ["The last layer frozen", "The first layer frozen"]


def test_a_link_may_bring_the_second_program_itself(open_page: OpenPage) -> None:
    other = Program(source("tutorial").replace("y * y", "y ** 3"), seed=4)
    code = f"code.{links.pack_program(other)}"
    app = open_page("compare", preset="tutorial", **{"with": code})
    assert sources(app) == [source("tutorial"), other.source]


def test_a_link_that_names_nothing_says_so(open_page: OpenPage) -> None:
    for name in ("nope", "code.nope"):
        app = open_page("compare", preset="notebook", **{"with": name})
        assert "not known here" in words(app)
        assert sources(app)[1] == source("notebook_linear")


def test_a_preset_is_first_put_beside_its_variant(open_page: OpenPage) -> None:
    app = open_page("compare", preset="notebook")
    assert sources(app)[1] == source("notebook_linear")
    app.selectbox(key="choice").select(session.title("micro_batches_sum")).run()
    assert sources(app) == [source("micro_batches_sum"), source("micro_batches")]
    assert not app.exception


def test_one_without_a_variant_is_put_beside_itself_with_another_seed(open_page: OpenPage) -> None:
    app = open_page("compare", preset="xor")
    assert sources(app) == [source("xor")] * 2
    assert seeds(app) == [0, 1]


def test_the_picker_at_the_right_changes_the_right_only(open_page: OpenPage) -> None:
    app = open_page("compare", preset="notebook")
    picker = next(box for box in app.selectbox if box.label == "Right")
    picker.select("The tutorial: x, y, z, out").run()
    assert sources(app) == [source("notebook"), source("tutorial")]
    assert "tutorial" in app.query_params["with"]  # the link brings it along


def test_a_changed_program_is_put_beside_what_it_was(open_page: OpenPage) -> None:
    app = open_page("program", preset="xor")
    app.button_group[0].set_value("Code").run()
    for seed in (3, 7):
        next(box for box in app.number_input if box.label == "Seed").set_value(seed).run()
    assert "Compare it with what it was" in [link.proto.label for link in app.get("page_link")]
    app.switch_page("../../pages/compare.py").run()
    assert seeds(app) == [7, 3]
    picker = next(box for box in app.selectbox if box.label == "Right")
    assert picker.options[:2] == [
        "What it was before my last edit",
        "What I began from: XOR: six steps of learning",
    ]
    picker.select(picker.options[1]).run()
    assert seeds(app) == [7, 0]


def test_a_network_is_put_beside_itself_without_activations(open_page: OpenPage) -> None:
    app = open_page("compare", preset=session.NETWORK)
    left, right = sources(app)
    assert "self.act_1 = " in left
    assert "self.act_1 = " not in right
    assert left.count("nn.Linear") == right.count("nn.Linear") > 0
