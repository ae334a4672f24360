"""Undoes camouflage: from posts to a row of units (ideograph, word, number), each with its place in the original.

The whole batch is one array of code points. Every step either changes code points in place or drops them, so the array
of source offsets, compressed alongside, is the map back to the original text. Most steps only concern a few characters:
the traits say which, and whether there are any at all.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from circleshield_model import characters as ch
from circleshield_model import traits as tr
from circleshield_model.phrases import NAMES, disguise, first_pairs, pair_key, replacement, syllables_of
from circleshield_model.traits import SIGNS

WORDS = re.compile(r"[a-z]{2,}(?: [a-z]{2,})*")
_LETTERS_AND_SPACE = "abcdefghijklmnopqrstuvwxyz "
_STRETCH = re.compile("[a-z ]+")

_MIX = np.uint64(0x9E3779B97F4A7C15)
_BASE = 0x100000001B3  # odd, so that it has an inverse modulo 2**64
_LONGEST = 64  # letters of a word that count


_POWER = np.array([pow(_BASE, i, 2**64) for i in range(_LONGEST)], np.uint64)
_ZERO, _SPACE, _HASH = (ord(c) for c in "0 #")
_STEM = 5  # letters of a word that say how it sounds: its endings do not count
_LONGEST_LOOP = 8


class Units(NamedTuple):
    """The units of a batch in order, posts one after the other; m units, n posts.

    `glyph` (m,) identifies the unit as written, `sound` (m,) as spoken; `tagged` (m,) says whether it is part of a
    #topic#; `bounds` (n + 1,) are each post's first unit and the end; `signs` (n, len(SIGNS)) counts what the units
    leave out. `first` and `last` (m,) are the places of a unit's first and last character in the joined posts,
    `origin` (n,) those of the posts themselves.
    """

    glyph: NDArray[np.uint64]
    sound: NDArray[np.uint64]
    tagged: NDArray[np.bool_]
    bounds: NDArray[np.int64]
    signs: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    origin: NDArray[np.int64]

    @property
    def post(self) -> NDArray[np.int64]:
        """The index of each unit's post (m,)."""
        return np.arange(self.origin.size).repeat(np.diff(self.bounds))

    @property
    def start(self) -> NDArray[np.int64]:
        """Where in the original post each unit starts (m,)."""
        return self.first - self.origin[self.post]

    @property
    def end(self) -> NDArray[np.int64]:
        """Where in the original post each unit ends (m,)."""
        return self.last + 1 - self.origin[self.post]


