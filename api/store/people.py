"""Who acts for a partner, by which password, second factor, session or token, and how often did a sign-in fail?"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from api.store.errors import RowMissing
from api.store.people_tables import (
    people,
    person_sessions,
    person_tokens,
    recovery_codes,
    sign_in_strikes,
)
from api.store.portable import upsert_into


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as stored.

    Attributes:
        name_sealed, email_sealed, totp_sealed: as the sealer of the people gave them.
        email_fingerprint: keyed hash of the casefolded address.
        totp_last_step: the step of thirty seconds whose code was used last.
        oidc_fingerprint: keyed hash of issuer and subject of the linked account; after a reset `barred_account`, until
            the person has enrolled anew.
    """

    id: str
    partner_id: str
    roles: tuple[str, ...]
    name_sealed: bytes = field(repr=False)
    email_sealed: bytes = field(repr=False)
    email_fingerprint: str = field(repr=False)
    language: str
    active: bool
    created_at: datetime
    created_by: str
    password_hash: str | None = field(default=None, repr=False)
    totp_sealed: bytes | None = field(default=None, repr=False)
    totp_last_step: int | None = None
    oidc_fingerprint: str | None = field(default=None, repr=False)

    @property
    def linked(self) -> bool:
        """Tell whether an account of another issuer opens for the person."""
        return self.oidc_fingerprint not in (None, barred_account(self.id))


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token of one use; see `people_tables.TOKEN_KINDS`."""

    token_hash: str = field(repr=False)
    person_id: str
    kind: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    totp_sealed: bytes | None = field(default=None, repr=False)

    def usable(self, now: datetime) -> bool:
        """Tell whether the token is neither used nor expired."""
        return self.used_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session of a person who signed in."""

    id: str
    token_hash: str = field(repr=False)
    person_id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class StrikeRow:
    """What failed sign-ins of one address left; `recent` holds their times, oldest first."""

    recent: tuple[datetime, ...] = ()
    lockouts: int = 0
    locked_at: datetime | None = None
    locked_until: datetime | None = None


def add_person(conn: Connection, person: PersonRow) -> PersonRow:
    """Add a person.

    Raises:
        ConstraintViolated: the address belongs to another one.
    """
    columns = {name: getattr(person, name) for name in people.c.keys()}  # noqa: SIM118 - a collection, not a dict
    conn.execute(insert(people).values(**columns | {"roles": list(person.roles)}))
    return require_person(conn, person.id)


def get_person(conn: Connection, person_id: str) -> PersonRow | None:
    """Return a person, None if there is none of that id."""
    return _person(conn.execute(select(people).where(people.c.id == person_id)).first())


def require_person(conn: Connection, person_id: str) -> PersonRow:
    """Return a person.

    Raises:
        RowMissing: there is none of that id.
    """
    found = get_person(conn, person_id)
    if found is None:
        raise RowMissing("people")
    return found


def find_by_email(conn: Connection, fingerprint: str) -> PersonRow | None:
    """Return the person whose address has this keyed hash."""
    return _person(conn.execute(select(people).where(people.c.email_fingerprint == fingerprint)).first())


def find_by_account(conn: Connection, fingerprint: str) -> PersonRow | None:
    """Return the person to whom an account of another issuer is linked."""
    return _person(conn.execute(select(people).where(people.c.oidc_fingerprint == fingerprint)).first())


def list_people(
    conn: Connection, partner_id: str, *, after: str | None = None, limit: int | None = None
) -> list[PersonRow]:
    """Return the people of a partner in id order."""
    statement = select(people).where(people.c.partner_id == partner_id).order_by(people.c.id).limit(limit)
    rows = conn.execute(statement if after is None else statement.where(people.c.id > after))
    return [person for row in rows if (person := _person(row)) is not None]


def change_person(conn: Connection, person_id: str, **values: object) -> PersonRow:
    """Change columns of a person.

    Raises:
        RowMissing: there is no such person.
    """
    if "roles" in values:
        values["roles"] = list(values["roles"])  # type: ignore[call-overload]
    conn.execute(update(people).where(people.c.id == person_id).values(**values))
    return require_person(conn, person_id)


def use_step(conn: Connection, person_id: str, step: int) -> bool:
    """Note that the code of a step was used; False when it, or a later one, was used before."""
    fresh = or_(people.c.totp_last_step.is_(None), people.c.totp_last_step < step)
    statement = update(people).where(people.c.id == person_id, fresh).values(totp_last_step=step)
    return conn.execute(statement).rowcount == 1


def replace_recovery_codes(conn: Connection, person_id: str, hashes: Collection[str]) -> None:
    """Forget a person's recovery codes and keep the hashes of these."""
    conn.execute(delete(recovery_codes).where(recovery_codes.c.person_id == person_id))
    if hashes:
        conn.execute(insert(recovery_codes), [{"person_id": person_id, "code_hash": code} for code in hashes])


def use_recovery_code(conn: Connection, person_id: str, code_hash: str, at: datetime) -> bool:
    """Use a recovery code up; False when there is no such code or it was used before."""
    mine = (recovery_codes.c.person_id == person_id, recovery_codes.c.code_hash == code_hash)
    statement = update(recovery_codes).where(*mine, recovery_codes.c.used_at.is_(None)).values(used_at=at)
    return conn.execute(statement).rowcount == 1


def recovery_codes_left(conn: Connection, person_id: str) -> int:
    """Return how many recovery codes a person has not used."""
    left = (recovery_codes.c.person_id == person_id, recovery_codes.c.used_at.is_(None))
    return conn.scalar(select(func.count()).select_from(recovery_codes).where(*left)) or 0


