"""Which post is most worth a label next: an unsure one, unlike those seen so far, of somebody not seen so far."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from circleshield_model.normalise import units
from circleshield_model.scorer import Scorer
from circleshield_training.user_samples import Record, keys

_POOL = 1000  # posts compared with those seen: the least sure ones
_ALIKE = 0.6  # from which similarity on a post waits until all others are through


class Candidate(NamedTuple):
    """A post to label, its score and what tells its text from others."""

    record: Record
    score: float
    key: int


class LabelQueue:
    """Posts in the order in which they are worth a label, given what was seen before.

    First those that are not like one seen (Jaccard similarity of their units and pairs of units, disguises undone);
    of them the least sure, by whole steps in log-odds to the nearer cut-off; then the most unlike; then those of the
    author seen least; then the least sure again.
    """

    def __init__(self, records: Iterable[Record], scorer: Scorer, cutoffs: Sequence[float], without: set[int]) -> None:
        """`cutoffs` are review and remove; texts whose keys are in `without` are left out, and so are repeated ones."""
        self._low, self._high = (_logit(cut) for cut in cutoffs)
        self._grams: dict[int, frozenset[int]] = {}
        self._similarity: Counter[int] = Counter()  # the highest, in thousandths, to a post seen
        self._seen: Counter[str] = Counter()
        listed = list(records)
        texts = [record.sample.text for record in listed]
        found: dict[int, Candidate] = {}
        for at in range(0, len(texts), 1000):
            some = texts[at : at + 1000]
            for record, score, key in zip(listed[at:], scorer.scores(some).tolist(), keys(some).tolist(), strict=False):
                if key not in without:
                    found[key] = Candidate(record, score, key)
        self._waiting = sorted(found.values(), key=self._distance, reverse=True)  # the least sure comes last

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self) -> Candidate | None:
        """The next post, or None; from now on it is seen."""
        if not self._waiting:
            return None
        start = max(0, len(self._waiting) - _POOL)
        best = min(range(start, len(self._waiting)), key=lambda i: self._rank(self._waiting[i]))
        taken = self._waiting.pop(best)
        self._seen[taken.record.sample.author] += 1
        grams = self._grams_of(taken)
        for other in self._waiting[-_POOL:]:
            of_other = self._grams_of(other)
            shared = len(grams & of_other)
            if shared:
                alike = round(1000 * shared / (len(grams) + len(of_other) - shared))
                self._similarity[other.key] = max(self._similarity[other.key], alike)
        return taken

    def put_back(self, candidate: Candidate) -> None:
        """For a post that was taken and is not labelled after all."""
        self._seen[candidate.record.sample.author] -= 1
        self._waiting.append(candidate)
        self._waiting.sort(key=self._distance, reverse=True)

    def _distance(self, candidate: Candidate) -> float:
        """Log-odds to the nearer cut-off, 0 between them."""
        odds = _logit(candidate.score)
        return max(self._low - odds, odds - self._high, 0.0)

    def _rank(self, candidate: Candidate) -> tuple[bool, int, int, int, float]:
        similarity = self._similarity[candidate.key] / 1000
        distance = self._distance(candidate)
        author = candidate.record.sample.author
        seen = self._seen[author] if author else 0
        return similarity >= _ALIKE, int(distance), round(10 * similarity), seen, distance

    def _grams_of(self, candidate: Candidate) -> frozenset[int]:
        grams = self._grams.get(candidate.key)
        if grams is None:
            glyphs = units([candidate.record.sample.text]).glyph
            pairs = glyphs[:-1] * np.uint64(0x9E3779B97F4A7C15) + glyphs[1:]
            grams = self._grams[candidate.key] = frozenset([*glyphs.tolist(), *pairs.tolist()])
        return grams


def _logit(score: float) -> float:
    clipped = min(max(score, 1e-9), 1 - 1e-9)
    return float(np.log(clipped / (1 - clipped)))
