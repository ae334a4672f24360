"""Plain text of posts: what is read without a parser reads the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circleshield_addon.html_text import _words, html_to_text

_PIECES = ["<br>", "<br />", "<br/>", "&amp;", "&lt;", "&#39;", "&quot;", "&gt;", "a", " ", "\n", "好", "\t", "\x0c"]
_PIECES += ["\x00", "\r", "\ufeff", "\u2028", "&", "<", ";", "amp", "p>", "<p>", "</p>", "&nbsp;", "<a href='x'>"]


@given(st.lists(st.lists(st.sampled_from(_PIECES)).map("".join), min_size=1))
def test_paragraphs_read_as_the_parser_reads_them(paragraphs: list[str]) -> None:
    html = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    assert html_to_text(html) == _words(html)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>一 &amp; 二<br />三</p><p>&lt;b&gt;四</p>", "一 & 二\n三\n<b>四"),
        ("<p>看<a href='https://a.example/x'>这里</a></p>", "看这里"),
        ("早安<img alt=':sun:' src='x'>", "早安:sun:"),
        (" 没有标记 ", "没有标记"),
    ],
)
def test_text(html: str, text: str) -> None:
    assert html_to_text(html) == text
