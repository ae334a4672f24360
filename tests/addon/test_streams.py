"""Events and messages one by one, however they are cut into chunks."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circleshield_addon.adapters import mastodon, misskey
from circleshield_addon.choices import Choices
from circleshield_addon.judge import Judge
from circleshield_addon.notes import Notes
from circleshield_addon.post import Verdict
from circleshield_addon.settings import Filter, Settings, SpamAction
from circleshield_addon.streams import EventStream, StreamFilter
from circleshield_model.scorer import Scorer

SCORER = Scorer.load()
FRIEND = "儿子今天中考查分，全家围着一台手机刷新到第七遍才进去，过线了，晚上吃火锅。"
SALES = (
    "补水面膜到货啦！今晚下单买三送一，一件也是批发价，想要的宝贝加微信 qj88201 找我拿货💕 诚招代理，零门槛，月入过万"
)
SSE, WEBSOCKET = mastodon.ADAPTER.streams


def _status(text: str) -> str:
    return json.dumps(
        {"id": "12345678901234567890", "content": text, "account": {"id": "1", "acct": "a"}}, ensure_ascii=False
    )


def _event(text: str, name: str = "update", end: str = "\n") -> bytes:
    return f"event: {name}{end}data: {_status(text)}{end}{end}".encode()


def _filter(stream: object = SSE, action: SpamAction = "remove") -> StreamFilter:
    assert stream in mastodon.ADAPTER.streams
    kept = SSE if stream is SSE else WEBSOCKET
    judge = Judge(SCORER, Settings(filter=Filter(action=action)))
    return StreamFilter(mastodon.ADAPTER, kept, lambda: judge, Notes())


def _through(body: bytes, cuts: list[int], action: SpamAction = "remove") -> bytes:
    events = EventStream(_filter(action=action).edited)
    places = sorted({0, len(body), *(c for c in cuts if c < len(body))})
    chunks = [body[a:b] for a, b in pairwise(places)]
    out = [piece for chunk in chunks for piece in events(chunk)] + events(b"")
    assert all(out), "an empty chunk would end the body"
    return b"".join(out)


FRIENDLY = [
    _event(FRIEND),
    _event(FRIEND, end="\r\n"),
    b":thump\n",
    b"event: delete\ndata: 12345\n\n",
    b": note\r\n\r\n",
]
PASSING = [
    *FRIENDLY,
    b"data: x\ndata: y\n\n",
    b"\n\n",
    b"event: update\ndata: no json\n\n",
    b"retry: 100\n\n",
    _event(SALES, "notification"),
]


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.sampled_from([*PASSING, _event(SALES), _event(SALES, end="\r\n")]), max_size=8),
    st.lists(st.integers(0, 3000), max_size=30),
    st.sampled_from([b"", b"event: upd", b"data: half"]),
)
def test_any_chunks_give_the_same_events(events: list[bytes], cuts: list[int], rest: bytes) -> None:
    """Also inside of a character, a line end, or the empty line."""
    sales = {_event(SALES), _event(SALES, end="\r\n")}
    assert _through(b"".join(events) + rest, cuts) == b"".join(e for e in events if e not in sales) + rest


def test_events_go_on_at_once() -> None:
    events = EventStream(_filter().edited)
    assert events(_event(FRIEND)) == [_event(FRIEND)]
    assert events(b":thump\n") == [b":thump\n"]
    assert events(b"event: update\n") == []
    assert events(b"data: {}\n") == []
    assert events(b"\n") == [b"event: update\ndata: {}\n\n"]
    assert events(_event(SALES)) == []
    assert events(b"") == []


def test_fold_and_label() -> None:
    folded = _through(_event(SALES), [], "fold").decode()
    assert folded.startswith('event: update\ndata: {"id": "12345678901234567890", "content": "<p>已折叠：疑似推广')
    assert folded.endswith("\n\n")
    labelled = _through(_event(SALES), [7, 50], "label").decode()
    assert "⚠ 疑似推广｜补水面膜" in labelled


def test_an_event_too_large_to_wait_for_goes_on_unread() -> None:
    huge = b"event: update\ndata: " + b"x" * 3_000_000 + b"\n\n"
    body = huge + _event(SALES) + _event(FRIEND)
    assert _through(body, list(range(0, len(body), 50_000))) == huge + _event(FRIEND)


def _message(text: str, event: str = "update") -> bytes:
    return json.dumps({"stream": ["user"], "event": event, "payload": _status(text)}, ensure_ascii=False).encode()


def test_websocket_messages() -> None:
    messages = _filter(WEBSOCKET)
    friend = _message(FRIEND)
    assert messages.edited(friend) is friend
    assert messages.edited(_message(SALES)) is None
    for other in (
        _message(SALES, "notification"),
        b'{"type":"subscribe"}',
        b"no json",
        b"[]",
        b'{"event":"update","payload":7}',
    ):
        assert messages.edited(other) is other


def _note(text: str, kind: str = "note") -> bytes:
    note = {"id": "9abc", "text": text, "user": {"id": "9u", "username": "a"}, "files": [{"id": "f"}]}
    body = {"id": "timeline", "type": kind, "body": note}
    return json.dumps({"type": "channel", "body": body}, ensure_ascii=False).encode()


def test_misskey_messages() -> None:
    def through(message: bytes, action: SpamAction) -> bytes | None:
        judge = Judge(SCORER, Settings(filter=Filter(action=action)))
        return StreamFilter(misskey.ADAPTER, misskey.ADAPTER.streams[0], lambda: judge, Notes()).edited(message)

    friend = _note(FRIEND)
    assert through(friend, "remove") is friend
    assert through(_note(SALES), "remove") is None
    for other in (_note(SALES, "unfollow"), b'{"type":"connected"}', b'{"body":null}', b'{"body":{"type":"note"}}'):
        assert through(other, "remove") is other
    folded = through(_note(SALES), "fold")
    assert folded is not None
    note = json.loads(folded)["body"]["body"]
    assert (note["id"], note["text"][:4], note["files"]) == ("9abc", "已折叠：", [])


def test_a_folded_websocket_message_is_json_in_json() -> None:
    edited = _filter(WEBSOCKET, "fold").edited(_message(SALES))
    assert edited is not None
    payload = json.loads(json.loads(edited)["payload"])
    assert payload["id"] == "12345678901234567890"
    assert payload["content"].startswith("<p>已折叠")


@pytest.mark.parametrize(("wish", "done"), [("fold", "remove"), ("label", "watch")])
def test_what_cannot_be_rewritten_is_recorded_as_what_was_done(
    wish: SpamAction, done: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("circleshield_addon.streams.post_spans", lambda *_: iter(()))
    seen: list[Verdict] = []
    judge = Judge(SCORER, Settings(filter=Filter(action=wish)))
    events = StreamFilter(mastodon.ADAPTER, SSE, lambda: judge, Notes(), record=seen.append)
    event = _status(SALES).encode()
    assert events.edited(event, "update") is (None if done == "remove" else event)
    assert [verdict.action for verdict in seen] == [done]


def test_evidence_is_not_looked_for_where_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("the log asked for evidence")

    monkeypatch.setattr(Scorer, "reasons", asked)
    assert _filter().edited(_status(SALES).encode(), "update") is None


def test_a_fault_gives_the_event_as_it_was_and_is_told() -> None:
    def broken() -> Judge:
        raise LookupError(SALES)

    faults: list[str] = []
    events = StreamFilter(mastodon.ADAPTER, SSE, broken, Notes(), fault=faults.append)
    event = _status(SALES).encode()
    assert events.edited(event, "update") is event
    assert faults[0].startswith("LookupError at test_streams.py:")
    assert SALES not in faults[0]


def test_verdicts_are_recorded_and_choices_hold() -> None:
    choices = Choices(authors={("mastodon", "1"): "block"})
    seen: list[Verdict] = []
    judge = Judge(SCORER, Settings(), lambda: choices)
    events = StreamFilter(mastodon.ADAPTER, SSE, lambda: judge, Notes(), record=seen.append)
    assert events.edited(_status(FRIEND).encode(), "update") is None
    (verdict,) = seen
    assert (verdict.action, verdict.rules, verdict.post.text) == ("remove", ("author blocked at your wish",), FRIEND)
