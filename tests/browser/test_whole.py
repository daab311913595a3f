"""The player held against torch as a whole: every number, every picture, nothing smuggled in.

The page is one file without a server; each run is put into it as data, so that thousands of
numbers are looked at without thousands of clicks.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from ran import ran

import explorer
from explorer import presets
from explorer.data import Run
from explorer.ui.player import asks_for, browser_data
from explorer.ui.player.standalone import page as document

pytestmark = pytest.mark.browser

LOAD = """(text) => {
    const data = JSON.parse(text);
    const player = globalThis[Symbol.for("autograd-explorer.player")].keyboard;
    player.load({ key: "whole", start: null, height: null, program_panel: true, ...data });
    globalThis.player = player;
}"""
"""Put another run into the player."""

EXPLANATIONS = """() => {
    const { inspector, frames } = player, found = [];
    frames.scenes.forEach((scene, place) => {
        if (!scene.frames.length) return;
        player.choose(place);
        const sent = new Set();
        for (const told of inspector.explained.values()) {
            if (told.local === null) continue;
            inspector.frame = scene.frames[told.step - 1];
            inspector.item = player.items.get(inspector.frame.node);
            if (!inspector.item) continue;
            const count = inspector.numbers.get(told.sent).length;
            for (let element = 0; element < count; element++) {
                const rows = inspector.whySent({ slot: told.slot, element, told }) ?? [];
                const value = rows.find((row) => row.querySelector?.(".check"));
                found.push([place, told.step, told.slot, element,
                    value?.querySelector(".swatched").textContent ?? "",
                    value?.querySelector(".check").textContent ?? ""]);
            }
        }
    });
    return found;
}"""
"""Call, step, slot, element, the value that is shown, and what stands beside it of torch."""

PICTURES = """() => {
    const drawn = () => player.shownStage.element.innerHTML.replaceAll(' style=""', "");
    const picture = () => JSON.stringify(player.place) + drawn();
    player.arrive(player.journey.first);
    const there = [picture()];
    while (player.journey.after(player.place)) { player.ahead(); there.push(picture()); }
    return there;
}"""

PLAYED = """() => new Promise((resolve) => {
    const look = () => (player.playing ? setTimeout(look, 40) : resolve());
    look();
})"""
"""Wait until play has come to its end; the file's policy lets nobody evaluate text."""

PICTURES_BACK = """() => {
    const drawn = () => player.shownStage.element.innerHTML.replaceAll(' style=""', "");
    const picture = () => JSON.stringify(player.place) + drawn();
    const back = [picture()];
    while (player.journey.before(player.place)) { player.back(); back.push(picture()); }
    return back.reverse();
}"""


