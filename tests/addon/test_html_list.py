"""Elements of an HTML page by span."""

import pytest

from circleshield_addon.html_list import elements


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<ul><li class="t x">a</li><li class="other">b</li></ul>', ['<li class="t x">a</li>']),
        ("<LI CLASS='x t'>a<li>nested</li> b</LI>", ["<LI CLASS='x t'>a<li>nested</li> b</LI>"]),
        ("<li class=t>a</li>", ["<li class=t>a</li>"]),
        ('<li data-x="a > b" class="t">a</li >', ['<li data-x="a > b" class="t">a</li >']),
        ('<li class="tt">a</li><link class="t"><li class="a-t">', []),
        ('<li class="t">never closed', []),
        ('<!-- <li class="t">x</li> --><li class="t">y</li>', ['<li class="t">y</li>']),
        ('<li class="t"><script>"</li>"</script>z</li>', ['<li class="t"><script>"</li>"</script>z</li>']),
        ('<li class="t">a<li class="t">b</li></li><li class="t">c</li>', None),
    ],
)
def test_finds_whole_elements(html: str, found: list[str] | None) -> None:
    spans = elements(html.encode(), "li", "t")
    got = [html.encode()[start:end].decode() for start, end in spans]
    assert got == (['<li class="t">a<li class="t">b</li></li>', '<li class="t">c</li>'] if found is None else found)


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<!-- <li class="t">x</li> --><li class="t">y</li>', ['<li class="t">x</li>', '<li class="t">y</li>']),
        ('<code><!--<ul><li class="t">x</li><li class="t">y--></code><li class="t">z</li>', ["x", "z"]),
        ('<li class="t">a<!--<li class="t">b</li>-->c</li>', ['<li class="t">a<!--<li class="t">b</li>-->c</li>']),
        ("<script>'<!--<li class=\"t\">x</li>-->'</script>", []),
        ('<!-- <li class="t">x</li>', ['<li class="t">x</li>']),
    ],
)
def test_lists_in_comments(html: str, found: list[str]) -> None:
    got = [html.encode()[start:end].decode() for start, end in elements(html.encode(), "li", "t", in_comments=True)]
    assert got == [f if f.startswith("<") else f'<li class="t">{f}</li>' for f in found]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("start", "piece"),
    [
        ("", "<!--"),
        ("", "<script>"),
        ("", "<li "),
        ("", '<li "'),
        ("", "<li class='"),
        ("", '<li class="t '),
        ("", "<li class=t"),
        ('<li class="', "t "),
    ],
)
def test_a_megabyte_of_the_same_takes_no_time(start: str, piece: str) -> None:
    """Its square would be hours, in which nothing else of the proxy moves."""
    body = f'<li class="t">x</li>{start}{piece * (1_000_000 // len(piece))}\'">'.encode()
    assert elements(body, "li", "t", in_comments=True)[:1] == [(0, 20)]
