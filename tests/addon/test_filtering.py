"""Bodies through the whole filter, with the packaged model."""

import gzip
import json
import re
from typing import Any

import pytest

from circleshield_addon.adapters import ADAPTERS, mastodon, weibo
from circleshield_addon.filtering import Filtered, Opened, judged, opened
from circleshield_addon.filtering import filtered as _filtered
from circleshield_addon.generic import GENERIC
from circleshield_addon.judge import Judge
from circleshield_addon.notes import Notes
from circleshield_addon.page import read_page
from circleshield_addon.post import Post, Verdict
from circleshield_addon.routing import Route
from circleshield_addon.settings import Filter, Settings, SpamAction
from circleshield_model.scorer import Scorer

ROUTE = Route(mastodon.ADAPTER, mastodon.ADAPTER.endpoints[0])
FRIEND = "儿子今天中考查分，全家围着一台手机刷新到第七遍才进去，过线了，晚上吃火锅。"
SALES = (
    "补水面膜到货啦！今晚下单买三送一，一件也是批发价，想要的宝贝加微信 qj88201 找我拿货💕 诚招代理，零门槛，月入过万"
)


def filtered(raw: bytes, route: Route, judge: Judge, content_encoding: str = "") -> Filtered:
    return _filtered(raw, route, judge, Notes(), content_encoding=content_encoding)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer.load()


@pytest.fixture
def judge(scorer: Scorer) -> Judge:
    return Judge(scorer, Settings())


def _page(*texts: str) -> bytes:
    return json.dumps(
        [{"id": str(i), "content": text, "account": {"id": "7", "acct": "a"}} for i, text in enumerate(texts)]
    ).encode()


def _ids(body: bytes) -> list[str]:
    return [post["id"] for post in json.loads(body)]


def test_sales_posts_go_and_the_rest_stays(judge: Judge) -> None:
    result = filtered(_page(FRIEND, SALES, FRIEND + "！"), ROUTE, judge)
    assert _ids(result.body) == ["0", "2"]
    assert [v.action for v in result.verdicts] == ["keep", "remove", "keep"]
    assert [v.post.id for v in result.verdicts] == ["0", "1", "2"]
    spam = result.verdicts[1]
    assert spam.reasons[0] == f"score {spam.score:.2f} ≥ {judge.policy().remove_at:.2f}"
    assert len(spam.reasons) > 1


def test_nothing_to_remove_gives_the_same_object(judge: Judge) -> None:
    for raw in (_page(FRIEND), gzip.compress(_page(FRIEND)), b"", b"[]"):
        encoding = "gzip" if raw[:2] == b"\x1f\x8b" else ""
        assert filtered(raw, ROUTE, judge, content_encoding=encoding).body is raw


def test_watching_changes_nothing_and_says_so(scorer: Scorer) -> None:
    raw = _page(SALES)
    result = filtered(raw, ROUTE, Judge(scorer, Settings(filter=Filter(action="watch"))))
    assert result.body is raw
    assert [v.action for v in result.verdicts] == ["watch"]


def test_the_response_keeps_its_coding(judge: Judge) -> None:
    result = filtered(gzip.compress(_page(SALES, FRIEND)), ROUTE, judge, content_encoding="gzip")
    assert _ids(gzip.decompress(result.body)) == ["1"]


def test_platform_ads_are_spam_unless_switched_off(scorer: Scorer) -> None:
    ad = {"idstr": "1", "user": {"idstr": "2", "screen_name": "b"}, "text_raw": FRIEND, "mblogtypename": "广告"}
    raw = json.dumps({"statuses": [ad]}).encode()
    route = Route(weibo.WEB, weibo.WEB.endpoints[0])
    on = filtered(raw, route, Judge(scorer, Settings()))
    assert json.loads(on.body) == {"statuses": []}
    assert on.verdicts[0].reasons == ("flagged as an ad by the platform",)
    off = filtered(raw, route, Judge(scorer, Settings(filter=Filter(platform_ads=False))))
    assert off.body is raw
    assert off.verdicts[0].action == "keep"


