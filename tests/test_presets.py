"""Every preset runs, by itself and explored, and gives the numbers of its story."""

import ast
import contextlib
import io
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import torch
from torch.nn.functional import mse_loss

import explorer
from explorer import presets
from explorer.builder import LINE_LENGTH
from explorer.errors import ProgramError
from explorer.presets import Preset

PRESETS = {preset.slug: preset for preset in presets.all()}

RAISING = {"in_place": "modified by an inplace operation"}
"""Presets that end in an error on purpose, and words of it."""

every_preset = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)


@pytest.fixture(autouse=True, scope="module")
def _one_thread_as_in_the_sandbox() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums in another order end in other digits
    yield
    torch.set_num_threads(threads)


class Executed:
    """What plain Python makes of a preset: the names it leaves behind, its print, its error."""

    def __init__(self, preset: Preset) -> None:
        self.names: dict[str, Any] = {}
        self.error = ""
        printed = io.StringIO()
        torch.manual_seed(preset.program.seed)
        with contextlib.redirect_stdout(printed):
            try:
                exec(compile(preset.program.source, preset.slug, "exec"), self.names)
            except RuntimeError as error:
                self.error = str(error)
        self.printed = printed.getvalue()

    def __getitem__(self, name: str) -> Any:
        return self.names[name]


@cache
def executed(slug: str) -> Executed:
    return Executed(PRESETS[slug])


@cache
def explored(slug: str) -> explorer.Run:
    return explorer.run(PRESETS[slug].program)


def masked(text: str) -> str:
    return re.sub(r"0x[0-9a-f]+", "0x…", text)


def close(found: torch.Tensor, expected: object) -> bool:
    return torch.allclose(found, torch.as_tensor(expected, dtype=found.dtype), atol=1e-5)


# ------------------------------------------------------------------------------ all of them


def test_every_script_in_the_folder_is_a_preset() -> None:
    files = presets.resources.files(presets) / "programs"
    assert {file.name for file in files.iterdir() if file.name.endswith(".py")} == {
        f"{slug}.py" for slug in PRESETS
    }


def test_the_order_is_that_of_the_groups() -> None:
    assert [preset.group for preset in presets.all()] == [
        group for group, slugs in presets.GROUPS.items() for _ in slugs
    ]


def test_an_unknown_preset_is_named_with_those_that_there_are() -> None:
    with pytest.raises(ProgramError, match="no preset “nope”: the presets are tutorial, "):
        presets.get("nope")


@every_preset
def test_a_preset_has_words_and_a_program_without_them(preset: Preset) -> None:
    assert preset.title
    assert preset.blurb.endswith(".")
    assert ast.get_docstring(ast.parse(preset.program.source)) is None
    assert preset.program.source.startswith("import torch\n")
    assert preset.program.source.endswith("\n")


@every_preset
def test_a_preset_is_short_enough_for_a_projector(preset: Preset) -> None:
    lines = preset.program.source.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= LINE_LENGTH


@every_preset
def test_a_preset_imports_torch_and_nothing_else(preset: Preset) -> None:
    for node in ast.walk(ast.parse(preset.program.source)):
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= {
                "torch",
                "torch.nn",
                "torch.nn.functional",
            }
        if isinstance(node, ast.ImportFrom):
            assert node.module in {"torch.autograd", "torch.autograd.functional", "torch.func"}


@every_preset
def test_plain_python_runs_it(preset: Preset) -> None:
    ran = executed(preset.slug)
    assert bool(ran.error) == (preset.slug in RAISING)
    assert RAISING.get(preset.slug, "") in ran.error


@every_preset
def test_explored_it_prints_and_raises_the_same(preset: Preset) -> None:
    run, ran = explored(preset.slug), executed(preset.slug)
    assert masked(run.printed) == masked(ran.printed)
    assert (run.error.message if run.error else "") == ran.error


@every_preset
def test_explored_twice_it_is_the_same_run(preset: Preset) -> None:
    assert explorer.run(preset.program) == explored(preset.slug)


