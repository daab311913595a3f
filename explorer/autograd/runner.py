"""Run a short PyTorch script and keep everything that it showed as a `Run`.

The program runs in this process, one at a time. It is told nothing of being watched: its errors
reach it first, what it prints is kept word for word, and random numbers, default dtype and gradient
mode are afterwards as they were.
"""

import builtins
import io
import random
import re
import threading
import warnings
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from types import FrameType
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge

from explorer import errors
from explorer.autograd import private
from explorer.autograd.recorder import Recording
from explorer.autograd.spans import Spans
from explorer.autograd.tape import gradient_edge
from explorer.autograd.values import Copier
from explorer.autograd.watch import Watch
from explorer.data import (
    MAX_RUN_BYTES,
    MAX_RUN_CALLS,
    Answer,
    Ask,
    BackwardCall,
    BackwardError,
    Leaf,
    Program,
    Run,
    RunError,
    RunWarning,
    Span,
    Step,
    Trace,
    Values,
    Variable,
)

FILENAME = "<program>"

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_ONE_AT_A_TIME = threading.RLock()

_BATCHED = "torch ran this call for many vectors at once (is_grads_batched), which has no steps"
_FUNC = "torch ran this call inside a torch.func transform, where hooks and numbers are hidden"
_TOO_MANY = f"the steps of the first {MAX_RUN_CALLS} calls are kept; this one came later"


def run(program: Program | str, *, seed: int = 0, ask: tuple[Ask, ...] = ()) -> Run:
    """Run a short PyTorch script after `torch.manual_seed(seed)` and keep all that it showed.

    `program` is the source text, or a `Program` (whose own seed then counts). `ask` names Jacobians
    to compute on the way; they come back in `.answers`. A program that raises still gives
    everything up to there, and `.error`.

    >>> shown = run("x = torch.ones(2, requires_grad=True)\\n(x * x).sum().backward()\\nprint(x.grad)")
    >>> shown.error.message
    "name 'torch' is not defined"
    >>> shown = run("import torch\\n" + shown.program.source)
    >>> shown.printed
    'tensor([2., 2.])\\n'
    >>> [shown.trace.nodes[step.node].name for step in shown.calls[0].steps]
    ['SumBackward0', 'MulBackward0', 'AccumulateGrad']
    """
    if isinstance(program, str):
        program = Program(program, seed)
    with _ONE_AT_A_TIME, ExitStack() as stack:
        stack.enter_context(_as_it_was())
        return _Execution(program, ask).run()


