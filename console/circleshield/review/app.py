"""The Flask application of the review page: its parts, guarded, in the browser's language."""

import logging
from datetime import UTC, datetime

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from circleshield.review import (
    choosing,
    folded,
    friends,
    numbers,
    pairing,
    queue,
    retraining,
    setup,
    today,
    toggles,
    wireguard,
)
from circleshield.review.guard import guard, own_form_token, refused
from circleshield.review.in_language import in_language
from circleshield.review.notices import collect
from circleshield.review.platform_names import platform_name
from circleshield.review.served import Served, through_proxy
from circleshield.review.texts import LANGUAGES, text
from circleshield_addon.filtering import where
from circleshield_model.errors import InputError

_log = logging.getLogger("circleshield")
_MAX_FORM_BYTES = 1_000_000


def review_app(parts: Served) -> Flask:
    """A new application. Further pages are blueprints, registered here."""
    app = Flask("circleshield.review")
    app.extensions["circleshield"] = parts
    app.config["MAX_CONTENT_LENGTH"] = _MAX_FORM_BYTES
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    guard(app)
    for part in (today, queue, choosing, folded, friends, numbers, toggles, retraining, pairing, setup, wireguard):
        app.register_blueprint(part.pages)

    @app.errorhandler(HTTPException)
    def wrong(error: HTTPException) -> Response:
        return refused(error.code or 500, "not_found" if error.code == 404 else "not_understood")

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        _log.error("the review page: %s", where(error))  # a traceback could quote a post
        return refused(500, "broken")

    @app.errorhandler(InputError)
    def in_words(error: InputError) -> Response:
        return refused(503, "fault", str(error))

    @app.context_processor
    def names() -> dict[str, object]:
        wanted = (tag.partition("-")[0].lower() for tag in request.accept_languages.values())
        language = next((tag for tag in wanted if tag in LANGUAGES), LANGUAGES[0])
        return {
            "lang": language,
            "t": lambda key, **values: text(language, key, **values),
            "platform": lambda name: platform_name(language, name),
            "said": lambda english: in_language(language, english),
            "collected_notice": collect,
            "menu": _menu(),
            "session": g.get("session"),
            "form_token": own_form_token(),
            "through_proxy": through_proxy(),
            "refused_config": parts.reloading.refused,
        }

    @app.template_filter()
    def moment(milliseconds: int) -> str:
        return datetime.fromtimestamp(milliseconds / 1000).astimezone().strftime("%Y-%m-%d %H:%M")

    @app.template_filter()
    def iso(milliseconds: int) -> str:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")

    return app


def _menu() -> list[tuple[str, str]]:
    """The pages, in order: endpoint and the text that names it."""
    pages = [("today.today", "today"), ("queue.queue", "queue"), ("choosing.choices", "choices")]
    if g.get("session") is not None and g.session.role == "owner":
        pages += [
            ("friends.friends", "friends"),
            ("numbers.numbers", "numbers"),
            ("toggles.toggles", "toggles"),
            ("retraining.model", "model"),
            ("pairing.devices", "devices"),
        ]
    pages.append(("setup.setup", "setup"))
    return pages
