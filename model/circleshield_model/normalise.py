"""Undoes camouflage: from posts to a row of units (an ideograph, a word, a number), each with its place in the original.

The whole batch is one array of code points. Every step either changes code points in place or drops them, so the array
of source offsets, compressed alongside, is the map back to the original text.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from circleshield_model import characters as ch
from circleshield_model.phrases import HEARTS, NAMES, NAMES_HINTS, STANDS_FOR, disguises, replacement, syllables_of

# What `Units.signs` counts. The first is everything else; the sum is the folded length.
SIGNS = ("other", "han", "latin", "digit", "space", "emoji", "hash", "exclaim", "question", "bracket", "link", "mention")
PINYIN = re.compile(r"(?<=[\u3400-\u9fff])[a-z]{2,}|[a-z]{2,}(?=[\u3400-\u9fff])")
SYLLABLE_CODE = {s: ch.FIRST_SYLLABLE + i for i, s in enumerate(ch.characters().syllables, 1)}

_MIX = np.uint64(0x9E3779B97F4A7C15)
_BASE = 0x100000001B3  # odd, so that it has an inverse modulo 2**64
_LONGEST = 64  # letters of a word that count


_POWER = np.array([pow(_BASE, i, 2**64) for i in range(_LONGEST)], np.uint64)
_JOINERS = np.array([ord(c) for c in ".,:-/"], np.uint32)
_ZERO, _SPACE, _X = (np.uint32(ord(c)) for c in "0 x")


def _sign_table() -> NDArray[np.int64]:
    by_kind = {ch.HAN: "han", ch.LATIN: "latin", ch.DIGIT: "digit", ch.SPACE: "space", ch.EMOJI: "emoji"}
    column = {name: i for i, name in enumerate(SIGNS)}
    table = np.array([column[by_kind.get(k, "other")] for k in range(7)])[ch.characters().kind]
    for marks, name in (("#", "hash"), ("!", "exclaim"), ("?", "question"), ("【「『〖《", "bracket")):
        table[[ord(c) for c in marks]] = column[name]
    table[ch.LINK], table[ch.MENTION] = column["link"], column["mention"]
    return table


_SIGN_OF = _sign_table()


class Units(NamedTuple):
    """The units of a batch in order, posts one after the other; m units, n posts.

    `glyph` (m,) identifies the unit as written, `sound` (m,) as spoken; `post` (m,) is the index of its post;
    `start` and `end` (m,) are offsets in the original post; `bounds` (n + 1,) are each post's first unit and the end.
    `signs` (n, len(SIGNS)) counts what the units leave out: marks, emoji, characters in all.
    """

    glyph: NDArray[np.uint64]
    sound: NDArray[np.uint64]
    post: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    bounds: NDArray[np.int64]
    signs: NDArray[np.int64]


class _Line:
    """The batch as one array of code points, with the place of each in the joined original."""

    def __init__(self, texts: Sequence[str]) -> None:
        tables = ch.characters()
        joined = "\n".join(texts) + "\n"
        raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4")
        self.lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        self.first = np.concatenate(([0], np.cumsum(self.lengths + 1)))
        if int(raw.max()) >= ch.TABLE_SIZE:  # rare ideographs as they are; tags and variation selectors dropped
            codes = np.where(
                raw < ch.TABLE_SIZE,
                tables.fold[np.minimum(raw, ch.TABLE_SIZE - 1)],
                np.where(raw < 0xE0000, raw, 0),
            ).astype(np.uint32)
        else:
            codes = tables.fold[raw]
        codes[self.first[1:] - 1] = ch.END
        self.codes = codes
        self.place = np.arange(codes.size)
        self.drop_zeros()

    def drop_zeros(self) -> None:
        if not self.codes.all():
            kept = np.flatnonzero(self.codes)
            self.codes, self.place = self.codes[kept], self.place[kept]

    @property
    def text(self) -> str:
        return self.codes.tobytes().decode("utf-32-le", "surrogatepass")

    def kinds(self) -> NDArray[np.uint8]:
        return ch.characters().kind[np.minimum(self.codes, ch.TABLE_SIZE - 1)]

    def put(self, start: int, end: int, text: str) -> None:
        """Overwrites a stretch by a text no longer than it; what is left over is dropped with the next compression."""
        self.codes[start:end] = 0
        self.codes[start : start + len(text)] = [ord(c) for c in text]


def units(texts: Sequence[str]) -> Units:
    """Normalises a batch of posts. Any string is allowed: empty ones, NULs, lone surrogates."""
    line = _Line(texts)
    _name_names(line)
    signs = _count_signs(line, len(texts))
    _close_gaps(line)
    _unmask(line)
    return _cut(line, signs)


def _name_names(line: _Line) -> None:
    """Links, mentions and named emoji become one character each."""
    text = line.text
    if any(hint in text for hint in NAMES_HINTS) or any(heart in text for heart in HEARTS):
        for match in NAMES.finditer(text):
            line.put(*match.span(), STANDS_FOR[match.lastgroup or ""])
        line.drop_zeros()


def _count_signs(line: _Line, posts: int) -> NDArray[np.int64]:
    """Counts per post, columns as in `SIGNS`."""
    ends = line.codes == ch.END
    inside = np.flatnonzero(~ends)
    sign = _SIGN_OF[np.minimum(line.codes[inside], ch.TABLE_SIZE - 1)]
    cells = np.cumsum(ends)[inside] * len(SIGNS) + sign
    counts = np.bincount(cells, minlength=posts * len(SIGNS))
    return counts.reshape(posts, len(SIGNS))


def _close_gaps(line: _Line) -> None:
    """Leaves letters and digits, with one space where two words of letters meet; digits all become 0."""
    kinds = line.kinds()
    codes = line.codes
    digit = kinds == ch.DIGIT
    x = codes == _X
    inner = x[:-2] & x[1:-1] & x[2:]  # x-runs of three and more are masked digits
    if inner.any():
        for shift in range(3):
            digit[shift : codes.size - 2 + shift] |= inner
    if digit.any():
        joins = digit[:-2] & digit[2:] & np.isin(codes[1:-1], _JOINERS)
        digit[1:-1] |= joins
        codes[digit] = _ZERO
        kinds[digit] = ch.DIGIT
    wordy = (kinds == ch.LATIN) | digit
    letters = np.flatnonzero(wordy | (kinds == ch.HAN) | (codes == ch.END))
    spaced = wordy[letters]
    gaps = letters[:-1][(letters[1:] - letters[:-1] > 1) & spaced[1:] & spaced[:-1]] + 1
    if gaps.size:
        codes[gaps] = _SPACE
        # A single letter or figure on both sides: spelt out, so the gap is dropped.
        kept = np.sort(np.concatenate((letters, gaps)))
        wordy = wordy[kept]
        single = np.zeros(kept.size + 2, bool)
        single[2:-2] = wordy[1:-1] & ~wordy[:-2] & ~wordy[2:]
        kept = kept[~((codes[kept] == _SPACE) & single[:-2] & single[2:])]
        letters = kept
    line.codes, line.place = codes[letters], line.place[letters]


def _unmask(line: _Line) -> None:
    """Disguised words become themselves, pinyin among ideographs becomes syllables."""
    text = line.text
    changed = False
    for match in disguises().finditer(text):
        line.put(*match.span(), replacement(match))
        changed = True
    if changed:
        line.drop_zeros()
        text = line.text
    for match in PINYIN.finditer(text):
        parts = syllables_of(match[0])
        if parts:
            line.codes[match.start() : match.end()] = 0
            at = match.start()
            for part in parts:
                line.codes[at] = SYLLABLE_CODE[part]
                at += len(part)
            changed = True
    if changed:
        line.drop_zeros()


def _cut(line: _Line, signs: NDArray[np.int64]) -> Units:
    """Cuts the line into units and identifies each."""
    tables = ch.characters()
    codes, place = line.codes, line.place
    kinds = line.kinds()
    wordy = (kinds == ch.LATIN) | (kinds == ch.DIGIT)
    after = np.concatenate(([False], wordy[:-1]))
    starts = np.flatnonzero((wordy & ~after) | (kinds == ch.HAN))
    one = codes[starts]
    glyph = one.astype(np.uint64)
    sound = tables.sound[np.minimum(one, ch.TABLE_SIZE - 1)].astype(np.uint64)
    sound = np.where(sound > 0, sound + np.uint64(ch.FIRST_SYLLABLE), glyph)
    ends = starts + 1
    words = np.flatnonzero(wordy[starts])
    if words.size:
        before = np.concatenate((wordy[1:] & True, [False]))
        word_ends = np.flatnonzero(wordy & ~before) + 1
        word_starts = starts[words]
        ends[words] = word_ends
        size = word_ends - word_starts
        inside = np.flatnonzero(wordy)
        nth = np.minimum(inside - np.repeat(word_starts, size), _LONGEST - 1)
        offsets = np.concatenate(([0], np.cumsum(size)[:-1]))
        spelled = np.add.reduceat(codes[inside].astype(np.uint64) * _POWER[nth], offsets) * _MIX
        figures = np.add.reduceat((kinds[inside] == ch.DIGIT).astype(np.int64), offsets)
        number = (figures == size) | ((figures > 0) & (size >= 5))
        spelled[number] = ch.NUMBER
        glyph[words] = sound[words] = spelled
    post = np.cumsum(codes == ch.END)[starts]
    # The third and later of equal units in a row, and the second of numbers in a row, say nothing new.
    same = np.zeros(starts.size, bool)
    same[1:] = (glyph[1:] == glyph[:-1]) & (post[1:] == post[:-1])
    again = same & (glyph == ch.NUMBER)
    again[1:] |= same[1:] & same[:-1]
    if again.any():
        kept = np.flatnonzero(~again)
        glyph, sound, post, starts, ends = glyph[kept], sound[kept], post[kept], starts[kept], ends[kept]
    bounds = np.searchsorted(post, np.arange(signs.shape[0] + 1))
    first = line.first[post]
    return Units(glyph, sound, post, place[starts] - first, place[ends - 1] + 1 - first, bounds, signs)
