"""The review page's friends: their sales posts week by week, whom to shield, and what was chosen."""

import re
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from msgspec.structs import replace
from tests.console.review_client import made, owner, paired, record, verdict

from circleshield_addon.ledger import FILE, Ledger
from circleshield_addon.post import Verdict
from circleshield_addon.settings import Friends, Settings

WEEK = 7 * 86_400


def _posts(*numbers: int, author: str, sales: bool = True) -> tuple[Verdict, ...]:
    made = (verdict(f"{author}-{n}", action="remove" if sales else "keep", author=author) for n in numbers)
    return tuple(replace(one, sales=sales) for one in made)


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """7 sold more and more; 8 once, 9 never."""
    record(tmp_path, *_posts(1, 2, 3, author="7", sales=False), ago=2.5 * WEEK)
    record(tmp_path, *_posts(4, 5, author="7", sales=False), *_posts(6, 7, author="7"), ago=1.5 * WEEK)
    record(tmp_path, *_posts(8, 9, 10, author="7"), *_posts(1, author="8"), *_posts(1, author="9", sales=False))
    return made(tmp_path, Settings(friends=Friends(suggest_after=5)))


def _shown(page: str) -> list[tuple[str, str]]:
    """Names and states, in order."""
    people = re.findall(r"<h2><bdi>(.*?)</bdi>(.*?)</article>", page, re.S)
    return [(name, "".join(re.findall(r'class="state[^>]*>(.*?)<', rest))) for name, rest in people]


def test_suggestions_come_first_with_their_weeks(app: Flask) -> None:
    page = owner(app).get("/friends")
    assert _shown(page) == [("名7", "shielding is suggested"), ("名8", "")]
    assert "5 of 10 posts were sales posts (50 %)" in page
    assert "oldest first: –, –, –, –, –, –, –, –, –, –, 0%, 50%, 100%" in page
    heights = [float(h) for h in re.findall(r'height="([\d.]+)" class="rect', page)[:3]]
    assert heights[0] == 0
    assert heights[2] == pytest.approx(2 * heights[1])


def test_your_word_goes_before_the_text(app: Flask, tmp_path: Path) -> None:
    browser = owner(app)
    assert browser.post("/posts", one="social weibo:7-8").status_code == 303
    page = browser.get("/friends?author=weibo:7")
    assert "4 of 10 posts were sales posts (40 %)" in page
    assert "1 of them by your word" in page
    assert "0%, 50%, 67%" in page
    assert _shown(page) == [("名7", "")]


@pytest.mark.parametrize(
    ("choice", "state", "said"),
    [
        ("block", "shielded by you", "are taken out from the next load on"),
        ("allow", "always shown by you", "show from the next load on"),
        ("judge", "judged post by post at your wish", "no shield is suggested any more"),
    ],
)
def test_choices_and_their_undoing(app: Flask, tmp_path: Path, choice: str, state: str, said: str) -> None:
    browser = owner(app)
    assert browser.post("/authors", referrer="/friends", one=f"{choice} weibo:7").headers["Location"] == "/friends"
    page = browser.get("/friends")
    assert said in page
    assert dict(_shown(page))["名7"] == state
    with closing(Ledger(tmp_path / FILE)) as ledger:
        assert ledger.choices().authors == {("weibo", "7"): choice}
    browser.post("/authors", one="leave weibo:7")
    assert dict(_shown(browser.get("/friends")))["名7"] == "shielding is suggested"


def test_the_shield_that_goes_up_by_itself(tmp_path: Path) -> None:
    record(tmp_path, *_posts(1, 2, 3, author="7"))
    browser = owner(made(tmp_path, Settings(friends=Friends(shield_after=3))))
    assert _shown(browser.get("/friends")) == [("名7", "shielded by itself")]


def test_cards_lead_there_and_one_friend_can_be_looked_at(app: Flask) -> None:
    browser = owner(app)
    assert 'href="/friends?author=weibo:7"' in browser.get("/")
    assert _shown(browser.get("/friends?author=weibo:8")) == [("名8", "")]
    assert "has had no sales post" in browser.get("/friends?author=weibo:9")


def test_in_pages(tmp_path: Path) -> None:
    record(tmp_path, *(post for n in range(50) for post in _posts(1, author=f"{100 + n}")))
    browser = owner(made(tmp_path))
    first, second = browser.get("/friends"), browser.get("/friends?start=40")
    assert 'href="/friends?start=40"' in first
    assert len(_shown(first)) == 40
    assert len({name for name, _ in (*_shown(first), *_shown(second))}) == 50


def test_charts_bring_neither_style_nor_script(app: Flask) -> None:
    page = owner(app).get("/friends")
    assert "<svg" in page
    assert "<style" not in page
    assert "style=" not in page
    assert page.count("<script") == 1


def test_nobody_yet_and_nobody_else(tmp_path: Path) -> None:
    app = made(tmp_path)
    assert "No friend has had a sales post" in owner(app).get("/friends")
    assert paired(app, "192.168.1.9").ask("/friends").status_code == 403
