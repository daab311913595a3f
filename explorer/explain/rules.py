"""The table of all rules, by the name of the node."""

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


def rule_of(node_name: str) -> Rule | None:
    """The rule of the nodes of that name, as `type(fn).__name__` has it; None if none is written.

    >>> rule_of("SigmoidBackward0").symbols
    ('g · result · (1 − result)',)
    """
    return RULES.get(node_name)
