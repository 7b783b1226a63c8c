"""May somebody come in with an account elsewhere? Only as a person whom an administrator invited before.

The account is linked the first time, by the address that its issuer has verified, and known by issuer and subject from
then on. It replaces the password. It replaces the second factor only where the deployment says which methods of the
issuer are worth one.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from api.ids import Clock, RandomBytes
from api.people.attempts import UNKNOWN
from api.people.errors import SignInFailed
from api.people.sealing import Sealer
from api.people.sessions import SignedIn
from api.people.signing_in import SignIn, Step, email_fingerprint, takes_part
from api.store import Connection, Database, audit, people
from api.store.people import PersonRow

WITHIN = timedelta(minutes=10)


class Known(Protocol):
    """What an ID token says of somebody; see `oidc_provider.Identity`."""

    @property
    def subject(self) -> str:
        """The account's name at its issuer."""

    @property
    def email(self) -> str | None:
        """The verified address."""

    @property
    def methods(self) -> frozenset[str]:
        """How the issuer made sure."""


class Issuer(Protocol):
    """Somebody else who knows people; see `oidc_provider.Provider`."""

    @property
    def issuer(self) -> str:
        """Its address."""

    def authorization_address(self, state: str, nonce: str, code_verifier: str) -> str:
        """Return where a browser is sent."""

    def identify(self, code: str, nonce: str, code_verifier: str) -> Known:
        """Return whom a code stands for."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a browser is sent, and what it keeps (as a cookie) until it comes back.

    Nothing of it is kept here: whoever asks to be sent away a million times leaves nothing behind.
    """

    address: str = field(repr=False)
    browser: str = field(repr=False)


class OpenIdConnect:
    """Signs people in by their account at one issuer.

    Args:
        second_factor: values of `amr` or `acr` that count as a second factor; none: the issuer's never does.
    """

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        issuer: Issuer,
        sign_in: SignIn,
        clock: Clock,
        random_bytes: RandomBytes,
        *,
        second_factor: Collection[str] = (),
    ) -> None:
        self._database, self._sealer, self._issuer, self._sign_in = database, sealer, issuer, sign_in
        self._clock, self._random, self._second_factor = clock, random_bytes, frozenset(second_factor)

    def depart(self) -> Departure:
        """Begin a sign-in.

        Raises:
            ProviderFailed: the issuer does not describe itself.
        """
        state, nonce, verifier = (self._drawn() for _ in range(3))
        address = self._issuer.authorization_address(state, nonce, verifier)
        kept = f"{state}.{nonce}.{verifier}.{int((self._clock() + WITHIN).timestamp())}"
        return Departure(address, f"{kept}.{self._signed(kept)}")

    def arrive(self, state: str, code: str | None, browser: str | None) -> SignedIn | Step:
        """Complete a sign-in with what the issuer sent the browser back with.

        Args:
            code: None when the issuer says that it went wrong.
            browser: what the browser kept: whoever is sent here by somebody else has not got it.
        Raises:
            SignInFailed: nobody whom an administrator invited; or state, browser, code or token are not right.
            ProviderFailed: the issuer does not answer as it should.
        """
        nonce, verifier = self._kept(browser or "", state)
        if code is None:
            raise SignInFailed
        try:
            known = self._issuer.identify(code, nonce, verifier)
        except SignInFailed:
            with self._database.write() as conn:
                self._fail(conn, UNKNOWN, "token")
            raise
        with self._database.write() as conn:
            person = self._person(conn, known)
            if person is None or not takes_part(conn, person):
                self._fail(conn, person.id if person else UNKNOWN, "account")
                outcome = None
            else:
                enough = not self._second_factor.isdisjoint(known.methods)
                outcome = self._sign_in.complete(conn, person, None, second_factor=enough)
        if outcome is None:
            raise SignInFailed
        return outcome

    def _person(self, conn: Connection, known: Known) -> PersonRow | None:
        """Return whose account it is; link it the first time, but after a reset not before enrolling anew."""
        account = self._sealer.fingerprint("person account", f"{self._issuer.issuer}\n{known.subject}")
        person = people.find_by_account(conn, account)
        if person is not None or known.email is None:
            return person
        person = people.find_by_email(conn, email_fingerprint(self._sealer, known.email))
        if person is None or person.oidc_fingerprint is not None or not takes_part(conn, person):
            return None
        audit.append(conn, at=self._clock(), actor=person.id, action="person.linked", subject=person.id)
        return people.change_person(conn, person.id, oidc_fingerprint=account)

    def _kept(self, browser: str, state: str) -> tuple[str, str]:
        """Return nonce and verifier of the sign-in that this browser began.

        Raises:
            SignInFailed: it began none, another one, or too long ago; or what it kept was altered.
        """
        text, _, signature = browser.rpartition(".")
        if not hmac.compare_digest(self._signed(text).encode(), signature.encode()):
            raise SignInFailed
        own_state, nonce, verifier, until = text.split(".")
        if not hmac.compare_digest(own_state.encode(), state.encode()) or self._clock().timestamp() >= int(until):
            raise SignInFailed
        return nonce, verifier

    def _signed(self, text: str) -> str:
        return self._sealer.fingerprint("sign-in elsewhere", text)

    def _fail(self, conn: Connection, subject: str, reason: str) -> None:
        detail: dict[str, object] = {"reason": reason}
        audit.append(conn, at=self._clock(), actor="sign-in", action="sign_in.failed", subject=subject, detail=detail)

    def _drawn(self) -> str:
        return urlsafe_b64encode(self._random(32)).decode().rstrip("=")
