"""Model families on the same posts, cross-validated by groups: `uv run python benchmarks/models.py FOLDER-OF-CORPORA`.

Prints one line a model; the columns are explained in docs/experiments.md. Word features need jieba.
"""

import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from circleshield_model.evidence import COLUMNS, DAMPING, SUMS
from circleshield_training import mixing
from circleshield_training.chunks import in_memory
from circleshield_training.estimators import NgramEvidence
from circleshield_training.measures import cut_for, pr_auc
from circleshield_training.posts import scratch, spooled
from circleshield_training.samples import Sample, read_all, read_seed

FOLDS = 5
THINNED = {"nus_sms_zh": 0.4, "shop10": 0.4}  # shares of the largest families that are enough for a comparison


class Bench:
    """The posts, their labels, weights and folds; scores go in, a line of figures comes out."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        rng = random.Random(1)
        kept = [s for s in mixing.corrected(samples) if rng.random() < THINNED.get(mixing.family(s.source), 1)]
        with scratch() as folder:
            posts = spooled(kept, folder)
            made = list(mixing.disguised(posts, 0))
            group = mixing.groups(posts, 0)
        samples = [*kept, *(sample for sample, _ in made)]
        self.texts = [s.text for s in samples]
        self.y = np.array([int(s.spam) for s in samples])
        self.group = np.concatenate([group, group[np.array([origin for _, origin in made])]])
        self.weight = np.concatenate([mixing.weights(posts), np.zeros(len(made))])
        with scratch() as folder:
            self.decision_weight = mixing.weights(spooled(samples, folder))
        self.fold = np.random.default_rng(0).permutation(int(self.group.max()) + 1)[self.group] % FOLDS
        self.family = np.array([mixing.family(s.source) for s in samples])
        self.lang = np.array([s.lang for s in samples])

    def crossed(self, make: Callable[[], Any], X: Any, weight: NDArray[np.float64], key: str) -> NDArray[np.float64]:
        """Scores of posts by models that have not seen their group."""
        scores = np.zeros(self.y.size)
        for k in range(FOLDS):
            rows = (self.fold != k) & (weight > 0)
            model = make()
            model.fit(X[rows], self.y[rows], **{key: weight[rows] / weight[rows].mean()})
            scores[self.fold == k] = model.decision_function(X[self.fold == k])
        return scores

    def show(self, name: str, scores: NDArray[np.float64], seconds: float) -> None:
        def of(family: str, spam: int, lang: str = "") -> NDArray[np.float64]:
            part: NDArray[np.float64] = scores[
                (self.family == family) & (self.y == spam) & ((self.lang == lang) | (lang == ""))
            ]
            return part

        ads, near = of("weibo_covid/hand", 1), of("weibo_covid/hand", 0)
        mood, crawl = of("smp2020", 0), of("weibo_covid/weak", 0)
        figures = [float((ads > cut_for(mood, rate)).mean()) for rate in (0.001, 0.005)]
        figures += [float((ads > cut_for(crawl, rate)).mean()) for rate in (0.001, 0.005, 0.02)]
        figures += [pr_auc(ads, near), *(pr_auc(of("seed", 1, lang), of("seed", 0, lang)) for lang in ("zh", "en"))]
        print(f"{name:34s}", *(f"{figure:.3f}" for figure in figures), f"{seconds:5.0f} s", flush=True)


def decision() -> Pipeline:
    return Pipeline([("scale", StandardScaler()), ("decide", LogisticRegression(max_iter=2000))])


def whole_posts(texts: Sequence[str]) -> sparse.csr_matrix:
    """Counts of n-grams (posts, n-grams) that occur more than once, divided by the root of the posts' length."""
    posts, rows = in_memory(texts, 20), []
    for chunk in posts.chunks:
        size = np.diff(chunk.bounds)
        units = sparse.csr_matrix((np.ones(size.sum()), np.arange(size.sum()), chunk.bounds))
        n_grams = units @ chunk.matrix(posts.buckets.size, np.ones(chunk.columns.size))
        rows.append(sparse.diags(1 / np.sqrt(size + DAMPING)) @ n_grams)
    return sparse.vstack(rows, "csr")


def main() -> None:
    bench = Bench(read_seed() + read_all([Path(sys.argv[1])]))
    X = whole_posts(bench.texts)
    C = 30.0 * 20_000 / bench.y.size
    makers: dict[str, Callable[[], Any]] = {
        "logistic regression, whole posts": lambda: LogisticRegression(C=C, max_iter=400, tol=1e-4),
        "linear SVM, whole posts": lambda: LinearSVC(C=0.3, max_iter=100),
        "SGD (log loss), whole posts": lambda: SGDClassifier(loss="log_loss", alpha=1e-6, random_state=0),
    }
    for name, make in makers.items():
        start = time.monotonic()
        scores = bench.crossed(make, X, bench.weight, "sample_weight")
        bench.show(name, scores, time.monotonic() - start)
    try:
        import jieba
    except ImportError:
        print("no jieba: no word features")
    else:
        start = time.monotonic()
        words = HashingVectorizer(
            tokenizer=jieba.lcut,
            token_pattern=None,
            ngram_range=(1, 2),
            n_features=1 << 20,
            alternate_sign=False,
            norm=None,
        )
        found = TfidfTransformer(sublinear_tf=True).fit_transform(words.transform(bench.texts))
        scores = bench.crossed(makers["logistic regression, whole posts"], found, bench.weight, "sample_weight")
        bench.show("jieba words 1-2, TF-IDF, LR", scores, time.monotonic() - start)
    start = time.monotonic()
    columns = NgramEvidence().fit_transform(bench.texts, bench.y, bench.weight, bench.group)
    seconds = time.monotonic() - start
    key = "decide__sample_weight"
    bench.show("as shipped", bench.crossed(decision, columns, bench.decision_weight, key), seconds)
    without = {
        "without windows": [i for i, c in enumerate(COLUMNS) if not c.startswith("window")],
        "without topics apart": [i for i, c in enumerate(COLUMNS) if c not in ("topics", "body", "length of topics")],
        "without cues and marks": list(range(len(SUMS) + 2)),
        "whole post's sum alone": [0],
    }
    for name, kept in without.items():
        bench.show(name, bench.crossed(decision, columns[:, kept], bench.decision_weight, key), 0)
    start = time.monotonic()
    boosted = bench.crossed(
        lambda: HistGradientBoostingClassifier(
            max_leaf_nodes=15, min_samples_leaf=50, learning_rate=0.05, random_state=0
        ),
        columns,
        bench.decision_weight,
        "sample_weight",
    )
    bench.show("boosted trees decide", boosted, time.monotonic() - start)


if __name__ == "__main__":
    main()
