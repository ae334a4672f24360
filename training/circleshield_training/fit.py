"""From samples to a pipeline and what its manifest says of it."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from circleshield_model.errors import InputError
from circleshield_training import mixing
from circleshield_training.estimators import NgramEvidence
from circleshield_training.measures import RATES, cut_for
from circleshield_training.samples import Sample

REMOVE_RATE, REVIEW_RATE = 0.001, 0.01  # share of a source's social posts that may reach each cut-off
_LARGE = 1000  # social posts from which on a source has a say in the cut-offs
_MOST = 10_000  # of a source's posts looked at


class Trained(NamedTuple):
    """A pipeline, what its manifest says of it, and the samples it learnt with the score (n,) of each from a model
    that had not seen its group."""

    pipeline: Pipeline
    facts: dict[str, Any]
    samples: list[Sample]
    honest: NDArray[np.float64]


class Cutoffs(NamedTuple):
    """From which score on a post is removed, and put up for review."""

    remove_at: float
    review_at: float


def train(samples: Sequence[Sample], seed: int, say: Callable[[str], None]) -> Trained:
    """Fits the pipeline on samples; `say` is told how far it is. InputError if a label is missing altogether."""
    kept = mixing.corrected(samples)
    if len({s.spam for s in kept}) < 2:
        raise InputError("training needs posts of both labels, social and sales_spam")
    made, origins = mixing.disguised(kept, seed)
    everything = [*kept, *made]
    texts, y = [s.text for s in everything], np.array([int(s.spam) for s in everything])
    group = mixing.groups(kept, seed)
    group = np.concatenate([group, group[np.array(origins, np.int64)]])
    weight = np.concatenate([mixing.weights(kept), np.zeros(len(made))])
    say(f"{len(kept)} posts, {sum(s.spam for s in kept)} of them sales spam, {len(samples) - len(kept)} left out")

    evidence = NgramEvidence(seed=seed)
    columns = evidence.fit_transform(texts, y, weight, group)
    say("n-grams weighed")
    decision = Pipeline([("scale", StandardScaler()), ("decide", LogisticRegression(max_iter=2000))])
    decision.fit(columns, y, decide__sample_weight=mixing.weights(everything))
    honest = decision.predict_proba(columns)[:, 1]
    cutoffs = _cutoffs(kept, texts, y, weight, evidence, decision, honest, say)
    facts = {
        **cutoffs._asdict(),
        "rows": {"social": sum(not s.spam for s in kept), "sales_spam": sum(s.spam for s in kept)},
        "fingerprint": fingerprint(samples),
        "seed": seed,
        "metrics": _metrics(everything, honest, cutoffs),
    }
    return Trained(Pipeline([("evidence", evidence), *decision.steps]), facts, kept, honest[: len(kept)])


def fingerprint(samples: Sequence[Sample]) -> str:
    """Digest of the texts and labels, in whatever order they come."""
    rows = sorted(f"{s.spam:d}{s.source}\t{s.text}" for s in samples)
    return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogatepass")).hexdigest()


def _cutoffs(
    kept: Sequence[Sample],
    texts: Sequence[str],
    y: NDArray[np.int64],
    weight: NDArray[np.float64],
    evidence: NgramEvidence,
    decision: Pipeline,
    honest: NDArray[np.float64],
    say: Callable[[str], None],
) -> Cutoffs:
    """Cut-offs that hold on every large source of social posts when it is not trained on; the strictest counts.

    A source with more than half of its language's social posts is only left out by author: a model that hardly knows
    the language says nothing about one that does. Without a large source besides the seed the seed's posts decide.
    """
    languages = Counter(s.lang for s in kept if not s.spam)
    source = np.array([mixing.family(s.source) for s in kept])
    found = []
    for name in sorted(set(source.tolist()) - {"seed"}):
        rows = np.flatnonzero((source == name) & (y[: len(kept)] == 0))
        if rows.size < _LARGE:
            continue
        if rows.size > languages[kept[rows[0]].lang] / 2:
            found.append(_quantiles(honest[rows]))
            say(f"{name}, without its author: {found[-1].remove_at:.4f} removes, {found[-1].review_at:.4f} reviews")
            continue
        rows = np.random.default_rng(0).permutation(rows)[:_MOST]
        without = np.where(np.append(source, np.repeat("", len(texts) - len(kept))) == name, 0, weight)
        other = clone(evidence).fit(texts, y, without)
        scores = decision.predict_proba(other.transform([texts[i] for i in rows.tolist()]))[:, 1]
        found.append(_quantiles(scores))
        say(f"{name}, not trained on: {found[-1].remove_at:.4f} removes, {found[-1].review_at:.4f} reviews")
    if not found:
        found.append(_quantiles(honest[: len(kept)][y[: len(kept)] == 0]))
    return Cutoffs(*np.round(np.max(found, axis=0), 4).tolist())


def _quantiles(scores: NDArray[np.float64]) -> Cutoffs:
    return Cutoffs(*(float(np.quantile(scores, 1 - rate, method="higher")) for rate in (REMOVE_RATE, REVIEW_RATE)))


def _metrics(samples: Sequence[Sample], honest: NDArray[np.float64], cutoffs: Cutoffs) -> dict[str, dict[str, Any]]:
    """Figures per source and label, each post judged without its group.

    Rows, the share at or above each cut-off, and for sales spam the recall at the false-positive rates of `RATES`
    against each large family of social posts.
    """
    cells: dict[str, list[int]] = {}
    families: dict[str, list[int]] = {}
    for i, sample in enumerate(samples):
        cells.setdefault(f"{sample.source} {'sales_spam' if sample.spam else 'social'}", []).append(i)
        if not sample.spam:
            families.setdefault(mixing.family(sample.source), []).append(i)
    large = {name: honest[rows] for name, rows in sorted(families.items()) if len(rows) >= _LARGE}
    found: dict[str, dict[str, Any]] = {}
    for name, rows in sorted(cells.items()):
        found[name] = {
            "rows": len(rows),
            "removed": round(float((honest[rows] >= cutoffs.remove_at).mean()), 5),
            "reviewed": round(float((honest[rows] >= cutoffs.review_at).mean()), 5),
        }
        if samples[rows[0]].spam:
            found[name]["recall"] = {
                against: {f"{rate:g}": round(float((honest[rows] > cut_for(social, rate)).mean()), 4) for rate in RATES}
                for against, social in large.items()
            }
    return found
