"""Captures: read, filtered and written back with all else as it was."""

import base64
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from mitmproxy.http import HTTPFlow, Request, Response
from mitmproxy.io import FlowReader, FlowWriter
from mitmproxy.test import tflow

from circleshield.captures import read_capture
from circleshield.commands.filter import command
from circleshield_model.errors import InputError

HOME = "https://mastodon.social/api/v1/timelines/home"
FRIEND = "儿子今天中考查分，全家围着一台手机刷新到第七遍才进去，过线了，晚上吃火锅。"
SALES = (
    "补水面膜到货啦！今晚下单买三送一，一件也是批发价，想要的宝贝加微信 qj88201 找我拿货💕 诚招代理，零门槛，月入过万"
)
FIRST = '{"id":"1","content":"' + FRIEND + '","account":{"id":"7","acct":"a"},"n":1.50}'
SECOND = '{"id":"2","content":"' + SALES + '","account":{"id":"8","acct":"b"}}'
PAGE = f"[ {FIRST} ,\n  {SECOND} ]\n"
LEFT = f"[ {FIRST} ]\n"


def _entry(url: str, content: Any, **more: Any) -> dict[str, Any]:
    return {
        "startedDateTime": "2026-11-22T12:00:00Z",
        "request": {"method": more.get("method", "GET"), "url": url, "headers": []},
        "response": {
            "status": more.get("status", 200),
            "headers": [{"name": "content-encoding", "value": "br"}],
            "content": content,
            "bodySize": 77,
        },
        "_priority": 1.50,
    }


def _text(text: str) -> dict[str, Any]:
    return {"size": 5, "mimeType": "application/json; charset=gbk", "text": text}


def _in_base64(body: bytes) -> dict[str, Any]:
    return {"mimeType": "application/json", "text": base64.b64encode(body).decode(), "encoding": "base64"}


def _har(*entries: Any, **options: Any) -> bytes:
    log = {"version": "1.2", "creator": {"name": "a browser"}, "entries": entries}
    return json.dumps({"log": log}, ensure_ascii=False, **options).encode()


def _flow(url: str, body: bytes, **headers: str) -> HTTPFlow:
    flow = tflow.tflow(req=Request.make("GET", url), resp=Response.make(200, body, headers))
    assert flow.response is not None
    flow.response.raw_content = body
    return flow


def _dump(*flows: Any) -> bytes:
    stream = io.BytesIO()
    for flow in flows:
        FlowWriter(stream).add(flow)
    return stream.getvalue()


def _run(data: bytes, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, input=data, env={"CIRCLESHIELD_CONFIG": ""}, catch_exceptions=False)


@pytest.fixture(autouse=True)
def _no_config_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.mark.parametrize("options", [{}, {"indent": 2}, {"separators": (",", ":")}])
def test_a_har_file_changes_only_where_a_post_went(out: Path, options: dict[str, Any]) -> None:
    others = (
        _entry("https://bank.example/api/v1/timelines/x", _text(PAGE)),
        _entry(HOME, _text(PAGE), status=304),
        _entry(HOME, _text(PAGE), method="POST"),
        _entry(HOME, {"mimeType": "image/png", "text": PAGE}),
        _entry(HOME, {"size": 0}),
        {"request": None},
    )
    before = _har(_entry(HOME, _text(PAGE)), *others, _entry(HOME + "?max_id=3", _in_base64(PAGE.encode())), **options)
    assert _run(before, "--out", str(out)).exit_code == 0
    after = _har(_entry(HOME, _text(LEFT)), *others, _entry(HOME + "?max_id=3", _in_base64(LEFT.encode())), **options)
    assert out.read_bytes() == after


def test_a_har_file_with_a_mark_and_escapes_keeps_them(out: Path) -> None:
    before = b"\xef\xbb\xbf" + json.dumps({"log": {"entries": [_entry(HOME, _text(PAGE))]}}).encode()
    _run(before, "--out", str(out))
    assert out.read_bytes() == b"\xef\xbb\xbf" + json.dumps({"log": {"entries": [_entry(HOME, _text(LEFT))]}}).encode()


