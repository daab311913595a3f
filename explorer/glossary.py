"""The words of the explorer: one sentence each, for tooltips and documentation.

>>> TERMS["leaf"]
'An input tensor that requires grad and that no recorded operation has made.'
"""

from explorer.language import _, later

TERMS = {
    "node": later("One grad_fn in the graph: it knows how to send a cotangent one operation back."),
    "edge": later(
        "An entry of next_functions: it leads from a node to the one that backward visits after it."
    ),
    "root": later("A tensor that the graph is read from, usually the loss."),
    "leaf": later("An input tensor that requires grad and that no recorded operation has made."),
    "AccumulateGrad": later("The node at the end of the graph that adds into a leaf's .grad."),
    "cotangent": later(
        "What flows along an edge backward: how the root changes with each element of that tensor."
    ),
    "gradient": later(
        "What rests in a leaf's .grad after backward: the sum of all that has arrived."
    ),
    "VJP": later("vᵀJ, a vector times a Jacobian: what one backward pass computes."),
    "JVP": later("J·u, a Jacobian times a vector: what one forward-mode pass computes."),
    "Jacobian": later(
        "The matrix of all partial derivatives: a row per output, a column per input."
    ),
    "local Jacobian": later("The Jacobian of a single node."),
    "saved tensor": later(
        "A tensor that a node kept from the forward pass because backward needs it."
    ),
    "trace": later(
        "A plain copy of the autograd graph: its nodes and edges, without live tensors."
    ),
    "step": later("One node executed by the autograd engine."),
    "program": later("A short PyTorch script and its seed: all that the explorer needs to run it."),
    "run": later("Everything that running a program showed."),
    "retain_graph": later(
        "Keeps the saved tensors after backward, so that the same graph can be walked again."
    ),
    "create_graph": later(
        "Records the backward pass itself as a graph, so that it can be differentiated again."
    ),
    "inputs": later("The only tensors whose .grad a backward fills; without it, every leaf."),
    "set_to_none": later(
        "With True zero_grad() sets .grad to None; with False it fills .grad with zeros."
    ),
    "requires_grad": later("Whether autograd records what is done with a tensor."),
    "is_leaf": later(
        "Whether a tensor was made by the program itself rather than by a recorded op."
    ),
    "grad_fn": later("The node that made a tensor; a leaf has none."),
    "None": later("No gradient has arrived here: not the same as a gradient of zero."),
    "no path": later(
        "No edge of the graph leads from the output to this input, so torch says None."
    ),
}
"""Term -> one sentence."""


def tip(*terms: str) -> str:
    """The sentences of `terms` as Markdown, one line a term, for a tooltip.

    >>> print(tip("leaf"))
    **leaf**: An input tensor that requires grad and that no recorded operation has made.

    Raises:
        KeyError: a term that the glossary does not have.
    """
    return "\n\n".join(f"**{term}**: {_(TERMS[term])}" for term in terms)
