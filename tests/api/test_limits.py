"""A caller who asks too often is told to wait, for how long, and nobody else waits with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.limits import WINDOW_S, Gate, RateLimited, TokenBuckets, limit_header, policy_header

from .conftest import START, House, TickingClock, settled_house
from .test_errors import check

QUERY = {"person": {"side": "missing", "name": "Somebody"}, "purpose": "trace-missing-person"}


class StillClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> Any:
        return self.now


@given(
    per_minute=st.integers(1, 40),
    steps=st.lists(st.tuples(st.floats(0, 90), st.sampled_from(["a", "b"])), max_size=80),
)
def test_a_bucket_is_what_a_slow_count_says(per_minute: int, steps: list[tuple[float, str]]) -> None:
    clock = StillClock()
    buckets = TokenBuckets("default", per_minute, clock)
    tokens = {"a": float(per_minute), "b": float(per_minute)}
    for wait, who in steps:
        clock.now += timedelta(seconds=wait)
        tokens = {name: min(float(per_minute), had + wait * per_minute / WINDOW_S) for name, had in tokens.items()}
        allowed, quota = buckets.take(who)
        assert quota is not None
        if abs(tokens[who] - 1) < 1e-6:  # which side of one it is, is a matter of rounding
            tokens[who] -= allowed
            continue
        assert allowed == (tokens[who] >= 1)
        tokens[who] -= allowed
        assert 0 <= quota.remaining <= per_minute
        assert abs(quota.remaining - tokens[who]) < 1 + 1e-6
        assert quota.reset >= 0


@given(per_minute=st.integers(1, 100), drained=st.integers(1, 100))
def test_whoever_waits_as_told_is_served(per_minute: int, drained: int) -> None:
    clock = StillClock()
    gate = Gate(clock, per_minute=per_minute, queries_per_minute=0, failures_per_minute=0)
    for _ in range(per_minute):
        assert gate.admit("a")
    for _ in range(drained):
        with pytest.raises(RateLimited) as caught:
            gate.admit("a")
    assert caught.value.retry_after >= 1
    clock.now += timedelta(seconds=caught.value.retry_after)
    assert gate.admit("a")[0].limit == per_minute


def test_a_clock_that_was_set_back_blocks_nobody_for_longer() -> None:
    clock = StillClock()
    buckets = TokenBuckets("default", 2, clock)
    assert [buckets.take("a")[0] for _ in range(3)] == [True, True, False]
    clock.now -= timedelta(days=30)
    assert buckets.take("a")[0] is False
    clock.now += timedelta(seconds=60)
    assert buckets.take("a")[0] is True


def test_no_limit_is_no_limit() -> None:
    gate = Gate(StillClock(), per_minute=0, queries_per_minute=0, failures_per_minute=0)
    for _ in range(5000):
        assert gate.admit("a") == gate.admit_query("a") == gate.admit_address("1.2.3.4") == []
        gate.note_failure("1.2.3.4")
    gate.check_failures("1.2.3.4")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),  # one customer's network
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("testclient", "testclient", True),
    ],
)
def test_addresses_are_counted_by_customer(one: str, other: str, same: bool) -> None:
    gate = Gate(StillClock(), per_minute=1, queries_per_minute=1, failures_per_minute=1)
    gate.admit_address(one)
    gate.note_failure(one)
    for ask in (gate.admit_address, gate.check_failures):
        if same:
            with pytest.raises(RateLimited):
                ask(other)
        else:
            ask(other)


def test_no_address_stays_in_memory() -> None:
    gate = Gate(StillClock(), per_minute=5, queries_per_minute=5, failures_per_minute=5)
    gate.admit_address("203.0.113.7")
    gate.note_failure("203.0.113.7")
    held = repr([vars(buckets) for buckets in vars(gate).values() if isinstance(buckets, TokenBuckets)])
    assert "203.0.113.7" not in held
    assert "failed-authentication" in held


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.limits._MOST_BUCKETS", 10)
    buckets = TokenBuckets("address", 1, StillClock())
    for number in range(50):
        assert buckets.take(str(number))[0]
    assert len(buckets._buckets) == 10
    assert buckets.take("49")[0] is False
    assert buckets.take("0")[0] is True  # forgotten, as if it had had time to fill


@pytest.fixture
def strict(dialect: str, tmp_path: Any, template: Any) -> Iterator[House]:
    """A house that lets a caller ask five times a minute, search twice and be wrong three times."""
    with settled_house(dialect, tmp_path / "home", template, rate_per_minute=10, query_rate_per_minute=2,
                       failed_rate_per_minute=3) as made:  # fmt: skip
        yield made


def test_a_caller_is_told_what_is_left_and_when_to_come_again(strict: House) -> None:
    for left in range(9, -1, -1):
        answer = strict.ask("family", "GET", "/v1/alerts")
        assert answer.status_code == 200
        assert answer.headers["ratelimit-policy"] == '"default";q=10;w=60'
        assert answer.headers["ratelimit"].startswith(f'"default";r={left};t=')
    refused = strict.ask("family", "GET", "/v1/alerts")
    check(refused, 429, "rate_limited")
    wait = int(refused.headers["retry-after"])
    assert 1 <= wait <= 6
    assert refused.headers["ratelimit"] == f'"default";r=0;t={wait}'
    assert strict.ask("shelter", "GET", "/v1/alerts").status_code == 200
    strict.clock.advance(seconds=wait)
    assert strict.ask("family", "GET", "/v1/alerts").status_code == 200


def test_searches_are_counted_by_themselves_too(strict: House) -> None:
    for _ in range(2):
        answer = strict.ask("family", "POST", "/v1/matches/query", json=QUERY)
        assert answer.status_code == 200, answer.text
    assert answer.headers["ratelimit-policy"] == '"default";q=10;w=60, "query";q=2;w=60'
    assert '"query";r=0;t=' in answer.headers["ratelimit"]
    check(strict.ask("family", "POST", "/v1/matches/query", json=QUERY), 429, "rate_limited")
    assert strict.ask("family", "GET", "/v1/matches").status_code == 200


def test_wrong_keys_are_counted_by_address_and_lock_nobody_out(strict: House) -> None:
    wrong = {"X-API-Key": "sk_wrong"}
    for _ in range(3):
        check(strict.client.get("/v1/cases", headers=wrong), 401, "unauthenticated")
    check(strict.client.get("/v1/cases", headers=wrong), 429, "rate_limited")
    assert strict.ask("family", "GET", "/v1/cases").status_code == 200  # a key that is right, from the same address


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "sk_wrong"}, {"Cookie": "a=b"}])
def test_strangers_are_counted_where_no_key_is_asked_for(strict: House, headers: dict[str, str]) -> None:
    answers = [strict.client.get("/v1/ready", headers=headers) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    check(answers[-1], 429, "rate_limited")
    assert answers[0].headers["ratelimit-policy"] == '"address";q=10;w=60'


@pytest.mark.parametrize("headers", [{}, {"Cookie": "a=b"}, {"Authorization": "Basic eDp4"}])
def test_strangers_are_counted_where_a_key_is_asked_for(strict: House, headers: dict[str, str]) -> None:
    answers = [strict.client.get("/v1/cases", headers=headers) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]


def test_headers_are_lists_of_structured_fields() -> None:
    buckets = [TokenBuckets(name, 60, TickingClock()) for name in ("default", "query")]
    quotas = [quota for bucket in buckets if (quota := bucket.take("a")[1])]
    assert policy_header(quotas) == '"default";q=60;w=60, "query";q=60;w=60'
    assert limit_header(quotas) == '"default";r=59;t=1, "query";r=59;t=1'
