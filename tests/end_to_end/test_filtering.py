"""The main job: sales posts are gone, all else is the same bytes, over every protocol and coding."""

import gzip
import zlib

import brotli
import pytest
import zstandard
from tests.end_to_end.client import Client, read_reply
from tests.end_to_end.feed import FRIENDS, MIXED, SALES, timeline, timeline_without_sales, weibo
from tests.end_to_end.origin import JSON_HEADERS, Answer, Origin
from tests.end_to_end.proxy_process import ProxyProcess

ENCODERS = {
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "deflate": zlib.compress,
}
DECODERS = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": zstandard.decompress,
    "deflate": zlib.decompress,
}


@pytest.mark.parametrize("http2", [False, True], ids=["http1-client", "http2-client"])
def test_takes_out_the_sales_posts_and_nothing_else(
    http2: bool, origin: Origin, through: Client, direct: Client, proxy: ProxyProcess
) -> None:
    path = origin.add(Answer([timeline(*MIXED)]))
    with through.httpx(http2) as client:
        response = client.get(path)
    with direct.httpx(http2) as client:
        unfiltered = client.get(path)

    assert unfiltered.content == timeline(*MIXED)
    assert response.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
    assert response.content == timeline_without_sales(*MIXED)
    assert [line.split(" ", 1)[1].strip() for line in proxy.new_log()] == ["INFO    mastodon: removed 3 of 7 posts"]
    expected = [pair for pair in unfiltered.headers.multi_items() if pair[0] not in ("etag", "content-length")]
    expected += [("cache-control", "no-store"), ("content-length", str(len(response.content)))]
    assert sorted(response.headers.multi_items()) == sorted(expected)


def test_http2_reaches_the_origin_as_http2(origin: Origin, through: Client) -> None:
    path = origin.add(Answer([timeline(*MIXED)]))
    with through.httpx(http2=True) as client:
        client.get(path)
    assert [request.protocol for request in origin.requests[path]] == ["HTTP/2"]


def test_client_that_names_no_protocol(origin: Origin, through: Client) -> None:
    """Whatever the proxy speaks with an origin that offers HTTP/2, the client gets HTTP/1.1."""
    path = origin.add(Answer([timeline(*MIXED)]))
    with through.connected(alpn=()) as connection:
        connection.sendall(through.request(path, headers=[("Connection", "close")]))
        assert read_reply(connection).body == timeline_without_sales(*MIXED)
    assert len(origin.requests[path]) == 1


def test_two_requests_on_one_connection_are_both_filtered(origin: Origin, through: Client) -> None:
    for http2 in (False, True):
        path = origin.add(Answer([timeline(*MIXED)]))
        with through.httpx(http2) as client:
            assert [client.get(path).content for _ in range(2)] == [timeline_without_sales(*MIXED)] * 2


@pytest.mark.parametrize("coding", ENCODERS)
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_response_keeps_its_encoding(coding: str, framing: str, origin: Origin, through: Client) -> None:
    body = ENCODERS[coding](timeline(*MIXED))
    headers = [*JSON_HEADERS, ("Content-Encoding", coding), ("Vary", "Accept-Encoding")]
    path = origin.add(Answer([body[:100], body[100:]], headers, framing=framing))

    reply = through.get(path, [("Accept-Encoding", coding)])

    assert reply.complete
    assert ("content-encoding", coding) in reply.headers
    assert ("vary", "Accept-Encoding") in reply.headers
    assert DECODERS[coding](reply.body) == timeline_without_sales(*MIXED)


