"""Does everything that nobody asks for get its turn, whatever fails beside it?"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest

from api.background import Background, now_and_then


def test_a_duty_that_fails_keeps_no_other_from_running_and_tells_nothing_personal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done: list[str] = []

    def fails() -> None:
        done.append("fails")
        raise ValueError("Sunita Mondal")

    with caplog.at_level(logging.ERROR):
        background = Background([lambda: done.append("first"), fails, lambda: done.append("last")])
        background.round()
        background.round()
    assert done == ["first", "fails", "last"] * 2
    assert "fails failed (ValueError" in caplog.text
    assert "Sunita" not in caplog.text


def test_it_goes_round_until_it_is_stopped() -> None:
    thrice, times = threading.Event(), []

    def duty() -> None:
        times.append(1)
        if len(times) == 3:
            thrice.set()

    background = Background([duty], every_s=0.001)
    background.start()
    assert thrice.wait(30)
    background.stop()
    seen = len(times)
    background.round()
    assert len(times) == seen, "who was stopped begins nothing"


def test_now_and_then_is_the_first_time_and_after_its_while() -> None:
    now, times = datetime(2026, 11, 30, tzinfo=UTC), []

    def duty() -> None:
        times.append(now)
        if len(times) == 2:
            raise OSError("disk")

    paced = now_and_then(duty, timedelta(hours=1), lambda: now)
    paced()
    paced()
    assert len(times) == 1
    now += timedelta(hours=1)
    with pytest.raises(OSError, match="disk"):
        paced()
    paced()
    assert len(times) == 3, "what failed is tried again at the next round"
