"""Undoes camouflage: from posts to a row of units (ideograph, word, number), each with its place in the original.

The whole batch is one array of characters with their traits. Every step either changes characters in place or drops
them, so the array of source offsets, compressed alongside, is the map back to the original text. Most steps concern few
characters: the traits say which, and whether there are any at all. They are looked for among the odd ones only, which
ordinary ideographs are not.
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

_MIX = tr.array(0x9E3779B97F4A7C15)
_BASE = 0x100000001B3  # odd, so that it has an inverse modulo 2**64
_LONGEST = 64  # letters of a word that count
_STEM = 5  # letters of a word that say how it sounds: its endings do not count
# (3, letters) as written, as spoken, and room to count figures
_POWERS = np.array([[pow(_BASE, i, 2**64) for i in range(_LONGEST)]] * 3, np.uint64)
_POWERS[1, _STEM:] = 0
# By its size, how many figures make a word a number: all of them; one in an id, which has five characters or more.
_NUMBER_FROM = np.array([1, 1, 2, 3, 4, 1], np.uint64) * np.uint64(tr.DIGIT)
_NUMBER = tr.array(ch.NUMBER)
_LONGEST_LOOP = 8
_PINYIN_AROUND = tr.array(tr.IDEOGRAPH | tr.LOWER)
_HAN = SIGNS.index("han")


class _Line:
    """The batch as one array of characters: their traits, and the place of each in the joined original.

    `bounds` (n + 1,) are where posts begin, each with an end mark as its last character; `topics` are where #topics#
    begin and end, in turn; `present` has the traits of all characters there ever were.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        raw = np.array(["\n".join((*texts, ""))]).view(np.uint32)
        self.bounds = np.zeros(len(texts) + 1, np.int64)
        ends = self.bounds[1:]
        ends[:] = list(map(len, texts))
        ends += 1
        np.add.accumulate(ends, out=ends)
        self.origin = self.bounds[:-1]
        known = tr.traits()
        self.characters = known.of.take(raw, mode="clip")
        self.characters[ends - 1] = known.folded(ch.END)
        self.present = int(np.bitwise_or.reduce(self.characters))
        self.place: NDArray[np.int64] | None = None  # None: as in the original
        if self.present & tr.DROPPED and int(raw.max()) >= ch.TABLE_SIZE:  # the table's last is dropped
            rare = (raw >= ch.TABLE_SIZE) & (raw < 0xE0000)  # above are tags and variation selectors
            self.characters[rare] = tr.rare_ideographs(raw[rare])
        self._text: str | None = None
        self._odd: tuple[NDArray[np.int64], NDArray[np.uint64]] | None = None
        self.topics = self._topics() if self.present & tr.HASH else np.zeros(0, np.int64)
        if self.present & tr.DROPPED:
            self.drop(self.of(tr.DROPPED))

    def _topics(self) -> NDArray[np.int64]:
        """A post with an odd number of marks has lost its first one, as crawls and quotes do: it begins in a topic."""
        marks: NDArray[np.int64] = (self.characters == tr.traits().of[ord("#")]).nonzero()[0]
        before = marks.searchsorted(self.bounds)
        lost = ((before[1:] - before[:-1]) & 1).nonzero()[0]
        if lost.size:
            marks = np.concatenate((marks, self.origin[lost]))
            marks.sort()
        return marks

    def odd(self) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Where the odd characters are, and these (odd,): all but ordinary ideographs. Looked up anew after changes."""
        if self._odd is None:
            at = ((self.characters & tr.array(tr.ODD)) != tr.NONE).nonzero()[0]
            self._odd = at, self.characters.take(at)
        return self._odd

    def of(self, traits: int) -> NDArray[np.int64]:
        """Where the characters with one of these traits are, none of which ordinary ideographs have."""
        at, odd = self.odd()
        return at[(odd & tr.array(traits)).nonzero()[0]]

    @property
    def text(self) -> str:
        """The characters as they are, or were when it was first asked for since some were dropped."""
        if self._text is None:
            codes = (self.characters & tr.array(tr.CODE)).astype(np.uint32)
            self._text = str(codes.view(f"U{codes.size}").item())  # ends with an end mark, not with a NUL
        return self._text

    def drop(self, at: NDArray[np.int64]) -> None:
        """Drops these characters, none of which is an end mark."""
        kept = _all_but(at, self.characters.size)
        self.characters = self.characters.take(kept)
        self.bounds = kept.searchsorted(self.bounds)
        if self.topics.size:
            self.topics = kept.searchsorted(self.topics)
        self.place = kept if self.place is None else self.place.take(kept)
        self._text = self._odd = None

    def turn(self, at: NDArray[np.int64], char: str) -> None:
        """Makes odd characters other ones."""
        self.characters[at] = tr.traits().of[ord(char)]
        if self._odd is not None:
            self._odd = self._odd[0], self.characters.take(self._odd[0])

    def put(self, start: int, end: int, text: str) -> None:
        """Overwrites a stretch by a text no longer than it; what is left over is nothing, and dropped later."""
        self.characters[start:end] = tr.array(tr.NOTHING)
        for at, char in enumerate(text, start):
            self.characters[at] = tr.traits().folded(ord(char))
        self._odd = None


def _all_but(at: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The numbers up to a size without these."""
    others = np.ones(size, bool)
    others[at] = False
    return others.nonzero()[0]


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
        words = np.flatnonzero(self.line.characters[last] & tr.array(tr.WORDY))
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
    text, nothing = line.text, np.uint64(tr.NOTHING)
    for name in NAMES:
        if line.present & tr.NAME_MARKS[name.marks] and (name.hint is None or name.hint.search(text)):
            for match in name.pattern.finditer(text):
                start = match.start()
                if line.characters[start] != nothing:  # not inside a name found before
                    line.put(start, match.end(), name.stands_for)


