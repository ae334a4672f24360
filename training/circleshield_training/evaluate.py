"""Measures a scorer on labelled posts: by source, and against disguises."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from circleshield_model.scorer import Scorer
from circleshield_training.attacks import DISGUISES, padded
from circleshield_training.measures import RATES, Interval, calibration_error, cut_for, pr_auc, recall_at
from circleshield_training.samples import Sample

_WORST = 5  # posts listed of each kind
_PADS = (1, 2, 4)
_MOST = 2000  # posts of each label that are disguised


@dataclass(frozen=True)
class SourceFigures:
    """One source. Figures that need a label that the source has not are None.

    `recall` by false-positive rate is against this source's social posts; if it has none, against all social posts.
    """

    source: str
    social: int
    spam: int
    false_removed: float | None
    false_reviewed: float | None
    precision_removed: float | None
    precision_reviewed: float | None
    recall_removed: float | None
    recall_reviewed: float | None
    recall: dict[float, Interval] | None
    pr_auc: float | None
    calibration_error: float
    worst_false_positives: tuple[tuple[float, str], ...] = field(repr=False)
    worst_misses: tuple[tuple[float, str], ...] = field(repr=False)


@dataclass(frozen=True)
class AttackFigures:
    """One disguise, at the cut that lets 0.5 % of the undisguised social posts through."""

    name: str
    recall: float | None
    false_positives: float | None


@dataclass(frozen=True)
class Evaluation:
    """All figures of one run; `scores` and `spam` (n,) are what they were made from."""

    remove_at: float
    review_at: float
    sources: tuple[SourceFigures, ...]
    attacks: tuple[AttackFigures, ...]
    cost: dict[str, float]
    scores: NDArray[np.float64] = field(repr=False)
    spam: NDArray[np.bool_] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """The figures as plain data."""
        found = {name: value for name, value in asdict(self).items() if name not in ("scores", "spam")}
        for source in found["sources"]:
            if source["recall"] is not None:
                source["recall"] = {
                    f"{rate:g}": dict(interval._asdict()) for rate, interval in source["recall"].items()
                }
        return found


@dataclass(frozen=True)
class Costs:
    """What a verdict costs: a friend's post lost, an advertisement missed, a post put up for review."""

    lost: float = 10.0
    missed: float = 1.0
    review: float = 0.2


class Cuts(Protocol):
    """From which score on a post is removed, and put up for review."""

    @property
    def remove_at(self) -> float: ...
    @property
    def review_at(self) -> float: ...


def evaluate(
    samples: Sequence[Sample], scorer: Scorer, costs: Costs, say: Callable[[str], None] = lambda _: None
) -> Evaluation:
    """Scores all samples and measures."""
    found = measured(samples, score_all(scorer, [s.text for s in samples]), scorer, costs, say)
    say("disguises")
    return replace(found, attacks=_attacks(samples, found.spam, scorer, found.scores[~found.spam]))


def measured(
    samples: Sequence[Sample],
    scores: NDArray[np.float64],
    cuts: Cuts,
    costs: Costs,
    say: Callable[[str], None] = lambda _: None,
) -> Evaluation:
    """The figures of samples that have these scores (n,), but for disguises."""
    spam = np.array([s.spam for s in samples], bool)
    names = np.array([s.source for s in samples])
    everyone = scores[~spam]
    sources = []
    for name in sorted(set(names.tolist())):
        rows = np.flatnonzero(names == name)
        say(f"{name}: {rows.size} posts")
        sources.append(_figures(name, [samples[i] for i in rows.tolist()], scores[rows], spam[rows], everyone, cuts))
    return Evaluation(
        cuts.remove_at, cuts.review_at, tuple(sources), (), _cost(scores, spam, cuts, costs), scores, spam
    )


