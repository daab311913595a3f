"""The router: one navigation over all pages, and above each page the program that all share."""

import streamlit as st

from explorer.ui import session, site, widgets


def main() -> None:
    """Run the page that the URL names."""
    st.set_page_config(
        page_title="Autograd Explorer",
        page_icon=widgets.ICON,
        layout="wide",
        menu_items={"About": "See what PyTorch's autograd really did."},
    )
    chosen = st.navigation(site.pages(), position="top")
    session.read_url()
    widgets.header()
    chosen.run()
    widgets.follow_theme()
    session.write_url()


if __name__ == "__main__":
    main()
