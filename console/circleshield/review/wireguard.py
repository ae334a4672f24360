"""The page for WireGuard devices: a QR code for each, for the owner alone, as it holds the device's key."""

import segno
from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from circleshield import tunnels
from circleshield.review.guard import owner_only
from circleshield.review.served import served
from circleshield_model.errors import InputError

pages = Blueprint("wireguard", __name__)


@pages.get("/setup/wireguard")
@owner_only
def devices() -> str:
    """The devices; with `?show=NAME` the config of one."""
    home = served().home
    found = tunnels.load(home)
    code = config = fault = ""
    name = request.args.get("show", "")
    try:
        where = tunnels.endpoint(home, None)
        if name:
            config = found.client_config(name, where)
            code = Markup(segno.make(config, error="l").svg_inline(scale=4, light="white"))
    except InputError as e:
        fault = str(e)
    return render_template("wireguard.html", devices=found.devices, shown=name, code=code, config=config, fault=fault)


@pages.post("/setup/wireguard/add")
@owner_only
def add() -> Response:
    """Lets one more in, and shows its config."""
    name = request.form.get("name", "").strip()
    tunnels.apply(served().home, tunnels.load(served().home).with_device(name))
    return redirect(url_for("wireguard.devices", show=name), 303)


@pages.post("/setup/wireguard/revoke")
@owner_only
def revoke() -> Response:
    """Shuts one out."""
    tunnels.apply(served().home, tunnels.load(served().home).without(request.form.get("name", "")))
    return redirect(url_for("wireguard.devices"), 303)
