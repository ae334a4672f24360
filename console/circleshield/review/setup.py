"""The set-up pages: what to tap on a device, and the files that it takes. Open to every device of the network.

They are served without a session, and on the proxy's own port too: a device needs them before it uses the proxy.
"""

import segno
from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from circleshield import apple_profile, pac
from circleshield.ca_folder import CA_FOLDER
from circleshield.review.guard import without_session
from circleshield.review.served import served
from circleshield.setup_steps import HEADINGS, LANGUAGES, PAC_NOTE, SYSTEMS, TUNNEL, TUNNEL_UNDO, Text, Ways
from circleshield_addon import authority
from circleshield_model.errors import InputError

pages = Blueprint("setup", __name__)


@pages.get("/setup")
@without_session
def setup() -> str:
    """What to tap, system by system."""
    ways = _ways()

    def say(text: Text, language: str) -> str:
        return ways.say(text, language)

    def heading(name: str, language: str) -> str:
        return HEADINGS[name][LANGUAGES.index(language)]

    return render_template(
        "setup.html",
        systems=SYSTEMS,
        say=say,
        heading=heading,
        tunnel=TUNNEL,
        tunnel_undo=TUNNEL_UNDO,
        pac_note=PAC_NOTE,
        codes=[(title, text, _code(text)) for title, text in ways.codes(SYSTEMS)],
        likely=_likely(request.user_agent.string),
        loopback=ways.host in ("127.0.0.1", "::1"),
    )


@pages.get("/proxy.pac")
@without_session
def proxy_pac() -> Response:
    """The proxy auto-config file; with `?closed` one that does not fall back to going direct."""
    hosts = served().shield.settings.hosts
    return Response(pac.pac(hosts, _ways().proxy, "closed" in request.args), content_type=pac.MIME)


@pages.get("/ca.pem")
@without_session
def ca_pem() -> Response:
    """The CA for computers."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return _file(_authority().root.public_bytes(Encoding.PEM), "application/x-pem-file", "ca.pem")


@pages.get("/ca.cer")
@without_session
def ca_cer() -> Response:
    """The CA for Android and Windows, which tell by this type what it is."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return _file(_authority().root.public_bytes(Encoding.DER), "application/x-x509-ca-cert", "ca.cer")


@pages.get("/profile.mobileconfig")
@without_session
def profile() -> Response:
    """The CA for iPhone, iPad and Mac."""
    return _file(apple_profile.profile(_authority()), apple_profile.MIME, "circleshield.mobileconfig")


def _code(text: str) -> Markup:
    return Markup(segno.make(text).svg_inline(scale=4, light="white"))  # on a dark page too


def _file(data: bytes, kind: str, name: str) -> Response:
    return Response(data, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _authority() -> authority.Authority:
    return authority.read(served().home / CA_FOLDER)


def _ways() -> Ways:
    """As the device at hand reaches the proxy."""
    found = served().proxy_address()
    if found is None:
        raise InputError("the proxy has no --mode regular; run it with that mode as well")
    return Ways(*found, _authority().title)


def _likely(agent: str) -> str:
    """The system that a browser says it runs on; that one is shown unfolded."""
    signs = {"iPhone": "ios", "iPad": "ios", "Android": "android", "Windows": "windows", "Mac OS": "macos"}
    return next((system for sign, system in signs.items() if sign in agent), "linux")
