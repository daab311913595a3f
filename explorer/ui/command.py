"""The command `autograd-explorer`: opens the app, with the options that `streamlit run` takes."""

import sys

from streamlit.web import cli

from explorer.ui import site


def main() -> None:
    """Start the app and open it in the browser: `autograd-explorer --server.port 8600`."""
    cli.main(
        ["run", str(site.HOME / "streamlit_app.py"), *sys.argv[1:]], prog_name="autograd-explorer"
    )
