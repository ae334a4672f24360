"""Questions to the ledger: its verdicts page by page, counted, and forgotten."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from circleshield_addon.choices import AuthorChoice, PostChoice
from circleshield_addon.ledger import Ledger

NOT_KEPT = "not kept"
"""In place of an action: all but `keep`."""

_COLUMNS = "id, time, platform, author_id, author, post_id, text, text_hash, score, action, reasons, verdicts.device"
_END = 1 << 62  # above all ids
_WEEK = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One verdict of the ledger; times in milliseconds since 1970, UTC. `text` is None where none is stored."""

    id: int
    time: int
    platform: str
    author_id: str
    author: str
    post_id: str
    text: str | None
    text_hash: str | None
    score: float
    action: str
    reasons: tuple[str, ...]
    device: str

    @property
    def by_score(self) -> bool:
        """Whether the score decided, not a rule."""
        return bool(self.reasons) and self.reasons[0].startswith("score ")

    def as_dict(self) -> dict[str, Any]:
        """For JSON and CSV: the time in ISO 8601, and no number of the row."""
        time = datetime.fromtimestamp(self.time / 1000, UTC).isoformat(timespec="milliseconds")
        row = {name: getattr(self, name) for name in self.__slots__ if name != "id"}
        return {**row, "time": time.replace("+00:00", "Z"), "reasons": list(self.reasons)}


LOOKED_AT = 1_000
"""So many posts are searched for words and scores at a time, which takes about as long as the rest of a page."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which verdicts: from `since` to `before`, of a platform, an author (id, platform:id or name), an action.

    `words` stand in the text or in the author's name; scores are from `lowest` to `highest`; `device` had the post in
    a feed.
    """

    since: int | None = None
    before: int | None = None
    platform: str | None = None
    author: str | None = None
    action: str | None = None
    words: str | None = None
    lowest: float | None = None
    highest: float | None = None
    device: str | None = None

    @property
    def source(self) -> str:
        """The tables in SQL; in this order, a device's posts are met without looking at those of others."""
        return "verdicts" if self.device is None else "seen CROSS JOIN verdicts ON verdicts.id = seen.verdict"

    @property
    def number(self) -> str:
        """A verdict's id in these tables."""
        return "id" if self.device is None else "seen.verdict"

    def where(self) -> tuple[str, dict[str, Any]]:
        """As a condition in SQL, and what it names."""
        parts = ["1"]
        if self.since is not None:
            parts.append("time >= :since")
        if self.before is not None:
            parts.append("time < :before")
        if self.platform is not None:
            parts.append("platform = :platform")
        if self.author is not None:
            parts.append(
                "(author_id = :author OR author = :author OR (author_id = :of_id AND platform = :of_platform))"
            )
        if self.action == NOT_KEPT:
            parts.append("action <> 'keep'")
        elif self.action is not None:
            parts.append("action = :action")
        if self.lowest is not None:
            parts.append("score >= :lowest")
        if self.highest is not None:
            parts.append("score <= :highest")
        if self.words is not None:
            parts.append("(text LIKE :like ESCAPE '!' OR author LIKE :like ESCAPE '!')")
        if self.device is not None:
            parts.append("seen.device = :device")
        like = re.sub(r"([!%_])", r"!\1", self.words or "")
        of_platform, _, of_id = (self.author or "").partition(":")
        named = {name: getattr(self, name) for name in self.__slots__}
        return " AND ".join(parts), {**named, "of_platform": of_platform, "of_id": of_id, "like": f"%{like}%"}


class Page(NamedTuple):
    """Verdicts, newest first. `below` is where the next page goes on; None: these are all.

    `back_to` is set when the search stopped before the page was full: the time of the next post to look at.
    """

    entries: list[Entry]
    below: int | None
    back_to: int | None


class Chosen(NamedTuple):
    """What the user chose about a post, whether it is learnt from, and about its author."""

    post: PostChoice | None
    learnt: bool
    author: AuthorChoice | None


def newest(ledger: Ledger, which: Filter, limit: int, below: int | None = None, above: int = 0) -> list[Entry]:
    """Verdicts, newest first: those with an id below `below` and above `above`."""
    condition, named = which.where()
    sql = (
        f"SELECT {_COLUMNS} FROM {which.source} WHERE {condition} AND {which.number} < :below"
        f" AND {which.number} > :above ORDER BY {which.number} DESC LIMIT :limit"
    )
    between = {"below": _END if below is None else below, "above": above}
    return [_entry(row) for row in ledger.db.execute(sql, {**named, **between, "limit": limit})]