class _Execution:
    """One run of one program."""

    def __init__(self, program: Program, asks: tuple[Ask, ...]) -> None:
        self.program = program
        self.spans = Spans(FILENAME, program.source)
        self.copier = Copier()
        self.calls = _Calls(self)
        self.watch = _ProgramWatch(self.spans, self.copier, self.calls)
        self.namespace = _Namespace(self)
        self.answers: dict[Ask, Answer] = {}
        self.asks = asks
        self.warned: list[RunWarning] = []

    def run(self) -> Run:
        printed = io.StringIO()
        error: RunError | None = None
        _seed(self.program.seed)
        with redirect_stdout(printed), self._listening():
            try:
                code = compile(self.program.source, FILENAME, "exec", dont_inherit=True)
                with self.watch:
                    exec(code, self.namespace.globals, self.namespace)
            except (Exception, SystemExit) as raised:
                error = self._error(raised)
        with private.without_modes():
            return self._finish(_masked(printed.getvalue()), error)

    def _finish(self, printed: str, error: RunError | None) -> Run:
        watch, namespace = self.watch, self.namespace
        watch.name_modules(namespace.parts())
        names = namespace.leaf_names()
        variables = namespace.variables()
        roots = [*self.calls.roots, *namespace.tops(), *watch.add_tops()]
        trace = watch.tape.trace(dict.fromkeys(roots), names)
        notes = []
        if self.copier.over_budget:
            notes.append(
                f"The numbers of this run take more than {MAX_RUN_BYTES // 2**20} MB; of the later "
                "tensors only shape and statistics were kept."
            )
        answers = (
            self.answers.get(a) or Answer(a, error=_not_met(a, namespace)) for a in self.asks
        )
        result = Run(
            program=self.program,
            printed=printed,
            tensors=tuple(variable.plain(trace) for variable in variables),
            forward=watch.ops(),
            trace=trace,
            calls=self.calls.plain(trace, names),
            answers=tuple(answers),
            error=error,
            warnings=tuple(self.warned),
            notes=tuple(notes),
            torch=str(torch.__version__),
        )
        watch.release()
        return result

    def _error(self, raised: BaseException) -> RunError:
        if isinstance(raised, SyntaxError) and raised.filename == FILENAME:
            span = None
            if raised.lineno and raised.offset and raised.end_lineno and raised.end_offset:
                start, end = max(0, raised.offset - 1), max(0, raised.end_offset - 1)
                span = Span(raised.lineno, start, raised.end_lineno, end)
            return RunError(raised.msg, type(raised).__name__, raised.lineno, span)
        span = self.spans.of_traceback(raised.__traceback__)
        text = _masked(str(raised)) or type(raised).__name__
        return RunError(text, type(raised).__name__, span.line if span else None, span)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Collect warnings with their line, each time they are given."""

        def note(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
            _, frame = self.spans.frames()
            line = frame.f_lineno if frame is not None else None
            self.warned.append(RunWarning(_masked(str(message)), category.__name__, line))

        always = torch.is_warn_always_enabled()
        torch.set_warn_always(True)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always")
                warnings.showwarning = note
                yield
        finally:
            torch.set_warn_always(always)

    def assigned(self, name: str, number: int) -> None:
        """A variable has just got a tensor: answer what was asked about it."""
        for ask in self.asks:
            if ask.outputs not in (name, f"{name}#{number}"):
                continue
            from explorer.autograd.jacobian import jacobian

            with private.without_modes(), redirect_stdout(io.StringIO()), self.watch.muted():
                try:
                    wrt = {leaf: self.namespace.find(leaf) for leaf in ask.wrt}
                    outputs = {ask.outputs: self.namespace.find(name)}
                    found = jacobian(outputs, wrt, method=ask.method)
                    self.answers[ask] = Answer(ask, jacobian=found)
                except errors.ExplorerError as refused:
                    self.answers[ask] = Answer(ask, error=str(refused))


# -------------------------------------------------------------------------------------- variables


class _LiveVariable:
    """A name and the tensor it stood for, as it was when it was assigned or when the run ended."""

    def __init__(self, name: str, number: int, tensor: Tensor, span: Span | None) -> None:
        self.name = name
        self.number = number
        self.tensor = tensor
        self.span = span
        self.place: GradientEdge | None = None
        self.last = False

    def look(self, copier: Copier, place: GradientEdge | None) -> None:
        """Keep what the tensor is now."""
        tensor = self.tensor
        self.values = copier.copy(tensor)
        self.requires_grad = tensor.requires_grad
        self.is_leaf = tensor.is_leaf
        self.place = place
        keeps = tensor.is_leaf or tensor.retains_grad
        self.grad = copier.copy(tensor.grad) if keeps and tensor.grad is not None else None

    def settle(self, index: Callable[[Any], int | None]) -> None:
        self.node = None if self.place is None else index(self.place.node)

    def plain(self, trace: Trace) -> Variable:
        return Variable(
            name=self.name,
            number=self.number,
            last=self.last,
            values=self.values,
            requires_grad=self.requires_grad,
            is_leaf=self.is_leaf,
            grad_fn=None if self.place is None or self.is_leaf else type(self.place.node).__name__,
            node=self.node,
            output_nr=0 if self.place is None else self.place.output_nr,
            grad=self.grad,
            span=self.span,
        )


class _Namespace(MutableMapping[str, Any]):
    """The program's module namespace: remembers every tensor that a name stood for.

    The names live in `globals`, where functions of the program find them too; module-level code
    stores through this mapping, which is how an assignment is noticed.
    """

    def __init__(self, execution: _Execution) -> None:
        self.globals: dict[str, Any] = {"__builtins__": builtins, "__name__": "__main__"}
        self._execution = execution
        self._variables: list[_LiveVariable] = []
        self._counts: dict[str, int] = {}
        self._order: list[str] = []

    def __setitem__(self, name: str, value: Any) -> None:
        self.globals[name] = value
        if name not in self._order:
            self._order.append(name)
        if not isinstance(value, Tensor):
            return
        with private.without_modes():
            self._remember(name, value)
        self._execution.assigned(name, self._counts[name])

    def _remember(self, name: str, tensor: Tensor) -> None:
        number = self._counts[name] = self._counts.get(name, 0) + 1
        _, frame = self._execution.spans.frames()
        span = None if frame is None else self._execution.spans.of_frame(frame)
        variable = _LiveVariable(name, number, tensor, span)
        variable.look(self._execution.copier, self._place(tensor))
        self._variables.append(variable)

    def _place(self, tensor: Tensor) -> GradientEdge | None:
        if private.is_wrapped(tensor) or not tensor.requires_grad:
            return None
        return self._execution.watch.place(tensor) or gradient_edge(tensor)

    def __getitem__(self, name: str) -> Any:
        return self.globals[name]

    def __delitem__(self, name: str) -> None:
        del self.globals[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.globals)

    def __len__(self) -> int:
        return len(self.globals)

    def variables(self) -> list[_LiveVariable]:
        """Every variable; those still standing for their tensor as it is now."""
        last: dict[str, _LiveVariable] = {v.name: v for v in self._variables}
        for variable in last.values():
            variable.last = True
            if self.globals.get(variable.name) is variable.tensor:
                variable.look(self._execution.copier, self._place(variable.tensor))
        tape = self._execution.watch.tape
        for variable in reversed(self._variables):
            if variable.place is not None and not variable.is_leaf:
                tape.add(variable.place)
        for variable in self._variables:
            variable.settle(tape.index)
        return self._variables

    def tops(self) -> list[tuple[int, int]]:
        """The places of non-leaf variables that no other node leads to, the latest first."""
        tape = self._execution.watch.tape
        targets = {edge.target for edge in tape.edges}
        return [
            (variable.node, variable.place.output_nr)
            for variable in reversed(self._variables)
            if variable.node is not None
            and variable.place is not None
            and variable.node not in targets
        ]

    def modules(self) -> dict[str, nn.Module]:
        """The program's outermost Modules, by variable."""
        found = [(n, self.globals.get(n)) for n in self._order]
        modules = {n: m for n, m in found if isinstance(m, nn.Module)}
        inner = {
            id(part)
            for module in modules.values()
            for part in module.modules()
            if part is not module
        }
        return {n: m for n, m in modules.items() if id(m) not in inner}

    def leaf_names(self) -> dict[int, str]:
        """id(leaf) -> the name a person would write for it; the first name wins."""
        names: dict[int, str] = {}
        for variable in self._variables:
            names.setdefault(id(variable.tensor), variable.name)
        for path, tensor in self._parameters():
            names.setdefault(id(tensor), path)
        for name in self._order:
            for path, tensor in _inside(name, self.globals.get(name)):
                names.setdefault(id(tensor), path)
        return names

    def parts(self) -> Iterator[tuple[str, nn.Module]]:
        """Every Module of the program with the name that a person would give it."""
        modules = self.modules()
        for variable, module in modules.items():
            for path, part in module.named_modules(remove_duplicate=False):
                yield part_name(variable, path, alone=len(modules) == 1), part

    def _parameters(self) -> Iterator[tuple[str, Tensor]]:
        for name, part in self.parts():
            for parameter, tensor in part.named_parameters(recurse=False, remove_duplicate=False):
                yield f"{name}.{parameter}", tensor

    def leaves(self) -> list[Tensor]:
        """Every leaf that a name leads to and that a backward could fill."""
        found = [v.tensor for v in self._variables] + [tensor for _, tensor in self._parameters()]
        distinct = {id(tensor): tensor for tensor in found}.values()
        return [tensor for tensor in distinct if tensor.is_leaf and tensor.requires_grad]

    def find(self, path: str) -> Tensor:
        """The tensor that `path` names now: `y`, `y#2`, `Layer_1.weight`, `parts[0]`.

        Raises:
            JacobianError: there is no tensor of that name.
        """
        name, _, number = path.partition("#")
        for variable in self._variables:
            if number and (variable.name, str(variable.number)) == (name, number):
                return variable.tensor
        value = self.globals.get(name)
        if not number and isinstance(value, Tensor):
            return value
        for known, tensor in self._parameters():
            if known == path:
                return tensor
        for inside in self._order:
            for known, tensor in _inside(inside, self.globals.get(inside)):
                if known == path:
                    return tensor
        raise errors.JacobianError(f"The program has no tensor named {path!r} at this point.")


