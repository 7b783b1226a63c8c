"""Who takes part? Partners, each with areas of responsibility and keys that are shown once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from api.access import CASE_WORK, OPERATOR, AccessScope, NotFound, Permission
from api.alerts.webhook import new_webhook_secret
from api.cases.photos import PhotoDesk
from api.entity_tags import PreconditionFailed
from api.ids import Clock, RandomBytes, new_id, new_secret, secret_hash
from api.partners.keys import USUAL_LIFE, usual
from api.partners.office_hours import Hours
from api.partners.rules import PARTNER_KINDS, Changes, PartnerRules, check_whole, resolve_area
from api.store import Connection, Database, audit, partners
from api.store.partners import Partner
from matcher.errors import InvalidRecord, SandhanError


class Unauthenticated(SandhanError):
    """No key, or one that is not valid (unknown, revoked and expired look the same)."""

    code = "unauthenticated"

    def __init__(self) -> None:
        super().__init__("sign in, or send a valid API key: 'Authorization: Bearer KEY' or 'X-API-Key: KEY'")


@dataclass(frozen=True, slots=True)
class NewPartner:
    """What the operator says of a new partner.

    Attributes:
        areas: gazetteer paths or names, widest first ("India, Assam").
        webhook_secret: one that the partner's receiver knows already; made when left out.
        permissions: of its first key, of `api.access.CASE_WORK`; when left out, what software usually needs: no names.
        residency, time_zone, office_hours, channels: see `api.store.partners.Partner`.
    """

    name: str
    kind: str
    country: str
    language: str = "en"
    areas: tuple[str, ...] = ()
    email: str | None = None
    webhook_url: str | None = None
    webhook_secret: str | None = field(default=None, repr=False)
    residency: str | None = None
    time_zone: str | None = None
    office_hours: Hours | None = None
    channels: Sequence[str] | None = None
    permissions: tuple[Permission, ...] | None = None


@dataclass(frozen=True, slots=True)
class Welcome:
    """A partner just registered, with the secrets that are never shown again."""

    partner: Partner
    api_key: str
    webhook_secret: str | None


class PartnerService:
    """Registers partners and knows callers by their keys."""

    def __init__(
        self,
        database: Database,
        desk: PhotoDesk,
        rules: PartnerRules,
        clock: Clock,
        random_bytes: RandomBytes,
    ) -> None:
        self._database, self._desk, self._rules = database, desk, rules
        self._clock, self._random = clock, random_bytes

    def register(self, new: NewPartner, scope: AccessScope, partner_id: str | None = None) -> Welcome:
        """Add a partner and its first key, which expires after a year.

        Args:
            partner_id: reserved for this request (`api.idempotency`). A partner that stands under it was stored by an
                earlier attempt that broke off: it gets another key, since nobody has seen the first.
        Raises:
            NotPermitted: the caller is not an operator.
            InvalidRecord: a field breaks its rule.
        """
        scope.require(Permission.PARTNERS_WRITE)
        permissions = tuple(dict.fromkeys(usual(new.kind) if new.permissions is None else new.permissions))
        if not permissions or not set(permissions) <= set(CASE_WORK):
            raise InvalidRecord("key_permissions", "must be one or more of " + ", ".join(CASE_WORK))
        until = self._clock() + USUAL_LIFE
        return self._add(new, actor=scope.actor_id, permissions=permissions, until=until, reserved=partner_id)

    def register_operator(self, name: str, country: str) -> Welcome:
        """Add an operator: by command on the machine itself, since nobody has a key before the first."""
        return self._add(NewPartner(name, "operator", country), actor="command-line", permissions=OPERATOR)

    def list(self, scope: AccessScope, *, everyone: bool = False) -> list[Partner]:
        """Return the partners that take part.

        Args:
            everyone: those too that no longer do; operators only.
        """
        scope.require(Permission.PARTNERS_WRITE if everyone else Permission.PARTNERS_READ)
        with self._database.read() as conn:
            return partners.list_partners(conn, active_only=not everyone)

    def page(
        self,
        scope: AccessScope,
        *,
        kind: str | None,
        country: str | None,
        area: str | None,
        after: str | None,
        limit: int,
    ) -> tuple[Sequence[Partner], str | None]:
        """Return a page of the partners that take part in id order, and the last id where there are more.

        Args:
            area: gazetteer path or names; those responsible for it, or for an area that contains it.
        Raises:
            InvalidRecord: there is no such area.
        """
        scope.require(Permission.PARTNERS_READ)
        path = None if area is None else resolve_area(area, "area")
        with self._database.read() as conn:
            rows = partners.list_partners(
                conn, active_only=True, kind=kind, country=country, area=path, after=after, limit=limit + 1
            )
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    def read(self, partner_id: str, scope: AccessScope) -> Partner:
        """Return one of the partners that take part; to an operator, also one that no longer does.

        Raises:
            NotFound: there is none.
        """
        scope.require(Permission.PARTNERS_READ)
        with self._database.read() as conn:
            found = partners.get_partner(conn, partner_id)
        if found is None or not (found.active or Permission.PARTNERS_WRITE in scope.permissions):
            raise NotFound("partner")
        return found

    def switch_faces(
        self,
        partner_id: str,
        faces: bool,
        scope: AccessScope,
        is_expected: Callable[[Partner], bool] = lambda _: True,
    ) -> Partner:
        """Let faces in photos of a partner's cases be compared, or no longer; off means that none is kept.

        Args:
            is_expected: tells whether the partner is still what the caller has read.
        Raises:
            NotPermitted: the caller is not an operator.
            NotFound: there is no such partner.
            PreconditionFailed: it is not what was expected; nothing was changed.
        """
        scope.require(Permission.PARTNERS_WRITE)
        with self._database.write() as conn:
            found = partners.get_partner(conn, partner_id)
            if found is None:
                raise NotFound("partner")
            if not is_expected(found):
                raise PreconditionFailed
            partner = partners.set_faces(conn, partner_id, faces)
            self._desk.follow_partner(conn, partner_id)
            action = "partner.faces_on" if faces else "partner.faces_off"
            audit.append(conn, at=self._clock(), actor=scope.actor_id, action=action, subject=partner_id)
        return partner

    def scope_of(self, secret: str) -> AccessScope:
        """Return the scope of the caller who holds a key.

        Raises:
            Unauthenticated: the key is unknown, revoked or expired, or its partner no longer takes part.
        """
        now, digest = self._clock(), secret_hash(secret)
        with self._database.read() as conn:
            found = partners.find_key(conn, digest)
        if found is None or not found[0].opens(digest, now) or not found[1].active:
            raise Unauthenticated
        key, partner = found
        if key.last_used_on != now.date():
            with self._database.write(ordered=False) as conn:
                partners.note_key_use(conn, key.id, now.date())
        return AccessScope(partner.id, key.id, partner.kind, partner.areas, frozenset(key.permissions))

    def _add(
        self,
        new: NewPartner,
        *,
        actor: str,
        permissions: Sequence[Permission],
        until: datetime | None = None,
        reserved: str | None = None,
    ) -> Welcome:
        if new.kind not in PARTNER_KINDS:
            raise InvalidRecord("kind", "is not one of " + ", ".join(PARTNER_KINDS))
        said = Changes(
            name=new.name, country=new.country, language=new.language, areas=new.areas, residency=new.residency,
            time_zone=new.time_zone, office_hours=new.office_hours, channels=new.channels, email=new.email,
            webhook_url=new.webhook_url,
        )  # fmt: skip
        kept = self._rules.checked(said)
        check_whole(kept, frozenset(kept))
        now = self._clock()
        secret = new_secret(self._random)
        detail: dict[str, object] = {"permissions": [str(permission) for permission in permissions]}
        webhook_secret = (new.webhook_secret or new_webhook_secret(self._random)) if new.webhook_url else None
        with self._database.write() as conn:
            begun = partners.get_partner(conn, reserved) if reserved else None
            if begun is not None:
                for key in partners.list_keys(conn, begun.id):
                    partners.revoke_key(conn, key.id, now)
                self._add_key(conn, begun, secret, permissions, until)
                audit.append(conn, at=now, actor=actor, action="partner.key_replaced", subject=begun.id, detail=detail)
                return Welcome(begun, secret, begun.webhook_secret)
            partner = partners.add_partner(
                conn,
                partner_id=reserved or new_id("partner", now, self._random),
                kind=new.kind,
                at=now,
                webhook_secret=webhook_secret,
                **kept,
            )
            self._add_key(conn, partner, secret, permissions, until)
            audit.append(conn, at=now, actor=actor, action="partner.registered", subject=partner.id, detail=detail)
        return Welcome(partner, secret, webhook_secret)

    def _add_key(
        self,
        conn: Connection,
        partner: Partner,
        secret: str,
        permissions: Sequence[Permission],
        until: datetime | None,
    ) -> None:
        now = self._clock()
        partners.add_key(
            conn,
            key_id=new_id("key", now, self._random),
            partner_id=partner.id,
            secret_hash=secret_hash(secret),
            label="first key",
            permissions=[str(permission) for permission in permissions],
            at=now,
            expires_at=until,
        )
