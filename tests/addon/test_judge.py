"""What decides about a post, in which order, and where its cut-offs come from."""

from itertools import combinations
from typing import Any

import pytest

from circleshield_addon.judge import Judge
from circleshield_addon.post import Post, Verdict
from circleshield_addon.rules import Rule
from circleshield_addon.settings import Filter, Platform, Profile, Settings
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer

SALES = (
    "补水面膜到货啦！今晚下单买三送一，一件也是批发价，想要的宝贝加微信 qj88201 找我拿货💕 诚招代理，零门槛，月入过万"
)
FRIEND = "儿子今天中考查分，全家围着一台手机刷新到第七遍才进去，过线了，晚上吃火锅。"
SCORER = Scorer.load()

# What may decide, the strongest first: the action that follows, and how its reason begins.
DECIDING = {
    "allow": ("keep", "allowed by your rule: author 林小满"),
    "block": ("fold", "blocked by your rule: word 面膜"),
    "ad": ("fold", "flagged as an ad by the platform"),
    "length": ("keep", " characters < 500"),
    "language": ("keep", "language zh is not judged"),
    "score": ("fold", "score "),
}


def _post(text: str = SALES, ad: bool = False) -> Post:
    return Post("1", "7", "林小满", text, ad=ad)


def _verdict(judge: Judge, post: Post, platform: str = "weibo_web", device: str = "") -> Verdict:
    (verdict,) = judge.verdicts([post], platform, device)
    return verdict


@pytest.mark.parametrize("present", [set(pair) for pair in combinations(DECIDING, 2)] + [set(DECIDING), {"score"}])
def test_the_stronger_of_each_pair_decides(present: set[str]) -> None:
    rules = {"allow": Rule(effect="allow", author="林小满"), "block": Rule(effect="block", word="面膜")}
    own: dict[str, Any] = {"action": "fold"}
    if "length" in present:
        own["min_length"] = 500
    if "language" in present:
        own["languages"] = ("en",)
    chosen = tuple(rules[name] for name in ("block", "allow") if name in present)
    judge = Judge(SCORER, Settings(filter=Filter(**own), rules=chosen))
    verdict = _verdict(judge, _post(SALES if "score" in present else FRIEND + "面膜", ad="ad" in present))
    action, reason = DECIDING[next(name for name in DECIDING if name in present)]
    assert verdict.action == action
    assert reason in verdict.rules[0]
    assert len(verdict.rules) == 1


@pytest.mark.parametrize(
    ("text", "languages", "reason"),
    [
        (SALES, ("en",), "language zh is not judged"),
        ("Join my team, wholesale price, DM me to order 💸", ("zh",), "language en is not judged"),
        ("今日は友達と映画を見に行った、とても楽しかった", ("zh", "en"), "in none of the languages that can be judged"),
        ("💕💕 123", ("zh", "en"), "in none of the languages that can be judged"),
        ("", ("zh", "en"), "in none of the languages that can be judged"),
    ],
)
def test_posts_in_other_languages_are_kept_and_say_so(text: str, languages: Any, reason: str) -> None:
    judge = Judge(SCORER, Settings(filter=Filter(remove_at=0.0, languages=languages)))
    verdict = _verdict(judge, _post(text))
    assert (verdict.action, verdict.rules) == ("keep", (reason,))


def test_length_counts_from_the_named_number_on() -> None:
    for length, action in ((len(SALES), "remove"), (len(SALES) + 1, "keep")):
        judge = Judge(SCORER, Settings(filter=Filter(min_length=length)))
        assert _verdict(judge, _post()).action == action


def test_a_profile_goes_before_a_platform_and_that_before_the_rest() -> None:
    settings = Settings(
        filter=Filter(action="label", remove_at=0.5),
        platforms={"x": Platform(action="fold", remove_at=0.6)},
        profiles={
            "mine": Profile(devices=("192.168.1.7", "::1"), action="watch"),
            "again": Profile(devices=("192.168.1.7", "192.168.1.8"), platform_ads=False),
        },
    )
    judge = Judge(SCORER, settings)
    assert _verdict(judge, _post(), "weibo_web").action == "label"
    assert _verdict(judge, _post(), "x").action == "fold"
    assert _verdict(judge, _post(), "x", "192.168.1.7").action == "watch"
    assert _verdict(judge, _post(), "weibo_web", "::1").action == "watch"
    assert judge.policy("x", "192.168.1.7").remove_at == 0.6
    assert judge.policy("x", "192.168.1.7").platform_ads, "the first profile that names the device counts"
    assert not judge.policy("x", "192.168.1.8").platform_ads
    assert judge.policy("x", "192.168.1.8").action == "fold"
    assert judge.policy("unheard of", "10.0.0.1") == judge.policy()


def test_rules_of_one_platform_leave_others_alone() -> None:
    judge = Judge(SCORER, Settings(rules=(Rule(effect="block", author="林小满", platform="x"),)))
    assert _verdict(judge, _post(FRIEND), "x").action == "remove"
    assert _verdict(judge, _post(FRIEND), "weibo_web").action == "keep"


def test_review_at_above_the_models_own_remove_at_is_refused() -> None:
    for settings in (
        Settings(filter=Filter(review_at=1.0)),
        Settings(platforms={"x": Platform(review_at=1.0)}),
        Settings(filter=Filter(review_at=1.0, remove_at=1.0), profiles={}, platforms={"x": Platform(remove_at=None)}),
    ):
        with pytest.raises(InputError, match=r"review_at must not be above remove_at, which is the model's own here"):
            Judge(SCORER, settings)
    with pytest.raises(InputError, match=r"; set profiles\.a\.remove_at as well"):
        Judge(SCORER, Settings(profiles={"a": Profile(devices=("::1",), review_at=1.0)}))


def test_what_is_remembered_goes_on_to_the_next_judge_of_the_same_scorer() -> None:
    asked: list[str] = []

    class Counting(Scorer):
        def scores(self, texts: Any) -> Any:
            asked.extend(texts)
            return super().scores(texts)

    scorer = Counting.load()
    asked.clear()
    first = Judge(scorer, Settings())
    first.verdicts([_post()])
    second = Judge(scorer, Settings(filter=Filter(action="watch")), before=first)
    assert _verdict(second, _post()).action == "watch"
    assert asked == [SALES]
    Judge(SCORER, Settings(), before=second).verdicts([_post()])
    assert asked == [SALES]
