"""Who asked whom to help with a case, or to take it over, and how far is that?

Which step may follow which is not decided here (`api.care.referral_states`); a step that somebody else took meanwhile
is noticed by the version.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from api.store import changes, keys
from api.store.care_tables import referral_events, referrals
from api.store.errors import RowMissing, VersionConflict
from api.store.portable import chunks, hold_commit_order
from api.store.sealed_documents import open_document, seal_document
from api.store.tables import cases

OPEN = ("proposed", "accepted")
"""States of a referral that is not over."""


@dataclass(frozen=True, slots=True)
class Referral:
    """One partner asks another one to help with a case ("referral") or to take it over ("transfer").

    Attributes:
        reason: a word of a list; what the receiver learns before he accepts.
        version: 1 at first, one more at every step.
        with_sources: a transfer hands over who reported and who said what.
        note: the proposer's words; None also once the case was erased.
    """

    id: str
    case_id: str
    kind: str
    reason: str
    proposer_id: str
    receiver_id: str
    state: str
    version: int
    with_sources: bool
    note: str | None = field(repr=False)
    created_at: datetime
    created_by: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ReferralEvent:
    """A step of a referral: by which partner, through whom, and the state it led to."""

    event: str
    state: str
    reason: str | None
    partner_id: str
    at: datetime
    by: str


def add(
    conn: Connection,
    *,
    referral_id: str,
    case_id: str,
    kind: str,
    reason: str,
    proposer_id: str,
    receiver_id: str,
    with_sources: bool,
    note: str | None,
    at: datetime,
    by: str,
) -> Referral:
    """Store a proposal.

    Raises:
        SealBroken: the case was erased.
    """
    sealed = seal_document(keys.record_key(conn, case_id), _place(referral_id), {"note": note})
    row = {
        "id": referral_id,
        "case_id": case_id,
        "kind": kind,
        "reason": reason,
        "proposer_id": proposer_id,
        "receiver_id": receiver_id,
        "state": "proposed",
        "version": 1,
        "with_sources": with_sources,
        "created_at": at,
        "created_by": by,
        "updated_at": at,
    }
    conn.execute(insert(referrals).values(**row, sealed=sealed))
    _note_event(conn, referral_id, "propose", "proposed", reason, proposer_id, at, by)
    return require(conn, referral_id)


def step(
    conn: Connection,
    referral_id: str,
    *,
    event: str,
    state: str,
    reason: str | None,
    partner_id: str,
    at: datetime,
    by: str,
    expected_version: int,
) -> Referral:
    """Lead a referral to another state.

    Raises:
        RowMissing: there is no such referral.
        VersionConflict: somebody else took a step meanwhile.
    """
    statement = update(referrals).where(referrals.c.id == referral_id, referrals.c.version == expected_version)
    values = {"state": state, "version": expected_version + 1, "updated_at": at}
    if not conn.execute(statement.values(**values)).rowcount:
        raise VersionConflict("referrals", expected_version, require(conn, referral_id).version)
    _note_event(conn, referral_id, event, state, reason, partner_id, at, by)
    return require(conn, referral_id)


def end_open(conn: Connection, case_id: str, *, at: datetime, by: str, reason: str, but: str | None = None) -> int:
    """Revoke, in the proposer's name, what is open for a case; return how many.

    Args:
        reason: why, e.g. "case_erased".
        but: id of one that goes on.
    """
    wanted = select(referrals).where(referrals.c.case_id == case_id, referrals.c.state.in_(OPEN))
    rows = [row for row in conn.execute(wanted).all() if row.id != but]
    for row in rows:
        step(
            conn, row.id, event="revoke", state="revoked", reason=reason, partner_id=row.proposer_id, at=at, by=by,
            expected_version=row.version,
        )  # fmt: skip
    return len(rows)


def get(conn: Connection, referral_id: str) -> Referral | None:
    """Return a referral, None if there is none of that id."""
    row = conn.execute(select(referrals).where(referrals.c.id == referral_id)).first()
    return None if row is None else _referral(conn, row)


def require(conn: Connection, referral_id: str) -> Referral:
    """Return a referral.

    Raises:
        RowMissing: there is none of that id.
    """
    found = get(conn, referral_id)
    if found is None:
        raise RowMissing("referrals")
    return found


def referrals_of(conn: Connection, case_id: str) -> list[Referral]:
    """Return the referrals of a case, oldest first."""
    wanted = select(referrals).where(referrals.c.case_id == case_id).order_by(referrals.c.id)
    return [_referral(conn, row) for row in conn.execute(wanted).all()]


def page(
    conn: Connection,
    *,
    receiver_id: str | None = None,
    proposer_id: str | None = None,
    states: Collection[str] | None = None,
    after: str | None = None,
    limit: int,
) -> list[Referral]:
    """Return referrals in id order: to a receiver, from a proposer, in some states."""
    wanted = select(referrals).order_by(referrals.c.id).limit(limit)
    if receiver_id is not None:
        wanted = wanted.where(referrals.c.receiver_id == receiver_id)
    if proposer_id is not None:
        wanted = wanted.where(referrals.c.proposer_id == proposer_id)
    if states is not None:
        wanted = wanted.where(referrals.c.state.in_(list(states)))
    if after is not None:
        wanted = wanted.where(referrals.c.id > after)
    return [_referral(conn, row) for row in conn.execute(wanted).all()]


def events_of(conn: Connection, referral_id: str) -> list[ReferralEvent]:
    """Return the steps of a referral, oldest first."""
    wanted = select(referral_events).where(referral_events.c.referral_id == referral_id).order_by(referral_events.c.id)
    return [
        ReferralEvent(row.event, row.state, row.reason, row.partner_id, row.at, row.by) for row in conn.execute(wanted)
    ]


def active_referral(conn: Connection, case_id: str, partner_id: str) -> bool:
    """Tell whether a partner has accepted to help with a case and is not done: until then he may read it."""
    wanted = select(referrals.c.id).where(
        referrals.c.case_id == case_id, referrals.c.receiver_id == partner_id, referrals.c.kind == "referral",
        referrals.c.state == "accepted",
    )  # fmt: skip
    return conn.execute(wanted.limit(1)).first() is not None


def clashes(conn: Connection, case_id: str, owner_id: str) -> bool:
    """Tell whether a partner has another case of the same side and number, so that this one cannot become his."""
    own = select(cases.c.side, cases.c.external_id).where(cases.c.id == case_id).subquery()
    wanted = select(cases.c.id).where(
        cases.c.owner_id == owner_id, cases.c.side == own.c.side, cases.c.external_id == own.c.external_id,
        cases.c.id != case_id,
    )  # fmt: skip
    return conn.execute(wanted.limit(1)).first() is not None


def former_owners(conn: Connection, case_id: str) -> list[str]:
    """Return the partners that have transferred a case."""
    done = (referrals.c.case_id == case_id, referrals.c.kind == "transfer", referrals.c.state == "done")
    return list(conn.scalars(select(referrals.c.proposer_id).where(*done).distinct()))


def given_away(conn: Connection, partner_id: str, side: str, external_ids: Collection[str]) -> set[str]:
    """Return those of a partner's own numbers whose case he has transferred: his file must not bring it back."""
    numbers = keys.fingerprints(conn, "cases.external_id", list(external_ids)) if external_ids else {}
    found: set[str] = set()
    for some in chunks(list(numbers.values())):
        wanted = select(cases.c.external_id).join(referrals, referrals.c.case_id == cases.c.id)
        wanted = wanted.where(
            referrals.c.proposer_id == partner_id, referrals.c.kind == "transfer", referrals.c.state == "done",
            cases.c.owner_id != partner_id, cases.c.side == str(side), cases.c.external_id.in_(some),
        )  # fmt: skip
        found.update(conn.scalars(wanted))
    return {number for number, hashed in numbers.items() if hashed in found}


