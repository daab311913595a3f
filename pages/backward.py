"""Watch the backward pass, one node at a time."""

from explorer.ui import player, session, takeaway

run = session.explained_run()
if run is not None:
    link = session.query_of_program()
    player.show(run, key="backward", ask=session.current_run, link=link)
    name = session.choice()
    takeaway.menu(run, key="backward", name=name, title=session.title(name))