def add_token(
    conn: Connection, *, token_hash: str, person_id: str, kind: str, at: datetime, expires_at: datetime
) -> None:
    """Add a token of one use."""
    row = {"token_hash": token_hash, "person_id": person_id, "kind": kind, "created_at": at, "expires_at": expires_at}
    conn.execute(insert(person_tokens).values(**row))


def find_token(conn: Connection, token_hash: str, kinds: Collection[str]) -> TokenRow | None:
    """Return the token with this hash if it is of one of these kinds; used and expired ones too."""
    statement = select(person_tokens).where(
        person_tokens.c.token_hash == token_hash, person_tokens.c.kind.in_(list(kinds))
    )
    row = conn.execute(statement).first()
    return None if row is None else TokenRow(**row._asdict())


def keep_token_secret(conn: Connection, token_hash: str, totp_sealed: bytes) -> None:
    """Keep the secret of a second factor that is being set up."""
    statement = update(person_tokens).where(person_tokens.c.token_hash == token_hash)
    conn.execute(statement.values(totp_sealed=totp_sealed))


def use_token(conn: Connection, token_hash: str, at: datetime) -> bool:
    """Use a token up; False when it was used before."""
    unused = (person_tokens.c.token_hash == token_hash, person_tokens.c.used_at.is_(None))
    return conn.execute(update(person_tokens).where(*unused).values(used_at=at)).rowcount == 1


def void_tokens(conn: Connection, person_id: str) -> None:
    """Forget every token of a person."""
    conn.execute(delete(person_tokens).where(person_tokens.c.person_id == person_id))


def add_session(
    conn: Connection, *, session_id: str, token_hash: str, person_id: str, at: datetime, expires_at: datetime
) -> None:
    """Add a session that begins now."""
    row = {"id": session_id, "token_hash": token_hash, "person_id": person_id, "expires_at": expires_at}
    conn.execute(insert(person_sessions).values(**row, created_at=at, last_used_at=at))


def find_session(conn: Connection, token_hash: str) -> tuple[SessionRow, PersonRow] | None:
    """Return the session with this hash and its person; ended ones too."""
    row = conn.execute(select(person_sessions).where(person_sessions.c.token_hash == token_hash)).first()
    if row is None:
        return None
    return SessionRow(**row._asdict()), require_person(conn, row.person_id)


def touch_session(conn: Connection, session_id: str, at: datetime) -> None:
    """Note that a session was used; an ended one stays ended."""
    statement = update(person_sessions).where(person_sessions.c.id == session_id)
    conn.execute(statement.values(last_used_at=at))


def revoke_session(conn: Connection, session_id: str, at: datetime) -> None:
    """End a session."""
    going = (person_sessions.c.id == session_id, person_sessions.c.revoked_at.is_(None))
    conn.execute(update(person_sessions).where(*going).values(revoked_at=at))


def revoke_sessions(conn: Connection, person_id: str, at: datetime) -> int:
    """End every session of a person; return how many there were."""
    going = (
        person_sessions.c.person_id == person_id,
        person_sessions.c.revoked_at.is_(None),
        person_sessions.c.expires_at > at,
    )
    return conn.execute(update(person_sessions).where(*going).values(revoked_at=at)).rowcount


def get_strikes(conn: Connection, key: str) -> StrikeRow:
    """Return what failed sign-ins left under a key; empty when there were none."""
    row = conn.execute(select(sign_in_strikes).where(sign_in_strikes.c.key == key)).first()
    if row is None:
        return StrikeRow()
    recent = tuple(datetime.fromisoformat(text) for text in row.recent)
    return StrikeRow(recent, row.lockouts, row.locked_at, row.locked_until)


def put_strikes(conn: Connection, key: str, strikes: StrikeRow, at: datetime) -> None:
    """Keep what failed sign-ins left under a key."""
    values: dict[str, Any] = {
        "recent": [moment.isoformat() for moment in strikes.recent],
        "lockouts": strikes.lockouts,
        "locked_at": strikes.locked_at,
        "locked_until": strikes.locked_until,
        "updated_at": at,
    }
    statement = upsert_into(conn, sign_in_strikes).values(key=key, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))


def clear_strikes(conn: Connection, keys: Iterable[str]) -> None:
    """Forget failed sign-ins."""
    conn.execute(delete(sign_in_strikes).where(sign_in_strikes.c.key.in_(list(keys))))


KEPT = timedelta(days=3)
"""How long after their end sessions, tokens and failures are kept."""


def clear_strikes_under(conn: Connection, prefix: str) -> None:
    """Forget failed sign-ins under every key that begins so."""
    conn.execute(delete(sign_in_strikes).where(sign_in_strikes.c.key.startswith(prefix, autoescape=True)))


def forget_before(conn: Connection, at: datetime) -> None:
    """Forget what nobody can use any more: sessions, tokens and strikes that ended before a moment."""
    conn.execute(delete(person_sessions).where(person_sessions.c.expires_at < at))
    conn.execute(delete(person_tokens).where(person_tokens.c.expires_at < at))
    conn.execute(delete(sign_in_strikes).where(sign_in_strikes.c.updated_at < at))


def _person(row: Row[Any] | None) -> PersonRow | None:
    return None if row is None else PersonRow(**{**row._asdict(), "roles": tuple(row.roles)})


def barred_account(person_id: str) -> str:
    """Return what stands in the place of an account's keyed hash while none may be linked: no hash is like it."""
    return f"reset:{person_id}"
