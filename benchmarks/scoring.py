"""Speed of scoring against scikit-learn on the same n-grams: `uv run --group benchmarks python benchmarks/scoring.py`.

Pages of 20 posts of 140 characters that were never seen before. Each page is timed as often as there are rounds, all
ways in turn, and its best time counts: what else the machine does then makes the least difference.

Same n-grams means those of `circleshield_model.ngrams.ORDERS`: single units and pairs as written, single units, pairs
and triples as spoken. scikit-learn gets the units ready made, as one character each. It is given three ways to do it,
and the fastest counts: a HashingVectorizer with an analyzer of ours, two with its own analyzer in a FeatureUnion, and
the same two without the union. Raw posts it is given as well, in the one way in which a vectorizer normalises: by an
analyzer of ours that gets each post. fastText (`fasttext-community`) is trained on the seed's characters and triples of
them.
"""

import importlib.util
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_union

from circleshield_addon.judge import Judge
from circleshield_addon.settings import Settings
from circleshield_model.ngrams import hash_rows
from circleshield_model.normalise import units
from circleshield_model.scorer import Scorer
from circleshield_training.samples import Sample, read_seed

LENGTH, PAGE, PAGES, ROUNDS = 140, 20, 100, 15

# A page: raw posts, the posts' units as (written, spoken) strings, what `units` makes of them, or characters apart.
type Pages = Sequence[Any]


def posts(count: int) -> list[str]:
    """Chinese posts of exactly `LENGTH` characters, joined from seed posts."""
    rng = random.Random(0)
    lines = [s.text for s in read_seed() if s.lang == "zh"]
    found = []
    for _ in range(count):
        text = ""
        while len(text) < LENGTH:
            text += rng.choice(lines) + "，"
        found.append(text[:LENGTH])
    return found


def as_characters(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Each post's units as written and as spoken, one character each; words are given ideographs that are free."""
    cut = units(texts)
    written, spoken = map(_characters, (cut.glyph, cut.sound))
    bounds = cut.bounds.tolist()
    return [(written[a:b], spoken[a:b]) for a, b in pairwise(bounds)]


def _characters(ids: NDArray[np.uint64]) -> str:
    codes = np.where(ids < 0x20000, ids, 0x20000 + (ids & np.uint64(0xFFFF))).astype("<u4")
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


def n_grams(post: tuple[str, str]) -> list[str]:
    """The tokens of one post, as short a way as Python has."""
    g, s = post
    pairs = [f"g{g[i : i + 2]}" for i in range(len(g) - 1)]
    return [*g, *pairs, *s, *(s[i : i + 2] for i in range(len(s) - 1)), *(s[i : i + 3] for i in range(len(s) - 2))]


def n_grams_of_raw(text: str) -> list[str]:
    """The same tokens of a post as it came."""
    return n_grams(as_characters([text])[0])


def written(post: tuple[str, str]) -> str:
    return post[0]


def spoken(post: tuple[str, str]) -> str:
    return post[1]


def scikit_learn(samples: Sequence[Sample]) -> tuple[dict[str, Callable[[Any], object]], Callable[[Any], object]]:
    """The ways to score pages of `as_characters`, and the one to score pages as they came."""
    known, spam = as_characters([s.text for s in samples]), [s.spam for s in samples]
    options: dict[str, Any] = {"n_features": 1 << 20, "alternate_sign": False, "lowercase": False}
    own = HashingVectorizer(analyzer=n_grams, **options)
    two = [
        HashingVectorizer(analyzer="char", preprocessor=written, ngram_range=(1, 2), **options),
        HashingVectorizer(analyzer="char", preprocessor=spoken, ngram_range=(1, 3), **options),
    ]
    union = make_union(*two)
    by_own = LogisticRegression().fit(own.transform(known), spam)
    by_union = LogisticRegression().fit(union.transform(known), spam)
    halves = np.split(by_union.coef_.T, 2)

    def apart(page: Any) -> object:
        return 1 / (1 + np.exp(-sum((v.transform(page) @ c for v, c in zip(two, halves, strict=True)), start=0.0)))

    raw = HashingVectorizer(analyzer=n_grams_of_raw, **options)
    return {
        "analyzer of ours": lambda page: by_own.predict_proba(own.transform(page)),
        "FeatureUnion": lambda page: by_union.predict_proba(union.transform(page)),
        "two, without the union": apart,
    }, lambda page: by_own.predict_proba(raw.transform(page))


def fast_text(samples: Sequence[Sample]) -> Callable[[Any], object] | None:
    """Scores pages of posts with their characters apart; None where it is not installed."""
    if importlib.util.find_spec("fasttext") is None:
        return None
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "seed.txt")
        file.write_text("".join(f"__label__{int(s.spam)} {spaced(s.text)}\n" for s in samples), "utf-8")
        model = fasttext.train_supervised(input=str(file), wordNgrams=3, dim=32, bucket=1 << 20, thread=1, verbose=0)

    def predict(page: Any) -> object:
        return model.predict(page)

    return predict


def spaced(text: str) -> str:
    """Characters are fastText's words."""
    return " ".join("".join(text.split()))


def microseconds(ways: dict[str, tuple[Callable[[Any], object], Pages]]) -> dict[str, float]:
    """What each way takes a post."""
    best = {name: [float("inf")] * len(pages) for name, (_, pages) in ways.items()}
    for _ in range(ROUNDS):
        for name, (run, pages) in ways.items():
            for i, page in enumerate(pages):
                start = time.perf_counter()
                run(page)
                best[name][i] = min(best[name][i], time.perf_counter() - start)
    return {name: sum(times) / len(times) / PAGE * 1e6 for name, times in best.items()}


def main() -> None:
    texts = posts(PAGE * PAGES)
    raw = [texts[i : i + PAGE] for i in range(0, len(texts), PAGE)]
    scorer, sample = Scorer.load(), read_seed()[::20]
    judge = Judge(scorer, Settings())
    judge._readings(texts)
    ways: dict[str, tuple[Callable[[Any], object], Pages]] = {
        "normalising": (units, raw),
        "scoring normalised posts": (lambda cut: scorer._decide(cut, hash_rows(cut)), [units(page) for page in raw]),
        "scoring, normalising included": (scorer.scores, raw),
        "a post seen before": (judge._readings, raw),
    }
    ready = [as_characters(page) for page in raw]
    theirs, theirs_of_raw = scikit_learn(sample)
    ways |= {name: (run, ready) for name, run in theirs.items()}
    ways["scikit-learn from raw posts"] = theirs_of_raw, raw
    if (predict := fast_text(read_seed())) is not None:
        ways["fastText predict"] = predict, [[spaced(text) for text in page] for page in raw]
    taken = microseconds(ways)
    print(f"µs a post, pages of {PAGE} posts of {LENGTH} characters\n")
    for name, figure in taken.items():
        print(f"{'scikit-learn: ' * (name in theirs) + name:40}{figure:8.2f}")
    if predict is None:
        print("fastText is not installed: uv sync --group benchmarks")
    fastest, from_raw = min(taken[name] for name in theirs), taken["scikit-learn from raw posts"]
    normalised, ours = taken["scoring normalised posts"], taken["scoring, normalising included"]
    print("\ntimes as fast as scikit-learn\n")
    for what, ratio in (
        ("normalised posts, both", fastest / normalised),
        ("raw posts, both", from_raw / ours),
        ("raw posts, its ones normalised by us", (fastest + taken["normalising"]) / ours),
        ("raw posts, its ones normalised already", fastest / ours),
    ):
        print(f"{what:40}{ratio:8.1f}")


if __name__ == "__main__":
    main()
