"""Every lesson is carried out: its programs run, its checks tell right from wrong."""

from functools import cache
from itertools import pairwise

import pytest

from explorer import lessons, sandbox
from explorer.autograd.runner import run
from explorer.data import Program, Run
from explorer.doctor import diagnose, tried
from explorer.lessons import Choose, Click, Guess, Lesson, LessonError, Scope, Spot, Step, read
from explorer.lessons.expressions import Expression, ExpressionError, NotThereError, shown

STEPS = [(lesson, step) for lesson in lessons.all() for step in lesson.steps]

each_step = pytest.mark.parametrize(
    ("lesson", "step"), STEPS, ids=[f"{lesson.slug}:{step.line}" for lesson, step in STEPS]
)


@cache
def ran(program: Program, step: Step) -> Run:
    return run(program, ask=step.asks)


def given(step: Step) -> Scope:
    return Scope(ran(step.program, step))


@cache
def cures(step: Step) -> tuple[Program, ...]:
    """The programs after each cure that the doctor has tried."""
    found = diagnose(ran(step.program, step))
    return tuple(
        Program(cure.source, step.program.seed)
        for one in found
        for cure in tried(one, lambda program: run(program), step.program).cures
    )


def solved(step: Step) -> Scope:
    """The Run after the step's action, as the author or the doctor takes it."""
    task = step.task
    if task is None or task.is_in_player:
        return given(step)
    program = cures(step)[0] if task.cure else task.solved(step.program)
    return Scope(ran(program, step))


def judged(step: Step) -> Scope:
    return given(step) if step.question is not None and step.question.now else solved(step)


def spots(scope: Scope) -> list[Spot]:
    """Every place in the player where a learner can be."""
    nodes = [None, *range(len(scope.run.trace.nodes))]
    return [
        Spot(number, step, len(call.steps), node)
        for number, call in enumerate(scope.run.calls)
        for step in range(len(call.steps) + 1)
        for node in nodes
    ]


# ---------------------------------------------------------------------------------- every lesson


@each_step
def test_every_number_in_its_texts_comes_from_the_run(lesson: Lesson, step: Step):
    for text in (step.title, *step.text):
        text.filled(given(step))
    for text in step.texts():
        words = text.filled(solved(step))
        assert "{" not in words or "{{" in text.source
    if step is lesson.steps[0]:
        for text in lesson.intro:
            text.filled(given(step))


@each_step
def test_its_question_tells_a_right_answer_from_a_wrong_one(lesson: Lesson, step: Step):  # noqa: ARG001
    scope, question = judged(step), step.question
    match question:
        case Choose(choices=choices):
            verdicts = [lessons.judge(question, i, scope).right for i in range(len(choices))]
            assert verdicts.count(True) == 1
        case Guess(answer=answer, mistakes=mistakes):
            right = answer.number(scope)
            assert lessons.judge(question, right, scope).right
            assert not lessons.judge(question, 1.7 * right + 1.3, scope).right
            for mistake in mistakes:
                verdict = lessons.judge(question, mistake.number.number(scope), scope)
                assert (verdict.right, verdict.because) == (False, mistake.because), mistake
        case Click():
            nodes = range(len(scope.run.trace.nodes))
            verdicts = [lessons.judge(question, node, scope).right for node in nodes]
            assert set(verdicts) == {True, False}


@each_step
def test_its_action_is_noticed_when_taken_and_not_before(lesson: Lesson, step: Step):  # noqa: ARG001
    task = step.task
    if task is None:
        return
    assert not lessons.is_done(task, given(step))
    if task.is_in_player:
        run_ = given(step).run
        assert {lessons.is_done(task, Scope(run_, spot)) for spot in spots(given(step))} == {
            True,
            False,
        }
    elif task.cure:
        programs = cures(step)
        assert programs
        for program in programs:
            assert lessons.is_done(task, Scope(ran(program, step))), program.source
    else:
        assert lessons.is_done(task, solved(step))


