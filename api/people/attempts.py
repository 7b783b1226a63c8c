"""Is an attempt to sign in counted, and against what? Whoever knows an address can lock nobody out of his own computer.

    client                     ── thirty failures: this client waits (429), whoever it asks for
    a known device of the person ── five: the device is known no longer until its lock ends
    everybody else             ── five from one client against one account, twenty against the account from anywhere

Known is a device that brings the token which it was given at an earlier sign-in (OWASP: device cookies). Its attempts
are counted by themselves, so that what others do to the account does not concern it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from api.ids import Clock, RandomBytes, secret_hash
from api.people.errors import TooManyAttempts
from api.people.lockout import ACCOUNT, ADDRESS, PAIR, Lockout
from api.people.sealing import Sealer
from api.store import Connection, Database, audit, devices, people
from api.store.people import PersonRow

UNKNOWN = "unknown"
ACTOR = "sign-in"
DEVICE_PREFIX = "dev_"
Keys = tuple[tuple[Lockout, str], ...]
"""Rules, and the key of what is counted by them."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that was counted, before anything about it was looked at.

    Attributes:
        counted: what it was counted against, besides the client: rules and keys.
        client: key of the client's count.
        locked: one of them is; whatever was sent is wrong.
    """

    at: datetime
    counted: Keys
    client: str
    locked: bool


class Attempts:
    """Counts attempts, in the database, which all processes share."""

    def __init__(self, database: Database, sealer: Sealer, clock: Clock, random_bytes: RandomBytes) -> None:
        self._database, self._sealer = database, sealer
        self._clock, self._random = clock, random_bytes

    def count(self, account: str, address: str, device: str | None = None) -> Attempt:
        """Count an attempt to sign in to an account.

        Args:
            account: keyed hash of the address that signs in, whether it belongs to anybody or not.
            address: of the client, as the connection has it.
            device: the token of a device, if one was sent.
        Raises:
            TooManyAttempts: the client is locked; nothing else is counted.
        """
        client = self._client(address)
        anybody = ((PAIR, f"{pair_prefix(account)}{client}"), (ACCOUNT, account_key(account)))

        def against(conn: Connection, now: datetime) -> Keys:
            if device is not None and devices.is_known(conn, secret_hash(device), account, now):
                own = f"device:{secret_hash(device)}"
                if not PAIR.locked(people.get_strikes(conn, own), now):
                    return ((PAIR, own),)
            return anybody

        return self._counted(client, against)

    def count_own(self, person_id: str, address: str) -> Attempt:
        """Count an attempt of somebody who is signed in: only whoever has the session can make it.

        Raises:
            TooManyAttempts: the client is locked.
        """
        return self._counted(self._client(address), lambda _conn, _now: ((PAIR, f"signed-in:{person_id}"),))

    def count_stranger(self, address: str) -> Attempt:
        """Count an attempt that concerns no account, as with a link: against its client alone.

        Raises:
            TooManyAttempts: the client is locked.
        """
        return self._counted(self._client(address), lambda _conn, _now: ())

    def fail(self, conn: Connection, person: PersonRow | None, attempt: Attempt | None, reason: str) -> None:
        """Note a failure, and the locks that it led to; nobody's address is in it."""
        if attempt is None:
            return
        subject = person.id if person else UNKNOWN
        audit.append(
            conn, at=attempt.at, actor=ACTOR, action="sign_in.failed", subject=subject, detail={"reason": reason}
        )
        keys = [("locked", key, subject) for _, key in attempt.counted] + [("throttled", attempt.client, UNKNOWN)]
        for action, key, who in keys:
            strikes = people.get_strikes(conn, key)
            if strikes.locked_at == attempt.at:
                detail: dict[str, object] = {"lockouts": strikes.lockouts}
                if action == "locked":
                    detail["of"] = key.partition(":")[0]
                audit.append(conn, at=attempt.at, actor=ACTOR, action=f"sign_in.{action}", subject=who, detail=detail)

    @staticmethod
    def take_back(conn: Connection, attempt: Attempt | None) -> None:
        """Take a counted attempt back that was none of guessing."""
        if attempt is None:
            return
        for rules, key in (*attempt.counted, (ADDRESS, attempt.client)):
            people.put_strikes(conn, key, rules.refunded(people.get_strikes(conn, key), attempt.at), attempt.at)

    @staticmethod
    def forgive(conn: Connection, attempt: Attempt | None) -> None:
        """Begin anew for who has just signed in: for this device or this client, not for all that try the account."""
        if attempt is not None:
            people.clear_strikes(conn, [key for rules, key in attempt.counted if rules is PAIR])

    def remember(self, conn: Connection, person: PersonRow, device: str | None, now: datetime) -> str:
        """Return the token by which the device of somebody who has just signed in is known from now on."""
        known = device is not None and devices.is_known(conn, secret_hash(device), person.email_fingerprint, now)
        token = device if known and device is not None else DEVICE_PREFIX + self._random(32).hex()
        devices.keep(conn, secret_hash(token), person.id, at=now, expires_at=now + devices.KNOWN_FOR)
        return token

    @staticmethod
    def lift(conn: Connection, person: PersonRow) -> None:
        """Begin anew for a person who enrols: whoever knew the old password, and on which device, is nobody now."""
        people.clear_strikes(conn, [account_key(person.email_fingerprint)])
        people.clear_strikes_under(conn, pair_prefix(person.email_fingerprint))
        devices.forget(conn, person.id)

    def _counted(self, client: str, against: Callable[[Connection, datetime], Keys]) -> Attempt:
        now = self._clock()
        with self._database.write() as conn:
            people.forget_before(conn, now - people.KEPT)
            strikes = people.get_strikes(conn, client)
            if ADDRESS.locked(strikes, now):
                assert strikes.locked_until is not None
                wait = int((strikes.locked_until - now).total_seconds()) + 1
                raise TooManyAttempts(wait, ADDRESS.failures, int(ADDRESS.window.total_seconds()))
            people.put_strikes(conn, client, ADDRESS.charged(strikes, now), now)
            counted = against(conn, now)
            found = [(rules, key, people.get_strikes(conn, key)) for rules, key in counted]
            locked = any(rules.locked(known, now) for rules, _, known in found)
            for rules, key, known in found:
                # What is locked already is tried in vain, and counts against nobody.
                if not locked:
                    people.put_strikes(conn, key, rules.charged(known, now), now)
        return Attempt(now, counted, client, locked)

    def _client(self, address: str) -> str:
        return f"client:{self._sealer.fingerprint('sign-in client', network_of(address))}"


def account_key(fingerprint: str) -> str:
    """Return the key of an account's failed sign-ins from devices that are not known."""
    return f"account:{fingerprint}"


def pair_prefix(fingerprint: str) -> str:
    """Return how the keys begin of an account's failed sign-ins from one client each."""
    return f"pair:{fingerprint}:"


def network_of(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 that an IPv6 client can draw addresses from."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