@every_preset
def test_explored_it_shows_a_backward_pass(preset: Preset) -> None:
    run = explored(preset.slug)
    assert any(call.steps for call in run.calls)
    assert {root for call in run.calls for root in call.roots} <= set(range(len(run.trace.nodes)))


@every_preset
def test_explored_its_leaves_end_with_the_gradients_of_plain_python(preset: Preset) -> None:
    ran = executed(preset.slug)
    for variable in explored(preset.slug).tensors:
        tensor = ran.names.get(variable.name)
        if not (variable.last and isinstance(tensor, torch.Tensor) and tensor.is_leaf):
            continue
        if tensor.grad is None:
            assert variable.grad is None
        else:
            assert variable.grad is not None
            assert (variable.grad.array == tensor.grad.numpy()).all()


# ----------------------------------------------------------------- the tutorial, in two languages


def test_tutorial_out_is_27_and_every_gradient_4_5() -> None:
    for slug in ("tutorial", "tutorial_names"):
        ran = executed(slug)
        assert ran["out"].item() == 27.0
        assert ran["x"].grad.tolist() == [[4.5, 4.5], [4.5, 4.5]]


def test_tutorial_with_a_power_sends_one_part() -> None:
    # d(mean(3 y^3))/dx = 9 y^2 / 4 at y = 3
    assert executed("tutorial_power")["x"].grad.tolist() == [[20.25, 20.25], [20.25, 20.25]]
    edges = {slug: len(explored(slug).trace.edges) for slug in ("tutorial", "tutorial_power")}
    assert edges == {"tutorial": 5, "tutorial_power": 4}


def test_tutorial_s_program_is_five_lines_after_the_import() -> None:
    assert PRESETS["tutorial"].program.source.splitlines()[2:] == [
        "x = torch.ones(2, 2, requires_grad=True)",
        "y = x + 2",
        "z = y * y * 3",
        "out = z.mean()",
        "out.backward()",
    ]


def test_tutorial_s_results_carry_the_names_of_their_nodes() -> None:
    names = re.findall(r"<(\w+) object", executed("tutorial_names").printed)
    assert names == ["AddBackward0", "MulBackward0", "MeanBackward0"]
    assert executed("tutorial_names").printed.startswith("None\n")  # a leaf has no node


def test_tutorial_switches_requires_grad_and_cuts() -> None:
    ran = executed("tutorial_switch")
    lines = ran.printed.splitlines()
    assert lines[:2] == ["False", "True"]
    assert lines[2].startswith("<SumBackward0")
    assert lines[3:5] == ["False None", "False True"]
    assert close(ran["a"].grad, 2 * ran["a"].detach())


def test_tutorial_doubles_until_the_norm_passes_1000() -> None:
    ran = executed("tutorial_vector")
    factor = 2 ** ran["doublings"]
    norm = ran["y"].detach().norm()
    assert norm / 2 < 1000 <= norm
    assert close(ran["y"].detach(), ran["x"].detach() * factor)
    assert close(ran["x"].grad, torch.tensor([0.1, 1.0, 0.0001]) * factor)
    shown = [variable for variable in explored("tutorial_vector").tensors if variable.name == "y"]
    assert [variable.number for variable in shown] == [*range(1, ran["doublings"] + 1)]


def test_nine_doublings_have_the_product_512() -> None:
    ran = executed("doubling_product")
    assert ran["x"].detach().tolist() == pytest.approx([-0.9618, -3.3220, -0.6637])
    assert len(ran["inputs"]) == 9
    assert close(ran["product"], 512 * torch.eye(3))
    assert close(ran["x"].grad, [51.2, 512, 0.0512])
    assert close(ran["product"].T @ ran["v"], [51.2, 512, 0.0512])


def test_each_doubling_has_the_local_jacobian_2() -> None:
    ran = executed("doubling_product")
    for value in ran["inputs"]:
        local = torch.autograd.functional.jacobian(ran["double"], value)
        assert close(local, 2 * torch.eye(3))


