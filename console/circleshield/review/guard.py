"""Who gets in: the Host header, the session, the form's token and origin, and the headers of every reply.

Everything is closed unless a view says otherwise: `without_session` lets anybody in, `owner_only` the owner alone.
"""

from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from circleshield.review.served import served, through_proxy
from circleshield.review.sessions import SESSION_DAYS, Session, TooManyTriesError, form_token
from circleshield_addon.notes import HOST

_OPEN, _OWNER = "_without_session", "_owner_only"
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
    return Response(render_template("refused.html", why=why, further=further), status)


def let_in(code: str, name: str, target: str) -> AnyResponse | None:
    """Begins a session for who names a code, and leads on to `target`; None for a wrong code."""
    try:
        cookie = served().sessions.begin(code, request.remote_addr or "", name)
    except TooManyTriesError:
        return refused(429, "too_many_tries")
    if cookie is None:
        return None
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
        return let_in(request.args["token"], request.user_agent.string, request.path) or refused(401, "wrong_token")
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
    # A device's own posts are told by its address, which a request to the listener by way of the proxy has not.
    if found is not None and found.role == "device" and not through_proxy():
        return None
    return found


def _foreign_form() -> str | None:
    """Why a form is not one of our own pages'; None for one that is."""
    if urlsplit(request.headers.get("Origin", "")).netloc.lower() != request.headers.get("Host", "").lower():
        return "foreign_origin"
    if g.session is not None and request.form.get("form_token", "") != form_token(request.cookies[_cookie_name()]):
        return "no_form_token"
    return None


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
