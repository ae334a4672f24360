"""The tables of the ledger, as they came to be, and how its totals are counted."""

import re

_FIGURES = re.compile(
    r" [+-]\d+\.\d$|(?<=^score )\d\.\d+ | \(text \d\.\d+\)$|^\d+ of \d+ (?=earlier posts)|, \d+ of them labelled by you"
    r"|(?<=^the same text from )\d+ |(?<=^author shielded) after \d+ sales posts$"
)


def reason_kind(reason: str) -> str:
    """A reason without the figures in it, as `reason_totals` counts it; known to SQL under the same name.

    Who changes what it says has to count `reason_totals` anew, by a migration.
    """
    return _FIGURES.sub("", reason)


def totals_changed(which: str, by: int) -> tuple[str, ...]:
    """Statements that add verdicts to the totals, or take them out before they go: `by` 1 or -1.

    `which` is a condition in SQL.
    """
    changed = "ON CONFLICT DO UPDATE SET posts = posts + excluded.posts"
    return (
        f"INSERT INTO day_totals SELECT day, platform, action, {by} * count(*) FROM verdicts"
        f" WHERE {which} GROUP BY 1, 2, 3 {changed}",
        f"INSERT INTO score_totals SELECT day, CAST(round(score * 1000, 6) AS INTEGER), {by} * count(*) FROM verdicts"
        f" WHERE {which} AND json_extract(reasons, '$[0]') LIKE 'score %' GROUP BY 1, 2 {changed}",
        f"INSERT INTO reason_totals SELECT reason_kind(value), day, {by} * count(*)"
        f" FROM (SELECT reasons, day FROM verdicts WHERE {which} AND action NOT IN ('keep', 'review')) AS some,"
        f" json_each(some.reasons) WHERE true GROUP BY 1, 2 {changed}",
        *(f"DELETE FROM {name} WHERE posts = 0" for name in ("day_totals", "score_totals", "reason_totals") if by < 0),
    )


# In order; `user_version` is how many of them a file has been through. Never change one that was released: add one.
# A verdict that changes gets a new id, so ids run in the order of time: pages are cut by id alone.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE verdicts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time INTEGER NOT NULL,     -- when it was decided so: milliseconds since 1970, UTC
            platform TEXT NOT NULL,
            author_id TEXT NOT NULL,
            author TEXT NOT NULL,
            post_id TEXT NOT NULL,     -- "-" and a hash where the post has none
            text TEXT,                 -- NULL for kept posts, and where no text is stored
            text_hash TEXT,            -- instead of the text where none is stored
            score REAL NOT NULL,
            action TEXT NOT NULL,
            reasons TEXT NOT NULL,     -- a JSON list: the rules, then the evidence
            device TEXT NOT NULL,      -- the client's address
            UNIQUE (post_id, platform)
        ) STRICT
        """,
        "CREATE INDEX by_time ON verdicts (time, platform, action)",
        "CREATE INDEX by_author ON verdicts (author_id, platform, time, action, score)",
        "CREATE INDEX by_name ON verdicts (author)",
        "CREATE INDEX by_action ON verdicts (action)",
        "CREATE INDEX not_kept ON verdicts (id) WHERE action <> 'keep'",
    ),
    (
        """
        CREATE TABLE restored (
            platform TEXT NOT NULL,
            post_id TEXT NOT NULL,
            time INTEGER NOT NULL,
            PRIMARY KEY (platform, post_id)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE authors (
            platform TEXT NOT NULL,
            author_id TEXT NOT NULL,
            choice TEXT NOT NULL CHECK (choice IN ('allow', 'block')),
            time INTEGER NOT NULL,
            PRIMARY KEY (platform, author_id)
        ) STRICT, WITHOUT ROWID
        """,
    ),
    (
        "ALTER TABLE verdicts ADD COLUMN sales INTEGER",  # 1: the text alone is a sales post's; NULL: not judged
        "UPDATE verdicts SET sales = action NOT IN ('keep', 'review') WHERE reasons LIKE '[\"score %'",
        """
        CREATE TABLE labels (
            platform TEXT NOT NULL,
            post_id TEXT NOT NULL,
            author_id TEXT NOT NULL,
            sales INTEGER NOT NULL,    -- what the user says of the post
            time INTEGER NOT NULL,
            PRIMARY KEY (platform, post_id)
        ) STRICT, WITHOUT ROWID
        """,
        "INSERT INTO labels SELECT platform, post_id, author_id, 0, restored.time"
        " FROM restored JOIN verdicts USING (platform, post_id) WHERE author_id <> ''",
        """
        CREATE TABLE chosen (
            platform TEXT NOT NULL,
            author_id TEXT NOT NULL,
            choice TEXT NOT NULL CHECK (choice IN ('allow', 'block', 'judge')),
            time INTEGER NOT NULL,
            PRIMARY KEY (platform, author_id)
        ) STRICT, WITHOUT ROWID
        """,
        "INSERT INTO chosen SELECT * FROM authors",
        "DROP TABLE authors",
        "ALTER TABLE chosen RENAME TO authors",
    ),
    (
        """
        CREATE TABLE posts (
            platform TEXT NOT NULL,
            post_id TEXT NOT NULL,
            choice TEXT NOT NULL CHECK (choice IN ('social', 'spam', 'unsure')),
            learnt INTEGER NOT NULL,   -- whether it became a sample
            time INTEGER NOT NULL,
            PRIMARY KEY (platform, post_id)
        ) STRICT, WITHOUT ROWID
        """,
        "INSERT INTO posts SELECT platform, post_id, 'social', 1, time FROM restored",
        "DROP TABLE restored",
        # Which devices had a post in a feed; `verdicts.device` is the one whose load made the verdict.
        """
        CREATE TABLE seen (
            device TEXT NOT NULL,
            verdict INTEGER NOT NULL,
            PRIMARY KEY (device, verdict)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX seen_verdict ON seen (verdict)",
        "INSERT INTO seen SELECT device, id FROM verdicts WHERE action <> 'keep'",
        # Not run where a verdict is replaced: `recursive_triggers` is off.
        "CREATE TRIGGER unseen AFTER DELETE ON verdicts BEGIN DELETE FROM seen WHERE verdict = old.id; END",
        "CREATE INDEX not_kept_by_platform ON verdicts (platform) WHERE action <> 'keep'",
    ),
    (
        # The date at which a verdict was made, where it was made. Fixed, so that totals are the sums of their rows.
        "ALTER TABLE verdicts ADD COLUMN day TEXT NOT NULL DEFAULT ''",
        "UPDATE verdicts SET day = date(time / 1000, 'unixepoch', 'localtime')",
        """
        CREATE TABLE day_totals (
            day TEXT NOT NULL,
            platform TEXT NOT NULL,
            action TEXT NOT NULL,
            posts INTEGER NOT NULL,
            PRIMARY KEY (day, platform, action)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE score_totals (    -- of the verdicts that the score decided
            day TEXT NOT NULL,
            score INTEGER NOT NULL,    -- in thousandths, rounded down
            posts INTEGER NOT NULL,
            PRIMARY KEY (day, score)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE reason_totals (   -- of sales posts
            reason TEXT NOT NULL,
            day TEXT NOT NULL,
            posts INTEGER NOT NULL,
            PRIMARY KEY (reason, day)
        ) STRICT, WITHOUT ROWID
        """,
        *totals_changed("true", 1),
        # What these were for is counted now.
        "DROP INDEX by_time",
        "CREATE INDEX by_time ON verdicts (time)",
    ),
)
