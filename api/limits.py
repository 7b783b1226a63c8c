"""How much may one caller ask? Token buckets per caller and per address, in the memory of this process.

A bucket holds a minute's worth and fills evenly. Addresses are kept as keyed hashes, with a key that ends with the
process: what stays in memory is no log of who was there. N processes allow N times as much; sharing buckets through the
database would cost every request a write.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.ids import Clock, RandomBytes
from matcher.errors import SandhanError

WINDOW_S = 60
_MOST_BUCKETS = 50_000


class RateLimited(SandhanError):
    """The caller has asked too often."""

    code = "rate_limited"

    def __init__(self, quotas: Sequence[Quota]) -> None:
        self.quotas = tuple(quotas)
        self.retry_after = max([1, *(quota.reset for quota in quotas if not quota.remaining)])
        super().__init__(f"too many requests; try again in {self.retry_after} s")


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of one limit.

    Attributes:
        name: of the limit.
        limit: requests in a window.
        remaining: requests that may come at once.
        reset: seconds until there is room again, or until everything is.
        window_s: seconds of the window.
    """

    name: str
    limit: int
    remaining: int
    reset: int
    window_s: int = WINDOW_S


class TokenBuckets:
    """Buckets of one size, one for each caller.

    Args:
        per_minute: capacity, and what flows in within a minute; 0: no limit.
    """

    def __init__(self, name: str, per_minute: int, clock: Clock) -> None:
        self.name, self._capacity, self._clock = name, per_minute, clock
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, who: str) -> tuple[bool, Quota | None]:
        """Take one token.

        Returns:
            Whether there was one, and what is left; no quota where there is no limit.
        """
        if not self._capacity:
            return True, None
        with self._lock:
            tokens = self._tokens(who)
            allowed = tokens >= 1
            tokens -= allowed
            self._buckets[who] = (tokens, self._clock())
            self._buckets.move_to_end(who)
            if len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)  # the one that has had the longest time to fill
        return allowed, self._quota(tokens)

    def is_empty(self, who: str) -> Quota | None:
        """Return the quota of a bucket that has no token left; None while it has one."""
        if not self._capacity:
            return None
        with self._lock:
            tokens = self._tokens(who)
        return None if tokens >= 1 else self._quota(tokens)

    def _tokens(self, who: str) -> float:
        tokens, seen = self._buckets.get(who, (float(self._capacity), None))
        if seen is None:
            return tokens
        # A clock that was set back takes nothing away.
        passed = max(0.0, (self._clock() - seen).total_seconds())
        return min(float(self._capacity), tokens + passed * self._capacity / WINDOW_S)

    def _quota(self, tokens: float) -> Quota:
        wanted = 1.0 if tokens < 1 else float(self._capacity)
        seconds = math.ceil((wanted - tokens) * WINDOW_S / self._capacity)
        return Quota(self.name, self._capacity, int(tokens), seconds)


class Gate:
    """Counts requests and refuses those above a limit.

    Args:
        per_minute: requests of one caller, and of one address without credentials.
        queries_per_minute: searches of one caller; each also counts as a request.
        failures_per_minute: wrong credentials from one address.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        per_minute: int,
        queries_per_minute: int,
        failures_per_minute: int,
        random_bytes: RandomBytes = secrets.token_bytes,
    ) -> None:
        self._key = random_bytes(32)
        self._callers = TokenBuckets("default", per_minute, clock)
        self._queries = TokenBuckets("query", queries_per_minute, clock)
        self._addresses = TokenBuckets("address", per_minute, clock)
        self._failures = TokenBuckets("failed-authentication", failures_per_minute, clock)

    def admit(self, actor_id: str) -> list[Quota]:
        """Count a request of a caller who is known.

        Raises:
            RateLimited: there were too many.
        """
        return _admitted(self._callers.take(actor_id))

    def admit_query(self, actor_id: str) -> list[Quota]:
        """Count a search.

        Raises:
            RateLimited: there were too many.
        """
        return _admitted(self._queries.take(actor_id))

    def admit_address(self, address: str) -> list[Quota]:
        """Count a request without credentials.

        Raises:
            RateLimited: there were too many.
        """
        return _admitted(self._addresses.take(self._hidden(address)))

    def check_failures(self, address: str) -> None:
        """Refuse an address from which too many wrong credentials came, before any are looked at.

        For passwords, which can be guessed. A key of 192 bits cannot: whoever shares an address with somebody who
        tries must not be locked out, so that keys are looked at first and `note_failure` does the rest.

        Raises:
            RateLimited: there were too many.
        """
        quota = self._failures.is_empty(self._hidden(address))
        if quota is not None:
            raise RateLimited([quota])

    def note_failure(self, address: str) -> None:
        """Count wrong credentials.

        Raises:
            RateLimited: there were too many.
        """
        _admitted(self._failures.take(self._hidden(address)))

    def _hidden(self, address: str) -> str:
        return hashlib.blake2b(_network(address).encode(), key=self._key, digest_size=16).hexdigest()


def _network(address: str) -> str:
    """Return what one customer has: an address, or a /64 of IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return parsed.ipv4_mapped.exploded if parsed.ipv4_mapped else parsed.exploded[:19]
    return parsed.exploded


def _admitted(taken: tuple[bool, Quota | None]) -> list[Quota]:
    allowed, quota = taken
    if not allowed and quota is not None:
        raise RateLimited([quota])
    return [] if quota is None else [quota]


def policy_header(quotas: Sequence[Quota]) -> str:
    """Return the value of `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10)."""
    return ", ".join(f'"{quota.name}";q={quota.limit};w={quota.window_s}' for quota in quotas)


def limit_header(quotas: Sequence[Quota]) -> str:
    """Return the value of `RateLimit`."""
    return ", ".join(f'"{quota.name}";r={quota.remaining};t={quota.reset}' for quota in quotas)
