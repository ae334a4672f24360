"""Letting devices in and out: pairing by a code, the list of sessions, signing out."""

import segno
from flask import Blueprint, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from circleshield.review.guard import device_name, let_in, owner_only, refused, without_session
from circleshield.review.hosting import pairing_url
from circleshield.review.served import served, session
from circleshield.review.sessions import CODE_MINUTES, Role, TooManyTriesError

pages = Blueprint("pairing", __name__)


@pages.get("/pair")
@without_session
def ask() -> str:
    """A form for the code, filled in by the link of the QR code; it takes a tap, as some scanners open links ahead."""
    return render_template("pair.html", code=request.args.get("code", "")[:20], wrong=False)


@pages.post("/pair")
@without_session
def pair() -> Response:
    """Lets in who has a code."""
    name = request.form.get("name", "").strip() or device_name()
    try:
        cookie = served().sessions.pair(request.form.get("code", ""), request.remote_addr or "", name)
    except TooManyTriesError:
        return refused(429, "too_many_tries")
    if cookie is not None:
        return let_in(cookie, "/")
    return Response(render_template("pair.html", code="", wrong=True), 401, content_type="text/html; charset=utf-8")


@pages.get("/devices")
@owner_only
def devices() -> str:
    """Who was let in."""
    return render_template("devices.html", sessions=served().sessions.all())


@pages.post("/devices/code")
@owner_only
def code() -> str:
    """A new code, as text and as a QR code."""
    role: Role = "owner" if request.form.get("role") == "owner" else "device"
    fresh = served().sessions.code(role)
    url = pairing_url(fresh)
    picture = Markup(segno.make(url, error="m").svg_inline(scale=5))  # of our own making, no user's text
    return render_template("code.html", code=fresh, url=url, picture=picture, minutes=CODE_MINUTES, role=role)


@pages.post("/devices/end")
@owner_only
def end() -> Response:
    """Shuts a session out."""
    served().sessions.end(request.form.get("session", ""))
    return redirect("/devices", 303)


@pages.post("/leave")
def leave() -> Response:
    """Ends the session that asks."""
    served().sessions.end(session().id)
    return refused(200, "signed_out")
