"""What was taken out of the feeds, folded, labelled or found unsure, newest first."""

from datetime import date, datetime, time, timedelta

from flask import Blueprint, render_template, request
from werkzeug.datastructures import MultiDict

from circleshield.home import open_ledger
from circleshield.review.cards import Card, cards
from circleshield.review.form_values import number, row_id
from circleshield.review.served import own_device, served
from circleshield_addon import history
from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.generic import GENERIC
from circleshield_addon.ledger import FILE, milliseconds

PAGE_POSTS = 40
ACTIONS = ("remove", "fold", "label", "watch", "review")
PLATFORMS = tuple(sorted({adapter.platform for adapter in (*ADAPTERS, GENERIC)}))
_FIELDS = ("words", "platform", "author", "action", "lowest", "highest", "since", "until")

pages = Blueprint("today", __name__)


@pages.get("/")
def today() -> str:
    """A page of verdicts; `below` is where it goes on from the page before."""
    below = request.args.get("below", type=row_id)
    which = asked_for(request.args)
    found: list[Card] = []
    page = history.Page([], None, None)
    if (served().home / FILE).exists():
        with open_ledger(served().home) as ledger:
            page = history.page(ledger, which, PAGE_POSTS, below)
            found = cards(ledger, page.entries)
    asked = {name: request.args[name] for name in _FIELDS if request.args.get(name)}
    return render_template(
        "today.html", cards=found, page=page, below=below, asked=asked, actions=ACTIONS, platforms=PLATFORMS
    )


def asked_for(fields: MultiDict[str, str]) -> history.Filter:
    """The verdicts that a search is for; what makes no sense in it counts as not given."""
    platform, action = fields.get("platform"), fields.get("action")
    until = _day(fields.get("until"))
    return history.Filter(
        since=_start(_day(fields.get("since"))),
        before=_start(until + timedelta(1) if until is not None and until < date.max else None),
        platform=platform if platform in PLATFORMS else None,
        author=fields.get("author", "").strip() or None,
        action=action if action in ACTIONS else history.NOT_KEPT,
        words=fields.get("words", "").strip() or None,
        lowest=fields.get("lowest", type=number),
        highest=fields.get("highest", type=number),
        device=own_device(),
    )


def _day(value: str | None) -> date | None:
    try:
        return date.fromisoformat(value or "")
    except ValueError:
        return None


def _start(day: date | None) -> int | None:
    """The first moment of a day here."""
    try:
        return None if day is None else milliseconds(datetime.combine(day, time()).astimezone())
    except (OverflowError, ValueError, OSError):
        return None
