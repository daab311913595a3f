"""The words of the explorer: one sentence each, for tooltips and documentation.

>>> TERMS["leaf"]
'An input tensor that requires grad and that no recorded operation has made.'
"""

TERMS = {
    "node": "One grad_fn in the graph: it knows how to send a cotangent one operation back.",
    "edge": (
        "An entry of next_functions: it leads from a node to the one that backward visits after it."
    ),
    "root": "A tensor that the graph is read from, usually the loss.",
    "leaf": "An input tensor that requires grad and that no recorded operation has made.",
    "AccumulateGrad": "The node at the end of the graph that adds into a leaf's .grad.",
    "cotangent": (
        "What flows along an edge backward: how the root changes with each element of that tensor."
    ),
    "gradient": "What rests in a leaf's .grad after backward: the sum of all that has arrived.",
    "VJP": "vᵀJ, a vector times a Jacobian: what one backward pass computes.",
    "JVP": "J·u, a Jacobian times a vector: what one forward-mode pass computes.",
    "Jacobian": "The matrix of all partial derivatives: a row per output, a column per input.",
    "local Jacobian": "The Jacobian of a single node.",
    "saved tensor": "A tensor that a node kept from the forward pass because backward needs it.",
    "trace": "A plain copy of the autograd graph: its nodes and edges, without live tensors.",
    "step": "One node executed by the autograd engine.",
    "program": "A short PyTorch script and its seed: all that the explorer needs to run it.",
    "run": "Everything that running a program showed.",
    "retain_graph": (
        "Keeps the saved tensors after backward, so that the same graph can be walked again."
    ),
    "create_graph": (
        "Records the backward pass itself as a graph, so that it can be differentiated again."
    ),
    "inputs": "The only tensors whose .grad a backward fills; without it, every leaf.",
    "set_to_none": (
        "With True zero_grad() sets .grad to None; with False it fills .grad with zeros."
    ),
    "requires_grad": "Whether autograd records what is done with a tensor.",
    "is_leaf": "Whether a tensor was made by the program itself rather than by a recorded op.",
    "grad_fn": "The node that made a tensor; a leaf has none.",
    "None": "No gradient has arrived here: not the same as a gradient of zero.",
    "no path": "No edge of the graph leads from the output to this input, so torch says None.",
}
"""Term -> one sentence."""


def tip(*terms: str) -> str:
    """The sentences of `terms` as Markdown, one line a term, for a tooltip.

    >>> print(tip("leaf"))
    **leaf**: An input tensor that requires grad and that no recorded operation has made.

    Raises:
        KeyError: a term that the glossary does not have.
    """
    return "\n\n".join(f"**{term}**: {TERMS[term]}" for term in terms)
