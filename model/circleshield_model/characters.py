"""What each character folds to, of which kind it is, and how it sounds: arrays built by `circleshield_training.tables`.

The tables are indexed by code point and cover the first two planes; everything above is a rare ideograph or dropped.
"""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

TABLE_SIZE = 0x20000

# Kinds of a folded character.
DROPPED, HAN, LATIN, DIGIT, SPACE, PUNCT, EMOJI = range(7)

# Private code points that stand for a whole thing. Private characters of a post itself are dropped by the fold.
LINK, MENTION, EMOTE, NUMBER, END = range(0xE000, 0xE005)
FIRST_SYLLABLE = 0xE100  # + the number of a pinyin syllable, counted from 1


class Characters(NamedTuple):
    """The tables. `fold` and `sound` are 0 where a character is dropped or has no reading."""

    fold: NDArray[np.uint32]
    kind: NDArray[np.uint8]
    sound: NDArray[np.uint16]
    syllables: tuple[str, ...]


def characters() -> Characters:
    """Loads the tables. Normalising makes its own of them once: `traits`."""
    with _file() as arrays:
        return Characters(arrays["fold"], arrays["kind"], arrays["sound"], tuple(syllable_characters()))


@cache
def syllable_characters() -> dict[str, str]:
    """The pinyin syllables, and the private character that stands for each."""
    with _file() as arrays:
        return {str(syllable): chr(FIRST_SYLLABLE + i) for i, syllable in enumerate(arrays["syllables"], 1)}


def _file() -> Any:
    return np.load(Path(__file__).with_name("characters.npz"), allow_pickle=False)
