"""What each sample counts in training: by source, so that no source rules by its size."""

import hashlib
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer

from circleshield_training.attacks import DISGUISES, padded
from circleshield_training.posts import Posts
from circleshield_training.samples import Sample
from circleshield_training.user_samples import USER, VERDICTS

# The whole weight of a family of sources' (social, sales_spam) posts; a family is all sources whose names begin so.
# Weibo rules, because feeds are what the proxy sees; SMS and game chat weigh little: their wording is their own and
# brings false positives on ordinary chat.
MASS = {
    "seed": (4.0, 4.0),
    "weibo_covid/hand": (2.0, 5.0),
    "weibo_covid/hand_camouflaged": (0.3, 0.3),
    "weibo_covid/weak": (8.0, 2.0),
    "weibo_covid/weak_seller": (0.0, 4.0),
    "weibo_covid/weak_relabelled": (0.0, 3.0),
    "weibo_covid/weak_coupon": (0.0, 0.4),
    "smp2020": (4.0, 4.0),
    "nus_sms_zh": (1.5, 1.5),
    "stoneskipping": (0.4, 0.4),
    "waimai": (0.3, 0.3),
    "shop10": (0.8, 0.8),
    "sms800k": (0.5, 0.5),
    "adgame": (0.1, 0.1),
    "uci_sms": (1.0, 0.2),
    "padded": (3.0, 3.0),
    "disguised": (1.0, 1.0),
}
_MOST = 4.0  # of any other source
_PER_ROW = 0.01  # of any other source, until that
_PER_USER_ROW = 0.1  # until `_MOST`
# In correcting a trained model a post of the project weighs 1.
_CORRECTING = 25.0  # one of the user's
_CORRECTING_OTHERS = 5.0  # one of a file's, or one that the filter labelled
_CORRECTING_MOST = 500.0  # all of one label of the user's, and of the others
_TOTAL = 20_000.0  # what all weights add up to: with it, C means the same for any corpus

_CLUSTERED = 20_000  # ads that the clusters are found from
_QUARRY = 20_000  # ordinary posts that sentences for padding are taken from
_PADDING = (1, 2, 4, 32)  # sentences
_LONGEST_SENTENCE = {"zh": 40, "en": 120}  # characters

_CORRECTIONS = Path(__file__).with_name("corrections.json")


def family(source: str) -> str:
    """`user`, or the longest of the names in `MASS` that the source begins with; otherwise the source itself."""
    if source == USER or source.startswith(USER + "/"):
        return USER
    return max((name for name in MASS if source.startswith(name)), key=len, default=source)


def digest(text: str) -> str:
    """How a row is named in `corrections.json`, which must not quote it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def families(posts: Posts) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The names of the posts' families, and the place of each post's among them (n,)."""
    names = [family(name) for name in posts.sources]
    found = tuple(dict.fromkeys(names))
    places = np.array([found.index(name) for name in names], np.int64)
    return found, places[posts.source]


def corrected(samples: Iterable[Sample]) -> Iterator[Sample]:
    """Samples without the rows whose label is known to be wrong; relabelled where the right label is plain."""
    wrong: dict[str, dict[str, str]] = json.loads(_CORRECTIONS.read_bytes())
    for sample in samples:
        found = wrong.get(digest(sample.text)) if sample.source.startswith(("weibo_covid/weak", "smp2020")) else None
        if found is None:
            yield sample
        elif found["action"] == "relabel":
            yield sample._replace(spam=True, source="weibo_covid/weak_relabelled")


def is_users(sample: Sample) -> bool:
    """Whether the user labelled it, post by post or by an import, and not the filter."""
    return family(sample.source) == USER and sample.source != VERDICTS


