"""By whose leave may a missing child be published? An authority's order, recorded by a publisher of the case's owner.

    authority's order ── a person with `publication:authorise` ──> authorisation: to whom, what of it, until when

It ends with its last day, when it is withdrawn, and when the case gets another owner; with it ends all that was
published under it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from api.access import AccessScope, NotFound, Permission, Role
from api.bulletins.errors import PersonNeeded
from api.bulletins.scope import PublicationScope
from api.bulletins.standing import require_lawful
from api.bulletins.taking_down import take_down
from api.cases.standing import own_case
from api.days import end_of
from api.ids import Clock, RandomBytes, new_id
from api.store import Connection, Database, audit, authorisations, bulletins, partners
from api.store.authorisations import Authorisation
from api.store.cases import Case
from matcher.errors import InvalidRecord

LONGEST: Final = timedelta(days=183)
"""Farther off no authorisation may end: after half a year somebody looks at it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAuthorisation:
    """What an authority allowed; `until` is the last day, where the owner of the case is."""

    authority: str
    name: str = field(repr=False)
    order_number: str = field(repr=False)
    scope: PublicationScope
    fields: tuple[str, ...]
    with_photo: bool
    until: date


class AuthorisationService:
    """Records and withdraws authorisations."""

    def __init__(self, database: Database, clock: Clock, random_bytes: RandomBytes) -> None:
        self._database, self._clock, self._random = database, clock, random_bytes

    def authorise(
        self, case_id: str, new: NewAuthorisation, scope: AccessScope, authorisation_id: str | None = None
    ) -> Authorisation:
        """Record an authority's leave to publish the caller's own case.

        Args:
            authorisation_id: reserved for this request (`api.idempotency`); what stands under it is returned.
        Raises:
            NotFound: there is no such case, or it is another partner's.
            PersonNeeded: the caller is software.
            PublicationForbidden: the child was rescued or found, or the place is protected.
            InvalidRecord: nobody or nothing is named, or the day is past or too far off.
        """
        scope.require(Permission.PUBLICATION_AUTHORISE)
        now = self._clock()
        with self._database.write() as conn:
            case = own_case(conn, case_id, scope, now)
            if scope.role is Role.CLIENT:
                raise PersonNeeded
            begun = authorisations.get(conn, authorisation_id) if authorisation_id else None
            if begun is not None:
                return begun
            require_lawful(conn, case, new.fields)
            if new.scope.is_empty:
                raise InvalidRecord("scope", "names nobody: partners, kinds or areas")
            if not (new.fields or new.with_photo):
                raise InvalidRecord("fields", "name nothing, and no photo either")
            given = Authorisation(
                authorisation_id or new_id("authorisation", now, self._random), case_id, scope.partner_id,
                new.authority, new.scope.kept(), new.fields, new.with_photo, new.name, new.order_number,
                _end_of(conn, case, new.until, now), now, scope.actor_id,
            )  # fmt: skip
            authorisations.add(conn, given)
            self._note(conn, scope.actor_id, "publication.authorised", case_id, {"authorisation": given.id})
        return given

    def of_case(self, case_id: str, scope: AccessScope) -> list[Authorisation]:
        """Return the authorisations of the caller's own case, oldest first; the read is audited.

        Raises:
            NotFound: there is no such case, or it is another partner's.
        """
        scope.require(Permission.CASES_READ)
        with self._database.write() as conn:
            own_case(conn, case_id, scope, self._clock())
            self._note(conn, scope.actor_id, "publication.authorisations_read", case_id)
            return authorisations.of_case(conn, case_id)

    def withdraw(self, case_id: str, authorisation_id: str, scope: AccessScope) -> Authorisation:
        """Withdraw an authorisation; everything published under it is taken down with this call.

        Raises:
            NotFound: there is none of the caller's own case.
        """
        scope.require(Permission.PUBLICATION_AUTHORISE)
        now = self._clock()
        with self._database.write() as conn:
            own_case(conn, case_id, scope, now)
            found = authorisations.get(conn, authorisation_id)
            if found is None or found.case_id != case_id:
                raise NotFound("authorisation")
            if authorisations.withdraw(conn, authorisation_id, at=now, by=scope.actor_id):
                detail: dict[str, object] = {"authorisation": authorisation_id}
                self._note(conn, scope.actor_id, "publication.withdrawn", case_id, detail)
            for one in bulletins.live_of_case(conn, case_id):
                if one.authorisation_id == authorisation_id:
                    take_down(
                        conn, one, "authorisation_withdrawn", now, by=scope.actor_id, random_bytes=self._random
                    )  # fmt: skip
            again = authorisations.get(conn, authorisation_id)
        assert again is not None
        return again

    def _note(
        self, conn: Connection, actor: str, action: str, subject: str, detail: dict[str, object] | None = None
    ) -> None:
        audit.append(conn, at=self._clock(), actor=actor, action=action, subject=subject, detail=detail)


def _end_of(conn: Connection, case: Case, until: date, now: datetime) -> datetime:
    """Return the moment at which the last day is over where the owner is.

    Raises:
        InvalidRecord: it is past, or farther off than anybody may authorise.
    """
    owner = partners.get_partner(conn, case.owner_id)
    end = end_of("until", until, ZoneInfo((owner.time_zone if owner else None) or "UTC"))
    if end <= now:
        raise InvalidRecord("until", "is a day that is over")
    if end > now + LONGEST + timedelta(days=1):
        raise InvalidRecord("until", f"is more than {LONGEST.days} days ahead")
    return end
