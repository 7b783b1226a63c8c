"""The benchmark of duplicates is tried on few people: every kind has its figures, and a second report is found."""

from __future__ import annotations

import json

import pytest

from benchmarks.quality import duplicates


def test_a_small_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["duplicates", "--seed", "3", "--records", "80", "--share", "0.1", "--json"])
    duplicates.main()
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"missing", "rescued", "suspects"}
    for figures in found.values():
        assert (figures["records"], figures["duplicates"]) == (88, 8)
        assert 0 <= figures["recall"] <= 1
        assert figures["precision"] <= 1
    assert found["missing"]["recall"] >= 0.75
