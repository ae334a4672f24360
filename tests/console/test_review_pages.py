"""What the review page shows and does, on a ledger of its own."""

import json
import re
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from tests.console.review_client import Browser, made, names, owner, paired, parts_of, record, verdict

from circleshield.review import texts
from circleshield.review.cards import marked
from circleshield_addon.ledger import FILE, Ledger
from circleshield_addon.reloading import Files, Reloading
from circleshield_training import user_samples

DAY = 86_400


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return made(tmp_path)


def _chosen(home: Path) -> dict[str, str]:
    with closing(Ledger(home / FILE)) as ledger:
        return {":".join(key): choice for key, choice in ledger.choices().posts.items()}


def _authors(home: Path) -> dict[str, str]:
    with closing(Ledger(home / FILE)) as ledger:
        return {":".join(key): choice for key, choice in ledger.choices().authors.items()}


def _learnt(home: Path) -> dict[str, bool]:
    return {found.post: found.sample.spam for found in user_samples.in_force(home)}


def test_before_there_is_anything(app: Flask) -> None:
    browser = owner(app)
    assert "Nothing was taken out yet" in browser.get("/")
    assert "Nothing waits" in browser.get("/queue")
    assert browser.ask("/choices").status_code == 503
    record(parts_of(app).home, verdict(1, action="keep"))
    assert "Nothing was taken out yet" in browser.get("/")
    assert "not chosen anything" in browser.get("/choices")


def test_newest_first_with_all_there_is_to_know(app: Flask, tmp_path: Path) -> None:
    record(tmp_path, verdict(1, "卖面膜加微信", "fold", score=0.98), ago=60)
    record(tmp_path, verdict(2, "诚招代理，加微信", "review", score=0.91))
    page = owner(app).get("/")
    assert names(page) == ["2", "1"]
    for piece in ("unsure", "folded", "Weibo", "名7", "score 0.91", "score 0.98 ≥ 0.95", "“代理” +3.5", "How it would"):
        assert piece in page, piece
    assert re.search(r"<mark>[^<]*代理[^<]*</mark>", page)


def test_marks() -> None:
    assert marked("a<b>c&d", [(1, 4), (2, 5)], 0, 7) == "a<mark>&lt;b&gt;</mark><mark>c</mark>&amp;d"
    assert marked("abcdef", [(1, 4)], 3, 6) == "<mark>d</mark>ef"
    assert marked("abcdef", [(1, 4)], 0, 3) == "a<mark>bc</mark>"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "4321"),
        ("platform=weibo", "4321"),
        ("platform=x", ""),
        ("action=review", "3"),
        ("action=keep", "4321"),
        ("author=8", "2"),
        ("author=weibo:8", "2"),
        ("author=名8", "2"),
        ("lowest=0.9&highest=0.96", "2"),
        ("words=兼职", "4"),
        ("words=100%25", "1"),
        ("words=_", ""),
        ("words=DEAL", "3"),
        ("words=名8", "2"),
        ("since=2000-01-01&until=2000-01-02", ""),
        ("since=2000-01-01", "4321"),
        ("until=2000-01-01", ""),
        ("below=3", "21"),
        ("words=面膜&action=remove", "21"),
        ("lowest=x&since=yesterday&below=z", "4321"),
        ("lowest=nan&highest=nan&below=99999999999999999999", "4321"),
    ],
)
def test_filters(app: Flask, tmp_path: Path, query: str, found: str) -> None:
    record(
        tmp_path,
        verdict(1, "面膜 100% 正品"),
        verdict(2, "面膜 1000 正品", author="8", score=0.95),
        verdict(3, "a deal", "review", score=0.7),
        verdict(4, "兼职"),
    )
    assert names(owner(app).get(f"/?{query}")) == list(found)


def test_days_are_those_of_this_place(app: Flask, tmp_path: Path) -> None:
    record(tmp_path, verdict(1), ago=3 * DAY)
    record(tmp_path, verdict(2))
    browser = owner(app)
    shown = re.findall(r'<time datetime="[^"]*">(\S+)', browser.get("/"))
    assert names(browser.get(f"/?since={shown[0]}")) == ["2"]
    assert names(browser.get(f"/?until={shown[1]}")) == ["1"]
    assert names(browser.get(f"/?since={shown[1]}&until={shown[0]}")) == ["2", "1"]


