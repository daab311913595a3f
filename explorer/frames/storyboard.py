"""Which steps a storyboard shows: all of them, or those that tell the story, and what is left out.

`strips(frames)` gives one strip for each call that is shown. A call with many steps loses those of
nodes that only change the shape first, then those inside folded cards, and at last every other one.
Each strip says which, and its pictures carry the true numbers of their steps.
"""

from collections.abc import Sequence
from itertools import pairwise

from explorer.data import Plain
from explorer.frames import Frames
from explorer.frames.folding import owners, views
from explorer.frames.messages import Message, message
from explorer.frames.scene import Scene

MAX_PICTURES = 40
"""Pictures of steps on a storyboard, for all calls together: about eight pages of A4."""

MAX_STRIPS = 4
"""Calls that a storyboard shows: those that the program made itself, if there are any."""

_OWN = ("backward", "grad")


class Strip(Plain, frozen=True):
    """The steps of one call that are shown, in order, and a sentence on those that are not."""

    scene: int
    steps: tuple[int, ...]
    said: Message


def strips(frames: Frames) -> tuple[Strip, ...]:
    """The strips of a storyboard, in the order of the calls; none where nothing ran backward."""
    chosen = _stepped(frames)
    own = [place for place in chosen if frames.scenes[place].kind in _OWN]
    chosen = (own or chosen)[:MAX_STRIPS]
    return tuple(
        Strip(place, *_chosen(frames.scenes[place], MAX_PICTURES // len(chosen)))
        for place in chosen
    )


def calls_left_out(frames: Frames) -> int:
    """Calls with steps that no strip shows."""
    return len(_stepped(frames)) - len(strips(frames))


def _stepped(frames: Frames) -> list[int]:
    return [place for place, scene in enumerate(frames.scenes) if scene.frames]


def _chosen(scene: Scene, most: int) -> tuple[tuple[int, ...], Message]:
    """At most `most` steps of a call."""
    every, computing = range(1, len(scene.frames) + 1), _computing(scene)
    telling = _telling(scene, computing)
    for steps, said in ((every, "all"), (computing, "beads"), (telling, "folded")):
        if len(steps) <= most:
            words = message(f"board.{said}", shown=len(steps), count=len(every))
            return tuple(steps), words
    spread = [telling[place * (len(telling) - 1) // (most - 1)] for place in range(most)]
    return tuple(spread), message("board.spread", shown=most, count=len(every))


def _computing(scene: Scene) -> list[int]:
    """The steps of nodes that compute something, or fill a leaf, and a failure."""
    beads = {item.index for item in scene.items if item.kind == "bead"}
    return [
        number
        for number, frame in enumerate(scene.frames, 1)
        if frame.node not in beads or frame.failed
    ]


def _telling(scene: Scene, computing: Sequence[int]) -> list[int]:
    """Of the steps that one folded card runs in a row, the last; of the others, the computing."""
    folds = views(scene.groups, sum(item.kind == "card" for item in scene.items))[0].folds
    home = owners(scene.items, scene.wires, folds)
    homes = [
        None if frame.node is None or frame.failed else home.get(frame.node)
        for frame in scene.frames
    ]
    drawn = set(computing)
    return [
        step
        for step, (here, after) in enumerate(pairwise([*homes, None]), 1)
        if (step in drawn if here is None else here != after)
    ]
