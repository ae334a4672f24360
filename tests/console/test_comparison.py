"""Which posts of the ledger another model would judge otherwise."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray
from tests.console.recorded import record, verdict

from circleshield.comparison import verdict_changes
from circleshield_model.scorer import Scorer


class Fixed(Scorer):
    """Every post has the same score."""

    def __init__(self, score: float) -> None:
        self.score, self.remove_at, self.review_at, self.version = score, 0.95, 0.6, "fixed"

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return np.full(len(texts), self.score)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The config file that is used where none is named."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "circleshield" / "config.toml"
    file.parent.mkdir()
    return file


@pytest.mark.parametrize(
    ("before", "now", "changes"),
    [(0.5, 0.7, []), (0.7, 0.85, [True]), (0.85, 0.7, [False]), (0.85, 0.97, [True]), (0.97, 0.98, [])],
)
def test_a_platforms_own_cut_off(tmp_path: Path, config: Path, before: float, now: float, changes: list[bool]) -> None:
    """It stands under an adapter's name; the ledger has the ids of the platform that several adapters share."""
    config.write_text("[platforms.weibo_app]\nremove_at = 0.8\n", "utf-8")
    record(tmp_path, verdict("1"))
    assert [each.removed for each in verdict_changes(tmp_path, Fixed(before), Fixed(now))] == changes


def test_no_other_platform_has_it(tmp_path: Path, config: Path) -> None:
    config.write_text("[platforms.weibo_web]\nremove_at = 0.8\n[platforms.x]\nremove_at = 0.3\n", "utf-8")
    record(tmp_path, verdict("1"), platform="x")
    record(tmp_path, verdict("2"), platform="zhihu")
    record(tmp_path, verdict("3"), platform="gone")  # no adapter reads it any more
    assert verdict_changes(tmp_path, Fixed(0.7), Fixed(0.9)) == []
    assert [each.entry.post_id for each in verdict_changes(tmp_path, Fixed(0.2), Fixed(0.5))] == ["1"]


def test_only_where_the_score_decided(tmp_path: Path, config: Path) -> None:
    record(tmp_path, replace(verdict("1"), decided=('words blocked: "my score "',)))
    assert verdict_changes(tmp_path, Fixed(0), Fixed(1)) == []


def test_no_ledger_no_changes(tmp_path: Path, config: Path) -> None:
    assert verdict_changes(tmp_path, Fixed(0), Fixed(1)) == []
