"""A post of the ledger as a card: its text with what weighed in it marked, why it was judged so, what was chosen."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import batched, islice

from markupsafe import Markup, escape

from circleshield.review.served import served
from circleshield_addon.history import Chosen, Entry, chosen_about
from circleshield_addon.ledger import Ledger
from circleshield_model.scorer import Evidence

_CLIP = 400  # characters; the rest is behind "show all"
_MOST = 20_000  # characters of a text that a page holds at all
_EXPLAINED = 4_000  # characters that are searched for reasons
_AT_ONCE = 20  # texts searched at a time; each character takes some 90 bytes meanwhile
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
    found: list[tuple[Evidence, ...]] = []
    for some in batched(entries, _AT_ONCE):
        found += scorer.explain([(entry.text or "")[:_EXPLAINED] for entry in some])
    return [_card(entry, chosen[entry.id], why) for entry, why in zip(entries, found, strict=True)]


def _card(entry: Entry, chosen: Chosen, found: Iterable[Evidence]) -> Card:
    text = entry.text or ""
    pieces = _weighty(text, found)
    clip = len(text) if len(text) <= _CLIP * 3 // 2 else _CLIP
    start, rest = marked(text, pieces, 0, clip), marked(text, pieces, clip, min(len(text), _MOST))
    return Card(entry, chosen, start, rest, max(0, len(text) - _MOST))


def _weighty(text: str, found: Iterable[Evidence]) -> list[tuple[int, int]]:
    """Where the pieces of a text are that weigh most, in order."""
    weighty = (
        (piece.start, piece.end)
        for piece in found
        if piece.weight >= _WEIGHS and piece.start is not None and piece.end is not None
    )
    return sorted(islice(((start, end) for start, end in weighty if text[start:end].strip()), _MARKS))


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
