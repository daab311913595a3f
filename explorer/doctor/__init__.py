"""When torch raises, warns, or keeps silent: what happened, where, why, and what resolves it.

The doctor reads a Run and its text; it runs nothing. Torch's own words come first, and a cure is
the whole program with a small change.

>>> from explorer.autograd.runner import run
>>> shown = run('''import torch
... x = torch.tensor([1.0, 2.0], requires_grad=True)
... y = x * x
... y.backward()
... ''')
>>> (found,) = diagnose(shown)
>>> found.row, found.line, shown.trace.nodes[found.node].name
(1, 4, 'MulBackward0')
>>> found.words
'grad can be implicitly created only for scalar outputs'
>>> [cure.title for cure in found.cures]
['Add the elements up first', 'Send back a vector of ones']
>>> print(found.cures[0].source.splitlines()[-1])
y.sum().backward()

`tried` keeps only the cures that are seen to work, given a function that runs a program:

>>> len(tried(found, lambda program: run(program), shown.program).cures)
2
"""

import re
from collections.abc import Callable, Iterator

import msgspec

from explorer.data import Program, Run
from explorer.doctor import calls, cuts, edits, functions, jacobians, numbers, reading
from explorer.doctor.case import Case, Trouble
from explorer.doctor.findings import Cure, Diagnosis
from explorer.doctor.text import Text

__all__ = ["MAX_DIAGNOSES", "Cure", "Diagnosis", "diagnose", "tried"]

MAX_DIAGNOSES = 12
"""Diagnoses that one run gets at most; errors come first, remarks last."""

_SAID: tuple[tuple[str, Callable[[Case, Trouble], Diagnosis]], ...] = (
    (r"^grad can be implicitly created only", calls.no_vector),
    (r"^Mismatch in shape: grad_output\[\d+\] has a shape", calls.wrong_vector),
    (r"^Trying to backward through the graph a second time", calls.second_time),
    (r"^element \d+ of tensors does not require grad", cuts.no_graph),
    (r"^One of the differentiated Tensors does not require grad", cuts.no_graph),
    (r"^Only Tensors of floating point and complex dtype can require", cuts.whole_numbers),
    (r"^The \.grad attribute of a Tensor that is not a leaf", reading.grad_of_result),
    (r"^one of the variables needed for gradient computation", edits.changed_after_saving),
    (r"leaf Variable that requires grad is being used in an in-place", edits.leaf_in_place),
    (r"^Inference tensors cannot be saved for backward", cuts.inference_tensor),
    (r"^you can only change requires_grad flags of leaf", cuts.flag_of_result),
    (r"^Using backward\(\) with create_graph=True", calls.reference_cycle),
    (r"of the user-provided function is independent of input", jacobians.independent),
    (r"^Computing Jacobian using forward-AD", jacobians.forward_mode),
    (r"differentiated Tensors? .*appears? to not have been used", calls.not_reached),
    (r"^Function '\w+' returned nan values", numbers.nan_found),
    (r"^function \w+Backward returned an incorrect number of gradients", functions.wrong_count),
    (r"^Jacobian mismatch for output", functions.mismatch),
    (r"^Input #\d+ requires gradient and is not a double", functions.single_precision),
    (r"^cannot register a hook on a tensor that doesn't require grad", cuts.no_valve),
    (r"^can't retain_grad on Tensor that has requires_grad=False", cuts.no_valve),
    (r"torch\.utils\.checkpoint is incompatible with \.grad", functions.reentrant),
    (r"^torch\.utils\.checkpoint: .*use_reentrant parameter", functions.reentrant),
    (r"^None of the inputs have requires_grad=True\. Gradients will", functions.reentrant),
)
"""What torch says, and who knows about it."""

_REMARKS: tuple[Callable[[Case], Iterator[Diagnosis]], ...] = (
    calls.accumulated,
    cuts.silent_variable,
    edits.silent_edit,
    reading.one_sum,
    jacobians.block_diagonal,
    jacobians.silent_zeros,
    numbers.infinite_slope,
    numbers.at_a_kink,
    numbers.silent_nan,
    numbers.vanished,
    reading.linear_names,
)
"""Who looks for what torch says nothing about: each gives one remark at most."""


def diagnose(run: Run) -> tuple[Diagnosis, ...]:
    """Everything that a run has to tell about its program: errors, then warnings, then remarks.

    An error that the program caught itself is diagnosed too. What the doctor does not know comes
    with torch's words and its line, without a `why` or cures. A program in which nothing is wrong
    gets an empty tuple.
    """
    troubles = list(_troubles(run))
    try:
        case = Case(run, Text(run.program.source))
    except (SyntaxError, ValueError):
        return tuple(map(_unknown, troubles))
    found = [_diagnosis(case, trouble) for trouble in troubles]
    for look in _REMARKS:
        found += look(case)
    return tuple(_once(found))[:MAX_DIAGNOSES]


def tried(found: Diagnosis, attempt: Callable[[Program], Run], program: Program) -> Diagnosis:
    """The diagnosis with only those cures after which it is no longer made.

    `attempt` runs a program (in the sandbox, for a stranger's). A cure is kept if its run neither
    meets this diagnosis again nor raises, unless an error behind the first one comes to light.
    """
    before = program.source.splitlines()
    place = before[found.line - 1] if found.line and found.kind == "error" else None
    kept = []
    for cure in found.cures:
        after = attempt(Program(cure.source, program.seed))
        again = any(d.row == found.row and d.kind == found.kind for d in diagnose(after))
        if not again and (after.error is None or _lies_behind(after, before, place)):
            kept.append(cure)
    return msgspec.structs.replace(found, cures=tuple(kept))


def _lies_behind(after: Run, before: list[str], place: str | None) -> bool:
    """Whether a run's error is in a line that was there before, and is not the one at `place`."""
    line = after.error.line if after.error else None
    if line is None or place is None:
        return False
    text = after.program.source.splitlines()[line - 1]
    return text in before and text != place


def _diagnosis(case: Case, trouble: Trouble) -> Diagnosis:
    for pattern, know in _SAID:
        if re.search(pattern, trouble.words):
            return know(case, trouble)
    return _unknown(trouble)


def _unknown(trouble: Trouble) -> Diagnosis:
    return Diagnosis(None, trouble.kind, trouble.words, trouble.line, trouble.span, trouble.node)


def _troubles(run: Run) -> Iterator[Trouble]:
    """What torch said in this run: the error that ended it, those that were caught, warnings."""
    last = run.error
    for number, call in enumerate(run.calls):
        if call.error is None:
            continue
        line = call.span.line if call.span else None
        if last is not None and last.span == call.span and number == len(run.calls) - 1:
            yield Trouble("error", last.message, last.line, last.span, number, call.error.node)
            last = None
        else:
            yield Trouble("error", call.error.message, line, call.span, number, call.error.node)
    if last is not None:
        yield Trouble("error", last.message, last.line, last.span)
    for warning in run.warnings:
        yield Trouble("warning", warning.message, warning.line)


def _once(found: list[Diagnosis]) -> Iterator[Diagnosis]:
    """Each thing said once: loops repeat their errors, and a warning may announce an error."""
    seen = set()
    for diagnosis in found:
        line = None if diagnosis.kind == "remark" else diagnosis.line
        key = (line, diagnosis.words if diagnosis.row is None else diagnosis.row)
        if key not in seen:
            seen.add(key)
            yield diagnosis
