"""Ops, calls and what is done beside the graph stand on the timeline as they ran."""

import msgspec
import pytest
from ran import ran

import explorer
from explorer import presets
from explorer.data import MAX_RUN_OPS, Run
from explorer.frames import frames_of

LOOP = """\
import torch
net = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
x = torch.ones(3, 2)
for _ in range(2):
    optimizer.zero_grad()
    loss = net(x).pow(2).mean()
    loss.backward()
    optimizer.step()
"""


def told(run: Run) -> list[str]:
    """The timeline in words: the label of each tick, and `call 0`, `call 1`, … between them."""
    frames = frames_of(run)
    words, at = [], 0
    for number, until in enumerate(frames.begins):
        words += [tick.label for tick in frames.forward[at:until]]
        words += [f"call {number}"] if run.calls else []
        at = until
    return [*words, *(tick.label for tick in frames.forward[at:])]


def test_a_training_loop_is_told_as_it_ran() -> None:
    once = ["net(x)", "….pow(2)", "….mean()"]
    assert told(explorer.run(LOOP)) == [
        "optimizer.zero_grad()", *once, "call 0", "optimizer.step()",
        "optimizer.zero_grad()", *once, "call 1", "optimizer.step()",
    ]  # fmt: skip


def test_an_edit_a_second_forward_and_an_emptied_bucket_stand_between_two_calls() -> None:
    source = """\
import torch
w = torch.ones(2, requires_grad=True)
(w * w).sum().backward()
with torch.no_grad():
    w -= 0.1 * w.grad
w.grad = None
(w * 3).sum().backward()
w.grad.zero_()
"""
    frames = frames_of(explorer.run(source))
    assert told(explorer.run(source)) == [
        "w * w", "….sum()", "call 0", "w -= 0.1 * w.grad", "w.grad",
        "w * 3", "….sum()", "call 1", "w.grad.zero_()",
    ]  # fmt: skip
    assert [tick.label for tick in frames.forward if tick.beside] == ["w.grad"]
    assert frames.forward[3].caption[0].id == "beside.grad.none"


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("optimizer.zero_grad()", "none"),
        ("optimizer.zero_grad(set_to_none=False)", "zeros"),
        ("net.zero_grad()", "none"),
        ("net.zero_grad(set_to_none=False)", "zeros"),
    ],
)
def test_an_event_says_what_torch_left_in_grad(line: str, left: str) -> None:
    run = explorer.run(f"{LOOP}{line}\n")
    last = run.events[-1]
    assert (last.kind, last.left, last.calls_before) == ("zero_grad", left, 2)
    assert {leaf.grad is None for leaf in run.leaves} == {left == "none"}
    assert run.events[0].left == ""  # there was nothing to clear yet
    assert not [op for op in run.forward if op.function == "zero_"]


def test_a_step_that_changes_nothing_is_none() -> None:
    source = LOOP.replace("    loss.backward()\n", "")
    run = explorer.run(source)
    assert [event.kind for event in run.events] == ["zero_grad", "zero_grad"]


def test_a_program_that_goes_on_and_on_stays_small() -> None:
    source = "import torch\na, b = (torch.ones(1, requires_grad=True) for _ in range(2))\n"
    source += f"for _ in range({MAX_RUN_OPS}):\n    a.grad = None\n    b.grad = None\n"
    run = explorer.run(source)
    assert len(run.forward) + len(run.events) == MAX_RUN_OPS
    assert run.notes


@pytest.mark.parametrize("preset", presets.all(), ids=lambda preset: preset.slug)
def test_what_stands_before_a_call_is_what_a_program_cut_short_before_it_makes(preset) -> None:
    run = ran(preset.program)
    begun = [call.ops_before for call in run.calls]
    assert begun == sorted(begun)
    for call in run.calls[:2]:
        if call.span is None or sum(one.span == call.span for one in run.calls) > 1:
            continue
        lines = preset.program.source.splitlines()
        if lines[call.span.line - 1][:1].isspace():
            continue  # inside a block, which cannot be cut
        short = "\n".join(lines[: call.span.line - 1])
        before = explorer.run(msgspec.structs.replace(preset.program, source=short))
        assert len(before.forward) <= call.ops_before
        own = [op for op in run.forward[: call.ops_before] if op.span.line < call.span.line]
        assert [op.function for op in before.forward] == [op.function for op in own]


def test_a_file_from_before_the_order_was_kept_has_all_ops_first() -> None:
    run = explorer.run(LOOP)
    built = run.to_dict()
    del built["events"]
    for call in built["calls"]:
        del call["ops_before"]
    old = Run.from_dict(built)
    assert {call.ops_before for call in old.calls} == {None}
    assert frames_of(old).begins == (6, 6)
