"""Posts to verdicts: remembered scores, one batch through the scorer for the rest, then the user's policy."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from circleshield_addon.adapter import platform_of
from circleshield_addon.choices import BLOCKED, TAKEN_OUT, Choices
from circleshield_addon.language import Language, language
from circleshield_addon.post import Post, Verdict
from circleshield_addon.rules import Rules
from circleshield_addon.settings import Settings, SpamAction
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer

_REMEMBERED = 20_000  # texts; a feed is seen again on refresh, on scrolling back, on another device


class Policy(NamedTuple):
    """What holds for one platform and one profile, the model's own cut-offs put in."""

    action: SpamAction
    remove_at: float
    review_at: float
    platform_ads: bool
    languages: tuple[Language, ...]
    min_length: int


class Judge:
    """Applies one scorer and one set of settings. Safe to use from several threads.

    Of what may decide, the first does: the user's choice of a post or an author, an allowing rule, a blocking rule, the
    platform's own flag of an ad, language and length, the score. Raises InputError when the settings do not go with the
    model's cut-offs.
    """

    def __init__(
        self,
        scorer: Scorer,
        settings: Settings,
        choices: Callable[[], Choices] = Choices,
        before: "Judge | None" = None,
    ) -> None:
        """`choices` is asked for each page what the user has chosen by now.

        With `before`, an earlier judge, its choices are asked, and its remembered scores shared if they are of the same
        scorer.
        """
        self.scorer = scorer
        self._choices: Callable[[], Choices] = choices if before is None else before._choices
        self._remembered: dict[str, float] = {}
        if before is not None and before.scorer is scorer:
            self._remembered = before._remembered
        self._rules = Rules(settings.rules)
        self._profile_of = settings.profile_of
        self._policies = {
            (platform, profile): effective_policy(settings, scorer, platform, profile)
            for platform, profile in settings.combinations()
        }

    def policy(self, platform: str = "", device: str = "") -> Policy:
        """What holds for a platform and a device."""
        profile = self._profile_of.get(device)
        return self._policies.get((platform, profile)) or self._policies[None, profile]

    def verdicts(self, posts: Sequence[Post], platform: str = "", device: str = "") -> list[Verdict]:
        """One verdict a post, in order; `platform` is the adapter's name."""
        scores = self._scores([post.text for post in posts])
        policy, choices, ids = self.policy(platform, device), self._choices(), platform_of(platform)
        return [self._verdict(post, scores[post.text], choices.rule(ids, post), platform, policy) for post in posts]

    def _scores(self, texts: Sequence[str]) -> dict[str, float]:
        remembered = self._remembered
        scores = {text: score for text in texts if (score := remembered.get(text)) is not None}
        new = [text for text in dict.fromkeys(texts) if text not in scores]
        if new:
            fresh = dict(zip(new, self.scorer.scores(new).tolist(), strict=True))
            if len(remembered) + len(fresh) > _REMEMBERED:
                remembered.clear()
            remembered.update(fresh)
            scores.update(fresh)
        return scores

    def _verdict(self, post: Post, score: float, chosen: str | None, platform: str, policy: Policy) -> Verdict:
        if chosen is not None:
            return Verdict(post, score, policy.action if chosen in (BLOCKED, TAKEN_OUT) else "keep", (chosen,))
        rule = self._rules.first(post, platform)
        if rule is not None:
            return Verdict(post, score, "keep" if rule.effect == "allow" else policy.action, (str(rule),))
        if post.ad and policy.platform_ads:
            return Verdict(post, score, policy.action, ("flagged as an ad by the platform",))
        if (why := _not_judged(post.text, policy)) is not None:
            return Verdict(post, score, "keep", (why,))
        if score < policy.review_at:
            return Verdict(post, score, "keep", (f"score {score:.2f} < {policy.review_at:.2f}",))
        evidence = partial(self.scorer.reasons, post.text, spam=True)
        if score < policy.remove_at:
            return Verdict(post, score, "review", (f"score {score:.2f} ≥ {policy.review_at:.2f}",), evidence)
        return Verdict(post, score, policy.action, (f"score {score:.2f} ≥ {policy.remove_at:.2f}",), evidence)


def effective_policy(settings: Settings, scorer: Scorer, platform: str | None, profile: str | None) -> Policy:
    """The effective values for a platform and a profile. Raises InputError if they contradict the model's cut-offs."""
    own, origins = settings.effective(platform, profile)
    remove_at = scorer.remove_at if own.remove_at is None else own.remove_at
    if own.remove_at is None and own.review_at is not None and own.review_at > remove_at:
        key = origins["review_at"]
        raise InputError(
            f"{key} must not be above remove_at, which is the model's own here: got {own.review_at} and {remove_at}; "
            f"set {key.removesuffix('review_at')}remove_at as well"
        )
    review_at = min(remove_at, scorer.review_at if own.review_at is None else own.review_at)
    return Policy(own.action, remove_at, review_at, own.platform_ads, own.languages, own.min_length)


def _not_judged(text: str, policy: Policy) -> str | None:
    if len(text) < policy.min_length:
        return f"{len(text)} characters < {policy.min_length}"
    found = language(text)
    if found in policy.languages:
        return None
    return f"language {found} is not judged" if found else "in none of the languages that can be judged"
