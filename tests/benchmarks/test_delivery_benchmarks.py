"""Delivery survives a small chaos, and the benchmark of its speed counts what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import delivery_chaos, delivery_speed


@pytest.mark.slow
def test_nothing_is_lost_when_receivers_misbehave_and_the_dispatcher_is_killed(tmp_path: Path) -> None:
    result = delivery_chaos.run(
        f"sqlite:///{tmp_path / 'chaos.db'}", count=200, kills=6, partner_count=5, seed=7, limit_s=270.0
    )
    assert result["wrong"] == []
    assert (result["alerts"], result["accepted"], result["kills"]) == (200, 200, 6)
    assert result["acknowledged"] > 20
    assert len(result["behaviours"]) > 3, "receivers did misbehave"
    assert "wrong: nothing" in delivery_chaos.show(result)


def test_speed_is_measured_beside_a_loop_that_only_posts(tmp_path: Path) -> None:
    result = delivery_speed.measure(30, 2, 1, f"sqlite:///{tmp_path / 'speed.db'}")
    assert (result["delivered"], result["peer delivered"], result["twice"]) == (30, 30, 0)
    assert result["in order"]
    assert result["bad signatures"] == 0
    assert "times what the bare loop takes" in delivery_speed.show(result)
