"""The names of a running program: which tensors each one stood for, and what to call a leaf."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Tensor, nn
from torch.autograd.graph import GradientEdge

from explorer import errors
from explorer.autograd import private
from explorer.autograd.modules import inside, parts_of
from explorer.autograd.names import ProgramNames
from explorer.autograd.tape import gradient_edge
from explorer.autograd.watch import Watch
from explorer.data import Span, Variable
from explorer.language import later


class LiveVariable:
    """A name and the tensor it stood for, as it was when it was assigned or when the run ended."""

    def __init__(self, name: str, number: int, tensor: Tensor, span: Span | None) -> None:
        self.name = name
        self.number = number
        self.tensor = tensor
        self.span = span
        self.place: GradientEdge | None = None
        self.last = False

    def look(self, watch: Watch, place: GradientEdge | None) -> None:
        """Keep what the tensor is now."""
        tensor = self.tensor
        self.values = watch.values(tensor)
        self.requires_grad = tensor.requires_grad
        self.is_leaf = tensor.is_leaf
        self.place = place
        keeps = tensor.is_leaf or tensor.retains_grad
        self.grad = watch.copier.copy(tensor.grad) if keeps and tensor.grad is not None else None

    def settle(self, index: Callable[[Any], int | None]) -> None:
        """Find the number of the node once all nodes have one."""
        self.node = None if self.place is None else index(self.place.node)

    def plain(self) -> Variable:
        """The variable without its tensor."""
        return Variable(
            name=self.name,
            number=self.number,
            last=self.last,
            values=self.values,
            requires_grad=self.requires_grad,
            is_leaf=self.is_leaf,
            grad_fn=None if self.place is None or self.is_leaf else type(self.place.node).__name__,
            node=self.node,
            output_nr=0 if self.place is None else self.place.output_nr,
            grad=self.grad,
            span=self.span,
        )


class Namespace(ProgramNames):
    """The program's module namespace: remembers every tensor that a name stood for."""

    def __init__(
        self, watch: Watch, assigned: Callable[[str, int], None], names: Mapping[str, Any]
    ) -> None:
        super().__init__(names)
        self._watch = watch
        self._assigned = assigned
        self._variables: list[LiveVariable] = []
        self._later: dict[str, LiveVariable] = {}
        """Past the ops that are noted, of each name only what it stands for at last is kept."""

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        if not isinstance(value, Tensor):
            return
        with private.without_modes():
            self._remember(name, value)
        self._assigned(name, self._counts[name])

    def _remember(self, name: str, tensor: Tensor) -> None:
        number = self._counted(name)
        _, frame = self._watch.spans.frames()
        span = None if frame is None else self._watch.spans.of_frame(frame)
        variable = self._later.get(name)
        if variable is None:
            variable = LiveVariable(name, number, tensor, span)
            self._variables.append(variable)
            if self._watch.full:
                self._later[name] = variable
        variable.number, variable.tensor, variable.span = number, tensor, span
        variable.look(self._watch, self._place(tensor))

    def _place(self, tensor: Tensor) -> GradientEdge | None:
        if private.is_wrapped(tensor) or not tensor.requires_grad:
            return None
        return self._watch.place(tensor) or gradient_edge(tensor)

    def variables(self) -> list[LiveVariable]:
        """Every variable; those still standing for their tensor as it is now."""
        last: dict[str, LiveVariable] = {v.name: v for v in self._variables}
        for variable in last.values():
            variable.last = True
            if self.globals.get(variable.name) is variable.tensor:
                variable.look(self._watch, self._place(variable.tensor))
        tape = self._watch.tape
        for variable in reversed(self._variables):
            if variable.place is not None and not variable.is_leaf:
                tape.add([variable.place])
        for variable in self._variables:
            variable.settle(tape.index)
        return self._variables

    def tops(self) -> list[tuple[int, int]]:
        """The places of non-leaf variables that no other node leads to, the latest first."""
        tape = self._watch.tape
        targets = {edge.target for edge in tape.edges}
        return [
            (variable.node, variable.place.output_nr)
            for variable in reversed(self._variables)
            if variable.node is not None
            and variable.place is not None
            and variable.node not in targets
        ]

    def leaf_names(self) -> dict[int, str]:
        """id(leaf) -> the name a person would write for it; the first name wins."""
        names: dict[int, str] = {}
        for path, tensor in self._named():
            names.setdefault(id(tensor), path)
        return names

    def leaves(self) -> list[Tensor]:
        """Every leaf that a name leads to and that a backward could fill."""
        distinct = {id(tensor): tensor for _, tensor in self._named()}.values()
        return [tensor for tensor in distinct if tensor.is_leaf and tensor.requires_grad]

    def holders(self) -> list[tuple[str, Tensor]]:
        """Every tensor whose `.grad` a backward could fill, under its name.

        These are the leaves, and what the program told to retain its grad.
        """
        distinct = {id(tensor): (name, tensor) for name, tensor in reversed([*self._named()])}
        for variable in reversed(self._variables):
            if not variable.tensor.is_leaf and variable.number != self._counts[variable.name]:
                title = f"{variable.name}#{variable.number}"
                distinct[id(variable.tensor)] = (title, variable.tensor)
        return [
            (name, tensor)
            for name, tensor in distinct.values()
            if tensor.requires_grad and (tensor.is_leaf or tensor.retains_grad)
        ]

    def leaf_variables(self) -> list[LiveVariable]:
        """Those leaves as they are now, each under its name."""
        names = self.leaf_names()
        found = []
        for tensor in self.leaves():
            leaf = LiveVariable(names[id(tensor)], 1, tensor, None)
            leaf.last = True
            leaf.look(self._watch, self._place(tensor))
            leaf.settle(self._watch.tape.index)
            found.append(leaf)
        return found

    def _named(self) -> Iterator[tuple[str, Tensor]]:
        """Every tensor that the program's names lead to, with the best name of each first.

        A parameter is named by its module: a variable that it passed through, as in
        `for p in net.parameters()`, says less.
        """
        for name, part in self.parts():
            for parameter, tensor in part.named_parameters(recurse=False, remove_duplicate=False):
                yield f"{name}.{parameter}", tensor
        for variable in self._variables:
            yield variable.name, variable.tensor
        for name in self._order:
            for path, box, key in inside(name, self.globals.get(name)):
                yield path, box[key]

    def parts(self) -> Iterator[tuple[str, nn.Module]]:
        """Every Module of the program with the name that a person would give it."""
        return parts_of(self.globals, self._order)

    def number(self, path: str) -> int:
        """Which value of a variable `path` names now, counted from 1; 0 for what is no variable."""
        name, _, number = path.partition("#")
        return int(number) if number.isdigit() else self._counts.get(name, 0)

    def find(self, path: str) -> Tensor:
        """The tensor that `path` names now: `y`, `y#2`, `Layer_1.weight`, `parts[0]`.

        Raises:
            JacobianError: there is no tensor of that name.
        """
        name, _, number = path.partition("#")
        for variable in self._variables:
            if number and (variable.name, str(variable.number)) == (name, number):
                return variable.tensor
        value = self.globals.get(name)
        if not number and isinstance(value, Tensor):
            return value
        for known, tensor in self._named():
            if known == path:
                return tensor
        raise errors.JacobianError(
            later("The program has no tensor named {name!r} at this point.").format(name=path)
        )
