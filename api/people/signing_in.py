"""Who are you? Address and password, then the second factor; every failure looks the same and is counted.

attempt -> counted -> password checked (no transaction open) -> code checked -> session
                                        ├── no code sent: a token to send it with
                                        └── no second factor yet: a token to set it up with
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from api.ids import Clock, RandomBytes, secret_hash
from api.people.attempts import Attempt, Attempts
from api.people.errors import SignInBusy, SignInFailed
from api.people.passwords import Passwords, check_password
from api.people.roles import needs_second_factor
from api.people.sealing import Sealer
from api.people.sessions import SessionService, SignedIn
from api.people.totp import matching_step, recovery_hash
from api.store import Connection, Database, audit, partners, people
from api.store.people import PersonRow

CODE_WITHIN = timedelta(minutes=5)
ENROL_WITHIN = timedelta(minutes=15)


class Next(Enum):
    """What a person whose password was right does next."""

    CODE = "code"
    ENROL = "enrol"


@dataclass(frozen=True, slots=True)
class Step:
    """A sign-in that is not complete, and the token with which it goes on."""

    next: Next
    token: str = field(repr=False)
    expires_at: datetime


class SignIn:
    """Lets people in."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        passwords: Passwords,
        sessions: SessionService,
        attempts: Attempts,
        clock: Clock,
        random_bytes: RandomBytes,
    ) -> None:
        self._database, self._sealer, self._passwords, self._sessions = database, sealer, passwords, sessions
        self._attempts, self._clock, self._random = attempts, clock, random_bytes

    def with_password(
        self, email: str, password: str, address: str, *, code: str | None = None, recovery_code: str | None = None,
        device: str | None = None,
    ) -> SignedIn | Step:  # fmt: skip
        """Check address and password, and the code if one was sent along.

        Args:
            address: of the client, as the connection has it.
            device: the token that an earlier sign-in gave this device.
        Raises:
            SignInFailed: something is wrong; what, is not told.
            TooManyAttempts: this client failed too often.
            SignInBusy: too many passwords are being checked.
        """
        fingerprint = email_fingerprint(self._sealer, email)
        attempt = self._attempts.count(fingerprint, address, device)
        with self._database.read() as conn:
            person = people.find_by_email(conn, fingerprint)
        stored = person.password_hash if person else None
        right = self._checked(attempt, stored, password)
        with self._database.write() as conn:
            person = people.find_by_email(conn, fingerprint)
            if person is None or person.password_hash != stored or not right or not takes_part(conn, person):
                self._attempts.fail(conn, person, attempt, "locked" if attempt.locked else "password")
                outcome = None
            else:
                outcome = self.complete(conn, person, attempt, code, recovery_code, device=device)
        if outcome is None:
            raise SignInFailed
        if person is not None and stored is not None and self._passwords.outdated(stored):
            self._rehash(person.id, stored, password)
        return outcome

    def with_code(
        self, token: str, address: str, *, code: str | None = None, recovery_code: str | None = None,
        device: str | None = None,
    ) -> SignedIn | Step:  # fmt: skip
        """Complete a sign-in whose first step succeeded.

        Raises:
            SignInFailed: the token is not valid, or no longer; or the code is wrong, or was used before.
            TooManyAttempts: this client failed too often.
        """
        with self._database.read() as conn:
            person = self._person_of(conn, token)
        account = person.email_fingerprint if person else f"token:{secret_hash(token)}"
        attempt = self._attempts.count(account, address, device)
        with self._database.write() as conn:
            person = self._person_of(conn, token)
            outcome: SignedIn | Step | None = None
            if person is None or attempt.locked or not takes_part(conn, person):
                self._attempts.fail(conn, person, attempt, "locked" if attempt.locked else "token")
            elif code is None and recovery_code is None:
                self._attempts.fail(conn, person, attempt, "code")
            else:
                outcome = self.complete(conn, person, attempt, code, recovery_code, device=device)
                if isinstance(outcome, SignedIn):
                    people.use_token(conn, secret_hash(token), attempt.at)
        if outcome is None:
            raise SignInFailed
        return outcome

    def change_password(self, person_id: str, current: str, new: str, address: str) -> None:
        """Change the password of a person who is signed in and knows the one before; every session ends.

        Raises:
            SignInFailed: the password before is wrong; that counts like a sign-in that failed.
            InvalidRecord: the new one breaks a rule.
            TooManyAttempts, SignInBusy: as for a sign-in.
        """
        with self._database.read() as conn:
            person = people.require_person(conn, person_id)
        sealed = self._sealer.unseal(person.partner_id, email_context(person.id), person.email_sealed)
        check_password(new, sealed.decode())
        attempt = self._attempts.count_own(person.id, address)
        right = self._checked(attempt, person.password_hash, current)
        fresh = self._passwords.hash(new) if right else None
        with self._database.write() as conn:
            changed = fresh is not None and people.require_person(conn, person_id).password_hash == person.password_hash
            if changed:
                people.change_person(conn, person_id, password_hash=fresh)
                people.revoke_sessions(conn, person_id, attempt.at)
                people.void_tokens(conn, person_id)
                self._attempts.take_back(conn, attempt)
                audit.append(conn, at=attempt.at, actor=person_id, action="person.password_changed", subject=person_id)
            else:
                self._attempts.fail(conn, person, attempt, "locked" if attempt.locked else "password")
        if not changed:
            raise SignInFailed

    def complete(
        self,
        conn: Connection,
        person: PersonRow,
        attempt: Attempt | None,
        code: str | None = None,
        recovery_code: str | None = None,
        *,
        second_factor: bool = False,
        device: str | None = None,
    ) -> SignedIn | Step | None:
        """Go on with a person whose first factor was right: to a session, or to what is still missing.

        Args:
            attempt: taken back unless the code is wrong; None where none was counted.
            second_factor: it was checked elsewhere.
            device: the token that an earlier sign-in gave this device.
        Returns:
            None when the code is wrong.
        """
        now = attempt.at if attempt else self._clock()
        if not second_factor and person.totp_sealed is not None:
            if code is None and recovery_code is None:
                self._attempts.take_back(conn, attempt)
                return self._step(conn, person, Next.CODE, now)
            if not self._second_factor_right(conn, person, code, recovery_code, now):
                self._attempts.fail(conn, person, attempt, "code")
                return None
        elif not second_factor and needs_second_factor(person.roles):
            self._attempts.take_back(conn, attempt)
            return self._step(conn, person, Next.ENROL, now)
        self._attempts.take_back(conn, attempt)
        self._attempts.forgive(conn, attempt)
        audit.append(conn, at=now, actor=person.id, action="sign_in.succeeded", subject=person.id)
        opened = self._sessions.open(conn, person, now)
        return replace(opened, device=self._attempts.remember(conn, person, device, now))

    def _checked(self, attempt: Attempt, stored: str | None, password: str) -> bool:
        """Tell whether a password is right; the work is done for unknown and locked accounts as well.

        Raises:
            SignInBusy: no turn came; the attempt is taken back.
        """
        try:
            return self._passwords.verify(stored, password) and not attempt.locked
        except SignInBusy:
            with self._database.write(ordered=False) as conn:
                self._attempts.take_back(conn, attempt)
            raise

    def _second_factor_right(
        self, conn: Connection, person: PersonRow, code: str | None, recovery_code: str | None, now: datetime
    ) -> bool:
        if recovery_code is not None:
            if not people.use_recovery_code(conn, person.id, recovery_hash(person.id, recovery_code), now):
                return False
            left: dict[str, object] = {"left": people.recovery_codes_left(conn, person.id)}
            audit.append(conn, at=now, actor=person.id, action="sign_in.recovery_code", subject=person.id, detail=left)
            return True
        assert person.totp_sealed is not None
        secret = self._sealer.unseal(person.partner_id, totp_context(person.id), person.totp_sealed).decode()
        step = matching_step(secret, code or "", now)
        return step is not None and people.use_step(conn, person.id, step)

    def _step(self, conn: Connection, person: PersonRow, following: Next, now: datetime) -> Step:
        code = following is Next.CODE
        token = ("sig_" if code else "enr_") + self._random(32).hex()
        until = now + (CODE_WITHIN if code else ENROL_WITHIN)
        kind = "code" if code else "second_factor"
        people.add_token(conn, token_hash=secret_hash(token), person_id=person.id, kind=kind, at=now, expires_at=until)
        return Step(following, token, until)

    def _person_of(self, conn: Connection, token: str) -> PersonRow | None:
        found = people.find_token(conn, secret_hash(token), ["code"])
        if found is None or not found.usable(self._clock()):
            return None
        return people.get_person(conn, found.person_id)

    def _rehash(self, person_id: str, stored: str, password: str) -> None:
        """Keep a password hashed with today's parameters; one that was changed meanwhile stays."""
        fresh = self._passwords.hash(password)
        with self._database.write(ordered=False) as conn:
            if people.require_person(conn, person_id).password_hash == stored:
                people.change_person(conn, person_id, password_hash=fresh)


def takes_part(conn: Connection, person: PersonRow) -> bool:
    """Tell whether neither the person nor the partner left."""
    partner = partners.get_partner(conn, person.partner_id)
    return person.active and partner is not None and partner.active


def email_fingerprint(sealer: Sealer, email: str) -> str:
    """Return the keyed hash by which an address is found, however it is written."""
    return sealer.fingerprint("person e-mail", email.strip().casefold())


def email_context(person_id: str) -> str:
    """Return the context in which a person's address is sealed."""
    return f"people.email_sealed:{person_id}"


def totp_context(person_id: str) -> str:
    """Return the context in which a second factor's secret is sealed."""
    return f"people.totp_sealed:{person_id}"
