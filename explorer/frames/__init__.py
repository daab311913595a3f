"""From a Run to what a picture needs: what is lit, waiting, done or freed at each step.

`frames_of(run)` gives one `Scene` for each backward call (or one at rest if there was none), the
ticks of what came before, between and after them, and every tile once. All of it is plain data
without a live tensor, a position or a colour: `explorer.picture` places it, the player draws it.
"""

from typing import Final

from explorer.data import BackwardCall, Op, Plain, Program, Run, Values
from explorer.frames.captions import Captions
from explorer.frames.folding import hidden, plan
from explorer.frames.labels import Labels, cut_out
from explorer.frames.messages import Message, code, message, plain
from explorer.frames.scene import (
    Cut,
    Frame,
    Graph,
    Item,
    Scene,
    Seed,
    Tiles,
    Timing,
    Wire,
    build_items,
    build_wires,
    scale_of,
)
from explorer.frames.ticks import Tick, timeline
from explorer.frames.tiles import Tile, amount, shape_text, tile_of
from explorer.language import _, retold

__all__ = [
    "Cut", "Frame", "Frames", "Item", "Message", "Scene", "Seed", "Tick", "Tile", "Wire",
    "frames_of", "tile_of",
]  # fmt: skip


NAMED: Final = 4
"""Tensors up to which those that require grad are all named, where torch recorded nothing."""


class Frames(Plain, frozen=True):
    """Everything that the player shows of one Run.

    `begins` says, for each scene, how many ticks of `forward` came before its call. `error` is what
    the program raised.
    """

    program: Program
    scenes: tuple[Scene, ...]
    forward: tuple[Tick, ...]
    tiles: tuple[Tile, ...]
    error: Message | None = None
    error_line: int | None = None
    begins: tuple[int, ...] = ()


def frames_of(run: Run) -> Frames:
    """The frames of a run: one scene a call, in the order of the calls."""
    labels, tiles = Labels(run), Tiles()
    freed: frozenset[int] = frozenset()
    scenes = []
    numbers: dict[str, int] = {}
    for place, call in enumerate(run.calls):
        sort = "grad" if call.kind == "grad" else "backward" if call.kind == "backward" else "other"
        numbers[sort] = numbers.get(sort, 0) + 1
        title = message(f"call.{sort}", number=numbers[sort], kind=call.kind)
        scenes.append(_scene(run, call, place, title, labels, tiles, freed))
        freed |= frozenset(call.freed)
    if not scenes:
        scenes.append(_scene(run, None, None, message("call.none"), labels, tiles, freed))
    error = None
    if run.error is not None:
        words = plain(run.error.words)
        error = message("program.failed", type=run.error.type, text=words)
    ticks, begins = timeline(run, labels, tiles)
    return Frames(
        run.program,
        tuple(scenes),
        ticks,
        tuple(tiles.all),
        error,
        run.error.line if run.error else None,
        begins or (len(ticks),),
    )


def _scene(
    run: Run,
    call: BackwardCall | None,
    place: int | None,
    title: Message,
    labels: Labels,
    tiles: Tiles,
    freed: frozenset[int],
) -> Scene:
    trace = call.trace if call else run.trace
    roots = call.roots if call else trace.roots
    graph = Graph(trace, roots, (step.node for step in call.steps) if call else ())
    timing = Timing(graph, call)
    most = scale_of(call)
    seeds = _seeds(call, graph, roots, labels, tiles) if call else ()
    wires = build_wires(graph, timing, seeds, labels, tiles, most)
    items = build_items(graph, timing, wires, labels, tiles, freed)
    groups = plan(items, wires)
    folded = hidden(items, wires, groups)
    frames: tuple[Frame, ...] = ()
    if call is not None:
        frames = Captions(call, graph, timing, items, wires, seeds, labels, tiles, folded).frames()
    return Scene(
        title,
        call.kind if call else "none",
        call.span if call else None,
        items,
        wires,
        seeds,
        _cuts(run, graph),
        (_rest(run, call, seeds, tiles, bool(items)),),
        frames,
        most,
        place,
        groups,
        len(folded),
    )


