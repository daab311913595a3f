"""Follow one path from the root to a leaf, and multiply the local Jacobians on it."""

from explorer.ui import chain, session

run = session.current_run()
choice = chain.choose(run) if run is not None else None
if choice is not None:
    chain.show(choice, key="chain")
