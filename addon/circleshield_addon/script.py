"""For stock mitmproxy: `mitmdump -s addon/circleshield_addon/script.py`."""

import os
from pathlib import Path

from circleshield_addon.settings import load_settings
from circleshield_addon.shield import Shield
from circleshield_model.scorer import Scorer

config = os.environ.get("CIRCLESHIELD_CONFIG")
addons = [Shield(Scorer.load(), load_settings(Path(config) if config else None))]
