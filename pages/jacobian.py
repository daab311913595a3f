"""Every derivative of a variable with respect to others, as one picture."""

from explorer.ui import jacobian, session

run = session.current_run()
if run is not None:
    jacobian.show(run)
