"""From samples to a pipeline and what its manifest says of it.

All that grows with the posts is in files, but for some numbers a post; whatever takes long is cut into tasks.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from circleshield_model.errors import InputError
from circleshield_training import decision, mixing, regularisation
from circleshield_training.estimators import NgramEvidence
from circleshield_training.measures import RATES, cut_for
from circleshield_training.posts import Posts, Writer
from circleshield_training.runs import Progress, Runs
from circleshield_training.samples import Sample

REMOVE_RATE, REVIEW_RATE = 0.001, 0.01  # share of a source's social posts that may reach each cut-off
CURVE = (0.05, 0.1, 0.2, 0.4)  # shares of the groups that the learning curve's models are fitted on
_LARGE = 1000  # social posts from which on a source has a say in the cut-offs
_MOST = 10_000  # of a source's posts looked at


class Cutoffs(NamedTuple):
    """From which score on a post is removed, and put up for review."""

    remove_at: float
    review_at: float


class CurvePoint(NamedTuple):
    """Of a model fitted on so many posts: scores of the posts of fold 0, by one decision for all points."""

    posts: int
    scores: NDArray[np.float64]


class Trained(NamedTuple):
    """A pipeline and what its manifest says of it; and, as long as the scratch folder is there, what it learnt.

    `honest` (n,) are scores of the n posts from models that had not seen their group. The learning curve has points
    only if it was asked for; `held` are the numbers of the posts that they are measured on.
    """

    pipeline: Pipeline
    facts: dict[str, Any]
    posts: Posts
    honest: NDArray[np.float64]
    held: NDArray[np.int64]
    curve: tuple[CurvePoint, ...]


def train(
    samples: Iterable[Sample],
    seed: int,
    folder: Path,
    say: Callable[[str], None],
    progress: Progress = lambda *_: None,
    curve: bool = False,
) -> Trained:
    """Fits the pipeline on samples, which are gone through once; `say` is told what is found on the way.

    Everything large is put into `folder`, an empty one, some 5 KB a post. What takes long is done by joblib's
    backend of the moment (`joblib.parallel_config`), and the result is the same with any. InputError if a label is
    missing altogether, or there is no more room in the folder.
    """
    with threadpool_limits(1):  # more threads would add in another order
        progress(0, "reading posts")
        seen = Fingerprint()
        data = _read(mixing.corrected(seen.through(samples)), seed, folder)
        kept, n = data.kept, len(data.kept)
        say(f"{n:,} posts, {int(kept.spam.sum()):,} of them sales spam, {seen.rows - n:,} left out")
        runs = Runs(folder, data.everything, data.weight, seed, progress)
        choice = _search(data, runs)
        say(f"C {choice.C:g}" + "".join(f"; with {C:g} {r:.3f} of ads found" for C, r in choice.recall.items()))
        names = [runs.fold(k, data.fold, choice.C) for k in range(data.folds)]
        runs.fit()
        columns = runs.merged("honest", names, data.fold)
        decide = decision.fit(columns, data.everything.spam, mixing.weights(data.everything))
        honest = decision.scores(decide, columns)
        whole = runs.add("all", choice.C, data.weight)
        sources = _sources(data, runs, choice.C)
        held = np.flatnonzero(data.fold[:n] == 0)
        shares = [_part(data, share, runs, choice.C, held) for share in CURVE if curve]
        runs.fit()
        cutoffs = _cutoffs(sources, honest[:n], kept, runs, decide, say)
        points = [CurvePoint(posts, decision.scores(decide, runs.columns(name))) for name, posts in shares]
        if curve:
            points.append(CurvePoint(n - held.size, honest[held]))
        facts = {
            **cutoffs._asdict(),
            "rows": {"social": n - int(kept.spam.sum()), "sales_spam": int(kept.spam.sum())},
            "fingerprint": str(seen),
            "seed": seed,
            "regularisation": {"C": choice.C, "recall": {f"{C:g}": r for C, r in choice.recall.items()}},
            "metrics": _metrics(data.everything, honest, cutoffs),
        }
        pipeline = Pipeline([("evidence", runs.fitted(whole)), *decide.steps])
        return Trained(pipeline, facts, kept, honest[:n], held, tuple(points))


class Fingerprint:
    """Digest of texts and labels, in whatever order they come: the sum of the rows' SHA-256 (AdHash, Bellare 1997)."""

    def __init__(self) -> None:
        self.rows, self._sum = 0, 0

    def through(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """The samples, each counted as it passes."""
        for s in samples:
            row = f"{s.spam:d}{s.source}\t{s.text}".encode("utf-8", "surrogatepass")
            self._sum += int.from_bytes(hashlib.sha256(row).digest())
            self.rows += 1
            yield s

    def __str__(self) -> str:
        return f"{self._sum % 2**256:064x}"


def fingerprint(samples: Iterable[Sample]) -> str:
    """The digest of samples, as the manifest holds it."""
    found = Fingerprint()
    for _ in found.through(samples):
        pass
    return str(found)


class _Data(NamedTuple):
    """Posts as they are, and with those made from them; group, weight and fold (n,) of all."""

    kept: Posts
    everything: Posts
    group: NDArray[np.int64]
    weight: NDArray[np.float64]
    fold: NDArray[np.int64]
    folds: int


def _read(samples: Iterable[Sample], seed: int, folder: Path) -> _Data:
    writer = Writer(folder)
    for sample in samples:
        writer.add(sample)
    kept = writer.posts()
    if len(set(kept.spam.tolist())) < 2:
        raise InputError("training needs posts of both labels, social and sales_spam")
    origins = []
    for sample, origin in mixing.disguised(kept, seed):
        writer.add(sample)
        origins.append(origin)
    group = mixing.groups(kept, seed)
    group = np.concatenate([group, group[np.array(origins, np.int64)]])
    weight = np.concatenate([mixing.weights(kept), np.zeros(len(origins))])
    estimator = NgramEvidence(seed=seed)
    return _Data(kept, writer.posts(), group, weight, estimator.folds_of(group), estimator.folds)


def _search(data: _Data, runs: Runs) -> regularisation.Choice:
    """Chooses C by posts of some folds, each judged without its fold."""
    tried = regularisation.folds_tried(len(data.kept), data.folds)
    part = np.where(data.fold < tried, data.fold, -1)
    rows = np.flatnonzero(part >= 0)
    spam, weight = data.everything.spam[rows], data.weight[rows]
    if not regularisation.possible(spam, weight):
        return regularisation.Choice(regularisation.DEFAULT, {})
    names = {C: [runs.fold(k, data.fold, C) for k in range(tried)] for C in regularisation.TRIED}
    for k in range(data.folds):  # wanted anyhow, if the default is chosen
        runs.fold(k, data.fold, regularisation.DEFAULT)
    runs.fit()
    scores = {}
    for C, found in names.items():
        columns = runs.merged(f"tried-{C:g}", found, part)
        decide = decision.fit(columns, spam, mixing.weights(data.everything)[rows])
        scores[C] = decision.scores(decide, columns)
    return regularisation.choose(scores, spam, weight, data.group[rows])


class _Source(NamedTuple):
    """A large source of social posts: those looked at, and the model fitted without it; None if none is."""

    name: str
    rows: NDArray[np.int64]
    model: str | None


def _sources(data: _Data, runs: Runs, C: float) -> list[_Source]:
    """Asks for a model without each large source of social posts, and without the sources that are named after it.

    A source with more than half of its language's social posts is only left out by author: a model that hardly knows
    the language says nothing about one that does.
    """
    kept, found = data.kept, []
    names, family = mixing.families(kept)
    languages = np.bincount(kept.lang[~kept.spam], minlength=len(kept.languages))
    for name in sorted(set(names) - {"seed"}):
        of = family == names.index(name)
        rows = np.flatnonzero(of & ~kept.spam)
        if rows.size < _LARGE:
            continue
        model = None
        if rows.size <= languages[kept.lang[rows[0]]] / 2:
            rows = np.sort(np.random.default_rng(0).permutation(rows)[:_MOST])
            weight = data.weight.copy()
            crawl = [i for i, other in enumerate(names) if other.startswith(name)]
            weight[: len(kept)][np.isin(family, crawl)] = 0
            model = runs.add(f"without-{names.index(name)}", C, weight, rows)
        found.append(_Source(name, rows, model))
    return found


def _cutoffs(
    sources: list[_Source],
    honest: NDArray[np.float64],
    kept: Posts,
    runs: Runs,
    decide: Pipeline,
    say: Callable[[str], None],
) -> Cutoffs:
    """Cut-offs that hold on every large source of social posts when it is not trained on; the strictest counts.

    Without a large source besides the seed the seed's posts decide.
    """
    found = []
    for name, rows, model in sources:
        found.append(_quantiles(honest[rows] if model is None else decision.scores(decide, runs.columns(model))))
        how = "without its author" if model is None else "not trained on"
        say(f"{name}, {how}: {found[-1].remove_at:.4f} removes, {found[-1].review_at:.4f} reviews")
    if not found:
        found.append(_quantiles(honest[~kept.spam]))
    return Cutoffs(*np.round(np.max(found, axis=0), 4).tolist())


def _quantiles(scores: NDArray[np.float64]) -> Cutoffs:
    return Cutoffs(*(float(np.quantile(scores, 1 - rate, method="higher")) for rate in (REMOVE_RATE, REVIEW_RATE)))


def _part(data: _Data, share: float, runs: Runs, C: float, held: NDArray[np.int64]) -> tuple[str, int]:
    """Asks for a model fitted on this share of the groups, and none of fold 0; also, how many posts that is."""
    chance = np.random.default_rng(1).random(int(data.group.max()) + 1)[data.group]
    weight = np.where((chance < share / (1 - 1 / data.folds)) & (data.fold != 0), data.weight, 0)
    return runs.add(f"share-{share:g}", C, weight, held), int(np.count_nonzero(weight))


def _metrics(posts: Posts, honest: NDArray[np.float64], cutoffs: Cutoffs) -> dict[str, dict[str, Any]]:
    """Figures per source and label, each post judged without its group.

    Rows, the share at or above each cut-off, and for sales spam the recall at the false-positive rates of `RATES`
    against each large family of social posts.
    """
    names, place = mixing.families(posts)
    large = {}
    for name in sorted(names):
        scores = honest[(place == names.index(name)) & ~posts.spam]
        if scores.size >= _LARGE:
            large[name] = {f"{rate:g}": cut_for(scores, rate) for rate in RATES}
    found: dict[str, dict[str, Any]] = {}
    for source in sorted(posts.sources):
        of = posts.source == posts.sources.index(source)
        for spam, label in ((True, "sales_spam"), (False, "social")):
            scores = honest[of & (posts.spam == spam)]
            if not scores.size:
                continue
            figures = found[f"{source} {label}"] = {
                "rows": int(scores.size),
                "removed": round(float((scores >= cutoffs.remove_at).mean()), 5),
                "reviewed": round(float((scores >= cutoffs.review_at).mean()), 5),
            }
            if spam:
                figures["recall"] = {
                    against: {rate: round(float((scores > cut).mean()), 4) for rate, cut in cuts.items()}
                    for against, cuts in large.items()
                }
    return found
