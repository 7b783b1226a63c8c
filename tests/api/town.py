"""People of the partners of a house: invited, enrolled, and how they sign in."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import httpx
import pyotp
from starlette.testclient import TestClient

from api.access import PERMISSIONS, AccessScope, Role
from api.people.service import NewPerson
from api.store import audit, partners
from api.store.audit import AuditEntry

from .conftest import House, TickingClock

PASSWORD = "heron under seven lamps"
_numbers = itertools.count(1)
_addresses = (f"10.0.{number // 200}.{number % 200 + 1}" for number in itertools.count())


@dataclass
class Someone:
    """A person with everything that he or she signs in with."""

    town: Town
    id: str
    email: str
    token: str
    password: str = PASSWORD
    secret: str = ""
    codes: list[str] = field(default_factory=list)

    def enrol(self, password: str = PASSWORD, *, second_factor: bool = True) -> Someone:
        """Set password and second factor with the token of the invitation."""
        shown = self.town.send("POST", "/v1/enrolment", {"token": self.token})
        assert shown.status_code == 200, shown.text
        self.secret, self.password = shown.json()["totp_secret"], password
        form = {"token": self.token, "password": password} | ({"code": self.code()} if second_factor else {})
        answer = self.town.send("POST", "/v1/enrolment/confirm", form)
        assert answer.status_code == 200, answer.text
        self.codes = answer.json()["recovery_codes"]
        return self

    def code(self) -> str:
        """Return the code of the next thirty seconds."""
        self.town.clock.advance(seconds=30)
        return pyotp.TOTP(self.secret).at(self.town.clock())

    def sign_in(self, **form: Any) -> httpx.Response:
        """Post the form of a sign-in; the right one unless told otherwise; a field of None is left out."""
        address = form.pop("address", None) or next(_addresses)
        full = {"email": self.email, "password": self.password} | ({"code": self.code()} if self.secret else {})
        full = {name: value for name, value in (full | form).items() if value is not None}
        return self.town.send("POST", "/v1/session", full, address=address)

    def headers(self, **form: Any) -> dict[str, str]:
        """Sign in and return what goes with every request."""
        answer = self.sign_in(**form)
        assert answer.status_code == 201, answer.text
        return {"Authorization": f"Bearer {answer.json()['token']}"}


@dataclass(repr=False)
class Town:
    """A house with people."""

    house: House

    @property
    def clock(self) -> TickingClock:
        return self.house.clock

    def send(
        self,
        method: str,
        path: str,
        form: Any = None,
        *,
        headers: dict[str, str] | None = None,
        address: str | None = None,
    ) -> httpx.Response:
        """Ask from a client of an address of its own."""
        client = TestClient(self.house.client.app, client=(address or next(_addresses), 50000))
        answer: httpx.Response = client.request(method, path, json=form, headers=headers or {}, follow_redirects=False)
        return answer

    def invite(self, partner: str, *roles: str, email: str | None = None) -> Someone:
        """Invite a person, as the command line does."""
        email = email or f"person{next(_numbers)}@example.org"
        with self.house.sandhan.database.read() as conn:
            found = partners.get_partner(conn, self.house[partner].id)
        assert found is not None
        scope = AccessScope(found.id, "command-line", found.kind, (), frozenset(PERMISSIONS[Role.ADMINISTRATOR]))
        invited = self.house.sandhan.people.invite(NewPerson("Zubaida Khatun", email, roles), scope)
        return Someone(self, invited.person.id, email, invited.token)

    def enrolled(self, partner: str, *roles: str, second_factor: bool = True) -> Someone:
        """Invite a person who enrols at once."""
        return self.invite(partner, *roles).enrol(second_factor=second_factor)

    def audited(self, subject: str) -> list[AuditEntry]:
        """Return what was noted of somebody."""
        with self.house.sandhan.database.read() as conn:
            return audit.entries(conn, subject=subject, limit=500)

    def actions(self, subject: str) -> list[str]:
        return [entry.action for entry in self.audited(subject)]
