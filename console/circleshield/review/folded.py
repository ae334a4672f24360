"""What the link of a folded post opens."""

from flask import Blueprint, g, render_template
from werkzeug.wrappers import Response

from circleshield.home import open_ledger
from circleshield.review.cards import Card, cards
from circleshield.review.guard import refused, without_session
from circleshield.review.served import served
from circleshield_addon.history import of_post
from circleshield_addon.ledger import FILE
from circleshield_addon.notes import Folded
from circleshield_addon.post import storable

pages = Blueprint("folded", __name__)


@pages.get("/folded/<key>")
@without_session
def folded(key: str) -> str | Response:
    """The post, and the choices about it.

    Whoever has the link may read it, as it stood in that feed and cannot be guessed. The choices need a session.
    """
    found = served().shield.notes.folded(key)
    if found is None:
        return refused(404, "folded_forgotten")
    return render_template("folded.html", name=found.platform, verdict=found.verdict, one=_card(found))


def _card(found: Folded) -> Card | None:
    """The post as the ledger has it, where there is somebody who may choose about it."""
    if g.session is None or not (served().home / FILE).exists():
        return None
    post_id = storable(found.verdict.post.key)
    with open_ledger(served().home) as ledger:
        entries = [e for e in of_post(ledger, f"{found.platform}:{post_id}") if e.platform == found.platform]
        return next(iter(cards(ledger, entries)), None)