def test_the_post_that_a_client_pages_by_is_folded(judge: Judge) -> None:
    posts = [{"id": str(i), "user": {"id": 1, "screen_name": "a"}, "text": SALES} for i in range(3)]
    route = Route(weibo.MOBILE, weibo.MOBILE.endpoints[1])
    result = filtered(json.dumps({"data": {"statuses": posts}}).encode(), route, judge)
    (last,) = json.loads(result.body)["data"]["statuses"]
    assert last["id"] == "2"
    assert last["text"].startswith("<p>已折叠：疑似推广 (score ")
    assert "http://circle.shield/folded/" in last["text"]
    assert result.verdicts[2].action == "fold"
    assert result.verdicts[2].rules[-1] == "folded, as the client needs an item in its place"


def test_a_fold_can_be_opened_by_its_link(scorer: Scorer) -> None:
    notes = Notes()
    judge = Judge(scorer, Settings(filter=Filter(action="fold")))
    result = _filtered(_page(FRIEND, SALES), ROUTE, judge, notes)
    folded = json.loads(result.body)[1]["content"]
    assert SALES not in folded
    link = re.search(r'href="http://circle.shield(/folded/\w+)"', folded)
    assert link is not None
    page = notes.page(link[1])
    assert page is not None
    assert SALES in page
    assert notes.page("/folded/other") is None
    again = _filtered(_page(FRIEND, SALES), ROUTE, judge, notes)
    assert again.body == result.body


def test_the_page_of_a_fold_escapes_what_the_post_says() -> None:
    notes = Notes()
    note = notes.note(
        "x", Verdict(Post("1", "2", "<b>a", "<script>alert(1)</script>", ad=False), 0.9, "fold", ("<i>why",))
    )
    page = notes.page(note.link.removeprefix("http://circle.shield"))
    assert page is not None
    assert "<script>" not in page
    assert "<b>a" not in page
    assert "<i>why" not in page


def test_a_label_stands_in_front(scorer: Scorer) -> None:
    result = filtered(_page(SALES, FRIEND), ROUTE, Judge(scorer, Settings(filter=Filter(action="label"))))
    assert [p["content"] for p in json.loads(result.body)] == ["⚠ 疑似推广｜" + SALES, FRIEND]


@pytest.mark.parametrize(
    ("raw", "encoding", "fault"),
    [
        (gzip.compress(_page(SALES))[:-9], "gzip", "truncated compressed data"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03nonsense from here on", "gzip", "corrupt compressed data"),
        (b"\x00\x01", "snappy", "unknown content coding 'snappy'"),
        (b"<html>sorry</html>", "", "not JSON"),
        (_page(SALES)[:-5], "", "not JSON"),
        (b'[{"id":"1","content":"\xff"}]', "", "not valid UTF-8"),
        (b"[" * 100_000, "", "not JSON"),
    ],
)
def test_faults_give_the_original_and_say_why(judge: Judge, raw: bytes, encoding: str, fault: str) -> None:
    result = filtered(raw, ROUTE, judge, content_encoding=encoding)
    assert result.body is raw
    if raw != b"[" * 100_000:
        assert result.fault == fault
    else:
        assert result.fault in ("not JSON", "nested too deep")


def test_an_adapter_that_raises_gives_the_original_and_no_text(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Any, item: Any, paths: Any, fields: Any) -> Post | None:
        raise RuntimeError(f"cannot read {item}")

    monkeypatch.setattr("circleshield_addon.adapter.Adapter.read", broken)
    raw = _page(SALES)
    result = filtered(raw, ROUTE, judge)
    assert result == Filtered(raw, fault=result.fault)
    assert result.fault is not None
    assert result.fault.startswith("RuntimeError at test_filtering.py:")


def test_items_of_odd_shapes_stay(judge: Judge) -> None:
    odd: list[object] = [
        None,
        7,
        "text",
        [],
        {},
        {"id": None},
        {"id": "5", "content": None, "account": None},
        {"id": [], "content": SALES},
    ]
    raw = json.dumps([*odd, json.loads(_page(SALES))[0]]).encode()
    assert json.loads(filtered(raw, ROUTE, judge).body) == odd


def test_a_remembered_text_scores_the_same(scorer: Scorer) -> None:
    judge = Judge(scorer, Settings())
    page = read_page(_page(SALES, FRIEND, SALES), ROUTE.adapter, ROUTE.endpoint)
    first = judge.verdicts(page.posts)
    again = judge.verdicts(page.posts)
    assert [(v.action, v.score, v.reasons) for v in again] == [(v.action, v.score, v.reasons) for v in first]
    assert first[0].score == first[2].score == pytest.approx(scorer.scores([SALES])[0])


def test_the_cut_offs_of_the_settings_count(scorer: Scorer) -> None:
    score = float(scorer.scores([FRIEND])[0])
    post = Post("1", "2", "a", FRIEND, ad=False)
    for remove_at, review_at, action in (
        (score, score / 2, "remove"),
        (min(1.0, score * 2), score / 2, "review"),
        (1.0, 1.0, "keep"),
    ):
        judge = Judge(scorer, Settings(filter=Filter(remove_at=remove_at, review_at=review_at)))
        assert judge.verdicts([post])[0].action == action


def test_a_low_remove_at_alone_lowers_the_review_cut_off_too(scorer: Scorer) -> None:
    judge = Judge(scorer, Settings(filter=Filter(remove_at=0.0)))
    assert judge.verdicts([Post("1", "2", "a", FRIEND, ad=False)])[0].action == "remove"


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (b"[" + b",".join([b'{"id":"1","content":"a"}'] * 101) + b"]", ""),
        (b'["' + b"a" * 300_000 + b'"]', ""),
        (gzip.compress(b'["' + b"a" * 300_000 + b'"]', mtime=0), "gzip"),
        (b"[{id:'1',content:'a'}]", ""),
        (_page(SALES) + b"\n" + _page(SALES), ""),
        (b"callback(" + _page(SALES) + b")", ""),
    ],
    ids=["many items", "large", "large once decoded", "JavaScript", "lines", "callback"],
)
def test_what_may_take_long_is_not_opened_at_once(raw: bytes, encoding: str) -> None:
    at_once = opened(raw, ROUTE, content_encoding=encoding, at_once=True)
    assert isinstance(at_once, Filtered)
    assert at_once.fault
    assert isinstance(opened(raw, ROUTE, content_encoding=encoding), Opened)


