"""Opens a page of the app without a browser."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from visitor import OpenPage

APP = Path(__file__).parents[2] / "explorer/ui/app.py"


@pytest.fixture
def open_page() -> OpenPage:
    """`open_page("jacobian", preset="notebook")`: the page as a visitor of that link sees it."""

    def open_(name: str, **query: str) -> AppTest:
        app = AppTest.from_file(APP, default_timeout=60)
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        if name != "start":
            app.switch_page(f"../../pages/{name}.py").run()
        assert not app.exception
        return app

    return open_
