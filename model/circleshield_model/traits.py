"""All that normalising asks of a character, in one number: what it folds to, what it is, and how it is spoken.

A character of a batch is one such number (uint64), looked up once; `NOTHING` where it is dropped. One `or` over a batch
says what does not occur in it at all.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from circleshield_model import characters as ch
from circleshield_model.phrases import NAMES, disguised_pairs

# What `Units.signs` counts: characters by kind, the first being all others, and units that only repeat.
SIGNS = (
    "other",
    "han",
    "latin",
    "digit",
    "space",
    "emoji",
    "hash",
    "exclaim",
    "question",
    "bracket",
    "link",
    "mention",
    "repeat",
)


@cache
def array(bits: int) -> NDArray[np.uint64]:
    """The bits as an array without dimensions, which arrays combine with faster than with any other number."""
    return np.array(bits, np.uint64)


CODE = (1 << 21) - 1  # the folded character; all ASCII figures are 0
SIGN_BIT = 21  # from here four bits: the column of `SIGNS`, or one beyond the last
SIGN = 0xF << SIGN_BIT
(
    DROPPED,
    HAN,  # what is a unit by itself: ideographs, kana, syllables, links
    LATIN,
    DIGIT,
    OTHER_DIGIT,  # not of ASCII
    END,  # of a post
    HASH,
    X,
    LOWER,  # a to z
    IDEOGRAPH,  # beside which Latin letters may be pinyin
    JOINS,  # between two figures it makes them one: ,-./:
    DISGUISES,  # may begin a disguise
    ODD,  # all but ideographs and kana without any further trait, of which Chinese text mostly is
) = (1 << bit for bit in range(25, 38))
# by the marks of names, of which no name is without one
NAME_MARKS = {marks: 1 << bit for bit, marks in enumerate(dict.fromkeys(name.marks for name in NAMES), 38)}
NAMES_SOMETHING = sum(NAME_MARKS.values())
WORDY = LATIN | DIGIT
LETTER = HAN | WORDY | END
SPOKEN_BIT = 44  # from here the syllable, or the folded character itself where it has no reading

NOTHING = DROPPED | ODD | len(SIGNS) << SIGN_BIT
NONE = array(0)
_PRIVATE, _PRIVATE_END = 0xE000, 0xF000


class Traits(NamedTuple):
    """`of` (TABLE_SIZE,) are those of any character of a post; `private` those of the ones that normalising puts in."""

    of: NDArray[np.uint64]
    private: NDArray[np.uint64]

    def folded(self, code: int) -> np.uint64:
        """The traits of a character that normalising puts in."""
        private = _PRIVATE <= code < _PRIVATE_END
        found: np.uint64 = self.private[code - _PRIVATE] if private else self.of[code]
        return found


@cache
def traits() -> Traits:
    """The table, made once."""
    fold, kind, sound, _ = ch.characters()
    by_kind = np.zeros(7, np.uint64)
    for this, sign, bit in (
        (ch.HAN, "han", HAN),
        (ch.LATIN, "latin", LATIN),
        (ch.DIGIT, "digit", DIGIT | OTHER_DIGIT),
        (ch.SPACE, "space", 0),
        (ch.EMOJI, "emoji", 0),
    ):
        by_kind[this] = _column(sign) | bit
    folded = np.arange(ch.TABLE_SIZE, dtype=np.uint64)  # at first how each is spoken
    spelled = sound.nonzero()[0]
    folded[spelled] = sound[spelled] + np.uint64(ch.FIRST_SYLLABLE)
    folded <<= SPOKEN_BIT
    folded |= np.arange(ch.TABLE_SIZE, dtype=np.uint32)
    folded |= by_kind[kind]
    for marks, sign in (("#", "hash"), ("!", "exclaim"), ("?", "question"), ("【「『〖《", "bracket")):
        _sign(folded, marks, sign)
    _sign(folded, chr(ch.LINK), "link")
    _sign(folded, chr(ch.MENTION), "mention")
    folded[ord("0") : ord("9") + 1] = folded[ord("0")] - OTHER_DIGIT
    folded[0x3400:0xA000] |= IDEOGRAPH
    for marks, bit in (
        (chr(ch.END), END),
        ("#", HASH),
        ("x", X),
        ("abcdefghijklmnopqrstuvwxyz", LOWER),
        (",-./:", JOINS),
        ("".join({pair[0] for pair in disguised_pairs()}), DISGUISES),
        *NAME_MARKS.items(),
    ):
        folded[_codes(marks)] |= bit
    plain = _column("han") | HAN
    folded[(folded & (array(1 << SPOKEN_BIT) - 1) & ~array(CODE | IDEOGRAPH)) != plain] |= ODD
    folded[0] = NOTHING
    return Traits(folded[fold], folded[_PRIVATE:_PRIVATE_END].copy())


def _column(sign: str) -> int:
    return SIGNS.index(sign) << SIGN_BIT


def _sign(table: NDArray[np.uint64], characters: str, sign: str) -> None:
    at = _codes(characters)
    table[at] = table[at] & ~array(SIGN) | _column(sign)


def _codes(characters: str) -> list[int]:
    return [ord(c) for c in characters]


def rare_ideographs(codes: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """The traits of characters beyond the table."""
    wide = codes.astype(np.uint64)
    return wide | array(HAN | _column("han")) | wide << array(SPOKEN_BIT)
