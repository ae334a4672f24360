"""What the buttons do: choices of posts and of authors. Each can be undone, and each says what it does.

A button sends `one`, which is a choice and what it is about, or `all`, a choice for every post that is ticked.
"""

import threading
from urllib.parse import urlsplit

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response

from circleshield import post_choice
from circleshield.home import open_ledger
from circleshield.review.cards import cards
from circleshield.review.guard import owner_only
from circleshield.review.notices import Notice, leave
from circleshield.review.served import own_device, served, session
from circleshield_addon.choices import AuthorChoice, PostChoice
from circleshield_addon.history import Entry, chosen_about, name_of, of_post, was_seen
from circleshield_addon.ledger import Ledger

pages = Blueprint("choosing", __name__)

_POSTS: dict[str, PostChoice] = {"social": "social", "spam": "spam", "unsure": "unsure"}
_AUTHORS: dict[str, AuthorChoice] = {"allow": "allow", "block": "block", "judge": "judge"}
_MOST = 1_000  # posts in one form
_SHOWN = 200  # choices on the page of them
_one_at_a_time = threading.Lock()


@pages.post("/posts")
def choose_posts() -> Response:
    """`social`, `spam` or `unsure`; `undo`; `teach` or `unteach`, which change only what is learnt. Of platform:id."""
    one, _, key = request.form.get("one", "").partition(" ")
    what = one or request.form.get("all", "")
    keys = [key] if one else list(dict.fromkeys(request.form.getlist("post")))[:_MOST]
    with _one_at_a_time, open_ledger(served().home) as ledger:
        keys = [key for key in keys if own_device() is None or _own(ledger, key) is not None]
        if not keys:
            leave(Notice("nothing_ticked"))
        elif what == "undo":
            for key in keys:
                post_choice.undo(served().home, ledger, *_parted(key))
            leave(Notice("undone", len(keys)))
        elif what in ("teach", "unteach"):
            leave(_taught(ledger, what, keys))
        elif what in _POSTS:
            entries = [entry for key in keys if (entry := _own(ledger, key)) is not None]
            learnt = sum([post_choice.choose(served().home, ledger, entry, _POSTS[what]) for entry in entries])
            leave(Notice(what, len(entries), learnt, ("choosing.choose_posts", "undo"), tuple(keys)))
        else:
            abort(400)
    return redirect(_back(key if one and what != "undo" else ""), 303)


@pages.post("/authors")
@owner_only
def choose_author() -> Response:
    """`allow`, `block` or `judge`, or `leave`, which takes any of them back. Of platform:id."""
    what, _, key = request.form.get("one", "").partition(" ")
    platform, author_id = _parted(key)
    with open_ledger(served().home) as ledger:
        if what in _AUTHORS:
            ledger.choose_author(platform, author_id, _AUTHORS[what])
            leave(Notice(what, 1, 0, ("choosing.choose_author", f"leave {key}")))
        elif what == "leave":
            for choice in _AUTHORS.values():
                ledger.unchoose_author(platform, author_id, choice)
            leave(Notice("undone", 1))
        else:
            abort(400)
    return redirect(_back(), 303)


@pages.get("/choices")
def choices() -> str:
    """What was chosen, the newest first; of a post that is not in the ledger any more there is only its name."""
    with open_ledger(served().home) as ledger:
        named = ledger.posts()
        entries = {f"{platform}:{post}": _own(ledger, f"{platform}:{post}") for platform, post, _, _ in named[:_SHOWN]}
        shown = {card.key: card for card in cards(ledger, filter(None, entries.values()))}
        rows = [(key, choice, shown.get(key)) for key, (_, _, choice, _) in zip(entries, named, strict=False)]
        if own_device() is not None:
            rows = [row for row in rows if row[2] is not None]
        authors = ledger.authors() if session().role == "owner" else []
        names = {author[:2]: name_of(ledger, *author[:2]) for author in authors}
        more = max(0, len(named) - _SHOWN)
        return render_template("choices.html", rows=rows, more=more, authors=authors, names=names)


def _own(ledger: Ledger, key: str) -> Entry | None:
    """The post of that name; None where there is none, or who asks may not see it."""
    found = [entry for entry in of_post(ledger, key) if f"{entry.platform}:{entry.post_id}" == key]
    device = own_device()
    if not found or (device is not None and not was_seen(ledger, found[0], device)):
        return None
    return found[0]


def _taught(ledger: Ledger, what: str, keys: list[str]) -> Notice:
    """Changes whether chosen posts are learnt from, and nothing else."""
    count = learnt = 0
    for key in keys:
        entry = _own(ledger, key)
        choice = None if entry is None else chosen_about(ledger, [entry])[entry.id].post
        if entry is not None and choice is not None:
            count += 1
            learnt += post_choice.choose(served().home, ledger, entry, choice, learn=what == "teach")
    return Notice(what, count, learnt)


def _parted(key: str) -> tuple[str, str]:
    platform, _, name = key.partition(":")
    if not name:
        abort(400)
    return platform, name


def _back(post: str = "") -> str:
    """The page that the form was on, at the post that it was about."""
    found = urlsplit(request.headers.get("Referer", ""))
    query = f"?{found.query}" if found.query else ""
    anchor = f"#{request.form.get('at', '')}" if post and request.form.get("at", "").isalnum() else ""
    return f"/{found.path.lstrip('/')}{query}{anchor}"
