"""Questions to the ledger: how far a page looks, and what it says of that."""

from dataclasses import replace

import pytest
from tests.addon.test_ledger import NOW, record, verdict

from circleshield_addon.history import Filter, page
from circleshield_addon.ledger import Ledger, Seen
from circleshield_addon.post import Post, Verdict


@pytest.mark.parametrize("device", [None, "a"])
@pytest.mark.parametrize(
    ("which", "found"),
    [
        (Filter(words="wanted"), [["8"], ["4"], []]),
        (Filter(words="nowhere"), [[], [], []]),
        (Filter(highest=0.5), [["9"], [], []]),
        (Filter(words="wanted", since=NOW + 4), [["8"], ["4"]]),
        (Filter(words="wanted", since=NOW + 5, before=NOW + 9), [["8"]]),
    ],
)
def test_words_and_scores_are_looked_for_piece_by_piece(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, which: Filter, found: list[list[str]], device: str | None
) -> None:
    monkeypatch.setattr("circleshield_addon.history.LOOKED_AT", 4)
    for n in range(12):
        text = "wanted" if n in (4, 8) else "other"
        post = Verdict(Post(str(n), "7", "n", text, False), 0.4 if n == 9 else 0.9, "fold", ())
        seen = [Seen(NOW + n, "weibo", "a", (post,))]
        ledger.write(ledger.rows(seen), ledger.views(seen))
    which = replace(which, device=device, action="not kept")
    pages = [page(ledger, which, 2)]
    while pages[-1].below is not None:
        pages.append(page(ledger, which, 2, pages[-1].below))
    assert [[entry.post_id for entry in one.entries] for one in pages] == found
    last = min(NOW + 11, (which.before or NOW + 99) - 1)
    assert [one.back_to for one in pages] == [last - 4 * n for n in range(1, len(pages))] + [None]


def test_what_an_index_finds_is_found_at_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("circleshield_addon.history.LOOKED_AT", 2)
    record(ledger, verdict(1, author="8"), *(verdict(n) for n in range(2, 20)))
    for which in (Filter(author="8"), Filter(author="8", words="text", platform="weibo")):
        found = page(ledger, which, 9)
        assert ([entry.post_id for entry in found.entries], found.below, found.back_to) == (["1"], None, None)


def test_days_hold_when_the_clock_was_set_back(ledger: Ledger) -> None:
    for number, when in enumerate((NOW + 5, NOW + 1, NOW + 3)):
        record(ledger, verdict(number), time=when)
    for which, found in ((Filter(before=NOW + 4), ["2", "1"]), (Filter(since=NOW + 3), ["2", "0"])):
        assert [entry.post_id for entry in page(ledger, which, 9).entries] == found
    assert page(ledger, Filter(since=NOW + 6), 9) == ([], None, None)