def part_name(variable: str, path: str, *, alone: bool) -> str:
    """What to call the part at `path` of the Module that `variable` holds.

    A path that reads on its own needs no variable before it if there is no other Module.

    >>> part_name("net", "Layer_1", alone=True), part_name("net", "", alone=True)
    ('Layer_1', 'net')
    >>> part_name("net", "0", alone=True), part_name("net", "Layer_1", alone=False)
    ('net.0', 'net.Layer_1')
    """
    if alone and path.partition(".")[0].isidentifier():
        return path
    return f"{variable}.{path}" if path else variable


def _inside(name: str, value: Any) -> Iterator[tuple[str, Tensor]]:
    """Tensors in a list, tuple or dict of the program: `parts[0]`, `weights['w']`."""
    if isinstance(value, (list, tuple)):
        items = [(f"{name}[{i}]", item) for i, item in enumerate(value)]
    elif isinstance(value, dict):
        items = [(f"{name}[{key!r}]", item) for key, item in value.items()]
    else:
        return
    for path, item in items:
        if isinstance(item, Tensor):
            yield path, item
        elif isinstance(item, (list, tuple)):
            yield from _inside(path, item)


# -------------------------------------------------------------------------------- backward calls


class _ProgramWatch(Watch):
    """A watch that hands every backward call of the program to `calls`."""

    def __init__(self, spans: Spans, copier: Copier, calls: "_Calls") -> None:
        super().__init__(spans, copier=copier)
        self._calls = calls

    @contextmanager
    def muted(self) -> Iterator[None]:
        """While active, what we do ourselves is not noted."""
        before, self._muted = self._muted, True
        try:
            yield
        finally:
            self._muted = before

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: tuple[type, ...],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func in _ENTRIES and not self._muted:
            above, frame = self.spans.frames()
            return self._calls.perform(func, args, kwargs or {}, above, frame)
        return super().__torch_function__(func, types, args, kwargs)


