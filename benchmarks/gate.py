"""The gate's right and wrong decisions: `uv run python -m benchmarks.gate ../shared/corpora`.

Fifty trials over a model trained on the seed alone: labels of a user as they should be, and with harm done to them.
Whether a candidate does harm is measured on corpora that neither the models nor the gate have seen: it does if false
positives of some source rise by more than half a point, or recall on ads at 0.5 % false positives falls by over two.
"""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from benchmarks.learning import OTHERS, STYLES, Corpora, labelled, quiet
from sklearn.pipeline import Pipeline

from circleshield_model.artefact import PACKAGED
from circleshield_model.scorer import Scorer
from circleshield_training import fit
from circleshield_training.adapt import adapted
from circleshield_training.evaluate import score_all
from circleshield_training.gate import Contender, judged
from circleshield_training.measures import cut_for
from circleshield_training.posts import scratch
from circleshield_training.samples import Sample, read_all, read_seed
from circleshield_training.user_samples import keys
from circleshield_training.write import read_pipeline, scorer_of

TRIALS = 5  # of each kind
UNSEEN = 1200  # ordinary posts of each source that harm is measured on
_FALSE, _MISSED = 0.005, 0.02


class Truth(NamedTuple):
    """Figures on what nobody has seen."""

    false: np.ndarray[tuple[int], np.dtype[np.float64]]
    recall: float

    def is_harmed_by(self, other: "Truth") -> bool:
        return bool((other.false - self.false > _FALSE).any() or self.recall - other.recall > _MISSED)


def truth(scorer: Scorer, corpora: Corpora) -> Truth:
    social = [score_all(scorer, corpora.social(name)[:UNSEEN]) for name in OTHERS]
    ads = np.concatenate([score_all(scorer, corpora.ads(name)[300:]) for name in STYLES])
    cut = cut_for(np.concatenate(social), 0.005)
    return Truth(np.array([(s >= scorer.remove_at).mean() for s in social]), float((ads > cut).mean()))


def main() -> None:
    corpora = Corpora(Path(sys.argv[1]))
    seed = read_seed()
    with scratch() as folder:
        made = fit.train(seed, 0, folder, quiet)
    cutoffs = {name: made.facts[name] for name in ("remove_at", "review_at")}
    base = scorer_of(made.pipeline, cutoffs)
    learnt = keys([s.text for s in seed]).tolist()
    before, in_use = truth(base, corpora), Contender(base, dict(zip(learnt, made.honest.tolist(), strict=True)))

    def drawn(rng: np.random.Generator, ads: int, ordinary: int) -> tuple[list[str], list[str]]:
        style = str(rng.choice(STYLES))
        source = str(rng.choice(OTHERS))
        some = rng.choice(300, ads, replace=False)
        rest = corpora.texts[source, False][UNSEEN:]
        others = rng.choice(len(rest), ordinary, replace=False)
        return [corpora.ads(style)[i] for i in some], [rest[i] for i in others]

    def clean(ads: int, ordinary: int) -> Callable[[np.random.Generator], list[Sample]]:
        def made(rng: np.random.Generator) -> list[Sample]:
            bad, good = drawn(rng, ads, ordinary)
            return [*labelled(bad, True), *labelled(good, False)]

        return made

    def flipped(ads: int, ordinary: int, share: float) -> Callable[[np.random.Generator], list[Sample]]:
        def made(rng: np.random.Generator) -> list[Sample]:
            own = clean(ads, ordinary)(rng)
            return [s._replace(spam=not s.spam) if rng.random() < share else s for s in own]

        return made

    kinds = {
        "20 ads of one kind": clean(20, 0),
        "20 of each label": clean(20, 20),
        "100 of each label": clean(100, 100),
        "imbalance: 200 ads, 5 ordinary": clean(200, 5),
        "imbalance: 5 ads, 200 ordinary": clean(5, 200),
        "40, a quarter flipped": flipped(20, 20, 0.25),
        "200, half flipped": flipped(100, 100, 0.5),
        "200, all flipped": flipped(100, 100, 1.0),
        "hostile: 20 ordinary posts called ads": flipped(0, 20, 1.0),
        "hostile: 20 ads called ordinary": flipped(20, 0, 1.0),
    }
    total: Counter[tuple[bool, bool]] = Counter()
    print(f"{'labels':<40} harmless: taken, refused   harmful: taken, refused")
    for name, kind in kinds.items():
        counts: Counter[tuple[bool, bool]] = Counter()
        for trial in range(TRIALS):
            own = kind(np.random.default_rng(trial))
            candidate = corrected(made.pipeline, in_use, own, seed)
            harmful = before.is_harmed_by(truth(candidate.scorer, corpora))
            counts[harmful, judged(in_use, candidate, own).passed] += 1
        total += counts
        print(f"{name:<40} {_shown(counts)}", flush=True)
    print(f"{'all':<40} {_shown(total)}")
    packaged(corpora, seed)


def packaged(corpora: Corpora, seed: list[Sample]) -> None:
    """20 labels over the packaged model: of each seller, and ordinary posts called sales posts."""
    in_use, base = Contender.load(PACKAGED), read_pipeline()
    sellers = read_all([Path(__file__).with_name("sellers.jsonl")])
    trials = {
        author: labelled([s.text for s in sellers if s.author == author][:20], True)
        for author in dict.fromkeys(s.author for s in sellers)
    } | {f"{name}, called ads": labelled(corpora.texts[name, False][-20:], True) for name in OTHERS}
    for name, own in trials.items():
        passed = judged(in_use, corrected(base, in_use, own, seed), own).passed
        print(f"packaged model, 20 of {name}: {'taken' if passed else 'refused'}", flush=True)


def corrected(base: Pipeline, in_use: Contender, own: list[Sample], seed: list[Sample]) -> Contender:
    found = adapted(base, own, seed, in_use.scores([s.text for s in seed]))
    scores = [*found.ballast.tolist(), *found.own.tolist()]
    cutoffs = {"remove_at": in_use.scorer.remove_at, "review_at": in_use.scorer.review_at}
    texts = [s.text for s in (*seed, *own)]
    return Contender(scorer_of(found.pipeline, cutoffs), dict(zip(keys(texts).tolist(), scores, strict=True)))


def _shown(counts: Counter[tuple[bool, bool]]) -> str:
    return "          {:>4} {:>8}            {:>4} {:>8}".format(
        *(counts[key] for key in ((False, True), (False, False), (True, True), (True, False)))
    )


if __name__ == "__main__":
    main()
