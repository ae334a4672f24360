"""`pytest --hypothesis-profile=long` tries 20,000 inputs a property, where a test sets no number of its own."""

from hypothesis import HealthCheck, settings

settings.register_profile("long", max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