_ENTRIES = (Tensor.backward, torch.autograd.backward, torch.autograd.grad)


class _Calls:
    """Every backward() and autograd.grad that the program makes, recorded as it is made."""

    def __init__(self, execution: _Execution) -> None:
        self._execution = execution
        self._made: list[_LiveCall] = []
        self.roots: list[tuple[int, int]] = []

    def perform(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        above: list[FrameType],
        frame: FrameType | None,
    ) -> Any:
        """Run the call for the program, with hooks, and note what came of it."""
        execution = self._execution
        span = None if frame is None else execution.spans.of_frame(frame)
        call = _LiveCall(func, args, kwargs, span, above)
        self._made.append(call)
        if len(self._made) > MAX_RUN_CALLS:
            call.note = _TOO_MANY
        watch = execution.watch
        with watch.muted():
            if call.note:
                return call.without_steps(lambda: func(*args, **kwargs), execution.copier)
            others = execution.namespace.leaves()
            call.recording = Recording(watch.tape, call.root_tensors(), others)
            self.roots += call.recording.places
            before = private.next_sequence_nr()
            try:
                with call.recording:
                    result = func(*args, **kwargs)
            except Exception as raised:
                call.raised = call.recording.error(raised)
                raise
            finally:
                call.gradient = execution.copier.copy_all(call.gradients())
                call.leaves = call.recording.leaves({})
            call.keep_results(result, execution.copier)
            if call.create_graph:
                self._mark_new(call, result, before)
            return result

    def _mark_new(self, call: "_LiveCall", result: Any, before: int) -> None:
        """With create_graph the call itself makes nodes: they are of its span."""
        watch = self._execution.watch
        made = [t for t in result or () if isinstance(t, Tensor)]
        made += [leaf.grad for leaf in self._execution.namespace.leaves() if leaf.grad is not None]
        for tensor in made:
            if tensor.grad_fn is not None:
                watch.mark(tensor.grad_fn, before, call.span, None, [])

    def plain(self, trace: Trace, names: dict[int, str]) -> tuple[BackwardCall, ...]:
        """Every call, pointing into the run's one trace."""
        return tuple(call.plain(trace, names) for call in self._made)


