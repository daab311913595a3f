"""The router: one navigation over all pages, and above each page the program that all share."""

import streamlit as st

from explorer.errors import SandboxError
from explorer.language import _, retold
from explorer.ui import copylink, header, running, session, site, speaking, widgets
from explorer.ui.lesson import bar


def main() -> None:
    """Run the page that the URL names."""
    speaking.settle()
    st.set_page_config(
        page_title="Autograd Explorer",
        page_icon=header.ICON,
        layout="wide",
        menu_items={"About": _("See what PyTorch's autograd really did.")},
    )
    running.begin()
    running.prepare()
    chosen = st.navigation(site.pages(), position="top")
    if not session.read_url():
        st.switch_page(site.page("start"))
    link = header.show()
    if chosen.url_path != "lessons":
        bar.show()
    try:
        chosen.run()
    except SandboxError as error:  # busy, or not to be started: what is drawn already stays
        st.warning(retold(str(error)), icon=":material/hourglass:")
        st.button(_("Try again"))
    widgets.follow_theme()
    session.write_url()
    with link:
        copylink.show()
    running.end()


if __name__ == "__main__":
    main()
