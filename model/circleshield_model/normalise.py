"""Undoes camouflage: from posts to a row of units (ideograph, word, number), each with its place in the original.

The whole batch is one array of characters with their traits. Every step either changes characters in place or drops
them, so the array of source offsets, compressed alongside, is the map back to the original text. Most steps concern few
characters: the traits say which, and whether there are any at all.
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
_STEM = 5  # letters of a word that say how it sounds: its endings do not count
# (2, letters) as written, as spoken
_POWERS = np.array([[pow(_BASE, i, 2**64) for i in range(_LONGEST)]] * 2, np.uint64)
_POWERS[1, _STEM:] = 0
# By its size, how many figures make a word a number: all of them; one in an id, which has five characters or more.
_NUMBER_FROM = np.array([1, 1, 2, 3, 4, 1])
_LONGEST_LOOP = 8


class _Line:
    """The batch as one array of characters: their traits, and the place of each in the joined original.

    `ends` (n,) are where the end marks of the posts are; `present` has the traits of all characters there ever were.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        raw = np.frombuffer("\n".join((*texts, "")).encode("utf-32-le", "surrogatepass"), "<u4")
        self.lengths = np.array([len(text) + 1 for text in texts])
        self.ends = np.add.accumulate(self.lengths) - 1
        self.origin = self.ends + 1 - self.lengths
        known = tr.traits()
        self.characters = known.of.take(raw, mode="clip")
        self.characters[self.ends] = known.folded(ch.END)
        self.present: np.uint64 = np.bitwise_or.reduce(self.characters)
        self.place: NDArray[np.int64] | None = None  # None: as in the original
        if self.present & tr.DROPPED and int(raw.max()) >= ch.TABLE_SIZE:  # the table's last is dropped
            rare = (raw >= ch.TABLE_SIZE) & (raw < 0xE0000)  # above are tags and variation selectors
            self.characters[rare] = tr.rare_ideographs(raw[rare])
        self._text: str | None = None
        self.tagged = self._tagged() if self.present & tr.HASH else None
        if self.present & tr.DROPPED:
            self.drop_nothing()

    def _tagged(self) -> NDArray[np.int64]:
        """How often a #topic# began or ended up to each character of the joined original: odd inside of one.

        A post with an odd number of marks has lost its first one, as crawls and quotes do: it begins inside a topic.
        """
        marks = (self.characters == tr.traits().of[ord("#")]).view(np.int8)
        marks[self.origin] ^= (np.add.reduceat(marks, self.origin) & 1).astype(np.int8)
        return np.add.accumulate(marks, dtype=np.int64)

    def of(self, traits: np.uint64) -> NDArray[np.int64]:
        """Where the characters with one of these traits are."""
        found: NDArray[np.int64] = ((self.characters & traits) != tr.NONE).nonzero()[0]
        return found

    @property
    def text(self) -> str:
        """The characters as they are, or were when it was first asked for since some were dropped."""
        if self._text is None:
            self._text = (self.characters & tr.CODE).astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
        return self._text

    def keep(self, kept: NDArray[np.int64]) -> None:
        """Drops all characters but these, which include the end marks."""
        self.characters = self.characters.take(kept)
        self.ends = kept.searchsorted(self.ends)
        self.place = kept if self.place is None else self.place.take(kept)
        self._text = None

    def drop_nothing(self) -> None:
        self.keep((self.characters != tr.NOTHING).nonzero()[0])

    def put(self, start: int, end: int, text: str) -> None:
        """Overwrites a stretch by a text no longer than it; what is left over is nothing, and dropped later."""
        self.characters[start:end] = tr.NOTHING
        for at, char in enumerate(text, start):
            self.characters[at] = tr.traits().folded(ord(char))