def _seeds(
    call: BackwardCall, graph: Graph, roots: tuple[int, ...], labels: Labels, tiles: Tiles
) -> tuple[Seed, ...]:
    seeds = []
    steps = {step.node: step for step in call.steps}
    for number, root in enumerate(roots):
        nr = call.root_nrs[number] if number < len(call.root_nrs) else 0
        given = call.gradient[number] if number < len(call.gradient) else None
        vector: Values | None = given
        if vector is None and not graph.incoming[root] and root in steps:
            # torch filled v in itself; with no edge into the root, what arrived there is v.
            arrived = steps[root].cotangents_in
            vector = arrived[nr] if nr < len(arrived) else None
        node = graph.nodes[root]
        variable = labels.value(root, nr)
        name = node.leaf if node.leaf is not None else labels.variable(root, nr)
        tile = tiles.number(vector)
        outputs = node.outputs
        scalar = nr < len(outputs) and outputs[nr].shape == ()
        seeds.append(
            Seed(
                number,
                root,
                nr,
                call.kind,
                _vector_text(tiles[tile], scalar),
                name or "",
                tiles.number(variable.values) if variable else None,
                tile,
            )
        )
    return tuple(seeds)


def _vector_text(tile: Tile | None, scalar: bool) -> str:
    """v in a few letters: `1`, `ones`, or its shape; `?` where a root that needs one has none."""
    if tile is None:
        return "1" if scalar else "?"
    if tile.uniform and isinstance(tile.cells[0], float):
        number = f"{tile.cells[0]:g}"
        if not tile.shape:
            return number
        return {"1": _("ones"), "0": _("zeros")}.get(
            number, _("all {number}").format(number=number)
        )
    return shape_text(tile.shape) or "1"


def _rest(
    run: Run, call: BackwardCall | None, seeds: tuple[Seed, ...], tiles: Tiles, drawn: bool
) -> Message:
    """What is said before the first step."""
    if call is None:
        return message("rest.none") if drawn else _why_empty(run)
    if call.note:
        return message("rest.note", text=plain(retold(call.note)))
    where = code(cut_out(run.program, call.span)) if call.span else code(call.kind)
    if len(seeds) == 1 and seeds[0].name:
        value = amount(tiles[seeds[0].value]) if seeds[0].value is not None else None
        if value is not None:
            return message("rest.root", root=code(seeds[0].name), value=value, call=where)
    return message("rest.call", call=where)


def _why_empty(run: Run) -> Message:
    """Why there is no graph: an error came first, or nothing that requires grad was used."""
    named = list(dict.fromkeys(v.name for v in run.tensors if v.last and v.requires_grad))
    names = [code(name) for name in named[:NAMED]] + [plain("…")] * (len(named) > NAMED)
    if run.error is not None:
        return message("rest.early", names=names) if names else message("rest.early.none")
    return message("rest.unused", names=names) if names else message("rest.empty")


def _cuts(run: Run, graph: Graph) -> tuple[Cut, ...]:
    """Inputs of the ops whose nodes are drawn that carry no grad, with the reason."""
    made_by: dict[int, Op] = {}
    cuts: dict[tuple[int, int], Cut] = {}
    for op in run.forward:
        node = next((n for n in op.nodes if n in graph.outgoing and n not in graph.beads), None)
        for operand in op.inputs:
            if operand.requires_grad or node is None:
                continue
            maker = made_by.get(operand.tensor)
            reason = maker.cut if maker is not None and maker.cut else "no grad"
            cuts.setdefault((node, operand.tensor), Cut(node, reason))
        for operand in op.outputs:
            made_by[operand.tensor] = op
    return tuple(cuts.values())
