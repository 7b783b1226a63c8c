"""One at a time, in the order in which they came, again inside, and always given back."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from indexing.turns import Turns


def test_one_at_a_time() -> None:
    turns, inside, most, count = Turns(), 0, 0, 0

    def work() -> None:
        nonlocal inside, most, count
        for _ in range(200):
            with turns:
                inside += 1
                most = max(most, inside)
                seen = count
                time.sleep(0)
                count = seen + 1
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (most, count) == (1, 1200)


def test_a_thread_may_take_its_turn_again_inside() -> None:
    turns = Turns()
    entered = threading.Event()
    other = threading.Thread(target=lambda: _enter(turns, entered))
    with turns:
        with turns, turns:
            pass
        other.start()
        assert not entered.wait(0.1)  # still held after the inner ones have ended
    other.join(10)
    assert entered.is_set()


def _enter(turns: Turns, entered: threading.Event) -> None:
    with turns:
        entered.set()


def test_first_come_first_served() -> None:
    turns, order = Turns(), []
    threads = []
    with turns:
        for number in range(8):
            thread = threading.Thread(target=lambda n=number: _note(turns, order, n))
            thread.start()
            threads.append(thread)
            while len(turns._waiting) <= number:
                time.sleep(0.001)
    for thread in threads:
        thread.join(10)
    assert order == list(range(8))


def _note(turns: Turns, order: list[int], number: int) -> None:
    with turns:
        order.append(number)


def test_who_waits_is_served_although_others_come_again_without_a_pause() -> None:
    turns, ended, rounds = Turns(), threading.Event(), [0, 0]

    def search(number: int) -> None:
        while not ended.is_set():
            with turns:
                rounds[number] += 1
                time.sleep(0.002)

    readers = [threading.Thread(target=search, args=(number,)) for number in range(2)]
    for reader in readers:
        reader.start()
    before = None
    for _ in range(20):
        before = sum(rounds)
        with turns:
            # Each of the others had at most the turn it held and one more.
            assert sum(rounds) - before <= 3
    ended.set()
    for reader in readers:
        reader.join(10)


def test_given_back_after_an_error() -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="inside"), turns:
        raise ValueError("inside")
    entered = threading.Event()
    thread = threading.Thread(target=lambda: _enter(turns, entered))
    thread.start()
    thread.join(10)
    assert entered.is_set()


class _Interrupted(Exception):
    pass


def test_who_is_interrupted_while_waiting_holds_up_nobody() -> None:
    turns = Turns()
    inside, leave, entered = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        with turns:
            inside.set()
            leave.wait(10)

    def interrupt(_signal: int, _frame: object) -> None:
        raise _Interrupted

    holder = threading.Thread(target=hold)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        holder.start()
        assert inside.wait(10)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(_Interrupted):
            turns.__enter__()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        leave.set()
    holder.join(10)
    other = threading.Thread(target=lambda: _enter(turns, entered), daemon=True)
    other.start()
    other.join(5)
    assert entered.is_set()
