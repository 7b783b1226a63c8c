"""Lanes: in order within one, side by side between them."""

import threading
import time
from concurrent.futures import CancelledError
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.alerts.lanes import Lanes


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 4), max_size=40), st.integers(1, 4))
def test_each_lane_keeps_its_order_and_nothing_is_lost(names: list[int], workers: int) -> None:
    lanes, lock = Lanes(workers), threading.Lock()
    done: dict[int, list[int]] = {}

    def job(lane: int, number: int) -> bool:
        with lock:
            done.setdefault(lane, []).append(number)
        return True

    futures = []
    for number, lane in enumerate(names):
        futures.append(lanes.put(str(lane), lambda lane=lane, number=number: job(lane, number)))
    assert all(future.result(5) for future in futures)
    assert lanes.wait_below(1, 5)
    lanes.close()
    expected: dict[int, list[int]] = {}
    for number, lane in enumerate(names):
        expected.setdefault(lane, []).append(number)
    assert done == expected


def test_one_long_lane_takes_turns_with_the_others() -> None:
    lanes, order, gate = Lanes(1), [], threading.Event()

    def job(name: str) -> Any:
        return lambda: bool(order.append(name)) or True

    first = lanes.put("long", lambda: gate.wait(5))
    rest = [lanes.put("long", job(f"long{number}")) for number in range(3)] + [lanes.put("short", job("short"))]
    gate.set()
    for future in [first, *rest]:
        assert future.result(5)
    lanes.close()
    assert order.index("short") <= 1


def test_a_job_that_fails_does_not_stop_its_lane() -> None:
    def fail() -> bool:
        raise LookupError

    lanes = Lanes(1)
    failed, fine = lanes.put("a", fail), lanes.put("a", lambda: True)
    with pytest.raises(LookupError):
        failed.result(5)
    assert fine.result(5)
    lanes.close()


def test_closing_drops_what_waits_and_waits_for_what_runs() -> None:
    lanes, running, finished = Lanes(1), threading.Event(), []

    def slow() -> bool:
        running.set()
        time.sleep(0.1)
        finished.append(True)
        return True

    first = lanes.put("a", slow)
    waiting = [lanes.put("a", lambda: True), lanes.put("b", lambda: True)]
    assert running.wait(5)
    lanes.close()
    assert finished == [True]
    assert first.result(0)
    for future in [*waiting, lanes.put("a", lambda: True)]:
        with pytest.raises(CancelledError):
            future.result(0)
    assert len(lanes) == 0


def test_waiting_for_room_has_a_limit() -> None:
    lanes, gate = Lanes(1), threading.Event()
    lanes.put("a", lambda: gate.wait(5))
    assert len(lanes) == 1
    assert not lanes.wait_below(1, 0.05)
    gate.set()
    assert lanes.wait_below(1, 5)
    lanes.close()
