"""What the ledger counts as it is written: posts by day, platform and action, by score, and by reason."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from circleshield_addon.history import name_of
from circleshield_addon.ledger import Ledger

Author = tuple[str, str, int, int]
"""platform:id, name, sales posts and all posts."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of posts: days and platforms by action, and the most frequent reasons of sales posts without figures."""

    days: dict[str, Counter[str]]
    platforms: dict[str, Counter[str]]
    reasons: list[tuple[str, int]]


def totals(ledger: Ledger, since: date, most: int = 10) -> Totals:
    """From a day on; days in ISO 8601."""
    days: dict[str, Counter[str]] = {}
    platforms: dict[str, Counter[str]] = {}
    for day, platform, action, posts in ledger.db.execute(
        "SELECT day, platform, action, posts FROM day_totals WHERE day >= ?", (since.isoformat(),)
    ):
        days.setdefault(day, Counter())[action] += posts
        platforms.setdefault(platform, Counter())[action] += posts
    reasons = ledger.db.execute(
        "SELECT reason, sum(posts) AS posts FROM reason_totals WHERE day >= ? GROUP BY reason"
        " ORDER BY posts DESC, reason LIMIT ?",
        (since.isoformat(), most),
    )
    return Totals(days, dict(sorted(platforms.items())), reasons.fetchall())


def top_authors(ledger: Ledger, since: int, most: int = 10) -> list[Author]:
    """Those with the most sales posts since a time, in milliseconds since 1970."""
    authors = ledger.db.execute(
        "SELECT platform, author_id, sum(action NOT IN ('keep', 'review')) AS spam, count(*) FROM verdicts"
        " WHERE time >= ? AND author_id <> '' GROUP BY author_id, platform HAVING spam > 0"
        " ORDER BY spam DESC, author_id LIMIT ?",
        (since, most),
    ).fetchall()
    return [(f"{row[0]}:{row[1]}", name_of(ledger, row[0], row[1]), row[2], row[3]) for row in authors]


@dataclass(frozen=True, slots=True)
class Scores:
    """Posts by their score in thousandths, and of these, those that the user had shown again.

    `first` is the first day with posts.
    """

    posts: Counter[int]
    restored: Counter[int]
    first: date


def scores(ledger: Ledger, since: date) -> Scores | None:
    """Of the posts from a day on that the score decides on, those that show again by the user's choice included.

    None without any.
    """
    day = since.isoformat()
    posts = Counter(
        dict(ledger.db.execute("SELECT score, sum(posts) FROM score_totals WHERE day >= ? GROUP BY score", (day,)))
    )
    restored: Counter[int] = Counter()
    for score, by_score in ledger.db.execute(
        "SELECT CAST(round(score * 1000, 6) AS INTEGER), json_extract(reasons, '$[0]') LIKE 'score %'"
        " FROM posts CROSS JOIN verdicts USING (platform, post_id) WHERE choice = 'social' AND day >= ?",
        (day,),
    ):
        restored[score] += 1
        posts[score] += not by_score  # the others are among them
    if not posts:
        return None
    (first,) = ledger.db.execute("SELECT min(day) FROM day_totals WHERE day >= ?", (day,)).fetchone()
    return Scores(posts, restored, date.fromisoformat(first))
