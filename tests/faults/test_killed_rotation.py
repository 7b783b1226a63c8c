"""Does a rotation of keys that is killed anywhere leave everything readable? The walk is `rotation_child.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

WALKER = Path(__file__).with_name("rotation_child.py")


@pytest.mark.slow
def test_a_rotation_killed_anywhere_leaves_everything_readable(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(WALKER), str(tmp_path)], capture_output=True, text=True, check=False, timeout=280
    )
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert report["problems"] == []
    assert report["killed"] > 40
    # It was also killed while the file held the new key and the old one.
    assert report["left_keys"] == [1, 2]
