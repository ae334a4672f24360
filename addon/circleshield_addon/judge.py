"""Posts to verdicts: remembered scores, one batch through the scorer for the rest, then the user's policy."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import batched
from typing import NamedTuple
from weakref import ref

from circleshield_addon.adapter import platform_of
from circleshield_addon.choices import BLOCKED, TAKEN_OUT, Choices
from circleshield_addon.desk import with_pauses
from circleshield_addon.friends import Author, Friends, Past
from circleshield_addon.language import Language, languages
from circleshield_addon.post import Action, ByScore, Post, Verdict
from circleshield_addon.rules import Rules
from circleshield_addon.same_text import SameText, Words, same_text_shift
from circleshield_addon.settings import Settings, SpamAction
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer


class Policy(NamedTuple):
    """What holds for one platform and one profile, the model's own cut-offs put in."""

    action: SpamAction
    remove_at: float
    review_at: float
    platform_ads: bool
    languages: tuple[Language, ...]
    min_length: int


_REMEMBERED = 10_000  # texts; a feed is seen again on refresh, on scrolling back, on another device
_WAITING = 200  # posts
_AT_A_TIME = 50  # texts to be scored
_Reading = tuple[float, Language | None]
"""What is found out about a text: its score, and the language it is in."""


class Judge:
    """Applies one scorer and one set of settings. Safe to use from several threads.

    Of what may decide, the first does: the user's choice of a post or an author, an allowing rule, a blocking rule, the
    shield that `[friends] shield_after` puts up, the platform's own flag of an ad, language and length, the score. The
    score is the text's, moved by the author's earlier posts and by the same text from other accounts.
    Raises InputError when the settings do not go with the model's cut-offs.
    """

    def __init__(
        self,
        scorer: Scorer,
        settings: Settings,
        choices: Callable[[], Choices] = Choices,
        before: "Judge | None" = None,
        friends: Friends | None = None,
    ) -> None:
        """`choices` is asked for each page what the user has chosen by now; `friends` knows the authors' earlier posts.

        With `before`, an earlier judge, its choices are asked, and what it knows is shared; its remembered scores too
        if they are of the same scorer.
        """
        self.scorer = scorer
        self._choices: Callable[[], Choices] = choices if before is None else before._choices
        self._friends: Friends = (friends or Friends()) if before is None else before._friends
        self._same_text: SameText = SameText() if before is None else before._same_text
        # By the texts' hashes, which Python keys anew in each process: no sender can aim at another text's.
        self._remembered: dict[int, _Reading] = {}
        if before is not None and before.scorer is scorer:
            self._remembered = before._remembered
        self._reasons = _Reasons(scorer)
        self._rules = Rules(settings.rules)
        self._history, self._shield_after = settings.friends.history, settings.friends.shield_after
        self._profile_of = settings.profile_of
        self._policies = {
            (platform, profile): effective_policy(settings, scorer, platform, profile)
            for platform, profile in settings.combinations()
        }

    def policy(self, platform: str = "", device: str = "") -> Policy:
        """What holds for a platform and a device."""
        profile = self._profile_of.get(device)
        return self._policies.get((platform, profile)) or self._policies[None, profile]

    def remembers(self, posts: Sequence[Post]) -> bool:
        """Whether there is no text to be scored among them."""
        return all(hash(post.text) in self._remembered for post in posts)

    def verdicts(self, posts: Sequence[Post], platform: str = "", device: str = "") -> list[Verdict]:
        """One verdict a post, in order; `platform` is the adapter's name."""
        readings, words = self._readings([post.text for post in posts])
        policy, choices, ids = self.policy(platform, device), self._choices(), platform_of(platform)
        everywhere = self.policy(platform)  # whoever looks at it
        scores = [score for score, _ in readings]
        others = self._same_text.others(ids, posts, scores, _half_way(everywhere), words)
        found: list[Verdict] = []
        for post, (text_score, written_in) in with_pauses(zip(posts, readings, strict=True), after=100):
            author = self._friends.author(ids, post.author_id)
            why_not = _not_judged(post.text, written_in, policy)
            judged = why_not is None if policy is everywhere else _not_judged(post.text, written_in, everywhere) is None
            sales = text_score >= everywhere.remove_at if judged else None
            decided = self._ruled(post, platform, policy, choices, author)
            if decided is None and why_not is not None:
                decided = "keep", why_not
            if decided is not None:
                found.append(Verdict(post, text_score, decided[0], (decided[1],), sales=sales))
            else:
                found.append(self._scored(post, text_score, sales, policy, author, others.get(post.key, 0)))
        return found

    def _readings(self, texts: Sequence[str]) -> tuple[list[_Reading], Words]:
        """What is found out about each text, and the words of those that are new."""
        remembered = self._remembered
        found = [remembered.get(hash(text)) for text in texts]
        new = list(dict.fromkeys(text for text, known in zip(texts, found, strict=True) if known is None))
        words = Words()
        if not new:
            return found, words  # type: ignore[return-value]
        fresh: dict[str, _Reading] = {}
        for some in with_pauses(batched(new, _AT_A_TIME), after=1):
            read = self.scorer.read(some)
            words.add(some, read.units, read.rows)
            fresh.update(zip(some, zip(read.scores.tolist(), languages(some), strict=True), strict=True))
        if len(remembered) + len(fresh) > _REMEMBERED:
            remembered.clear()
        remembered.update((hash(text), reading) for text, reading in fresh.items())
        return [known or fresh[text] for text, known in zip(texts, found, strict=True)], words

    def _ruled(
        self, post: Post, platform: str, policy: Policy, choices: Choices, author: Author | None
    ) -> tuple[Action, str] | None:
        """What comes of a post whatever its text scores, and by which rule; None where the score decides."""
        ids = platform_of(platform)
        if (chosen := choices.rule(ids, post)) is not None:
            return policy.action if chosen in (BLOCKED, TAKEN_OUT) else "keep", chosen
        if (rule := self._rules.first(post, platform)) is not None:
            return "keep" if rule.effect == "allow" else policy.action, str(rule)
        if author is not None and author.is_shielded(self._shield_after) and not choices.is_judged(ids, post.author_id):
            return policy.action, f"author shielded after {author.sales_posts} sales posts"
        if post.ad and policy.platform_ads:
            return policy.action, "flagged as an ad by the platform"
        return None

    def _scored(
        self,
        post: Post,
        text_score: float,
        sales: bool | None,
        policy: Policy,
        author: Author | None,
        others: int,
    ) -> Verdict:
        moved = self._moved(post, author, others)
        score = shifted(text_score, sum(shift for _, shift in moved)) if moved else text_score
        if score < policy.review_at:
            by = ByScore(text_score, policy.review_at, moved)
            return Verdict(post, score, "keep", by, sales=sales, moved=bool(moved))
        action: Action = "review" if score < policy.remove_at else policy.action
        by = ByScore(text_score, policy.review_at if action == "review" else policy.remove_at, moved)
        return Verdict(post, score, action, by, self._reasons.of(post.text), sales=sales, moved=bool(moved))

    def _moved(self, post: Post, author: Author | None, others: int) -> tuple[tuple[str, float], ...]:
        """What moves the score besides the text: the reason, and by how much in log-odds."""
        moved: tuple[tuple[str, float], ...] = ()
        if author is not None and self._history:
            by_history = _by_history(author.past(post.key), self._friends.usual)
            if by_history[1]:
                moved = (by_history,)
        if shift := same_text_shift(others):
            moved += ((f"the same text from {others} other accounts", shift),)
        return moved