def test_what_is_opened_at_once_is_the_same_page() -> None:
    raw = gzip.compress(_page(SALES, FRIEND), mtime=0)
    at_once, later = (opened(raw, ROUTE, content_encoding="gzip", at_once=at_once) for at_once in (True, False))
    assert isinstance(at_once, Opened)
    assert isinstance(later, Opened)
    assert at_once.read.page.posts == later.read.page.posts
    assert len(at_once.read.page.posts) == 2


def test_the_same_page_again_is_not_read_again(judge: Judge) -> None:
    first, second = _page(FRIEND, FRIEND), _page(FRIEND, FRIEND)
    pages = [opened(raw, ROUTE, at_once=True) for raw in (first, second)]
    assert isinstance(pages[0], Opened)
    assert isinstance(pages[1], Opened)
    assert pages[0].read is pages[1].read
    assert judged(pages[1], judge, Notes()).body is second
    elsewhere = Route(ROUTE.adapter, next(e for e in ROUTE.adapter.endpoints if e is not ROUTE.endpoint))
    for other in (opened(first, elsewhere, at_once=True), opened(first, ROUTE, "text/html; charset=gbk", at_once=True)):
        assert isinstance(other, Opened)
        assert other.read is not pages[0].read


def test_the_same_page_again_is_edited_as_it_is_judged_now(scorer: Scorer) -> None:
    raw = gzip.compress(_page(FRIEND, SALES, FRIEND + "！"), mtime=0)
    notes = Notes()

    def shown(action: SpamAction, remove_at: float | None = None) -> list[dict[str, Any]]:
        page = opened(bytes(bytearray(raw)), ROUTE, content_encoding="gzip", at_once=True)
        settings = Settings(filter=Filter(action=action, remove_at=remove_at))
        body = judged(page, Judge(scorer, settings), notes).body
        return json.loads(gzip.decompress(body))  # type: ignore[no-any-return]

    for _ in range(2):
        assert [post["id"] for post in shown("remove")] == ["0", "2"]
        assert [post["id"] for post in shown("remove")] == ["0", "2"]
        assert [post["id"] for post in shown("remove", remove_at=1.0)] == ["0", "1", "2"]
        assert [post["id"] for post in shown("fold")] == ["0", "1", "2"]
        assert shown("fold")[1]["content"] != SALES
        assert shown("watch")[1]["content"] == SALES


def test_adapters_whose_pages_are_never_opened_at_once() -> None:
    simple = {adapter.name for adapter in ADAPTERS for endpoint in adapter.endpoints if endpoint.is_simple}
    assert {"mastodon", "bluesky"} <= simple
    assert not simple & {"x", "tieba", "facebook"}
    assert not any(endpoint.is_simple for endpoint in GENERIC.endpoints)