class _Line:
    """The batch as one array of code points, with the traits of each and its place in the joined original.

    `present` has the traits of all characters there ever were.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        raw = np.frombuffer(("\n".join(texts) + "\n").encode("utf-32-le", "surrogatepass"), "<u4")
        self.lengths = np.array([len(text) + 1 for text in texts])
        self.ends = np.add.accumulate(self.lengths) - 1
        codes = ch.characters().fold.take(raw, mode="clip")
        traits = tr.traits().take(codes)
        codes[self.ends], traits[self.ends] = ch.END, tr.traits()[ch.END]
        self.present = int(np.bitwise_or.reduce(traits))
        self.beyond = False
        if self.present & tr.NOTHING and int(raw.max()) >= ch.TABLE_SIZE:
            # rare ideographs as they are; tags and variation selectors dropped
            rare = (raw >= ch.TABLE_SIZE) & (raw < 0xE0000)
            codes[rare], traits[rare] = raw[rare], tr.traits()[-1]
            self.beyond = True
        self.codes, self.traits = codes, traits
        self.place: NDArray[np.int64] | None = None  # None: as in the original
        self.tagged = self._tagged() if self.present & tr.HASH else None
        if self.present & tr.NOTHING:
            self.keep(codes.nonzero()[0])

    def _tagged(self) -> NDArray[np.int64]:
        """How often a #topic# began or ended up to each character of the joined original: odd inside of one.

        A post with an odd number of marks has lost its first one, as crawls and quotes do: it begins inside a topic.
        """
        marks = self.codes == _HASH
        begins = self.ends + 1 - self.lengths
        marks[begins] ^= (np.add.reduceat(marks.view(np.int8), begins) & 1).astype(bool)
        return np.add.accumulate(marks.view(np.int8), dtype=np.int64)

    def keep(self, kept: NDArray[np.int64]) -> None:
        """Drops all characters but these."""
        self.codes, self.traits = self.codes[kept], self.traits[kept]
        self.place = kept if self.place is None else self.place[kept]

    @property
    def text(self) -> str:
        return self.codes.tobytes().decode("utf-32-le", "surrogatepass")

    def of(self, traits: int) -> NDArray[np.int64]:
        """Where the characters with one of these traits are."""
        return ((self.traits & traits) != 0).nonzero()[0]

    def put(self, start: int, end: int, text: str) -> None:
        """Overwrites a stretch by a text no longer than it; what is left over is nothing, and dropped later."""
        self.codes[start:end], self.traits[start:end] = 0, tr.traits()[0]
        for at, code in enumerate(map(ord, text), start):
            self.codes[at], self.traits[at] = code, tr.traits()[code]


def units(texts: Sequence[str]) -> Units:
    """Normalises a batch of posts. Any string is allowed: empty ones, NULs, lone surrogates."""
    if not texts:
        return units([""])._replace(
            bounds=np.zeros(1, np.int64), signs=np.zeros((0, len(SIGNS)), np.int64), origin=np.zeros(0, np.int64)
        )
    line = _Line(texts)
    _name_names(line)
    signs = _count_signs(line)
    _close_gaps(line)
    _unmask(line)
    _read_pinyin(line)
    return _cut(line, signs)


def _name_names(line: _Line) -> None:
    """Links, mentions and named emoji become one character each."""
    if not line.present & tr.NAMES_SOMETHING:
        return
    marks = {chr(code) for code in line.codes[line.of(tr.NAMES_SOMETHING)].tolist()}
    text = line.text
    for name in NAMES:
        if not marks.isdisjoint(name.marks) and (name.hint is None or name.hint.search(text)):
            for match in name.pattern.finditer(text):
                start = match.start()
                if line.codes[start]:  # not inside a name found before
                    line.put(start, match.end(), name.stands_for)


def _count_signs(line: _Line) -> NDArray[np.int64]:
    """Counts per post, columns as in `SIGNS`. An end mark counts as another sign of its own post, in any batch."""
    if line.place is None:
        lengths = line.lengths
    else:
        lengths = np.diff(line.of(tr.END), prepend=-1)
    posts, columns = lengths.size, len(SIGNS) + 1  # one for what is nothing
    cells = np.arange(0, posts * columns, columns).repeat(lengths)
    cells += line.traits & tr.SIGN
    return np.bincount(cells, minlength=posts * columns).reshape(posts, columns)[:, :-1]


def _close_gaps(line: _Line) -> None:
    """Leaves letters and digits, with one space where two words of letters meet; digits all become 0."""
    codes, traits = line.codes, line.traits
    if line.present & tr.X:
        x = line.of(tr.X)
        third = x[2:][x[2:] - x[:-2] == 2]  # x-runs of three and more are masked digits
        for shift in range(3):
            codes[third - shift], traits[third - shift] = _ZERO, tr.traits()[_ZERO]
        line.present |= tr.DIGIT
    if line.present & tr.DIGIT:
        if line.present & tr.JOINS:
            joins = line.of(tr.JOINS)
            between = joins[(traits[joins - 1] & traits[joins + 1] & tr.DIGIT) != 0]  # an end mark comes last
            traits[between] = tr.traits()[_ZERO]
        codes[line.of(tr.DIGIT)] = _ZERO
    letter = (traits & (tr.HAN | tr.WORDY | tr.END)) != 0
    kept = letter.nonzero()[0]
    wordy = ((traits[kept] & tr.WORDY) != 0).nonzero()[0]
    if wordy.size:
        at = kept[wordy]  # words' letters and digits; what follows is said of each and the next one
        next_to = wordy[1:] - wordy[:-1] == 1
        gap = next_to & (at[1:] - at[:-1] > 1)
        if gap.any():
            # A single letter or figure on both sides: spelt out, so the gap is dropped.
            joined = np.zeros(at.size + 1, bool)
            joined[1:-1] = next_to & ~gap
            single = ~(joined[1:] | joined[:-1])
            gaps = at[:-1][gap & ~(single[1:] & single[:-1])] + 1
            codes[gaps], traits[gaps] = _SPACE, tr.traits()[_SPACE]
            letter[gaps] = True
            kept = letter.nonzero()[0]
    line.keep(kept)


def _unmask(line: _Line) -> None:
    """Disguised words become themselves."""
    if not line.present & tr.DISGUISES:
        return
    maybe = line.of(tr.DISGUISES)
    maybe = maybe[first_pairs()[pair_key(line.codes[maybe], line.codes[maybe + 1])]]  # an end mark comes last
    if maybe.size == 0:
        return
    text, done = line.text, 0
    for at in maybe.tolist():
        pattern = disguise(text[at : at + 2]) if at >= done else None
        if pattern and (match := pattern.match(text, at)):
            done = match.end()
            line.put(at, done, replacement(match))
    if done:
        line.keep(line.codes.nonzero()[0])


def _read_pinyin(line: _Line) -> None:
    """Pinyin among ideographs becomes syllables."""
    if not line.present & tr.LOWER:
        return
    lower = line.of(tr.LOWER)
    beside = lower[((line.traits[lower - 1] | line.traits[lower + 1]) & tr.IDEOGRAPH) != 0]  # an end mark comes last
    if beside.size == 0:
        return
    text, done, changed = line.text, 0, False
    for at in beside.tolist():
        if at < done:
            continue
        stretch = _STRETCH.search(text, done + len(text[done:at].rstrip(_LETTERS_AND_SPACE)))
        assert stretch is not None
        done = stretch.end()
        for match in WORDS.finditer(text, stretch.start(), done):
            if not ("\u3400" <= text[match.start() - 1] <= "\u9fff" or "\u3400" <= text[match.end()] <= "\u9fff"):
                continue  # in the middle
            words = [syllables_of(word) for word in match[0].split(" ")]
            if all(words):
                changed = True
                at = match.start()
                line.put(at, match.end(), "")
                for syllables in words:
                    for syllable in syllables:
                        line.put(at, at + 1, ch.syllable_characters()[syllable])
                        at += len(syllable)
                    at += 1
    if changed:
        line.keep(line.codes.nonzero()[0])


def _cut(line: _Line, signs: NDArray[np.int64]) -> Units:
    """Cuts the line into units and identifies each."""
    codes, traits = line.codes, line.traits
    place = np.arange(codes.size) if line.place is None else line.place
    whole = (traits & tr.HAN) != 0
    wordy = line.of(tr.WORDY)
    if wordy.size:
        edge = np.ones(wordy.size + 1, bool)
        edge[1:-1] = wordy[1:] - wordy[:-1] > 1
        word_starts, word_lasts = wordy[edge[:-1]], wordy[edge[1:]]
        whole[word_starts] = True
    starts = whole.nonzero()[0]
    glyph = codes[starts].astype(np.uint64)
    sound = ch.spoken().take(glyph.view(np.int64), mode="clip").astype(np.uint64)
    if line.beyond:
        sound = np.where(glyph < ch.TABLE_SIZE, sound, glyph)
    first = place[starts]
    last = first
    if wordy.size:
        words = starts.searchsorted(word_starts)
        glyph[words], sound[words] = _words(codes[wordy], traits[wordy], edge[:-1].nonzero()[0])
        last = first.copy()
        last[words] = place[word_lasts]
    bounds = np.zeros(signs.shape[0] + 1, np.int64)
    bounds[1:] = starts.searchsorted(line.of(tr.END))
    again = _repeats(glyph, bounds)
    if again.size:
        kept = np.ones(glyph.size, bool)
        kept[again] = False
        again = (~kept).nonzero()[0]  # in order, each once
        glyph, sound, first, last = glyph[kept], sound[kept], first[kept], last[kept]
        before = again.searchsorted(bounds)
        bounds -= before
        signs[:, -1] = np.diff(before)
    tagged = np.zeros(first.size, bool) if line.tagged is None else (line.tagged[first] & 1).astype(bool)
    return Units(glyph, sound, tagged, bounds, signs, first, last, line.ends + 1 - line.lengths)


def _words(
    codes: NDArray[np.uint32], traits: NDArray[np.uint16], starts: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Glyphs and sounds of words, whose letters and figures come one word after the other, each word from its start."""
    size = np.diff(starts, append=codes.size)
    nth = np.minimum(np.arange(codes.size) - starts.repeat(size), _LONGEST - 1)
    letters = codes * _POWER[nth]
    glyph = np.add.reduceat(letters, starts) * _MIX
    sound = np.add.reduceat(letters * (nth < _STEM), starts) * _MIX
    figures = np.add.reduceat((traits & tr.DIGIT) != 0, starts, dtype=np.int64)
    number = (figures == size) | ((figures > 0) & (size >= 5))
    glyph[number] = sound[number] = ch.NUMBER
    return glyph, sound


