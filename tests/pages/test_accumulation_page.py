"""The Accumulation page: every press is one line more, and one row more."""

import re
from urllib.parse import parse_qs

from streamlit.testing.v1 import AppTest
from visitor import OpenPage, components, pick

from explorer import presets
from explorer.depth import Deep
from explorer.ui.links import unpack_program

FIRST = "call 1 line 7 out.backward() x.grad 2×2 None before + 4.5 added = 4.5 after from x + 2"

KEPT = "out.backward(retain_graph=True) x.grad 2×2"


def html(app: AppTest, kind: str) -> str:
    bodies = [block.proto.body for block in app.get("html")]
    return next(body for body in bodies if f'<div class="{kind}' in body)


def text(piece: str) -> str:
    """What a piece of HTML says, tags taken out."""
    return " ".join(re.sub("<[^>]+>", " ", piece).split())


def rows(app: AppTest) -> list[str]:
    """The text of each line, without the arguments of its call."""
    lines = html(app, "ledger").split("<section")[1:]
    bare = [re.sub('<div class="arguments">.*?</div></div>', "", line) for line in lines]
    return [text("<section" + line) for line in bare]


def source(app: AppTest) -> list[str]:
    """The program beside the ledger, line by line."""
    pieces = re.findall(r'class="text"[^>]*>(.*?)</span>', html(app, "listing"))
    return [re.sub("<[^>]+>", "", piece).strip() for piece in pieces]


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def switch(app: AppTest, label: str, *, on: bool) -> AppTest:
    toggle = next(toggle for toggle in app.toggle if toggle.label == label)
    return toggle.set_value(on).run()


def keeping_the_graph(app: AppTest) -> AppTest:
    return switch(app, "retain_graph", on=True)


def test_the_program_s_own_call_is_the_first_row(open_page: OpenPage) -> None:
    app = open_page("accumulation")
    assert rows(app) == [FIRST]


def test_a_second_press_adds_to_what_is_there(open_page: OpenPage) -> None:
    app = keeping_the_graph(open_page("accumulation"))
    press(press(app, "backward()"), "backward()")
    assert rows(app)[1:] == [
        f"call 2 line 10 {KEPT} 4.5 before + 4.5 added = 9 after from x + 2",
        f"call 3 line 11 {KEPT} 9 before + 4.5 added = 13.5 after from x + 2",
    ]


def test_without_retain_graph_torch_says_why_and_the_first_row_stays(open_page: OpenPage) -> None:
    app = press(open_page("accumulation"), "backward()")
    assert "Trying to backward through the graph a second time" in rows(app)[1]
    assert "… * 3 had saved other for its backward, and call 1 let go of it." in rows(app)[1]
    assert "No .grad had been changed when it failed." in rows(app)[1]
    assert rows(app)[0] == FIRST
    assert "retain_graph" in app.info[0].value


def test_switching_retain_graph_on_lets_the_same_presses_succeed(open_page: OpenPage) -> None:
    app = press(press(open_page("accumulation"), "backward()"), "zero_grad()")
    assert len(rows(app)) == 2  # what follows the error does not run
    assert "failed" in html(app, "ledger").partition("</style>")[2]
    switch(app, "retain_graph", on=True)
    assert "failed" not in html(app, "ledger").partition("</style>")[2]
    assert len(rows(app)) == 3


def test_zero_grad_first_keeps_the_gradient_of_one_call(open_page: OpenPage) -> None:
    app = keeping_the_graph(open_page("accumulation"))
    switch(app, "zero_grad() first", on=True)
    press(press(app, "backward()"), "backward()")
    assert [row.split()[0] for row in rows(app)] == ["call", *["zero_grad()", "call"] * 2]
    assert rows(app)[-1].endswith("None before + 4.5 added = 4.5 after from x + 2")


def test_zero_grad_leaves_none_or_zeros(open_page: OpenPage) -> None:
    app = keeping_the_graph(open_page("accumulation"))
    press(app, "zero_grad()")
    switch(app, "set_to_none", on=False)
    press(press(app, "backward()"), "zero_grad()")
    assert rows(app)[1:] == [
        "zero_grad() set_to_none=True x.grad 2×2 None now",
        f"call 2 line 11 {KEPT} None before + 4.5 added = 4.5 after from x + 2",
        "zero_grad() set_to_none=False x.grad 2×2 0 now",
    ]


