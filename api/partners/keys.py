"""With which keys does a partner's software come, what may each do, and until when? Secrets are shown once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from api.access import CLIENT, GUARDED, OPERATOR, PERMISSIONS, AccessScope, NotFound, Permission
from api.ids import Clock, RandomBytes, new_id, new_secret, secret_hash
from api.people.roles import CASE_ROLES
from api.store import Connection, Database, audit, partners
from api.store.partners import ApiKey
from matcher.errors import InvalidRecord, SandhanError
from matcher.names.one_line import is_one_line

USUAL_LIFE = timedelta(days=365)
LONGEST_LIFE = timedelta(days=731)  # two years, one of them a leap year
LONGEST_GRACE_DAYS = 7


class KeyOver(SandhanError):
    """A key that is revoked or has expired gets no other secret."""

    code = "key_over"

    def __init__(self) -> None:
        super().__init__("this key is revoked or has expired; make another one")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, or one with another secret; the secret is never shown again."""

    key: ApiKey
    secret: str = field(repr=False)


class KeyService:
    """Makes, lists, rotates and revokes the keys of the caller's own partner."""

    def __init__(self, database: Database, clock: Clock, random_bytes: RandomBytes) -> None:
        self._database, self._clock, self._random = database, clock, random_bytes

    def list(self, scope: AccessScope) -> list[ApiKey]:
        """Return the keys of the caller's partner, oldest first; revoked ones too."""
        scope.require(Permission.KEYS_MANAGE)
        with self._database.write() as conn:
            found = partners.list_keys(conn, scope.partner_id)
            self._note_listed(conn, scope, len(found))
        return found

    def page(self, scope: AccessScope, *, after: str | None, limit: int) -> tuple[Sequence[ApiKey], str | None]:
        """Return a page of the keys of the caller's partner, oldest first, and the last id where there are more."""
        scope.require(Permission.KEYS_MANAGE)
        with self._database.write() as conn:
            rows = partners.list_keys(conn, scope.partner_id, after=after, limit=limit + 1)
            self._note_listed(conn, scope, min(len(rows), limit))
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    def create(
        self,
        label: str,
        scope: AccessScope,
        *,
        permissions: Sequence[str] | None = None,
        expires_at: datetime | None = None,
        key_id: str | None = None,
    ) -> NewKey:
        """Make a key.

        Args:
            permissions: words of `api.access.Permission`; when left out, what software usually needs: no names.
            expires_at: in a year when left out, in two at the latest.
            key_id: reserved for this request (`api.idempotency`). A key that stands under it was made by an earlier
                attempt that broke off: it gets another secret, since nobody has seen the first.
        Raises:
            NotPermitted: the caller manages no keys, or lacks one of `api.access.GUARDED` that is wanted.
            InvalidRecord: a permission that keys of this partner cannot have, or a time that cannot be.
        """
        scope.require(Permission.KEYS_MANAGE)
        label, now = label.strip(), self._clock()
        if not 1 < len(label) <= 80 or not is_one_line(label):
            raise InvalidRecord("label", "must have 2 to 80 characters that can be printed")
        allowed = grantable(scope.kind)
        wanted = tuple(dict.fromkeys(usual(scope.kind) if permissions is None else permissions))
        if not wanted or not set(wanted) <= allowed:
            words = ", ".join(word for word in Permission if word in allowed)
            raise InvalidRecord("permissions", f"must be one or more of {words}")
        _require_guarded(wanted, scope)
        until = expires_at or now + USUAL_LIFE
        if until.utcoffset() is None or not now < until <= now + LONGEST_LIFE:
            raise InvalidRecord("expires_at", "must lie within the next two years, and say its time zone")
        secret = new_secret(self._random)
        with self._database.write() as conn:
            partner = partners.get_partner(conn, scope.partner_id)
            if partner is None or not partner.active:
                raise NotFound("partner")
            if key_id is not None and partners.get_key(conn, key_id) is not None:
                return NewKey(partners.rotate_key(conn, key_id, secret_hash(secret), previous_until=now), secret)
            key = partners.add_key(
                conn,
                key_id=key_id or new_id("key", now, self._random),
                partner_id=partner.id,
                secret_hash=secret_hash(secret),
                label=label,
                permissions=[str(word) for word in wanted],
                at=now,
                expires_at=until,
                created_by=scope.actor_id,
            )
            detail: dict[str, object] = {"permissions": list(key.permissions)}
            audit.append(conn, at=now, actor=scope.actor_id, action="key.created", subject=key.id, detail=detail)
        return NewKey(key, secret)

    def rotate(self, key_id: str, scope: AccessScope, *, grace_days: int = 1) -> NewKey:
        """Give a key another secret; the one before is taken for some days more.

        Raises:
            NotFound: there is no such key, or it is another partner's.
            KeyOver: it is revoked or has expired.
            NotPermitted: the key has one of `api.access.GUARDED` that the caller lacks, who would see its secret.
            InvalidRecord: more than seven days of grace.
        """
        scope.require(Permission.KEYS_MANAGE)
        if not 0 <= grace_days <= LONGEST_GRACE_DAYS:
            raise InvalidRecord("grace_days", f"must be 0 to {LONGEST_GRACE_DAYS}")
        now, secret = self._clock(), new_secret(self._random)
        with self._database.write() as conn:
            found = self._own(conn, key_id, scope)
            if not found.usable(now):
                raise KeyOver
            _require_guarded(found.permissions, scope)
            until = now + timedelta(days=grace_days)
            key = partners.rotate_key(conn, key_id, secret_hash(secret), previous_until=until)
            detail: dict[str, object] = {"grace_days": grace_days}
            audit.append(conn, at=now, actor=scope.actor_id, action="key.rotated", subject=key_id, detail=detail)
        return NewKey(key, secret)

    def revoke(self, key_id: str, scope: AccessScope) -> None:
        """Take a key out of use, old and new secret; the first time counts.

        Raises:
            NotFound: there is no such key, or it is another partner's.
        """
        scope.require(Permission.KEYS_MANAGE)
        now = self._clock()
        with self._database.write() as conn:
            if self._own(conn, key_id, scope).revoked_at is not None:
                return
            partners.revoke_key(conn, key_id, now)
            audit.append(conn, at=now, actor=scope.actor_id, action="key.revoked", subject=key_id)

    def _note_listed(self, conn: Connection, scope: AccessScope, count: int) -> None:
        audit.append(
            conn, at=self._clock(), actor=scope.actor_id, action="keys.listed", subject=scope.partner_id,
            detail={"count": count},
        )  # fmt: skip

    @staticmethod
    def _own(conn: Connection, key_id: str, scope: AccessScope) -> ApiKey:
        key = partners.get_key(conn, key_id)
        if key is None or key.partner_id != scope.partner_id:
            raise NotFound("key")
        return key


def _require_guarded(words: Sequence[str], scope: AccessScope) -> None:
    for permission in Permission:
        if permission in GUARDED and permission in words:
            scope.require(permission)


def grantable(partner_kind: str) -> frozenset[Permission]:
    """Return what a key of such a partner may be given: of cases what a role of casework may, or of operating."""
    if partner_kind == "operator":
        return frozenset(OPERATOR)
    return frozenset().union(*(PERMISSIONS[role] for role in CASE_ROLES))


def usual(partner_kind: str) -> tuple[Permission, ...]:
    """Return what a key gets when nothing is said: never names."""
    return (Permission.PARTNERS_READ,) if partner_kind == "operator" else CLIENT
