"""Speed of scoring against scikit-learn on the same n-grams: `python benchmarks/scoring.py`.

Pages of 20 posts of 140 characters that were never seen before; CPU time, best of the rounds.
"""

import random
import time
from collections.abc import Callable, Sequence

from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression

from circleshield_model.normalise import units
from circleshield_model.scorer import Scorer
from circleshield_training.samples import read_seed

LENGTH, PAGE, PAGES, ROUNDS = 140, 20, 100, 7


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


def microseconds(run: Callable[[Sequence[str]], object], texts: Sequence[str]) -> float:
    """CPU time a post, in pages."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for i in range(0, len(texts), PAGE):
            run(texts[i : i + PAGE])
        best = min(best, time.process_time() - start)
    return best / len(texts) * 1e6


def main() -> None:
    texts = posts(PAGE * PAGES)
    scorer = Scorer.load()
    vectors = HashingVectorizer(analyzer="char", ngram_range=(1, 3), n_features=1 << 20, alternate_sign=False)
    sample = read_seed()[::20]
    regression = LogisticRegression().fit(vectors.transform([s.text for s in sample]), [s.spam for s in sample])
    ours = microseconds(scorer.scores, texts)
    theirs = microseconds(lambda page: regression.predict_proba(vectors.transform(page)), texts)
    print(f"normalising alone                        {microseconds(units, texts):6.1f} µs a post")
    print(f"circleshield, normalising included       {ours:6.1f} µs a post")
    print(f"HashingVectorizer + LogisticRegression   {theirs:6.1f} µs a post, {theirs / ours:.1f} times as long")


if __name__ == "__main__":
    main()
