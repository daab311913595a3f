"""The player's data, words and style: everything of it that needs no browser."""

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from ran import framed, ran
from streamlit.testing.v1 import AppTest

import explorer
from explorer import presets
from explorer.frames import Frames
from explorer.picture.theme import DARK, LIGHT
from explorer.ui import player
from explorer.ui.player.inspection import MAX_CALLS, asks_for, inspection_of
from explorer.ui.player.scripts import PLAYER, joined
from explorer.ui.player.style import contrast, readable_on, style_sheet
from explorer.ui.player.words import english

FOLDER = Path(player.__file__).parent
TUTORIAL = """\
import torch
x = torch.ones(2, 2, requires_grad=True)
y = x + 2
z = y * y * 3
out = z.mean()
out.backward()
"""


def messages(frames: Frames) -> list[dict]:
    """Every message in the frames, those inside others included."""
    found = []

    def look(value: object) -> None:
        if isinstance(value, dict):
            if set(value) == {"id", "values"}:
                found.append(value)
            for part in value.values():
                look(part)
        elif isinstance(value, (list, tuple)):
            for part in value:
                look(part)

    look(frames.to_dict())
    return found


def templates(entry: object) -> list[str]:
    return list(entry.values()) if isinstance(entry, dict) else [entry]


@pytest.mark.parametrize("preset", presets.all(), ids=lambda preset: preset.slug)
def test_every_message_has_a_sentence_and_all_that_fills_it(preset):
    table = english()
    for message in messages(framed(preset.program)):
        assert message["id"] in table
        for template in templates(table[message["id"]]):
            holes = set(re.findall(r"\{(\w+)(?::\w+)?\}", template))
            assert holes <= set(message["values"])


def test_sentences_that_depend_on_a_number_cover_all_numbers():
    for entry in english().values():
        if isinstance(entry, dict):
            assert "other" in entry
            assert set(entry) <= {"one", "two", "other"}


def test_marks_in_sentences_come_in_pairs():
    for entry in english().values():
        for template in templates(entry) if not isinstance(entry, list) else []:
            assert template.count("==") % 2 == 0
            assert template.count("~~") % 2 == 0


def test_every_word_that_the_script_asks_for_is_there():
    table = english()
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in (FOLDER / "js").glob("*.js"))
    asked = set(re.findall(r"WORDS\[\"([\w.]+)\"\]", scripts)) | set(
        re.findall(r"\btext\(\"([\w.]+)\"", scripts)
    )
    assert asked
    assert asked <= set(table)


def test_what_the_browser_gets_is_strict_json_and_small():
    data = json.dumps(player.browser_data(explorer.run(TUTORIAL)), allow_nan=False)
    assert len(data) < 40_000


def test_equal_runs_have_one_signature_and_different_runs_do_not():
    once, again = explorer.run(TUTORIAL), explorer.run(TUTORIAL)
    other = explorer.run(TUTORIAL.replace("+ 2", "+ 1"))
    assert player.browser_data(once)["signature"] == player.browser_data(again)["signature"]
    assert player.browser_data(once)["signature"] != player.browser_data(other)["signature"]


def test_small_cards_come_with_a_large_picture_for_the_camera():
    wide = "import torch\nh = torch.ones(2, requires_grad=True)\n"
    wide += "for i in range(20):\n    h = torch.sin(h)\nh.sum().backward()\n"
    (picture,) = player.browser_data(explorer.run(wide))["pictures"]
    assert (picture["fit"]["density"], picture["follow"]["density"]) == ("S", "L")
    (picture,) = player.browser_data(explorer.run(TUTORIAL))["pictures"]
    assert (picture["fit"]["density"], picture["follow"]) == ("L", None)


def test_show_mounts_one_component_with_the_run():
    def page():
        import explorer
        from explorer.ui import player

        run = explorer.run("import torch\nx = torch.ones(2, requires_grad=True)\n(x * 2).sum()")
        player.show(run, key="here", start=1, height=420, program_panel=False)

    at = AppTest.from_function(page, default_timeout=20).run()
    assert not at.exception
    (component,) = at.get("bidi_component")
    data = json.loads(component.proto.json)
    assert (data["start"], data["height"], data["program_panel"]) == (1, 420, False)
    assert [item["label"] for item in data["frames"]["scenes"][0]["items"]] == [
        "….sum()",
        "x * 2",
        "x",
    ]


