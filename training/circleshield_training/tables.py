"""Builds the character tables of the normaliser: `python -m circleshield_training.tables`.

Needs the `tables` dependency group (OpenCC, pypinyin, confusable-homoglyphs). Scoring only reads the arrays it writes.
"""

import unicodedata
from pathlib import Path

import numpy as np

from circleshield_model import characters as ch

# Letters in boxes and negative circles, which NFKC leaves alone: first code point of each alphabet of 26.
BOXED_ALPHABETS = (0x1F150, 0x1F170)

# Emoji and signs that stand for a word of the trade wherever they occur.
SIGNS = {**dict.fromkeys("➕✚✙⊕╋┼", "加"), **dict.fromkeys("💴💵", "钱")}


def _is_emoji(code: int) -> bool:
    return (
        0x1F000 <= code <= 0x1FAFF
        or 0x2600 <= code <= 0x27BF
        or 0x2B00 <= code <= 0x2BFF
        or 0x2300 <= code <= 0x23FF
        or 0x25A0 <= code <= 0x25FF
        or 0x2190 <= code <= 0x21FF
        or code in (0x203C, 0x2049, 0x3030, 0x303D)
    )


def _latin_lookalikes() -> dict[str, str]:
    """Cyrillic and Greek letters drawn like one Latin letter, from Unicode's confusables."""
    from confusable_homoglyphs import confusables

    found: dict[str, str] = {}
    for code in (*range(0x370, 0x530),):
        letter = chr(code)
        if not letter.isalpha():
            continue
        for match in confusables.is_confusable(letter, greedy=True, preferred_aliases=["latin"]) or []:
            for glyph in match["homoglyphs"]:
                if len(glyph["c"]) == 1 and glyph["c"].isascii() and glyph["c"].isalpha():
                    found.setdefault(letter, glyph["c"].lower())
    return found


def build() -> dict[str, np.ndarray]:
    """Computes the arrays `fold`, `kind`, `sound` (each of `characters.TABLE_SIZE` entries) and `syllables`."""
    import opencc
    import pypinyin

    simplify = opencc.OpenCC("t2s").convert
    lookalikes = _latin_lookalikes()
    boxed = {chr(first + i): chr(97 + i) for first in BOXED_ALPHABETS for i in range(26)}

    fold = np.zeros(ch.TABLE_SIZE, np.uint32)
    kind = np.zeros(ch.TABLE_SIZE, np.uint8)
    for code in range(ch.TABLE_SIZE):
        char = chr(code)
        category = unicodedata.category(char)
        if category == "Zs" or char in "\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029":
            fold[code] = 0x20
            continue
        if category in ("Mn", "Me", "Cc", "Cf", "Cs", "Co", "Cn") or 0x1F3FB <= code <= 0x1F3FF:
            continue  # stays 0: dropped
        if _is_emoji(code) and not (boxed.get(char) or SIGNS.get(char)):
            folded = unicodedata.normalize("NFKC", char)
            fold[code] = ord(folded[0]) if folded != char and folded[0].isalnum() else code
            continue
        char = boxed.get(char) or SIGNS.get(char) or lookalikes.get(char) or char
        # A compatibility sign of several letters (㎏, Ⅷ) keeps its first: one code point in, one out.
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", char).casefold())
        base = unicodedata.normalize("NFD", folded)[:1] or folded
        folded = base if base.isascii() or base in lookalikes else folded[:1]
        folded = lookalikes.get(folded, folded)
        simple = simplify(folded)[:1] or folded
        fold[code] = next(ord(c) for c in (simple, folded, chr(code)) if ord(c) < ch.TABLE_SIZE)
    fold[ord("〇")] = ord("〇")
    for code in range(ch.TABLE_SIZE):
        char = chr(code)
        category = unicodedata.category(char)
        if category == "Zs":
            value = ch.SPACE
        elif category in ("Mn", "Me", "Cc", "Cf", "Cs", "Cn", "Co"):
            value = ch.DROPPED
        elif _is_emoji(code):
            value = ch.EMOJI
        elif category == "Nd":
            value = ch.DIGIT
        elif (0x2E80 <= code <= 0x9FFF and category[0] in "LN") or 0xAC00 <= code <= 0xD7AF or 0xF900 <= code <= 0xFAFF:
            value = ch.HAN
        elif category[0] == "L":
            value = ch.LATIN
        else:
            value = ch.PUNCT
        kind[code] = value
    kind[ch.TABLE_SIZE - 1] = ch.HAN  # stands for every ideograph beyond the table
    kind[ch.LINK] = kind[ch.MENTION] = ch.HAN
    kind[ch.EMOTE] = ch.EMOJI
    kind[ch.END] = ch.PUNCT

    han = [chr(c) for c in range(0x3400, 0xA000)]
    readings = ["".join(pypinyin.lazy_pinyin(c, errors="ignore", v_to_u=False)) for c in han]
    syllables = sorted({r for r in readings if r.isascii() and r.isalpha()} | {"lv", "nv"})
    number = {s: i + 1 for i, s in enumerate(syllables)}
    sound = np.zeros(ch.TABLE_SIZE, np.uint16)
    for char, reading in zip(han, readings, strict=True):
        sound[ord(char)] = number.get(reading, 0)
    first = ch.FIRST_SYLLABLE
    sound[first : first + len(syllables) + 1] = np.arange(len(syllables) + 1)
    kind[first : first + len(syllables) + 1] = ch.HAN
    return {"fold": fold, "kind": kind, "sound": sound, "syllables": np.array(syllables)}


if __name__ == "__main__":
    np.savez_compressed(Path(ch.__file__).with_name("characters.npz"), **build())  # type: ignore[arg-type]
