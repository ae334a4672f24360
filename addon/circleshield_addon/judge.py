"""Posts to verdicts: remembered scores, one batch through the scorer for the rest, then the user's policy."""

from collections.abc import Callable, Sequence
from functools import partial

from circleshield_addon.choices import BLOCKED, Choices
from circleshield_addon.post import Post, Verdict
from circleshield_addon.settings import Settings
from circleshield_model.scorer import Scorer

_REMEMBERED = 20_000  # texts; a feed is seen again on refresh, on scrolling back, on another device


class Judge:
    """Applies one scorer and one set of settings. Safe to use from several threads."""

    def __init__(self, scorer: Scorer, settings: Settings, choices: Callable[[], Choices] = Choices) -> None:
        """`choices` is asked for each page what the user has chosen by now."""
        self._scorer = scorer
        self._choices = choices
        self._action = settings.filter.action
        self._platform_ads = settings.filter.platform_ads
        own = settings.filter
        self.remove_at = scorer.remove_at if own.remove_at is None else own.remove_at
        self.review_at = min(self.remove_at, scorer.review_at if own.review_at is None else own.review_at)
        self._remembered: dict[str, float] = {}

    def verdicts(self, posts: Sequence[Post], platform: str = "") -> list[Verdict]:
        """One verdict a post of `platform`, in order."""
        scores = self._scores([post.text for post in posts])
        choices = self._choices()
        return [self._verdict(post, scores[post.text], choices.rule(platform, post)) for post in posts]

    def _scores(self, texts: Sequence[str]) -> dict[str, float]:
        remembered = self._remembered
        scores = {text: score for text in texts if (score := remembered.get(text)) is not None}
        new = [text for text in dict.fromkeys(texts) if text not in scores]
        if new:
            fresh = dict(zip(new, self._scorer.scores(new).tolist(), strict=True))
            if len(remembered) + len(fresh) > _REMEMBERED:
                remembered.clear()
            remembered.update(fresh)
            scores.update(fresh)
        return scores

    def _verdict(self, post: Post, score: float, chosen: str | None) -> Verdict:
        if chosen is not None:
            return Verdict(post, score, self._action if chosen == BLOCKED else "keep", (chosen,))
        if post.ad and self._platform_ads:
            return Verdict(post, score, self._action, ("flagged as an ad by the platform",))
        if score < self.review_at:
            return Verdict(post, score, "keep", (f"score {score:.2f} < {self.review_at:.2f}",))
        evidence = partial(self._scorer.reasons, post.text, spam=True)
        if score < self.remove_at:
            return Verdict(post, score, "review", (f"score {score:.2f} ≥ {self.review_at:.2f}",), evidence)
        return Verdict(post, score, self._action, (f"score {score:.2f} ≥ {self.remove_at:.2f}",), evidence)
