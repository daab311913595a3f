"""Answers about single nodes, found when the backward call that they belong to begins.

At that moment the saved tensors are alive. Whether what was found is also what the engine then sent
is known only after the call, so an answer is settled at the end of the run.
"""

from collections.abc import Sequence

from explorer.autograd.local import MAX_BYTES, Locals, confirmed, confirmed_terms
from explorer.autograd.tape import Tape
from explorer.autograd.values import Copier
from explorer.data import Answer, Ask, BackwardCall, LocalAsk, LocalJacobian, Terms, TermsAsk
from explorer.language import later

NodeAsk = LocalAsk | TermsAsk


class NodeAnswers:
    """Answers those of `asks` that are about single nodes."""

    def __init__(self, asks: Sequence[Ask]) -> None:
        self.asks = [ask for ask in asks if isinstance(ask, NodeAsk)]
        self._copier = Copier(MAX_BYTES)
        self._custom: set[int] = set()
        self._locals: dict[LocalAsk, tuple[LocalJacobian, ...]] = {}
        self._terms: dict[TermsAsk, Terms] = {}

    def begin(self, call: int, tape: Tape, nodes: Sequence[int]) -> None:
        """Call number `call`, which leads to `nodes`, is about to be made: look at its nodes."""
        for ask in self.asks:
            if ask.call != call:
                continue
            found = Locals(tape, self._copier)
            try:
                if isinstance(ask, LocalAsk):
                    self._locals[ask] = tuple(one for node in nodes for one in found.of(node))
                elif ask.node in nodes:
                    self._terms[ask] = found.terms(ask.node, ask.slot, ask.element)
            finally:
                self._custom |= found.custom

    @property
    def ran_program(self) -> bool:
        """Whether a backward that the program wrote itself was run to find an answer."""
        return bool(self._custom)

    def settled(self, ask: NodeAsk, calls: Sequence[BackwardCall]) -> Answer:
        """The answer, held against what the engine sent. `calls` are all calls of the run."""
        if not 0 <= ask.call < len(calls):
            return Answer(
                ask,
                error=later(
                    "There is no call {call}: the program made {count} backward calls, which are "
                    "counted from 0."
                ).format(call=ask.call, count=len(calls)),
            )
        call = calls[ask.call]
        if call.note:
            return Answer(ask, error=call.note)
        steps = {step.node: step for step in call.steps}
        if isinstance(ask, LocalAsk):
            return Answer(
                ask,
                locals=tuple(
                    confirmed(one, steps.get(one.node), custom=one.node in self._custom)
                    for one in self._locals.get(ask, ())
                ),
            )
        terms = self._terms.get(ask)
        if terms is None:
            return Answer(
                ask,
                error=later("Call {call} does not lead to node {node}.").format(
                    call=ask.call, node=ask.node
                ),
            )
        terms = confirmed_terms(terms, steps.get(ask.node), custom=ask.node in self._custom)
        return Answer(ask, terms=terms, error=terms.note or None)
