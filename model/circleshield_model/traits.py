"""All that normalising asks of a folded character, as the bits of one number: looked up once a character.

The lowest four bits are a column of `SIGNS`. One `or` over a batch says what does not occur in it at all.
"""

from functools import cache

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
SIGN = 0xF  # the column; one beyond the last where there is no character any more

(
    HAN,  # what is a unit by itself: ideographs, kana, syllables, links
    LATIN,
    DIGIT,
    END,  # of a post
    NOTHING,  # dropped, or eaten by a name or a disguise
    HASH,
    X,
    LOWER,  # a to z
    IDEOGRAPH,  # beside which Latin letters may be pinyin
    JOINS,  # between two figures it makes them one: ,-./:
    NAMES_SOMETHING,  # no name is without one of these
    DISGUISES,  # may begin a disguise
) = (1 << bit for bit in range(4, 16))
WORDY = LATIN | DIGIT


def _add(table: NDArray[np.uint16], characters: str, bits: int) -> None:
    table[[ord(c) for c in characters]] |= bits


def _sign(table: NDArray[np.uint16], characters: str, name: str) -> None:
    at = [ord(c) for c in characters]
    table[at] = table[at] & (0xFFFF - SIGN) | SIGNS.index(name)


@cache
def traits() -> NDArray[np.uint16]:
    """Bits of every folded character (TABLE_SIZE,); the last one stands for all ideographs beyond the table."""
    by_kind = np.zeros(7, np.uint16)
    for this, sign, bit in (
        (ch.HAN, "han", HAN),
        (ch.LATIN, "latin", LATIN),
        (ch.DIGIT, "digit", DIGIT),
        (ch.SPACE, "space", 0),
        (ch.EMOJI, "emoji", 0),
    ):
        by_kind[this] = SIGNS.index(sign) | bit
    table: NDArray[np.uint16] = by_kind[ch.characters().kind]
    for marks, sign in (("#", "hash"), ("!", "exclaim"), ("?", "question"), ("【「『〖《", "bracket")):
        _sign(table, marks, sign)
    _sign(table, chr(ch.LINK), "link")
    _sign(table, chr(ch.MENTION), "mention")
    table[0] = len(SIGNS) | NOTHING
    table[ch.END] |= END
    table[0x3400:0xA000] |= IDEOGRAPH
    _add(table, "#", HASH)
    _add(table, "x", X)
    _add(table, "abcdefghijklmnopqrstuvwxyz", LOWER)
    _add(table, ",-./:", JOINS)
    _add(table, "".join(name.marks for name in NAMES), NAMES_SOMETHING)
    _add(table, "".join({pair[0] for pair in disguised_pairs()}), DISGUISES)
    return table
