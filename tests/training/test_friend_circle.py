"""The benchmark's friend circle in small: what history and labels gain, with scores of our own making."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from benchmarks.friend_circle import Circle, Figures, circle, run

from circleshield_model.ngrams import hash_rows
from circleshield_model.normalise import units
from circleshield_model.scorer import Reading, Scorer
from circleshield_training.samples import Sample


class Drawn(Scorer):
    """Scores by what the text says it is: plain ads, soft ads, and ordinary posts with a few that look like ads."""

    def __init__(self) -> None:
        self.remove_at, self.review_at, self.version = 0.95, 0.8, "drawn"

    def read(self, texts: Sequence[str]) -> Reading:
        mean = {"plain": 4.5, "soft": 2.0, "ordinary": -3.5}
        log_odds = [random.Random(text).gauss(mean[text.split()[0]], 1.3) for text in texts]
        cut = units(texts)
        return Reading(1 / (1 + np.exp(-np.array(log_odds))), cut, hash_rows(cut))

    def reasons(self, texts: Sequence[str], spam: Sequence[bool], most: int = 3) -> list[tuple[str, ...]]:
        return [()] * len(texts)


@pytest.fixture(scope="module")
def small() -> Circle:
    chance = random.Random(1)
    samples = [Sample(f"ordinary {n}", False, "zh", "crawl") for n in range(500)]
    for author in range(150):
        for n in range(12):
            spam = author < 30
            kind = ("soft" if chance.random() < 0.5 else "plain") if spam else "ordinary"
            samples.append(Sample(f"{kind} {author} {n}", spam, "zh", "seed", str(author)))
    return circle(samples, chance, sellers=10, friends=30)


def test_history_finds_soft_ads_and_labels_find_more(small: Circle, tmp_path: Path) -> None:
    def figures(name: str, history: bool, labels: int = 0) -> Figures:
        (tmp_path / name).mkdir()
        return run(Drawn(), small, tmp_path / name, history, labels)

    text, history = figures("text", history=False), figures("history", history=True)
    labelled = figures("labelled", history=True, labels=3)
    assert text.posts == history.posts
    assert text.posts["sales"] == 360
    assert history.removed["sales"] > text.removed["sales"] * 1.1
    assert labelled.removed["sales"] > history.removed["sales"] * 1.05
    assert history.removed["friends"] <= text.removed["friends"]
    assert labelled.removed["own"] <= 0.02 * labelled.posts["own"]
