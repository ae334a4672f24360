"""Settings: what is filtered, how, and from which score, written to the config file; and pauses."""

import json
import threading
from datetime import datetime
from typing import NamedTuple

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from circleshield.commands.pause import end_of
from circleshield.config_file import with_values, write_config
from circleshield.home import open_ledger
from circleshield.review.charts import columns
from circleshield.review.forecast import Cuts, Forecast, forecast
from circleshield.review.form_values import number
from circleshield.review.guard import owner_only
from circleshield.review.notices import Notice, leave
from circleshield.review.served import served
from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.device import device
from circleshield_addon.judge import Judge, Policy, effective_policy
from circleshield_addon.ledger import FILE
from circleshield_addon.settings import Settings, load_settings, parse_settings
from circleshield_model.errors import InputError

ACTIONS = ("remove", "fold", "label", "watch")
CUTS = ("remove_at", "review_at")
SPANS = {"15m": "15m", "1h": "1h", "tomorrow": "00:00"}
_one_at_a_time = threading.Lock()

pages = Blueprint("toggles", __name__)


class _Shown(NamedTuple):
    """What the form shows; keys are those of the config file, values TOML."""

    values: dict[str, str]

    def number(self, name: str) -> str:
        return self.values[f"filter.{name}"]

    def action(self) -> str:
        return str(json.loads(self.values["filter.action"]))

    def on(self, name: str) -> bool:
        return self.values[f"platforms.{name}.enabled"] == "true"


@pages.get("/settings")
@owner_only
def toggles() -> str:
    """As the config file has them now."""
    return _page(_in_file())


@pages.post("/settings/try")
@owner_only
def try_out() -> str:
    """The form as it was sent, with what its cut-offs would change; nothing is written."""
    return _page(_in_file(), _asked())


@pages.get("/settings/forecast")
@owner_only
def forecast_only() -> str:
    """What `remove_at` and `review_at` would change, to be put into the page."""
    return render_template("forecast.html", **_forecast(_in_file()))


@pages.post("/settings")
@owner_only
def save() -> Response | tuple[str, int]:
    """Writes what differs from what the form showed at first; what was changed in the file since then stays.

    The cut-off that `own` names is taken out of the file, so that the model's own holds.
    """
    asked, was = _asked(), request.form.get("was", "")
    try:
        before = dict(json.loads(was))
    except (ValueError, TypeError):
        abort(400)
    changed: dict[str, str | None] = {key: value for key, value in asked.items() if before.get(key) != value}
    if (own := request.form.get("own")) in CUTS:
        changed[f"filter.{own}"] = None
    if not changed:
        leave(Notice("nothing_changed"))
        return redirect(url_for("toggles.toggles"), 303)
    path = served().reloading.config
    try:
        with _one_at_a_time:
            text = with_values(path, changed)
            Judge(served().shield.judge.scorer, parse_settings(text, path))
            write_config(path, text)
    except InputError as e:
        return _page(_in_file(), asked, str(e)), 400
    leave(Notice("saved", len(changed)))
    return redirect(url_for("toggles.toggles"), 303)


@pages.post("/settings/pause")
@owner_only
def pause() -> Response:
    """For `span`, of `all` devices or `this` one."""
    span = SPANS.get(request.form.get("span", "")) or abort(400)
    until = end_of(span, datetime.now().astimezone()).timestamp()
    served().shield.pauses.pause(until, _this_device() if request.form.get("who") == "this" else None)
    leave(Notice("paused"))
    return redirect(url_for("toggles.toggles"), 303)


@pages.post("/settings/resume")
@owner_only
def resume() -> Response:
    """Ends the pause of a `device`, or all pauses."""
    served().shield.pauses.resume(request.form.get("device") or None)
    leave(Notice("resumed"))
    return redirect(url_for("toggles.toggles"), 303)


def _page(settings: Settings, asked: dict[str, str] | None = None, error: str = "") -> str:
    values = _values(settings)
    scorer = served().shield.judge.scorer
    return render_template(
        "toggles.html",
        shown=_Shown({**values, **(asked or {})}),
        was=json.dumps(values),
        error=error,
        actions=ACTIONS,
        cuts={name: getattr(scorer, name) for name in CUTS},
        set_here=[name for name in CUTS if getattr(settings.filter, name) is not None],
        adapters=sorted(ADAPTERS, key=lambda adapter: adapter.title.lower()),
        elsewhere=settings.set_elsewhere(*CUTS),
        path=str(served().reloading.config),
        pauses=served().shield.pauses.in_force(),
        device=_this_device(),
        spans=SPANS,
        **_forecast(settings),
    )


def _in_file() -> Settings:
    """The file as it is; while it has a fault, what is in use."""
    path = served().reloading.config
    try:
        return load_settings(path) if path.exists() else Settings()
    except InputError:
        return served().shield.settings


def _policy(settings: Settings) -> Policy:
    return effective_policy(settings, served().shield.judge.scorer, None, None)


def _values(settings: Settings) -> dict[str, str]:
    policy = _policy(settings)
    enabled = {f"platforms.{each.name}.enabled": json.dumps(settings.enabled(each.name)) for each in ADAPTERS}
    cuts = {f"filter.{name}": f"{getattr(policy, name):g}" for name in CUTS}
    return {"filter.action": json.dumps(policy.action), **cuts, **enabled}


def _asked() -> dict[str, str]:
    """The values of the form that was sent."""
    action, on = request.form.get("action"), set(request.form.getlist("on"))
    cuts = {name: request.form.get(name, type=number) for name in CUTS}
    if action not in ACTIONS or None in cuts.values():
        abort(400)
    enabled = {f"platforms.{each.name}.enabled": json.dumps(each.name in on) for each in ADAPTERS}
    return {"filter.action": json.dumps(action), **{f"filter.{k}": f"{v:g}" for k, v in cuts.items()}, **enabled}


def _forecast(settings: Settings) -> dict[str, object]:
    policy = _policy(settings)
    now: Cuts = policy.remove_at, policy.review_at
    remove, review = (request.values.get(name, old, number) for name, old in zip(CUTS, now, strict=True))
    found: Forecast | None = None
    if (served().home / FILE).exists():
        with open_ledger(served().home) as ledger:
            found = forecast(ledger, now, (remove, min(remove, review)))
    return {"forecast": found, "columns": columns}


def _this_device() -> str:
    return device(request.remote_addr or "127.0.0.1")
