"""What each sample counts in training: by source, so that no source rules by its size."""

import hashlib
import json
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer

from circleshield_training.attacks import DISGUISES, padded
from circleshield_training.samples import Sample

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
_TOTAL = 20_000.0  # what all weights add up to: with it, C means the same for any corpus

_CORRECTIONS = Path(__file__).with_name("corrections.json")


def family(source: str) -> str:
    """The longest of the names in `MASS` that the source begins with; otherwise the source itself."""
    return max((name for name in MASS if source.startswith(name)), key=len, default=source)


def digest(text: str) -> str:
    """How a row is named in `corrections.json`, which must not quote it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def corrected(samples: Sequence[Sample]) -> list[Sample]:
    """Samples without the rows whose label is known to be wrong; relabelled where the right label is plain."""
    wrong: dict[str, dict[str, str]] = json.loads(_CORRECTIONS.read_bytes())
    kept = []
    for sample in samples:
        found = wrong.get(digest(sample.text)) if sample.source.startswith(("weibo_covid/weak", "smp2020")) else None
        if found is None:
            kept.append(sample)
        elif found["action"] == "relabel":
            kept.append(sample._replace(spam=True, source="weibo_covid/weak_relabelled"))
    return kept


def weights(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Each sample's weight: its source's and label's whole weight, shared evenly."""
    cells: defaultdict[tuple[str, bool], list[int]] = defaultdict(list)
    for i, sample in enumerate(samples):
        cells[family(sample.source), sample.spam].append(i)
    weight = np.zeros(len(samples))
    for (name, spam), rows in cells.items():
        known = MASS.get(name)
        mass = known[spam] if known else min(_MOST, _PER_ROW * len(rows))
        weight[rows] = mass / len(rows)
    return weight * (_TOTAL / weight.sum())


def groups(samples: Sequence[Sample], seed: int) -> NDArray[np.int64]:
    """Which samples belong together when folds are cut: an author's posts, and ads for the same thing.

    Ads without an author are clustered by their wording, so that one brand's posts do not stand on both sides.
    """
    names: dict[str, int] = {}
    owners = (f"{s.source} {s.author}" if s.author else s.text for s in samples)
    group = np.array([names.setdefault(owner, len(names)) for owner in owners])
    nameless = [i for i, s in enumerate(samples) if s.spam and not s.author]
    if len(nameless) >= 50:
        vectors = HashingVectorizer(analyzer="char", ngram_range=(2, 3), n_features=1 << 16, alternate_sign=False)
        found = vectors.transform([re.sub(r"#[^#]*#|\d+|x{3,}", " ", samples[i].text)[:200] for i in nameless])
        dense = TruncatedSVD(min(48, len(nameless) - 1), random_state=seed).fit_transform(found)
        clusters = MiniBatchKMeans(max(8, len(nameless) // 8), random_state=seed, n_init=1).fit_predict(dense)
        group[nameless] = len(names) + clusters
    return group


def disguised(samples: Sequence[Sample], seed: int, most: int = 1500) -> tuple[list[Sample], list[int]]:
    """Posts of both labels padded with ordinary sentences or in disguise, and which sample each was made from.

    Only the decision is trained on them, not the n-grams: it learns to believe a window over the whole post, and that
    emoji between the characters are no evidence.
    """
    rng = random.Random(seed)
    sentences = [p for s in samples if not s.spam for p in re.split(r"[。！？!?\n]", s.text)[:3] if 6 <= len(p) <= 40]
    made: list[Sample] = []
    origins: list[int] = []
    for spam in (False, True):
        rows = [
            i
            for i, s in enumerate(samples)
            if s.spam == spam and family(s.source) not in ("sms800k", "adgame", "uci_sms")
        ]
        for i in rng.sample(rows, min(most, len(rows))):
            sample = samples[i]
            if len(sentences) >= 4:
                filler = rng.sample(sentences, rng.choice((1, 2, 4)))
                made.append(sample._replace(text=padded(sample.text, filler, rng), source="padded"))
                origins.append(i)
            disguise = rng.choice(list(DISGUISES.values()))
            made.append(sample._replace(text=disguise(sample.text, rng), source="disguised"))
            origins.append(i)
    return made, origins
