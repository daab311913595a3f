"""Where a number of the backward pass comes from, without running anything: no torch here.

- `rule_of(node_name)`: the rule behind a `grad_fn`, in symbols, in a sentence and as a numpy
  function; None where no formula is written.
- `explain(call, step, slot, element, local)`: why a node sent this number: the terms that add up
  to it, largest first, and whether terms and formula agree with what torch sent.
- `explain_call(call, locals)`: the rule, the local Jacobian and whether both agree with torch, for
  every step and slot at once.
- `explain_arrival(call, step, output, element)`: why this number arrived: what came by each edge.
- `explain_leaf(leaf, element)`: why `.grad` holds this number: before + added.

>>> rule_of("MulBackward0").symbols
('g · other', 'g · self')
>>> rule_of("MulBackward0").sentence
'Each factor gets the cotangent times the other factor.'
>>> rule_of("SomebodysOwnBackward") is None
True
"""

from explorer.explain.rule import FormulaError, Part, Rule
from explorer.explain.rules import RULES, rule_of
from explorer.explain.why import (
    MAX_TERMS,
    Rundown,
    Term,
    Why,
    explain,
    explain_arrival,
    explain_call,
    explain_leaf,
)

__all__ = [
    "MAX_TERMS", "RULES", "FormulaError", "Part", "Rule", "Rundown", "Term", "Why", "explain",
    "explain_arrival", "explain_call", "explain_leaf", "rule_of",
]  # fmt: skip