def test_the_scripts_say_only_what_the_page_may_do():
    """Text of a program never becomes markup, and nothing is fetched."""
    script = joined(*PLAYER)
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "fetch(", "http://"):
        assert forbidden not in script.replace("http://www.w3.org/2000/svg", "")


def test_every_colour_comes_from_the_theme():
    colors = set(re.findall(r"#[0-9A-Fa-f]{3,6}\b", (FOLDER / "player.css").read_text()))
    assert colors == set()
    sheet = style_sheet()
    for theme in (LIGHT, DARK):
        for color in (theme.paper, theme.now, theme.zero, *theme.plus, *theme.minus):
            assert color in sheet


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_numbers_stand_out_from_their_cells(theme):
    for color in (*theme.plus, *theme.minus, theme.now):
        assert contrast(readable_on(color), color) >= 4.5
    assert contrast(theme.muted, theme.zero) >= 4.5
    assert contrast(theme.ink, theme.paper) >= 7


# --------------------------------------------------------------------------------- the inspector


def numbers(array: dict) -> np.ndarray:
    """An array as the browser decodes it."""
    return np.frombuffer(base64.b64decode(array["data"]), dtype=f"<{array['kind']}")


@pytest.mark.parametrize("preset", presets.all(), ids=lambda preset: preset.slug)
def test_what_the_browser_multiplies_gives_what_torch_sent(preset):
    """gᵀJ from the very bytes that are sent, against the very bytes that torch passed on."""
    asks = asks_for(ran(preset.program))
    inspection = inspection_of(ran(preset.program, asks)).to_dict()
    explained = 0
    for scene in inspection["scenes"]:
        for one in scene:
            if one["local"] is None:
                continue
            J, g, sent = (
                numbers(inspection["arrays"][one[name]]).astype(float)
                for name in ("local", "incoming", "sent")
            )
            made = g @ np.where(J.reshape(len(g), -1) == 0, 0, J.reshape(len(g), -1))
            assert one["agrees"] is not False
            np.testing.assert_allclose(made, sent, rtol=1e-4, atol=1e-5)
            explained += 1
    assert bool(explained) == bool(asks)


def test_only_the_first_calls_with_steps_are_asked_about_and_the_programs_own_come_first():
    run = explorer.run(presets.get("outputs_by_weights").program)
    asks = asks_for(run)
    assert len(asks) == MAX_CALLS < len(run.calls)
    assert all(run.calls[ask.call].steps for ask in asks)
    assert all(run.calls[ask.call].kind in ("backward", "grad") for ask in asks)
    reasons = inspection_of(explorer.run(run.program, ask=asks)).reasons
    assert {reason.id for reason in reasons if reason} == {"why.calls"}


def test_a_graph_of_many_nodes_is_shown_without_explanations(monkeypatch):
    monkeypatch.setattr("explorer.ui.player.inspection.MAX_NODES", 4)
    run = explorer.run(TUTORIAL)
    assert asks_for(run) == ()
    (reason,) = inspection_of(run).reasons
    assert reason.id == "why.large"


def test_matrices_that_have_no_room_are_left_out_and_that_is_said(monkeypatch):
    monkeypatch.setattr("explorer.ui.player.arrays.MAX_BYTES", 40)
    run = explorer.run(TUTORIAL)
    (scene,) = inspection_of(explorer.run(TUTORIAL, ask=asks_for(run))).scenes
    assert any(one.local is not None for one in scene)
    left_out = [one for one in scene if one.local is None]
    assert left_out
    assert all(one.notes[-1].id == "why.bytes" for one in left_out)


def test_equal_arrays_are_sent_once():
    run = explorer.run(TUTORIAL)
    inspection = inspection_of(explorer.run(TUTORIAL, ask=asks_for(run)))
    square = [one for one in inspection.scenes[0] if one.symbols.startswith("g · ")]
    assert len({one.local for one in square if one.step == 3}) == 1
    assert len(inspection.arrays) == len({(a.kind, a.data) for a in inspection.arrays})


def test_the_script_is_one_sound_module(tmp_path):
    """Parsed by whichever JavaScript engine is at hand; the browser tests run it."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node to parse it with")
    module = tmp_path / "player.mjs"
    module.write_text(joined(*PLAYER), encoding="utf-8")
    subprocess.run([node, "--check", module], check=True, capture_output=True, timeout=60)
