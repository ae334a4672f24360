"""What the ledger counts as it is written is at any time what its rows come to."""

import json
from collections import Counter
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.addon.test_ledger import verdict
from tests.addon.test_ledger_schema import older

from circleshield_addon.history import Filter, forget
from circleshield_addon.ledger import FILE, Ledger, Seen, milliseconds
from circleshield_addon.ledger_schema import reason_kind
from circleshield_addon.post import Post, Verdict
from circleshield_addon.totals import scores, top_authors, totals

TODAY = date(2026, 9, 21)
DAY = 86_400_000
NOON = milliseconds(datetime(2026, 9, 21, 12).astimezone())


def record(ledger: Ledger, *verdicts: Verdict, time: int = NOON) -> None:
    ledger.write(ledger.rows([Seen(time, "weibo", "192.168.1.9", verdicts)]))


def test_by_day_platform_and_reason(ledger: Ledger) -> None:
    record(ledger, *(verdict(n) for n in range(3)), verdict(3, "keep", score=0.1), time=NOON - DAY)
    record(ledger, verdict(4, author="8", score=0.97), verdict(5, "review", "9", 0.7), verdict(6, "keep", "", 0.1))
    found = totals(ledger, TODAY - timedelta(2))
    assert found.days == {
        "2026-09-20": {"remove": 3, "keep": 1},
        "2026-09-21": {"remove": 1, "review": 1, "keep": 1},
    }
    assert {name: counts.total() for name, counts in found.platforms.items()} == {"weibo": 7}
    assert found.reasons == [("score ≥ 0.95", 4), ("“代理”", 4)]
    assert top_authors(ledger, NOON - 2 * DAY) == [("weibo:7", "名7", 3, 4), ("weibo:8", "名8", 1, 1)]
    history = "7 of 9 earlier posts were sales, 2 of them labelled by you +1.5"
    moved = ("score 0.97 ≥ 0.95 (text 0.91)", history, "the same text from 4 other accounts +2.0")
    record(ledger, replace(verdict(4, author="8", score=0.97), decided=moved), time=NOON + DAY)
    shielded = ("author shielded after 5 sales posts",)
    record(ledger, replace(verdict(5), decided=shielded, evidence=tuple), time=NOON + DAY)
    assert dict(totals(ledger, TODAY + timedelta(1)).reasons) == {
        "score ≥ 0.95": 1,
        "earlier posts were sales": 1,
        "the same text from other accounts": 1,
        "“代理”": 1,
        "author shielded": 1,
    }
    assert totals(ledger, TODAY + timedelta(2)).days == {}


def test_scores_in_thousandths(ledger: Ledger) -> None:
    assert scores(ledger, TODAY) is None
    record(ledger, verdict(1, score=0.57), verdict(2, score=0.5699), verdict(3, score=1.0), verdict(4, score=0.9))
    record(ledger, verdict(5), time=NOON - 3 * DAY)
    record(ledger, replace(verdict(6), decided=("author blocked at your wish",)))
    ledger.choose_post("weibo", "3", "social", learnt=True)
    ledger.choose_post("weibo", "4", "social", learnt=True)
    record(ledger, replace(verdict(4, "keep", score=0.9), decided=("shown again at your wish",)))  # at the next load
    found = scores(ledger, TODAY - timedelta(2))
    assert found is not None
    assert found.posts == {570: 1, 569: 1, 1000: 1, 900: 1}
    assert found.restored == {1000: 1, 900: 1}
    assert found.first == TODAY