@pytest.fixture(scope="module")
def blank(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A player in a file, and nothing that it could ask."""
    path: Path = tmp_path_factory.mktemp("whole") / "player.html"
    path.write_text(document(presets_run("tutorial")), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(path.as_uri())
    expect(page.locator("g.node").first).to_be_visible()
    yield page
    page.close()
    assert problems == []


def presets_run(slug: str) -> Run:
    program = presets.get(slug).program
    return ran(program, asks_for(ran(program)))


def show(page: Page, run: Run) -> None:
    page.evaluate(LOAD, json.dumps(browser_data(run)))


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf"))


def test_why_this_number_is_torchs_for_every_element_of_every_preset(blank: Page) -> None:
    """What is shown as the sum of the terms, and beside it as torch's, is what torch sent."""
    looked_at = 0
    for preset in presets.all():
        run = presets_run(preset.slug)
        show(blank, run)
        for place, step, slot, element, value, check in blank.evaluate(EXPLANATIONS):
            sent = run.calls[place].steps[step - 1].cotangents_out[slot]
            assert sent is not None
            assert sent.array is not None
            real = float(sent.array.ravel()[element])
            at = (preset.slug, place, step, slot, element)
            assert check.startswith("✓ torch: "), at
            assert number(check.partition(": ")[2]) == pytest.approx(real, rel=6e-3, abs=1e-9), at
            assert number(value) == pytest.approx(real, rel=6e-2, abs=2e-6), at
            looked_at += 1
    assert looked_at > 5_000


@pytest.mark.parametrize("slug", ["tutorial", "notebook", "backward_twice"])
def test_played_to_the_end_and_stepped_back_it_is_the_same_picture(blank: Page, slug: str) -> None:
    """Over the forward and all calls: each picture on the way back is that of the way there."""
    show(blank, presets_run(slug))
    there = blank.evaluate(PICTURES)
    blank.evaluate("player.arrive(player.journey.first); player.speed = 300; player.play();")
    blank.evaluate(PLAYED)
    blank.evaluate("player.speed = 1")
    back = blank.evaluate(PICTURES_BACK)
    assert len(there) == len(back)
    assert len(set(there)) == len(there)
    assert there == back


def test_a_walk_from_start_to_end_follows_the_program(blank: Page) -> None:
    """Ops, steps and what is done beside the graph come in the order in which they ran."""
    source = """\
import torch
w = torch.tensor(3.0, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.25)
for _ in range(2):
    optimizer.zero_grad()
    loss = w * w
    loss.backward()
    optimizer.step()
"""
    show(blank, explorer.run(source))
    blank.evaluate("player.arrive(player.journey.first)")
    seen = []
    while True:
        counter = blank.locator(".caption .counter").inner_text()
        said = blank.locator(".caption .sentence").inner_text()
        seen.append((counter, said))
        if blank.evaluate("player.journey.after(player.place) === null"):
            break
        blank.keyboard.press("ArrowRight")
    assert [counter for counter, _ in seen] == [
        "1 of 2, forward", "2 of 2, forward", "at rest", "1 of 2", "2 of 2",
        "1 of 3, forward", "2 of 3, forward", "3 of 3, forward", "at rest", "1 of 2", "2 of 2",
        "1 of 1, after the call",
    ]  # fmt: skip
    said = [sentence for _, sentence in seen]
    assert said[0] == "optimizer.zero_grad() finds no gradient to clear."
    assert said[1] == said[7].replace("2.25", "9") == "Forward: w * w gives 9."
    assert said[5].startswith("optimizer.step(): the optimizer changes its parameters in place.")
    assert said[6] == "optimizer.zero_grad() clears the gradients: .grad is None again."
    # While the optimizer steps, the graph before stands as it ended.
    assert blank.locator("g.node.done").count() == 2
    blank.keyboard.press("ArrowLeft")
    assert blank.locator("g.node.firing").count() == 1


def test_markup_in_a_program_stays_text(blank: Page) -> None:
    """In a variable, in an error, in what a module is called: nothing of it becomes an element."""
    evil = '<img src="x" onerror="window.hacked=1"></script><script>window.hacked=1</script>'
    source = f"""
import torch
from torch import nn
class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.add_module({evil.replace(".", "_")!r}, nn.Linear(2, 2))
    def forward(self, x):
        return next(self.children())(x)
net = Named()
net(torch.ones(2)).sum().backward()
raise ValueError({evil!r})
"""
    run = explorer.run(source)
    assert "<img" in run.calls[0].leaves[0].name
    assert run.error is not None
    show(blank, run)
    blank.evaluate(
        "for (let k = 0; k < 6; k++) player.ahead(); player.select(player.scene.items[1].index);"
    )
    expect(blank.locator(".problem")).to_contain_text("<img")
    assert blank.locator("img, .player script").count() == 0
    assert blank.evaluate("window.hacked") is None


def test_a_portrait_phone_steps_through_the_graph_from_top_to_bottom(
    browser: Browser, tmp_path: Path
) -> None:
    """The card of each step is on the screen, whole and large enough to be read."""
    path = tmp_path / "player.html"
    path.write_text(document(presets_run("notebook")), encoding="utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(path.as_uri())
    expect(page.locator("g.node").first).to_be_visible()
    page.locator(".caption").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for _ in range(7):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(450)
        stage, node = page.locator(".stage").bounding_box(), page.locator("g.node.firing")
        assert stage is not None
        box = node.locator(".edge, .tray").first.bounding_box()
        assert box is not None
        assert stage["x"] <= box["x"]
        assert box["x"] + box["width"] <= stage["x"] + stage["width"] + 1
        assert stage["y"] <= box["y"]
        assert box["y"] + box["height"] <= stage["y"] + stage["height"] + 1
        if "card" in (node.get_attribute("class") or ""):
            assert box["width"] > 130
    page.close()
