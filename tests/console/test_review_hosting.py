"""Requests for the proxy's own name, as mitmproxy has them, and what the review page makes of them."""

import asyncio
from pathlib import Path

import pytest
from mitmproxy import http
from mitmproxy.test import tflow
from tests.console.review_client import made, parts_of

from circleshield.review.hosting import ReviewHost


def reply_to(home: Path, path: str, **headers: bytes) -> http.Response:
    parts = parts_of(made(home))
    host = ReviewHost(home, parts.shield, parts.reloading)
    flow = tflow.tflow(req=http.Request.make("GET", f"http://circle.shield{path}"))
    for name, value in headers.items():
        flow.request.headers.add(name, value)
    try:
        asyncio.run(host.request(flow))
    finally:
        host.done()
    assert flow.response is not None
    return flow.response


@pytest.mark.parametrize("name", ["cookie", "referer", "accept_language", "user_agent", "content_type", "origin"])
def test_bytes_that_are_no_text_are_no_fault_of_ours(tmp_path: Path, name: str) -> None:
    value = b"circleshield=\xff\xfe" if name == "cookie" else b"\xff\xfe"
    assert reply_to(tmp_path, "/", **{name.replace("_", "-"): value}).status_code == 401


def test_names_in_other_scripts(tmp_path: Path) -> None:
    assert "配对此设备" in (
        reply_to(tmp_path, "/", **{"accept-language": b"zh", "user-agent": "手机".encode()}).text or ""
    )
