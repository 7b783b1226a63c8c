"""The change sequence: a follower that asks for everything after the last number it saw misses nothing."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete

from api.store import Database, changes
from api.store.tables import changes as change_rows


def test_changes_come_back_in_order_and_in_pages(conn, world) -> None:
    assert changes.latest_seq(conn) == 0
    numbers = [changes.append(conn, f"case-{number}", "created", world.now) for number in range(5)]
    assert numbers == sorted(set(numbers))
    assert changes.latest_seq(conn) == numbers[-1]
    assert [change.seq for change in changes.since(conn, 0, 2)] == numbers[:2]
    assert [change.case_id for change in changes.since(conn, numbers[2], 9)] == ["case-3", "case-4"]
    assert changes.since(conn, numbers[-1], 9) == []


def test_a_number_is_never_used_again(conn, world) -> None:
    first = changes.append(conn, "a", "created", world.now)
    conn.execute(delete(change_rows))
    assert changes.append(conn, "b", "created", world.now) > first


@pytest.mark.parametrize("ordered", [True, False])
def test_numbers_become_visible_in_order(url: str, opened: Callable[[str], Database], world, ordered: bool) -> None:
    """Writers of several processes commit after random pauses while a follower reads along.

    Without the lock, PostgreSQL commits some number after a higher one, and the follower never meets it.
    """
    writers = [opened(url), opened(url)]
    follower = opened(url)
    done = threading.Event()
    followed: list[int] = []

    def write(number: int) -> None:
        pause = random.Random(number)
        with writers[number % 2].write(ordered=ordered) as conn:
            changes.append(conn, f"case-{number}", "created", world.now)
            time.sleep(pause.uniform(0, 0.01))

    def follow() -> None:
        while True:
            last_round = done.is_set()
            with follower.read() as conn:
                followed.extend(change.seq for change in changes.since(conn, followed[-1] if followed else 0, 100))
            if last_round:
                return

    thread = threading.Thread(target=follow)
    thread.start()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(60)))
    done.set()
    thread.join()
    with follower.read() as conn:
        assert followed == [change.seq for change in changes.since(conn, 0, 1000)]
    assert len(followed) == 60
