"""The first picture that travels with the page: which pages get it, what it holds, what stays."""

import asyncio
import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from explorer import language
from explorer.ui import greeting, session
from explorer.ui.player import browser_data

PAGE = b'<html><head><script src="streamlit.js"></script></head></html>'


async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
    """Stands for Streamlit: one page for every path, with all that lets a browser keep it."""
    conditions = {b"if-none-match", b"if-modified-since"}
    if any(name in conditions for name, _ in scope["headers"]):
        await send({"type": "http.response.start", "status": 304, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    headers = {b"content-type": b"text/html", b"etag": b"1", b"content-length": b"%d" % len(PAGE)}
    await send({"type": "http.response.start", "status": 200, "headers": [*headers.items()]})
    await send({"type": "http.response.body", "body": PAGE[:20], "more_body": True})
    await send({"type": "http.response.body", "body": PAGE[20:]})


def answer(address: str, **headers: str) -> tuple[dict[str, str], bytes]:
    """What a browser gets that asks for `address`."""
    path, _, query = address.partition("?")
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    pairs = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": query.encode(),
        "headers": pairs,
    }  # fmt: skip
    asyncio.run(greeting.Greeting(streamlit)(scope, receive, send))
    raw = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return raw, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.fixture(scope="module")
def ready() -> Iterator[None]:
    greeting.prepare().join()
    yield
    greeting._ready.clear()


def given(code: bytes) -> dict[str, Any]:
    match = re.search(r"^greet\((.*)\);$", code.decode(), flags=re.MULTILINE)
    assert match is not None
    found: dict[str, Any] = json.loads(match[1])
    return found


def test_before_the_run_is_made_the_page_goes_out_as_it_is() -> None:
    headers, body = answer("/", if_none_match="2")
    assert (headers, body) == ({}, b"")
    assert answer("/")[1] == PAGE


@pytest.mark.usefixtures("ready")
class TestReady:
    """With the greeting made."""

    @pytest.mark.parametrize("query", ["", "?preset=tutorial", "?lang=en&torch=" + session.TORCH])
    def test_start_has_the_script_before_all_others(self, query: str) -> None:
        headers, body = answer("/" + query, if_none_match="1")
        found = re.search(rb'<script type="module" src="\./(greeting\.js\?[^"]+)">', body)
        assert found is not None
        assert body.replace(body[found.start() : body.index(b"<script src")], b"") == PAGE
        assert headers["content-length"] == str(len(body))
        assert "etag" not in headers
        served, code = answer("/" + found[1].decode().replace("&amp;", "&"))
        assert served["content-type"].startswith("text/javascript")
        assert code.startswith(b"//") or b"function mountPlayer" in code

    @pytest.mark.parametrize(
        "address",
        ["/backward", "/?preset=fan_out", "/?code=x", "/?at=0.2", "/?torch=1.0", "/static/a.js"],
    )
    def test_every_other_page_and_link_stays_as_it_is(self, address: str) -> None:
        headers, body = answer(address)
        assert body == PAGE
        assert headers["etag"] == "1"

    @pytest.mark.parametrize("spoken", language.LANGUAGES)
    def test_it_shows_what_start_shows_in_each_language(self, spoken: str) -> None:
        headers, code = answer("/greeting.js", accept_language=f"{spoken}-XX;q=0.9,fr")
        assert headers["content-length"] == str(len(code))
        with language.speaking(spoken):
            expected = browser_data(session.foreseen(session.FIRST))
            assert given(code)["title"] == greeting.title()
        assert given(code)["data"]["signature"] == expected["signature"]

    def test_it_is_pressed_for_a_browser_that_can_read_that(self) -> None:
        headers, code = answer("/greeting.js", accept_encoding="gzip, br")
        assert headers["content-encoding"] == "gzip"
        assert gzip.decompress(code) == answer("/greeting.js")[1]
