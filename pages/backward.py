"""Watch the backward pass, one node at a time, and nudge a number to see what it does."""

from explorer.ui import following, nudge, player, session, takeaway, trouble, variables

run = session.explained_run()
if run is not None:
    trouble.said(run)
    player.show(
        run, key="backward", ask=session.current_run, link=session.query_of_program(),
        on_leaf=following.from_backward, wrong=trouble.places(run),
    )  # fmt: skip
    following.go_on()
    variables.show(run)
    trouble.remarks(run)
    nudge.section(run)
    name = session.choice()
    takeaway.menu(run, key="backward", name=name, title=session.title(name))
