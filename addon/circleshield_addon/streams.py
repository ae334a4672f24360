"""Posts that come one by one: server-sent events and WebSocket messages, judged as they flow.

Server-sent events: WHATWG HTML, 9.2 (an event ends with an empty line, a line that starts with a colon is a comment).
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

from circleshield_addon.adapter import Adapter, Stream
from circleshield_addon.documents import Document, documents, in_string, same_place
from circleshield_addon.filtering import as_settled, where
from circleshield_addon.json_spans import Edit, JsonError, JsonText, Span, spliced
from circleshield_addon.judge import Judge
from circleshield_addon.notes import Notes
from circleshield_addon.post import Action, Verdict
from circleshield_addon.rewriting import folding, labelling, post_spans

_log = logging.getLogger("circleshield")

_EVENT_END = re.compile(rb"\r?\n\r?\n|\r\r")
_COMMENT = re.compile(rb"(?::[^\r\n]*)?(?:\r?\n|\r)")  # or an empty line that ends no event
_FIELD = re.compile(rb"^(?P<name>event|data): ?(?P<value>[^\r\n]*)", re.M)
_MAX_EVENT_BYTES = 1024 * 1024
# What is done where a post has no text to write to.
_INSTEAD: dict[Action, Action] = {"fold": "remove", "label": "watch"}


@dataclass(frozen=True, slots=True)
class StreamFilter:
    """Judges the events of one kind of stream; `record` is told of each verdict, `fault` why an event passes unread.

    A stream may outlive settings and pauses, so each event asks `judge` who judges it: None for nobody, it passes.
    """

    adapter: Adapter
    stream: Stream
    judge: Callable[[], Judge | None]
    notes: Notes
    device: str = ""
    record: Callable[[Verdict], None] = lambda verdict: None
    fault: Callable[[str], None] = lambda why: None

    def edited(self, data: bytes, name: str = "") -> bytes | None:
        """An event's JSON text as it goes on: the same object, or folded or labelled, or None where it is taken out.

        `name` is the event's, where the stream has such. Never raises; any fault gives the original.
        """
        if len(data) > _MAX_EVENT_BYTES:
            return data
        try:
            return self._edited(data, name)
        except JsonError:  # a heartbeat, or about something else
            return data
        except Exception as e:
            self.fault(where(e))
            return data

    def _edited(self, data: bytes, name: str) -> bytes | None:
        judge = self.judge()
        if judge is None:
            return data
        (whole, *_) = documents(data)
        span = self.stream.post(name, whole.text)
        if span is None:
            return data
        inner = in_string(whole.text, span) if self.stream.in_string else Document(whole.text, same_place)
        item = inner.text.root if self.stream.in_string else span
        post = self.adapter.read(inner.text.value(item))
        if post is None:
            return data
        (verdict,) = judge.verdicts([post], self.adapter.name, self.device)
        edits = self._edits(inner.text, item, verdict)
        if verdict.action in _INSTEAD and not edits:
            verdict = as_settled(verdict, _INSTEAD[verdict.action])
        self._told(verdict)
        if edits:
            return spliced(data, [whole.place(inner.place(edit)) for edit in edits])
        return None if verdict.action == "remove" else data

    def _edits(self, text: JsonText, item: Span, verdict: Verdict) -> list[Edit]:
        if verdict.action not in _INSTEAD:
            return []
        note, fields, wrapper = (
            self.notes.note(self.adapter.platform, verdict),
            self.adapter.fields,
            self.adapter.wrapper,
        )
        for place in post_spans(text, item, ("",), wrapper):
            if verdict.action == "fold":
                return folding(text, place, fields, note)
            return labelling(text, place, fields, wrapper, note)
        return []

    def _told(self, verdict: Verdict) -> None:
        self.record(verdict)
        if verdict.action in ("remove", "fold", "label"):
            _log.info("%s: %s one post of a stream", self.adapter.name, verdict.action)
        if _log.isEnabledFor(logging.DEBUG):  # what weighed in a verdict takes longer to find than the verdict
            why = ", ".join(verdict.reasons)
            _log.debug("%s: %s %r: %s", self.adapter.name, verdict.action, verdict.post.text, why)


class EventStream:
    """A body of server-sent events, filtered as it flows: what mitmproxy calls with each chunk.

    An event goes on as soon as it is whole, a comment (a heartbeat) as soon as its line is. Never raises.
    """

    def __init__(self, edited: Callable[[bytes, str], bytes | None]) -> None:
        """`edited` is given an event's data and name, as `StreamFilter.edited`."""
        self._edited_data = edited
        self._waiting = b""
        self._searched = 0  # so much of what waits holds no end of an event
        self._oversize = False

    def __call__(self, chunk: bytes) -> list[bytes]:
        """The chunks to send on for a chunk that came; `b""` is the end. An empty list sends nothing."""
        if not chunk:  # the end: what is left is no whole event
            rest, self._waiting = self._waiting, b""
            return [rest] if rest else []
        self._waiting += chunk
        out: list[bytes] = []
        while True:
            comment = None if self._oversize else _COMMENT.match(self._waiting)
            end = comment or _EVENT_END.search(self._waiting, self._searched)
            if end is None:
                self._searched = max(0, len(self._waiting) - 3)
                break
            self._searched = 0
            event, self._waiting = self._waiting[: end.end()], self._waiting[end.end() :]
            if comment is not None or self._oversize:
                out.append(event)
                self._oversize = self._oversize and comment is not None
            else:
                out.append(self._edited(event))
        if self._oversize or len(self._waiting) > _MAX_EVENT_BYTES:
            self._oversize = True  # goes on unread, up to its end; the last bytes may be the half of an empty line
            out.append(self._waiting[:-3])
            self._waiting = self._waiting[-3:]
            self._searched = 0
        return [piece for piece in out if piece]

    def _edited(self, event: bytes) -> bytes:
        name, data = "", []
        for field in _FIELD.finditer(event):
            if field["name"] == b"event":
                name = field["value"].decode("utf-8", "replace")
            else:
                data.append(field)
        if len(data) != 1:  # no JSON that is written on one line
            return event
        before = data[0]["value"]
        after = self._edited_data(before, name)
        if after is before:
            return event
        return b"" if after is None else event[: data[0].start("value")] + after + event[data[0].end("value") :]