def test_two_ways_of_clearing_in_a_row_are_told_apart(open_page: OpenPage) -> None:
    app = switch(open_page("accumulation"), "set_to_none", on=False)
    press(app, "zero_grad()")
    switch(app, "set_to_none", on=True)
    press(app, "zero_grad()")
    assert [row.split()[-2:] for row in rows(app)[1:]] == [["0", "now"], ["None", "now"]]


def test_a_leaf_that_no_path_reaches_stays_as_it_was(open_page: OpenPage) -> None:
    app = open_page("accumulation", preset="notebook")
    assert "Output_Layer.bias.grad 2 None no path: as it was" in rows(app)[3]


def test_zero_grad_of_a_module_is_known_from_the_next_call(open_page: OpenPage) -> None:
    app = keeping_the_graph(open_page("accumulation", preset="network"))
    press(press(app, "zero_grad()"), "backward()")
    assert "None now" in rows(app)[1]
    assert "None before" in rows(app)[2]


def test_undo_takes_back_one_press_and_reset_all(open_page: OpenPage) -> None:
    app = keeping_the_graph(open_page("accumulation"))
    press(press(app, "zero_grad()"), "zero_grad()")
    assert len(rows(press(app, "Undo"))) == 2
    assert len(rows(press(app, "Reset"))) == 1


def test_the_added_lines_can_be_read(open_page: OpenPage) -> None:
    app = press(keeping_the_graph(open_page("accumulation")), "zero_grad()")
    assert source(app)[-4:] == [
        "out.backward(retain_graph=True)",
        "",
        "# added by pressing",
        "x.grad = None",
    ]


def test_another_program_begins_without_presses(open_page: OpenPage) -> None:
    app = press(keeping_the_graph(open_page("accumulation")), "zero_grad()")
    pick(app, "fan_out")
    assert not any("zero_grad()" in row for row in rows(app))


def test_every_preset_takes_a_press(open_page: OpenPage) -> None:
    app = open_page("accumulation")
    for preset in presets.all():
        pick(app, preset.slug)
        assert not app.exception, preset.slug
        if app.button and any(button.label == "backward()" for button in app.button):
            press(app, "backward()")


def part(app: AppTest, name: str) -> AppTest:
    app.get("button_group")[0].set_value(name).run()
    assert not app.exception
    return app


def test_a_switch_shows_the_changed_line_and_both_outcomes(open_page: OpenPage) -> None:
    app = part(open_page("accumulation"), "Switches")
    words = text(html(app, "sides"))
    assert "w.grad None ≠ 0 w 1 ≠ 0.99" in words
    assert "optimizer.zero_grad(set_to_none= False )" in text(html(app, "listing"))


def test_micro_batches_say_the_factor(open_page: OpenPage) -> None:
    app = part(open_page("accumulation"), "Micro-batches")
    assert app.subheader[0].value == "3 parts give exactly 3 times the gradient of the whole batch."
    assert "×3" in text(html(app, "sides"))
    next(box for box in app.selectbox if box.label == "Loss of a part").select("divided by k").run()
    assert app.subheader[0].value == "3 parts give the gradient of the whole batch."


def test_depth_draws_a_bar_a_layer_and_its_program_can_be_watched(open_page: OpenPage) -> None:
    app = part(open_page("accumulation"), "Depth")
    app.slider[0].set_value(7).run()
    wide, phone = next(components(app, "drawings"))["drawings"]
    for drawn in (wide, phone):
        assert drawn.count("layer 7:") == 1
        assert "layer 8:" not in drawn
    link = next(one.proto for one in app.get("page_link") if one.proto.label.startswith("Watch"))
    (code,) = parse_qs(link.query_string)["code"]
    assert unpack_program(code) == Deep(depth=7).program()


def test_a_link_brings_the_presses_and_the_experiment(open_page: OpenPage) -> None:
    app = keeping_the_graph(open_page("accumulation"))
    press(press(app, "backward()"), "zero_grad()")
    part(app, "Depth").slider[0].set_value(9).run()
    query = dict(app.query_params.items())
    again = open_page("accumulation", **query)
    assert again.slider[0].value == 9
    assert any("layer 9:" in one.proto.json for one in again.get("bidi_component"))
    assert len(rows(part(again, "Ledger"))) == 3


def test_the_ledger_is_offered_as_csv_and_svg_and_can_be_played(open_page: OpenPage) -> None:
    app = open_page("accumulation")
    assert {b.proto.label for b in app.get("download_button")} >= {"Ledger as CSV", "Ledger as SVG"}
    count = len(app.get("bidi_component"))
    switch(app, "Play the calls", on=True)
    assert len(app.get("bidi_component")) == count + 1
