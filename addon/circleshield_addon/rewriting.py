"""Folding and labelling: the edits that change what a post says, and leave its ids and counters."""

import html
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from circleshield_addon.adapter import Adapter, Fields
from circleshield_addon.json_spans import Edit, JsonText, Span


@dataclass(frozen=True, slots=True)
class Note:
    """What a folded post says instead of its text, and where that text can be seen; or a label's mark."""

    line: str
    link: str = ""


def post_spans(text: JsonText, item: Span, paths: tuple[str, ...], wrapper: str) -> Iterator[Span]:
    """Where a post's object stands in an item: as `Adapter.read` finds it."""
    for path in paths:
        for span in text.find(path, item):
            if text.body[span[0] : span[0] + 1] == b"{":
                inside = text.members(span).get(wrapper) if wrapper else None
                yield inside if inside and text.body[inside[0] : inside[0] + 1] == b"{" else span
                return


def folding(text: JsonText, post: Span, fields: Fields, note: Note) -> list[Edit]:
    """The edits that leave one line of a post; none where it has no text of its own to write to."""
    edits: list[Edit] = []
    for path in fields.main:
        for span in _strings(text, path, post):
            edits.append((*span, _quoted(_html(note) if path in fields.html else _plain(note))))
    if edits:
        edits += _replaced(text, post, {**fields.drop, **fields.positions})
        edits += _blanked(text, post, fields)
    return edits


def labelling(text: JsonText, post: Span, adapter: Adapter, note: Note) -> list[Edit]:
    """The edits that put a mark in front of the text, of the repeated post's where the post has none of its own."""
    fields = adapter.fields
    edits: list[Edit] = []
    for path in fields.main:
        for start, end in _strings(text, path, post):
            if end - start > 2:
                mark = html.escape(note.line) if path in fields.html else note.line
                edits.append((start + 1, start + 1, _quoted(mark)[1:-1]))
    if edits:
        return edits + _replaced(text, post, fields.positions)
    for path in fields.inner:
        for inner in post_spans(text, post, (path,), adapter.wrapper):
            if found := labelling(text, inner, adapter, note):
                return found
    return []


def _strings(text: JsonText, path: str, post: Span) -> Iterator[Span]:
    return (span for span in text.find(path, post) if text.body[span[0] : span[0] + 1] == b'"')


def _replaced(text: JsonText, post: Span, replacements: Mapping[str, str | None]) -> list[Edit]:
    edits: list[Edit] = []
    deleted: defaultdict[Span, set[str]] = defaultdict(set)  # by the object they are members of
    for path, value in replacements.items():
        if value is None:
            parent, _, name = path.rpartition(".")
            for span in text.find(parent, post):
                deleted[span].add(name)
        else:
            edits += [(*span, value.encode()) for span in text.find(path, post)]
    for span, names in deleted.items():
        edits += text.without_members(span, names)
    return edits


def _blanked(text: JsonText, post: Span, fields: Fields) -> Iterator[Edit]:
    """Texts that are shown beside the main one, such as a title or a content warning."""
    for alternatives in fields.text:
        for path in alternatives:
            if path not in fields.main:
                for span in _strings(text, path, post):
                    yield *span, b'""'


def _plain(note: Note) -> str:
    return f"{note.line} {note.link}".rstrip()


def _html(note: Note) -> str:
    link = f' <a href="{html.escape(note.link)}">{html.escape(note.link)}</a>' if note.link else ""
    return f"<p>{html.escape(note.line)}{link}</p>"


def _quoted(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode()
