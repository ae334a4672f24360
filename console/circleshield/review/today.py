"""What was taken out of the feeds, folded, labelled or found unsure, newest first."""

from flask import Blueprint, render_template, request

from circleshield.home import open_ledger
from circleshield.review.served import served
from circleshield_addon import history
from circleshield_addon.ledger import FILE

PAGE_POSTS = 40

pages = Blueprint("today", __name__)


@pages.get("/")
def today() -> str:
    """A page of verdicts; `below` is the id of the last one of the page before."""
    below = request.args.get("below", type=int)
    entries: list[history.Entry] = []
    if (served().home / FILE).exists():
        with open_ledger(served().home) as ledger:
            which = history.Filter(action=history.NOT_KEPT)
            entries = history.newest(ledger, which, PAGE_POSTS + 1, below)
    return render_template("today.html", entries=entries[:PAGE_POSTS], more=len(entries) > PAGE_POSTS, below=below)
