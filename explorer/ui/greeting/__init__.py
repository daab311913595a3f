"""The first picture travels with the page: it is there before the app's own scripts have come.

Streamlit draws nothing until its megabytes have arrived and its server has run the page. So the
page of Start carries one small script of our own: the player, with all that it needs to show the
first program. It can be played at once. When the page's own player has come it takes over where
this one stands, and the greeting is gone.

The Run is the one that the page shows: made by the sandbox, never by hand. Until it has been made,
and for every other page, program and link, the page goes out as Streamlit wrote it.
"""

import gzip
import hashlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer import language
from explorer.data import Run
from explorer.errors import ExplorerError
from explorer.language import _
from explorer.picture.theme import DARK, LIGHT
from explorer.ui import gallery, session, speaking
from explorer.ui.player import browser_data
from explorer.ui.player.scripts import PLAYER, joined
from explorer.ui.player.style import style_sheet, variables

KEY: Final = "start"
"""The key of the player on Start, which takes over."""

STEP: Final = 3
"""The step of the first program at which Start stands still: the most telling one."""

_FOLDER: Final = Path(__file__).parent
_SCRIPT: Final = "greeting.js"
_CONDITIONS: Final = (b"if-none-match", b"if-modified-since", b"range")


class _Script(NamedTuple):
    code: bytes
    pressed: bytes
    address: str


_ready: dict[str, _Script] = {}


def prepare() -> threading.Thread:
    """Make the greeting of each language ready, in a thread of its own.

    Where programs cannot be run nobody is greeted.
    """
    thread = threading.Thread(target=_prepare, name="greeting", daemon=True)
    thread.start()
    return thread


def _prepare() -> None:
    try:
        run = session.foreseen(session.FIRST)
    except ExplorerError:
        return
    for spoken in language.LANGUAGES:
        code = _written(run, spoken).encode()
        # The address changes with the script, so that a browser may keep it.
        name = hashlib.sha256(code).hexdigest()[:16]
        address = f"./{_SCRIPT}?{speaking.PARAMETER}={spoken}&is={name}"
        _ready[spoken] = _Script(code, gzip.compress(code), address)


def title() -> str:
    """What stands above the first picture."""
    return _("See what autograd really did, one node at a time.")


def _written(run: Run, spoken: str) -> str:
    with language.speaking(spoken):
        options = {"key": KEY, "start": STEP, "program_panel": True, "link": None, "wrong": []}
        given = {
            "title": title(),
            "ways": [
                (way.label, f"{way.page}?{urlencode(way.query | {speaking.PARAMETER: spoken})}")
                for way in gallery.ways()
            ],
            "style": "\n".join(
                [
                    variables(":host", LIGHT),
                    variables(":host(.dark)", DARK),
                    style_sheet(),
                    (_FOLDER / "greeting.css").read_text(encoding="utf-8"),
                ]
            ),
            "data": browser_data(run) | options,
        }
    own = (_FOLDER / _SCRIPT).read_text(encoding="utf-8")
    return f"{joined(*PLAYER)}\n{own}\ngreet({json.dumps(given, separators=(',', ':'))});\n"


def is_greeted(query: Mapping[str, str]) -> bool:
    """Whether a link with this query shows on Start what the greeting shows.

    >>> is_greeted({}), is_greeted({"preset": "tutorial", "lang": "de"})
    (True, True)
    >>> is_greeted({"preset": "chain"}), is_greeted({"at": "0.2"})
    (False, False)
    """
    expected = {"preset": session.FIRST, "torch": session.TORCH}
    return all(
        name == speaking.PARAMETER or expected.get(name) == value for name, value in query.items()
    )


class Greeting:
    """ASGI middleware that puts the script into the page of Start, and serves it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; all but those for Start and the script pass untouched."""
        if scope["type"] == "http" and scope["method"] == "GET":
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
            headers = Headers(scope=scope)
            script = _ready.get(query.get(speaking.PARAMETER) or _wanted(headers))
            if script is not None and path == f"/{_SCRIPT}":
                await _serve(script, headers, send)
                return
            if script is not None and path == "/" and is_greeted(query):
                send = _with_script(script.address, send)
                # Streamlit's own answer may not be "not modified": ours is another page.
                kept = [one for one in scope["headers"] if one[0] not in _CONDITIONS]
                scope = {**scope, "headers": kept}
        await self._app(scope, receive, send)


def _wanted(headers: Headers) -> str:
    first = headers.get("accept-language", "").partition(",")[0]
    return language.negotiate(first.partition(";")[0].strip())


async def _serve(script: _Script, headers: Headers, send: Send) -> None:
    answer = MutableHeaders(
        {
            "Content-Type": "text/javascript; charset=utf-8",
            "Cache-Control": "public, max-age=86400",
            "Vary": "Accept-Encoding, Accept-Language",
        }
    )
    body = script.code
    if "gzip" in headers.get("accept-encoding", ""):
        answer["Content-Encoding"] = "gzip"
        body = script.pressed
    answer["Content-Length"] = str(len(body))
    await send({"type": "http.response.start", "status": 200, "headers": answer.raw})
    await send({"type": "http.response.body", "body": body})


def _with_script(address: str, send: Send) -> Send:
    """A `send` that puts a script tag before the first one of an HTML page."""
    started: list[Message] = []
    parts: list[bytes] = []
    tag = f'<script type="module" src="{address}"></script>\n    '.replace("&", "&amp;").encode()

    async def send_greeting(message: Message) -> None:
        if message["type"] == "http.response.start":
            kind = Headers(raw=message["headers"])
            if message["status"] == 200 and kind.get("content-type", "").startswith("text/html"):
                started.append(message)
                return
        if not started or message["type"] != "http.response.body":
            await send(message)
            return
        parts.append(message.get("body", b""))
        if message.get("more_body"):
            return
        page = b"".join(parts).replace(b"<script", tag + b"<script", 1)
        headers = MutableHeaders(raw=list(started[0]["headers"]))
        headers["Content-Length"] = str(len(page))
        for name in ("etag", "last-modified", "accept-ranges"):
            del headers[name]
        await send({**started[0], "headers": headers.raw})
        await send({"type": "http.response.body", "body": page})

    return send_greeting