def _count_signs(line: _Line) -> NDArray[np.int64]:
    """Counts per post, columns as in `SIGNS`. An end mark counts as another sign of its own post, in any batch."""
    posts, columns = line.origin.size, len(SIGNS) + 1  # one for what is nothing
    at, odd = line.odd()
    up_to = np.array((line.bounds, at.searchsorted(line.bounds)))
    sizes, odd_ones = up_to[:, 1:] - up_to[:, :-1]
    cells = np.arange(0, posts * columns, columns).repeat(odd_ones)
    cells += ((odd & tr.array(tr.SIGN)) >> tr.array(tr.SIGN_BIT)).view(np.int64)
    signs = np.bincount(cells, minlength=posts * columns).reshape(posts, columns)[:, :-1]
    han = signs[:, _HAN]
    han += sizes - odd_ones
    return signs


def _mask_figures(line: _Line) -> None:
    """Figures, and what is between or in place of them, become 0."""
    characters = line.characters
    if line.present & tr.OTHER_DIGIT:
        line.turn(line.of(tr.OTHER_DIGIT), "0")
    if line.present & tr.X:
        x = line.of(tr.X)
        third = x[2:][x[2:] - x[:-2] == 2]  # x-runs of three and more are masked digits
        if third.size:
            line.turn(np.concatenate((third, third - 1, third - 2)), "0")
    if line.present & tr.JOINS:
        joins = line.of(tr.JOINS)  # never the last character, which is an end mark
        beside = characters[joins - 1] & characters[joins + 1] & tr.array(tr.DIGIT)
        line.turn(joins[beside.nonzero()[0]], "0")


def _close_gaps(line: _Line) -> None:
    """Leaves letters and digits, with one space where two words of letters meet."""
    places, odd = line.odd()
    dropped = (odd & tr.array(tr.LETTER)) == tr.NONE
    wordy = (odd & tr.array(tr.WORDY)).nonzero()[0]
    at = places[wordy]  # words' letters and digits; what follows is said of each and the next one
    nth = at - np.add.accumulate(dropped, dtype=np.int64)[wordy]  # of what is left
    joined = at[1:] - at[:-1] == 1
    gap = ((nth[1:] - nth[:-1] == 1) ^ joined).nonzero()[0]
    if gap.size:
        # A single letter or figure on both sides: spelt out, so the gap is dropped.
        beside = np.zeros(at.size + 1, bool)
        beside[1:-1] = joined
        gap = gap[beside[gap] | beside[gap + 2]]
        line.characters[at[gap] + 1] = tr.traits().of[ord(" ")]  # what follows is not a letter, so it is odd
        dropped[wordy[gap] + 1] = False
    line.drop(places[dropped])


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
        line.drop(line.of(tr.DROPPED))


