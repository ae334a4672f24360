"""Camouflage is undone, and every unit knows where it came from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circleshield_model.characters import NUMBER
from circleshield_model.normalise import Units, units
from circleshield_model.phrases import _DISGUISES
from circleshield_model.traits import SIGNS


def pieces(text: str) -> list[str]:
    """The units' originals."""
    cut = units([text])
    return [text[a:b] for a, b in zip(*cut.offsets(), strict=True)]


def same_glyphs(one: str, other: str) -> bool:
    return bool(np.array_equal(units([one]).glyph, units([other]).glyph))


PLAIN = "招代理加微信领价格表"


@pytest.mark.parametrize(
    "disguised",
    [
        "招\u200b代\u200c理\u2060加\ufeff微信领价格表",  # zero-width
        "招 代 理 加 微 信 领 价 格 表",
        "招.代·理。加*微-信|领～价_格/表",
        "🔥招🔥代❤️理✨加👉微💰信🌸领🎉价格表",
        "招代理加微信領價格錶",  # traditional
        "招代理➕微信领价格表",
        "招代李加v信领价格表",
        "招代理加微❤️领价格表",
        "招代理加vx领价格表",
        "招代理加威杏领价格表",
        "招代理\u202e加微信\u202c领价格表",  # bidi controls
        "招代理加🆅信领价格表",
        "招代理加ⓥ信领价格表",
        "招代理加𝐯信领价格表",
        "招代理加Ｖ信领价格表",
        "招代理加v\ufe0f信领价格表",  # variation selector
        "招代理加v̈信领价格表",  # combining mark
    ],
)
def test_a_disguise_reads_like_the_plain_text(disguised: str) -> None:
    assert same_glyphs(disguised, PLAIN)


@pytest.mark.parametrize("disguised", ["招dai理加wei信", "招 dai li 加 wei xin", "招daili加weixin", "沼黛里加违心"])
def test_pinyin_and_homophones_sound_like_the_plain_text(disguised: str) -> None:
    assert units([disguised]).sound.tolist() == units(["招代理加微信"]).sound.tolist()


@pytest.mark.parametrize(
    "text",
    ["13812345678", "1xxxxxxxxxx", "xxx", "１３８ 1234", "1️⃣3️⃣8️⃣", "①②③④", "零一二三四五六七", "59.90", "2020-03-08"],
)
def test_figures_and_their_masks_are_one_number(text: str) -> None:
    assert units([text]).glyph.tolist() == [NUMBER]


def test_an_id_is_a_number_but_a_short_name_with_a_figure_is_a_word() -> None:
    assert units(["zhang88abc"]).glyph.tolist() == [NUMBER]
    assert units(["zxxxxxxxx"]).glyph.tolist() == [NUMBER]
    assert units(["n95"]).glyph.tolist() != [NUMBER]


def test_figures_of_other_scripts_are_figures() -> None:
    assert same_glyphs("n٩٥", "n95")


def test_what_a_disguise_stands_for_is_what_plain_text_folds_to() -> None:
    for word in _DISGUISES:
        assert "".join(map(chr, units([word]).glyph.tolist())) == word


def test_spelt_out_words_are_closed_up() -> None:
    assert same_glyphs("F R E E gift", "free gift")
    assert not same_glyphs("free gift", "freegift")


def test_links_mentions_and_named_emoji_are_one_each() -> None:
    assert same_glyphs("看https://t.example/abc 好", "看www.other.example/x 好")
    assert same_glyphs("@小明 好", "@someone 好")
    assert same_glyphs("好[笑cry]", "好[doge]")
    signs = dict(zip(SIGNS, units(["@小明 https://t.example/a [doge]#x#!？【"]).signs[0].tolist(), strict=True))
    assert signs["mention"] == signs["link"] == signs["emoji"] == signs["exclaim"] == signs["question"] == 1
    assert signs["hash"] == 2
    assert signs["bracket"] == 1


def test_repeating_adds_nothing() -> None:
    assert same_glyphs("哈哈哈哈哈哈哈", "哈哈")
    assert units(["安徽你急一急" * 30]).glyph.size < 20


def test_topics_are_marked_even_if_the_first_mark_is_lost() -> None:
    whole, cut_off = units(["#减肥# 今天 #天气#"]), units(["减肥# 今天 #天气#"])
    assert whole.tagged.tolist() == cut_off.tagged.tolist() == [True, True, False, False, True, True]


def test_offsets_point_at_the_original() -> None:
    assert pieces("招\u200b代 理，加🔥V信：abc12345 ok") == ["招", "代", "理", "加", "V", "信", "abc12345", "ok"]


def test_every_character_is_taken() -> None:
    for first in range(0, 0x110000, 0x4000):
        text = "".join(map(chr, range(first, first + 0x4000)))
        assert int(units([text]).bounds[-1]) <= len(text)


def test_strange_input_is_taken() -> None:
    cut = units(["", "\x00", "\ud800", "\U0010ffff\U000e0041", "\n\r\u2028", "𠮷野家", "x" * 5000, "喵"])
    assert np.diff(cut.bounds).tolist() == [0, 0, 0, 0, 0, 3, 1, 1]
    assert units([]).glyph.size == 0


@settings(deadline=None)
@given(st.lists(st.text(max_size=60), max_size=6))
def test_a_post_is_cut_alike_alone_and_in_a_batch(texts: list[str]) -> None:
    together = units(texts)
    for i, text in enumerate(texts):
        alone, part = units([text]), slice(together.bounds[i], together.bounds[i + 1])
        for name in ("glyph", "sound", "tagged"):
            assert getattr(alone, name).tolist() == getattr(together, name)[part].tolist()
        for one, all_ in zip(alone.offsets(), together.offsets(), strict=True):
            assert one.tolist() == all_[part].tolist()
        assert alone.signs[0].tolist() == together.signs[i].tolist()


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("加v微❤信0x1３#@[ ].a\u200b🔥\n招wei代 dai"), max_size=80))
def test_offsets_are_ordered_and_inside(text: str) -> None:
    cut: Units = units([text])
    start, end = cut.offsets()
    assert (start < end).all()
    assert (start[1:] >= end[:-1]).all()
    assert not end.size or end[-1] <= len(text)
