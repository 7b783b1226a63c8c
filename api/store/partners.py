"""Who takes part, for which areas are they responsible, and with which keys do they come?"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from api.store import keys
from api.store.errors import RowMissing
from api.store.tables import api_keys, jurisdictions, partners
from api.store.types import plain_json
from matcher.errors import InvalidRecord


@dataclass(frozen=True, slots=True)
class Partner:
    """An organisation or unit that takes part.

    Attributes:
        kind: e.g. "ahtu", "ngo", "shelter", "coordination".
        country: ISO 3166-1 alpha-2.
        language: BCP 47, of its messages.
        webhook_url: None also after the receiver answered 410 Gone.
        active: an inactive partner is told nothing and may do nothing.
        faces: whether faces in photos of its cases may be compared.
        areas: the areas it is responsible for, in order; each covers every path below it.
        residency: ISO 3166-1 alpha-2, the country in which its records must be kept; None for no demand.
        time_zone: IANA name.
        office_hours: see `api.partners.office_hours`; None for always open.
        channels: of "webhook", "email" and "inbox", the one it likes best first; None for every contact there is.
        deadlines: see `api.alerts.deadlines`; None for the usual ones.
        quiet: see `api.alerts.quiet`; None where everything is sent at once.
    """

    id: str
    name: str
    kind: str
    country: str
    language: str
    email: str | None
    webhook_url: str | None
    webhook_secret: str | None = field(repr=False)
    active: bool
    created_at: datetime
    faces: bool = True
    areas: tuple[str, ...] = ()
    residency: str | None = None
    time_zone: str | None = None
    office_hours: dict[str, list[list[str]]] | None = None
    channels: tuple[str, ...] | None = None
    deadlines: dict[str, dict[str, int]] | None = None
    quiet: dict[str, Any] | None = None

    def messages_go_by(self) -> list[str]:
        """Return the channels on which messages are sent out, in order; the inbox needs no message."""
        there = {"webhook": self.webhook_url, "email": self.email}
        wanted = there if self.channels is None else self.channels
        return [channel for channel in wanted if there.get(channel)]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key by which a partner's software comes in; only the hash of its secret is kept.

    Attributes:
        created_by: the person, key or command that made it; None of a partner's first key.
        last_used_on: the day in UTC, None when it never came.
        previous_hash: of the secret before the last rotation, taken until `previous_until`.
    """

    id: str
    partner_id: str
    secret_hash: str = field(repr=False)
    label: str
    permissions: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    created_by: str | None = None
    last_used_on: date | None = None
    previous_hash: str | None = field(default=None, repr=False)
    previous_until: datetime | None = None

    def opens(self, secret_hash: str, now: datetime) -> bool:
        """Tell whether the secret with this hash is good for the key now."""
        replaced = secret_hash != self.secret_hash
        if replaced and (secret_hash != self.previous_hash or not self.previous_until or now >= self.previous_until):
            return False
        return self.usable(now)

    def usable(self, now: datetime) -> bool:
        """Tell whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def area_prefixes(area: str) -> list[str]:
    """Return an area and every area that contains it, widest first: `IN/WB` gives `["IN", "IN/WB"]`.

    Raises:
        InvalidRecord: the path is empty or has an empty part.
    """
    parts = area.split("/")
    if not all(part.strip() for part in parts):
        raise InvalidRecord("area", "is not a path of named parts")
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def add_partner(
    conn: Connection,
    *,
    partner_id: str,
    name: str,
    kind: str,
    country: str,
    language: str,
    at: datetime,
    areas: Sequence[str] = (),
    email: str | None = None,
    webhook_url: str | None = None,
    webhook_secret: str | None = None,
    active: bool = True,
    residency: str | None = None,
    time_zone: str | None = None,
    office_hours: dict[str, list[list[str]]] | None = None,
    channels: Sequence[str] | None = None,
) -> Partner:
    """Add a partner with its areas.

    Raises:
        InvalidRecord: an area is not a path.
    """
    _check_paths(areas)
    row = {
        "id": partner_id,
        "name": name,
        "kind": kind,
        "country": country,
        "language": language,
        "active": active,
        "created_at": at,
        "residency": residency,
        "time_zone": time_zone,
        "office_hours": office_hours,
        "channels": None if channels is None else list(channels),
    }
    conn.execute(insert(partners).values(**row))
    keys.add_partner_key(conn, partner_id, at)
    set_contact(conn, partner_id, email=email, webhook_url=webhook_url, webhook_secret=webhook_secret)
    _set_areas(conn, partner_id, areas)
    return _require(conn, partner_id)


def change_partner(
    conn: Connection, partner_id: str, values: Mapping[str, object], areas: Sequence[str] | None = None
) -> Partner:
    """Replace some of what is kept of a partner.

    Args:
        values: column -> what it holds now; contacts are set by `set_contact`.
        areas: those it is responsible for now; None for no change.
    Raises:
        RowMissing: there is no such partner.
        InvalidRecord: an area is not a path.
    """
    _check_paths(areas or ())
    _require(conn, partner_id)
    if values:
        conn.execute(update(partners).where(partners.c.id == partner_id).values(**values))
    if areas is not None:
        conn.execute(delete(jurisdictions).where(jurisdictions.c.partner_id == partner_id))
        _set_areas(conn, partner_id, areas)
    return _require(conn, partner_id)


def get_partner(conn: Connection, partner_id: str) -> Partner | None:
    """Return a partner, None if there is none of that id."""
    return next(iter(_with_areas(conn, [partner_id])), None)


def list_partners(
    conn: Connection,
    *,
    active_only: bool = False,
    kind: str | None = None,
    country: str | None = None,
    area: str | None = None,
    after: str | None = None,
    limit: int | None = None,
) -> list[Partner]:
    """Return the partners in id order.

    Args:
        kind, country: only these; None for any.
        area: only those responsible for this area or for one that contains it.
        after: the last id of the page before.
        limit: at most so many; None for all.
    """
    statement = select(partners.c.id).order_by(partners.c.id).limit(limit)
    if active_only:
        statement = statement.where(partners.c.active)
    if kind is not None:
        statement = statement.where(partners.c.kind == kind)
    if country is not None:
        statement = statement.where(partners.c.country == country)
    if area is not None:
        covering = select(jurisdictions.c.partner_id).where(jurisdictions.c.area.in_(area_prefixes(area)))
        statement = statement.where(partners.c.id.in_(covering))
    if after is not None:
        statement = statement.where(partners.c.id > after)
    return _with_areas(conn, list(conn.scalars(statement)))


def partners_covering(
    conn: Connection, area: str, kinds: Collection[str] | None = None, *, active_only: bool = True
) -> list[Partner]:
    """Return the partners responsible for an area or for one that contains it, in id order.

    Args:
        area: a path such as `IN/WB/south-24-parganas`.
        kinds: only partners of these kinds; None for all.
        active_only: only those that take part.
    Raises:
        InvalidRecord: the area is not a path.
    """
    statement = (
        select(partners.c.id)
        .join(jurisdictions, jurisdictions.c.partner_id == partners.c.id)
        .where(jurisdictions.c.area.in_(area_prefixes(area)))
        .distinct()
    )
    if active_only:
        statement = statement.where(partners.c.active)
    if kinds is not None:
        statement = statement.where(partners.c.kind.in_(list(kinds)))
    return _with_areas(conn, list(conn.scalars(statement)))


def set_contact(
    conn: Connection, partner_id: str, *, email: str | None, webhook_url: str | None, webhook_secret: str | None
) -> Partner:
    """Replace where a partner is told.

    Raises:
        RowMissing: there is no such partner.
    """
    if conn.scalar(select(partners.c.id).where(partners.c.id == partner_id)) is None:
        raise RowMissing("partners")
    contacts = {"email": email, "webhook_url": webhook_url, "webhook_secret": webhook_secret}
    sealed = keys.seal_for_partner(conn, partner_id, _place(partner_id), plain_json(contacts).encode())
    conn.execute(update(partners).where(partners.c.id == partner_id).values(contacts=sealed))
    return _require(conn, partner_id)


def disable_webhook(conn: Connection, partner_id: str, called: str) -> bool:
    """Forget a partner's webhook address because its owner has answered 410 Gone; the secret is kept.

    Where it was one of the channels that the partner named, the others are left; the inbox is always there.

    Args:
        called: the address that answered.
    Returns:
        Whether it was forgotten; False, and nothing is changed, where the partner has another address by now.
    Raises:
        RowMissing: there is no such partner.
    """
    partner = _require(conn, partner_id)
    if partner.webhook_url != called:
        return False
    set_contact(conn, partner_id, email=partner.email, webhook_url=None, webhook_secret=partner.webhook_secret)
    if partner.channels and "webhook" in partner.channels:
        left = [channel for channel in partner.channels if channel != "webhook"] or ["inbox"]
        change_partner(conn, partner_id, {"channels": left})
    return True


def set_active(conn: Connection, partner_id: str, active: bool) -> Partner:
    """Let a partner take part, or no longer.

    Raises:
        RowMissing: there is no such partner.
    """
    return change_partner(conn, partner_id, {"active": active})


def set_faces(conn: Connection, partner_id: str, faces: bool) -> Partner:
    """Let faces in photos of a partner's cases be compared, or no longer.

    Raises:
        RowMissing: there is no such partner.
    """
    return change_partner(conn, partner_id, {"faces": faces})


def add_key(
    conn: Connection,
    *,
    key_id: str,
    partner_id: str,
    secret_hash: str,
    label: str,
    permissions: Sequence[str],
    at: datetime,
    expires_at: datetime | None = None,
    created_by: str | None = None,
) -> ApiKey:
    """Add a key; the secret itself never reaches the database."""
    row = {
        "id": key_id,
        "partner_id": partner_id,
        "secret_hash": secret_hash,
        "label": label,
        "permissions": list(permissions),
        "created_at": at,
        "expires_at": expires_at,
        "created_by": created_by,
    }
    conn.execute(insert(api_keys).values(**row))
    return _key(conn.execute(select(api_keys).where(api_keys.c.id == key_id)).one())


def find_key(conn: Connection, secret_hash: str) -> tuple[ApiKey, Partner] | None:
    """Return the key whose secret, or the one before its last rotation, has this hash; and its partner.

    Revoked and expired keys are returned too: the caller asks `opens(hash, now)` and `partner.active`, so that a
    refusal can be audited under the right name.
    """
    either = or_(api_keys.c.secret_hash == secret_hash, api_keys.c.previous_hash == secret_hash)
    row = conn.execute(select(api_keys).where(either)).first()
    if row is None:
        return None
    return _key(row), _require(conn, row.partner_id)


def list_keys(conn: Connection, partner_id: str, *, after: str | None = None, limit: int | None = None) -> list[ApiKey]:
    """Return the keys of a partner in id order."""
    statement = select(api_keys).where(api_keys.c.partner_id == partner_id).order_by(api_keys.c.id).limit(limit)
    rows = conn.execute(statement if after is None else statement.where(api_keys.c.id > after))
    return [_key(row) for row in rows]


def get_key(conn: Connection, key_id: str) -> ApiKey | None:
    """Return a key, None if there is none of that id."""
    row = conn.execute(select(api_keys).where(api_keys.c.id == key_id)).first()
    return None if row is None else _key(row)


def rotate_key(conn: Connection, key_id: str, secret_hash: str, *, previous_until: datetime) -> ApiKey:
    """Give a key another secret; the one before is taken until `previous_until`, and no earlier one any longer.

    Raises:
        RowMissing: there is no such key.
    """
    values = {"previous_hash": api_keys.c.secret_hash, "previous_until": previous_until, "secret_hash": secret_hash}
    conn.execute(update(api_keys).where(api_keys.c.id == key_id).values(**values))
    found = get_key(conn, key_id)
    if found is None:
        raise RowMissing("api_keys")
    return found


def note_key_use(conn: Connection, key_id: str, day: date) -> None:
    """Note the day on which a key came last."""
    conn.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_on=day))


def revoke_key(conn: Connection, key_id: str, at: datetime) -> bool:
    """Revoke a key; the first revocation counts. False if there is no such key."""
    statement = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    conn.execute(statement.values(revoked_at=at))
    return conn.execute(select(api_keys.c.id).where(api_keys.c.id == key_id)).first() is not None


def _with_areas(conn: Connection, partner_ids: list[str]) -> list[Partner]:
    areas: dict[str, list[str]] = {}
    statement = select(jurisdictions).where(jurisdictions.c.partner_id.in_(partner_ids))
    for row in conn.execute(statement.order_by(jurisdictions.c.area)):
        areas.setdefault(row.partner_id, []).append(row.area)
    rows = conn.execute(select(partners).where(partners.c.id.in_(partner_ids)).order_by(partners.c.id))
    return [_partner(conn, row, tuple(areas.get(row.id, ()))) for row in rows.all()]


def _partner(conn: Connection, row: Row[Any], areas: tuple[str, ...]) -> Partner:
    values = row._asdict()
    contacts = json.loads(keys.unseal_for_partner(conn, _place(row.id), values.pop("contacts")))
    channels = values.pop("channels")
    return Partner(**values, **contacts, areas=areas, channels=None if channels is None else tuple(channels))


def _check_paths(areas: Sequence[str]) -> None:
    for area in areas:
        area_prefixes(area)


def _set_areas(conn: Connection, partner_id: str, areas: Sequence[str]) -> None:
    if areas:
        conn.execute(insert(jurisdictions), [{"partner_id": partner_id, "area": area} for area in sorted(set(areas))])


def _place(partner_id: str) -> str:
    return f"partners.contacts:{partner_id}"


def _require(conn: Connection, partner_id: str) -> Partner:
    found = get_partner(conn, partner_id)
    if found is None:
        raise RowMissing("partners")
    return found


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(**{**row._asdict(), "permissions": tuple(row.permissions)})
