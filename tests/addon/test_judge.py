"""What decides about a post, in which order, and where its cut-offs come from."""

import math
import tracemalloc
from collections.abc import Sequence
from itertools import combinations
from typing import Any, ClassVar

import pytest

from circleshield_addon import judge as judge_module
from circleshield_addon.choices import AuthorChoice, Choices
from circleshield_addon.friends import Friends
from circleshield_addon.judge import Judge
from circleshield_addon.ledger import Row
from circleshield_addon.post import Post, Verdict
from circleshield_addon.rules import Rule
from circleshield_addon.settings import Filter, Platform, Profile, Settings
from circleshield_addon.settings import Friends as FriendSettings
from circleshield_model.errors import InputError
from circleshield_model.scorer import Reading, Scorer

SALES = (
    "补水面膜到货啦！今晚下单买三送一，一件也是批发价，想要的宝贝加微信 qj88201 找我拿货💕 诚招代理，零门槛，月入过万"
)
FRIEND = "儿子今天中考查分，全家围着一台手机刷新到第七遍才进去，过线了，晚上吃火锅。"
SCORER = Scorer.load()

# What may decide, the strongest first: the action that follows, and how its reason begins.
DECIDING = {
    "allowed author": ("keep", "author allowed at your wish"),
    "allow": ("keep", "allowed by your rule: author 林小满"),
    "block": ("fold", "blocked by your rule: word 面膜"),
    "shield": ("fold", "author shielded after 5 sales posts"),
    "ad": ("fold", "flagged as an ad by the platform"),
    "length": ("keep", " characters < 500"),
    "language": ("keep", "language zh is not judged"),
    "score": ("fold", "score "),
}


def _post(text: str = SALES, ad: bool = False) -> Post:
    return Post("1", "7", "林小满", text, ad=ad)


def _known(sales: int, ordinary: int = 0, platform: str = "weibo") -> Friends:
    """What is known when the author 7 had so many posts."""
    friends = Friends()
    rows: list[Row] = [
        (0, platform, "7", "", f"old {n}", None, None, 0.0, "", "", "", n < sales) for n in range(sales + ordinary)
    ]
    friends.saw(rows)
    return friends


def _cut_above(text: str, log_odds: float) -> float:
    """A cut-off by so much above what a text scores."""
    (score,) = SCORER.scores([text]).tolist()
    return float(1 / (1 + math.exp(-math.log(score / (1 - score)) - log_odds)))


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
    friends = FriendSettings(shield_after=5 if "shield" in present else None)
    choices = Choices(authors={("weibo", "7"): "allow"} if "allowed author" in present else {})
    judge = Judge(
        SCORER, Settings(filter=Filter(**own), rules=chosen, friends=friends), lambda: choices, friends=_known(5)
    )
    verdict = _verdict(judge, _post(SALES if "score" in present else FRIEND + "面膜", ad="ad" in present))
    action, reason = DECIDING[next(name for name in DECIDING if name in present)]
    assert verdict.action == action
    assert reason in verdict.rules[0]
    assert len(verdict.rules) == (2 if reason == "score " else 1), "history says something where the score decides"


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


class Counting(Scorer):
    """Knows what it was asked about."""

    asked: ClassVar[list[str]] = []

    def read(self, texts: Sequence[str]) -> Reading:
        self.asked.extend(texts)
        return super().read(texts)


@pytest.fixture
def counting() -> Counting:
    scorer = Counting.load()
    Counting.asked.clear()
    return scorer


def test_what_is_remembered_goes_on_to_the_next_judge_of_the_same_scorer(counting: Counting) -> None:
    first = Judge(counting, Settings())
    first.verdicts([_post()])
    second = Judge(counting, Settings(filter=Filter(action="watch")), before=first)
    assert _verdict(second, _post()).action == "watch"
    assert counting.asked == [SALES]
    Judge(SCORER, Settings(), before=second).verdicts([_post()])
    assert counting.asked == [SALES]


def test_of_texts_only_hashes_are_remembered() -> None:
    judge, long = Judge(SCORER, Settings()), FRIEND * 1_000
    judge.verdicts([_post(long)])  # what is made once
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for n in range(20):
        judge.verdicts([_post(f"{n} {long}")])
    assert tracemalloc.get_traced_memory()[0] - before < 100_000
    tracemalloc.stop()


def test_so_many_texts_are_remembered_and_no_more(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_module, "_REMEMBERED", 3)
    judge = Judge(counting, Settings())
    for text in "abcabcdd":
        judge.verdicts([_post(text)])
    assert counting.asked == list("abcd")
    judge.verdicts([_post("a")])
    assert counting.asked == list("abcda"), "all are forgotten at once"


SOFT = "用了半个月，脸真的透亮了，姐妹们的反馈我天天看到手软"


