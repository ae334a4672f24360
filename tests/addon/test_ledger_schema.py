"""The ledger's tables: files of earlier versions are brought up to date, whole or not at all."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.addon.test_ledger import NOW, entries, of_device

from circleshield_addon.ledger import FILE, Ledger
from circleshield_addon.ledger_schema import MIGRATIONS
from circleshield_model.errors import InputError


def older(path: Path, version: int) -> sqlite3.Connection:
    """A ledger as that version made it, open."""
    db = sqlite3.connect(path)
    for statement in (statement for step in MIGRATIONS[:version] for statement in step):
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {version}")
    return db


def test_migrates_from_version_1(tmp_path: Path) -> None:
    old = older(tmp_path / FILE, 1)
    old.execute("INSERT INTO verdicts VALUES (5, ?, 'x', '7', 'n', '1', 't', NULL, .9, 'remove', '[]', '')", (NOW,))
    old.commit()
    old.close()
    with closing(Ledger(tmp_path / FILE)) as ledger:
        assert [e.text for e in entries(ledger)] == ["t"]
        ledger.choose_post("x", "1", "social", learnt=True)
        assert ledger.choices().posts == {("x", "1"): "social"}
        assert ledger.labels() == [("x", "1", "7", False)]
        assert ledger.db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_migrates_from_version_2(tmp_path: Path) -> None:
    old = older(tmp_path / FILE, 2)
    row = "INSERT INTO verdicts VALUES (?, ?, 'x', '7', 'n', ?, NULL, NULL, .9, ?, ?, '')"
    for number, (action, rule) in enumerate(
        (
            ("remove", "score 0.99 ≥ 0.95"),
            ("review", "score 0.7 ≥ 0.6"),
            ("keep", "score 0.1 < 0.6"),
            ("fold", "flagged"),
        )
    ):
        old.execute(row, (number, NOW, str(number), action, json.dumps([rule], ensure_ascii=False)))
    old.execute("INSERT INTO restored VALUES ('x', '0', 5), ('x', '99', 5)")
    old.execute("INSERT INTO authors VALUES ('x', '8', 'block', 5)")
    old.commit()
    old.close()
    with closing(Ledger(tmp_path / FILE)) as ledger:
        assert [row[0] for row in ledger.db.execute("SELECT sales FROM verdicts ORDER BY id")] == [1, 0, 0, None]
        assert ledger.labels() == [("x", "0", "7", False)]
        assert ledger.authors() == [("x", "8", "block", 5)]
        ledger.choose_author("x", "8", "judge")


def test_a_migration_that_fails_leaves_the_old_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger(tmp_path / FILE).close()
    steps = (*MIGRATIONS, ("CREATE TABLE more (a)", "nonsense"))
    monkeypatch.setattr("circleshield_addon.ledger.MIGRATIONS", steps)
    with pytest.raises(sqlite3.OperationalError):
        Ledger(tmp_path / FILE)
    monkeypatch.undo()
    with closing(Ledger(tmp_path / FILE)) as ledger:
        assert ledger.db.execute("SELECT name FROM sqlite_master WHERE name = 'more'").fetchone() is None


def test_a_newer_ledger_is_left_alone(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / FILE)) as ledger:
        ledger.db.execute("PRAGMA user_version = 99")
    with pytest.raises(InputError, match="newer circleshield"):
        Ledger(tmp_path / FILE)


def test_migrates_restored_posts_and_views(tmp_path: Path) -> None:
    old = older(tmp_path / FILE, 2)
    old.execute("INSERT INTO verdicts VALUES (5, ?, 'x', '7', 'n', '1', 't', NULL, .9, 'remove', '[]', 'a')", (NOW,))
    old.execute("INSERT INTO restored VALUES ('x', '1', ?)", (NOW,))
    old.commit()
    old.close()
    with closing(Ledger(tmp_path / FILE)) as ledger:
        assert ledger.posts() == [("x", "1", "social", NOW)]
        assert of_device(ledger, "a") == ["1"]