class Units(NamedTuple):
    """The units of a batch in order, posts one after the other; m units, n posts.

    `glyph` (m,) identifies the unit as written, `sound` (m,) as spoken; `tagged` (m,) says whether it is part of a
    #topic#; `bounds` (n + 1,) are each post's first unit and the end; `signs` (n, len(SIGNS)) counts what the units
    leave out. `starts` (m,) are their places in `line`, from which `offsets` come.
    """

    glyph: NDArray[np.uint64]
    sound: NDArray[np.uint64]
    tagged: NDArray[np.bool_]
    bounds: NDArray[np.int64]
    signs: NDArray[np.int64]
    starts: NDArray[np.int64]
    line: _Line

    def posts(self) -> NDArray[np.int64]:
        """The index of each unit's post (m,), worked out anew at each call."""
        return np.arange(self.bounds.size - 1).repeat(np.diff(self.bounds))

    def offsets(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where in its original post each unit starts and ends (m,), worked out anew at each call."""
        wordy = self.line.of(tr.WORDY)
        lasts = wordy[np.diff(wordy, append=-1) != 1]  # of words
        last = self.starts.copy()
        words = np.flatnonzero(self.line.characters[last] & tr.WORDY)
        last[words] = lasts[lasts.searchsorted(last[words])]
        origin, place = self.line.origin[self.posts()], self.line.place
        if place is None:
            return self.starts - origin, last - origin + 1
        return place[self.starts] - origin, place[last] - origin + 1


def units(texts: Sequence[str]) -> Units:
    """Normalises a batch of posts. Any string is allowed: empty ones, NULs, lone surrogates."""
    if not texts:
        return units([""])._replace(bounds=np.zeros(1, np.int64), signs=np.zeros((0, len(SIGNS)), np.int64))
    line = _Line(texts)
    if line.present & tr.NAMES_SOMETHING:
        _name_names(line)
    signs = _count_signs(line)
    if line.present & (tr.X | tr.DIGIT):
        _mask_figures(line)
    _close_gaps(line)
    if line.present & tr.DISGUISES:
        _unmask(line)
    if line.present & tr.LOWER:
        _read_pinyin(line)
    return _cut(line, signs)


def _name_names(line: _Line) -> None:
    """Links, mentions and named emoji become one character each."""
    text = line.text
    for name in NAMES:
        if line.present & tr.NAME_MARKS[name.marks] and (name.hint is None or name.hint.search(text)):
            for match in name.pattern.finditer(text):
                start = match.start()
                if line.characters[start] != tr.NOTHING:  # not inside a name found before
                    line.put(start, match.end(), name.stands_for)


def _count_signs(line: _Line) -> NDArray[np.int64]:
    """Counts per post, columns as in `SIGNS`. An end mark counts as another sign of its own post, in any batch."""
    posts, columns = line.ends.size, len(SIGNS) + 1  # one for what is nothing
    lengths = line.ends.copy()
    lengths[0] += 1
    lengths[1:] -= line.ends[:-1]
    cells = np.arange(0, posts * columns, columns).repeat(lengths)
    cells += ((line.characters & tr.SIGN) >> tr.SIGN_BIT).view(np.int64)
    return np.bincount(cells, minlength=posts * columns).reshape(posts, columns)[:, :-1]


def _mask_figures(line: _Line) -> None:
    """Figures, and what is between or in place of them, become 0."""
    characters, zero = line.characters, tr.traits().of[ord("0")]
    if line.present & tr.OTHER_DIGIT:
        characters[line.of(tr.OTHER_DIGIT)] = zero
    if line.present & tr.X:
        x = line.of(tr.X)
        third = x[2:][x[2:] - x[:-2] == 2]  # x-runs of three and more are masked digits
        for shift in range(3):
            characters[third - shift] = zero
    if line.present & tr.JOINS:
        joins = line.of(tr.JOINS)  # never the last character, which is an end mark
        characters[joins[(characters[joins - 1] & characters[joins + 1] & tr.DIGIT) != tr.NONE]] = zero


def _close_gaps(line: _Line) -> None:
    """Leaves letters and digits, with one space where two words of letters meet."""
    letter = (line.characters & tr.LETTER) != tr.NONE
    kept = letter.nonzero()[0]
    wordy = ((line.characters.take(kept) & tr.WORDY) != tr.NONE).nonzero()[0]
    at = kept[wordy]  # words' letters and digits; what follows is said of each and the next one
    next_to = wordy[1:] - wordy[:-1] == 1
    gap = next_to & (at[1:] - at[:-1] > 1)
    if gap.any():
        # A single letter or figure on both sides: spelt out, so the gap is dropped.
        joined = np.zeros(at.size + 1, bool)
        joined[1:-1] = next_to & ~gap
        single = ~(joined[1:] | joined[:-1])
        gaps = at[:-1][gap & ~(single[1:] & single[:-1])] + 1
        line.characters[gaps] = tr.traits().of[ord(" ")]
        letter[gaps] = True
        kept = letter.nonzero()[0]
    line.keep(kept)


def _unmask(line: _Line) -> None:
    """Disguised words become themselves."""
    maybe = line.of(tr.DISGUISES)  # never the last character, which is an end mark
    maybe = maybe[first_pairs()[pair_key(line.characters[maybe], line.characters[maybe + 1])]]
    if maybe.size == 0:
        return
    text, done = line.text, 0
    for at in maybe.tolist():
        pattern = disguise(text[at : at + 2]) if at >= done else None
        if pattern and (match := pattern.match(text, at)):
            done = match.end()
            line.put(at, done, replacement(match))
    if done:
        line.drop_nothing()


def _read_pinyin(line: _Line) -> None:
    """Pinyin among ideographs becomes syllables."""
    lower, characters = line.of(tr.LOWER), line.characters  # never the last character, which is an end mark
    beside = lower[((characters[lower - 1] | characters[lower + 1]) & tr.IDEOGRAPH) != tr.NONE]
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
                continue
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
        line.drop_nothing()


def _cut(line: _Line, signs: NDArray[np.int64]) -> Units:
    """Cuts the line into units and identifies each."""
    wordy = line.of(tr.WORDY)
    edge = np.ones(wordy.size + 1, bool)  # is it the first letter of a word, and was the one before the last?
    np.not_equal(wordy[1:] - wordy[:-1], 1, out=edge[1:-1])
    word_starts = wordy[edge[:-1]]
    start = (line.characters & tr.HAN) != tr.NONE
    start[word_starts] = True
    starts = start.nonzero()[0]
    whole = line.characters.take(starts)
    glyph, sound = whole & tr.CODE, whole >> tr.SPOKEN_BIT
    if wordy.size:
        words = starts.searchsorted(word_starts)
        glyph[words], sound[words] = _words(line.characters.take(wordy), edge)
    bounds = np.zeros(signs.shape[0] + 1, np.int64)
    bounds[1:] = starts.searchsorted(line.ends)
    again = _repeats(glyph, bounds)
    if again.size:
        kept = np.ones(glyph.size, bool)
        kept[again] = False
        again = (~kept).nonzero()[0]  # in order, each once
        glyph, sound, starts = glyph[kept], sound[kept], starts[kept]
        before = again.searchsorted(bounds)
        bounds -= before
        signs[:, -1] = before[1:] - before[:-1]
    if line.tagged is None:
        tagged = np.zeros(starts.size, bool)
    else:
        at = starts if line.place is None else line.place.take(starts)
        tagged = (line.tagged.take(at) & 1).astype(bool)
    return Units(glyph, sound, tagged, bounds, signs, starts, line)


def _words(letters: NDArray[np.uint64], edge: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Glyphs and sounds (2, words) of words, whose letters and figures come one word after the other."""
    edges = edge.nonzero()[0]
    starts, size = edges[:-1], edges[1:] - edges[:-1]
    nth = np.arange(letters.size) - starts.repeat(size)
    spelled = _POWERS.take(nth, axis=1, mode="clip")
    spelled *= letters & tr.CODE
    words = np.add.reduceat(spelled, starts, axis=1)
    words *= _MIX
    figures = np.add.reduceat((letters & tr.DIGIT) != tr.NONE, starts, dtype=np.int64)
    words[:, (figures >= _NUMBER_FROM.take(size, mode="clip")).nonzero()[0]] = ch.NUMBER
    return words


def _repeats(glyph: NDArray[np.uint64], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which units to drop: shouting the same word or line over and over adds nothing after the first time or two."""
    size, item = glyph.size, glyph.itemsize
    padded = np.zeros(size + _LONGEST_LOOP + 1, np.uint64)
    padded[:size] = glyph
    ahead = np.ndarray((_LONGEST_LOOP, size), np.uint64, padded, item, (item, item))  # row by row 1, 2, 3 … units on
    same = (ahead == glyph).ravel().nonzero()[0]
    next_to = int(same.searchsorted(size))
    twice, loops = same[:next_to], same[next_to:]
    twice = twice[bounds.searchsorted(twice, "right") == bounds.searchsorted(twice + 1, "right")]  # in one post
    numbers = twice[glyph[twice] == ch.NUMBER] + 1  # numbers in a row are one
    thrice = twice[1:][twice[1:] - twice[:-1] == 1] + 1  # of other units two are left: 哈哈
    loops = loops[2:][loops[2:] - loops[:-2] == 2]
    del padded, ahead, same  # as large as all units
    if loops.size:
        row = loops // size
        later = loops - row * (size - 1) + 1
        loops = later[bounds.searchsorted(later - row - 3, "right") == bounds.searchsorted(later, "right")]
    again = np.concatenate((numbers, thrice, loops))
    return again[again < size]
