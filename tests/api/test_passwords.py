"""Passwords: constant work, bounded work, and which ones are refused."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from api.people.errors import SignInBusy
from api.people.passwords import MAX_LENGTH, MIN_LENGTH, Passwords, check_password
from matcher.errors import InvalidRecord

RANDOM = random.Random(5).randbytes


class Counting(PasswordHasher):
    """Counts what it is asked to do."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**({"time_cost": 1, "memory_cost": 8, "parallelism": 1} | more))
        self.hashed = self.verified = 0

    def hash(self, *args: Any, **more: Any) -> str:
        self.hashed += 1
        return super().hash(*args, **more)

    def verify(self, *args: Any) -> Any:
        self.verified += 1
        return super().verify(*args)


def test_only_the_password_itself_opens() -> None:
    passwords = Passwords(RANDOM, Counting())
    stored = passwords.hash("heron under seven lamps")
    assert stored.startswith("$argon2id$")
    assert "heron" not in stored
    assert passwords.verify(stored, "heron under seven lamps")
    assert not passwords.verify(stored, "heron under seven lamp")
    assert not passwords.verify("nonsense", "heron under seven lamps")


def test_the_same_signs_open_however_they_were_composed() -> None:
    passwords = Passwords(RANDOM, Counting())
    assert passwords.verify(passwords.hash("caf\u00e9 heron lamps"), "cafe\u0301 heron lamps")


def test_without_an_account_as_much_is_computed() -> None:
    hasher = Counting()
    passwords = Passwords(RANDOM, hasher)
    stored = passwords.hash("heron under seven lamps")
    for known in (stored, None):
        before = hasher.verified
        passwords.verify(known, "something else")
        assert hasher.verified == before + 1
    # The decoy costs what a real hash costs: its parameters, salt and length are the same.
    decoy: str = passwords._decoy
    assert decoy.split("$")[:4] == stored.split("$")[:4]
    assert list(map(len, decoy.split("$"))) == list(map(len, stored.split("$")))
    assert not passwords.verify(None, "something else")


def test_the_usual_parameters_are_those_of_rfc_9106() -> None:
    decoy: str = Passwords(RANDOM)._decoy
    assert decoy.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_hash_of_other_parameters_is_outdated() -> None:
    stored = Passwords(RANDOM, Counting()).hash("heron under seven lamps")
    assert not Passwords(RANDOM, Counting()).outdated(stored)
    assert Passwords(RANDOM, Counting(time_cost=2)).outdated(stored)


class Blocking(Counting):
    """Verifies for as long as the test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.release, self.running, self.most, self._lock = threading.Event(), 0, 0, threading.Lock()

    def verify(self, *args: Any) -> Any:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.release.wait(10)
        with self._lock:
            self.running -= 1
        return super().verify(*args)


def test_no_more_run_at_once_than_may_and_who_waits_too_long_is_told() -> None:
    hasher = Blocking()
    passwords = Passwords(RANDOM, hasher, at_once=2, wait_s=0.05)
    threads = [threading.Thread(target=passwords.verify, args=(None, "x")) for _ in range(2)]
    for thread in threads:
        thread.start()
    while hasher.running < 2:
        time.sleep(0.001)
    with pytest.raises(SignInBusy):
        passwords.verify(None, "x")
    hasher.release.set()
    for thread in threads:
        thread.join()
    assert hasher.most == 2
    assert not passwords.verify(None, "x")  # every slot was given back


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short pass", "12 to 200"),
        ("x" * 11, "12 to 200"),
        ("heron lamps " * 17, "12 to 200"),
        ("aaaaaaaaaaaaaaaa", "first that are tried"),
        ("abababababababab", "first that are tried"),
        ("123456789012", "first that are tried"),
        ("password1234", "first that are tried"),
        ("P@ssw0rd2026!", "first that are tried"),
        ("qwertyuiop123", "first that are tried"),
        ("Welcome@India123", "first that are tried"),
        ("ILoveYou-ILoveYou", "first that are tried"),
        ("supermansuperman" * 12, "first that are tried"),
        ("rehana.begum likes rain", "contains your e-mail"),
        ("xxREHANA.BEGUMxx77", "contains your e-mail"),
    ],
)
def test_a_weak_password_is_refused_by_rule_and_not_repeated(password: str, reason: str) -> None:
    with pytest.raises(InvalidRecord, match=reason) as caught:
        check_password(password, "Rehana.Begum@example.org")
    assert caught.value.field == "password"
    assert password not in str(caught.value)


@pytest.mark.parametrize(
    "password", ["heron under seven lamps", "নদীর ধারে সাতটি বক", "Tr4m-Gurney-Plinth", "super heron superman"]
)
def test_a_good_password_is_taken(password: str) -> None:
    check_password(password, "rehana.begum@example.org")


def test_deciding_takes_no_longer_for_words_that_can_be_cut_in_many_ways() -> None:
    began = time.process_time()
    check_password("superman" * 24 + "xqz", "rehana.begum@example.org")
    assert time.process_time() - began < 1.0  # an expression that tried every cut would take years


@given(st.text(max_size=300))
def test_whatever_is_typed_is_taken_or_refused(password: str) -> None:
    taken = True
    try:
        check_password(password, "rehana.begum@example.org")
    except InvalidRecord:
        taken = False
    assert not taken or MIN_LENGTH <= len(password) <= MAX_LENGTH


def test_a_turn_is_given_back_after_an_error() -> None:
    def broken(*_: object) -> None:
        raise MemoryError

    hasher = Counting()
    passwords = Passwords(RANDOM, hasher, at_once=1, wait_s=0.05)
    usual: Callable[..., Any] = hasher.verify
    hasher.verify = broken  # type: ignore[method-assign, assignment]
    with pytest.raises(MemoryError):
        passwords.verify(None, "x")
    hasher.verify = usual  # type: ignore[method-assign]
    assert not passwords.verify(None, "x")
