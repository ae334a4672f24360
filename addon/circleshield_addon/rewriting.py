"""Folding and labelling: the edits that change what a post says, and leave its ids and counters."""

import html
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from circleshield_addon.adapter import Fields
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
    """The edits that leave one line of a post; none where it has no text of its own to write to.

    Of texts that are shown one below the other, the first in `Fields.main` takes the line and the rest are blanked.
    """
    edits: list[Edit] = []
    for path, span in _shown(text, post, fields, empty=True):
        edits.append((*span, _quoted(_html(note) if path in fields.html else _plain(note))))
    written = {(start, end) for start, end, _ in edits}
    for path, span in _arrays(text, post, fields):
        line = _html(note) if path in fields.html else _plain(note)
        edits.append((*span, b"[" + _filled(fields.pieces[path], line) + b"]"))
    if edits:
        edits += _replaced(text, post, {**fields.drop, **fields.positions}, _plain(note))
        edits += _blanked(text, post, fields, written)
    return edits


def labelling(text: JsonText, post: Span, fields: Fields, wrapper: str, note: Note) -> list[Edit]:
    """The edits that put a mark in front of the text, of the repeated post's where the post has none of its own."""
    edits: list[Edit] = []
    for path, (start, _) in _shown(text, post, fields, empty=False):
        edits.append((start + 1, start + 1, _quoted(_mark(note, fields, path))[1:-1]))
    for path, (start, end) in _arrays(text, post, fields):
        if text.elements((start, end)):
            edits.append((start + 1, start + 1, _filled(fields.pieces[path], _mark(note, fields, path)) + b","))
    if edits:
        return edits + _replaced(text, post, fields.positions, note.line)
    for path in fields.inner:
        for inner in post_spans(text, post, (path,), wrapper):
            if found := labelling(text, inner, fields, wrapper, note):
                return found
    return []


def _shown(text: JsonText, post: Span, fields: Fields, empty: bool) -> list[tuple[str, Span]]:
    """The main texts to write to: all that are alternatives of the first one there is.

    `empty`: also empty strings, and nulls, which stand in a pure repost.
    """
    found: list[tuple[str, Span]] = []
    among: tuple[str, ...] = ()
    for path in fields.main:
        if not found or path in among:
            for span in text.find(path, post):
                value = text.body[slice(*span)]
                if empty if value in (b'""', b"null") else value.startswith(b'"'):
                    found.append((path, span))
                    among = next((part for part in fields.text if path in part), ())
    return found


def _arrays(text: JsonText, post: Span, fields: Fields) -> Iterator[tuple[str, Span]]:
    """The arrays that hold the main text piece by piece."""
    for path in fields.pieces:
        for span in text.find(path, post):
            if text.body[span[0] : span[0] + 1] == b"[":
                yield path, span


def _strings(text: JsonText, path: str, post: Span) -> Iterator[Span]:
    return (span for span in text.find(path, post) if text.body[span[0] : span[0] + 1] == b'"')


def _replaced(text: JsonText, post: Span, replacements: Mapping[str, str | None], line: str) -> list[Edit]:
    edits: list[Edit] = []
    deleted: defaultdict[Span, set[str]] = defaultdict(set)  # by the object they are members of
    for path, value in replacements.items():
        if value is None:
            parent, _, name = path.rpartition(".")
            for span in text.find(parent, post):
                deleted[span].add(name)
        else:
            edits += [(*span, _filled(value, line)) for span in text.find(path, post)]
    for span, names in deleted.items():
        edits += text.without_members(span, names)
    return edits


def _blanked(text: JsonText, post: Span, fields: Fields, written: Set[Span]) -> Iterator[Edit]:
    """Texts that are shown beside the one written to, such as a title or a content warning."""
    for path in (*fields.main, *(path for alternatives in fields.text for path in alternatives)):
        for span in _strings(text, path, post):
            if span not in written:
                yield *span, b'""'


def _filled(template: str, line: str) -> bytes:
    return template.encode().replace('"…"'.encode(), _quoted(line))


def _mark(note: Note, fields: Fields, path: str) -> str:
    return html.escape(note.line) if path in fields.html else note.line


def _plain(note: Note) -> str:
    return f"{note.line} {note.link}".rstrip()


def _html(note: Note) -> str:
    link = f' <a href="{html.escape(note.link)}">{html.escape(note.link)}</a>' if note.link else ""
    return f"<p>{html.escape(note.line)}{link}</p>"


def _quoted(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode()