def score_all(scorer: Scorer, texts: Sequence[str]) -> NDArray[np.float64]:
    """Scores (n,), some hundred posts at a time."""
    parts = [scorer.scores(texts[i : i + 500]) for i in range(0, len(texts), 500)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _figures(
    name: str,
    samples: Sequence[Sample],
    scores: NDArray[np.float64],
    spam: NDArray[np.bool_],
    everyone: NDArray[np.float64],
    cuts: Cuts,
) -> SourceFigures:
    bad, good = scores[spam], scores[~spam]
    against = good if good.size else everyone

    def share(part: NDArray[np.float64], cut: float) -> float | None:
        return float((part >= cut).mean()) if part.size else None

    def precision(cut: float) -> float | None:
        above = scores >= cut
        return float(spam[above].mean()) if bad.size and good.size and above.any() else None

    def worst(of: bool, order: int) -> tuple[tuple[float, str], ...]:
        rows = np.flatnonzero(spam == of)
        rows = rows[np.argsort(order * scores[rows], kind="stable")][:_WORST]
        return tuple((float(scores[i]), samples[i].text) for i in rows.tolist())

    return SourceFigures(
        source=name,
        social=int(good.size),
        spam=int(bad.size),
        false_removed=share(good, cuts.remove_at),
        false_reviewed=share(good, cuts.review_at),
        precision_removed=precision(cuts.remove_at),
        precision_reviewed=precision(cuts.review_at),
        recall_removed=share(bad, cuts.remove_at),
        recall_reviewed=share(bad, cuts.review_at),
        recall={rate: recall_at(bad, against, rate) for rate in RATES} if bad.size and against.size else None,
        pr_auc=pr_auc(bad, good) if bad.size and good.size else None,
        calibration_error=calibration_error(scores, spam),
        worst_false_positives=worst(False, -1),
        worst_misses=worst(True, 1),
    )


def _attacks(
    samples: Sequence[Sample], spam: NDArray[np.bool_], scorer: Scorer, everyone: NDArray[np.float64]
) -> tuple[AttackFigures, ...]:
    """Recall on disguised ads and false positives on ordinary posts in the same disguise."""
    if not everyone.size:
        return ()
    rng = random.Random(0)
    texts = [s.text for s in samples]
    chosen = {
        label: rng.sample(rows, min(_MOST, len(rows)))
        for label in (True, False)
        for rows in [np.flatnonzero(spam == label).tolist()]
    }
    sentences = [
        part for i in np.flatnonzero(~spam) for part in re.split(r"[。！？!?\n]", texts[i])[:3] if 6 <= len(part) <= 40
    ] or ["今天天气不错"]
    ways: dict[str, Callable[[str], str]] = {"as it is": lambda text: text}
    for name, disguise in DISGUISES.items():
        ways[name] = lambda text, disguise=disguise: disguise(text, rng)  # type: ignore[misc]
    for n in _PADS:
        ways[f"padded with {n}"] = lambda text, n=n: padded(text, rng.choices(sentences, k=n), rng)  # type: ignore[misc]
    cut = cut_for(everyone, 0.005)

    def above(way: Callable[[str], str], label: bool) -> float | None:
        found = score_all(scorer, [way(texts[i]) for i in chosen[label]])
        return float((found > cut).mean()) if found.size else None

    return tuple(AttackFigures(name, above(way, True), above(way, False)) for name, way in ways.items())


def _cost(scores: NDArray[np.float64], spam: NDArray[np.bool_], cuts: Cuts, costs: Costs) -> dict[str, float]:
    """What the model's two cut-offs cost on these posts, and what doing nothing would."""
    removed, reviewed = scores >= cuts.remove_at, scores >= cuts.review_at
    with_model = (
        costs.lost * np.count_nonzero(removed & ~spam)
        + costs.missed * np.count_nonzero(~reviewed & spam)
        + costs.review * np.count_nonzero(reviewed & ~removed)
    )
    return {
        **asdict(costs),
        "with the model": float(with_model),
        "without": float(costs.missed * np.count_nonzero(spam)),
    }