def hand_over(conn: Connection, case_id: str, owner_id: str, at: datetime) -> None:
    """Make a case another partner's: the case, its key, and a change row for all who follow.

    Raises:
        ConstraintViolated: he has a case of the same side and number (ask `clashes` first).
    """
    hold_commit_order(conn)
    keys.hand_over(conn, case_id, owner_id)
    conn.execute(update(cases).where(cases.c.id == case_id).values(owner_id=owner_id, updated_at=at))
    changes.append(conn, case_id, "owner", at)


def withhold_sources(conn: Connection, referral_id: str, case_version: int) -> None:
    """Note up to which version of its case a transfer keeps the sources from the new owner."""
    conn.execute(update(referrals).where(referrals.c.id == referral_id).values(case_version=case_version))


def sources_withheld_upto(conn: Connection, case_id: str) -> int:
    """Return up to which version of a case the sources were kept from its present owner; 0 for none."""
    newest = select(func.max(referrals.c.case_version)).where(referrals.c.case_id == case_id)
    return int(conn.scalar(newest) or 0)


def texts_withheld_until(conn: Connection, case_id: str) -> datetime | None:
    """Return until when former owners wrote what was kept from the present one; None where nothing was."""
    kept = (referrals.c.case_id == case_id, referrals.c.case_version.is_not(None), referral_events.c.state == "done")
    done = select(referral_events.c.at).join(referrals, referrals.c.id == referral_events.c.referral_id).where(*kept)
    return max(conn.scalars(done), default=None)


def _note_event(
    conn: Connection, referral_id: str, event: str, state: str, reason: str | None, partner_id: str, at: datetime,
    by: str,
) -> None:  # fmt: skip
    row = {"referral_id": referral_id, "event": event, "state": state, "reason": reason, "partner_id": partner_id}
    conn.execute(insert(referral_events).values(**row, at=at, by=by))


def _referral(conn: Connection, row: Row[Any]) -> Referral:
    values = dict(row._mapping)
    values.pop("case_version")
    sealed = values.pop("sealed")
    key = keys.record_keys_of(conn, [row.case_id]).get(row.case_id)
    note = None if key is None else open_document(key, _place(row.id), sealed).get("note")
    return Referral(**values, note=note)


def _place(referral_id: str) -> str:
    return f"referrals.sealed:{referral_id}"
