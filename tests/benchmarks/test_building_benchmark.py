"""The benchmark of the build is tried on few reports: its stages run, and every figure is a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.speed import building


def test_a_small_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--reports", "60", "--rescues", "5", "--seed", "7", "--cache", str(tmp_path), "--json"]
    monkeypatch.setattr("sys.argv", ["building", *options])
    building.main()
    found = json.loads(capsys.readouterr().out)
    assert set(found) >= {"read_page_us", "finish_us", "one_record_ms"}
    assert all(figure > 0 for figure in found.values())
    assert list(tmp_path.glob("*.pickle"))
