"""The content security policy: what it says, and that it rides on every answer."""

import base64
import hashlib
import re
from pathlib import Path

import pytest
import streamlit
from starlette.types import Message

from explorer.ui.headers import POLICY, SafeHeaders


def test_the_one_inline_script_of_streamlit_s_page_is_allowed() -> None:
    page = (Path(streamlit.__file__).parent / "static/index.html").read_text()
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    assert [f"'sha256-{digest}'" in POLICY for digest in hashes] == [True]


def test_no_script_of_a_page_s_own_may_run() -> None:
    assert "'unsafe-inline'" not in POLICY.split(";")[0]
    assert "'unsafe-eval'" not in POLICY
    assert "object-src 'none'" in POLICY


def test_every_answer_carries_the_policy() -> None:
    async def answer(scope, receive, send) -> None:  # noqa: ARG001
        await send({"type": "http.response.start", "status": 200, "headers": []})

    sent: list[Message] = []

    async def collect(message: Message) -> None:
        sent.append(message)

    # Nothing in it waits, so one push takes it to its end; no event loop is needed.
    with pytest.raises(StopIteration):
        SafeHeaders(answer)({"type": "http"}, None, collect).send(None)
    assert dict(sent[0]["headers"])[b"content-security-policy"].decode() == POLICY
