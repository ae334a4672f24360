"""The user's rules: conditions, precedence, expiry."""

import time
from datetime import date, timedelta

import pydantic
import pytest

from circleshield_addon.post import Post
from circleshield_addon.rules import Rule, Rules

POST = Post("1", "7700000001", "林小满", "周末去看展 Free tickets at shop.example.com/x ，门票便宜", ad=False)
TODAY = date.today()


def _first(*rules: Rule, post: Post = POST, platform: str = "weibo_web") -> Rule | None:
    return Rules(rules).first(post, platform)


@pytest.mark.parametrize(
    "rule",
    [
        Rule(effect="block", author="weibo:7700000001"),
        Rule(effect="block", author="林小满"),
        Rule(effect="block", word="门票"),
        Rule(effect="block", word="free TICKETS"),
        Rule(effect="block", pattern=r"(?i)free\s+tick"),
        Rule(effect="block", link="shop.example.com"),
        Rule(effect="block", link="example.com"),
        Rule(effect="block", word="门票", platform="weibo_web"),
        Rule(effect="block", author="林小满", word="门票", pattern="展", link="example.com"),
        Rule(effect="block", word="门票", until=TODAY),
    ],
)
def test_a_rule_that_is_met(rule: Rule) -> None:
    assert _first(rule) is rule


@pytest.mark.parametrize(
    "rule",
    [
        Rule(effect="block", author="x:7700000001"),
        Rule(effect="block", author="7700000001"),
        Rule(effect="block", author="林小"),
        Rule(effect="block", word="ticket"),
        Rule(effect="block", word="ree"),
        Rule(effect="block", pattern="^门票"),
        Rule(effect="block", link="ample.com"),
        Rule(effect="block", link="other.example.com"),
        Rule(effect="block", word="门票", platform="x"),
        Rule(effect="block", author="林小满", word="面膜"),
        Rule(effect="block", word="门票", until=TODAY - timedelta(days=2)),
    ],
)
def test_a_rule_that_is_not_met(rule: Rule) -> None:
    assert _first(rule) is None


def test_only_from_this_author_posts_with_this_word() -> None:
    rule = Rule(effect="block", author="林小满", word="门票")
    other = Post("2", "8", "别人", POST.text, ad=False)
    assert _first(rule, post=other) is None
    assert _first(rule, post=Post("3", "9", "林小满", "下雨", ad=False)) is None


def test_allow_goes_before_block_wherever_it_stands() -> None:
    block, allow = Rule(effect="block", word="门票"), Rule(effect="allow", author="林小满")
    assert _first(block, allow) is allow
    assert _first(allow, block) is allow
    assert _first(block, Rule(effect="allow", author="别人")) is block


def test_the_first_of_several_is_named() -> None:
    first, second = Rule(effect="block", word="展"), Rule(effect="block", word="门票")
    assert _first(first, second) is first
    assert str(first) == "blocked by your rule: word 展"
    assert str(Rule(effect="allow", author="a", link="b.example")) == "allowed by your rule: author a, link b.example"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"effect": "block"}, "needs at least one of author, word, pattern, link"),
        ({"effect": "block", "platform": "x"}, "needs at least one of author, word, pattern, link"),
        ({"effect": "block", "pattern": "(a"}, "is not an RE2 regular expression: missing )"),
        ({"effect": "block", "pattern": "(?=a)b"}, "is not an RE2 regular expression: invalid perl operator"),
        ({"effect": "hide", "word": "a"}, "Input should be 'allow' or 'block'"),
        ({"effect": "block", "words": "a"}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_no_rule(values: dict[str, object], message: str) -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        Rule.model_validate(values)
    assert message in str(caught.value)


def test_patterns_cannot_stall() -> None:
    """RE2 takes this in its stride; a backtracking engine would need longer than the universe has."""
    rules = Rules([Rule(effect="block", pattern=r"^(a+)+$")])
    post = Post("1", "2", "a", "a" * 5000 + "b", ad=False)
    before = time.process_time()
    assert rules.first(post, "x") is None
    assert time.process_time() - before < 30


def test_no_rules_and_empty_posts() -> None:
    assert _first() is None
    assert _first(Rule(effect="block", word="a"), post=Post("", "", "", "", ad=False)) is None