def test_pages_meet_every_post_once(app: Flask, tmp_path: Path) -> None:
    record(tmp_path, *(verdict(n, "面膜" if n % 2 else "代理") for n in range(170)))
    browser = owner(app)
    page, met = browser.get("/?words=面膜"), []
    while True:
        met += names(page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if following is None:
            break
        page = browser.get(following[1].replace("&amp;", "&"))
    assert met == [str(n) for n in range(169, 0, -2)]
    assert "Newest" in page


def test_a_search_says_how_far_back_it_went(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("circleshield_addon.history.LOOKED_AT", 3)
    record(tmp_path, verdict(0, "面膜"), *(verdict(n) for n in range(1, 5)))
    browser = owner(app)
    page = browser.get("/?words=面膜")
    assert re.search(r"No post back to \d{4}-\d\d-\d\d \d\d:\d\d is like that", page)
    assert "Search further back" in page
    (following,) = re.findall(r'rel="next" href="([^"]+)"', page)
    page = browser.get(following.replace("&amp;", "&"))
    assert names(page) == ["0"]
    assert 'rel="next"' not in page


CHOICES: list[tuple[str, dict[str, str], dict[str, bool]]] = [
    ("social", {"weibo:1": "social"}, {"weibo:1": False}),
    ("spam", {"weibo:1": "spam"}, {"weibo:1": True}),
    ("unsure", {"weibo:1": "unsure"}, {}),
]


@pytest.mark.parametrize(("choice", "chosen", "learnt"), CHOICES)
def test_a_choice_and_its_undoing(
    app: Flask, tmp_path: Path, choice: str, chosen: dict[str, str], learnt: dict[str, bool]
) -> None:
    record(tmp_path, verdict(1), verdict(2))
    browser = owner(app)
    reply = browser.post("/posts", referrer="/?words=代理", one=f"{choice} weibo:1")
    assert reply.headers["Location"].startswith("/?words=")
    assert (_chosen(tmp_path), _learnt(tmp_path)) == (chosen, learnt)
    page = browser.get("/")
    assert "from the next load on" in page or "nothing changes" in page
    assert f"You chose: {texts.text('en', f'do_{choice}').lower()}" in page
    assert '<button name="all" value="undo" data-key="Backspace">' in page
    assert "data-key" not in browser.get("/")  # said once
    browser.post("/posts", all="undo", post="weibo:1")
    assert (_chosen(tmp_path), _learnt(tmp_path)) == ({}, {})
    assert "You chose" not in browser.get("/")


def test_another_choice_takes_the_place_of_the_first(app: Flask, tmp_path: Path) -> None:
    record(tmp_path, verdict(1))
    browser = owner(app)
    for choice, chosen, learnt in CHOICES:
        browser.post("/posts", one=f"{choice} weibo:1")
        assert (_chosen(tmp_path), _learnt(tmp_path)) == (chosen, learnt)


def test_what_is_shown_and_what_is_learnt_are_two_things(app: Flask, tmp_path: Path) -> None:
    record(tmp_path, verdict(1))
    browser = owner(app)
    browser.post("/posts", one="social weibo:1")
    browser.post("/posts", one="unteach weibo:1")
    assert (_chosen(tmp_path), _learnt(tmp_path)) == ({"weibo:1": "social"}, {})
    assert "not learnt from" in browser.get("/")
    browser.post("/posts", one="teach weibo:1")
    assert (_chosen(tmp_path), _learnt(tmp_path)) == ({"weibo:1": "social"}, {"weibo:1": False})


def test_many_at_once(app: Flask, tmp_path: Path) -> None:
    record(tmp_path, *(verdict(n, f"面膜 {'好' * n}") for n in range(5)))
    browser = owner(app)
    browser.post("/posts", all="spam", post=["weibo:1", "weibo:3", "weibo:nothing"])
    assert _chosen(tmp_path) == {"weibo:1": "spam", "weibo:3": "spam"}
    assert _learnt(tmp_path) == {"weibo:1": True, "weibo:3": True}
    browser.post("/posts", all="undo", post=["weibo:1", "weibo:3"])
    assert (_chosen(tmp_path), _learnt(tmp_path)) == ({}, {})
    browser.post("/posts", all="spam")
    assert "Nothing was ticked" in browser.get("/")


@pytest.mark.parametrize("choice", ["allow", "block"])
def test_authors(app: Flask, tmp_path: Path, choice: str) -> None:
    record(tmp_path, verdict(1))
    browser = owner(app)
    browser.post("/authors", one=f"{choice} weibo:7")
    assert _authors(tmp_path) == {"weibo:7": choice}
    assert _learnt(tmp_path) == {}
    page = browser.get("/choices")
    assert texts.text("en", f"is_{choice}") in page
    assert "名7" in page
    browser.post("/authors", one="leave weibo:7")
    assert _authors(tmp_path) == {}


def test_without_the_text_nothing_is_learnt(app: Flask, tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / FILE)) as ledger:
        from circleshield_addon.ledger import Seen

        ledger.write(ledger.rows([Seen(0, "weibo", "", (verdict(1),))], store_text=False))
    browser = owner(app)
    assert "The text is not kept" in browser.get("/")
    browser.post("/posts", one="spam weibo:1")
    assert (_chosen(tmp_path), _learnt(tmp_path)) == ({"weibo:1": "spam"}, {})
    assert "learnt from: 0" in browser.get("/")


def test_what_cannot_be_learnt_is_not_chosen_either(app: Flask, tmp_path: Path) -> None:
    record(tmp_path, verdict(1))
    (tmp_path / user_samples.FILE).mkdir()
    reply = owner(app).post("/posts", one="spam weibo:1")
    assert reply.status_code == 503
    assert "samples.jsonl: cannot be" in reply.text
    assert _chosen(tmp_path) == {}


def test_a_choice_can_be_undone_when_its_post_is_forgotten(app: Flask, tmp_path: Path) -> None:
    record(tmp_path, verdict(1))
    browser = owner(app)
    browser.post("/posts", one="social weibo:1")
    with closing(Ledger(tmp_path / FILE)) as ledger:
        ledger.db.execute("DELETE FROM verdicts")
    page = browser.get("/choices")
    assert "no longer in the ledger" in page
    assert 'value="undo weibo:1"' in page
    browser.post("/posts", one="undo weibo:1")
    assert (_chosen(tmp_path), _learnt(tmp_path)) == ({}, {})


def test_the_queue_asks_for_the_least_certain_first(app: Flask, tmp_path: Path) -> None:
    record(
        tmp_path,
        verdict(1, score=0.97),
        verdict(2, "面膜", "review", score=0.9),
        verdict(3, "代理", "review", score=0.6),
        verdict(4, "兼职", "fold", score=0.999),
        verdict(5, "日结", "review", score=0.8, author="8"),
        verdict(6, "好", "keep", score=0.5),
    )
    browser = owner(app)
    browser.post("/authors", one="allow weibo:8")  # nothing is left to ask about them
    asked = []
    for learnt, choice in enumerate(("spam", "social", "unsure", "spam")):
        page = browser.get("/queue")
        assert f"{min(learnt, 2)} of 20 new labels" in page
        (post,) = re.findall(r'value="spam weibo:(\d)"', page)
        asked.append(post)
        browser.post("/posts", referrer="/queue", one=f"{choice} weibo:{post}")
    assert asked == ["3", "2", "1", "4"]
    assert "Nothing waits" in browser.get("/queue")


def test_labels_count_from_wherever_they_come_and_from_the_last_training_on(tmp_path: Path) -> None:
    app = made(tmp_path)
    for number in range(3):
        user_samples.add(tmp_path, "", f"面膜 {'好' * number}", "sales_spam", "")
    assert "3 of 20 new labels" in owner(app).get("/queue")
    record(tmp_path, verdict(1))
    browser = owner(app)
    browser.post("/posts", referrer="/queue", one="spam weibo:1")
    assert "4 of 20 new labels" in browser.get("/queue")
    browser.post("/posts", referrer="/queue", one="social weibo:1")  # in place of the other
    assert "4 of 20 new labels" in browser.get("/queue")
    parts = parts_of(app)
    later = Reloading(parts.shield, Files(model=tmp_path), (None, (int((time.time() + 60) * 1e9), 0, 0), None))
    app.extensions["circleshield"] = replace(parts, reloading=later)
    assert "0 of 20 new labels" in owner(app).get("/queue")


def test_a_device_sees_what_was_in_its_own_feeds_whoever_saw_it_first(app: Flask, tmp_path: Path) -> None:
    record(tmp_path, verdict(1), verdict(2), verdict(3, action="review"), device="192.168.1.9")
    record(tmp_path, verdict(2), device="192.168.1.7")
    record(tmp_path, verdict(4), device="192.168.1.7")
    first, second = paired(app, "192.168.1.9"), paired(app, "192.168.1.7")
    assert names(first.get("/")) == ["3", "2", "1"]
    assert names(second.get("/")) == ["4", "2"]
    assert names(second.get("/?words=代理&lowest=0.5")) == ["4", "2"]
    assert names(second.get("/?below=4")) == ["2"]
    assert names(owner(app).get("/")) == ["4", "3", "2", "1"]
    assert names(paired(app, "192.168.1.7", "owner").get("/")) == ["4", "3", "2", "1"]
    assert "This person" not in second.get("/")
    second.post("/posts", one="social weibo:2")
    assert "weibo:2" in second.get("/choices")
    assert "weibo:2" in first.get("/choices")
    # The verdict changes at the next load; the other device has still had the post.
    record(tmp_path, verdict(2, score=0.98), device="192.168.1.7")
    assert names(first.get("/")) == ["2", "3", "1"]


def _folded(app: Flask, home: Path, **more: Any) -> str:
    folded = verdict(1, "<b>折叠的面膜</b>", "fold", **more)
    record(home, folded)
    return parts_of(app).shield.notes.note("weibo", folded).link.removeprefix("http://circle.shield")


def test_the_fold_link_shows_the_post_and_lets_choose(app: Flask, tmp_path: Path) -> None:
    link = _folded(app, tmp_path)
    stranger = Browser(app, "192.168.1.9")
    page = stranger.get(link)
    assert "&lt;b&gt;折叠的面膜" in page
    assert "<button" not in page
    assert "pair this device" in page
    phone = paired(app, "192.168.1.9")
    page = phone.get(link)
    assert "折叠的" in page
    assert 'value="social weibo:1"' in page
    assert phone.post("/posts", referrer=link, one="social weibo:1").headers["Location"].startswith(link)
    assert "You chose: show it again" in phone.get(link)
    assert Browser(app, "192.168.1.9").ask("/folded/0123456789").status_code == 404


def test_a_folded_post_without_a_ledger(app: Flask, tmp_path: Path) -> None:
    link = _folded(app, tmp_path)
    (tmp_path / FILE).unlink()
    assert "not in the ledger" in paired(app, "192.168.1.9").get(link)


def test_the_pairing_page(app: Flask) -> None:
    browser = owner(app)
    page = browser.post("/devices/code", role="device").text
    code = re.search(r'<p class="code">(\w{8})</p>', page)
    assert code is not None
    assert f"http://circle.shield/pair?code={code[1]}" in page
    assert "<svg" in page
    phone = Browser(app, "192.168.1.7")
    assert f'value="{code[1]}"' in phone.get(f"/pair?code={code[1]}")
    assert "wrong or no longer good" in phone.post("/pair", code="WRONGWRO").text
    assert phone.post("/pair", code=code[1], name="Mum’s phone").status_code == 303
    assert "Mum’s phone" in browser.get("/devices")
    assert phone.ask("/").status_code == 200


def test_a_refused_config_is_told_to_the_owner_alone(app: Flask, tmp_path: Path) -> None:
    record(tmp_path, verdict(1))
    parts_of(app).reloading.refused = "config.toml: nonsense"
    assert "config.toml: nonsense" in owner(app).get("/")
    assert "nonsense" not in paired(app, "192.168.1.9").get("/")


def test_samples_are_those_of_the_command_line(app: Flask, tmp_path: Path) -> None:
    record(tmp_path, verdict(1))
    owner(app).post("/posts", one="spam weibo:1")
    (line,) = (tmp_path / user_samples.FILE).read_text(encoding="utf-8").splitlines()
    sample = json.loads(line)
    assert (sample["label"], sample["author"], sample["post"]) == ("sales_spam", "weibo:7", "weibo:1")
