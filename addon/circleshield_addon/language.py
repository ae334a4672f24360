"""In which of the judged languages a post is written, told by its script alone."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Language = Literal["zh", "en"]

_LETTER = re.compile(r"[^\W\d_]+")
_HAN = re.compile(r"[\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_KANA_OR_HANGUL = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\uac00-\ud7af\u1100-\u11ff]+")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_LINK = re.compile(r"https?://[\w.~:/?#@!$&()*+,;=%-]+|(?<!\w)@[\w.]+", re.A)

# What most posts are made of: Han, ASCII, and what NFKC leaves or turns into no letter. Without @ (and "http") there is
# no link or mention either.
_PLAIN = re.compile(
    r"[\0-?A-\x7f\u2010-\u2027\u3000-\u3003\u3007-\u301f\u3400-\u9fff\uff01-\uff0e\uff1a-\uff1f\u2600-\u2775"
    r"\u2794-\u27bf\u200d\ufe0f\U0001f300-\U0001faff]+"
)

_HAN_WEIGHT = 3  # one says what three letters do
_KANA_WEIGHT = 12  # a quarter of a Japanese sentence is kana at least; a 美の屋 amid Chinese is not Japanese

_OTHER, _IS_HAN, _IS_LATIN, _NOT_PLAIN = range(4)  # kinds of characters, the first three of plain ones


def language(text: str) -> Language | None:
    """`zh` for Han without kana or hangul, `en` for Latin letters, None for every other script or no letters at all.

    The script that says most decides: one foreign word, or a の for decoration, turns nothing. Letters in disguise
    (fullwidth, mathematical, circled) count as what they look like; links and mentions do not count.
    """
    text = _LINK.sub(" ", unicodedata.normalize("NFKC", text))
    counts = []
    for script in (_HAN, _LATIN, _KANA_OR_HANGUL, _LETTER):
        without = script.sub("", text)
        counts.append(len(text) - len(without))
        text = without
    return _decided(*counts)


def languages(texts: Sequence[str]) -> list[Language | None]:
    """The `language` of each, told of all plain ones at once."""
    if not texts:
        return []
    kinds = _kinds().take(np.array(["\n".join((*texts, ""))]).view(np.uint32), mode="clip")
    cells = np.arange(0, 4 * len(texts), 4).repeat([len(text) + 1 for text in texts])
    cells += kinds
    counts = np.bincount(cells, minlength=4 * len(texts)).reshape(-1, 4).tolist()
    return [
        language(text) if others or "http" in text else _decided(han, latin)
        for text, (_, han, latin, others) in zip(texts, counts, strict=True)
    ]


@cache
def _kinds() -> NDArray[np.uint8]:
    """Of which kind each character of the first two planes is: the last one is not plain, as all beyond are."""
    every = "".join(map(chr, range(0x20000)))
    kinds = np.full(len(every), _NOT_PLAIN, np.uint8)
    for kind, characters in ((_OTHER, _PLAIN), (_IS_HAN, _HAN), (_IS_LATIN, _LATIN)):
        for match in characters.finditer(every):
            here = kinds[match.start() : match.end()]
            here[(here != _NOT_PLAIN) | (kind == _OTHER)] = kind
    return kinds


def _decided(han: int, latin: int, kana: int = 0, rest: int = 0) -> Language | None:
    """The language, by how many characters there are of each script."""
    zh = _HAN_WEIGHT * han
    if max(zh, latin) <= _KANA_WEIGHT * kana + rest:
        return None
    return "zh" if zh >= latin else "en"
