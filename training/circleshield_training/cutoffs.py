"""What each cut-off would cost the user: counted on their own labels, estimated for a week of their own feeds."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from circleshield_training.evaluate import Costs

Scores = NDArray[np.float64]
Which = Literal["remove_at", "review_at"]

_EDGES = np.array([-4, -2, -1, 0, 1, 2, 3, 4, 5, 6])  # log-odds between which the user's labels are counted
_PRIOR = 2.0  # labels that the model's own probability is worth
_GRID = np.unique(np.round([*np.arange(0.05, 0.99, 0.01), *np.arange(0.99, 0.9999, 0.001), 0.9995, 1.0], 4))
_SHOWN = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 1.0)


class Outcome(NamedTuple):
    """Posts removed, of them `wrongly`; put up for review; ads `missed`, shown and not even unsure; and the cost."""

    removed: float
    wrongly: float
    unsure: float
    missed: float
    cost: float


class Choice(NamedTuple):
    """A cut-off, what it would do to the labelled posts, and in a week; None where there is nothing to tell it by."""

    cut: float
    labelled: Outcome | None
    weekly: Outcome | None

    @property
    def cost(self) -> float:
        """What the choice is made by: a week's cost, or that of the labelled posts."""
        outcome = self.weekly or self.labelled
        assert outcome is not None
        return outcome.cost


@dataclass(frozen=True)
class Tuning:
    """All choices in order of the cut-off, and those to show; the cheapest, of equals the one nearest to `now`."""

    which: Which
    now: float
    cheapest: float
    choices: tuple[Choice, ...]

    @property
    def shown(self) -> tuple[Choice, ...]:
        """Round cut-offs, the one in force and the cheapest."""
        return tuple(choice for choice in self.choices if choice.cut in (*_SHOWN, self.now, self.cheapest))

    def at(self, cut: float) -> Choice:
        """The choice of one of the cut-offs."""
        return next(choice for choice in self.choices if choice.cut == cut)

    def as_json(self) -> dict[str, Any]:
        """As plain data, the shown choices only."""
        choices = [
            {
                "cut": choice.cut,
                "labelled": choice.labelled and choice.labelled._asdict(),
                "weekly": choice.weekly and choice.weekly._asdict(),
            }
            for choice in self.shown
        ]
        return {"cutoff": self.which, "now": self.now, "cheapest": self.cheapest, "choices": choices}


@dataclass(frozen=True)
class Evidence:
    """Labelled posts: scores by a model that had not learnt them and whether each is spam (n,); and the scores (m,) of
    the posts seen in so many `weeks`."""

    scores: Scores
    spam: NDArray[np.bool_]
    seen: Scores
    weeks: float


def tune(
    found: Evidence, costs: Costs, which: Which, remove_at: float, review_at: float, extra: float | None = None
) -> Tuning:
    """Weighs the cut-offs of one kind while the other stays as it is, or is drawn along where it would be passed.

    `extra` is one more cut-off to weigh.
    """
    now = remove_at if which == "remove_at" else review_at
    chance = chances(found)
    cuts = np.unique([*_GRID, now, *([] if extra is None else [extra])])
    if which == "review_at":
        cuts = cuts[cuts <= remove_at]

    def choice(cut: float) -> Choice:
        remove, review = (cut, min(cut, review_at)) if which == "remove_at" else (remove_at, cut)
        labelled = _outcome(found.scores, found.spam, remove, review, costs, 1.0) if found.scores.size else None
        weekly = _outcome(found.seen, chance, remove, review, costs, found.weeks) if found.seen.size else None
        return Choice(cut, labelled, weekly)

    choices = tuple(choice(cut) for cut in cuts.tolist())
    least = min(choice.cost for choice in choices)
    equal = [choice.cut for choice in choices if choice.cost <= least + 1e-9]
    cheapest = min(equal, key=lambda cut: abs(cut - now))
    return Tuning(which, now, cheapest, choices)


def chances(found: Evidence) -> Scores:
    """How likely each seen post is an ad (m,): the share of ads among the labelled posts with about such a score.

    The model's own probability counts as two labels more, so it is what holds where nothing is labelled. Which posts
    were labelled does not matter as long as they were chosen by their score: that is what shares by score are for.
    """
    at = np.digitize(_logit(found.scores), _EDGES)
    labels = np.bincount(at, minlength=_EDGES.size + 1)
    ads = np.bincount(at, found.spam.astype(float), _EDGES.size + 1)
    of = np.digitize(_logit(found.seen), _EDGES)
    share: Scores = (_PRIOR * found.seen + ads[of]) / (_PRIOR + labels[of])
    return share


def _outcome(scores: Scores, ad: NDArray[Any], remove: float, review: float, costs: Costs, weeks: float) -> Outcome:
    """`ad` (n,) is how likely each post is one."""
    removed, shown = scores >= remove, scores < review
    wrongly, missed = float((1 - ad[removed].astype(float)).sum()), float(ad[shown].sum())
    unsure = int(scores.size - removed.sum() - shown.sum())
    cost = costs.lost * wrongly + costs.missed * missed + costs.review * unsure
    return Outcome(*(float(n) / weeks for n in (removed.sum(), wrongly, unsure, missed, cost)))


def _logit(scores: Scores) -> Scores:
    clipped = np.clip(scores, 1e-9, 1 - 1e-9)
    odds: Scores = np.log(clipped / (1 - clipped))
    return odds
