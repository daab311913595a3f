"""Where a visitor begins: the first program, stopped in the middle of its backward pass."""

from explorer.ui import gallery, greeting, player, session

gallery.show_front(greeting.title())

run = session.explained_run()
if run is not None:
    link = session.query_of_program()
    player.show(run, key=greeting.KEY, start=greeting.STEP, ask=session.current_run, link=link)

gallery.show()
