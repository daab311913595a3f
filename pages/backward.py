"""Watch the backward pass, one node at a time, and nudge a number to see what it does."""

from explorer.ui import following, nudge, player, session, takeaway

run = session.explained_run()
if run is not None:
    link = session.query_of_program()
    player.show(
        run, key="backward", ask=session.current_run, link=link, on_leaf=following.from_backward
    )
    following.go_on()
    nudge.section(run)
    name = session.choice()
    takeaway.menu(run, key="backward", name=name, title=session.title(name))
