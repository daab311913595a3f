"""A placed scene as plain data: where each card, bead, bucket, seed and wire stands, in px."""

from explorer.data import Plain
from explorer.picture.geometry import Box, Point, rounded


class Spot(Plain, frozen=True):
    """Where one node stands. `box` is all that it draws on (a bucket's name included), `body` the
    card, bead or tray itself, `sockets` one box for each incoming wire, in the order of `wires`."""

    node: int
    box: Box
    body: Box
    wires: tuple[int, ...] = ()
    sockets: tuple[Box, ...] = ()


class Path(Plain, frozen=True):
    """The way of one wire: an SVG path for each hop, and an arrow's place and angle on the last."""

    wire: int
    hops: tuple[str, ...]
    arrow: tuple[float, float, float]


class Road(Plain, frozen=True):
    """The forward lane between two cards: its path and the tip of its arrow. `name` and `shape` of
    the value are written at `label`, once for each card, and nowhere if that is None."""

    wire: int
    path: str
    tip: Point
    name: str = ""
    shape: str = ""
    label: Point | None = None


class Cluster(Plain, frozen=True):
    """A module's frame."""

    name: str
    box: Box


class Picture(Plain, frozen=True):
    """A scene that has been placed. All coordinates are px at zoom 1, y downwards. `stacked` says
    that its rows were made without the engine, which is for few wires only."""

    density: str
    bounds: Box
    spots: tuple[Spot, ...]
    seeds: tuple[Box, ...]
    paths: tuple[Path, ...]
    roads: tuple[Road, ...]
    clusters: tuple[Cluster, ...]
    stacked: bool = False


def tidy(spot: Spot) -> Spot:
    """The spot with tenths of a px, which is all that is sent to the browser."""
    sockets = tuple(rounded(socket) for socket in spot.sockets)
    return Spot(spot.node, rounded(spot.box), rounded(spot.body), spot.wires, sockets)
