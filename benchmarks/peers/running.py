"""How long does a tool take as its user would run it? A process of its own, wall and processor time, memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.stages import Seconds

NOT_INSTALLED = 3
"""What a peer's process says when its package is not there."""


class ToolFailed(Exception):
    """A tool ended with an error; the message is the end of what it said."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a tool.

    Attributes:
        seconds: of the whole process, by the clock on the wall.
        cpu: seconds of processor time, over all cores; other programs on the machine disturb it least.
        linking: seconds without starting up: reading, linking, writing; as the tool itself says.
        peak_mb: the most memory held, in megabytes; as the tool itself says, or else with what the process held that
            started it.
        stages: of `linking`, by part, where the tool tells them apart.
    """

    seconds: float
    cpu: float
    linking: float
    peak_mb: float
    stages: Mapping[str, Seconds] = field(default_factory=dict)


def run(command: Sequence[str]) -> Run | None:
    """Run a tool that prints JSON with "seconds"; None where its package is not installed.

    Raises:
        ToolFailed: it ended with an error.
    """
    # Bytecode is kept, as everywhere: tools that were installed bring theirs, and this one would compile at each start.
    place = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=complained, env=place)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        code = os.waitstatus_to_exitcode(status)
        process.returncode = code  # already waited for, and Popen cannot know
        if code == NOT_INSTALLED:
            return None
        said.seek(0)
        complained.seek(0)
        if code != 0:
            raise ToolFailed(f"{command[0]}: exit {code}: {complained.read().decode(errors='replace')[-2000:]}")
        text = said.read().decode()
    told: dict[str, Any] = json.loads(text[text.index("{") :])
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kilobytes
    stages = {name: Seconds(*taken) for name, taken in told.get("stages", {}).items()}
    peak_mb = float(told.get("peak_mb", used.ru_maxrss * unit / 1e6))
    return Run(seconds, used.ru_utime + used.ru_stime, float(told["seconds"]), peak_mb, stages)


def peer_command(method: str, tables: Sequence[Path], out: Path, python: str = sys.executable) -> list[str]:
    """Return the command of a peer; `tables` are left, right, and what else the method reads."""
    return [python, "-m", "benchmarks.peers", method, *map(str, tables), "--out", str(out)]
