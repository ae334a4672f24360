"""For stock mitmproxy: `mitmdump -s addon/circleshield_addon/script.py`."""

import os
from pathlib import Path

from circleshield_addon.quic import NoQuic
from circleshield_addon.reloading import Reloading, stamps
from circleshield_addon.settings import load_settings
from circleshield_addon.shield import Shield
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer

config = Path(os.environ["CIRCLESHIELD_CONFIG"]) if os.environ.get("CIRCLESHIELD_CONFIG") else None
made_from = stamps(config, None)
settings = load_settings(config)
if settings.users:
    raise InputError("config.toml: users are asked for by `circleshield run` alone; mitmdump has --proxyauth")
shield = Shield(Scorer.load(), settings)
addons = [NoQuic(lambda: shield.settings), shield, Reloading(shield, config, None, made_from)]