def _repeats(glyph: NDArray[np.uint64], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which units to drop: shouting the same word or line over and over adds nothing after the first time or two."""
    size = glyph.size
    ahead = np.zeros(size + _LONGEST_LOOP + 1, np.uint64)
    ahead[:size] = glyph
    # row by row: is it the unit 1, 2, 3 … later on?
    same = np.ndarray((_LONGEST_LOOP, size), np.uint64, ahead, ahead.itemsize, (ahead.itemsize, ahead.itemsize)) == glyph
    pairs = same.ravel().nonzero()[0]
    if pairs.size == 0:
        return pairs
    next_to = int(pairs.searchsorted(size))
    twice, loops = pairs[:next_to], pairs[next_to:]
    post = bounds.searchsorted  # of a unit, when asked for what is on its right side
    twice = twice[post(twice, "right") == post(twice + 1, "right")]
    numbers = twice[glyph[twice] == ch.NUMBER]  # numbers in a row are one
    thrice = twice[1:][twice[1:] - twice[:-1] == 1]  # of other units two are left: 哈哈
    loops = loops[2:][loops[2:] - loops[:-2] == 2]
    row, at = np.divmod(loops, size)
    later = at + row + 1
    looped = later[post(at - 2, "right") == post(later, "right")]
    again = np.concatenate((numbers + 1, thrice + 1, looped))
    return again[again < size]
