"""Hostile and broken bodies: the original passes whole, and costs little time and memory."""

import gzip
import json
import os
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import brotli
import pytest
import zstandard
from tests.end_to_end.client import Client
from tests.end_to_end.feed import FRIENDS, MIXED, SALES, timeline, timeline_without_sales
from tests.end_to_end.origin import JSON_HEADERS, Answer, Origin
from tests.end_to_end.proxy_process import ProxyProcess
from tests.end_to_end.test_bad_input import only_line

PAGE = timeline(*MIXED)
LOOP_SECONDS = 0.05
MORE_MEGABYTES = 16.0


def coded(name: str) -> Sequence[tuple[str, str]]:
    """The headers of a feed page with a content coding."""
    return (*JSON_HEADERS, ("Content-Encoding", name))


def wrong_crc(data: bytes) -> bytes:
    """The same gzip with one bit of its checksum changed."""
    return data[:-8] + bytes([data[-8] ^ 1]) + data[-7:]


def wrong_end(data: bytes) -> bytes:
    """The same with its last bit changed."""
    return data[:-1] + bytes([data[-1] ^ 1])


def in_the_middle(data: bytes) -> bytes:
    """The same with some bytes in its middle changed."""
    half = len(data) // 2
    return data[:half] + bytes(b ^ 0xFF for b in data[half : half + 8]) + data[half + 8 :]


