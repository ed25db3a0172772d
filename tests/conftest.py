"""
How much the property tests try: enough on every run, more when asked to.

``HYPOTHESIS_PROFILE=thorough pytest`` tries a hundred times as much.
"""

from __future__ import annotations

import os

import hypothesis

# Slow and busy machines test too, so no example has a deadline.
hypothesis.settings.register_profile(
    "procmem",
    deadline=None,
    max_examples=50,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "thorough", hypothesis.settings.get_profile("procmem"), max_examples=5000
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "procmem"))
