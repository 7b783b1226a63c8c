"""What holds for every test: how long an example takes says how busy the machine is, and nothing of the code."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
