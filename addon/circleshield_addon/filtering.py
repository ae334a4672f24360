"""One response body through the filter: opened (decode, read), judged (judge, edit, encode).

Any fault gives the original back.
"""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import msgspec

from circleshield_addon.coding import MAX_DECODED_BYTES, CodingError, decode
from circleshield_addon.drift import shape_of
from circleshield_addon.json_spans import JsonError
from circleshield_addon.judge import Judge
from circleshield_addon.notes import Notes
from circleshield_addon.page import HtmlPage, JsonPage, read_page
from circleshield_addon.post import Action, Verdict
from circleshield_addon.rewriting import Note
from circleshield_addon.routing import Route, charset

_AT_ONCE_BYTES = 256 * 1024
_AGAIN = 16  # pages that are remembered, each in some ten times its size on the wire
_INSTEAD = {
    ("fold", "remove"): "removed, as posts of this platform cannot be folded",
    ("label", "watch"): "left as it is, as posts of this platform cannot be labelled",
    ("remove", "fold"): "folded, as the client needs an item in its place",
    ("fold", "watch"): "left as it is, as the client needs it",
    ("remove", "watch"): "left as it is, as the client needs it",
}


@dataclass(frozen=True, slots=True)
class Filtered:
    """What became of a body.

    `body` is the very object that came in when nothing was changed. `fault` says why a page passed unread; it never
    holds text of a post. `missing` says what a page lacked that it should have had, `shape` how it was made
    (keys and types, no values).
    """

    body: bytes
    verdicts: tuple[Verdict, ...] = ()
    fault: str | None = None
    missing: str | None = None
    shape: str = ""


class Read:
    """A body that is decoded and read: its page."""

    def __init__(self, raw: bytes, route: Route, charset: str, content_encoding: str, at_once: bool) -> None:
        """Raises CodingError and JsonError."""
        most = _AT_ONCE_BYTES if at_once else MAX_DECODED_BYTES
        self.text, self._coding = decode(raw, content_encoding, charset, most)
        self.page: JsonPage | HtmlPage = read_page(self.text, route.adapter, route.endpoint, at_once)
        self._last: tuple[list[Action], bytes | None] | None = None

    def edited(self, actions: list[Action], written: Mapping[int, Note]) -> bytes | None:
        """The body after `actions`, coded as it was, or None where nothing is changed; `written` as for the page."""
        last = self._last
        if last is not None and last[0] == actions and not written:
            return last[1]
        text = self.page.edited(actions, written)
        body = None if text is self.text else self._coding.encode(text)
        if not written:  # the lines of folds and labels may say something else the next time
            self._last = actions, body
        return body


class Opened(NamedTuple):
    """A body on its way to the judge: the very bytes that came in, and what was read."""

    raw: bytes
    read: Read
    route: Route


def opened(
    raw: bytes, route: Route, content_type: str = "", content_encoding: str = "", at_once: bool = False
) -> Opened | Filtered:
    """The page in the body of a feed response, or why there is none. Never raises.

    `at_once`: only a page that takes no more than a few milliseconds, whatever is in it. For endpoints that are simple.
    """
    if not raw:
        return Filtered(raw)
    if at_once and len(raw) > _AT_ONCE_BYTES:
        return Filtered(raw, fault="more than is read at once")
    try:
        read = (_read_again if at_once else Read)(raw, route, charset(content_type), content_encoding, at_once)
        return Opened(raw, read, route)
    except (CodingError, JsonError) as e:
        return Filtered(raw, fault=str(e))
    except Exception as e:
        return Filtered(raw, fault=where(e))


# A refresh that brings nothing new: servers would answer it by a 304, but are not let (`Shield.requestheaders`).
_read_again = lru_cache(_AGAIN)(Read)


def judged(found: Opened | Filtered, judge: Judge, notes: Notes, device: str = "") -> Filtered:
    """That body for `device` after what `judge` decides. Never raises."""
    if isinstance(found, Filtered):
        return found
    page, platform = found.read.page, found.route.adapter.platform
    try:
        wished = judge.verdicts(page.posts, found.route.adapter.name, device)
        actions = page.settled([verdict.action for verdict in wished])
        verdicts = tuple(as_settled(verdict, action) for verdict, action in zip(wished, actions, strict=True))
        written = {
            i: notes.note(platform, verdict)
            for i, verdict in enumerate(verdicts)
            if verdict.action in ("fold", "label")
        }
        edited = found.read.edited(actions, written)
        return Filtered(
            found.raw if edited is None else edited,
            verdicts,
            missing=page.missing,
            shape=shape_of(found.read.text) if page.missing else "",
        )
    except (CodingError, JsonError) as e:
        return Filtered(found.raw, fault=str(e))
    except Exception as e:
        return Filtered(found.raw, fault=where(e))


def filtered(
    raw: bytes,
    route: Route,
    judge: Judge,
    notes: Notes,
    content_type: str = "",
    content_encoding: str = "",
    device: str = "",
) -> Filtered:
    """The body of a feed response for `device` after what `judge` decides. Never raises."""
    return judged(opened(raw, route, content_type, content_encoding), judge, notes, device)


def as_settled(verdict: Verdict, action: Action) -> Verdict:
    """The verdict with what was done in the end, and why that is not what was decided."""
    if action == verdict.action:
        return verdict
    return msgspec.structs.replace(verdict, action=action, decided=(*verdict.rules, _INSTEAD[verdict.action, action]))


def where(error: Exception) -> str:
    """An unforeseen error by type and place; its message could quote a post."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {frame.filename.rpartition('/')[2]}:{frame.lineno}"
