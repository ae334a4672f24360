"""Languages by script."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circleshield_addon.language import _HAN, _LATIN, _LETTER, _PLAIN, language, languages


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今天天气很好", "zh"),
        ("今天買了新的面膜", "zh"),
        ("加微信 mm66123 下单", "zh"),
        ("今天买了美の面膜", "zh"),
        ("Lovely day by the river", "en"),
        ("Ｂｕｙ ｎｏｗ", "en"),
        ("𝐁𝐮𝐲 𝐧𝐨𝐰", "en"),
        ("Café crème à Évreux", "en"),
        ("Happy 春节 to everyone at home", "en"),
        ("今日は友達と映画を見に行った", None),
        ("ｱｲｽ食べたい", None),
        ("안녕하세요 DM me", None),
        ("Привет, как дела? WhatsApp", None),
        ("ราคาถูก https://example.com/a/very/long/latin/link @someone", None),
        ("💕 123 !!", None),
        ("", None),
    ],
)
def test_language(text: str, expected: str | None) -> None:
    assert language(text) == expected


def test_what_is_not_normalised_has_the_same_letters_if_it_is() -> None:
    plain = "".join(_PLAIN.findall("".join(map(chr, range(0x110000)))))
    assert len(plain) > 20_000
    for char in plain:
        normalised = unicodedata.normalize("NFKC", char)
        for script in (_HAN, _LATIN, _LETTER):
            assert len(script.findall(normalised)) == len(script.findall(char)), char
        assert "@" not in normalised


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert language(text) in ("zh", "en", None)


@settings(deadline=None)  # the first call makes a table
@given(st.lists(st.text() | st.text(alphabet="今买a Z9，。htp:/@の🔥")))
def test_many_texts_are_of_the_same_languages_as_each(texts: list[str]) -> None:
    assert languages(texts) == [language(text) for text in texts]


def test_every_character_is_of_the_same_language_in_many_texts() -> None:
    texts = ["".join(map(chr, range(first, first + 16))) for first in range(0, 0x110000, 16)]
    assert languages(texts) == [language(text) for text in texts]
