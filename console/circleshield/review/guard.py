"""Who gets in: the Host header, the session, the form's token and origin, and the headers of every reply.

Everything is closed unless a view says otherwise: `without_session` lets anybody in, `owner_only` the owner alone.
"""

import re
from collections.abc import Callable
from ipaddress import ip_address

from flask import Flask, Response, current_app, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from circleshield.review.served import served, through_proxy
from circleshield.review.sessions import SESSION_DAYS, Session, form_token
from circleshield_addon.notes import HOST

_OPEN, _OWNER = "_without_session", "_owner_only"
_KINDS = re.compile(r"iPhone|iPad|Android|Windows|Macintosh|CrOS|Linux")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: with it, browsers send `Origin: null` with a form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def without_session[View: Callable[..., object]](view: View) -> View:
    """A view for anybody who can reach the page."""
    setattr(view, _OPEN, True)
    return view


def owner_only[View: Callable[..., object]](view: View) -> View:
    """A view for the owner."""
    setattr(view, _OWNER, True)
    return view


def guard(app: Flask) -> None:
    """Puts the checks before every view of an application, and the headers on every reply."""
    app.before_request(_check)
    app.after_request(_with_headers)


def refused(status: int, why: str, further: str = "") -> Response:
    """A page that says why there is none; `why` names a text, `further` stands after it."""
    heading = "done_title" if status == 200 else "refused_title" if status in (401, 403, 429) else "fault_title"
    return Response(render_template("refused.html", why=why, further=further, heading=heading), status)


def device_name() -> str:
    """What the browser says it runs on."""
    found = _KINDS.search(request.user_agent.string)
    return found[0] if found is not None else ""


def let_in(cookie: str, target: str) -> AnyResponse:
    """Gives the browser the cookie of a new session, and leads on to `target`."""
    reply = redirect(target, 303)
    reply.set_cookie(
        _cookie_name(),
        cookie,
        max_age=SESSION_DAYS * 86_400,
        httponly=True,
        # Not Strict: a folded post's link is followed from the feed's own site. What changes anything is a POST, which
        # another site sends without the cookie.
        samesite="Lax",
    )
    return reply


def _check() -> AnyResponse | None:
    g.session = None
    if not _is_our_name():
        return Response("circleshield is not served under this name\n", 421, content_type="text/plain; charset=utf-8")
    view = current_app.view_functions.get(request.endpoint or "")
    if request.endpoint == "static":
        return None
    g.session = _session()
    if request.method not in ("GET", "HEAD", "OPTIONS") and (why := _foreign_form()) is not None:
        return refused(403, why)
    if request.method == "GET" and "token" in request.args and not through_proxy():
        cookie = served().sessions.open(request.args["token"], device_name())
        return refused(401, "wrong_token") if cookie is None else let_in(cookie, request.path)
    if view is None or getattr(view, _OPEN, False):
        return None
    if g.session is None:
        return refused(401, "no_session_magic" if through_proxy() else "no_session")
    if getattr(view, _OWNER, False) and g.session.role != "owner":
        return refused(403, "owner_only")
    return None


def _is_our_name() -> bool:
    """Whether the Host header is one of ours; another one is a page elsewhere that made its name point here."""
    host = request.headers.get("Host", "").lower()
    if through_proxy():
        return host in (HOST, f"{HOST}:80")
    port = served().port()
    listen = served().shield.settings.review.address[0]
    names = {*_LOOPBACK, f"[{listen}]" if ":" in listen else listen}
    if ip_address(listen).is_unspecified:  # all addresses of this machine: an address is no name that can be moved
        names |= {_address(host)}
    return host in {f"{name}:{port}" for name in names}


def _address(host: str) -> str:
    name = host.rpartition(":")[0]
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return HOST
    return name


def _session() -> Session | None:
    cookie = request.cookies.get(_cookie_name(), "")
    found = served().sessions.find(cookie) if cookie else None
    return None if found is not None and _is_of_elsewhere(found) else found


def _is_of_elsewhere(found: Session) -> bool:
    """A device's posts are told by its address, which it has not when it asks the listener by way of the proxy."""
    return found.role == "device" and not through_proxy()


def _foreign_form() -> str | None:
    """Why a form is not one of our own pages'; None for one that is."""
    if not _is_own_origin():
        return "foreign_origin"
    if g.session is not None and request.form.get("form_token", "") != form_token(request.cookies[_cookie_name()]):
        return "no_form_token"
    return None


def _is_own_origin() -> bool:
    return request.headers.get("Origin", "").lower() == f"http://{request.headers.get('Host', '').lower()}"


def _cookie_name() -> str:
    # Cookies of one host are shared by all its ports.
    return "circleshield" if through_proxy() else f"circleshield_{served().port()}"


def own_form_token() -> str:
    """For the forms of the page at hand; empty without a session."""
    return form_token(request.cookies[_cookie_name()]) if g.session is not None else ""


def _with_headers(reply: Response) -> Response:
    reply.headers.update(_HEADERS)
    if request.endpoint != "static":
        reply.headers["Cache-Control"] = "no-store"
    return reply
