"""The ledger's file: what is written, migrated, kept for how long, and what survives."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from circleshield_addon import ledger as ledger_module
from circleshield_addon.history import Entry, Filter, count, following, forget, newest, of_post
from circleshield_addon.judge import Judge
from circleshield_addon.ledger import FILE, Ledger, Seen
from circleshield_addon.post import Action, Post, Verdict
from circleshield_addon.settings import Settings
from circleshield_model.scorer import Scorer

NOW = 1_790_000_000_000
DAY = 86_400_000
ALL = Filter()


def verdict(number: object, action: Action = "remove", author: str = "7", score: float = 0.99) -> Verdict:
    post = Post(str(number), author, f"名{author}", f"text {number}", ad=False)
    return Verdict(post, score, action, (f"score {score:.2f} ≥ 0.95",), lambda: ("“代理” +3.5",))


def record(ledger: Ledger, *verdicts: Verdict, time: int = NOW, store_text: bool = True) -> None:
    ledger.write(ledger.rows([Seen(time, "weibo", "192.168.1.9", verdicts)], store_text))


def entries(ledger: Ledger, which: Filter = ALL) -> list[Entry]:
    return newest(ledger, which, 1_000)


def test_a_verdict_is_a_row(ledger: Ledger) -> None:
    record(ledger, verdict(1))
    (entry,) = entries(ledger)
    assert entry.as_dict() == {
        "time": "2026-09-21T14:13:20.000Z",
        "platform": "weibo",
        "author_id": "7",
        "author": "名7",
        "post_id": "1",
        "text": "text 1",
        "text_hash": None,
        "score": 0.99,
        "action": "remove",
        "reasons": ["score 0.99 ≥ 0.95", "“代理” +3.5"],
        "device": "192.168.1.9",
    }


def test_the_same_post_again_is_the_same_row(ledger: Ledger) -> None:
    record(ledger, verdict(1), verdict(2))
    record(ledger, verdict(1), time=NOW + 1)
    assert [(e.post_id, e.time) for e in entries(ledger)] == [("2", NOW), ("1", NOW)]
    record(ledger, verdict(1, "keep"), time=NOW + 2)
    assert [(e.post_id, e.action, e.time) for e in entries(ledger)] == [("1", "keep", NOW + 2), ("2", "remove", NOW)]


def test_twice_on_one_page_the_last_counts(ledger: Ledger) -> None:
    record(ledger, verdict(1), verdict(1, "keep"), verdict(1))
    assert [e.action for e in entries(ledger)] == ["remove"]


def test_posts_without_an_id_are_told_apart_by_their_text(ledger: Ledger) -> None:
    first, second = (Verdict(Post("", "", "", text, ad=True), 0.5, "remove", ("ad",)) for text in ("a", "b"))
    record(ledger, first, second, first)
    assert {e.text for e in entries(ledger)} == {"a", "b"}
    assert all(e.post_id.startswith("-") for e in entries(ledger))


def test_a_kept_post_has_neither_text_nor_hash_nor_evidence(ledger: Ledger, tmp_path: Path) -> None:
    record(ledger, verdict(1), verdict(2))
    record(ledger, verdict(1, "keep"), verdict(3, "keep"))
    assert {e.post_id: (e.text, e.text_hash) for e in entries(ledger)} == {
        "1": (None, None),
        "2": ("text 2", None),
        "3": (None, None),
    }
    assert entries(ledger)[0].reasons == ("score 0.99 ≥ 0.95",)


def test_without_store_text_only_the_hash_is_in_the_file(ledger: Ledger, tmp_path: Path) -> None:
    judge = Judge(Scorer.load(), Settings())
    judged = judge.verdicts([Post("1", "7", "n", "诚招代理，一件代发，零门槛，月入过万，加微信 qj88201", ad=False)])
    assert "代理" in " ".join(judged[0].reasons)
    record(ledger, *judged, verdict(2, "review"), store_text=False)
    ledger.close()
    assert not [word for word in ("text 2", "代理", "微信") if word.encode() in (tmp_path / FILE).read_bytes()]
    with closing(Ledger(tmp_path / FILE)) as again:
        assert all(e.text is None and len(e.text_hash or "") == 32 for e in entries(again))
        assert [len(e.reasons) for e in entries(again)] == [1, 1]


def test_half_a_surrogate_pair_is_no_fault(ledger: Ledger) -> None:
    post = Post("\ud83d", "\ud83d", "\ud83d", "\ud83d", ad=False)
    record(ledger, Verdict(post, 0.9, "remove", ("“\ud83d” +1.0",)))
    record(ledger, Verdict(post, 0.9, "remove", ("score",)), store_text=False)
    assert count(ledger, Filter()) == 1


def test_the_file_is_its_owners_alone(ledger: Ledger, tmp_path: Path) -> None:
    record(ledger, verdict(1))
    files = list(tmp_path.iterdir())
    assert {file.name for file in files} == {FILE, FILE + "-wal", FILE + "-shm"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_retention_by_days_and_rows(ledger: Ledger) -> None:
    record(ledger, *(verdict(n) for n in range(10)), time=NOW - 91 * DAY)
    record(ledger, *(verdict(n) for n in range(10, 30)))
    assert ledger.prune(NOW - 90 * DAY, 100) == 10
    assert ledger.prune(NOW - 90 * DAY, 5) == 15
    assert [e.post_id for e in entries(ledger)] == ["29", "28", "27", "26", "25"]
    assert ledger.prune(NOW - 90 * DAY, 5) == 0


def test_a_moved_score_alone_is_no_new_row(ledger: Ledger) -> None:
    first = replace(verdict(1), sales=True)
    record(ledger, first)
    moved = replace(first, score=0.995, decided=("score 1.00 ≥ 0.95 (text 0.99)", "3 of 4 earlier"), moved=True)
    record(ledger, moved, time=NOW + 1)
    assert [(e.score, e.time) for e in entries(ledger)] == [(0.99, NOW)]
    record(ledger, replace(moved, action="review"), time=NOW + 2)
    assert [(e.score, e.action, e.time) for e in entries(ledger)] == [(0.995, "review", NOW + 2)]


def test_changes_of_others_are_noticed(ledger: Ledger, tmp_path: Path) -> None:
    assert not ledger.is_changed()
    ledger.choose_post("x", "1", "social", learnt=True)
    assert not ledger.is_changed()
    with closing(Ledger(tmp_path / FILE)) as other:
        other.choose_author("x", "7", "block")
        assert ledger.is_changed()
        assert not ledger.is_changed()
        assert dict(ledger.choices().authors) == {("x", "7"): "block"}
        assert not other.unchoose_author("x", "7", "allow")
        assert other.unchoose_author("x", "7", "block")
        assert other.unchoose_post("x", "1") == "social"
        assert other.unchoose_post("x", "1") is None


def test_the_newest_choice_about_an_author_counts(ledger: Ledger) -> None:
    ledger.choose_author("x", "7", "block")
    ledger.choose_author("x", "7", "allow")
    assert dict(ledger.choices().authors) == {("x", "7"): "allow"}


def test_pages_by_key_meet_every_row_once(ledger: Ledger) -> None:
    record(ledger, *(verdict(n, "keep" if n % 3 else "remove") for n in range(50)))
    which = Filter(action="remove")
    seen: list[str] = []
    below = None
    while page := newest(ledger, which, 4, below):
        seen += [e.post_id for e in page]
        below = page[-1].id
    assert seen == [str(n) for n in reversed(range(50)) if n % 3 == 0]
    assert [e.post_id for e in following(ledger, which)] == seen[::-1]


@pytest.mark.parametrize(
    ("which", "wanted"),
    [
        (Filter(), {"1", "2", "did:3"}),
        (Filter(since=NOW), {"2", "did:3"}),
        (Filter(before=NOW), {"1"}),
        (Filter(platform="x"), set()),
        (Filter(author="7"), {"1", "2"}),
        (Filter(author="weibo:7"), {"1", "2"}),
        (Filter(author="x:7"), set()),
        (Filter(author="名did:8"), {"did:3"}),
        (Filter(author="did:8"), {"did:3"}),
        (Filter(author="weibo:did:8"), {"did:3"}),
        (Filter(action="not kept"), {"1", "did:3"}),
        (Filter(action="keep"), {"2"}),
        (Filter(author="7", action="review"), set()),
    ],
)
def test_filters(ledger: Ledger, which: Filter, wanted: set[str]) -> None:
    record(ledger, verdict(1), time=NOW - 1)
    record(ledger, verdict(2, "keep"), verdict("did:3", author="did:8"))
    assert {e.post_id for e in entries(ledger, which)} == wanted
    assert count(ledger, which) == len(wanted)


def test_a_post_by_its_id(ledger: Ledger) -> None:
    record(ledger, verdict("at://did:1"))
    ledger.write(ledger.rows([Seen(NOW, "x", "", (verdict("at://did:1"),))]))
    assert [e.platform for e in of_post(ledger, "at://did:1")] == ["weibo", "x"]
    assert [e.platform for e in of_post(ledger, "x:at://did:1")] == ["x"]
    assert of_post(ledger, "bluesky:at://did:1") == []


def test_forgotten_is_gone_from_the_file(ledger: Ledger, tmp_path: Path) -> None:
    record(ledger, verdict(1), verdict(2, author="8"))
    assert forget(ledger, Filter(author="7")) == 1
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"text 1" not in left
    assert b"text 2" in left


_WRITER = """
import sys, time
from pathlib import Path
from circleshield_addon.post import Post, Verdict
from circleshield_addon.recorder import Recorder
from circleshield_addon.settings import Ledger
with Recorder(Path(sys.argv[1]), Ledger()) as recorder:
    for number in range(10**9):
        post = Post(f"{sys.argv[2]}-{number}", "7", "n", "text " * 20, False)
        recorder.record("x", (Verdict(post, .99, "remove", ("score",)),), "")
        sys.stdout.write(f"{number} {time.time()}\\n")
        sys.stdout.flush()
        time.sleep(0.0005)