def correcting(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Each sample's weight where they correct a trained model: the user's weigh more, no label drowns the other."""
    own = np.array([is_users(s) for s in samples], bool)
    spam = np.array([s.spam for s in samples], bool)
    weight = np.array([s.weight for s in samples], float) * np.where(own, _CORRECTING, _CORRECTING_OTHERS)
    for kind in (own, ~own):
        for label in (spam, ~spam):
            total = weight[kind & label].sum()
            if total > _CORRECTING_MOST:
                weight[kind & label] *= _CORRECTING_MOST / total
    return weight


def weights(posts: Posts) -> NDArray[np.float64]:
    """Each post's weight: its source's and label's whole weight, shared by the samples' own weights."""
    names, place = families(posts)
    cell = 2 * place + posts.spam
    rows, own = np.bincount(cell, minlength=2 * len(names)), np.bincount(cell, posts.weight, 2 * len(names))
    mass = np.array([m for i, n in enumerate(names) for m in MASS.get(n) or _unknown(n, *own[2 * i : 2 * i + 2])])
    weight: NDArray[np.float64] = posts.weight * np.divide(mass, own, out=np.zeros_like(mass), where=rows > 0)[cell]
    return weight * (_TOTAL / weight.sum())


def _unknown(name: str, social: float, spam: float) -> tuple[float, float]:
    """The whole weights of a family that is not in `MASS`, whose samples' own weights add up to these."""
    per_row = _PER_USER_ROW if name == USER else _PER_ROW
    return min(_MOST, per_row * social), min(_MOST, per_row * spam)


def groups(posts: Posts, seed: int) -> NDArray[np.int64]:
    """Which posts belong together when folds are cut: an author's posts, and ads for the same thing.

    Ads without an author are clustered by their wording, so that one brand's posts do not stand on both sides. The
    clusters are those of the ads, or of so many drawn from them that the time for it grows no faster than the posts.
    """
    _, first, place = np.unique(posts.owner, return_index=True, return_inverse=True)
    group = np.argsort(np.argsort(first))[place]  # numbered as they come
    nameless = np.flatnonzero(posts.spam & ~posts.named)
    if nameless.size >= 50:
        rows = nameless
        if rows.size > _CLUSTERED:
            rows = np.sort(np.random.default_rng(seed).choice(rows, _CLUSTERED, replace=False))
        texts = posts.texts(rows)
        svd = TruncatedSVD(min(48, rows.size - 1), random_state=seed)
        kmeans = MiniBatchKMeans(max(8, rows.size // 8), random_state=seed, n_init=1)
        cluster = np.full(len(posts), -1, np.int32)
        cluster[rows] = kmeans.fit_predict(svd.fit_transform(_wording(texts[row] for row in rows.tolist())))
        others = np.setdiff1d(nameless, rows)
        for begin, end in pairwise(posts.bounds):
            here = others[(others >= begin) & (others < end)]
            if here.size:
                found = posts.texts(here)
                cluster[here] = kmeans.predict(svd.transform(_wording(found.values())))
        group[nameless] = first.size + cluster[nameless]
    return group


def _wording(texts: Iterable[str]) -> Any:
    vectors = HashingVectorizer(analyzer="char", ngram_range=(2, 3), n_features=1 << 16, alternate_sign=False)
    return vectors.transform([re.sub(r"#[^#]*#|\d+|x{3,}", " ", text)[:200] for text in texts])


def disguised(posts: Posts, seed: int, most: int = 1500) -> Iterator[tuple[Sample, int]]:
    """Posts of both labels padded with ordinary sentences or in disguise, and which post each was made from.

    Only the decision is trained on them, not the n-grams: it learns to believe a window over the whole post, that a
    long post is more likely to have one by chance, and that emoji between the characters are no evidence.
    """
    rng = random.Random(seed)
    social = np.flatnonzero(~posts.spam).tolist()
    drawn = np.array(social if len(social) <= _QUARRY else sorted(rng.sample(social, _QUARRY)), np.int64)
    sentences: list[list[str]] = [[] for _ in posts.languages]
    for row, text in posts.texts(drawn).items():
        of = int(posts.lang[row])
        longest = _LONGEST_SENTENCE.get(posts.languages[of], 40)
        sentences[of] += [p for p in re.split(r"[。！？!?\n]|\. ", text)[:3] if 6 <= len(p) <= longest]
    names, place = families(posts)
    plain = np.isin(place, [i for i, name in enumerate(names) if name not in ("sms800k", "adgame", "uci_sms")])
    for spam in (False, True):
        rows = np.flatnonzero(plain & (posts.spam == spam)).tolist()
        chosen = rng.sample(rows, min(most, len(rows)))
        texts = posts.texts(np.array(chosen, np.int64))
        for i in chosen:
            lang = posts.languages[posts.lang[i]]
            if len(own := sentences[posts.lang[i]]) >= 4:
                filler = rng.sample(own, min(rng.choice(_PADDING), len(own)))
                yield Sample(padded(texts[i], filler, rng), spam, lang, "padded"), i
            disguise = rng.choice(list(DISGUISES.values()))
            yield Sample(disguise(texts[i], rng), spam, lang, "disguised"), i