@each_step
def test_a_program_that_has_nothing_to_do_with_it_is_no_answer(lesson: Lesson, step: Step):  # noqa: ARG001
    """A learner may type anything; a check is then simply not met."""
    if step.task is not None:
        other = Scope(run("import torch\nq = torch.ones(2, requires_grad=True)\n"))
        assert not lessons.is_done(step.task, other)


def test_the_lessons_stand_in_order_and_groups_stay_together():
    groups = [lesson.group.source for lesson in lessons.all()]
    assert [lesson.order for lesson in lessons.all()] == sorted(
        lesson.order for lesson in lessons.all()
    )
    assert len(set(groups)) == 1 + sum(a != b for a, b in pairwise(groups))


# ------------------------------------------------------------------------------------ the sources


SOURCES = {
    "tutorial": (
        "AddBackward0", "MulBackward0", "MeanBackward0", "`27`", "`4.5`", "`512`",
        "`[51.2, 512, 0.0512]`", "`[0.1, 1, 0.0001]`", "no_grad", "detach", "requires_grad_",
    ),
    "notebook": (
        "`2 × 3`", "`x.grad` is `[0, 0, 0]`", "`Layer_1.bias.grad` is `all 0`", "`8` of the 16",
        "`30` nodes: `16` of them only change shapes, `4` are AccumulateGrad, and `10` compute",
        "its `.grad` is `None`", "both are `None` now", "`21` nodes",
    ),
    "scalars_and_vectors": (
        "BinaryCrossEntropyWithLogitsBackward0", "`4` on the diagonal and `2` off it",
        "after the second call `8` and `4`", "`2 × 2 × 3`", "ones @ J", "transposed",
        "`[[1, 0, 0], [0, 1, 0], [0, 0, 1]]`",
    ),
    "outputs_by_weights": (
        "implicitly created only for scalar outputs", "`20 × 47`", "together `47`", "row 0 of J",
        "`samples.requires_grad` is `True`",
    ),
    "doubling": (
        "`[[2, 0, 0], [0, 2, 0], [0, 0, 2]]`", "`9` doublings",
        "`[[512, 0, 0], [0, 512, 0], [0, 0, 512]]`", "`x.grad` is `[51.2, 512, 0.0512]`",
    ),
}  # fmt: skip
"""What the reader of each source will look for."""


MUSEUM = {
    "no_vector": (
        "grad can be implicitly created only for scalar outputs", "has a shape of torch.Size([2])",
        "`x.grad` is `[0, 4, 0]`: row 1 of J",
    ),
    "accumulates": ("`4`, `8`, `12`", "holds `None`", "`w` is `[0.95, 1.9]`", "leave `60.67`"),
    "second_time": ("`2` saved tensors are freed", "`a.grad` is `2` and `b.grad` is `4`"),
    "no_graph": ("element 0 of tensors does not require grad", "argmax", "torch.tensor(loss)"),
    "grad_of_result": ("not a leaf Tensor is being accessed", "`y.grad` is `[6, 12]`"),
    "in_place": (
        "[torch.FloatTensor [3]], which is output 0 of Exp, is at version 1; expected version 0",
        "`x.grad` is `[2, 2, 2]`. A product", "`x.grad` is `[2, 2, 2]`, and nothing was said",
        "`w` is now `[0.9, 1.9]`",
    ),
    "frozen": (
        "you can only change requires_grad flags of leaf variables", "runs `7` nodes",
        "`[1, 1]` and `[1, 1]`: only the sums were recorded",
    ),
    "create_graph": ("will create a reference cycle", "`SumBackward0`"),
    "fan_out": ("called `1` time", "`65`"),
    "batch": ("`5 × 3 × 5 × 2`", "the blocks: `5 × 3 × 2`", "Now `0` of `150`"),
    "parameters": ("is independent of input 0", "`J` is `all 0`"),
    "forward_mode": ("isonly implemented for", "both `2 × 3`"),
    "unused": ("The differentiated Tensor at index 1", "`4`, `0` and `None`"),
    "kinks": ("`[0, 0, 1, inf, 0.5]`", "`[1, 0, 0]`"),
    "nan": ("`[nan, 0.25]`", "Function 'SqrtBackward0' returned nan values in its 0th output."),
    "vanishing": ("`7.22e-16`", "`61.87`", "`100.6`"),
    "custom": ("(expected 2, got 1)", "Jacobian mismatch for output 0 with respect to input 0"),
    "hook": ("doesn't require grad", "`[30, 40]`"),
    "checkpoint": ("is incompatible with .grad()",),
    "linear": ("`AddmmBackward0`", "`ViewBackward0`", "`[5, 5]`", "`[20, 20]`"),
}  # fmt: skip
"""What a visitor of each room reads there."""


