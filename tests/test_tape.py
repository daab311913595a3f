"""`trace` reads exactly torch's graph: held against a bare walk of `next_functions`."""

import json
import pickle

import pytest
import torch
from torch import nn
from torch.autograd.graph import get_gradient_edge
from zoo import ZOO

import explorer
from explorer.data import MAX_ELEMENTS, Edge, Trace
from explorer.errors import TraceError


def bare_walk(roots):
    """The graph by the shortest code that can be written: the oracle."""
    start = [get_gradient_edge(root).node for root in roots]
    seen, queue = [], []
    for fn in start:
        if fn not in seen:
            seen.append(fn)
            queue.append(fn)
    while queue:
        for target, _ in queue.pop(0).next_functions:
            if target is not None and target not in seen:
                seen.append(target)
                queue.append(target)
    edges = {
        (seen.index(fn), slot, seen.index(target), nr)
        for fn in seen
        for slot, (target, nr) in enumerate(fn.next_functions)
        if target is not None
    }
    return seen, edges, [seen.index(fn) for fn in start]


def as_list(root):
    return [root] if isinstance(root, torch.Tensor) else list(root)


@pytest.mark.parametrize("make", ZOO.values(), ids=ZOO.keys())
def test_a_trace_has_exactly_the_nodes_and_edges_of_a_bare_walk(make) -> None:
    root, names = make()
    trace = explorer.trace(root, names=names)
    fns, edges, roots = bare_walk(as_list(root))
    numbers = {}  # the walks may number differently: match them by following equal edges
    queue = list(zip(trace.roots, roots, strict=True))
    ours = {(e.source, e.slot): (e.target, e.input_nr) for e in trace.edges}
    theirs = {(source, slot): (target, nr) for source, slot, target, nr in edges}
    while queue:
        mine, bare = queue.pop()
        if numbers.setdefault(mine, bare) != bare:
            pytest.fail("one node of the trace stands for two of torch's")
        for slot in range(len(fns[bare].next_functions)):
            assert ((mine, slot) in ours) == ((bare, slot) in theirs)
            if (mine, slot) in ours and ours[mine, slot][0] not in numbers:
                queue.append((ours[mine, slot][0], theirs[bare, slot][0]))
                assert ours[mine, slot][1] == theirs[bare, slot][1]
    assert sorted(numbers.values()) == list(range(len(fns)))
    assert len(trace.nodes) == len(fns)
    assert len(trace.edges) == len(edges)
    assert {numbers[n.index]: n.name for n in trace.nodes} == {
        i: type(fn).__name__ for i, fn in enumerate(fns)
    }


@pytest.mark.parametrize("make", ZOO.values(), ids=ZOO.keys())
def test_equal_graphs_give_equal_traces_that_survive_json_and_pickle(make) -> None:
    first, second = (explorer.trace(root, names=names) for root, names in (make(), make()))
    assert first == second
    assert hash(first) == hash(second)
    assert Trace.from_dict(json.loads(json.dumps(first.to_dict(), allow_nan=False))) == first
    assert pickle.loads(pickle.dumps(first)) == first


@pytest.mark.parametrize("make", ZOO.values(), ids=ZOO.keys())
def test_every_accumulate_grad_has_a_name_and_nothing_else_has(make) -> None:
    root, names = make()
    for node in explorer.trace(root, names=names).nodes:
        assert isinstance(node.leaf, str) == (node.name == "AccumulateGrad")
        assert node.span is None
        assert node.module is None


def test_a_square_reaches_its_only_leaf_by_two_edges() -> None:
    x = torch.tensor(3.0, requires_grad=True)
    trace = explorer.trace(x * x, names={"x": x})
    assert [node.leaf for node in trace.nodes] == [None, "x"]
    assert trace.edges == (Edge(0, 0, 1, 0), Edge(0, 1, 1, 0))


def test_an_edge_says_which_output_of_its_target_it_belongs_to() -> None:
    x = torch.randn(3, 2, requires_grad=True)
    first, _, third = x.unbind()
    trace = explorer.trace(first + third)
    assert [(e.slot, e.input_nr) for e in trace.edges if e.source == 0] == [(0, 0), (1, 2)]
    assert explorer.trace(third).root_nrs == (2,)


def test_the_first_name_of_a_leaf_wins() -> None:
    tied = nn.Linear(2, 2, bias=False)
    net = nn.ModuleDict({"a": tied, "b": tied})
    assert explorer.trace(net["b"](torch.ones(1, 2)), names=net).nodes[-1].leaf == "a.weight"
    x = torch.ones(1, requires_grad=True)
    assert explorer.trace(x * 2, names={"x": x, "y": x}).nodes[1].leaf == "x"