def page(ledger: Ledger, which: Filter, limit: int, below: int | None = None) -> Page:
    """A page of verdicts, newest first: those with an id below `below`, which is what the page before it says.

    Where no index finds what is wanted, only so many as `LOOKED_AT` are looked at.
    """
    above, below = _between(ledger, which, _END if below is None else below)
    stop = _stop(ledger, which, below, above)
    entries = newest(ledger, which, limit + 1, below, stop[0] if stop else above)
    if len(entries) > limit:
        return Page(entries[:limit], entries[limit - 1].id, None)
    return Page(entries, stop[0] + 1, stop[1]) if stop else Page(entries, None, None)


def _between(ledger: Ledger, which: Filter, below: int) -> tuple[int, int]:
    """The ids above and below all that can be wanted; times alone do not tell, as clocks are set back."""
    above = 0
    if which.since is not None:
        sql = "SELECT coalesce(min(id) - 1, ?) FROM verdicts WHERE time >= ?"
        (above,) = ledger.db.execute(sql, (below, which.since)).fetchone()
    if which.before is not None:
        sql = "SELECT coalesce(max(id) + 1, 0) FROM verdicts WHERE time < ?"
        below = min(below, *ledger.db.execute(sql, (which.before,)).fetchone())
    return above, below


def _stop(ledger: Ledger, which: Filter, below: int, above: int) -> tuple[int, int] | None:
    """Id and time of the first verdict that is not looked at any more; None where all are."""
    by_index = replace(which, words=None, lowest=None, highest=None)
    if which.device is not None:  # of a device's, only the ids are in an index
        by_index = replace(by_index, platform=None, author=None)
    if by_index == which:
        return None
    condition, named = by_index.where()
    sql = (
        f"SELECT {which.number}, time FROM {which.source} WHERE {condition} AND {which.number} < :below"
        f" AND {which.number} > :above ORDER BY {which.number} DESC LIMIT 1 OFFSET :looked_at"
    )
    between = {"below": below, "above": above, "looked_at": LOOKED_AT}
    found: tuple[int, int] | None = ledger.db.execute(sql, {**named, **between}).fetchone()
    return found


def following(ledger: Ledger, which: Filter, above: int = 0) -> Iterator[Entry]:
    """Verdicts with an id above `above`, oldest first."""
    condition, named = which.where()
    sql = f"SELECT {_COLUMNS} FROM verdicts WHERE {condition} AND id > :above ORDER BY id"
    return map(_entry, ledger.db.execute(sql, {**named, "above": above}))


def scored(ledger: Ledger, which: Filter) -> Iterator[tuple[int, float]]:
    """Time and score of the verdicts that were decided by the score, not by a rule; oldest first."""
    condition, named = which.where()
    by_score = "json_extract(reasons, '$[0]') LIKE 'score %'"
    sql = f"SELECT time, score FROM verdicts WHERE {condition} AND {by_score} ORDER BY id"
    yield from ledger.db.execute(sql, named)


def last_id(ledger: Ledger) -> int:
    """The newest verdict's."""
    return int(ledger.db.execute("SELECT coalesce(max(id), 0) FROM verdicts").fetchone()[0])


def least_certain(ledger: Ledger, actions: tuple[str, ...], device: str | None, among: int) -> tuple[Entry | None, int]:
    """The verdict with the score closest to 0.5 among the newest ones with these actions, and how many these are.

    Only those with text count, about whose post and author the user has chosen nothing.
    """
    which = Filter(device=device)
    sql = (
        f"SELECT *, count(*) OVER () FROM (SELECT {_COLUMNS} FROM {which.source}"
        f" WHERE action IN ({', '.join('?' * len(actions))})"
        f" AND text IS NOT NULL{'' if device is None else ' AND seen.device = ?'}"
        " AND NOT EXISTS (SELECT 1 FROM posts AS p WHERE p.platform = verdicts.platform"
        " AND p.post_id = verdicts.post_id)"
        " AND NOT EXISTS (SELECT 1 FROM authors AS a WHERE a.platform = verdicts.platform"
        f" AND a.author_id = verdicts.author_id) ORDER BY {which.number} DESC LIMIT ?)"
        " ORDER BY abs(score - 0.5), id DESC LIMIT 1"
    )
    named = (*actions, *(() if device is None else (device,)), among)
    row = ledger.db.execute(sql, named).fetchone()
    return (None, 0) if row is None else (_entry(row[:-1]), row[-1])


