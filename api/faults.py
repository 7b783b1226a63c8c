"""What may a log say of an unexpected error? Its type and where it arose, never its text: that may quote a record."""

from __future__ import annotations

import traceback


def origin(error: BaseException) -> str:
    """Return e.g. `KeyError at indexing/search.py:88`."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {'/'.join(frames[-1].filename.split('/')[-2:])}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
