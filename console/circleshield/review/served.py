"""What the pages are made from: the running proxy's parts, and who asks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from flask import current_app, g, request

from circleshield.review.sessions import Session, Sessions
from circleshield.review.training import Training
from circleshield_addon.refusals import Passed
from circleshield_addon.reloading import Reloading
from circleshield_addon.shield import Shield

if TYPE_CHECKING:
    from circleshield.review.notices import Notice

DEVICE = "circleshield.device"
"""In the environment of a request that came through the proxy, for its own name: the device that asks."""


@dataclass(frozen=True, slots=True)
class Served:
    """The parts of the running proxy. `port` is the listener's, 0 while there is none.

    `notices` are what was done last in each session, by its id, until it is said.
    `passed` tells what apps refuse, which passes unfiltered.
    `proxy_address`: host and port that devices set as their HTTP proxy; None while there is none.
    """

    home: Path
    shield: Shield
    reloading: Reloading
    sessions: Sessions
    training: Training
    port: Callable[[], int]
    proxy_address: Callable[[], tuple[str, int] | None] = lambda: None
    passed: Callable[[], list[Passed]] = list
    notices: dict[str, "Notice"] = field(default_factory=dict)


def served() -> Served:
    """Of the application that answers the request at hand."""
    found = current_app.extensions["circleshield"]
    assert isinstance(found, Served)
    return found


def session() -> Session:
    """Of who asks; only for views that need one."""
    found = g.session
    assert isinstance(found, Session)
    return found


def through_proxy() -> bool:
    """Whether the request came through the proxy; otherwise it came to the listener."""
    return DEVICE in request.environ


def own_device() -> str | None:
    """The device whose posts alone may be seen; None for the owner, who sees all."""
    return None if session().role == "owner" else str(request.environ.get(DEVICE))
