"""For all tests. `--hypothesis-profile=long` tries 20,000 inputs a property, where a test sets no number itself."""

import signal

from hypothesis import HealthCheck, settings

settings.register_profile("long", max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))

# A shell without job control ignores SIGINT in its background, nohup SIGHUP, for all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
