"""Open a step that was recorded somewhere else."""

from explorer.ui import opened

held = opened.ask()
if held is not None:
    opened.draw(held)
