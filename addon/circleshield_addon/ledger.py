"""The ledger: what was decided about which post, and what the user chose, in one SQLite file."""

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from circleshield_addon.choices import SHOWN_AGAIN, AuthorChoice, Choices, PostChoice
from circleshield_addon.ledger_schema import MIGRATIONS, reason_kind, totals_changed
from circleshield_addon.post import Verdict, storable, text_hash
from circleshield_model.errors import InputError

FILE = "ledger.sqlite3"
"""Its name in the home folder."""

HEADER = b"SQLite format 3\0"
"""How the file starts."""

_INSERT = (
    "INSERT INTO verdicts"
    " (time, platform, author_id, author, post_id, text, text_hash, score, action, reasons, device, sales, day)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, date(?1 / 1000, 'unixepoch', 'localtime'))"
)
_LABEL = "INSERT OR REPLACE INTO labels VALUES (?, ?, ?, ?, ?)"

Row = tuple[int, str, str, str, str, str | None, str | None, float, str, str, str, bool | None]
"""The columns of `verdicts` from `time` to `sales`."""

View = tuple[str, str, str]
"""A device, and the platform and id of a post that it had in a feed."""

# Of the posts in a JSON list of platforms and ids; asked for one by one they would take twice the time.
_OF_POSTS = (
    "FROM json_each(?) AS asked CROSS JOIN verdicts ON post_id = asked.value ->> 1 AND platform = asked.value ->> 0"
)
_PostId = tuple[str, str]  # platform and id
_REMEMBERED = 10_000  # posts
_Said = tuple[str, bool | None, float, str]  # action, sales, score, reasons


@dataclass(frozen=True, slots=True)
class Seen:
    """The verdicts of one page or event, on their way into the ledger; `time` as in the table."""

    time: int
    platform: str
    device: str
    verdicts: tuple[Verdict, ...]


def milliseconds(time: datetime) -> int:
    """A time as the ledger holds it."""
    return int(time.timestamp() * 1000)


