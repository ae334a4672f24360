"""What the link of a folded post opens."""

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from circleshield.review.guard import refused, without_session
from circleshield.review.served import served

pages = Blueprint("folded", __name__)


@pages.get("/folded/<key>")
@without_session
def folded(key: str) -> str | Response:
    """The post.

    Whoever has the link may read it, as it stood in that feed and cannot be guessed; what changes anything needs a
    session.
    """
    found = served().shield.notes.folded(key)
    if found is None:
        return refused(404, "folded_forgotten")
    return render_template("folded.html", platform=found.platform, verdict=found.verdict)
