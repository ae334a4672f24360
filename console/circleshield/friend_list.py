"""The authors whose posts were sales posts, or about whom the user chose, and what becomes of their posts."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from circleshield_addon import settings
from circleshield_addon.choices import AuthorChoice
from circleshield_addon.friends import Author, Friends
from circleshield_addon.history import name_of
from circleshield_addon.ledger import Ledger

State = Literal["allowed", "blocked", "left to the filter", "shielded", "suggested", ""]

STATES: dict[AuthorChoice, State] = {"allow": "allowed", "block": "blocked", "judge": "left to the filter"}
"""What the user's choices come to."""


class Friend(NamedTuple):
    """One author; `state` is what becomes of the posts whatever they say, or what is suggested.

    `name` is empty until it is looked up.
    """

    author: str
    name: str
    posts: int
    sales: int
    labelled: int
    state: State


def friend_list(ledger: Ledger, known: Friends, rules: settings.Friends) -> list[Friend]:
    """All of them, those with the most sales posts first. Raises sqlite3.Error."""
    choices = ledger.choices().authors
    authors = {(platform, author_id): author for platform, author_id, author in known}
    found = []
    for (platform, author_id), author in {**dict.fromkeys(choices, Author()), **authors}.items():
        choice = choices.get((platform, author_id))
        if not author.sales_posts and choice is None:
            continue
        past = author.past()
        found.append(
            Friend(
                f"{platform}:{author_id}",
                "",
                past.posts + past.labels,
                author.sales_posts,
                past.labels,
                _state(author, choice, rules),
            )
        )
    return sorted(found, key=lambda friend: (-friend.sales, friend.author))


def named(ledger: Ledger, friends: Iterable[Friend]) -> list[Friend]:
    """With their names looked up, which takes longer than the rest. Raises sqlite3.Error."""
    return [friend._replace(name=name_of(ledger, *friend.author.split(":", 1))) for friend in friends]


def _state(author: Author, choice: AuthorChoice | None, rules: settings.Friends) -> State:
    if choice is not None:
        return STATES[choice]
    if author.is_shielded(rules.shield_after):
        return "shielded"
    return "suggested" if author.sales_posts >= rules.suggest_after else ""