@pytest.mark.parametrize("slug", MUSEUM)
def test_a_room_of_the_museum_says_what_torch_says(slug: str):
    told = told_by(slug).replace("\\", "")
    for words in MUSEUM[slug]:
        assert words in told, words


@pytest.mark.parametrize("slug", SOURCES)
def test_a_source_is_told_with_every_number_of_it(slug: str):
    told = told_by(slug)
    for number in SOURCES[slug]:
        assert number in told, number


def test_all_twenty_mistakes_have_a_room_in_the_museum():
    museum = [lesson for lesson in lessons.all() if "museum" in lesson.group.source]
    assert [lesson.order for lesson in museum] == list(range(101, 121))
    assert {lesson.slug for lesson in museum} == set(MUSEUM)


def told_by(slug: str) -> str:
    """Everything that a lesson says to somebody who takes every action."""
    return "\n".join(
        text.filled(solved(step)) for step in lessons.get(slug).steps for text in step.texts()
    )


# ---------------------------------------------------------------------------------------- errors

HEAD = "---\ntitle: A\ngroup: B\norder: 1\nabout: C\n---\n"
PROGRAM = "```program\nx = 1\n```\n"
STEP = "## S\n```choose\n- a\n  when: 1 == 1\n- b\n  when: 1 == 2\n```\n### T\n\ntext\n\n> keep\n"
VIEW = HEAD + PROGRAM + STEP.replace("### T", "```view\n{}\n```\n### T")


def test_the_smallest_lesson():
    lesson = read(HEAD + PROGRAM + STEP, "small.md")
    assert (lesson.slug, lesson.steps[0].program.source) == ("small", "x = 1\n")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("title: A\n", 1, "begins with a head"),
        ("---\ntitle: A\n---\n", 3, "no `group:`"),
        ("---\ntitel: A\n---\n", 2, "title, group, order, about, link"),
        (HEAD.replace("order: 1", "order: one"), 4, "whole number"),
        (HEAD, 6, "no steps"),
        (HEAD + STEP, 7, "no program"),
        (HEAD + PROGRAM + PROGRAM + STEP, 10, "second program"),
        (HEAD + PROGRAM + STEP.replace("choose", "chose"), 11, "program, choose, number"),
        (HEAD + PROGRAM + STEP.replace("```\n###", "###"), 11, "not closed"),
        (HEAD + PROGRAM + STEP.replace("when: 1 == 2", "wen: 1 == 2"), 15, "when:, because:"),
        (HEAD + PROGRAM + STEP.replace("1 == 2", "x ="), 15, "not an expression"),
        (HEAD + PROGRAM + STEP.replace("1 == 2", "open('x')"), 15, "no function"),
        (HEAD + PROGRAM + STEP.replace("1 == 2", "[x for x in y]"), 15, "ListComp"),
        (HEAD + PROGRAM + STEP.replace("text", "{x.grad +}"), 19, "not an expression"),
        (HEAD + PROGRAM + STEP.replace("> keep\n", ""), 17, "one sentence to keep"),
        (HEAD + PROGRAM + STEP.replace("### T", "text"), 10, "no answer"),
        (HEAD + PROGRAM + STEP.replace("## S", "# S"), 10, "a step begins with ##"),
        (HEAD + PROGRAM + STEP.replace("```choose", "```choose later"), 11, "allowed is `now`"),
        (HEAD + PROGRAM.replace("program", "program seed=x") + STEP, 7, "seed=7"),
        (
            HEAD + PROGRAM + "## S\n```do\nuntil: 1 == 1\n```\n### T\n> keep\n",
            11,
            "how it can be done",
        ),
        (
            HEAD + PROGRAM + "## S\n```do\nuntil: 1 == 1\nchange: y -> z\n```\n### T\n> keep\n",
            13,
            "no `y`",
        ),
        (
            HEAD + PROGRAM + "## S\n```number\nlabel: n\n```\n### T\n> keep\n",
            11,
            "answer: expression",
        ),
        (VIEW.format("page: nowhere"), 18, "player, program, jacobian"),
        (VIEW.format("page: chain\nof: y"), 19, "page:, call:, step:"),
        (VIEW.format("call: one"), 18, "whole number"),
        (HEAD + PROGRAM + STEP + "```do\n```\n", 22, "cannot stand in an answer"),
    ],
)
def test_an_error_names_file_line_and_what_is_allowed(text: str, line: int, words: str):
    with pytest.raises(LessonError) as error:
        read(text, "mine.md")
    assert str(error.value).startswith(f"mine.md, line {line}: "), error.value
    assert words in str(error.value)


