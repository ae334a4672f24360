"""What a folded post says in its place, and the page that its link opens."""

import hashlib
import html
import re
import secrets
from collections import OrderedDict
from typing import NamedTuple

import msgspec

from circleshield_addon.post import Verdict
from circleshield_addon.rewriting import Note

HOST = "circle.shield"
"""The name at which the proxy itself answers its clients, over plain HTTP."""

_REMEMBERED = 2_000
_CHINESE = re.compile(r"[\u3400-\u9fff]")


class Folded(NamedTuple):
    """A folded post; `platform` as in the ledger."""

    platform: str
    verdict: Verdict


class Notes:
    """Writes the notes, and remembers the folded posts for as long as the proxy runs (the newest 2,000)."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(16)
        self._folded: OrderedDict[str, Folded] = OrderedDict()

    def note(self, platform: str, verdict: Verdict) -> Note:
        """The line for a folded post, or the mark for a labelled one, in the language of the post."""
        chinese = _CHINESE.search(verdict.post.text) is not None
        if verdict.action == "label":
            return Note("⚠ 疑似推广｜" if chinese else "⚠ likely sales | ")
        why = "; ".join(verdict.reasons)
        word = "已折叠：疑似推广" if chinese else "Folded: likely sales"
        return Note(f"{word} ({why})", f"http://{HOST}/folded/{self._remember(platform, verdict)}")

    def folded(self, key: str) -> Folded | None:
        """The post whose link ends in `key`; None where there is none or it is forgotten."""
        return self._folded.get(key)

    def page(self, path: str) -> str | None:
        """The HTML page of a folded post's link, for want of a better one; None for a path that is none."""
        found = self.folded(path.removeprefix("/folded/"))
        if found is None:
            return None
        verdict = found.verdict
        author, text, why = (
            html.escape(t) for t in (verdict.post.author, verdict.post.text, "; ".join(verdict.reasons))
        )
        return (
            '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            "<title>circleshield</title><style>:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;"
            "max-width:40rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}p{white-space:pre-wrap}</style>"
            f"<h1>{author}</h1><p>{text}</p><hr><small>{why}</small>"
        )

    def _remember(self, platform: str, verdict: Verdict) -> str:
        # The same post gets the same link each time, and no other page can guess it.
        post = f"{platform}\n{verdict.post.author_id}\n{verdict.post.id}\n{verdict.post.text}".encode()
        key = hashlib.blake2b(post, key=self._secret, digest_size=9).hexdigest()
        self._folded.pop(key, None)  # to the end; several threads may write at once
        evidence = verdict.evidence()  # what finds it holds on to the scorer
        self._folded[key] = Folded(platform, msgspec.structs.replace(verdict, evidence=lambda: evidence))
        if len(self._folded) > _REMEMBERED:
            self._folded.popitem(last=False)
        return key