def test_a_leaf_without_a_name_is_called_by_its_index() -> None:
    x = torch.ones(1, requires_grad=True)
    assert [node.leaf for node in explorer.trace((x * 2).exp()).nodes] == [None, None, "leaf_2"]


def test_modules_in_a_mapping_give_paths() -> None:
    net = nn.Linear(2, 1)
    trace = explorer.trace(net(torch.ones(2)), names={"net": net})
    assert {node.leaf for node in trace.nodes} == {None, "net.weight", "net.bias"}


def saved_of(tensor: torch.Tensor):
    return {saved.name: saved for saved in explorer.trace(tensor).nodes[0].saved}


def test_saved_tensors_carry_their_numbers() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    saved = saved_of(x * torch.tensor([3.0, 4.0]))
    assert saved["other"].state == "held"
    assert saved["other"].values.array.tolist() == [3.0, 4.0]
    assert saved["self"].state == "none"  # the constant needs no gradient, so x was not kept


def test_a_saved_dim_of_minus_one_reads_as_minus_one() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    assert saved_of(x.sum(dim=-1))["dim"].text == "(-1,)"
    assert saved_of(x.softmax(-1))["dim"].text == "-1"


def test_a_freed_saved_tensor_differs_from_one_that_was_never_kept() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x.exp()
    z = y.sum()
    z.backward()
    assert saved_of(y)["result"].state == "freed"
    norm = nn.LayerNorm(2, elementwise_affine=False)(x)
    assert saved_of(norm)["weight"].state == "none"


def test_a_saved_tensor_edited_afterwards_says_so_with_its_version() -> None:
    x = torch.ones(2, requires_grad=True)
    y, w = x.exp(), x * 1.0
    z = w * w
    y.add_(1)
    with torch.no_grad():
        w.mul_(5)
    assert explorer.trace(z).nodes[0].saved[0].state == "edited"
    assert explorer.trace(z).nodes[0].saved[0].version == 1
    exp = next(n for n in explorer.trace(y).nodes if n.name == "ExpBackward0")
    assert {s.name: s.state for s in exp.saved}["result"] == "edited"


def test_reading_runs_no_unpack_hook() -> None:
    unpacked = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, unpacked.append):
        x = torch.ones(2, requires_grad=True)
        y = (x * 2).exp()
    assert saved_of(y)["result"].state == "packed"
    assert unpacked == []


def test_saved_tensors_of_a_custom_function_are_read_and_known_when_freed() -> None:
    root, _ = ZOO["custom_function"]()
    before = explorer.trace(root)
    assert [s.state for s in before.nodes[1].saved] == ["held"]
    root.backward()
    assert [s.state for s in explorer.trace(root).nodes[1].saved] == ["freed"]


def test_above_the_cap_shape_and_statistics_remain() -> None:
    x = torch.full((MAX_ELEMENTS + 1,), 2.0, requires_grad=True)
    values = saved_of(x * x)["self"].values
    assert values.array is None
    assert values.shape == (MAX_ELEMENTS + 1,)
    assert (values.statistics.minimum, values.statistics.maximum) == (2.0, 2.0)
    assert "65,536" in values.note


def test_a_chain_of_5000_ops_is_read_without_recursion() -> None:
    w, h = torch.full((2, 2), 0.1, requires_grad=True), torch.ones(1, 2)
    for _ in range(2500):
        h = torch.tanh(h @ w)
    trace = explorer.trace(h.sum(), names={"w": w})
    assert len(trace.nodes) == 5002
    assert sum(trace.nodes[edge.target].leaf == "w" for edge in trace.edges) == 2500


@pytest.mark.parametrize(
    ("root", "words"),
    [
        (torch.ones(2), "root (shape (2,), float32) has no grad_fn"),
        ([torch.ones(1, requires_grad=True), torch.ones(2)], "root 1 (shape (2,), float32)"),
        ([], "root is empty"),
        (3, "root is a int; allowed are a tensor or a sequence of tensors"),
        ([torch.ones(1), "y"], "root[1] is a str"),
    ],
)
def test_what_has_no_graph_is_refused_in_words(root, words: str) -> None:
    with pytest.raises(TraceError) as refused:
        explorer.trace(root)
    assert words in str(refused.value)


@pytest.mark.parametrize("names", [3, ["x"], {"x": 3}])
def test_names_that_name_nothing_are_refused(names) -> None:
    with pytest.raises(TraceError, match="allowed are"):
        explorer.trace(torch.ones(1, requires_grad=True), names=names)
