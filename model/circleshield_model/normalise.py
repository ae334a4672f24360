"""Undoes camouflage: from posts to a row of units (ideograph, word, number), each with its place in the original.

The whole batch is one array of code points. Every step either changes code points in place or drops them, so the array
of source offsets, compressed alongside, is the map back to the original text.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from circleshield_model import characters as ch
from circleshield_model.phrases import NAMES, disguises, first_pairs, pair_key, replacement, syllables_of

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
WORDS = re.compile(r"[a-z]{2,}(?: [a-z]{2,})*")
SYLLABLE_CODE = {s: ch.FIRST_SYLLABLE + i for i, s in enumerate(ch.characters().syllables, 1)}

_MIX = np.uint64(0x9E3779B97F4A7C15)
_BASE = 0x100000001B3  # odd, so that it has an inverse modulo 2**64
_LONGEST = 64  # letters of a word that count


_POWER = np.array([pow(_BASE, i, 2**64) for i in range(_LONGEST)], np.uint64)
_ZERO, _SPACE, _X, _HASH, _A, _Z = (np.uint32(ord(c)) for c in "0 x#az")
_STEM = 5  # letters of a word that say how it sounds: its endings do not count
_LONGEST_LOOP = 8


def _sign_table() -> NDArray[np.uint8]:
    by_kind = {ch.HAN: "han", ch.LATIN: "latin", ch.DIGIT: "digit", ch.SPACE: "space", ch.EMOJI: "emoji"}
    column = {name: i for i, name in enumerate(SIGNS)}
    table = np.array([column[by_kind.get(k, "other")] for k in range(7)], np.uint8)[ch.characters().kind]
    for marks, name in (("#", "hash"), ("!", "exclaim"), ("?", "question"), ("【「『〖《", "bracket")):
        table[[ord(c) for c in marks]] = column[name]
    table[ch.LINK], table[ch.MENTION] = column["link"], column["mention"]
    return table


_SIGN_OF = _sign_table()


class Units(NamedTuple):
    """The units of a batch in order, posts one after the other; m units, n posts.

    `glyph` (m,) identifies the unit as written, `sound` (m,) as spoken; `post` (m,) is the index of its post;
    `tagged` (m,) says whether it is part of a #topic#; `start` and `end` (m,) are offsets in the original post;
    `bounds` (n + 1,) are each post's first unit and the end; `signs` (n, len(SIGNS)) counts what the units leave out.
    """

    glyph: NDArray[np.uint64]
    sound: NDArray[np.uint64]
    post: NDArray[np.int64]
    tagged: NDArray[np.bool_]
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
        self.beyond = int(raw.max()) >= ch.TABLE_SIZE
        if self.beyond:  # rare ideographs as they are; tags and variation selectors dropped
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
        self.tagged = self._tagged()
        self.drop_zeros()

    def _tagged(self) -> NDArray[np.bool_] | None:
        """Which characters of the joined original lie between the marks of a #topic#; None if there is no mark.

        A post with an odd number of marks has lost its first one, as crawls and quotes do: it begins inside a topic.
        """
        marks = self.codes == _HASH
        if not marks.any():
            return None
        seen = np.cumsum(marks)
        before = np.concatenate(([0], seen[self.first[1:] - 1]))
        odd = (before[1:] - before[:-1]) % 2
        tagged: NDArray[np.bool_] = (seen + np.repeat(odd - before[:-1], self.lengths + 1)) % 2 == 1
        return tagged

    def drop_zeros(self) -> None:
        if not self.codes.all():
            kept = np.flatnonzero(self.codes)
            self.codes, self.place = self.codes[kept], self.place[kept]

    @property
    def text(self) -> str:
        return self.codes.tobytes().decode("utf-32-le", "surrogatepass")

    def index(self) -> NDArray[np.uint32]:
        """Where in the tables the characters are: those beyond share the last place."""
        return np.minimum(self.codes, np.uint32(ch.TABLE_SIZE - 1)) if self.beyond else self.codes

    def kinds(self) -> NDArray[np.uint8]:
        return ch.characters().kind[self.index()]

    def put(self, start: int, end: int, text: str) -> None:
        """Overwrites a stretch by a text no longer than it; what is left over is dropped with the next compression."""
        self.codes[start:end] = 0
        self.codes[start : start + len(text)] = [ord(c) for c in text]


def units(texts: Sequence[str]) -> Units:
    """Normalises a batch of posts. Any string is allowed: empty ones, NULs, lone surrogates."""
    if not texts:
        return units([""])._replace(bounds=np.zeros(1, np.int64), signs=np.zeros((0, len(SIGNS)), np.int64))
    line = _Line(texts)
    _name_names(line)
    signs = _count_signs(line, len(texts))
    _close_gaps(line)
    _unmask(line)
    return _cut(line, signs)


def _name_names(line: _Line) -> None:
    """Links, mentions and named emoji become one character each."""
    text = line.text
    for name in NAMES:
        if any(hint in text for hint in name.hints):
            for match in name.pattern.finditer(text):
                start = match.start()
                if line.codes[start]:  # not inside a name found before
                    line.put(start, match.end(), name.stands_for)
    line.drop_zeros()


def _count_signs(line: _Line, posts: int) -> NDArray[np.int64]:
    """Counts per post, columns as in `SIGNS`."""
    ends = line.codes == ch.END
    post = np.cumsum(ends) - ends  # an end mark counts as another sign of its own post, in any batch
    counts = np.bincount(post * len(SIGNS) + _SIGN_OF[line.index()], minlength=posts * len(SIGNS))
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
        middle = codes[1:-1]
        digit[1:-1] |= digit[:-2] & digit[2:] & (((middle >= 0x2C) & (middle <= 0x2F)) | (middle == 0x3A))  # ,-./:
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
        wordy = np.concatenate(([False, False], wordy[kept], [False, False]))
        single = wordy[1:-1] & ~wordy[:-2] & ~wordy[2:]
        kept = kept[~((codes[kept] == _SPACE) & single[:-2] & single[2:])]
        letters = kept
    line.codes, line.place = codes[letters], line.place[letters]


def _unmask(line: _Line) -> None:
    """Disguised words become themselves, pinyin among ideographs becomes syllables."""
    codes = line.codes
    text = ""
    if codes.size > 1:
        done, known = 0, disguises()
        for at in np.flatnonzero(first_pairs()[pair_key(codes[:-1], codes[1:])]).tolist():
            text = text or line.text
            pattern = known.get(text[at : at + 2]) if at >= done else None
            if pattern and (match := pattern.match(text, at)):
                done = match.end()
                line.put(at, done, replacement(match))
        if done:
            line.drop_zeros()
            text = ""
    if not ((line.codes >= _A) & (line.codes <= _Z)).any():
        return
    text = text or line.text
    changed = False
    for match in WORDS.finditer(text):
        if not ("\u3400" <= text[match.start() - 1] <= "\u9fff" or "\u3400" <= text[match.end()] <= "\u9fff"):
            continue  # only words beside an ideograph may be pinyin; an end mark follows the last word
        words = [syllables_of(word) for word in match[0].split(" ")]
        if all(words):
            at = match.start()
            line.codes[at : match.end()] = 0
            for syllables in words:
                for syllable in syllables:
                    line.codes[at] = SYLLABLE_CODE[syllable]
                    at += len(syllable)
                at += 1
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
    sound = tables.sound[line.index()[starts]].astype(np.uint64)
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
        stem = np.add.reduceat(np.where(nth < _STEM, codes[inside].astype(np.uint64) * _POWER[nth], 0), offsets) * _MIX
        figures = np.add.reduceat((kinds[inside] == ch.DIGIT).astype(np.int64), offsets)
        number = (figures == size) | ((figures > 0) & (size >= 5))
        spelled[number] = stem[number] = ch.NUMBER
        glyph[words], sound[words] = spelled, stem
    post = np.cumsum(codes == ch.END)[starts]
    kept = _without_repeats(glyph, post)
    if kept.size < glyph.size:
        signs[:, -1] = np.bincount(post, minlength=signs.shape[0]) - np.bincount(post[kept], minlength=signs.shape[0])
        glyph, sound, post, starts, ends = glyph[kept], sound[kept], post[kept], starts[kept], ends[kept]
    bounds = np.searchsorted(post, np.arange(signs.shape[0] + 1))
    begin, end, first = place[starts], place[ends - 1] + 1, line.first[post]
    tagged = np.zeros(post.size, bool) if line.tagged is None else line.tagged[begin]
    return Units(glyph, sound, post, tagged, begin - first, end - first, bounds, signs)


def _without_repeats(glyph: NDArray[np.uint64], post: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which units to keep: shouting the same word or line over and over adds nothing after the first time or two."""
    again = np.zeros(glyph.size, bool)
    same = (glyph[1:] == glyph[:-1]) & (post[1:] == post[:-1])
    again[1:] = same & (glyph[1:] == ch.NUMBER)  # numbers in a row are one
    again[2:] |= same[1:] & same[:-1]  # of other units two are left: 哈哈
    for lag in range(2, _LONGEST_LOOP + 1):
        same = glyph[lag:] == glyph[:-lag]
        if np.count_nonzero(same) > 2:
            again[lag + 2 :] |= same[2:] & same[1:-1] & same[:-2] & (post[lag + 2 :] == post[: -lag - 2])
    return np.flatnonzero(~again)
