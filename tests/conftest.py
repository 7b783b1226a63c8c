"""What holds for every test: how long an example takes says how busy the machine is; long files begin first."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

LONG = ("test_crash_points", "_stateful", "test_killed_", "tests/notebooks", "test_two_processes", "_properties")
"""Parts of the names of files that take a minute or more."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files: of two processes none is left alone with one of them in the end."""
    items.sort(key=lambda item: not any(part in item.nodeid.partition("::")[0] for part in LONG))
