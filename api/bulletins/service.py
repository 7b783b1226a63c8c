"""What of a missing child is published to whom, and who sees it? Under an authorisation (`api.bulletins.authorising`).

case work chooses recipients within it ──> bulletin, frozen ── alert without name, photo or place ──> read behind the
login, each time noted in the owner's log, until something ends it (`api.bulletins.taking_down`)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from api.access import AccessScope, NotFound, Permission
from api.alerts.deadlines import deadlines_of
from api.alerts.raising import Occasion, raise_alert
from api.bulletins.content import content_of
from api.bulletins.errors import AuthorisationOver, NotAgreedTo
from api.bulletins.pictures import Cleaner, Pictures
from api.bulletins.scope import PublicationScope
from api.bulletins.standing import agreed_to, require_lawful
from api.bulletins.taking_down import enforce, take_down
from api.care.errors import CaseClosed, NoAgreement
from api.cases.standing import own_case
from api.ids import Clock, RandomBytes, new_id
from api.store import Connection, Database, agreements, audit, authorisations, bulletins, knowing, partners
from api.store.alerts import Alert
from api.store.authorisations import Authorisation
from api.store.bulletins import Bulletin, NewBulletin
from api.store.cases import Case
from api.store.partners import Partner
from api.store.photos import PhotoContent
from matcher.errors import InvalidRecord

Direction = Literal["incoming", "outgoing"]
_RULE: Final = "a bulletin was published to you under an authorisation"
_PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What is to be published under an authorisation: to whom, which of the fields it allows, which photo.

    Attributes:
        shows_only_the_child: somebody looked at the photo and says so, where no face was found or looked for.
    """

    authorisation_id: str
    recipients: tuple[str, ...]
    fields: tuple[str, ...] | None = None
    photo_id: str | None = None
    shows_only_the_child: bool = False


@dataclass(frozen=True, slots=True)
class BulletinSeen:
    """A bulletin as its issuer, or one of its recipients, sees it.

    Attributes:
        content: what it shows; None in a list, once it is over, and to whoever may not read names.
        issuer: name of the partner that published it.
        until: when its authorisation ends at the latest.
        over: whether it is over for the caller.
        told: of an own one, the alerts that were sent about it.
    """

    bulletin: Bulletin
    content: dict[str, Any] | None = field(repr=False)
    issuer: str
    until: datetime | None
    own: bool
    over: bool
    told: tuple[Alert, ...]