# ---------------------------------------------------------------------------------- the notebook


@pytest.mark.parametrize("slug", ["notebook", "notebook_linear"])
def test_notebook_jacobian_is_2_by_3_and_ones_sum_its_rows(slug: str) -> None:
    ran = executed(slug)
    assert ran["J"].shape == (2, 3)
    assert ran["x"].tolist() == [1, 2, 1.5]
    assert close(ran["column_sum"], ran["J"].detach().sum(dim=0))
    assert all(row.unique().numel() == 1 for row in ran["net"].Layer_1.weight.grad)


def test_notebook_with_relu_leaves_zeros_and_one_none() -> None:
    ran = executed("notebook")
    net = ran["net"]
    assert ran["x"].grad.tolist() == [0, 0, 0]
    assert net.Layer_1.bias.grad.tolist() == [0] * 16
    assert net.Output_Layer.bias.grad is None
    dead = net.Layer_1(ran["x"]) <= 0
    assert 0 < dead.sum() < 16
    assert torch.equal((net.Layer_1.weight.grad == 0).all(dim=1), dead)


def test_notebook_without_relu_leaves_none() -> None:
    ran = executed("notebook_linear")
    assert ran["x"].grad is None
    assert ran["net"].Layer_1.bias.grad is None
    assert ran["net"].Output_Layer.bias.grad is None


@pytest.mark.parametrize(("slug", "nodes"), [("notebook", 30), ("notebook_linear", 21)])
def test_notebook_second_derivative_runs_its_whole_graph(slug: str, nodes: int) -> None:
    run = explored(slug)
    assert [call.kind for call in run.calls] == ["functional", "functional", "grad", "backward"]
    assert len({step.node for step in run.calls[-1].steps}) == nodes


def test_notebook_second_derivative_has_16_shape_only_nodes_and_4_leaves() -> None:
    run = explored("notebook")
    names = [run.trace.nodes[step.node].name for step in run.calls[-1].steps]
    assert sum(name in {"ViewBackward0", "TBackward0"} for name in names) == 16
    assert names.count("AccumulateGrad") == 4


def test_notebook_leaves_have_the_names_of_the_program() -> None:
    added = {leaf.name for leaf in explored("notebook").calls[-1].leaves}
    assert added == {"x", "Layer_1.weight", "Layer_1.bias", "Output_Layer.weight"}


# ----------------------------------------------------------------------------------- the article


def test_article_one_neuron_s_bars_follow_from_each_other() -> None:
    ran = executed("neuron")
    y, t, w, x = (ran[name].item() for name in "ytwx")
    assert ran["L"].grad.item() == 1
    assert ran["y"].grad.item() == pytest.approx(y - t)
    assert ran["z"].grad.item() == pytest.approx((y - t) * y * (1 - y))
    assert ran["w"].grad.item() == pytest.approx((y - t) * y * (1 - y) * x)
    assert ran["x"].grad.item() == pytest.approx((y - t) * y * (1 - y) * w)
    assert ran["b"].grad.item() == ran["z"].grad.item()


def test_article_scalar_loss_is_bce_of_a_5_by_3_layer() -> None:
    ran = executed("scalar_loss")
    expected = torch.sigmoid(ran["z"].detach()) / 3  # y is 0, and the loss is a mean of three
    assert close(ran["b"].grad, expected)
    assert close(ran["w"].grad, expected.expand(5, 3))
    assert "BinaryCrossEntropyWithLogitsBackward0" in ran.printed


def test_article_tensor_output_needs_a_vector_and_accumulates() -> None:
    ran, run = executed("tensor_output"), explored("tensor_output")
    assert "grad can be implicitly created only for scalar outputs" in ran.printed
    eye = torch.eye(4, 5)
    once = 2 + 2 * eye  # 4 on the diagonal, 2 off it
    assert run.calls[0].error is not None
    after = [torch.tensor(call.leaves[0].after.array) for call in run.calls[1:]]
    assert all(close(found, k * once) for found, k in zip(after, (1, 2, 1), strict=True))
    assert close(ran["x"].grad, once)