@lru_cache(1024)  # authors are alike: most have posted nothing for sale
def _by_history(past: Past, usual: float) -> tuple[str, float]:
    return str(past), past.shift(usual)


class _Reasons:
    """What speaks for sales in posts. When first asked for, it is worked out for all that wait: much faster."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._waiting: deque[ref[_Reason]] = deque(maxlen=_WAITING)  # as long as anybody may still ask for it

    def of(self, text: str) -> Callable[[], tuple[str, ...]]:
        """Those of one post, when they are asked for."""
        reason = _Reason(text)
        self._waiting.append(ref(reason))
        return partial(self._asked, reason)

    def _asked(self, reason: "_Reason") -> tuple[str, ...]:
        if reason.found is None:
            asked = {reason}
            with suppress(IndexError):  # another thread may take some as well
                while True:
                    if (waiting := self._waiting.popleft()()) is not None:
                        asked.add(waiting)
            pieces = self._scorer.reasons([each.text for each in asked], [True] * len(asked))
            for each, found in zip(asked, pieces, strict=True):
                each.found = found
        assert reason.found is not None
        return reason.found


@dataclass(slots=True, weakref_slot=True, eq=False)
class _Reason:
    text: str
    found: tuple[str, ...] | None = None


def shifted(score: float, shift: float) -> float:
    """A probability moved by log-odds."""
    return 1 / (1 + math.exp(-_log_odds(score) - shift))


def _log_odds(score: float) -> float:
    within = min(max(score, 1e-9), 1 - 1e-9)
    return math.log(within / (1 - within))


def _half_way(policy: Policy) -> float:
    """The score half way between the cut-offs, by log-odds: what goes round and scores less may be a chain letter."""
    return shifted(policy.review_at, (_log_odds(policy.remove_at) - _log_odds(policy.review_at)) / 2)


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


def _not_judged(text: str, written_in: Language | None, policy: Policy) -> str | None:
    if len(text) < policy.min_length:
        return f"{len(text)} characters < {policy.min_length}"
    if written_in in policy.languages:
        return None
    return f"language {written_in} is not judged" if written_in else "in none of the languages that can be judged"