"""


@pytest.mark.timeout(300)
def test_kill_9_loses_at_most_a_second_and_harms_nothing(tmp_path: Path) -> None:
    path, said = tmp_path / FILE, tmp_path / "said"
    for life in range(8):
        with said.open("wb") as stdout:
            process = subprocess.Popen([sys.executable, "-c", _WRITER, str(path), str(life)], stdout=stdout)
        while not said.stat().st_size:
            time.sleep(0.01)
        time.sleep(0.6 + life * 0.07)
        killed_at = time.time()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with closing(Ledger(path)) as ledger:
            ledger.check()
            recorded = {e.post_id for e in following(ledger, Filter())}
        lines = [line.split() for line in said.read_text().splitlines() if line.count(" ") == 1]
        old = {f"{life}-{number}" for number, at in lines if float(at) < killed_at - 1}
        assert old <= recorded
        assert any(post.startswith(f"{life}-") for post in recorded)


def see(ledger: Ledger, device: str, *verdicts: Verdict, time: int = NOW) -> None:
    seen = [Seen(time, "weibo", device, verdicts)]
    ledger.write(ledger.rows(seen), ledger.views(seen))


def of_device(ledger: Ledger, device: str) -> list[str]:
    which = Filter(device=device)
    found = [entry.post_id for entry in newest(ledger, which, 99)]
    assert count(ledger, which) == len(found)
    return found


def test_what_each_device_had_in_a_feed(ledger: Ledger) -> None:
    see(ledger, "a", verdict(1), verdict(2), verdict(3, "keep"))
    see(ledger, "b", verdict(2), verdict(4, "review"))
    assert (of_device(ledger, "a"), of_device(ledger, "b"), of_device(ledger, "c")) == (["2", "1"], ["4", "2"], [])
    assert [entry.device for entry in newest(ledger, ALL, 99)] == ["b", "a", "a", "a"]
    assert ledger.views([Seen(NOW, "weibo", "a", (verdict(1),))]) == []  # nothing to write
    see(ledger, "b", verdict(2, "fold"))  # the verdict changes
    assert (of_device(ledger, "a"), of_device(ledger, "b")) == (["2", "1"], ["2", "4"])
    (changed, *_) = newest(ledger, ALL, 1)
    assert [entry.post_id for entry in newest(ledger, Filter(device="a"), 9, below=changed.id)] == ["1"]


def test_what_is_forgotten_nobody_has_seen(ledger: Ledger) -> None:
    see(ledger, "a", verdict(1), time=NOW - DAY)
    see(ledger, "a", verdict(2))
    forget(ledger, Filter(author="7", before=NOW))
    assert ledger.db.execute("SELECT count(*) FROM seen").fetchone() == (1,)
    ledger.prune(NOW + 1, 10)
    assert ledger.db.execute("SELECT count(*) FROM seen").fetchone() == (0,)


def test_the_text_of_a_post_shown_again_stays(ledger: Ledger) -> None:
    shown = Verdict(Post("1", "7", "名7", "text 1", ad=False), 0.99, "keep", ("shown again at your wish",))
    record(ledger, verdict(1))
    record(ledger, shown, verdict(2, "keep"))
    assert {entry.post_id: entry.text for entry in newest(ledger, ALL, 9)} == {"1": "text 1", "2": None}


def test_words_are_no_pattern(ledger: Ledger) -> None:
    record(ledger, *(Verdict(Post(text, "7", "n", text, False), 0.9, "fold", ()) for text in ("100%", "1000", "a_b!")))
    for words, found in (
        ("0%", ["100%"]),
        ("_", ["a_b!"]),
        ("!", ["a_b!"]),
        ("10", ["1000", "100%"]),
        ("A_B", ["a_b!"]),
    ):
        assert [entry.text for entry in newest(ledger, Filter(words=words), 9)] == found


def test_several_may_make_the_file_at_once(tmp_path: Path) -> None:
    """As a proxy and a command do that are started together: SQLite itself does not wait here."""
    path = tmp_path / FILE
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE quicker (a)")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            Ledger(path, 0.1)
        threading.Timer(0.3, other.rollback).start()
        Ledger(path).close()


def test_what_is_known_to_stand_there_is_not_asked_for_again(ledger: Ledger, tmp_path: Path) -> None:
    def new(*verdicts: Verdict) -> list[str]:
        return [row[4] for row in ledger.rows([Seen(NOW, "weibo", "", verdicts)])]

    record(ledger, verdict(1), verdict(2, "keep"))
    assert new(verdict(1), verdict(2, "keep")) == []
    statements: list[str] = []
    ledger.db.set_trace_callback(statements.append)
    moved = replace(verdict(1, score=0.97), moved=True)
    assert new(moved, verdict(2, "keep")) == []
    assert statements == []
    ledger.db.set_trace_callback(None)
    assert new(verdict(1, "keep")) == ["1"]
    assert new(verdict(1, score=0.97)) == ["1"], "the score alone tells them apart, unless it is moved by the author"
    record(ledger, verdict(1, "fold"))
    assert new(verdict(1, "fold"), verdict(2, "keep")) == []
    assert new(verdict(1)) == ["1"]
    with closing(Ledger(tmp_path / FILE)) as other:
        forget(other, Filter(platform="weibo"))
    assert ledger.is_changed()
    assert new(verdict(1, "fold"), verdict(2, "keep")) == ["1", "2"]


def test_so_many_posts_are_known_and_no_more(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "_REMEMBERED", 3)
    for number in range(10):
        for _ in range(2):
            record(ledger, verdict(number))
        assert len(ledger._known) <= 3
    assert len(entries(ledger)) == 10
