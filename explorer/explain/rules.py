"""The table of all rules, by the name of the node."""

import re
from collections.abc import Iterator

from explorer.explain.pointwise import POINTWISE
from explorer.explain.products import PRODUCTS
from explorer.explain.reductions import REDUCTIONS
from explorer.explain.rule import Rule, every
from explorer.explain.shapes import SHAPES

RULES: dict[str, Rule] = {
    name: entry
    for table in (POINTWISE, SHAPES, PRODUCTS, REDUCTIONS)
    for name, entry in every(table)
}
"""Node name -> its rule."""

_WORDS = re.compile(
    r"\b(where|else|sum of|of|at|in|on|by|with|without|from|or|its|the|rolled|turned)\b"
)
"""How symbols are told that say a part in words: `g where self > 0, else 0`."""


def messages() -> Iterator[str]:
    """The words of all rules, for the catalogues: each sentence, and symbols that hold words."""
    for rule in RULES.values():
        yield rule.sentence
        yield from (symbols for symbols in rule.symbols if _WORDS.search(symbols))


def rule_of(node_name: str) -> Rule | None:
    """The rule of the nodes of that name, as `type(fn).__name__` has it; None if none is written.

    >>> rule_of("SigmoidBackward0").symbols
    ('g · result · (1 − result)',)
    """
    return RULES.get(node_name)
