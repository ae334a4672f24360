"""Bad input: the client gets the original, byte for byte, and one log line says why without quoting it."""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.end_to_end.client import Client, Reply
from tests.end_to_end.feed import FRIENDS, MIXED, SALES, timeline, timeline_without_sales
from tests.end_to_end.origin import JSON_HEADERS, Answer, Origin
from tests.end_to_end.proxy_process import ProxyProcess, running_proxy

PAGE = timeline(*MIXED)
GZIP = (*JSON_HEADERS, ("Content-Encoding", "gzip"))
HTML = (("Content-Type", "text/html; charset=utf-8"), ("ETag", '"e"'))
LARGE = b"[" + b",\n".join([PAGE.strip()[1:-1]] * (50 * 1024 * 1024 // len(PAGE) + 1)) + b"]"

TRUNCATED = gzip.compress(PAGE)[:-20]
CORRUPT = gzip.compress(PAGE)[:200] + b"\x00\xff\x00\xff" + gzip.compress(PAGE)[204:]
NOT_UTF8 = PAGE.replace("爬山".encode(), b"\xc5\xc0\xc9\xbd")

WHOLE = {
    "truncated gzip": (Answer([TRUNCATED], GZIP), "truncated compressed data"),
    "corrupt gzip": (Answer([CORRUPT], GZIP), "corrupt compressed data"),
    "gzip that is none": (Answer([b"\x1f\x8b" + PAGE], GZIP), "corrupt compressed data"),
    "unknown coding": (
        Answer([b"?" + PAGE], (*JSON_HEADERS, ("Content-Encoding", "rot13"))),
        "unknown content coding 'rot13'",
    ),
    "wrong content type": (
        Answer([PAGE], (("Content-Type", "image/png"),)),
        "content type is not that of a feed page",
    ),
    "HTML error page with status 200": (
        Answer([b"<html>busy, " + SALES[0].encode()], HTML),
        "content type is not that of a feed page",
    ),
    "HTML that says it is JSON": (Answer([b"<html>busy, " + SALES[0].encode()]), "not JSON"),
    "half a page": (Answer([PAGE[: len(PAGE) // 2]]), "not JSON"),
    "invalid UTF-8": (Answer([NOT_UTF8]), "not valid UTF-8"),
    "50 MB": (Answer([LARGE]), "body is larger than is read"),
}


def only_line(proxy: ProxyProcess) -> str:
    """The one log line there must be, without its time."""
    lines = proxy.new_log()
    assert len(lines) == 1, lines
    return lines[0].split(" ", 1)[1]


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("case", WHOLE)
def test_original_passes_and_one_line_says_why(
    case: str, framing: str, origin: Origin, through: Client, direct: Client, proxy: ProxyProcess
) -> None:
    answer, why = WHOLE[case]
    path = origin.add(replace(answer, framing=framing))

    expected, reply = direct.get(path), through.get(path)

    assert expected.complete
    assert reply.head == expected.head
    assert reply.body == expected.body
    assert reply.complete
    assert only_line(proxy) == f"WARNING mastodon: a page passed unfiltered: {why}"


@pytest.mark.parametrize(
    "answer",
    [
        Answer([b""]),
        Answer([], framing="chunked"),
        Answer([], GZIP),
        Answer([], (), status=204, framing="close"),
        Answer([b"<html>busy</html>"], HTML, status=503),
        Answer([b"{}"], status=401),
        Answer([PAGE], status=206),
        Answer([b"null"]),
        Answer([b"[]"]),
        Answer([b'{"error":"no"}']),
    ],
    ids=[
        "empty",
        "empty chunked",
        "empty gzip",
        "no content",
        "HTML error page",
        "JSON error",
        "partial content",
        "null",
        "no posts",
        "another object",
    ],
)
def test_what_is_no_page_passes_silently(
    answer: Answer, origin: Origin, through: Client, direct: Client, proxy: ProxyProcess
) -> None:
    path = origin.add(answer)
    assert through.get(path) == direct.get(path)
    assert proxy.new_log() == []


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("path", ["/api/v1/timelines/list/{}", "/api/v1/statuses/{}"], ids=["feed", "other path"])
def test_response_cut_mid_body(
    path: str, framing: str, origin: Origin, through: Client, direct: Client, proxy: ProxyProcess
) -> None:
    path = origin.add(Answer([PAGE[:500], PAGE[500:900]], framing=framing, cut=True), path)

    expected, reply = direct.get(path), through.get(path)

    assert expected.body == PAGE[:900]
    assert not expected.complete
    assert reply == expected
    if "timelines" in path:
        assert only_line(proxy) == "WARNING mastodon: a page passed unfiltered: the origin broke off"
    else:
        assert proxy.new_log() == []


@pytest.mark.parametrize("path", ["/api/v1/timelines/list/{}", "/api/v1/statuses/{}"], ids=["feed", "other path"])
def test_http2_response_cut_mid_body(
    path: str, origin: Origin, through: Client, direct: Client, proxy: ProxyProcess
) -> None:
    path = origin.add(Answer([PAGE[:500], PAGE[500:900]], framing="chunked", cut=True), path)
    assert received_until_reset(direct, path) == PAGE[:900]
    assert received_until_reset(through, path) == PAGE[:900]
    if "timelines" in path:
        assert only_line(proxy) == "WARNING mastodon: a page passed unfiltered: the origin broke off"
    else:
        assert proxy.new_log() == []


def received_until_reset(client: Client, path: str) -> bytes:
    received = b""
    with client.httpx(http2=True) as http, http.stream("GET", path) as response:
        try:
            for piece in response.iter_raw():
                received += piece
        except httpx.RemoteProtocolError:
            return received
    raise AssertionError("the body came to its end")


def test_cut_before_the_body(origin: Origin, through: Client, direct: Client, proxy: ProxyProcess) -> None:
    path = origin.add(Answer([], cut=True))
    expected, reply = direct.get(path), through.get(path)
    assert expected == Reply(expected.head, b"", complete=False)
    assert reply == expected
    assert len(proxy.new_log()) == 1


def test_cut_compressed_page(origin: Origin, through: Client, direct: Client, proxy: ProxyProcess) -> None:
    path = origin.add(Answer([gzip.compress(PAGE)[:200]], GZIP, cut=True))
    assert through.get(path) == direct.get(path)
    assert len(proxy.new_log()) == 1


def test_page_that_ends_by_closing_is_filtered(origin: Origin, through: Client) -> None:
    path = origin.add(Answer([PAGE], framing="close"))
    assert through.get(path).body == timeline_without_sales(*MIXED)


BROKEN_ADAPTER = """
from circleshield.cli import main
from circleshield_addon.adapter import Adapter

def read(self, item, paths, fields):
    raise LookupError("cannot read " + item["content"])

Adapter.read = read
main()
"""


@pytest.fixture(scope="module")
def broken_proxy(tmp_path_factory: pytest.TempPathFactory, origin_ca: Path) -> Iterator[ProxyProcess]:
    """A proxy in which every adapter raises, quoting the post."""
    with running_proxy(tmp_path_factory.mktemp("broken"), origin_ca, program=("-c", BROKEN_ADAPTER)) as started:
        yield started


@pytest.mark.parametrize("texts", [MIXED, FRIENDS], ids=["with sales", "friends only"])
def test_adapter_that_raises(
    texts: tuple[str, ...], origin: Origin, direct: Client, broken_proxy: ProxyProcess
) -> None:
    broken_proxy.new_log()
    path = origin.add(Answer([gzip.compress(timeline(*texts))], GZIP))
    through = replace(direct, ca=broken_proxy.ca, proxy=broken_proxy.port)

    assert through.get(path) == direct.get(path)

    line = only_line(broken_proxy)
    assert line.startswith("WARNING mastodon: a page passed unfiltered: LookupError at ")
    assert not any(text in line for text in texts)