REASONS = (
    "score {} ≥ 0.95",
    "author blocked at your wish",
    "“代理” +1.{}",
    "“代理” -0.{}",
    "3 of {} earlier posts were sales",
)
DAYS = st.integers(-3, 3)
VERDICTS = st.builds(
    lambda number, author, action, score, reasons: Verdict(
        Post(str(number), str(author), "", "text", ad=False),
        score,
        action,
        tuple(reason.format(number) for reason in reasons),
    ),
    st.integers(1, 6),
    st.integers(1, 2),
    st.sampled_from(("keep", "review", "remove", "fold")),
    st.sampled_from((0.0, 0.1, 0.569, 0.57, 1.0)),
    st.lists(st.sampled_from(REASONS), max_size=3),
)
STEPS = st.one_of(
    st.tuples(st.just("write"), DAYS, st.sampled_from(("weibo", "x")), st.lists(VERDICTS, max_size=5)),
    st.tuples(st.just("forget"), st.builds(lambda author: Filter(author=str(author)), st.integers(1, 2))),
    st.tuples(st.just("forget"), st.builds(lambda day: Filter(before=NOON + day * DAY), DAYS)),
    st.tuples(st.just("forget"), st.just(Filter())),
    st.tuples(st.just("prune"), DAYS, st.integers(0, 8)),
    st.tuples(st.just("choose"), st.integers(1, 6), st.sampled_from(("social", "spam"))),
)


@settings(max_examples=100)
@given(steps=st.lists(STEPS, max_size=12))
def test_they_are_what_the_rows_come_to(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Any, ...]]) -> None:
    with closing(Ledger(tmp_path_factory.mktemp("ledger") / FILE)) as ledger:
        ledger.db.execute("PRAGMA synchronous = OFF")
        for what, *how in steps:
            if what == "write":
                ledger.write(ledger.rows([Seen(NOON + how[0] * DAY, how[1], "", tuple(how[2]))]))
            elif what == "forget":
                forget(ledger, how[0])
            elif what == "prune":
                ledger.prune(NOON + how[0] * DAY, how[1])
            else:
                ledger.choose_post("weibo", str(how[0]), how[1], learnt=True)
            assert counted(ledger) == of_rows(ledger)


def counted(ledger: Ledger) -> list[list[tuple[object, ...]]]:
    names = "day_totals", "score_totals", "reason_totals"
    return [sorted(ledger.db.execute(f"SELECT * FROM {name}").fetchall()) for name in names]


def of_rows(ledger: Ledger) -> list[list[tuple[object, ...]]]:
    days: Counter[tuple[object, ...]] = Counter()
    by_score: Counter[tuple[object, ...]] = Counter()
    reasons: Counter[tuple[object, ...]] = Counter()
    sql = "SELECT time, platform, action, score, reasons FROM verdicts"
    for time, platform, action, score, said in ledger.db.execute(sql):
        day = datetime.fromtimestamp(time / 1000).astimezone().date().isoformat()
        days[day, platform, action] += 1
        if said.startswith('["score '):
            by_score[day, int(round(score * 1000, 6))] += 1
        if action not in ("keep", "review"):
            reasons.update((reason_kind(reason), day) for reason in json.loads(said))
    return [sorted((*key, posts) for key, posts in counts.items()) for counts in (days, by_score, reasons)]


def test_an_older_ledger_is_counted_when_it_is_opened(tmp_path: Path) -> None:
    old = older(tmp_path / FILE, 4)
    row = "INSERT INTO verdicts VALUES (NULL, ?, 'x', '7', 'n', ?, NULL, NULL, ?, ?, ?, '', NULL)"
    said = json.dumps(["score 0.98 ≥ 0.95", "“代理” +3.5", "“代理” +1.5"], ensure_ascii=False)
    for number, action in enumerate(("remove", "fold", "keep", "review", "remove")):
        old.execute(row, (NOON + number // 2 * DAY, str(number), 0.57 * number, action, said if number else "[]"))
    old.commit()
    old.close()
    with closing(Ledger(tmp_path / FILE)) as ledger:
        assert counted(ledger) == of_rows(ledger)
        assert all(counted(ledger))


def test_nothing_of_a_forgotten_post_is_left_in_them(ledger: Ledger, tmp_path: Path) -> None:
    record(ledger, replace(verdict(1), evidence=lambda: ("“独一无二” +2.0",)), verdict(2, author="8"))
    assert forget(ledger, Filter(author="7")) == 1
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert "独一无二".encode() not in left
    assert "代理".encode() in left
