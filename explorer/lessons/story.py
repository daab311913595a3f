"""What a lesson is: a program, and steps that each ask, wait for one action, and answer.

All of it is plain data. Texts are kept piece by piece, as the author wrote them, so that each can
be translated by itself; numbers in them are expressions in braces that are filled from a Run.

>>> from explorer.autograd.runner import run
>>> shown = run("import torch\\nx = torch.ones(2, requires_grad=True)\\n(x * x).sum().backward()")
>>> Text("`x.grad` is {x.grad}, so {{braces}} stay.", 3).filled(Scope(shown))
'`x.grad` is `[2, 2]`, so {braces} stay.'
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from msgspec.structs import replace

from explorer.data import JacobianAsk, Plain, Program
from explorer.lessons.expressions import Expression, Scope, close, shown

_HOLE: Final = re.compile(r"\{\{|\}\}|\{([^{}]+?)(?::(\.?\d*[efg]))?\}")

_MARKS: Final = re.compile(r"[\\`*_\[\]<>~|$]")

PAGES: Final[dict[str, tuple[str, ...]]] = {
    "player": (),
    "program": (),
    "jacobian": ("of", "by"),
    "accumulation": (),
    "compare": (),
    "chain": (),
    "depth": (),
}
"""What a step may show, and what more its view may say of it.