def test_a_flow_dump_changes_only_where_a_post_went(out: Path) -> None:
    plain = _flow(HOME, PAGE.encode(), **{"content-type": "application/json", "etag": "x"})
    packed = _flow(HOME, gzip.compress(PAGE.encode()), **{"content-encoding": "gzip"})
    other = _flow("https://bank.example/", PAGE.encode())
    unanswered = tflow.tflow()
    before = _dump(other, plain, tflow.ttcpflow(), packed, unanswered)
    _run(before, "--out", str(out))
    flows = list(FlowReader(io.BytesIO(out.read_bytes())).stream())
    assert len(flows) == 5
    assert out.read_bytes().startswith(_dump(other))
    assert out.read_bytes().endswith(_dump(unanswered))
    texts = [(flow.response.content or b"").decode() for flow in flows if isinstance(flow, HTTPFlow) and flow.response]
    assert texts == [PAGE, LEFT, LEFT]
    assert isinstance(flows[1], HTTPFlow)
    assert flows[1].id == plain.id
    assert flows[1].response is not None
    assert "etag" not in flows[1].response.headers
    assert flows[1].response.headers["content-length"] == str(len(LEFT.encode()))


@pytest.mark.parametrize(
    "data",
    [
        _har(_entry("https://a.example/", _text("{}"))),
        _har(_entry(HOME, _text(f"[{FIRST}]"))),
        _har(),
        _dump(_flow(HOME, f"[{FIRST}]".encode()), tflow.tdnsflow(resp=True)),
    ],
)
def test_what_loses_nothing_is_the_same_bytes(out: Path, data: bytes) -> None:
    _run(data, "--out", str(out))
    assert out.read_bytes() == data


def test_report_and_summary(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    broken = _entry(HOME, _text("[{"))
    result = _run(_har(_entry(HOME + "?token=secret", _text(PAGE)), broken), "--report", str(report))
    assert result.stdout_bytes == b""
    told = json.loads(report.read_text(encoding="utf-8"))
    assert [(r["url"], r["method"], r["adapter"], r["changed"]) for r in told["responses"]] == [
        (HOME, "GET", "mastodon", True),
        (HOME, "GET", "mastodon", False),
    ]
    assert [(p["id"], p["action"]) for p in told["responses"][0]["posts"]] == [("1", "keep"), ("2", "remove")]
    assert told["responses"][1]["fault"] == "not JSON"
    assert told["platforms"] == {
        "mastodon": {
            **{"pages": 1, "faults": 1, "posts": 2, "keep": 1, "remove": 1},
            **{"review": 0, "watch": 0, "label": 0, "fold": 0},
        }
    }
    assert " ".join(result.stderr.split()) == "platform pages faults posts keep remove mastodon 1 1 2 1 1"
    assert "\x1b" not in result.stderr


def test_a_capture_without_feeds_says_so() -> None:
    assert "1 responses, none of them" in _run(_har(_entry("https://a.example/", _text("{}")))).stderr


def test_to_stdout() -> None:
    result = _run(_har(_entry(HOME, _text(PAGE))), "--out", "-")
    assert json.loads(result.stdout)["log"]["entries"][0]["response"]["content"]["text"] == LEFT


def test_a_server_that_would_not_be_decrypted_is_pointed_out_once() -> None:
    url = "https://toots.example/api/v1/timelines/home"
    result = _run(_har(_entry(url, _text(PAGE)), _entry(url, _text(PAGE))))
    assert result.stderr.count("add it to platforms.mastodon.hosts") == 1


def test_bad_input(tmp_path: Path) -> None:
    har, flows = _har(_entry(HOME, _text(PAGE))), _dump(_flow(HOME, PAGE.encode()), _flow(HOME, PAGE.encode()))
    with pytest.raises(InputError, match="leave --url out"):
        _run(har, "--url", HOME)
    with pytest.raises(InputError, match="cannot be written"):
        _run(har, "--out", str(tmp_path / "no" / "such"))
    with pytest.raises(InputError, match="HAR file is broken"):
        _run(har[:-5])
    with pytest.raises(InputError, match="flow dump is broken after 1 flows"):
        _run(flows[:-5])
    with pytest.raises(InputError, match="HAR file is broken: entry 1"):
        _run(_har(_entry(HOME, {"text": "a", "encoding": "base64"})))
    for data in (b"", b"{}", b"[]", b"\xff", b"12:x", b"<html>"):
        result = _run(data)
        assert result.exit_code == 2
        assert "neither a HAR file nor a flow dump" in result.stderr
        assert read_capture(data) is None
