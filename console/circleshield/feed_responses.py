"""The feed pages in a capture, and what the filter makes of each."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from circleshield.captures import Capture, Exchange
from circleshield_addon import routing
from circleshield_addon.filtering import Filtered, filtered
from circleshield_addon.judge import Judge
from circleshield_addon.notes import Notes
from circleshield_addon.post import Verdict
from circleshield_addon.routing import Route
from circleshield_addon.settings import Settings
from circleshield_model.scorer import Scorer


class FeedResponse(NamedTuple):
    """One response of a capture, by its number, that an enabled adapter takes for a page of a feed."""

    number: int
    exchange: Exchange
    route: Route


def route_of(exchange: Exchange, settings: Settings) -> Route | None:
    """Which adapter takes the request, if any."""
    return routing.route(exchange.method, exchange.url.hostname or "", exchange.url.path, settings)


def feed_responses(capture: Capture, settings: Settings) -> Iterator[FeedResponse]:
    """All of a capture, in its order."""
    for number, exchange in enumerate(capture.exchanges):
        route = route_of(exchange, settings)
        if route is None or exchange.status != 200 or not exchange.body:
            continue
        if routing.is_page_type(exchange.content_type, route.endpoint):
            yield FeedResponse(number, exchange, route)


def treatment(settings: Settings, model: Path) -> Callable[[Exchange, Route], Filtered]:
    """The filter, as the proxy would run it with these settings and this model."""
    judge, notes = Judge(Scorer.load(model), settings), Notes()
    return lambda exchange, found: filtered(
        exchange.body, found, judge, notes, exchange.content_type, exchange.content_encoding
    )


def verdicts(capture: Capture, settings: Settings, model: Path) -> Iterator[tuple[str, Verdict]]:
    """Every post in a capture that can be read, with its platform as the ledger names it."""
    treat = treatment(settings, model)
    for response in feed_responses(capture, settings):
        for verdict in treat(response.exchange, response.route).verdicts:
            yield response.route.adapter.platform, verdict