The player; only the program until the question is answered, then the player; or, from the answer
on, another picture: the matrix (`of` one name `by` others), the ledger, the step's own program
beside the learner's, the chain of local Jacobians, or the tensor `norms` as a bar a layer.
"""


class Text(Plain, frozen=True):
    """A paragraph, a list or a sentence, and the line of the file that it begins in."""

    source: str
    line: int

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """What stands in its braces."""
        return tuple(Expression(m[1]) for m in _HOLE.finditer(self.source) if m[1])

    def filled(self, scope: Scope, translate: Callable[[str], str] = str) -> str:
        """The text with its numbers, as Markdown; `translate` may put another language in first.

        Raises:
            NotThereError: the Run lacks something that the text names.
        """
        text = translate(self.source)
        parts, at, in_code = [], 0, False
        for hole in _HOLE.finditer(text):
            before = text[at : hole.start()]
            in_code ^= before.count("`") % 2 == 1
            parts.append(before)
            at = hole.end()
            if hole[1] is None:
                parts.append(hole[0][0])
                continue
            value = Expression(hole[1]).value(scope)
            words = shown(value, hole[2] or "")
            if isinstance(value, str) and " " in words and not in_code:
                parts.append(_MARKS.sub(r"\\\g<0>", words))  # a message, which is no markup
            else:
                parts.append(words if in_code else f"`{words}`")
        return "".join([*parts, text[at:]])


class Choice(Plain, frozen=True):
    """One answer to choose: right if `when` holds. `because` is said to whoever chose it."""

    text: Text
    when: Expression
    because: Text | None = None


class Mistake(Plain, frozen=True):
    """A number that people come to, and what to tell them."""

    number: Expression
    because: Text


class Choose(Plain, frozen=True):
    """A question with answers to choose from.

    `now` says of any question that it is about the program as the step finds it, and is judged at
    once; else it is judged when the step's action has been taken.
    """

    line: int
    choices: tuple[Choice, ...]
    now: bool = False


class Guess(Plain, frozen=True):
    """A question that a number answers. `label` says which number is meant."""

    line: int
    answer: Expression
    label: Text | None = None
    tolerance: float = 0.005
    mistakes: tuple[Mistake, ...] = ()
    now: bool = False


class Click(Plain, frozen=True):
    """A question that a click on a node answers: right if `when` holds of what was `opened`."""

    line: int
    when: Expression
    because: Text | None = None
    now: bool = False


Question = Choose | Guess | Click


class Task(Plain, frozen=True):
    """One action: done when all of `until` holds.

    `change` says how the author would change the program (old text, new text), `cure` that one of
    the doctor's cures does it.
    """

    line: int
    text: tuple[Text, ...]
    until: tuple[Expression, ...]
    change: tuple[tuple[str, str], ...] = ()
    cure: bool = False

    @property
    def is_in_player(self) -> bool:
        """Whether it is done by moving in the player rather than by changing the program."""
        return any(one.is_about_player for one in self.until)

    def solved(self, program: Program) -> Program:
        """The program as the author would change it."""
        source = program.source
        for old, new in self.change:
            source = source.replace(old, new, 1) if old else source.rstrip("\n") + f"\n{new}\n"
        return Program(source, program.seed)


class View(Plain, frozen=True):
    """Where a step opens. `call` counts from 0, `step` from 1.

    `of` and `by` say of what and by what the derivatives of a Jacobian are.
    """

    page: str = "player"
    call: int | None = None
    step: int | None = None
    of: str | None = None
    by: tuple[str, ...] = ()


class Step(Plain, frozen=True):
    """One step of a lesson, which begins in `line` of its file with `program`."""

    title: Text
    line: int
    program: Program
    text: tuple[Text, ...]
    answer_title: Text
    answer: tuple[Text, ...]
    keep: Text
    question: Question | None = None
    task: Task | None = None
    view: View = View()

    @property
    def asks(self) -> tuple[JacobianAsk, ...]:
        """What a Run is to be asked so that everything in this step can be told."""
        return tuple(dict.fromkeys(ask for one in self.expressions() for ask in one.asks))

    def expressions(self) -> Iterator[Expression]:
        """Every expression of the step."""
        for text in self.texts():
            yield from text.expressions
        match self.question:
            case Choose(choices=choices):
                yield from (choice.when for choice in choices)
            case Guess(answer=answer, mistakes=mistakes):
                yield answer
                yield from (mistake.number for mistake in mistakes)
            case Click(when=when):
                yield when
        if self.task is not None:
            yield from self.task.until

    def texts(self) -> Iterator[Text]:
        """Everything of the step that is read, in the order of the file."""
        yield self.title
        yield from self.text
        match self.question:
            case Choose(choices=choices):
                for choice in choices:
                    yield choice.text
                    if choice.because is not None:
                        yield choice.because
            case Guess(label=label, mistakes=mistakes):
                if label is not None:
                    yield label
                yield from (mistake.because for mistake in mistakes)
            case Click(because=because):
                if because is not None:
                    yield because
        if self.task is not None:
            yield from self.task.text
        yield self.answer_title
        yield from self.answer
        yield self.keep


class Lesson(Plain, frozen=True):
    """One lesson. `slug` is the name of its file and its name in links."""

    slug: str
    title: Text
    group: Text
    order: int
    about: Text
    intro: tuple[Text, ...]
    steps: tuple[Step, ...]
    link: str = ""

    def texts(self) -> Iterator[Text]:
        """Everything of the lesson that is read: what there is to translate."""
        yield self.group
        yield self.title
        yield self.about
        yield from self.intro
        for step in self.steps:
            yield from step.texts()


# -------------------------------------------------------------------------------------- judging


class Verdict(Plain, frozen=True):
    """Whether an answer is right, and what to tell whoever gave it."""

    right: bool
    because: Text | None = None


Said = int | float | str
"""An answer: the place of a choice, a number, or the index of the node that was clicked."""


def judge(question: Question, said: Said, scope: Scope) -> Verdict:
    """Whether `said` answers the question, as this Run has it.

    Raises:
        NotThereError: the Run lacks what the answer is made from.
    """
    match question:
        case Choose(choices=choices):
            choice = choices[int(said)]
            return Verdict(choice.when.holds(scope), choice.because)
        case Guess():
            return _judge_number(question, float(said), scope)
        case Click():
            here = Scope(scope.run, replace(scope.spot, node=int(said)))
            right = question.when.holds(here)
            return Verdict(right, None if right else question.because)


def _judge_number(question: Guess, said: float, scope: Scope) -> Verdict:
    if close(said, question.answer.number(scope), question.tolerance):
        return Verdict(True)
    for mistake in question.mistakes:
        if close(said, mistake.number.number(scope), question.tolerance):
            return Verdict(False, mistake.because)
    return Verdict(False)


def is_done(task: Task, scope: Scope) -> bool:
    """Whether the action has been taken."""
    return all(one.holds(scope) for one in task.until)
