"""Run a short PyTorch script and keep everything that it showed as a `Run`.

The program runs in this process, one at a time. It is told nothing of being watched: its errors
reach it first, what it prints is kept word for word, and random numbers, default dtype and gradient
mode are afterwards as they were.
"""

import io
import random
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from time import perf_counter
from types import CodeType
from typing import Any, NamedTuple

import msgspec
import numpy as np
import torch

from explorer import errors
from explorer.autograd import nudge, private
from explorer.autograd.answers import NodeAnswers
from explorer.autograd.calls import CallWatch
from explorer.autograd.jacobian import jacobian
from explorer.autograd.language import FILENAME, PYTHON, Language, Stopped
from explorer.autograd.local import quietly
from explorer.autograd.methods import measured
from explorer.autograd.namespace import Namespace
from explorer.autograd.replay import Replay, reseed
from explorer.autograd.second import grads_of_sum, hessian
from explorer.autograd.spans import Spans
from explorer.autograd.tape import is_accumulate
from explorer.autograd.values import Copier
from explorer.autograd.vectors import flat_gradient, grads_of, push
from explorer.autograd.watch import Watch
from explorer.collector import resting
from explorer.data import (
    MAX_RUN_BYTES,
    MAX_RUN_OPS,
    Answer,
    Ask,
    BackwardCall,
    JacobianAsk,
    JvpAsk,
    LocalAsk,
    MethodAsk,
    NudgeAsk,
    Program,
    Run,
    RunError,
    RunWarning,
    Span,
    SumAsk,
    TermsAsk,
    VjpAsk,
)
from explorer.language import later

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_FRAME = re.compile(rf'^  File "(?!{FILENAME})[^"]*", line \d+, in .*\n(?:    .*\n)*', re.MULTILINE)

_HIDDEN_WARNINGS = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
"""What Python does not show people by default: words from library to library."""

_REMEMBERS = ("retain_grad", "_hook", "Function")
"""Words of programs that may notice a backward which is not their own."""

AboutVariable = JacobianAsk | VjpAsk | JvpAsk | SumAsk | MethodAsk

_ONE_AT_A_TIME = threading.RLock()


def run(
    program: Program | str,
    *,
    seed: int = 0,
    ask: tuple[Ask, ...] = (),
    language: Language = PYTHON,
) -> Run:
    """Run a short PyTorch script after `torch.manual_seed(seed)` and keep all that it showed.

    `program` is the source text, or a `Program` (whose own seed then counts). `ask` names what
    to compute on the way (Jacobians of variables, or of single nodes); it comes back in `.answers`
    and changes nothing else. A program that raises still gives everything up to there, and
    `.error`. `language` is what the program may say.

    >>> program = "x = torch.ones(2, requires_grad=True)\\n(x * x).sum().backward()\\nprint(x.grad)"
    >>> run(program).error.message
    "name 'torch' is not defined"
    >>> shown = run("import torch\\n" + program)
    >>> shown.printed
    'tensor([2., 2.])\\n'
    >>> [shown.trace.nodes[step.node].name for step in shown.calls[0].steps]
    ['SumBackward0', 'MulBackward0', 'AccumulateGrad']
    """
    if isinstance(program, str):
        program = Program(program, seed)
    with _ONE_AT_A_TIME:
        begun = perf_counter()
        with _as_it_was():
            asked = _Execution(program, ask, language)
            shown = asked.run()
            answers = tuple(asked.replayed(answer) for answer in shown.answers)
            shown = msgspec.structs.replace(shown, answers=answers)
        shown = _nudged(shown, asked, perf_counter() - begun)
        if not asked.may_be_remembered:
            return shown
        # To answer, we ran backward through the program's own code: it may remember that.
        with _as_it_was():
            undisturbed = _Execution(program, (), language).run()
        return msgspec.structs.replace(undisturbed, answers=shown.answers)


def _nudged(shown: Run, asked: "_Execution", seconds: float) -> Run:
    """`shown` with the answers to what asks for further runs of its program."""
    asks = [ask for ask in asked.asks if isinstance(ask, NudgeAsk)]
    if not asks:
        return shown
    program, language = asked.program, asked.language
    code: CodeType | None = None

    def again(watch: Watch) -> None:
        """Run the program under another watch."""
        nonlocal code
        code = code or language.compile(program.source)
        namespace = Namespace(watch, lambda *_: None, language.names)
        with _as_it_was(), redirect_stdout(language.printed()), quietly():
            reseed(program.seed)
            with watch:
                exec(code, namespace.globals, namespace)

    found = {
        ask: nudge.answer(ask, shown, asked.leaf_numbers.get(ask.node), seconds, again)
        for ask in asks
    }
    answers = tuple(
        found[one.ask] if isinstance(one.ask, NudgeAsk) else one for one in shown.answers
    )
    return msgspec.structs.replace(shown, answers=answers)


