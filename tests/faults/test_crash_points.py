"""Does killing the process anywhere in intake lose or double anything? The walk itself is `crash_child.py`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.databases import POSTGRES

WALKER = Path(__file__).with_name("crash_child.py")
LONGEST_WALK_S = 280


def walk(scenario: str, folder: Path, *options: str) -> dict[str, Any]:
    """Walk in a process of its own: a fork of pytest would copy its threads' locks."""
    command = [sys.executable, str(WALKER), scenario, str(folder), *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            printed, complaints = process.communicate(timeout=LONGEST_WALK_S)
        except BaseException:
            # The walker has children of its own, which would walk on.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert process.returncode == 0, complaints
    report: dict[str, Any] = json.loads(printed)
    print(json.dumps({name: value for name, value in report.items() if name != "tally"}))
    return report


def all_visited(report: dict[str, Any], step: int = 1) -> bool:
    return bool(report["killed"] == report["points"] // step)


@pytest.mark.slow
def test_no_crash_in_registration_loses_or_doubles_anything(tmp_path: Path) -> None:
    report = walk("register", tmp_path, "--step", "6")
    assert report["violations"] == []
    assert report["points"] > 40
    assert all_visited(report, step=6)
    # Two recipients, three messages: some moments lie between sending and recording.
    assert report["tally"]["outbox"] == 3
    assert report["repeated"] != []


@pytest.mark.slow
def test_no_crash_in_a_change_loses_or_doubles_anything(tmp_path: Path) -> None:
    report = walk("change", tmp_path, "--step", "6")
    assert report["violations"] == []
    assert report["points"] > 40
    assert all_visited(report, step=6)
    assert report["tally"]["case_versions"] == report["tally"]["cases"] + 1


@pytest.mark.slow
def test_no_crash_in_an_acknowledgement_loses_or_doubles_it(tmp_path: Path) -> None:
    report = walk("acknowledge", tmp_path)
    assert report["violations"] == []
    assert report["points"] > 10
    assert all_visited(report)
    assert report["tally"]["audit alert.acknowledged"] == 1


@pytest.mark.slow
def test_no_second_crash_during_the_recovery_loses_or_doubles_anything(tmp_path: Path) -> None:
    report = walk("recover", tmp_path, "--step", "8")
    assert report["violations"] == []
    assert report["points"] > 40
    assert all_visited(report, step=8)


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.skipif(POSTGRES is None, reason="SANDHAN_TEST_POSTGRES is not set")
def test_no_crash_in_registration_loses_or_doubles_anything_on_postgresql(tmp_path: Path) -> None:
    report = walk("register", tmp_path, "--database", str(POSTGRES), "--step", "10")
    assert report["violations"] == []
    assert report["points"] > 40
    assert all_visited(report, step=10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sabotage", "complaint"),
    [("forget", "matches: 0 instead of 1"), ("resend", "delivered and was sent 2 times")],
)
def test_the_walk_notices_what_is_lost_and_what_is_doubled(tmp_path: Path, sabotage: str, complaint: str) -> None:
    report = walk("register", tmp_path, "--sabotage", sabotage, "--step", "40")
    assert any(complaint in problem for entry in report["violations"] for problem in entry["problems"])
