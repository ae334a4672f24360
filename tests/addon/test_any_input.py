"""Whatever comes in: nothing raises, nothing removed gives the same bytes, what stays is in order and parses.

`benchmarks/fuzz.py` runs the same properties under atheris, guided by coverage.
"""

import gzip
import json
import re
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import brotli
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.coding import CodingError, decode
from circleshield_addon.documents import documents
from circleshield_addon.filtering import filtered
from circleshield_addon.html_list import elements
from circleshield_addon.html_text import html_to_text
from circleshield_addon.json_spans import JsonError
from circleshield_addon.judge import Judge
from circleshield_addon.language import language
from circleshield_addon.notes import Notes
from circleshield_addon.post import Post, Verdict
from circleshield_addon.routing import Route, route
from circleshield_addon.settings import Settings, parse_settings
from circleshield_addon.streams import EventStream
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer

FIXTURES = sorted((Path(__file__).parent.parent / "fixtures").glob("*/*.in"))
SCORER = Scorer.load()
EMBEDDED = [endpoint.embedded for adapter in ADAPTERS for endpoint in adapter.endpoints if endpoint.embedded]
PIECES = (
    b"<!--", b"-->", b"<script>", b"</script>", b"<li class='t'>", b"</li>", b"<li ", b'"', b"'", b"\\", b"\\u",
    b"d83d",
    b"/*", b"*/", b"//", b"\n", b"{", b"}", b"[", b"]", b",", b":", b"a", b"0", b"-", b"1e999", b"null", b"undefined",
    b"cb(", b")", b";", b"for(;;);", b"data: ", b"event: update", b"\r", b"\n\n", b"\x00", b"\xff", b"\xed\xa0\x80",
    "面".encode(), "😀".encode(), b"$render_data = [", b"window.__INITIAL_STATE__ = {", b"\xef\xbb\xbf", b" ",
)  # fmt: skip
made = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=40).map(b"".join)
texts = st.text(st.characters(exclude_categories=()), max_size=200) | st.lists(
    st.sampled_from(
        ["加v", "微信", "http://", "a.com", "@", "#", "[em]", "\ud800", "\x00", "👩‍👩‍👧", "ﷺ", "\u202e", "０", "一二"]
    ),
    max_size=40,
).map("".join)


class Removes:
    """A judge that takes out the posts whose number is in `which`, and knows no text."""

    def __init__(self, which: Sequence[int]) -> None:
        self._which = set(which)

    def verdicts(self, posts: Sequence[Post], platform: str = "", device: str = "") -> list[Verdict]:
        return [
            Verdict(post, 1.0, "remove" if number % 8 in self._which else "keep", ())
            for number, post in enumerate(posts)
        ]


def _fixture(case: Path) -> tuple[bytes, Route]:
    method, _, url = case.with_suffix(".url").read_text(encoding="utf-8").partition("\n")[0].strip().rpartition(" ")
    parts = urlsplit(url)
    found = route(method or "GET", parts.hostname or "", parts.path, Settings())
    assert found is not None
    return case.read_bytes(), found


PAGES = [_fixture(case) for case in FIXTURES]


def _is_json(body: bytes) -> bool:
    with suppress(ValueError, RecursionError):
        json.loads(body)
        return True
    return False


@settings(deadline=None)
@given(
    st.sampled_from(range(len(PAGES))),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), made), max_size=4),
    st.lists(st.integers(0, 7), max_size=8),
)
def test_page(number: int, spoilt: list[tuple[float, int, bytes]], gone: list[int]) -> None:
    """A page of any platform with some of its bytes changed."""
    body, found = PAGES[number]
    for at, length, written in spoilt:
        start = int(at * len(body))
        body = body[:start] + written + body[start + length :]
    result = filtered(body, found, cast(Judge, Removes(gone)), Notes())
    assert result.fault is None or not re.match(r"\w+ at \w+\.py:\d+", result.fault), result.fault
    if not any(verdict.action in ("remove", "fold") for verdict in result.verdicts):
        assert result.body is body
        return
    if all(verdict.action != "fold" for verdict in result.verdicts) and not found.endpoint.count:
        rest = iter(body)
        assert all(byte in rest for byte in result.body), "what stays is in order"
    assert not _is_json(body) or _is_json(result.body)


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


