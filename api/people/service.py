"""Who acts for a partner, and in which roles? Invite, list, change, deactivate, reset; by those who manage people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from api.access import AccessScope, NotFound, Permission
from api.alerts.errors import InvalidNotice
from api.alerts.messages import check_address
from api.entity_tags import PreconditionFailed
from api.ids import Clock, RandomBytes, new_id
from api.people.enrolment import EnrolmentService, name_context
from api.people.errors import LastAdministrator, OwnRoles, PersonExists
from api.people.roles import checked_roles, manages_people
from api.people.sealing import Sealer
from api.people.signing_in import email_context, email_fingerprint
from api.store import Connection, Database, audit, partners, people
from api.store.people import PersonRow, barred_account
from matcher.errors import InvalidRecord
from matcher.names.one_line import is_one_line


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody who shall act for a partner.

    Attributes:
        roles: words of `api.access.Role`; the first is what he or she is to the partner.
        language: BCP 47; the partner's when left out.
    """

    name: str = field(repr=False)
    email: str = field(repr=False)
    roles: tuple[str, ...]
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A person as those see him or her who manage the partner's people.

    Attributes:
        enrolled: has a password, or an account elsewhere that is linked.
        second_factor: has one.
    """

    id: str
    partner_id: str
    roles: tuple[str, ...]
    name: str = field(repr=False)
    email: str = field(repr=False)
    language: str
    active: bool
    enrolled: bool
    second_factor: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """A person and the token with which to enrol, shown this once."""

    person: Person
    token: str = field(repr=False)
    expires_at: datetime


class PeopleService:
    """Manages the people of the caller's own partner."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        enrolment: EnrolmentService,
        clock: Clock,
        random_bytes: RandomBytes,
    ) -> None:
        self._database, self._sealer, self._enrolment = database, sealer, enrolment
        self._clock, self._random = clock, random_bytes

    def list(self, scope: AccessScope) -> list[Person]:
        """Return the people of the caller's partner, oldest first."""
        scope.require(Permission.PEOPLE_MANAGE)
        with self._database.write() as conn:
            rows = people.list_people(conn, scope.partner_id)
            self._note(conn, scope, self._clock(), "people.listed", scope.partner_id, count=len(rows))
        return [self._opened(row) for row in rows]

    def page(self, scope: AccessScope, *, after: str | None, limit: int) -> tuple[Sequence[Person], str | None]:
        """Return a page of the people of the caller's partner, oldest first, and the last id where there are more."""
        scope.require(Permission.PEOPLE_MANAGE)
        with self._database.write() as conn:
            rows = people.list_people(conn, scope.partner_id, after=after, limit=limit + 1)
            self._note(conn, scope, self._clock(), "people.listed", scope.partner_id, count=min(len(rows), limit))
        found = [self._opened(row) for row in rows[:limit]]
        return found, rows[limit - 1].id if len(rows) > limit else None

    def read(self, person_id: str, scope: AccessScope) -> Person:
        """Return a person of the caller's partner.

        Raises:
            NotFound: there is none, or it is another partner's.
        """
        scope.require(Permission.PEOPLE_MANAGE)
        with self._database.write() as conn:
            row = self._own(conn, person_id, scope)
            self._note(conn, scope, self._clock(), "person.read", person_id)
        return self._opened(row)

    def invite(self, new: NewPerson, scope: AccessScope, person_id: str | None = None) -> Invitation:
        """Add a person to the caller's partner; the token of the answer lets him or her enrol.

        Args:
            person_id: reserved for this request (`api.idempotency`). A person who stands under it was added by an
                earlier attempt that broke off: he or she gets another token, since nobody has seen the first.
        Raises:
            NotPermitted: the caller manages no people.
            InvalidRecord: a field breaks its rule.
            PersonExists: the address signs in already.
        """
        scope.require(Permission.PEOPLE_MANAGE)
        roles, name, email = checked_roles(new.roles, scope.kind), new.name.strip(), new.email.strip()
        if not 1 < len(name) <= 120 or not is_one_line(name):
            raise InvalidRecord("name", "must have 2 to 120 characters that can be printed")
        try:
            check_address("email", email)
        except InvalidNotice as problem:
            raise InvalidRecord("email", problem.reason) from None
        now, fingerprint = self._clock(), email_fingerprint(self._sealer, email)
        reserved, person_id = person_id, person_id or new_id("person", now, self._random)
        with self._database.write() as conn:
            begun = people.get_person(conn, reserved) if reserved else None
            if begun is not None:
                token, until = self._enrolment.issue(conn, person_id, now)
                return Invitation(self._opened(begun), token, until)
            if people.find_by_email(conn, fingerprint) is not None:
                raise PersonExists
            partner = partners.get_partner(conn, scope.partner_id)
            if partner is None or not partner.active:
                raise NotFound("partner")
            row = PersonRow(
                id=person_id,
                partner_id=partner.id,
                roles=tuple(map(str, roles)),
                name_sealed=self._sealer.seal(partner.id, name_context(person_id), name.encode()),
                email_sealed=self._sealer.seal(partner.id, email_context(person_id), email.encode()),
                email_fingerprint=fingerprint,
                language=new.language or partner.language,
                active=True,
                created_at=now,
                created_by=scope.actor_id,
            )
            added = people.add_person(conn, row)
            token, until = self._enrolment.issue(conn, person_id, now)
            self._note(conn, scope, now, "person.invited", person_id, roles=list(row.roles))
        return Invitation(self._opened(added), token, until)

    def change(
        self,
        person_id: str,
        scope: AccessScope,
        *,
        roles: Sequence[str] | None = None,
        active: bool | None = None,
        even_last: bool = False,
        is_expected: Callable[[Person], bool] = lambda _: True,
    ) -> Person:
        """Give a person other roles, or let him or her act for the partner no longer, or again; sessions end.

        Who no longer acts for the partner has seen the secrets of the keys that he or she made: they are revoked.

        Args:
            even_last: permit that nobody is left to manage people; for the command line.
            is_expected: tells whether the person is still what the caller has read.
        Raises:
            NotFound: there is no such person, or it is another partner's.
            InvalidRecord: a role that people of this partner cannot have.
            LastAdministrator: nobody would be left to manage people.
            OwnRoles: the caller is that person, and the roles are others than now.
            PreconditionFailed: the person is not what was expected; nothing was changed.
        """
        scope.require(Permission.PEOPLE_MANAGE)
        wanted = None if roles is None else tuple(map(str, checked_roles(roles, scope.kind)))
        now = self._clock()
        with self._database.write() as conn:
            row = self._own(conn, person_id, scope)
            if not is_expected(self._opened(row)):
                raise PreconditionFailed
            changes: dict[str, object] = {}
            if wanted is not None and wanted != row.roles:
                changes["roles"] = wanted
                self._note(
                    conn, scope, now, "person.roles_changed", person_id, before=list(row.roles), after=list(wanted)
                )
            if active is not None and active != row.active:
                changes["active"] = active
                action = "person.activated" if active else "person.deactivated"
                self._note(conn, scope, now, action, person_id)
            if not changes:
                return self._opened(row)
            stays = (row.active if active is None else active) and manages_people(wanted or row.roles)
            if not stays and not even_last:
                self._require_another(conn, row)
            if "roles" in changes and person_id == scope.actor_id:
                raise OwnRoles
            row = people.change_person(conn, person_id, **changes)
            people.revoke_sessions(conn, person_id, now)
            if not row.active:
                people.void_tokens(conn, person_id)
                self._revoke_keys(conn, scope, person_id, now)
        return self._opened(row)

    def reset(self, person_id: str, scope: AccessScope, *, even_last: bool = False) -> Invitation:
        """Take a person's password, second factor and sessions away and return a token to enrol anew.

        Raises:
            NotFound: there is no such person, or it is another partner's, or no longer acts for it.
            LastAdministrator: nobody would be left to manage people if the token got lost.
        """
        scope.require(Permission.PEOPLE_MANAGE)
        now = self._clock()
        with self._database.write() as conn:
            row = self._own(conn, person_id, scope)
            if not row.active:
                raise NotFound("person")
            if not even_last:
                self._require_another(conn, row)
            row = people.change_person(
                conn, person_id, password_hash=None, totp_sealed=None, totp_last_step=None,
                oidc_fingerprint=barred_account(person_id),
            )  # fmt: skip
            people.replace_recovery_codes(conn, person_id, [])
            people.revoke_sessions(conn, person_id, now)
            token, until = self._enrolment.issue(conn, person_id, now)
            self._note(conn, scope, now, "person.reset", person_id)
        return Invitation(self._opened(row), token, until)

    @staticmethod
    def _revoke_keys(conn: Connection, scope: AccessScope, person_id: str, now: datetime) -> None:
        """Take the keys that a person made out of use."""
        for key in partners.list_keys(conn, scope.partner_id):
            if key.created_by == person_id and partners.revoke_key(conn, key.id, now):
                detail: dict[str, object] = {"because": "person.deactivated", "person": person_id}
                audit.append(conn, at=now, actor=scope.actor_id, action="key.revoked", subject=key.id, detail=detail)

    def _require_another(self, conn: Connection, row: PersonRow) -> None:
        """Refuse unless somebody else can manage the partner's people, where this person can."""
        if not _can_manage(row):
            return
        others = people.list_people(conn, row.partner_id)
        if not any(_can_manage(other) for other in others if other.id != row.id):
            raise LastAdministrator

    def _own(self, conn: Connection, person_id: str, scope: AccessScope) -> PersonRow:
        row = people.get_person(conn, person_id)
        if row is None or row.partner_id != scope.partner_id:
            raise NotFound("person")
        return row

    @staticmethod
    def _note(conn: Connection, scope: AccessScope, now: datetime, action: str, subject: str, **detail: object) -> None:
        audit.append(conn, at=now, actor=scope.actor_id, action=action, subject=subject, detail=detail)

    def _opened(self, row: PersonRow) -> Person:
        return Person(
            id=row.id,
            partner_id=row.partner_id,
            roles=row.roles,
            name=self._sealer.unseal(row.partner_id, name_context(row.id), row.name_sealed).decode(),
            email=self._sealer.unseal(row.partner_id, email_context(row.id), row.email_sealed).decode(),
            language=row.language,
            active=row.active,
            enrolled=_enrolled(row),
            second_factor=row.totp_sealed is not None,
            created_at=row.created_at,
        )


def _enrolled(row: PersonRow) -> bool:
    return row.password_hash is not None or row.linked


def _can_manage(row: PersonRow) -> bool:
    return row.active and _enrolled(row) and manages_people(row.roles)
