"""The graph as torch has it: a box for each node, a wire for each entry of next_functions."""

import pytest

import explorer
from explorer import presets
from explorer.frames import frames_of
from explorer.frames.bare import bare


@pytest.mark.parametrize("preset", presets.all(), ids=lambda preset: preset.slug)
def test_each_node_is_a_box_and_each_edge_a_wire(preset) -> None:
    run = explorer.run(preset.program)
    frames = frames_of(run)
    for scene in frames.scenes:
        shown = bare(scene, frames.tiles)
        members = {item.index for item in scene.items}
        assert {item.index: item.kind for item in shown.items} == {
            index: "bucket" if run.trace.nodes[index].leaf is not None else "card"
            for index in members
        }
        edges = {
            (edge.source, edge.slot, edge.target, edge.input_nr)
            for edge in run.trace.edges
            if edge.source in members
        }
        wires = [w for w in shown.wires if w.seed is None]
        assert {(w.source, w.slot, w.target, w.input_nr) for w in wires} == edges
        assert len(wires) == len(edges)
        assert [w.number for w in shown.wires] == list(range(len(shown.wires)))


def test_what_flows_on_a_bare_wire_is_what_its_node_sent() -> None:
    run = explorer.run(presets.get("notebook").program)
    frames = frames_of(run)
    call = next(number for number, call in enumerate(run.calls) if call.kind == "grad")
    shown = bare(frames.scenes[call], frames.tiles)
    steps = {step.node: step for step in run.calls[call].steps}
    looked_at = 0
    for wire in shown.wires:
        if wire.source is None or wire.tile is None:
            continue
        sent = steps[wire.source].cotangents_out[wire.slot]
        assert sent is not None
        assert frames.tiles[wire.tile].shape == sent.shape
        looked_at += 1
    assert looked_at >= 5
