"""A post of the ledger as a card: its text with what weighed in it marked, why it was judged so, what was chosen."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

from circleshield.review.served import served
from circleshield_addon.history import Chosen, Entry, chosen_about
from circleshield_addon.ledger import Ledger
from circleshield_model.scorer import Evidence, Scorer

_CLIP = 400  # characters; the rest is behind "show all"
_MOST = 20_000  # characters of a text that a page holds at all
_EXPLAINED = 4_000  # characters that are searched for reasons, which takes about a millisecond a thousand
_MARKS = 8
_WEIGHS = 0.3  # log-odds from which a piece is marked


@dataclass(frozen=True, slots=True)
class Card:
    """One post; `start` and `rest` are its marked text, parted where it is clipped, `cut` counts what is left out."""

    entry: Entry
    chosen: Chosen
    start: Markup
    rest: Markup
    cut: int

    @property
    def key(self) -> str:
        """The post's name in forms."""
        return f"{self.entry.platform}:{self.entry.post_id}"

    @property
    def plain(self) -> str:
        """The beginning of the text, as it would have stood in the feed."""
        return (self.entry.text or "")[:_CLIP]


def cards(ledger: Ledger, entries: Iterable[Entry]) -> list[Card]:
    """One card an entry, in order."""
    entries = list(entries)
    chosen = chosen_about(ledger, entries)
    scorer = served().shield.judge.scorer
    return [_card(entry, chosen[entry.id], scorer) for entry in entries]


def _card(entry: Entry, chosen: Chosen, scorer: Scorer) -> Card:
    text = entry.text or ""
    pieces = list(_marked(text, scorer))
    clip = len(text) if len(text) <= _CLIP * 3 // 2 else _CLIP
    start, rest = marked(text, pieces, 0, clip), marked(text, pieces, clip, min(len(text), _MOST))
    return Card(entry, chosen, start, rest, max(0, len(text) - _MOST))


def _marked(text: str, scorer: Scorer) -> Iterator[tuple[int, int]]:
    found: list[Evidence] = [
        piece
        for piece in scorer.explain([text[:_EXPLAINED]])[0]
        if piece.weight >= _WEIGHS and piece.start is not None and text[piece.start : piece.end].strip()
    ]
    yield from sorted((piece.start or 0, piece.end or 0) for piece in found[:_MARKS])


def marked(text: str, pieces: Iterable[tuple[int, int]], start: int, end: int) -> Markup:
    """A part of a text, escaped, with the pieces in it marked; pieces in order, they may overlap."""
    parts: list[Markup] = []
    at = start
    for begin, finish in pieces:
        begin, finish = max(begin, at), min(finish, end)
        if begin < finish:
            parts += [escape(text[at:begin]), Markup("<mark>{}</mark>").format(text[begin:finish])]
            at = finish
    return Markup("").join([*parts, escape(text[at:end])])