def test_article_row_sums_have_a_jacobian_with_zero_blocks() -> None:
    ran = executed("row_sums")
    J, x = ran["J"], ran["x"].detach()
    assert J.shape == (2, 2, 3)
    assert not J[0, 1].any()
    assert not J[1, 0].any()
    assert close(J[0, 0], x[0].exp())
    assert close(ran["x"].grad, (torch.ones(2) @ J.reshape(2, 6)).reshape(2, 3))
    identity = str(torch.eye(3))
    assert identity in ran.printed


def test_article_matrix_product_is_b_transposed_by_rows_and_a_by_columns() -> None:
    ran = executed("matrix_product")
    a, b = ran["a"].detach(), ran["b"].detach()
    assert ran.printed.count(str(b.T.contiguous())) == 2
    assert ran.printed.count(str(a)) == 2
    assert close(ran["a"].grad, torch.ones(2, 2) @ b.T)
    assert close(ran["b"].grad, a.T @ torch.ones(2, 2))


# ---------------------------------------------------------------------------------- the question


def test_question_backward_raises_and_variable_is_no_gradient() -> None:
    ran = executed("outputs_by_weights")
    assert "grad can be implicitly created only for scalar outputs" in ran.printed
    assert ran["samples"].requires_grad is False


def test_question_one_hot_calls_are_the_rows_of_the_20_by_47_jacobian() -> None:
    ran = executed("outputs_by_weights")
    assert ran["by_rows"].shape == ran["at_once"].shape == (20, 47)
    assert close(ran["by_rows"], ran["at_once"])
    net, samples = ran["net"], ran["samples"]
    one = torch.autograd.grad(net(samples)[7, 0], tuple(net.parameters()))
    assert close(ran["by_rows"][7], torch.cat([part.flatten() for part in one]))


# ----------------------------------------------------------------------------------- the networks


def test_xor_learns() -> None:
    losses = [float(word) for word in re.findall(r"loss (\S+)", executed("xor").printed)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] * 0.75


def test_shared_weight_s_gradient_is_the_sum_over_its_three_uses() -> None:
    ran, run = executed("shared_weight"), explored("shared_weight")
    copies = [ran["W"].detach().clone().requires_grad_() for _ in range(3)]
    h = ran["x"]
    for W in copies:
        h = torch.tanh(h @ W)
    h.pow(2).sum().backward()
    assert close(ran["W"].grad, sum(W.grad for W in copies))
    (leaf,) = (node.index for node in run.trace.nodes if node.leaf == "W")
    assert sum(edge.target == leaf for edge in run.trace.edges) == 3


def test_residual_keeps_the_first_layer_s_gradient() -> None:
    weights = dict(line.split() for line in executed("residual").printed.splitlines())
    assert float(weights["0.weight"]) > float(weights["3.weight"]) / 2


def test_residual_keeps_more_of_it_than_the_plain_network() -> None:
    with_plus, without = (
        executed(slug)["net"][0].weight.grad.norm() for slug in ("residual", "residual_plain")
    )
    assert with_plus > 5 * without


def test_batchnorm_makes_every_output_depend_on_every_sample() -> None:
    ran = executed("batchnorm_classifier")
    assert (ran["J"].norm(dim=(1, 3)) > 1e-4).all()
    assert "rounding: True" in ran.printed


def test_convnet_sends_a_gradient_to_every_parameter() -> None:
    assert all(p.grad.any() for p in executed("convnet")["net"].parameters())


def test_attention_weights_sum_to_1_and_score_cotangents_to_0() -> None:
    ran = executed("attention")
    assert close(ran["weights"].detach().sum(dim=1), torch.ones(3))
    assert close(ran["scores"].grad.sum(dim=1), torch.zeros(3))
    assert ran["scores"].grad.any()