class _Execution:
    """One run of one program."""

    def __init__(self, program: Program, asks: tuple[Ask, ...], language: Language) -> None:
        self.program = program
        self.language = language
        self.spans = Spans(FILENAME, program.source)
        self.copier = Copier()
        self.watch = CallWatch(self.spans, self.copier)
        self.namespace = Namespace(self.watch, self.assigned, language.names)
        self.watch.leaves = self.namespace.leaves
        self.watch.holders = self.namespace.holders
        self.nodes = NodeAnswers(asks)
        self.watch.begins = self.nodes.begin
        self.answers: dict[Ask, Answer] = {}
        self.replays: dict[Ask, _Again] = {}
        self.asks = asks
        self.warned: list[RunWarning] = []
        self.leaf_numbers: dict[int, int | None] = {}

    def run(self) -> Run:
        printed = self.language.printed()
        error: RunError | None = None
        reseed(self.program.seed)
        with redirect_stdout(printed), self._listening():
            try:
                code = self.language.compile(self.program.source)
                with self.watch:
                    exec(code, self.namespace.globals, self.namespace)
            except (Exception, SystemExit, Stopped) as raised:  # noqa: BLE001 - all is shown
                error = self._error(raised)
        with private.without_modes():
            return self._finish(masked(printed.getvalue()), error)

    @resting()
    def _finish(self, printed: str, error: RunError | None) -> Run:
        watch, namespace = self.watch, self.namespace
        watch.name_modules(namespace.parts())
        names = namespace.leaf_names()
        variables = namespace.variables()
        roots = [*watch.call_roots, *namespace.tops(), *watch.add_tops()]
        trace = watch.tape.trace(dict.fromkeys(roots), names)
        notes = []
        if self.copier.over_budget:
            notes.append(
                later(
                    "The numbers of this run take more than {most} MB; of the later tensors only "
                    "shape and statistics were kept."
                ).format(most=MAX_RUN_BYTES // 2**20)
            )
        if watch.full:
            notes.append(
                later("The first {most:,} ops of the forward were kept; later ones ran.").format(
                    most=MAX_RUN_OPS
                )
            )
        calls = watch.calls(trace, names)
        result = Run(
            program=self.program,
            printed=printed,
            tensors=tuple(variable.plain() for variable in variables),
            leaves=tuple(leaf.plain() for leaf in namespace.leaf_variables()),
            forward=watch.ops(),
            trace=trace,
            calls=calls,
            answers=tuple(self._answer(ask, calls) for ask in self.asks),
            error=error,
            warnings=tuple(self.warned),
            notes=tuple(notes),
            torch=str(torch.__version__),
            events=watch.events(),
        )
        self.leaf_numbers = {
            node: watch.number_of(fn.variable)  # type: ignore[attr-defined]
            for node, fn in enumerate(watch.tape.fns)
            if is_accumulate(fn)
        }
        watch.release()
        return result

    def _answer(self, ask: Ask, calls: tuple[BackwardCall, ...]) -> Answer:
        if isinstance(ask, LocalAsk | TermsAsk):
            return self.nodes.settled(ask, calls)
        if isinstance(ask, NudgeAsk):
            return Answer(ask)  # it is answered when this run is over
        return self.answers.get(ask) or _not_met(ask)

    @property
    def may_be_remembered(self) -> bool:
        """Whether what we ran for an answer may have left something in the program.

        A hook, a backward that the program wrote itself, or `.grad` of a tensor that retains it.
        """
        asked = any(not isinstance(ask, LocalAsk | TermsAsk | NudgeAsk) for ask in self.asks)
        own = any(word in self.program.source for word in _REMEMBERS)
        return self.nodes.ran_program or (asked and own)

    def replayed(self, answer: Answer) -> Answer:
        """The answer to a question for which the program has to be run again, now that it ended."""
        ask, again = answer.ask, self.replays.get(answer.ask)
        if again is None or not isinstance(ask, JvpAsk | MethodAsk):
            return answer
        try:
            output = (again.name, again.number)
            replay = Replay(self.program, self.language, output=output, wrt=again.wrt)
            if isinstance(ask, JvpAsk):
                return Answer(ask, pushed=push(replay, ask.u, again.sizes, order=ask.order))
            assert answer.jacobian is not None, "a method is held against the matrix"
            return Answer(ask, measured=measured(replay, ask.how, answer.jacobian))
        except Exception as error:  # noqa: BLE001 - forward mode may fail in any way
            return Answer(ask, error=masked(str(error)))

    def _error(self, raised: BaseException) -> RunError:
        if isinstance(raised, SyntaxError) and raised.filename == FILENAME:
            span = None
            if raised.lineno and raised.offset and raised.end_lineno and raised.end_offset:
                start, end = max(0, raised.offset - 1), max(0, raised.end_offset - 1)
                span = Span(raised.lineno, start, raised.end_lineno, end)
            return RunError(raised.msg, type(raised).__name__, raised.lineno, span)
        span = self.spans.of_traceback(raised.__traceback__)
        text = masked(str(raised)) or type(raised).__name__
        return RunError(text, type(raised).__name__, span.line if span else None, span)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Collect warnings with their line, each time they are given."""

        def note(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
            frame = self.spans.frames()[1]
            line = frame.f_lineno if frame is not None else None
            self.warned.append(RunWarning(masked(str(message)), category.__name__, line))

        always = torch.is_warn_always_enabled()
        torch.set_warn_always(True)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always")
                for hidden in _HIDDEN_WARNINGS:
                    warnings.simplefilter("ignore", hidden)
                warnings.showwarning = note
                yield
        finally:
            torch.set_warn_always(always)

    def assigned(self, name: str, number: int) -> None:
        """A variable has just got a tensor: answer what was asked about it."""
        for ask in self.asks:
            if isinstance(ask, LocalAsk | TermsAsk | NudgeAsk):
                continue
            if ask.outputs not in (name, f"{name}#{number}"):
                continue
            with private.without_modes(), redirect_stdout(io.StringIO()), self.watch.muted():
                try:
                    self.answers[ask] = self._answered(ask, name)
                except errors.ExplorerError as refused:
                    self.answers[ask] = Answer(ask, error=str(refused))

    def _answered(self, ask: AboutVariable, name: str) -> Answer:
        """The answer to what was asked about the variable `name`, as far as it can be given now.

        Raises:
            JacobianError: there is none.
        """
        wrt = {leaf: self.namespace.find(leaf) for leaf in ask.wrt}
        output = self.namespace.find(name)
        if isinstance(ask, JacobianAsk):
            if ask.order == 2:
                return Answer(ask, jacobian=hessian(output, wrt, name=ask.outputs))
            if ask.rows is not None:
                with torch.enable_grad():
                    output = output.reshape(-1)[slice(*ask.rows)]
            return Answer(ask, jacobian=jacobian({ask.outputs: output}, wrt, method=ask.method))
        if isinstance(ask, VjpAsk):
            root = flat_gradient(output, wrt) if ask.order == 2 else output
            return Answer(ask, grads=grads_of(root, wrt, ask.v))
        if isinstance(ask, SumAsk):
            by = {name: self.namespace.find(name) for name in ask.by}
            return Answer(ask, grads=grads_of_sum(output, by, wrt))
        matrix = jacobian({ask.outputs: output}, wrt) if isinstance(ask, MethodAsk) else None
        self.replays[ask] = _Again(
            name,
            self.namespace.number(name),
            {path: self.namespace.number(path) for path in wrt},
            {path: tensor.numel() for path, tensor in wrt.items()},
        )
        return Answer(ask, jacobian=matrix)


class _Again(NamedTuple):
    """What a program is run again for: which value of the output, and which inputs, how large."""

    name: str
    number: int
    wrt: dict[str, int]
    sizes: dict[str, int]


# ------------------------------------------------------------------------------------ small rules


def masked(text: str) -> str:
    """`text` without what differs from run to run: memory addresses, and who called the run."""
    return _ADDRESS.sub("0x…", _FRAME.sub("", text))


def _not_met(ask: AboutVariable) -> Answer:
    return Answer(
        ask,
        error=later("The program never assigned a tensor to {name!r}.").format(name=ask.outputs),
    )


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
