"""Watch the backward pass, one node at a time."""

from explorer.ui import player, session, takeaway

run = session.explained_run()
if run is not None:
    player.show(run, key="backward", ask=session.current_run)
    takeaway.menu(run, key="backward")
