"""How does an invited person get a password and a second factor? With a token that is good once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from api.ids import Clock, RandomBytes, secret_hash
from api.people.attempts import Attempt, Attempts
from api.people.errors import EnrolmentRefused
from api.people.passwords import Passwords, check_password
from api.people.roles import needs_second_factor
from api.people.sealing import Sealer
from api.people.signing_in import email_context, takes_part, totp_context
from api.people.totp import matching_step, new_recovery_codes, new_totp_secret, recovery_hash, totp_address
from api.store import Connection, Database, audit, people
from api.store.people import PersonRow, TokenRow
from matcher.errors import InvalidRecord

VALID_FOR = timedelta(hours=48)
_KINDS = ("enrolment", "second_factor")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a person needs to know to enrol.

    Attributes:
        totp_secret: for an authenticator application that cannot read `address`.
        address: `otpauth://...`, shown as a picture.
        password_needed: false where only the second factor is missing.
        second_factor_needed: false where the roles leave it to the person.
    """

    email: str = field(repr=False)
    totp_secret: str = field(repr=False)
    address: str = field(repr=False)
    expires_at: datetime
    password_needed: bool
    second_factor_needed: bool


class EnrolmentService:
    """Makes tokens of enrolment and takes them."""

    def __init__(
        self, database: Database, sealer: Sealer, passwords: Passwords, attempts: Attempts, clock: Clock,
        random_bytes: RandomBytes,
    ) -> None:  # fmt: skip
        self._database, self._sealer, self._passwords, self._attempts = database, sealer, passwords, attempts
        self._clock, self._random = clock, random_bytes

    def issue(self, conn: Connection, person_id: str, now: datetime) -> tuple[str, datetime]:
        """Return a new token of a person and until when it is good; earlier ones are void."""
        token = "enr_" + self._random(32).hex()
        people.void_tokens(conn, person_id)
        until = now + VALID_FOR
        people.add_token(
            conn, token_hash=secret_hash(token), person_id=person_id, kind="enrolment", at=now, expires_at=until
        )
        return token, until

    def begin(self, token: str, address: str) -> Enrolment:
        """Return what the holder of a token sets up; asked again, it is the same secret.

        Args:
            address: of the client, as the connection has it.
        Raises:
            EnrolmentRefused: the token is unknown, used or expired, or the person left.
            TooManyAttempts: this client failed too often, here or signing in.
        """
        with self._counted(address):
            return self._begun(token)

    def _begun(self, token: str) -> Enrolment:
        # In order with a rotation of keys: what is sealed here is stored before it, or by the key after it.
        with self._database.write() as conn:
            found, person = self._valid(conn, token)
            sealed, context = found.totp_sealed, totp_context(person.id)
            if sealed is None:
                secret = new_totp_secret(self._random)
                sealed = self._sealer.seal(person.partner_id, context, secret.encode())
                people.keep_token_secret(conn, found.token_hash, sealed)
            secret = self._sealer.unseal(person.partner_id, context, sealed).decode()
            email = self._email(person)
        needed = needs_second_factor(person.roles)
        return Enrolment(
            email, secret, totp_address(secret, email), found.expires_at, found.kind == "enrolment", needed
        )

    def confirm(self, token: str, password: str | None, code: str | None, address: str) -> list[str]:
        """Set the password and the second factor; return the recovery codes, which are shown this once.

        Sessions end, devices are forgotten and locks are lifted: whoever was in before has to come in anew.

        Args:
            address: of the client, as the connection has it.
        Raises:
            EnrolmentRefused: the token is unknown, used or expired, or the person left.
            TooManyAttempts: this client failed too often, here or signing in.
            InvalidRecord: the password breaks a rule, or the code is not the one shown now.
            SignInBusy: too many passwords are being hashed.
        """
        with self._counted(address):
            return self._confirmed(token, password, code)

    def _confirmed(self, token: str, password: str | None, code: str | None) -> list[str]:
        now = self._clock()
        with self._database.read() as conn:
            found, person = self._valid(conn, token)
        step = self._checked(found, person, password, code, now)
        # Hashing takes long and must not hold the database.
        hashed = self._passwords.hash(password) if found.kind == "enrolment" and password is not None else None
        codes = new_recovery_codes(self._random) if step is not None else []
        with self._database.write() as conn:
            found, person = self._valid(conn, token)
            changes: dict[str, object] = {"totp_sealed": found.totp_sealed if step is not None else None}
            changes |= {"totp_last_step": step}
            if hashed is not None:
                changes["password_hash"] = hashed
            if found.kind == "enrolment" and not person.linked:
                changes["oidc_fingerprint"] = None  # barred by a reset until now
            people.change_person(conn, person.id, **changes)
            people.replace_recovery_codes(conn, person.id, [recovery_hash(person.id, text) for text in codes])
            # Every other token too: whoever knew the old password may have begun to set up a second factor.
            people.void_tokens(conn, person.id)
            people.revoke_sessions(conn, person.id, now)
            self._attempts.lift(conn, person)
            detail: dict[str, object] = {"password": hashed is not None, "second_factor": step is not None}
            audit.append(conn, at=now, actor=person.id, action="person.enrolled", subject=person.id, detail=detail)
        return codes

    @contextmanager
    def _counted(self, address: str) -> Iterator[None]:
        """Count a token that is not valid against its client, before it is looked at; any other is taken back."""
        attempt = self._attempts.count_stranger(address)
        try:
            yield
        except EnrolmentRefused:
            with self._database.write() as conn:
                self._attempts.fail(conn, None, attempt, "enrolment")
            raise
        except BaseException:
            self._forgiven(attempt)
            raise
        self._forgiven(attempt)

    def _forgiven(self, attempt: Attempt) -> None:
        with self._database.write(ordered=False) as conn:
            self._attempts.take_back(conn, attempt)

    def _checked(
        self, found: TokenRow, person: PersonRow, password: str | None, code: str | None, now: datetime
    ) -> int | None:
        """Return the step of the code, None where no second factor is set up."""
        if found.kind == "enrolment":
            if password is None:
                raise InvalidRecord("password", "is missing")
            check_password(password, self._email(person))
        if code is None:
            if found.kind == "second_factor" or needs_second_factor(person.roles):
                raise InvalidRecord("code", "is missing: your role needs a second factor")
            return None
        step = None
        if found.totp_sealed is not None:
            secret = self._sealer.unseal(person.partner_id, totp_context(person.id), found.totp_sealed).decode()
            step = matching_step(secret, code, now)
        if step is None:
            raise InvalidRecord("code", "is not the one that your application shows now; is its clock right?")
        return step

    def _valid(self, conn: Connection, token: str) -> tuple[TokenRow, PersonRow]:
        found = people.find_token(conn, secret_hash(token), _KINDS)
        if found is None or not found.usable(self._clock()):
            raise EnrolmentRefused
        person = people.require_person(conn, found.person_id)
        if not takes_part(conn, person):
            raise EnrolmentRefused
        return found, person

    def _email(self, person: PersonRow) -> str:
        return self._sealer.unseal(person.partner_id, email_context(person.id), person.email_sealed).decode()


def name_context(person_id: str) -> str:
    """Return the context in which a person's name is sealed."""
    return f"people.name_sealed:{person_id}"
