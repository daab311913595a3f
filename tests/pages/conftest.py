"""Opens a page of the app without a browser."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from visitor import OpenPage

APP = Path(__file__).parents[2] / "explorer/ui/app.py"


@pytest.fixture(scope="session", autouse=True)
def _installed_packages_are_read_once() -> Iterator[None]:
    """Each app looks for components in the metadata of every installed package: a third of a second
    and always the same."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture
def open_page() -> OpenPage:
    """`open_page("jacobian", preset="notebook")`: the page as a visitor of that link sees it."""

    def open_(name: str, **query: str) -> AppTest:
        app = AppTest.from_file(APP, default_timeout=60)
        for key, value in query.items():
            app.query_params[key] = value
        if name != "start":
            app.switch_page(f"../../pages/{name}.py")
        app.run()
        assert not app.exception
        return app

    return open_
