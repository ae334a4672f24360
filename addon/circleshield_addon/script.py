"""For stock mitmproxy: `mitmdump -s addon/circleshield_addon/script.py`."""

import os
from pathlib import Path

from platformdirs import user_data_path

from circleshield_addon.quic import NoQuic
from circleshield_addon.reloading import Files, Reloading
from circleshield_addon.settings import load_settings
from circleshield_addon.shield import Shield
from circleshield_model.errors import InputError

config = Path(os.environ["CIRCLESHIELD_CONFIG"]) if os.environ.get("CIRCLESHIELD_CONFIG") else None
files = Files(config, home=user_data_path("circleshield"))
made_from = files.stamps()
settings = load_settings(config)
if settings.users:
    raise InputError("config.toml: users are asked for by `circleshield run` alone; mitmdump has --proxyauth")
shield = Shield(files.scorer(), settings)
addons = [NoQuic(lambda: shield.settings), shield, Reloading(shield, files, made_from)]