def test_history_takes_out_what_the_text_alone_does_not_give_away() -> None:
    settings = Settings(filter=Filter(remove_at=_cut_above(SOFT, 1.0), review_at=0.5))
    text_score = float(SCORER.scores([SOFT])[0])
    assert _verdict(Judge(SCORER, settings), _post(SOFT)).rules == (f"score {text_score:.2f} ≥ 0.50",)
    verdict = _verdict(Judge(SCORER, settings, friends=_known(7, 2)), _post(SOFT))
    assert verdict.action == "remove"
    assert verdict.score > settings.filter.remove_at > text_score  # type: ignore[operator]
    assert verdict.rules == (
        f"score {verdict.score:.2f} ≥ {settings.filter.remove_at:.2f} (text {text_score:.2f})",
        "7 of 9 earlier posts were sales +1.5",
    )
    assert verdict.sales is False, "by its text alone it is none, and so does not feed the history that moved it"


def test_history_keeps_a_friends_odd_post() -> None:
    settings = Settings(filter=Filter(remove_at=_cut_above(SOFT, -0.1), review_at=0.1))
    assert _verdict(Judge(SCORER, settings), _post(SOFT)).action == "remove"
    verdict = _verdict(Judge(SCORER, settings, friends=_known(0, 30)), _post(SOFT))
    assert verdict.action == "review"
    assert verdict.rules[1].startswith("0 of 30 earlier posts were sales -")
    assert _verdict(Judge(SCORER, Settings(), friends=_known(0, 100)), _post(SALES)).action == "remove"


def test_a_sellers_own_life_is_left_alone() -> None:
    assert (
        _verdict(Judge(SCORER, Settings(), friends=_known(100)), _post("晚上和女儿包了饺子，她捏的都像小船")).action
        == "keep"
    )


@pytest.mark.parametrize(
    ("history", "known", "choice", "platform"),
    [
        (False, _known(9), None, "weibo_web"),
        (True, _known(9), "allow", "weibo_web"),
        (True, _known(9), None, "x"),
        (True, _known(0), None, "weibo_web"),
        (True, _known(1), None, "weibo_web"),
    ],
    ids=["switched off", "allowed author", "another platform", "new author", "one post may be a mistake"],
)
def test_history_moves_nothing(history: bool, known: Friends, choice: AuthorChoice | None, platform: str) -> None:
    choices = Choices(authors={("weibo", "7"): choice} if choice else {})
    settings = Settings(friends=FriendSettings(history=history))
    verdict = _verdict(Judge(SCORER, settings, lambda: choices, friends=known), _post(SOFT), platform)
    assert verdict.score == SCORER.scores([SOFT])[0]
    assert not verdict.moved
    assert len(verdict.rules) == 1


def test_history_and_the_same_text_add_up() -> None:
    settings = Settings(filter=Filter(remove_at=_cut_above(SOFT, 2.0), review_at=0.5))
    text = SOFT + "，想要同款的姐妹来问我，今天再发最后一批"
    judge = Judge(SCORER, settings, friends=_known(7, 2))
    shown = [Post(str(n), author, author, text, ad=False) for n, author in enumerate(("8", "9", "10", "7"))]
    verdict = judge.verdicts(shown, "weibo_web")[-1]
    assert [rule.rpartition(" ")[0] for rule in verdict.rules[1:]] == [
        "7 of 9 earlier posts were sales",
        "the same text from 3 other accounts",
    ]
    before, after = float(SCORER.scores([text])[0]), verdict.score
    moved = math.log(after / (1 - after)) - math.log(before / (1 - before))
    assert moved == pytest.approx(1.5 + 1.5, abs=1e-6)


@pytest.mark.parametrize(
    ("choice", "rule"), [("judge", "score "), ("allow", "author allowed"), ("block", "author blocked")]
)
def test_the_users_choice_goes_before_a_shield(choice: AuthorChoice, rule: str) -> None:
    settings = Settings(friends=FriendSettings(shield_after=3))
    shielded = Judge(SCORER, settings, friends=_known(3))
    assert _verdict(shielded, _post(FRIEND)).rules == ("author shielded after 3 sales posts",)
    assert _verdict(shielded, _post(FRIEND)).sales is False, "still judged, for the history"
    chosen = Judge(SCORER, settings, lambda: Choices(authors={("weibo", "7"): choice}), friends=_known(3))
    assert _verdict(chosen, _post(FRIEND)).rules[0].startswith(rule)
    assert _verdict(Judge(SCORER, settings, friends=_known(2)), _post(FRIEND)).rules[0].startswith("score")


def test_what_is_known_goes_on_to_the_next_judge() -> None:
    friends = _known(3)
    before = Judge(SCORER, Settings(), lambda: Choices(), friends=friends)
    after = Judge(SCORER, Settings(friends=FriendSettings(shield_after=3)), before=before)
    assert _verdict(after, _post(FRIEND)).action == "remove"


def test_what_counts_for_the_history_is_the_same_for_all_devices() -> None:
    strict = Profile(devices=("192.168.1.7",), remove_at=0.0, review_at=0.0, languages=("zh",))
    judge = Judge(SCORER, Settings(profiles={"child": strict}))
    verdict = _verdict(judge, _post(FRIEND), device="192.168.1.7")
    assert (verdict.action, verdict.sales) == ("remove", False)
    assert _verdict(judge, _post("Join my team, wholesale price, DM me"), device="192.168.1.7").sales is not None
    assert _verdict(judge, _post("かわいい猫と散歩した")).sales is None