class Ledger:
    """An open ledger. One thread at a time; several processes may have the same file open.

    Its methods raise sqlite3.Error for what goes wrong with the file.
    """

    def __init__(self, path: Path, wait_seconds: float = 5.0) -> None:
        """Opens the file, or makes it, readable by its owner alone; brings an older one up to date.

        `wait_seconds` is how long to wait for another program that holds a lock. Raises OSError as well, and
        InputError for a file of a newer circleshield.
        """
        # Never opened but by SQLite once it is there: closing it would drop the locks of every connection in this
        # process (fcntl), and the next process to leave would take the log away from under them.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))  # -wal and -shm get the same mode
        self.path = path
        self.db = sqlite3.connect(path, timeout=wait_seconds, isolation_level=None, check_same_thread=False)
        try:
            self._write_ahead(wait_seconds)
            self.db.execute("PRAGMA synchronous = NORMAL")  # kill -9 loses nothing, a power cut the last commits
            self.db.execute("PRAGMA secure_delete = ON")  # what is forgotten is overwritten
            self.db.create_function("reason_kind", 1, reason_kind, deterministic=True)
            self._migrate()
            self._version = self._data_version()
            # By hashes of platform and id: what stands there, as far as it was asked for again. Feeds repeat.
            self._known: dict[int, tuple[int, int]] = {}
            self._file = self._identity()
        except BaseException:
            self.db.close()
            raise

    def close(self) -> None:
        """Closes the file."""
        self.db.close()

    def abandon(self) -> None:
        """Closes a damaged file without touching it any more."""
        with suppress(sqlite3.Error):
            self.db.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE)
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written in the block, or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:  # SQLite ends it by itself when the disk is full
                self.db.execute("ROLLBACK")
            raise

    def _write_ahead(self, wait_seconds: float) -> None:
        """Lets others read while one writes. For this SQLite does not wait when two make a new file at once."""
        give_up_at = time.monotonic() + wait_seconds
        while True:
            try:
                self.db.execute("PRAGMA journal_mode = WAL").fetchone()
                return
            except sqlite3.OperationalError as e:
                if e.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                    raise
                time.sleep(0.01)

    def _migrate(self) -> None:
        newest = len(MIGRATIONS)
        if self._user_version() == newest:
            return
        with self.transaction():  # asked again inside: another process may have been quicker
            version = self._user_version()
            if version > newest:
                raise InputError(f"{self.path}: was written by a newer circleshield; update this one")
            for statement in (statement for step in MIGRATIONS[version:] for statement in step):
                self.db.execute(statement)
            self.db.execute(f"PRAGMA user_version = {newest}")

    def _user_version(self) -> int:
        return int(self.db.execute("PRAGMA user_version").fetchone()[0])

    def _data_version(self) -> int:
        return int(self.db.execute("PRAGMA data_version").fetchone()[0])

    def is_changed(self) -> bool:
        """Whether another process has written since the last call."""
        before, self._version = self._version, self._data_version()
        if before != self._version:
            self._known.clear()
        return before != self._version

    def is_in_place(self) -> bool:
        """Whether the path still names the file that is open."""
        try:
            return self._file == self._identity()
        except FileNotFoundError:
            return False

    def _identity(self) -> tuple[int, int]:
        found = self.path.stat()
        return found.st_dev, found.st_ino

    def check(self) -> None:
        """Reads the whole file; raises sqlite3.DatabaseError when it is damaged."""
        (first,) = self.db.execute("PRAGMA quick_check(1)").fetchone()
        if first != "ok":
            raise damaged(first)

    def rows(self, seen: Iterable[Seen], store_text: bool = True) -> list[Row]:
        """The rows to write for verdicts, one a post; none for what stands there already.

        A kept post's row is without text, unless it was shown again, and without what weighed in it. Without
        `store_text` so are all; the others have a hash in its place.
        """
        found: dict[_PostId, tuple[Seen, Verdict]] = {}
        for page in seen:
            for verdict in page.verdicts:
                post_id = page.platform, storable(verdict.post.key)
                found.pop(post_id, None)  # the last verdict on a post counts
                found[post_id] = page, verdict
        asked = [post_id for post_id, (_, verdict) in found.items() if not self._is_known(post_id, verdict)]
        said = self._said(asked) if asked else {}
        rows = []
        for post_id in asked:
            page, verdict = found[post_id]
            if not _is(said.get(post_id), verdict):
                rows.append(_row(page, post_id[1], verdict, store_text))
            elif len(self._known) < _REMEMBERED:
                self._known[hash(post_id)] = _signs(verdict)
            else:
                self._known.clear()
        return rows

    def _is_known(self, post_id: _PostId, verdict: Verdict) -> bool:
        known = self._known.get(hash(post_id))
        return known is not None and known[not verdict.moved] == _signs(verdict)[not verdict.moved]

    def _said(self, posts: Iterable[_PostId]) -> dict[_PostId, _Said]:
        """What stands there about these posts."""
        sql = f"SELECT platform, post_id, action, sales, score, reasons {_OF_POSTS}"
        return {row[:2]: row[2:] for row in self.db.execute(sql, (json.dumps(list(posts)),))}

    def views(self, seen: Iterable[Seen]) -> list[View]:
        """Who had which posts in a feed, as far as that is new; kept posts do not count."""
        found = {
            (page.device, page.platform, storable(verdict.post.key))
            for page in seen
            for verdict in page.verdicts
            if verdict.action != "keep"
        }
        sql = (
            "SELECT 1 FROM verdicts JOIN seen ON seen.verdict = verdicts.id"
            " WHERE seen.device = ? AND platform = ? AND post_id = ?"
        )
        return [view for view in found if self.db.execute(sql, view).fetchone() is None]

    def write(self, rows: list[Row], views: Sequence[View] = ()) -> None:
        """Writes rows and views in one transaction. A row takes the place of the one on the same post.

        Who had that in a feed has the new one.
        """
        if not rows and not views:
            return
        with self.transaction():
            views = [*views, *self._replaced(rows)]
            (last,) = self.db.execute("SELECT coalesce(max(id), 0) FROM verdicts").fetchone()
            self.db.executemany(_INSERT, rows)
            self._count("id > :last", {"last": last}, 1)
            self.db.executemany(
                "INSERT OR IGNORE INTO seen SELECT ?, id FROM verdicts WHERE platform = ? AND post_id = ?", views
            )

    def delete(self, which: str, named: Mapping[str, Any]) -> int:
        """Deletes the verdicts that meet a condition in SQL, in a transaction at hand; returns how many.

        No other way: what counts them would not know.
        """
        self._known.clear()
        self._count(which, named, -1)
        return self.db.execute(f"DELETE FROM verdicts WHERE {which}", named).rowcount

    def _count(self, which: str, named: Mapping[str, Any], by: int) -> None:
        for statement in totals_changed(which, by):
            self.db.execute(statement, named)

    def _replaced(self, rows: Iterable[Row]) -> list[View]:
        """Deletes the verdicts on the same posts, and says who had these in a feed."""
        posts = json.dumps([(row[1], row[4]) for row in rows])
        found = self.db.execute(f"SELECT verdicts.id, platform, post_id {_OF_POSTS}", (posts,)).fetchall()
        if not found:
            return []
        by_id = "SELECT device FROM seen WHERE verdict = ?"
        views = [(device, *post) for number, *post in found for (device,) in self.db.execute(by_id, (number,))]
        numbers = json.dumps([number for number, *_ in found])
        self.delete("id IN (SELECT value FROM json_each(:numbers))", {"numbers": numbers})
        return views

    def prune(self, before: int, keep_rows: int) -> int:
        """Deletes the verdicts of before a time, and all but the newest `keep_rows`; returns how many."""
        with self.transaction():
            count = self.delete("time < :before", {"before": before})
            last = "SELECT id FROM verdicts ORDER BY id DESC LIMIT 1 OFFSET :keep"
            return count + self.delete(f"id <= ({last})", {"keep": keep_rows})

    def choices(self) -> Choices:
        """All that the user chose."""
        return Choices(
            {(platform, post): choice for platform, post, choice, _ in self.posts()},
            {(platform, author): choice for platform, author, choice, _ in self.authors()},
            frozenset(self.labels()),
        )

    def posts(self) -> list[tuple[str, str, PostChoice, int]]:
        """The posts that the user chose about: platform, id, choice, time; the newest first."""
        return list(self.db.execute("SELECT platform, post_id, choice, time FROM posts ORDER BY time DESC, post_id"))

    def authors(self) -> list[tuple[str, str, AuthorChoice, int]]:
        """The authors that the user chose about: platform, id, choice, time; by platform and id."""
        return list(self.db.execute("SELECT platform, author_id, choice, time FROM authors ORDER BY 1, 2"))

    def adopt(self, choices: Choices) -> None:
        """Takes over the choices of a ledger that is lost."""
        for (platform, post_id), post_choice in choices.posts.items():
            self.choose_post(platform, post_id, post_choice, learnt=post_choice != "unsure")
        for (platform, author_id), choice in choices.authors.items():
            self.choose_author(platform, author_id, choice)
        for platform, post_id, author_id, sales in choices.labels:
            self.db.execute(_LABEL, (platform, post_id, author_id, sales, _now()))

    def labels(self) -> list[tuple[str, str, str, bool]]:
        """What the user says of posts: platform, post, author, and whether it is a sales post."""
        rows = self.db.execute("SELECT platform, post_id, author_id, sales FROM labels")
        return [(platform, post_id, author_id, bool(sales)) for platform, post_id, author_id, sales in rows]

    def label(self, platform: str, post_id: str, sales: bool) -> bool:
        """Notes what the user says of a post, which then counts in its author's history; False where it is unknown."""
        sql = "SELECT author_id FROM verdicts WHERE platform = ? AND post_id = ?"
        for (author_id,) in self.db.execute(sql, (platform, post_id)).fetchall():
            self.db.execute(_LABEL, (platform, post_id, author_id, sales, _now()))
            return True
        return False

    def unlabel(self, platform: str, post_id: str) -> bool:
        """Takes that back; False where it was not so."""
        sql = "DELETE FROM labels WHERE platform = ? AND post_id = ?"
        return self.db.execute(sql, (platform, post_id)).rowcount > 0

    def choose_post(self, platform: str, post_id: str, choice: PostChoice, learnt: bool) -> None:
        """Lets a post show again, or takes it out, or neither; `learnt`: whether it is a sample as well.

        Its author's history counts what is said of it.
        """
        self.db.execute(
            "INSERT OR REPLACE INTO posts VALUES (?, ?, ?, ?, ?)", (platform, post_id, choice, learnt, _now())
        )
        if choice == "unsure":
            self.unlabel(platform, post_id)
        else:
            self.label(platform, post_id, sales=choice == "spam")

    def unchoose_post(self, platform: str, post_id: str) -> PostChoice | None:
        """Takes that back, and says what it was."""
        sql = "DELETE FROM posts WHERE platform = ? AND post_id = ? RETURNING choice"
        row = self.db.execute(sql, (platform, post_id)).fetchall()
        if not row:
            return None
        self.unlabel(platform, post_id)
        choice: PostChoice = row[0][0]
        return choice

    def choose_author(self, platform: str, author_id: str, choice: AuthorChoice) -> None:
        """Lets all posts of an author through, or none, or has them judged for good. The newest choice counts."""
        self.db.execute("INSERT OR REPLACE INTO authors VALUES (?, ?, ?, ?)", (platform, author_id, choice, _now()))

    def unchoose_author(self, platform: str, author_id: str, choice: AuthorChoice) -> bool:
        """Takes that back; False where it was not so."""
        sql = "DELETE FROM authors WHERE platform = ? AND author_id = ? AND choice = ?"
        return self.db.execute(sql, (platform, author_id, choice)).rowcount > 0


