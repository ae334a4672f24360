"""In which of the judged languages a post is written, told by its script alone."""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

Language = Literal["zh", "en"]

_LETTER = re.compile(r"[^\W\d_]+")
_HAN = re.compile(r"[\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_KANA_OR_HANGUL = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\uac00-\ud7af\u1100-\u11ff]+")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_LINK = re.compile(r"https?://[\w.~:/?#@!$&()*+,;=%-]+|(?<!\w)@[\w.]+", re.A)

_HAN_WEIGHT = 3  # one says what three letters do
_KANA_WEIGHT = 12  # a quarter of a Japanese sentence is kana at least; a 美の屋 amid Chinese is not Japanese


@lru_cache(maxsize=20_000)
def language(text: str) -> Language | None:
    """`zh` for Han without kana or hangul, `en` for Latin letters, None for every other script or no letters at all.

    The script that says most decides: one foreign word, or a の for decoration, turns nothing. Letters in disguise
    (fullwidth, mathematical, circled) count as what they look like; links and mentions do not count.
    """
    left = _LINK.sub(" ", unicodedata.normalize("NFKC", text))
    counts = []
    for script in (_HAN, _KANA_OR_HANGUL, _LATIN, _LETTER):
        without = script.sub("", left)
        counts.append(len(left) - len(without))
        left = without
    han, kana, latin, rest = counts
    zh = _HAN_WEIGHT * han
    if max(zh, latin) <= _KANA_WEIGHT * kana + rest:
        return None
    return "zh" if zh >= latin else "en"
