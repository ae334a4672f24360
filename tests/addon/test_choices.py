"""The user's choices of posts and authors: before everything else."""

import pytest

from circleshield_addon.choices import Choices, PostChoice
from circleshield_addon.judge import Judge
from circleshield_addon.post import Post, Verdict
from circleshield_addon.settings import Filter, Settings
from circleshield_model.scorer import Scorer

SCORER = Scorer.load()
SALES = "补水面膜到货啦！今晚下单买三送一，一件也是批发价，加微信 qj88201 找我拿货💕 诚招代理，零门槛，月入过万"
FRIEND = "周末和爸妈去爬山，下山的时候下雨了，三个人挤一把伞，笑了一路。"


def _verdict(text: str, choices: Choices, settings: Settings = Settings(), ad: bool = False) -> Verdict:  # noqa: B008
    judge = Judge(SCORER, settings, lambda: choices)
    (verdict,) = judge.verdicts([Post("p", "a", "n", text, ad)], "weibo_web")
    return verdict


RESTORED: dict[tuple[str, str], PostChoice] = {("weibo", "p"): "social"}


@pytest.mark.parametrize(
    ("choices", "text", "ad", "action", "rule"),
    [
        (Choices(RESTORED), SALES, True, "keep", "shown again at your wish"),
        (Choices(RESTORED, {("weibo", "a"): "block"}), SALES, False, "keep", "shown again at your wish"),
        (Choices({("weibo", "p"): "spam"}), FRIEND, False, "remove", "spam at your word"),
        (Choices({("weibo", "p"): "spam"}, {("weibo", "a"): "allow"}), FRIEND, False, "remove", "spam at your word"),
        (Choices(authors={("weibo", "a"): "allow"}), SALES, True, "keep", "author allowed at your wish"),
        (Choices(authors={("weibo", "a"): "block"}), FRIEND, False, "remove", "author blocked at your wish"),
        (Choices(authors={("weibo", "a"): "block"}), FRIEND, True, "remove", "author blocked at your wish"),
    ],
)
def test_precedence(choices: Choices, text: str, ad: bool, action: str, rule: str) -> None:
    verdict = _verdict(text, choices, ad=ad)
    assert (verdict.action, verdict.rules) == (action, (rule,))


@pytest.mark.parametrize(
    "choices",
    [
        Choices({("x", "p"): "social", ("weibo", "q"): "social"}),
        Choices({("weibo", "p"): "unsure"}),
        Choices(authors={("x", "a"): "allow"}),
    ],
)
def test_choices_about_others_do_not_matter(choices: Choices) -> None:
    found, usual = _verdict(SALES, choices), _verdict(SALES, Choices())
    assert (found.action, found.score, found.reasons) == (usual.action, usual.score, usual.reasons)


def test_a_blocked_author_gets_the_action_of_the_settings() -> None:
    blocked = Choices(authors={("weibo", "a"): "block"})
    assert _verdict(FRIEND, blocked, Settings(filter=Filter(action="watch"))).action == "watch"


def test_posts_without_ids_are_nobodys() -> None:
    choices = Choices({("weibo", ""): "social"}, {("weibo", ""): "allow"})
    (verdict,) = Judge(SCORER, Settings(), lambda: choices).verdicts([Post("", "", "", SALES, False)], "weibo")
    assert verdict.action == "remove"


def test_a_post_without_an_id_is_known_by_author_and_text() -> None:
    post, other = (Post("", "a", "n", text, False) for text in (SALES, SALES + "!"))
    judge = Judge(SCORER, Settings(), lambda: Choices({("weibo", post.key): "social"}))
    assert [verdict.action for verdict in judge.verdicts([post, other], "weibo_web")] == ["keep", "remove"]
