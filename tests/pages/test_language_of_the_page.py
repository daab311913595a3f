"""The app speaks what the link says, keeps it from page to page, and puts a pick into the link."""

from visitor import OpenPage


def test_a_link_says_the_language(open_page: OpenPage) -> None:
    page = open_page("backward", preset="tutorial", lang="de")
    assert page.radio(key="language").value == "de"
    page.switch_page("../../pages/jacobian.py").run()
    assert page.radio(key="language").value == "de"


def test_a_language_that_nobody_speaks_is_english(open_page: OpenPage) -> None:
    assert open_page("start", lang="<script>").radio(key="language").value == "en"


def test_what_is_picked_stands_in_the_link(open_page: OpenPage) -> None:
    page = open_page("start", preset="fan_out")
    page.radio(key="language").set_value("zh").run()
    assert page.query_params["lang"] in ("zh", ["zh"])
    assert page.query_params["preset"] in ("fan_out", ["fan_out"])
    assert page.radio(key="language").value == "zh"
