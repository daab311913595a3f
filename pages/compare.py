"""Two programs beside each other: what both do in the same place, and in words what differs."""

from explorer.ui import partners, session
from explorer.ui.player import beside

left = session.explained_run()
if left is not None:
    partner = partners.chosen()
    right = session.explained(partner.program)
    beside.show(
        left, right, titles=(session.title(session.choice()), partner.title), key="compare",
        link=session.query_of_program(),
    )  # fmt: skip