class _LiveCall:
    """One backward call while its tensors are alive."""

    def __init__(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        span: Span | None,
        above: list[FrameType],
    ) -> None:
        self.span = span
        self.is_grad = func is torch.autograd.grad
        given = _Arguments(func, args, kwargs)
        self.arguments = given
        self.create_graph = bool(given.create_graph)
        keep = given.retain_graph
        self.retain_graph = self.create_graph if keep is None else bool(keep)
        self.kind = self._kind(above)
        self.note = {"batched": _BATCHED, "func": _FUNC}.get(self.kind, "")
        self.recording: Recording | None = None
        self.raised: BackwardError | None = None
        self.gradient: tuple[Values | None, ...] = ()
        self.results: tuple[Values | None, ...] = ()
        self.leaves: tuple[Leaf, ...] = ()

    def _kind(self, above: list[FrameType]) -> str:
        files = [frame.f_code.co_filename.replace("\\", "/") for frame in above]
        if any("/torch/_functorch/" in file for file in files) or private.transforms_active():
            return "func"
        if self.arguments.is_grads_batched:
            return "batched"
        if any(file.endswith("/torch/autograd/gradcheck.py") for file in files):
            return "gradcheck"
        if any(file.endswith("/torch/autograd/functional.py") for file in files):
            return "functional"
        return "grad" if self.is_grad else "backward"

    def root_tensors(self) -> list[Tensor]:
        return [tensor for tensor in _listed(self.arguments.roots) if isinstance(tensor, Tensor)]

    def gradients(self) -> tuple[Tensor | None, ...]:
        given = _listed(self.arguments.gradients)
        count = len(_listed(self.arguments.roots))
        tensors = [g if isinstance(g, Tensor) else None for g in given]
        return tuple(tensors) if tensors else (None,) * count

    def without_steps(self, call: Callable[[], Any], copier: Copier) -> Any:
        try:
            result = call()
        except Exception as raised:
            self.raised = BackwardError(str(raised), type=type(raised).__name__)
            raise
        self.keep_results(result, copier)
        return result

    def keep_results(self, result: Any, copier: Copier) -> None:
        if self.is_grad:
            with private.without_modes():
                self.results = copier.copy_all(tuple(_listed(result)))

    def plain(self, trace: Trace, names: dict[int, str]) -> BackwardCall:
        places = self.recording.places if self.recording else []
        steps: tuple[Step, ...] = tuple(self.recording.steps) if self.recording else ()
        leaves = tuple(
            msgspec.structs.replace(leaf, name=trace.nodes[leaf.node].leaf or leaf.name)
            if leaf.node is not None
            else leaf
            for leaf in self.leaves
        )
        inputs = [i for i in _listed(self.arguments.inputs) if isinstance(i, Tensor)]
        return BackwardCall(
            trace=trace,
            roots=tuple(index for index, _ in places),
            steps=steps,
            leaves=leaves,
            error=self.raised,
            kind=self.kind,
            span=self.span,
            gradient=self.gradient,
            retain_graph=self.retain_graph,
            create_graph=self.create_graph,
            results=self.results,
            root_nrs=tuple(nr for _, nr in places),
            inputs=tuple(names.get(id(tensor), "") for tensor in inputs),
            note=self.note,
        )


class _Arguments:
    """The arguments of the three ways to start a backward, under one set of names."""

    def __init__(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        if func is torch.autograd.grad:
            order = ("outputs", "inputs", "grad_outputs", "retain_graph", "create_graph",
                     "only_inputs", "allow_unused", "is_grads_batched")  # fmt: skip
        elif func is Tensor.backward:
            order = ("outputs", "gradient", "retain_graph", "create_graph", "inputs")
        else:
            order = ("tensors", "grad_tensors", "retain_graph", "create_graph",
                     "grad_variables", "inputs")  # fmt: skip
        given = {**dict(zip(order, args, strict=False)), **kwargs}
        self.roots = given.get("outputs", given.get("tensors"))
        self.gradients = given.get("grad_outputs", given.get("gradient", given.get("grad_tensors")))
        self.inputs = given.get("inputs")
        self.retain_graph = given.get("retain_graph")
        self.create_graph = given.get("create_graph", False)
        self.is_grads_batched = given.get("is_grads_batched", False)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


# ------------------------------------------------------------------------------------ small rules


def _masked(text: str) -> str:
    """Memory addresses differ from run to run and say nothing."""
    return _ADDRESS.sub("0x…", text)


def _not_met(ask: Ask, namespace: _Namespace) -> str:
    return f"The program never assigned a tensor to {ask.outputs!r}."


def _seed(seed: int) -> None:
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)


@contextmanager
def _as_it_was() -> Iterator[None]:
    """Put back what a program could change for everybody in this process."""
    states = torch.random.get_rng_state(), random.getstate(), np.random.get_state()
    dtype, grad, anomaly = (
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.is_anomaly_enabled(),
    )
    torch.set_grad_enabled(True)
    try:
        yield
    finally:
        torch.random.set_rng_state(states[0])
        random.setstate(states[1])
        np.random.set_state(states[2])
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)
        torch.set_anomaly_enabled(anomaly)
