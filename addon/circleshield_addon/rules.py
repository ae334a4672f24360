"""The user's own rules: allow and block by author, word, pattern and link, before any score counts.

Patterns are RE2, whose time is linear in the text, so none can stall traffic; it is loaded with the first (2 MB).
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import pydantic

from circleshield_addon.adapter import platform_of
from circleshield_addon.post import Post
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    import re2

Text = Annotated[str, pydantic.Field(min_length=1)]

_HOST = re.compile(r"(?:https?://|(?<![@\w.-]))((?:[a-z0-9-]+\.)+[a-z]{2,})(?![\w@-])", re.I)


class Rule(pydantic.BaseModel):
    """What to do with the posts that fulfil all the conditions given."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

    effect: Literal["allow", "block"]
    """`allow`: never touched; `block`: spam, whatever its score. Allow goes before block."""
    author: Text | None = None
    """`platform:id` as the log shows it, such as `weibo:7700000001`, or a display name."""
    word: Text | None = None
    """A word or phrase, in small or capital letters; Latin ones as whole words."""
    pattern: Text | None = None
    """A regular expression (RE2 syntax), found anywhere in the text."""
    link: Text | None = None
    """A host name that the text links to, or one above it."""
    platform: Text | None = None
    """Only on this platform."""
    until: date | None = None
    """Up to and with this day; the rule stays in the file, and does nothing after."""

    @pydantic.model_validator(mode="after")
    def _has_a_condition(self) -> "Rule":
        if not any((self.author, self.word, self.pattern, self.link)):
            raise ValueError("needs at least one of author, word, pattern, link")
        return self

    @pydantic.field_validator("pattern")
    @classmethod
    def _is_re2(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            import re2

            try:
                re2.compile(pattern, _quiet())
            except re2.error as e:
                reason = e.args[0].decode("utf-8", "replace") if isinstance(e.args[0], bytes) else str(e)
                raise ValueError(f"is not an RE2 regular expression: {reason}") from e
        return pattern

    def __str__(self) -> str:
        parts = (("author", self.author), ("word", self.word), ("pattern", self.pattern), ("link", self.link))
        done = "allowed" if self.effect == "allow" else "blocked"
        return f"{done} by your rule: " + ", ".join(f"{name} {value}" for name, value in parts if value)


class Rules:
    """All rules, indexed so that a post meets only those that may concern it.

    Raises InputError for more patterns than RE2 searches at once.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._by_author: defaultdict[str, list[int]] = defaultdict(list)
        self._by_link: defaultdict[str, list[int]] = defaultdict(list)
        self._by_text: list[int] = []  # pattern's number in the set -> rule
        expressions: list[str] = []
        for i, rule in enumerate(self._rules):
            if rule.author is not None:
                self._by_author[rule.author.casefold()].append(i)
            if rule.link is not None:
                self._by_link[rule.link.casefold()].append(i)
            for expression in (rule.pattern, _as_pattern(rule.word) if rule.word else None):
                if expression is not None:
                    expressions.append(expression)
                    self._by_text.append(i)
        self._texts = _set_of(expressions) if expressions else None

    def first(self, post: Post, platform: str) -> Rule | None:
        """The rule that decides: the first allowing one whose conditions are all fulfilled, else the first blocking."""
        if not self._rules:
            return None
        met: defaultdict[int, int] = defaultdict(int)
        ids = f"{platform_of(platform)}:{post.author_id}"
        for author in {ids.casefold(), post.author.casefold()}:
            for i in self._by_author.get(author, ()):
                met[i] += 1
        for match in (self._texts.Match(post.text) or ()) if self._texts is not None else ():
            met[self._by_text[match]] += 1
        if self._by_link:
            for i in {i for host in _hosts(post.text) for i in self._by_link.get(host, ())}:
                met[i] += 1
        found = [
            rule
            for i in sorted(met)
            if met[i] == _conditions(rule := self._rules[i]) and rule.platform in (None, platform) and _in_force(rule)
        ]
        return next((rule for rule in found if rule.effect == "allow"), found[0] if found else None)


def _conditions(rule: Rule) -> int:
    return sum(value is not None for value in (rule.author, rule.word, rule.pattern, rule.link))


def _in_force(rule: Rule) -> bool:
    return rule.until is None or datetime.now(UTC).astimezone().date() <= rule.until


def _as_pattern(word: str) -> str:
    import re2

    start = r"\b" if re.match(r"[A-Za-z0-9_]", word) else ""
    end = r"\b" if re.search(r"[A-Za-z0-9_]\Z", word) else ""
    return f"(?i){start}{re2.escape(word)}{end}"


def _hosts(text: str) -> Iterator[str]:
    for match in _HOST.finditer(text):
        host = match[1].casefold()
        while "." in host:
            yield host
            host = host.partition(".")[2]


def _set_of(expressions: Sequence[str]) -> "re2.Set":
    """All of them, searched for at once. Raises InputError where that is too much for RE2."""
    import re2

    found = re2.Set.SearchSet(_quiet())
    for expression in expressions:
        found.Add(expression)
    try:
        found.Compile()
    except re2.error as e:
        raise InputError("rules: their patterns and words together are too large to be searched for") from e
    return found


def _quiet() -> "re2.Options":
    import re2

    options = re2.Options()
    options.log_errors = False
    return options