@settings(deadline=None)
@given(
    made,
    st.lists(st.sampled_from([*ENCODERS, "x-gzip", "identity", "rot13", ""]), max_size=5),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=3)), max_size=2),
    st.sampled_from(["", "gbk", "utf-16", "utf-8", "big5", "nonsense"]),
)
def test_decoders(data: bytes, names: list[str], spoilt: list[tuple[float, bytes]], charset: str) -> None:
    """Coded as named, then spoilt: refused, or what it gives is coded the same way again."""
    for name in names:
        data = ENCODERS.get(name, bytes)(data)
    for at, written in spoilt:
        start = int(at * len(data))
        data = data[:start] + written + data[start + len(written) :]
    try:
        text, how = decode(data, ", ".join(names), charset)
    except CodingError:
        return
    text.decode()
    assert decode(how.encode(text), ", ".join(names), charset)[0] == text


@settings(deadline=None)
@given(st.lists(made, max_size=12), st.booleans())
def test_event_splitter(chunks: list[bytes], dropping: bool) -> None:
    """The same bytes where nothing is dropped, however they are cut; and a part of them in order where all is."""
    events = EventStream(lambda data, name: None if dropping else data)
    out = [piece for chunk in chunks if chunk for piece in events(chunk)] + events(b"")
    assert all(out)
    if dropping:
        rest = iter(b"".join(chunks))
        assert all(byte in rest for byte in b"".join(out))
    else:
        assert b"".join(out) == b"".join(chunks)


@settings(deadline=None)
@given(made)
def test_html(body: bytes) -> None:
    """Elements are whole, in order, and apart from each other."""
    at = 0
    for start, end in elements(body, "li", "t", in_comments=True):
        assert at <= start < end <= len(body)
        assert body[start : start + 3].lower() == b"<li"
        assert body[:end].rstrip().endswith(b">")
        at = end
    html_to_text(body.decode("utf-8", "replace"))


@settings(deadline=None)
@given(made, st.sampled_from([None, *EMBEDDED]))
def test_literals(body: bytes, embedded: re.Pattern[bytes] | None) -> None:
    """JSON in any wrapping: refused, or every value has a place in the body."""
    try:
        found = documents(body, embedded)
    except JsonError:
        return
    for document in found:
        start, end = document.text.root
        first, last, _ = document.place((start, end, b""))
        assert 0 <= first < last <= len(body)
        with suppress(JsonError):
            document.text.value(document.text.root)


@settings(deadline=None)
@given(st.lists(texts, min_size=1, max_size=5))
def test_normaliser(posts: list[str]) -> None:
    """A probability for any text, the same alone and among others; the evidence stands in the text."""
    scores = SCORER.scores(posts)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert SCORER.scores(posts[:1])[0] == scores[0]
    for piece in SCORER.explain(posts)[0]:
        assert piece.start is None or posts[0][piece.start : piece.end] == piece.text
    language(posts[0])


CONFIG = """\
[filter]
action = "fold"
remove_at = 0.9
[platforms.x]
enabled = false
[[rules]]
effect = "block"
pattern = "a+b"
[profiles.p]
devices = ["127.0.0.1"]
"""


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(CONFIG)),
            st.integers(0, 20),
            st.sampled_from(
                ["", "[", "]", '"', "=", "nan", "1e400", "true", "{}", "[[rules]]\n", "(", "\x00", "\ud7ff", "面"]
            )
            | st.text(max_size=5),
        ),
        max_size=4,
    )
)
def test_config(spoilt: list[tuple[int, int, str]]) -> None:
    """Settings, or one line that says what is wrong."""
    text = CONFIG
    for at, length, written in spoilt:
        text = text[:at] + written + text[at + length :]
    try:
        Judge(SCORER, parse_settings(text, Path("config.toml")))
    except InputError:
        return


PROPERTIES: dict[str, Any] = {
    "page": test_page,
    "decoders": test_decoders,
    "events": test_event_splitter,
    "html": test_html,
    "literals": test_literals,
    "normaliser": test_normaliser,
    "config": test_config,
}