def _read_pinyin(line: _Line) -> None:
    """Pinyin among ideographs becomes syllables."""
    lower, characters = line.of(tr.LOWER), line.characters  # never the last character, which is an end mark
    around = characters[lower - 1] | characters[lower + 1]
    beside = lower[(around & _PINYIN_AROUND) == _PINYIN_AROUND]  # not of a single letter
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
        line.drop(line.of(tr.DROPPED))


def _cut(line: _Line, signs: NDArray[np.int64]) -> Units:
    """Cuts the line into units and identifies each."""
    wordy = line.of(tr.WORDY)
    edge = np.ones(wordy.size + 1, bool)  # is it the first letter of a word, and was the one before the last?
    edge[1:-1] = wordy[1:] - wordy[:-1] != 1
    edges = edge.nonzero()[0]
    word_starts = wordy[edges[:-1]]
    at, odd = line.odd()
    start = np.ones(line.characters.size, bool)
    start[at[(odd & tr.array(tr.HAN)) == tr.NONE]] = False
    start[word_starts] = True
    starts = start.nonzero()[0]
    whole = line.characters.take(starts)
    glyph, sound = whole & tr.array(tr.CODE), whole >> tr.array(tr.SPOKEN_BIT)
    if wordy.size:
        words = starts.searchsorted(word_starts)
        glyph[words], sound[words] = _words(line.characters.take(wordy), edges)
    bounds = starts.searchsorted(line.bounds)
    again = _repeats(glyph, bounds)
    if again.size:
        kept = _all_but(again, glyph.size)
        glyph, sound, starts = glyph.take(kept), sound.take(kept), starts.take(kept)
        left = kept.searchsorted(bounds)
        gone = bounds - left
        signs[:, -1] = gone[1:] - gone[:-1]
        bounds = left
    return Units(glyph, sound, _tagged(line.topics, starts), bounds, signs, starts, line)


def _words(letters: NDArray[np.uint64], edges: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Glyphs and sounds (2, words) of words, whose letters and figures come one word after the other.

    `edges` (words + 1,) are each one's first letter and the end.
    """
    starts, size = edges[:-1], edges[1:] - edges[:-1]
    nth = np.arange(letters.size) - starts.repeat(size)
    spelled = _POWERS.take(nth, axis=1, mode="clip")
    spelled[:2] *= letters & tr.array(tr.CODE)
    np.bitwise_and(letters, tr.array(tr.DIGIT), spelled[2])
    added = np.add.reduceat(spelled, starts, axis=1)
    words = added[:2]
    words *= _MIX
    np.copyto(words, _NUMBER, where=added[2] >= _NUMBER_FROM.take(size, mode="clip"))
    return words


def _repeats(glyph: NDArray[np.uint64], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which units to drop: shouting the same word or line over and over adds nothing after the first time or two."""
    size, item = glyph.size, glyph.itemsize
    padded = np.zeros(size + _LONGEST_LOOP + 1, np.uint64)
    padded[:size] = glyph
    ahead = np.ndarray((_LONGEST_LOOP, size), np.uint64, padded, item, (item, item))  # row by row 1, 2, 3 … units on
    same = (ahead == glyph).ravel()
    again: NDArray[np.int64] = same[:size].nonzero()[0] + 1
    longer = same[size:]
    loops = (longer[:-2] & longer[1:-1] & longer[2:]).nonzero()[0]  # three in a row; the rows end with others
    if again.size:
        again = again[bounds.take(bounds.searchsorted(again)) != again]  # in one post
        numbers = again[glyph[again] == _NUMBER]  # numbers in a row are one
        thrice = again[1:][again[1:] - again[:-1] == 1]  # of other units two are left: 哈哈
        again = np.concatenate((numbers, thrice))
    if loops.size:
        row = loops // size
        later = loops - row * (size - 1) + 4
        in_one = bounds.searchsorted(later - row - 4, "right") == bounds.searchsorted(later, "right")
        again = np.concatenate((again, later[in_one]))
    return again


def _tagged(topics: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which units (m,) are part of a #topic#, by where topics begin and end, in turn, and where units start."""
    if topics.size == 0:
        return np.zeros(starts.size, bool)
    edges = np.zeros(topics.size + 2, np.int64)
    edges[1:-1] = starts.searchsorted(topics)
    edges[-1] = starts.size
    tagged = np.zeros(topics.size + 1, bool)
    tagged[1::2] = True
    return tagged.repeat(edges[1:] - edges[:-1])
