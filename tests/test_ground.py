"""The house keeps its own rules: lint, format, types, layers, colours and commands."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from explorer.picture.theme import DARK, LIGHT, Theme
from explorer.ui.player.style import contrast

ROOT = Path(__file__).parent.parent
CONFIG = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["-m", "ruff", "check"], id="ruff check"),
        pytest.param(["-m", "ruff", "format", "--check"], id="ruff format"),
        pytest.param(["-m", "mypy"], id="mypy"),
        pytest.param(
            ["-c", "from importlinter.cli import lint_imports_command as lint; lint()"],
            id="import-linter",
        ),
    ],
)
def test_the_tools_are_content(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_streamlit_wears_the_colours_of_the_pictures(theme: Theme) -> None:
    worn = CONFIG["theme"][theme.name]
    assert worn == {
        "primaryColor": worn["primaryColor"],
        "backgroundColor": theme.paper,
        "secondaryBackgroundColor": theme.background,
        "textColor": theme.ink,
        "borderColor": theme.line,
        "codeBackgroundColor": theme.background,
        "blueColor": theme.minus[-1],
        "orangeColor": theme.plus[-1],
        "yellowColor": theme.now,
        "yellowTextColor": theme.ink,
        "yellowBackgroundColor": theme.now_soft,
        "grayColor": theme.muted,
    }
    # White letters stand on it, in the tags of a multiselect.
    assert contrast("#FFFFFF", worn["primaryColor"]) >= 4.5
    assert contrast(theme.paper, worn["primaryColor"]) >= 3


def test_every_streamlit_option_exists() -> None:
    from streamlit import config

    known = config._config_options_template
    flat = [
        f"{section}.{name}" if not isinstance(value, dict) else f"{section}.{name}.{inner}"
        for section, options in CONFIG.items()
        for name, value in options.items()
        for inner in (value if isinstance(value, dict) else [name])
    ]
    assert [option for option in flat if option not in known] == []


def test_ci_runs_the_readme_s_test_command() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = re.findall(r"^pip install .*$", readme, flags=re.MULTILINE)
    assert commands == [
        "pip install -r requirements.txt && streamlit run streamlit_app.py",
        "pip install -r requirements-dev.txt && pytest",
    ]
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == commands[1]


def test_no_page_or_module_is_run_by_importing_it() -> None:
    assert 'if __name__ == "__main__":' in (ROOT / "explorer/ui/app.py").read_text()


def test_the_app_itself_never_loads_torch() -> None:
    code = """
import importlib, pkgutil, runpy, sys
import explorer.ui
for module in pkgutil.walk_packages(explorer.ui.__path__, "explorer.ui."):
    importlib.import_module(module.name)
runpy.run_path("streamlit_app.py")
print("torch" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
