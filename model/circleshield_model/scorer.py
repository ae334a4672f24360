"""The proxy's scorer: numpy alone, the same score as the scikit-learn pipeline it was made from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from circleshield_model import artefact, cues
from circleshield_model.errors import InputError
from circleshield_model.evidence import COLUMNS, DAMPING, SHAPE, SUMS, WIDTHS, evidence
from circleshield_model.ngrams import hash_rows, weigh
from circleshield_model.normalise import Units, units

_SAYS = 0.05  # log-odds below which nothing is said about a piece
_MOST = 10  # units that a piece begins with n-grams at


class Evidence(NamedTuple):
    """A piece of the original text, or a cue by its plain name, and what it adds in log-odds.

    `start` and `end` are offsets in the original text, None for a cue.
    """

    text: str
    weight: float
    start: int | None = None
    end: int | None = None

    def __str__(self) -> str:
        """As a reason."""
        return f"{self.text if self.start is None else f'“{self.text}”'} {self.weight:+.1f}"


class Reading(NamedTuple):
    """Posts with their probabilities of sales_spam (n,), their units, and the `hash_rows` of these."""

    scores: NDArray[np.float64]
    units: Units
    rows: NDArray[np.uint64]


class Scorer:
    """Scores posts. Holds nothing that changes, so threads may share it."""

    def __init__(self, found: artefact.Artefact) -> None:
        arrays, manifest = found.arrays, found.manifest
        try:
            weights: NDArray[np.int16] = arrays["weights"]
            self._step = float(arrays["step"])
            self._coefficients: NDArray[np.float64] = arrays["coefficients"]
            self._intercept = float(arrays["intercept"])
        except (KeyError, TypeError) as e:
            raise InputError(f"model {found.folder}: scorer.npz lacks {e}; train it again") from e
        if weights.dtype != np.int16 or weights.size.bit_count() != 1:
            raise InputError(f"model {found.folder}: weights of a wrong shape; train it again")
        self._weights = weights
        if self._coefficients.shape != (len(COLUMNS),):
            raise InputError(f"model {found.folder}: made by another version of circleshield; train it again")
        self.version = str(manifest["version"])
        self.remove_at = float(manifest["remove_at"])
        self.review_at = float(manifest["review_at"])

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """Loads an artefact, the packaged one by default. InputError if it is missing, corrupt or scores otherwise
        than its manifest's canaries say."""
        found = artefact.read(folder)
        scorer = cls(found)
        canaries: list[dict[str, Any]] = found.manifest["canaries"]
        scores = scorer.scores([c["text"] for c in canaries])
        if not np.allclose(scores, [c["score"] for c in canaries], atol=1e-6):
            raise InputError(
                f"model {found.folder}: its canaries score otherwise than its manifest says; train it again"
            )
        return scorer

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Calibrated probability of sales_spam of each post (n,), the same in any batch."""
        return self.read(texts).scores

    def read(self, texts: Sequence[str]) -> Reading:
        """The same, with what was worked out on the way."""
        cut = units(texts)
        rows = hash_rows(cut)
        return Reading(self._decide(cut, rows)[2] if texts else np.zeros(0), cut, rows)

    def _decide(
        self, cut: Units, rows: NDArray[np.uint64]
    ) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
        """What each unit weighs in fixed point (m,), evidence weighed (n, columns) and probabilities (n,)."""
        each = weigh(self._weights, rows, cut)
        weighed = evidence(cut, each, cues.count(cut, rows), self._step) * self._coefficients
        # added up in a fixed order, whatever the batch
        logit = np.add.accumulate(weighed, axis=1)[:, -1] + self._intercept
        return each, weighed, 1 / (1 + np.exp(-logit))

    def explain(self, texts: Sequence[str]) -> list[tuple[Evidence, ...]]:
        """What speaks for sales_spam (above 0) in each post and against it, strongest first.

        The words share what the sums over them add to the decision; neighbours of the same sign are one piece, where
        they are many the strongest ones, and those before and after them others.
        """
        if not texts:
            return []
        cut = units(texts)
        each, weighed, _ = self._decide(cut, hash_rows(cut))
        found = [
            [Evidence(name, w) for name, w in zip(SHAPE, row, strict=True) if abs(w) > _SAYS]
            for row in weighed[:, len(SUMS) :].tolist()
        ]
        post, count = cut.posts(), np.diff(cut.bounds)
        slope = float(self._coefficients[: len(SUMS)].clip(0).sum()) * self._step
        slopes = slope / np.sqrt(np.minimum(count, max(WIDTHS)) + DAMPING)
        strong = np.flatnonzero(np.abs(each * slopes[post]) > _SAYS)
        if strong.size:
            sign = np.sign(each[strong])
            parted = (np.diff(strong) > 1) | (sign[1:] != sign[:-1]) | (np.diff(post[strong]) != 0)
            at = _few(np.concatenate(([0], np.flatnonzero(parted) + 1)), np.abs(each[strong]))
            first, last = strong[at], strong[np.append(at[1:], strong.size) - 1]
            # An n-gram reaches beyond the unit that it begins at.
            starts, ends = cut.offsets()
            start, end = starts[first], ends[np.minimum(last + 1, cut.bounds[1:][post[first]] - 1)]
            weight = np.add.reduceat(each[strong], at) * slopes[post[first]]
            for i, a, b, w in zip(post[first].tolist(), start.tolist(), end.tolist(), weight.tolist(), strict=True):
                found[i].append(Evidence(texts[i][a:b], w, a, b))
        return [tuple(sorted(pieces, key=lambda e: -abs(e.weight))) for pieces in found]

    def reasons(self, texts: Sequence[str], spam: Sequence[bool], most: int = 3) -> list[tuple[str, ...]]:
        """The strongest evidence for sales_spam in each post, or against it where it is not `spam`.

        As `“代理” +3.5` or `hashtags +0.8`.
        """
        return [
            tuple(str(piece) for piece in [e for e in pieces if (e.weight > 0) == is_spam][:most])
            for pieces, is_spam in zip(self.explain(texts), spam, strict=True)
        ]


def _few(at: NDArray[np.int64], strengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where runs begin (k,), with more of them, so that none is longer than `_MOST` of the `strengths` (m,).

    Of a run that is longer, the strongest so many in a row become one, again and again.
    """
    while (long := np.flatnonzero((sizes := np.diff(at, append=strengths.size)) > _MOST)).size:
        run, windows = at[long], sizes[long] - _MOST + 1
        first = np.cumsum(windows) - windows
        place = np.arange(windows.sum()) + (run - first).repeat(windows)
        sums = np.concatenate(([0], np.cumsum(strengths)))
        found = sums[place + _MOST] - sums[place]
        strongest = np.flatnonzero(found == np.maximum.reduceat(found, first).repeat(windows))
        begin = place[strongest[strongest.searchsorted(first)]]
        end = begin + _MOST
        at = np.sort(np.concatenate((at, begin[begin > run], end[end < run + sizes[long]])))
    return at
