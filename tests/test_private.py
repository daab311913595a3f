"""Each private torch name that the explorer leans on still keeps its promise."""

import gc

import pytest
import torch
from torch._vmap_internals import _vmap
from torch.overrides import TorchFunctionMode

from explorer.autograd import private


@pytest.fixture
def x() -> torch.Tensor:
    return torch.ones(2, requires_grad=True)


def test_input_metadata_has_shape_and_dtype_of_each_output(x) -> None:
    fn = torch.stack([x, x]).unbind()[0].grad_fn
    assert [(tuple(m.shape), m.dtype) for m in private.input_metadata(fn)] == [
        ((2,), torch.float32)
    ] * 2


def test_sequence_numbers_count_the_nodes_of_this_thread(x) -> None:
    before = private.next_sequence_nr()
    y = (x * 2).exp()
    assert private.sequence_nr(y.grad_fn) == before + 1
    assert private.next_sequence_nr() == before + 2


def test_accumulate_grad_has_a_number_above_all_others(x) -> None:
    leaf = (x * 2).grad_fn.next_functions[0][0]
    assert private.sequence_nr(leaf) > 2**60


def test_notes_outlive_the_python_object_of_a_node(x) -> None:
    y = (x * 2).exp()
    private.notes(y.grad_fn.next_functions[0][0])["word"] = 1
    gc.collect()
    assert private.notes(y.grad_fn.next_functions[0][0]) == {"word": 1}


def test_saved_names_tell_tensors_from_constants(x) -> None:
    assert private.saved_names(type(x.softmax(0).grad_fn)) == (("dim", False), ("result", True))


def test_a_raw_saved_tensor_is_read_without_its_hook(x) -> None:
    unpacked = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, unpacked.append):
        y = x.exp()
    raw = private.raw_saved(y.grad_fn, "result")
    assert private.has_unpack_hook(raw)
    assert raw.data is not None
    assert unpacked == []
    assert not private.has_unpack_hook(private.raw_saved(x.exp().grad_fn, "result"))


def test_the_words_of_a_freed_and_of_an_edited_saved_tensor(x) -> None:
    y, z = x.exp(), x.exp()
    y.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        private.saved_tensor(y.grad_fn, "result")
    z.add_(1)
    (fn, _), *_ = z.grad_fn.next_functions
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        private.saved_tensor(fn, "result")


def test_tensors_inside_a_transform_are_known_as_wrapped(x) -> None:
    seen = []

    def note(t):
        seen.append((private.is_wrapped(t), private.transforms_active()))
        return t.sum()

    torch.func.grad(note)(x)
    note(x)
    assert seen == [(True, True), (False, False)]


def test_tensors_inside_the_older_vmap_are_known_as_wrapped(x) -> None:
    seen = []

    def note(t):
        seen.append(private.is_wrapped(t))
        return t * 2

    _vmap(note)(x)
    note(x)
    assert seen == [True, False]


def test_modes_see_nothing_of_what_is_done_without_them(x) -> None:
    class Count(TorchFunctionMode):
        calls = 0

        def __torch_function__(self, func, types, args=(), kwargs=None):
            self.calls += 1
            return func(*args, **(kwargs or {}))

    with Count() as count, private.without_modes():
        x.exp()
    assert count.calls == 0


def test_function_apply_is_wrapped_only_inside(x) -> None:
    class Same(torch.autograd.Function):
        @staticmethod
        def forward(_, t):
            return t.clone()

        @staticmethod
        def backward(_, g):
            return g

    seen = []

    def around(cls, call, args, kwargs):
        seen.append((cls.__name__, len(args), kwargs))
        return call()

    with private.around_function_apply(around):
        y = Same.apply(x)
    Same.apply(x)
    assert seen == [("Same", 1, {})]
    assert type(y.grad_fn).__name__ == "SameBackward"


def test_writing_with_the_version_kept_is_no_edit_in_place() -> None:
    x = torch.ones(2, requires_grad=True)
    y = (x * x).sum()
    with torch.no_grad(), private.version_kept(x):
        x.copy_(x.clone())
    assert x._version == 0
    y.backward()