class BulletinService:
    """Publishes, shows and takes down bulletins."""

    def __init__(self, database: Database, cleaner: Cleaner, clock: Clock, random_bytes: RandomBytes) -> None:
        self._database, self._clock, self._random = database, clock, random_bytes
        self._pictures = Pictures(database, cleaner)

    def publish(
        self, case_id: str, new: Publication, scope: AccessScope, bulletin_id: str | None = None
    ) -> BulletinSeen:
        """Publish the caller's own case to partners, under an authorisation.

        Args:
            bulletin_id: reserved for this request (`api.idempotency`); what stands under it is returned.
        Raises:
            NotFound: there is no such case, authorisation or partner.
            PublicationForbidden: the child was rescued or found, or the place is protected.
            CaseClosed, AuthorisationOver, NoAgreement, NotAgreedTo: say what stands against it.
            InvalidRecord: a recipient, field or photo that the authorisation does not cover.
        """
        scope.require(Permission.CASES_WRITE)
        scope.require(Permission.NAMES_READ)
        now = self._clock()
        with self._database.read() as conn:
            own_case(conn, case_id, scope, now)
        anew = self._pictures.made_anew(case_id, new.photo_id, shows_only_the_child=new.shows_only_the_child)
        with self._database.write() as conn:
            case = own_case(conn, case_id, scope, now)
            begun = bulletins.get(conn, bulletin_id) if bulletin_id else None
            if begun is not None:
                return self._seen(conn, begun, scope, whole=True)
            require_lawful(conn, case, new.fields or ())
            if case.status != "open":
                raise CaseClosed
            given = authorisations.get(conn, new.authorisation_id)
            if given is None or given.case_id != case_id:
                raise NotFound("authorisation")
            if given.owner_id != case.owner_id or not given.in_force(now):
                raise AuthorisationOver
            fields = given.fields if new.fields is None else new.fields
            if not set(fields) <= set(given.fields):
                raise InvalidRecord("fields", "name one that the authorisation does not cover")
            require_lawful(conn, case, fields)
            to = self._recipients(conn, case, given, new.recipients, now)
            if new.photo_id is not None and not given.with_photo:
                raise InvalidRecord("photo_id", "is given, and the authorisation covers no photo")
            photo = None if new.photo_id is None else self._pictures.published(conn, case.id, new.photo_id, anew)
            bulletin = bulletins.add(
                conn,
                NewBulletin(
                    id=bulletin_id or new_id("bulletin", now, self._random), case_id=case_id,
                    authorisation_id=given.id, issuer_id=scope.partner_id, fields=fields, case_version=case.version,
                    recipients=[partner.id for partner in to], content=content_of(case, fields, now.date()),
                    photo_id=new.photo_id, photo=photo,
                ),
                at=now, by=scope.actor_id,
            )  # fmt: skip
            detail: dict[str, object] = {
                "bulletin": bulletin.id, "authorisation": given.id, "recipients": len(to), "fields": list(fields),
                "photo": new.photo_id,
            }  # fmt: skip
            if anew is not None:
                detail["said"] = "shows only the child"  # by whoever publishes; nothing looked for faces
            self._note(conn, scope.actor_id, "bulletin.published", case_id, detail)
            self._tell(conn, bulletin, to, now)
            seen = self._seen(conn, bulletin, scope, whole=True)
        return seen

    def take_down(self, bulletin_id: str, reason: str, scope: AccessScope) -> BulletinSeen:
        """Take down what the caller's organisation published; taken down before, nothing changes.

        Raises:
            NotFound: there is none, or another partner published it.
        """
        scope.require(Permission.CASES_WRITE)
        now = self._clock()
        with self._database.write() as conn:
            bulletin = bulletins.get(conn, bulletin_id)
            if bulletin is None or bulletin.issuer_id != scope.partner_id:
                raise NotFound("bulletin")
            take_down(conn, bulletin, reason, now, by=scope.actor_id, random_bytes=self._random)
            seen = self._seen(conn, _again(conn, bulletin), scope, whole=True)
        return seen

    def read(self, bulletin_id: str, scope: AccessScope) -> BulletinSeen:
        """Return a bulletin that was published to the caller, or by him; the read stands in the owner's log.

        Raises:
            NotFound: there is none, or it is of others.
        """
        scope.require(Permission.CASES_READ)
        now = self._clock()
        with self._database.write() as conn:
            bulletin = self._standing(conn, bulletin_id, scope, now)
            seen = self._seen(conn, bulletin, scope, whole=True)
            self._note(conn, scope.actor_id, "bulletin.read", bulletin.case_id, {"bulletin": bulletin_id})
            if seen.content is not None and not seen.own:
                bulletins.note_read(conn, bulletin_id, scope.partner_id, now)
        return seen

    def photo(self, bulletin_id: str, scope: AccessScope) -> PhotoContent:
        """Return the photo of a bulletin; the read stands in the owner's log.

        Raises:
            NotPermitted: the caller may not read names, and a face is one.
            NotFound: there is none, it is of others, or it was taken down.
        """
        scope.require(Permission.CASES_READ)
        scope.require(Permission.NAMES_READ)
        now = self._clock()
        found = None
        with self._database.write() as conn:
            bulletin = self._standing(conn, bulletin_id, scope, now)
            if not _over(bulletin, scope):
                found = bulletins.photo_of(conn, bulletin)
                self._note(conn, scope.actor_id, "bulletin.photo_read", bulletin.case_id, {"bulletin": bulletin_id})
        # What was found to be over is taken down for good, also when there is nothing to return.
        if found is None:
            raise NotFound("photo")
        return found

    def page(
        self,
        scope: AccessScope,
        *,
        direction: Direction,
        live_only: bool,
        case_id: str | None,
        after: str | None,
        limit: int,
    ) -> tuple[list[BulletinSeen], str | None]:
        """Return bulletins to or from the caller's organisation in id order, without what they show; and the last id
        where there are more.
        """
        scope.require(Permission.CASES_READ)
        now = self._clock()
        with self._database.write() as conn:
            incoming = direction == "incoming"
            rows = bulletins.page(
                conn, recipient_id=scope.partner_id if incoming else None,
                # Of which case another one's bulletin is, nobody finds out by asking.
                issuer_id=None if incoming and case_id is None else scope.partner_id, case_id=case_id,
                live_only=live_only, after=after, limit=limit + 1,
            )  # fmt: skip
            for row in rows[:limit]:
                enforce(conn, row, now, random_bytes=self._random)
            seen = [self._seen(conn, _again(conn, row), scope, whole=False) for row in rows[:limit]]
            shown = [one for one in seen if not (live_only and one.over)]
            self._note(conn, scope.actor_id, "bulletins.listed", scope.partner_id, {"count": len(shown)})
        return shown, rows[limit - 1].id if len(rows) > limit else None

    def sweep(self) -> int:
        """Take down whatever no longer stands, of all cases; return how many recipients were told."""
        told, after = 0, None
        while True:
            with self._database.read() as conn:
                some = bulletins.live(conn, after=after, limit=_PAGE)
            if not some:
                break
            for one in some:
                with self._database.write() as conn:
                    told += enforce(conn, _again(conn, one), self._clock(), random_bytes=self._random)
            after = some[-1].id
        return told

    def _standing(self, conn: Connection, bulletin_id: str, scope: AccessScope, now: datetime) -> Bulletin:
        """Return a bulletin of which the caller may know, taken down if it no longer stands."""
        bulletin = bulletins.get(conn, bulletin_id)
        known = bulletin is not None and (
            bulletin.issuer_id == scope.partner_id or bulletin.receipt_of(scope.partner_id) is not None
        )
        if bulletin is None or not known:
            raise NotFound("bulletin")
        enforce(conn, bulletin, now, random_bytes=self._random)
        return _again(conn, bulletin)

    def _seen(self, conn: Connection, bulletin: Bulletin, scope: AccessScope, *, whole: bool) -> BulletinSeen:
        own, over = bulletin.issuer_id == scope.partner_id, _over(bulletin, scope)
        given = authorisations.get(conn, bulletin.authorisation_id)
        issuer = partners.get_partner(conn, bulletin.issuer_id)
        reads = whole and not over and Permission.NAMES_READ in scope.permissions
        return BulletinSeen(
            bulletin,
            bulletins.content_of(conn, bulletin) if reads else None,
            "" if issuer is None else issuer.name,
            None if given is None else given.expires_at,
            own,
            over,
            tuple(knowing.alerts_of_subject(conn, "bulletin", bulletin.id)) if own else (),
        )

    def _recipients(
        self, conn: Connection, case: Case, given: Authorisation, wanted: Sequence[str], now: datetime
    ) -> list[Partner]:
        scope = PublicationScope.read(given.scope)
        found = []
        for partner_id in dict.fromkeys(wanted):
            partner = partners.get_partner(conn, partner_id)
            if partner is None or not partner.active or partner.kind == "operator":
                raise NotFound("partner")
            if partner.id == case.owner_id:
                raise InvalidRecord("recipients", "name your own organisation")
            if not scope.covers(partner):
                raise InvalidRecord("recipients", "name a partner that the authorisation does not cover")
            if not agreements.agreed(conn, case.owner_id, partner.id, now):
                raise NoAgreement
            if not agreed_to(conn, case.id, partner):
                raise NotAgreedTo
            found.append(partner)
        return found

    def _tell(self, conn: Connection, bulletin: Bulletin, to: Sequence[Partner], now: datetime) -> None:
        issuer = partners.get_partner(conn, bulletin.issuer_id)
        for partner in to:
            occasion = Occasion(
                kind="bulletin", event="published", priority="standard", same=(bulletin.id,), rule=_RULE,
                subject_id=bulletin.id, other_organisation=None if issuer is None else issuer.name,
                due_at=deadlines_of(partner, "standard", now).due_at,
            )  # fmt: skip
            raise_alert(conn, partner, occasion, now, self._random)

    def _note(
        self, conn: Connection, actor: str, action: str, subject: str, detail: dict[str, object] | None = None
    ) -> None:
        audit.append(conn, at=self._clock(), actor=actor, action=action, subject=subject, detail=detail)


def _over(bulletin: Bulletin, scope: AccessScope) -> bool:
    receipt = bulletin.receipt_of(scope.partner_id)
    ended = bulletin.issuer_id != scope.partner_id and (receipt is None or receipt.ended_at is not None)
    return bulletin.taken_down_at is not None or ended


def _again(conn: Connection, bulletin: Bulletin) -> Bulletin:
    found = bulletins.get(conn, bulletin.id)
    assert found is not None
    return found


__all__ = ["BulletinSeen", "BulletinService", "Direction", "Publication"]
