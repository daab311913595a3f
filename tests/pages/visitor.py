"""What a visitor does on every page."""

import json
from collections.abc import Callable, Iterator

from streamlit.testing.v1 import AppTest

from explorer.ui import session

OpenPage = Callable[..., AppTest]
"""`open_page("jacobian", preset="notebook")`: the page as a visitor of that link sees it."""


def pick(app: AppTest, choice: str) -> AppTest:
    """Pick another program in the header."""
    return app.selectbox(key="choice").select(session.title(choice)).run()


def words(app: AppTest) -> str:
    """Every sentence on the page."""
    kinds = (app.markdown, app.caption, app.warning, app.info, app.error, app.header, app.subheader)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def components(app: AppTest, key: str) -> Iterator[dict]:
    """What the page sent to those of its components whose data has `key`, in their order."""
    sent = (json.loads(one.proto.json or "{}") for one in app.get("bidi_component"))
    return (data for data in sent if key in data)


def player(app: AppTest) -> dict:
    """What the page sent to its player."""
    assert not app.exception
    return next(components(app, "frames"))
