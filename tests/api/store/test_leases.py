"""Leases: never two holders at one time, and a dead holder blocks nobody for long."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from api.store import Database, leases

TTL = timedelta(seconds=30)


def test_a_lease_is_held_by_one_until_it_expires(conn, world) -> None:
    assert leases.acquire(conn, "nightly", "a", world.now, TTL)
    assert leases.acquire(conn, "nightly", "a", world.now, TTL)
    assert not leases.acquire(conn, "nightly", "b", world.later(seconds=29), TTL)
    assert leases.acquire(conn, "photos", "b", world.now, TTL)
    assert leases.acquire(conn, "nightly", "b", world.later(seconds=30), TTL)
    assert not leases.acquire(conn, "nightly", "a", world.later(seconds=31), TTL)


def test_a_lease_is_prolonged_only_while_it_is_held(conn, world) -> None:
    leases.acquire(conn, "nightly", "a", world.now, TTL)
    assert leases.renew(conn, "nightly", "a", world.later(seconds=20), TTL)
    assert not leases.acquire(conn, "nightly", "b", world.later(seconds=49), TTL)
    assert not leases.renew(conn, "nightly", "b", world.later(seconds=20), TTL)
    assert not leases.renew(conn, "nightly", "a", world.later(seconds=50), TTL)
    assert not leases.renew(conn, "nothing", "a", world.now, TTL)


def test_a_lease_given_back_is_free_at_once(conn, world) -> None:
    leases.acquire(conn, "nightly", "a", world.now, TTL)
    assert not leases.release(conn, "nightly", "b")
    assert leases.release(conn, "nightly", "a")
    assert not leases.release(conn, "nightly", "a")
    assert leases.acquire(conn, "nightly", "b", world.now, TTL)


@pytest.mark.parametrize("expired", [False, True])
def test_of_many_who_ask_at_once_one_gets_it(url: str, opened: Callable[[str], Database], world, expired: bool) -> None:
    databases = [opened(url) for _ in range(3)]
    if expired:
        with databases[0].write() as conn:
            leases.acquire(conn, "nightly", "dead", world.later(days=-1), TTL)

    def ask(number: int) -> bool:
        with databases[number % 3].write(ordered=False) as conn:
            return leases.acquire(conn, "nightly", f"holder-{number}", world.now, TTL)

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(ask, range(12))) == 1
