"""The benchmark of snapshots is tried on few reports: it measures both kinds, and a sealed one shares less."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.speed import snapshots


def test_a_small_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--reports", "60", "--photos", "9", "--processes", "2", "--cache", str(tmp_path), "--json"]
    monkeypatch.setattr("sys.argv", ["snapshots", *options])
    snapshots.main()
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"cipher", "plain", "sealed"}
    assert found["plain"].keys() == found["sealed"].keys() >= {"save_s", "open_s", "own_mb", "disk_mb"}
    assert all(figure > 0 for figures in found.values() for figure in figures.values())