def chosen_about(ledger: Ledger, entries: Iterable[Entry]) -> dict[int, Chosen]:
    """What the user chose about each of some verdicts' posts and authors, by the verdicts' ids."""
    found = {}
    for entry in entries:
        post = ledger.db.execute(
            "SELECT choice, learnt FROM posts WHERE platform = ? AND post_id = ?", (entry.platform, entry.post_id)
        ).fetchone()
        author = ledger.db.execute(
            "SELECT choice FROM authors WHERE platform = ? AND author_id = ?", (entry.platform, entry.author_id)
        ).fetchone()
        choice, learnt = post or (None, 0)
        found[entry.id] = Chosen(choice, bool(learnt), author[0] if author else None)
    return found


def was_seen(ledger: Ledger, entry: Entry, device: str) -> bool:
    """Whether a device had a post in a feed."""
    sql = "SELECT 1 FROM seen WHERE device = ? AND verdict = ?"
    return ledger.db.execute(sql, (device, entry.id)).fetchone() is not None


def of_post(ledger: Ledger, post: str) -> list[Entry]:
    """The verdicts on a post: one for platform:id, maybe more for an id alone."""
    platform, _, post_id = post.partition(":")
    sql = (
        f"SELECT {_COLUMNS} FROM verdicts WHERE post_id = :post OR (post_id = :id AND platform = :platform) ORDER BY id"
    )
    return [_entry(row) for row in ledger.db.execute(sql, {"post": post, "id": post_id, "platform": platform})]


def count(ledger: Ledger, which: Filter) -> int:
    """How many verdicts there are."""
    condition, named = which.where()
    return int(ledger.db.execute(f"SELECT count(*) FROM {which.source} WHERE {condition}", named).fetchone()[0])


def forget(ledger: Ledger, which: Filter) -> int:
    """Deletes verdicts, and overwrites them in the file; returns how many."""
    condition, named = which.where()
    with ledger.transaction():
        deleted = ledger.delete(condition, named)
    ledger.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return deleted


def sales_by_week(ledger: Ledger, platform: str, author_id: str, now: int) -> dict[int, tuple[int, int]]:
    """An author's sales posts and all posts, by how many weeks ago; what the user says of a post goes before its text.

    `now` is in milliseconds since 1970.
    """
    sql = (
        "SELECT (:now - verdicts.time) / :week AS ago, sum(coalesce(labels.sales, verdicts.sales)), count(*)"
        " FROM verdicts LEFT JOIN labels USING (platform, post_id)"
        " WHERE verdicts.author_id = :author AND platform = :platform"
        " AND coalesce(labels.sales, verdicts.sales) IS NOT NULL GROUP BY ago"
    )
    named = {"now": now, "week": _WEEK, "author": author_id, "platform": platform}
    return {max(0, ago): (sales, posts) for ago, sales, posts in ledger.db.execute(sql, named)}


def name_of(ledger: Ledger, platform: str, author_id: str) -> str:
    """An author's newest display name; empty where no verdict is left."""
    sql = "SELECT author FROM verdicts WHERE author_id = ? AND platform = ? ORDER BY time DESC LIMIT 1"
    row = ledger.db.execute(sql, (author_id, platform)).fetchone()
    return "" if row is None else str(row[0])


def _entry(row: tuple[Any, ...]) -> Entry:
    return Entry(*(*row[:10], tuple(json.loads(row[10])), row[11]))


def last_of_device(ledger: Ledger, device: str) -> int | None:
    """When the newest verdict on a post that this device loaded was made, as the ledger has times; None without one."""
    sql = "SELECT MAX(time) FROM verdicts WHERE device = :it OR id IN (SELECT verdict FROM seen WHERE device = :it)"
    (last,) = ledger.db.execute(sql, {"it": device}).fetchone()
    return None if last is None else int(last)
