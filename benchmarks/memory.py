"""How much memory does this process hold, and how much has it held at most? Its own, whoever started it."""

from __future__ import annotations

import sys
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_mb() -> float:
    """Return the most megabytes held so far.

    Where the kernel does not keep it for the program alone (not Linux), a large process that started this one counts.
    """
    said = _said("VmHWM")
    if said is not None:
        return said
    return getrusage(RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def forget_peak() -> None:
    """Let `peak_mb` count from now on; where the system cannot (not Linux), it goes on counting from the start."""
    if _FORGET.exists():
        _FORGET.write_text("5")


def resident_mb() -> float | None:
    """Return the megabytes held now; None where the system does not say (not Linux)."""
    return _said("VmRSS")


def anonymous_mb() -> float | None:
    """Return the megabytes held now that are no file's, which other processes cannot share; None if not on Linux."""
    return _said("RssAnon")


def _said(field: str) -> float | None:
    if not _STATUS.exists():
        return None
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024 / 1e6
