"""Spellings that hide a trade word, and the word they hide. Applied after characters are folded and gaps closed.

A canonical spelling is never longer than its disguise: replacements happen in place, so offsets stay true.
"""

import re
from collections.abc import Collection
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from circleshield_model.characters import EMOTE, LINK, MENTION, syllable_characters

# canonical: disguises. Homophones in general are met by the sound n-grams; here are those whose sound differs,
# which are shorter than a syllable, or which matter enough to be put right in writing as well.
_DISGUISES = {
    "微信": "薇信 徽信 威杏 威芯 薇心 微芯 微杏 维信 卫信 魏信 嶶信 溦信 v信 w信 v芯 v杏 vx wx wechat weixin",
    "加微": "加v 加薇 加徽 加威 伽微 伽v 家v 佳v +v jw jv 加w",
    "微商": "薇商 徽商 威商 v商 ws",
    "代理": "代李 代里 代丽 黛理 袋理 逮理 dl",
    "兼职": "兼织 兼直 兼值 蒹职 蒹直 煎职 間职 兼只 兼枳 jz",
    "赚钱": "赚米 撰钱 赚浅 转米",
    "佣金": "拥金 佣今 拥斤",
    "刷单": "刷丹 唰单 涮单",
    "减肥": "减月巴 减脂肪 简肥 减非 碱肥 jf",
    "口罩": "囗罩 口照 口召",
    "面膜": "面莫 面模 面摸",
    "免费": "兔费 勉费 mf",
    "淘宝": "掏宝 桃宝 淘寶 tb",
    "进群": "进裙 近裙 jq",
    "加群": "加裙 家裙 jqun",
    "私信": "司信 丝信 sx",
    "扣扣": "蔻蔻 寇寇 抠抠",
    "贷款": "代款 贷歀 袋款 dk",
    "返利": "反利 fl",
    "优惠": "忧惠 优慧 尤惠",
}
# Initialisms are ordinary letters elsewhere: they only count beside an ideograph.
_REPLACED = {disguise: word for word, disguises in _DISGUISES.items() for disguise in disguises.split()}
_REPLACED |= {f"加{disguise}": "加微信" for disguise in (*_DISGUISES["微信"].split(), "威信")}

HEARTS = "❤♥💓💕💖💗💘💙💚💛💜💝💞🖤🧡🤍♡"
_DOMAINS = "com|cn|net|org|cc|top|xyz|me|ly|tv|shop|vip|example|test"


class Name(NamedTuple):
    """A kind of thing that is one unit however long it is: looked for where `marks` and `hint` say it may be."""

    marks: str  # there is none without one of these characters
    pattern: re.Pattern[str]
    stands_for: str
    hint: re.Pattern[str] | None = None  # found wherever the pattern is, and much faster


# Each pattern begins with a letter of its own, which `re` finds fast; not so bare domains, which have a hint instead.
NAMES = (
    Name("/", re.compile(r"https?://?[\x21-\x7e]*"), chr(LINK)),
    Name(".", re.compile(r"www\.[\x21-\x7e]+"), chr(LINK)),
    Name("链", re.compile("网页链接"), chr(LINK)),
    Name(
        ".",
        re.compile(rf"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:{_DOMAINS})\b(?:/[\x21-\x7e]*)?"),
        chr(LINK),
        re.compile(rf"\.(?:{_DOMAINS})\b"),
    ),
    Name("@", re.compile(r"@[^\s@:,.。!?;#\[\]()/\ue004]{1,30}"), chr(MENTION)),
    Name("[", re.compile(r"\[[^\[\]\s#\ue004]{1,8}\]"), chr(EMOTE)),
    Name(HEARTS, re.compile(rf"[微薇徽威维v] ?[{HEARTS}]"), "微信"),
)

_NUMERALS = "零一二三四五六七八九〇幺两壹贰叁肆伍陆柒捌玖"


@cache
def _expressions() -> dict[str, str]:
    """By its first two characters, what a disguise looks like in full.

    The groups: `word` (a disguise of `_REPLACED`), `contact` (a bare v before an id) and `digits` written out.
    """

    def spelled(disguise: str) -> str:
        pattern = re.escape(disguise)
        if disguise[0].isascii() and disguise[0].isalpha():
            pattern = r"(?<![a-z0-9])" + pattern
        if disguise[-1].isascii():
            pattern += r"(?![a-z0-9])" if disguise in ("wechat", "weixin") else r"(?![a-z])"
        return pattern

    found: dict[str, list[str]] = {}
    for disguise in sorted(_REPLACED, key=len, reverse=True):
        found.setdefault(disguise[:2], []).append(f"(?P<word>{spelled(disguise)})")
    for after in " 0abcdefghijklmnopqrstuvwxyz":
        found.setdefault(f"v{after}", []).append("(?P<contact>(?<![a-z0-9])v(?= ?[a-z]{0,20}0))")
    for first in _NUMERALS:
        for second in _NUMERALS:
            found.setdefault(first + second, []).append(f"(?P<digits>[{_NUMERALS}]{{6,}})")
    return {pair: "|".join(_one_group(patterns)) for pair, patterns in found.items()}


def disguised_pairs() -> Collection[str]:
    """The two characters that disguises begin with."""
    return _expressions().keys()


def disguise(pair: str) -> re.Pattern[str] | None:
    """What a disguise that begins with these two characters looks like; None if there is none."""
    expression = _expressions().get(pair)
    return None if expression is None else _compiled(expression)


_compiled = cache(re.compile)  # when first met, as few ever are


def _one_group(patterns: list[str]) -> list[str]:
    """The patterns with those of one group put together: a group may stand in an expression only once."""
    words = [p.removeprefix("(?P<word>")[:-1] for p in patterns if p.startswith("(?P<word>")]
    others = [p for p in patterns if not p.startswith("(?P<word>")]
    return [f"(?P<word>{'|'.join(words)})", *others] if words else others


_FIRST, _LOW = np.array(31, np.uint64), np.array(0xFFFF, np.uint64)


def pair_key(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A number below 2**16 for two neighbouring characters: their traits above 16 bits make no difference."""
    return (first * _FIRST + second) & _LOW


@cache
def first_pairs() -> NDArray[np.bool_]:
    """By `pair_key`: may these be of `disguised_pairs`? Asked of whole batches at once."""
    first, second = (np.array([ord(pair[i]) for pair in disguised_pairs()], np.uint64) for i in (0, 1))
    found = np.zeros(1 << 16, bool)
    found[pair_key(first, second)] = True
    return found


def replacement(match: re.Match[str]) -> str:
    """What a match of `disguise` stands for: as long as the match or shorter."""
    if match.lastgroup == "word":
        return _REPLACED[match[0]]
    return "微" if match.lastgroup == "contact" else "0" * len(match[0])


@lru_cache(maxsize=4096)
def syllables_of(word: str) -> tuple[str, ...]:
    """Splits a word of Latin letters into pinyin syllables, the longest first; empty if it is none.

    >>> syllables_of("jiameng"), syllables_of("hello")
    (('jia', 'meng'), ())
    """
    known = syllable_characters()
    if len(word) > 24:
        return ()
    stack: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    tried: set[int] = set()
    while stack:
        at, parts = stack.pop()
        if at == len(word):
            return parts
        if at in tried:
            continue
        tried.add(at)
        # Pushed short to long, so that the longest is tried first.
        stack.extend(
            (at + n, (*parts, word[at : at + n]))
            for n in range(2, 7)
            if word[at : at + n] in known and at + n <= len(word)
        )
    return ()