def _row(page: Seen, post_id: str, verdict: Verdict, store_text: bool) -> Row:
    post, kept = verdict.post, verdict.action == "keep"
    unread = kept and verdict.decided != (SHOWN_AGAIN,)
    reasons = verdict.reasons if store_text and not kept else verdict.rules
    return (
        page.time,
        page.platform,
        storable(post.author_id),
        storable(post.author),
        post_id,
        storable(post.text) if store_text and not unread else None,
        text_hash(post.text) if not store_text and not unread else None,
        verdict.score,
        verdict.action,
        msgspec.json.encode(list(map(storable, reasons))).decode(),
        page.device,
        verdict.sales,
    )


def _signs(verdict: Verdict) -> tuple[int, int]:
    """What tells a verdict from others where it is `moved`, and where it is not; see `_is`."""
    coarse = verdict.action, verdict.sales
    return hash(coarse), hash((*coarse, verdict.score, verdict.decided))


def _is(said: _Said | None, verdict: Verdict) -> bool:
    """Whether what stands there is this verdict."""
    if said is None or said[:2] != (verdict.action, verdict.sales):
        return False
    if verdict.moved:  # by what becomes known of its author, at nearly every load
        return True
    rules = verdict.rules
    return said[2] == verdict.score and tuple(json.loads(said[3])[: len(rules)]) == rules


def damaged(why: str) -> sqlite3.DatabaseError:
    """What SQLite raises for a damaged file."""
    error = sqlite3.DatabaseError(why)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _now() -> int:
    return milliseconds(datetime.now(UTC))
