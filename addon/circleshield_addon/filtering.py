"""One response body through the filter: decode, read, judge, cut, encode. Any fault gives the original back."""

import traceback
from dataclasses import dataclass, replace

from circleshield_addon.coding import CodingError, decode
from circleshield_addon.json_spans import JsonError
from circleshield_addon.judge import Judge
from circleshield_addon.page import JsonPage
from circleshield_addon.post import Verdict
from circleshield_addon.routing import Route, charset


@dataclass(frozen=True, slots=True)
class Filtered:
    """What became of a body.

    `body` is the very object that came in when nothing was taken out. `fault` says why a page passed unread; it never
    holds text of a post.
    """

    body: bytes
    verdicts: tuple[Verdict, ...] = ()
    fault: str | None = None


def filtered(raw: bytes, route: Route, judge: Judge, content_type: str = "", content_encoding: str = "") -> Filtered:
    """The body of a feed response without what `judge` removes. Never raises."""
    if not raw:
        return Filtered(raw)
    try:
        text, coding = decode(raw, content_encoding, charset(content_type))
        page = JsonPage(text, route.adapter, route.endpoint)
        verdicts = judge.verdicts(page.posts)
        if page.pinned is not None and verdicts[page.pinned].action == "remove":
            kept = replace(
                verdicts[page.pinned],
                action="watch",
                reasons=("the client asks for the next page by this post", *verdicts[page.pinned].reasons),
            )
            verdicts[page.pinned] = kept
        edited = page.edited({i for i, verdict in enumerate(verdicts) if verdict.action == "remove"})
        return Filtered(raw if edited is text else coding.encode(edited), tuple(verdicts))
    except (CodingError, JsonError) as e:
        return Filtered(raw, fault=str(e))
    except Exception as e:
        return Filtered(raw, fault=_where(e))


def _where(error: Exception) -> str:
    """An unforeseen error by type and place; its message could quote a post."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {frame.filename.rpartition('/')[2]}:{frame.lineno}"
