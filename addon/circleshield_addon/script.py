"""For stock mitmproxy: `mitmdump -s addon/circleshield_addon/script.py`."""

import os
from pathlib import Path

from circleshield_addon.reloading import Reloading, stamps
from circleshield_addon.settings import load_settings
from circleshield_addon.shield import Shield
from circleshield_model.scorer import Scorer

config = Path(os.environ["CIRCLESHIELD_CONFIG"]) if os.environ.get("CIRCLESHIELD_CONFIG") else None
made_from = stamps(config, None)
shield = Shield(Scorer.load(), load_settings(config))
addons = [shield, Reloading(shield, config, None, made_from)]