# ----------------------------------------------------------------------------------- expressions

SOURCE = """\
import torch
net = torch.nn.Sequential(torch.nn.Linear(2, 2))
x = torch.tensor([1.0, 2.0], requires_grad=True)
unused = torch.ones(2, requires_grad=True)
y = net(x)
(y * y).sum().backward()
"""


@pytest.mark.parametrize(
    "source",
    [
        "net[0].weight.grad is not None",
        "unused.grad is None",
        "x.shape == [2]",
        "x == [1, 2]",
        "not x == 1",
        "x[1] - x[0] == 1",
        "run.calls[0].steps[-1].node.name == 'AccumulateGrad'",
        "jacobian(y, x).shape == [2, 2]",
        "jacobian(y, x) == net[0].weight",
        "x.grad == 2 * y @ jacobian(y, x)",
        "len(named(run.nodes, 'AccumulateGrad')) == 3",
        "run.error is None and not raised('anything')",
        "written('y*y') and not written('y*z')",
        "node(x).leaf == 'x'",
        "node('y * y').name == 'MulBackward0'",
        "norm(x) ** 2 == 5 and max(x) == 2 and sum(x) == 3",
        "'Mul' in node('y * y').name",
    ],
)
def test_an_expression_means_what_it_says(source: str):
    expression = Expression(source)
    scope = Scope(run(SOURCE, ask=expression.asks))
    assert expression.value(scope) is True
    assert Expression(f"not ({source})").value(scope) is False


@pytest.mark.parametrize(
    "source",
    ["nobody", "x.nothing", "x[7]", "x.grad[0].grad", "node('z * z')", "unused.grad[0]", "x @ net"],
)
def test_what_a_run_lacks_is_said_and_never_true(source: str):
    scope = Scope(run(SOURCE))
    with pytest.raises(NotThereError):
        Expression(source).value(scope)
    assert not Expression(source).holds(scope)


@pytest.mark.parametrize(
    "source",
    [
        "__import__('os')",
        "x.grad.__class__()",
        "(lambda: 1)()",
        "x if y else z",
        "f'{x}'",
        "{1: 2}",
    ],
)
def test_nothing_else_is_an_expression(source: str):
    with pytest.raises((ExpressionError, NotThereError)):
        Expression(source).value(Scope(run(SOURCE)))


def test_huge_powers_are_refused():
    with pytest.raises(NotThereError):
        Expression("9 ** 9 ** 9").value(Scope(run(SOURCE)))


def test_numbers_read_like_a_persons():
    assert [shown(n) for n in (4.0, 0.05, 1374.5, 1e-9, None, True)] == [
        "4", "0.05", "1374", "1e-9", "None", "True",
    ]  # fmt: skip


def test_every_program_of_a_lesson_may_run_in_the_sandbox():
    """What a learner sees comes from there; it must be what these tests have seen."""
    runs = {given(step).run.program: given(step).run for _, step in STEPS}
    for program, here in runs.items():
        there = sandbox.run(program)
        assert (there.error, there.printed) == (here.error, here.printed)
