"""What a few labels change: `uv run python benchmarks/learning.py ../shared/corpora`.

First 20 labels of one seller (`sellers.jsonl`, of our own writing) against the packaged model: how many of the
seller's other posts are removed before and after, and how far false positives and recall on other sources move. Then
learning curves: half of the labels are ads of one source, half ordinary posts, over a model that was trained on the
seed alone, so that all corpora are unseen. The rest of the source is tested; false positives are of other sources.
"""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from circleshield_addon.friends import Past
from circleshield_addon.judge import shifted
from circleshield_model.artefact import PACKAGED
from circleshield_model.scorer import Scorer
from circleshield_training import fit, mixing
from circleshield_training.adapt import adapted
from circleshield_training.evaluate import score_all
from circleshield_training.gate import Contender
from circleshield_training.measures import cut_for
from circleshield_training.posts import scratch
from circleshield_training.samples import Sample, read_all, read_seed
from circleshield_training.write import read_pipeline, scorer_of

OTHERS = ("smp2020_virus", "weibo_covid/weak_social", "weibo_covid/weak_social_hard", "nus_sms_zh", "shop10/洗发水")
STYLES = ("adgame/pos", "sms800k/beauty_retail", "uci_sms")
SIZES = (10, 20, 50, 100, 200, 500)
MOST = 3000  # posts of a source looked at


def quiet(_: str) -> None:
    pass


def trained(samples: Sequence[Sample]) -> fit.Trained:
    with scratch() as folder:
        return fit.train(samples, 0, folder, quiet)


class Corpora:
    """The shared corpora, shuffled, by source and label."""

    def __init__(self, folder: Path) -> None:
        self.texts: dict[tuple[str, bool], list[str]] = {}
        for sample in mixing.corrected(read_all([folder])):
            self.texts.setdefault((sample.source, sample.spam), []).append(sample.text)
        rng = np.random.default_rng(0)
        for key, texts in self.texts.items():
            self.texts[key] = [texts[i] for i in rng.permutation(len(texts))]

    def social(self, source: str) -> list[str]:
        return self.texts[source, False][:MOST]

    def ads(self, source: str) -> list[str]:
        return self.texts[source, True]


def labelled(texts: Sequence[str], spam: bool) -> list[Sample]:
    return [Sample(text, spam, source="user") for text in texts]


def removed(scorer: Scorer, texts: Sequence[str], shift: float = 0.0) -> float:
    """Share of the posts that are removed, their log-odds moved by what is known of the author."""
    return float(np.mean([shifted(score, shift) >= scorer.remove_at for score in score_all(scorer, texts)]))


def sellers(corpora: Corpora) -> None:
    base, before, seed = read_pipeline(), Scorer.load(), read_seed()
    honest = Contender.load(PACKAGED).scores([s.text for s in seed])
    cutoffs = {"remove_at": before.remove_at, "review_at": before.review_at}
    posts = read_all([Path(__file__).with_name("sellers.jsonl")])
    held = {name: corpora.social(name) for name in OTHERS} | {"ads": corpora.ads("weibo_covid/hand")}
    was = {name: removed(before, texts) for name, texts in held.items()}
    history = Past(sales=0, posts=0, sales_labels=20, labels=20).shift(usual=0.02)
    print(
        "20 labels of one seller, the packaged model: the seller's other posts removed before, after, and as the proxy"
        f" does it, with the author's history ({history:+.1f}); furthest move elsewhere, points"
    )
    for author in dict.fromkeys(s.author for s in posts):
        own = [s.text for s in posts if s.author == author]
        shares, moves = [], []
        for draw in range(3):
            order = np.random.default_rng(draw).permutation(len(own))
            learnt, rest = [own[i] for i in order[:20]], [own[i] for i in order[20:]]
            now = scorer_of(adapted(base, labelled(learnt, True), seed, honest).pipeline, cutoffs)
            shares.append((removed(before, rest), removed(now, rest), removed(now, rest, history)))
            moves += [100 * (removed(now, texts) - was[name]) for name, texts in held.items()]
        first, then, known = np.mean(shares, axis=0)
        print(f"  {author}: {first:.2f} → {then:.2f} → {known:.2f}   {max(moves, key=abs):+.2f}", flush=True)


def curves(corpora: Corpora) -> None:
    seed = read_seed()
    made = trained(seed)
    cutoffs = {name: made.facts[name] for name in ("remove_at", "review_at")}
    base = scorer_of(made.pipeline, cutoffs)
    ways: dict[str, Callable[[list[Sample]], tuple[Pipeline, dict[str, float]]]] = {
        "corrected": lambda own: (adapted(made.pipeline, own, seed, made.honest).pipeline, cutoffs),
        "seed and labels anew": lambda own: _fitted([*seed, *own]),
        "labels alone": _fitted,
    }
    social = [text for name in OTHERS for text in corpora.social(name)]
    rest = {style: corpora.ads(style)[SIZES[-1] // 2 :] for style in STYLES}
    print("labels: recall at 0.5 % false positives / removed / false positives at remove_at in points, mean of styles")
    figures = np.mean([_figures(base, rest[style], social) for style in STYLES], axis=0)
    print(f"  {'none':<22} {_shown(figures)}", flush=True)
    for size in SIZES:
        for name, way in ways.items():
            start = time.monotonic()
            found = []
            for style in STYLES:
                ads = labelled(corpora.ads(style)[: size // 2], True)
                ordinary = labelled(corpora.texts["weibo_covid/weak_social", False][MOST : MOST + size // 2], False)
                found.append(_figures(scorer_of(*way([*ads, *ordinary])), rest[style], social))
            seconds = (time.monotonic() - start) / len(STYLES)
            print(f"  {size:>3} {name:<22} {_shown(np.mean(found, axis=0))}   {seconds:.1f} s", flush=True)


def _fitted(samples: list[Sample]) -> tuple[Pipeline, dict[str, float]]:
    made = trained(samples)
    return made.pipeline, made.facts


def _figures(scorer: Scorer, ads: list[str], social: list[str]) -> tuple[float, float, float]:
    found, ordinary = score_all(scorer, ads), score_all(scorer, social)
    at_rate = float((found > cut_for(ordinary, 0.005)).mean())
    return at_rate, float((found >= scorer.remove_at).mean()), 100 * float((ordinary >= scorer.remove_at).mean())


def _shown(figures: NDArray[np.float64]) -> str:
    return "{:.2f} / {:.2f} / {:.2f}".format(*figures)


if __name__ == "__main__":
    found = Corpora(Path(sys.argv[1]))
    sellers(found)
    curves(found)
