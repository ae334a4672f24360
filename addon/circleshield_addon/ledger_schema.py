"""The tables of the ledger, as they came to be."""

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
)
