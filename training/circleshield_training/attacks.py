"""Ways to disguise a post, to measure with and to train against. Each takes any post, an ad or not."""

import random
from collections.abc import Callable, Sequence
from functools import cache

from circleshield_model.characters import characters

EMOJI = "🔥💰👉❤✨🎉🌸"
ZERO_WIDTH = "\u200b\u200c\u200d\u2060"

Disguise = Callable[[str, random.Random], str]


def _between(marks: str, share: float) -> Disguise:
    """Puts one of `marks` between characters that are neither spaces nor ASCII, at this share of the places."""

    def disguise(text: str, rng: random.Random) -> str:
        return "".join(c + rng.choice(marks) if c > "\x7f" and rng.random() < share else c for c in text)

    return disguise


def _per_character(table: Callable[[], dict[str, Sequence[str]]], share: float) -> Disguise:
    """Replaces characters by one of those in the table, at this share of the places."""

    def disguise(text: str, rng: random.Random) -> str:
        found = table()
        return "".join(rng.choice(found[c]) if c in found and rng.random() < share else c for c in text)

    return disguise


@cache
def _common() -> list[str]:
    """The 3,755 most used ideographs: level 1 of GB 2312."""
    return [bytes((high, low)).decode("gb2312", "ignore") for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF)]


@cache
def _homophones() -> dict[str, Sequence[str]]:
    sound = characters().sound
    by_sound: dict[int, list[str]] = {}
    for char in filter(None, _common()):
        by_sound.setdefault(int(sound[ord(char)]), []).append(char)
    return {c: [d for d in group if d != c] for group in by_sound.values() for c in group if len(group) > 1}


@cache
def _pinyin() -> dict[str, Sequence[str]]:
    tables = characters()
    return {
        c: [tables.syllables[int(tables.sound[ord(c)]) - 1]] for c in filter(None, _common()) if tables.sound[ord(c)]
    }


@cache
def _traditional() -> dict[str, Sequence[str]]:
    fold = characters().fold
    found: dict[str, Sequence[str]] = {}
    for code in range(0x4E00, 0x9FA6):
        simple = chr(int(fold[code]))
        if ord(simple) != code and simple not in found:
            found[simple] = [chr(code)]
    return found


@cache
def _full_width() -> dict[str, Sequence[str]]:
    return {chr(c): [chr(c + 0xFEE0)] for c in range(0x21, 0x7F)}


DISGUISES: dict[str, Disguise] = {
    "zero-width": _between(ZERO_WIDTH, 0.5),
    "spaces": _between(" ", 0.5),
    "dots": _between(".·。", 0.5),
    "emoji": _between(EMOJI, 0.4),
    "full-width": _per_character(_full_width, 1.0),
    "traditional": _per_character(_traditional, 1.0),
    "homophones": _per_character(_homophones, 0.2),
    "pinyin": _per_character(_pinyin, 0.2),
}


def padded(text: str, sentences: Sequence[str], rng: random.Random) -> str:
    """The post with ordinary sentences put before and after it."""
    before = rng.randint(0, len(sentences))
    return "。".join([*sentences[:before], text, *sentences[before:]])