def test_edited_response_loses_its_validators_and_is_not_to_be_stored(origin: Origin, through: Client) -> None:
    validators = ("Content-MD5", "Digest", "Content-Digest", "Repr-Digest")
    headers = [*JSON_HEADERS, *((name, "abc=") for name in validators), ("Cache-Control", "max-age=60")]
    path = origin.add(Answer([timeline(*MIXED)], headers))

    reply = through.get(path)

    names = [name for name, _ in reply.headers]
    assert not {"etag", *map(str.lower, validators)} & set(names)
    assert [value for name, value in reply.headers if name == "cache-control"] == ["no-store"]


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("coding", [None, *ENCODERS])
def test_response_without_sales_posts_is_what_the_origin_sent(
    coding: str | None, framing: str, origin: Origin, through: Client, direct: Client, proxy: ProxyProcess
) -> None:
    body = timeline(*FRIENDS)
    headers = [
        *JSON_HEADERS,
        ("Content-MD5", "abc="),
        ("Cache-Control", "max-age=60"),
        ("Set-Cookie", "a=1"),
        ("X-mIxEd-CaSe", "two   spaces"),
        ("Set-Cookie", "b=2"),
    ]
    if coding is not None:
        body = ENCODERS[coding](body)
        headers.append(("Content-Encoding", coding))
    path = origin.add(Answer([body[:70], body[70:]], headers, framing=framing))

    expected, reply = direct.get(path), through.get(path)

    assert reply.head == expected.head
    assert (reply.body, reply.complete) == (body, True)
    assert proxy.new_log() == []


def test_http2_response_without_sales_posts_is_what_the_origin_sent(
    origin: Origin, through: Client, direct: Client
) -> None:
    headers = [*JSON_HEADERS, ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    path = origin.add(Answer([timeline(*FRIENDS * 1000)], headers))
    with direct.httpx(http2=True) as client:
        expected = client.get(path)
    with through.httpx(http2=True) as client:
        response = client.get(path)
    assert response.headers.raw == expected.headers.raw
    assert response.content == expected.content


def test_platform_is_told_by_the_name_asked_for(origin: Origin, through: Client) -> None:
    path = origin.add(Answer([weibo(*MIXED)]), "/ajax/feed/friendstimeline")
    client = Client(through.ca, through.port, through.proxy, name="weibo.com", address="127.0.0.1")

    reply = client.get(path + "?count=10")

    assert all(text in reply.body.decode() for text in FRIENDS)
    assert not any(text in reply.body.decode() for text in SALES)
    assert reply.body.endswith(b'"max_id": 17}')


@pytest.mark.parametrize("path", ["/api/v1/timelines/list/{}", "/api/v1/statuses/{}"], ids=["feed", "other path"])
def test_request_reaches_the_origin_as_it_was(path: str, origin: Origin, through: Client, direct: Client) -> None:
    path = origin.add(Answer([timeline(*FRIENDS)]), path)
    conditions = [("If-None-Match", 'W/"77"'), ("if-modified-since", "Sat, 21 Nov 2026 10:00:00 GMT")]
    headers = [
        ("User-Agent", "Test/1.0 (phone)"),
        ("ACCEPT-encoding", "gzip, br, zstd"),
        ("Cookie", "session=s3cret"),
        *conditions,
        ("X-Twice", "1"),
        ("Accept", "*/*"),
        ("x-twice", "2"),
        ("Range", "bytes=0-"),
    ]
    direct.get(path + "?max_id=3&q=%E9%9D%A2", headers)
    through.get(path + "?max_id=3&q=%E9%9D%A2", headers)

    was, came = (request.head.split(b"\r\n") for request in origin.requests[path])
    dropped = [f"{name}: {value}".encode() for name, value in conditions] if "timelines" in path else []
    assert came == [line for line in was if line not in dropped]


def test_request_body_reaches_the_origin_as_it_was(origin: Origin, through: Client, direct: Client) -> None:
    path = origin.add(Answer([b"{}"]), "/api/v1/statuses/{}")
    body = bytes(range(256)) * 1000
    headers = [("Content-Length", str(len(body))), ("If-None-Match", '"1"')]

    replies = [client.get(path, headers, "POST", body) for client in (direct, through)]

    was, came = origin.requests[path]
    assert came == was
    assert came.body == body
    assert replies[0] == replies[1]


def test_http2_request_reaches_the_origin_as_it_was(origin: Origin, through: Client, direct: Client) -> None:
    path = origin.add(Answer([timeline(*FRIENDS)]))
    headers = {"cookie": "session=s3cret", "x-one": "1", "if-none-match": 'W/"77"'}
    for client in (direct, through):
        with client.httpx(http2=True) as http:
            http.get(path + "?max_id=3", headers=headers)
    was, came = (request.head.split(b"\r\n") for request in origin.requests[path])
    was.remove(b'if-none-match: W/"77"')
    assert sorted(came[:4]) == sorted(was[:4])  # the order among :method, :path and the like says nothing
    assert came[4:] == was[4:]