@cache
def gzip_bomb() -> bytes:
    """1 MB that is 1 GB: a whole gzip, made of one piece over and over."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    megabyte = bytes(1 << 20)
    piece = stream.compress(megabyte) + stream.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(1024):
        checksum = zlib.crc32(megabyte, checksum)
    end = b"\x03\x00" + checksum.to_bytes(4, "little") + (1 << 30).to_bytes(4, "little")  # RFC 1952, 2.3.1
    return gzip.compress(b"")[:10] + piece * 1024 + end


def status(**more: object) -> bytes:
    """A page of one post."""
    return json.dumps([{"id": "1", "account": {"id": "1", "acct": "a"}, "content": FRIENDS[0], **more}]).encode()


BROKEN = {
    "gzip with a wrong checksum": (wrong_crc(gzip.compress(PAGE)), "gzip", "corrupt compressed data"),
    "gzip with bytes behind it": (gzip.compress(PAGE) + b"bytes that trail", "gzip", "corrupt compressed data"),
    "gzip with zeros behind it": (gzip.compress(PAGE) + bytes(16), "gzip", "corrupt compressed data"),
    "gzip of 5,000 members": (gzip.compress(PAGE) + gzip.compress(b"") * 5000, "gzip", "in more parts than are read"),
    "br corrupt": (in_the_middle(brotli.compress(PAGE)), "br", "corrupt compressed data"),
    "br truncated": (brotli.compress(PAGE)[:-9], "br", "truncated compressed data"),
    "zstd corrupt": (
        wrong_end(zstandard.ZstdCompressor(write_checksum=True).compress(PAGE)),
        "zstd",
        "corrupt compressed data",
    ),
    "zstd truncated": (zstandard.compress(PAGE)[:-9], "zstd", "truncated compressed data"),
    "gzip named twice, done once": (gzip.compress(b"x" + PAGE), "gzip, gzip", "corrupt compressed data"),
    "nine codings": (PAGE, ", ".join(["gzip"] * 9), "more content codings than are undone"),
    "nested 100,000 deep": (b"[" * 100_000 + b"]" * 100_000, "", "nested too deep"),
    "a post nested 100,000 deep": (
        status()[:-2] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
        "",
        "nested too deep",
    ),
    "a list of a million": (b"[" + b"{}," * 999_999 + b"{}]", "", "a list longer than is read"),
    "a literal that never ends": (b"{a:" + b"'\\" * 400_000, "", "not JSON"),
    "9 MB": (PAGE + b" " * 9_000_000, "", "body is larger than is read"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_the_original_passes(case: str, origin: Origin, through: Client, direct: Client, proxy: ProxyProcess) -> None:
    body, coding, why = BROKEN[case]
    path = origin.add(Answer([body], coded(coding) if coding else JSON_HEADERS, framing="chunked"))
    assert through.get(path) == direct.get(path)
    assert only_line(proxy) == f"WARNING mastodon: a page passed unfiltered: {why}"


FILTERED = {
    "gzip of two members": (gzip.compress(PAGE[:300]) + gzip.compress(PAGE[300:]), "gzip", gzip.decompress),
    "gzip twice": (
        gzip.compress(gzip.compress(PAGE)),
        "gzip, gzip",
        lambda raw: gzip.decompress(gzip.decompress(raw)),
    ),
    "no coding where one is named": (PAGE, "gzip", bytes),
    "a coding where none is named": (gzip.compress(PAGE), "", gzip.decompress),
}


@pytest.mark.parametrize("case", FILTERED)
def test_what_can_be_read_is_filtered(case: str, origin: Origin, through: Client) -> None:
    body, coding, decoded = FILTERED[case]
    path = origin.add(Answer([body], coded(coding) if coding else JSON_HEADERS))
    assert decoded(through.get(path).body) == timeline_without_sales(*MIXED)


@pytest.mark.parametrize(
    "post",
    [
        status(content=SALES[0] + " " + "面膜" * 1_000_000),
        status(content="<div>" * 200_000),
        status(content="<p>\ud800" + FRIENDS[1] + "\udfff\ud83d</p>"),
        status(content="a\x00b\u0000c").replace(b"\\u0000", b"\x00"),
    ],
    ids=["10 MB of one post", "200,000 tags deep", "lone surrogates", "NUL bytes"],
)
def test_odd_posts_pass_as_they_are(
    post: bytes, origin: Origin, through: Client, direct: Client, proxy: ProxyProcess
) -> None:
    path = origin.add(Answer([post]))
    assert through.get(path) == direct.get(path)
    assert [line for line in proxy.new_log() if "body is larger than is read" not in line] == []


@pytest.mark.parametrize("odd", ["\ud800", "\x00", "\\ud83d", "\u202e\ufeff"])
def test_odd_characters_do_not_hide_a_sales_post(odd: str, origin: Origin, through: Client) -> None:
    spelt = json.dumps(f"<p>{odd}{SALES[0]}{odd}</p>").encode()
    plain = json.dumps(f"<p>{SALES[0]}</p>", ensure_ascii=False).encode()
    page = timeline(FRIENDS[0], SALES[0], FRIENDS[1])
    assert plain in page
    path = origin.add(Answer([page.replace(plain, spelt)]))
    assert through.get(path).body == timeline_without_sales(FRIENDS[0], SALES[0], FRIENDS[1])


def test_a_post_of_6_megabytes_is_judged_by_its_beginning(origin: Origin, through: Client) -> None:
    page = timeline(FRIENDS[0], SALES[0] + "。" * 2_000_000, FRIENDS[1])
    kept = json.loads(through.get(origin.add(Answer([page]))).body)
    assert [post["content"] for post in kept] == [f"<p>{FRIENDS[0]}</p>", f"<p>{FRIENDS[1]}</p>"]


def _peak_megabytes(proxy: ProxyProcess) -> float:
    for line in Path(f"/proc/{proxy.process.pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no such line")


def _loop_seconds(proxy: ProxyProcess) -> float:
    """Processor time of the thread that serves all connections, which is the first one."""
    pid = proxy.process.pid
    fields = Path(f"/proc/{pid}/task/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_gzip_bomb(origin: Origin, through: Client, direct: Client, proxy: ProxyProcess) -> None:
    """Against a feed page of the same size that is no gzip: the difference is what the bomb costs."""
    bomb = gzip_bomb()
    assert len(bomb) < 1_100_000
    path = origin.add(Answer([bomb], coded("gzip")))
    usual, usual_peak = _cost(through, proxy, origin.add(Answer([b"?" + bomb[1:]], coded("gzip"))))
    took, peak = _cost(through, proxy, path)
    assert through.get(path) == direct.get(path)
    assert (took - usual) / 10 <= LOOP_SECONDS
    assert peak - usual_peak <= MORE_MEGABYTES


def _cost(through: Client, proxy: ProxyProcess, path: str) -> tuple[float, float]:
    """Of ten requests: the loop's processor time in seconds, and the highest memory in MB."""
    through.get(path)  # what is loaded once
    Path(f"/proc/{proxy.process.pid}/clear_refs").write_text("5", encoding="ascii")
    began = _loop_seconds(proxy)
    for _ in range(10):
        assert through.get(path).complete
    return _loop_seconds(proxy) - began, _peak_megabytes(proxy)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_200_megabytes_of_json_stream_through(
    framing: str, origin: Origin, through: Client, proxy: ProxyProcess
) -> None:
    piece = PAGE.strip()[1:-1] + b"," + b" " * 1_000_000
    path = origin.add(Answer([b"[", *[piece] * 199, PAGE.strip()[1:-1], b"]"], framing=framing))
    Path(f"/proc/{proxy.process.pid}/clear_refs").write_text("5", encoding="ascii")
    before = _peak_megabytes(proxy)
    reply = through.get(path)
    assert reply.complete
    assert len(reply.body) == 199 * len(piece) + len(PAGE.strip())
    assert only_line(proxy) == "WARNING mastodon: a page passed unfiltered: body is larger than is read"
    assert _peak_megabytes(proxy) - before <= 3 * MORE_MEGABYTES