def test_transformer_never_looks_at_later_tokens() -> None:
    J = executed("transformer")["J"].norm(dim=(1, 3))
    assert torch.equal(J != 0, torch.ones(4, 4).tril().bool())


# --------------------------------------------------------------------- what people trip over


def test_fan_out_adds_the_contributions() -> None:
    ran = executed("fan_out")
    assert ran.printed.splitlines() == ["x * x: 6.0", "diamond: 130.0 = 130.0"]
    assert ran["x"].grad.item() == 130  # d((2x + 1) * 10x)/dx = 40x + 10


def test_backward_twice_fails_without_retain_graph_and_adds_with_it() -> None:
    ran = executed("backward_twice")
    assert "Trying to backward through the graph a second time" in ran.printed
    x = ran["x"].detach()
    assert close(ran["x"].grad, 3 * 2 * x + 2)
    errors = [call.error is not None for call in explored("backward_twice").calls]
    assert errors == [False, True, False, False, False, False]


def test_in_place_edit_is_found_by_its_version() -> None:
    assert "is at version 1; expected version 0" in executed("in_place").error
    run = explored("in_place")
    assert run.error is not None
    assert run.error.line == len(PRESETS["in_place"].program.source.splitlines())
    assert executed("in_place")["x"].grad.tolist() == [2, 2, 2]  # the first pass was harmless


def test_freezing_the_first_layer_prunes_and_freezing_the_last_does_not() -> None:
    assert "hidden: None" in executed("freeze_first").printed
    assert "hidden: <TanhBackward0" in executed("freeze_last").printed
    ways = ("freeze_first", "freeze_last")
    reached = [{leaf.name for leaf in explored(slug).calls[0].leaves} for slug in ways]
    assert reached == [{"last.weight", "last.bias"}, {"first.weight", "first.bias"}]
    steps = [len(explored(slug).calls[0].steps) for slug in ways]
    assert steps[0] < steps[1]


def test_custom_function_passes_gradcheck_and_the_wrong_one_does_not() -> None:
    ran = executed("custom_function")
    assert ran["x"].grad.tolist() == [3.0, 12.0]
    assert ran.printed.splitlines()[-2:] == ["True", "False"]


def test_micro_batches_are_three_times_too_large_until_divided() -> None:
    ran = executed("micro_batches")
    net, x, target = ran["net"], ran["x"], ran["target"]
    whole = torch.autograd.grad(mse_loss(net(x), target), net.weight)[0]
    assert close(net.weight.grad, 3 * whole)
    assert "zero_grad leaves None" in ran.printed
    assert "same: True" in ran.printed


def test_micro_batches_of_a_sum_add_up_to_the_whole() -> None:
    ran = executed("micro_batches_sum")
    net, x, target = ran["net"], ran["x"], ran["target"]
    whole = torch.autograd.grad(mse_loss(net(x), target, reduction="sum"), net.weight)[0]
    assert close(net.weight.grad, whole)
    assert "same: True" in ran.printed


def test_weight_decay_tells_none_from_zeros() -> None:
    none, zeros = executed("zero_grad_none"), executed("zero_grad_zeros")
    assert none["spare"].weight.grad is None
    assert not zeros["spare"].weight.grad.any()
    assert torch.equal(none["spare"].weight.detach(), none["before"])
    assert close(zeros["spare"].weight.detach(), zeros["before"] * (1 - 0.1 * 0.5))
    assert torch.equal(none["used"].weight, zeros["used"].weight)


# ----------------------------------------------------------------------------------------- variants


@pytest.mark.parametrize("pair", presets.VARIANTS, ids="-".join)
def test_a_variant_is_another_program_with_most_of_its_lines(pair: tuple[str, str]) -> None:
    one, other = (PRESETS[slug].program.source.splitlines() for slug in pair)
    common = set(one) & set(other)
    assert one != other
    assert len(common) >= 0.75 * max(len(set(one)), len(set(other)))
    assert presets.get(pair[1]) in presets.variants(pair[0])
    assert presets.get(pair[0]) in presets.variants(pair[1])
