"""Whose turn is it? A lane is what goes to one recipient on one channel; it is claimed as a whole, and sent in order.

The oldest unfinished message of a lane is its head. Nothing behind the head is claimed before it, so that a lane is
due when its head is due, and rests while a claim on any of its messages is alive:

    head waits for its next attempt ──> the lane waits
    head is due                     ──> head and what stands behind it, up to a batch, are one claim
    head is being sent              ──> the lane is somebody's, until the claim runs out

A message that was made for a later hour (a digest) stands in no line before that hour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    update,
)

from api.store.outbox import UNFINISHED, WAITING, OutboxMessage, give_up_lost, is_held_back
from api.store.tables import alerts, delivery_attempts, outbox

EARLY_EVERY = timedelta(minutes=5)
"""While a critical message stands behind a head that waits, the head is tried this often, ahead of its time."""

Lane = tuple[str, str]
"""Recipient and channel."""
Kind = tuple[str, bool]
"""Channel of a lane, and whether its head has failed before."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The front of one lane, to be sent in this order by one sender until the claim runs out.

    Attributes:
        until: when the claim runs out; it also tells this claim from a later one.
    """

    recipient_id: str
    channel: str
    messages: tuple[OutboxMessage, ...]
    until: datetime

    @property
    def kind(self) -> Kind:
        """Return of which kind the lane is."""
        return self.channel, self.messages[0].attempts > 0


def claim_lanes(
    conn: Connection, now: datetime, lease: timedelta, *, batch: int, room: Mapping[Kind, int] | None = None,
    turns: Mapping[Lane, int] = MappingProxyType({}),
) -> list[Claim]:  # fmt: skip
    """Take lanes that are due, so that nobody else takes them before `now + lease`.

    First those whose turn was longest ago, and of these the longest waiting: a slow receiver, whose messages are the
    oldest, does not come again before who has waited for it.

    Args:
        batch: messages of each at most; of a lane whose head has failed before, the head only.
        room: how many lanes of each kind at most, none of a kind that is not named; None: all that are due.
        turns: which turn was a lane's last; one that is not named has had none.
    """
    give_up_lost(conn, now)
    claims: list[Claim] = []
    left = None if room is None else dict(room)
    due = _heads(now).where(_is_due(now), ~_in_hand(now)).order_by(outbox.c.seq)
    heads = sorted(conn.execute(due).all(), key=lambda head: turns.get((head.recipient_id, head.channel), 0))
    for head in heads:
        kind = (str(head.channel), head.attempts > 0)
        if left is not None and left.get(kind, 0) <= 0:
            continue
        claim = _claim(conn, head.recipient_id, head.channel, now, lease, 1 if head.attempts else batch)
        if claim is None:
            continue
        claims.append(claim)
        if left is not None:
            left[kind] -= 1
            if not any(left.values()):
                break
    return claims


def next_due(conn: Connection, now: datetime) -> datetime | None:
    """Return when the next lane falls due (perhaps in the past), None when no message waits or is being sent."""
    waiting = outbox.c.state.in_(WAITING)
    heads = _heads(now).subquery()
    at_head = conn.scalar(select(func.min(heads.c.next_attempt_at)).where(heads.c.state.in_(WAITING)))
    later = conn.scalar(select(func.min(outbox.c.next_attempt_at)).where(waiting, ~_in_line(now)))
    claimed = conn.scalar(select(func.min(outbox.c.claimed_until)).where(outbox.c.state == "sending"))
    return min((moment for moment in (at_head, later, claimed) if moment is not None), default=None)


def keep(conn: Connection, message_ids: Sequence[str], claimed: datetime, until: datetime) -> list[str]:
    """Prolong a claim on the messages not sent yet; return those that are still to be sent, in no order.

    One that was held back, or that somebody else has claimed since, is not among them.
    """
    _drop_held_back(conn, message_ids, claimed)
    statement = update(outbox).where(*_still_claimed(message_ids, claimed)).values(claimed_until=until)
    return list(conn.scalars(statement.returning(outbox.c.id)))


def release(conn: Connection, message_ids: Sequence[str], claimed: datetime) -> None:
    """Give back what was claimed and not sent; it keeps its place in the line."""
    _drop_held_back(conn, message_ids, claimed)
    waits = case((outbox.c.attempts > 0, "retrying"), else_="queued")
    conn.execute(update(outbox).where(*_still_claimed(message_ids, claimed)).values(state=waits, claimed_until=None))


def _drop_held_back(conn: Connection, message_ids: Sequence[str], claimed: datetime) -> None:
    """Give up what was claimed, was held back meanwhile, and has not gone out."""
    given_up = update(outbox).where(*_still_claimed(message_ids, claimed), is_held_back())
    conn.execute(given_up.values(state="dead_letter", claimed_until=None))


def has_delivered_since(conn: Connection, recipient_id: str, channel: str, moment: datetime) -> bool:
    """Tell whether the receiver has taken something lately: what it refuses then is not the receiver's fault."""
    newest = select(outbox.c.delivered_at).where(
        outbox.c.state == "delivered", outbox.c.recipient_id == recipient_id, outbox.c.channel == channel
    )
    last = conn.scalar(newest.order_by(outbox.c.seq.desc()).limit(1))
    return last is not None and last >= moment


def _claim(
    conn: Connection, recipient_id: str, channel: str, now: datetime, lease: timedelta, batch: int
) -> Claim | None:
    if not _lock_lane(conn, recipient_id, channel):
        return None
    rows = _front(conn, recipient_id, channel, now, batch)
    if not rows:
        return None
    claimed = update(outbox).where(outbox.c.id.in_([row.id for row in rows]))
    conn.execute(claimed.values(state="sending", claimed_until=now + lease))
    return Claim(recipient_id, channel, tuple(_message(row, now) for row in rows), now + lease)


def _lock_lane(conn: Connection, recipient_id: str, channel: str) -> bool:
    """Make this transaction the only one that claims from a lane; False when another one is at it.

    Messages cannot be locked one by one: whoever found the head locked would take the second. SQLite has one writer.
    """
    if conn.dialect.name != "postgresql":
        return True
    key = func.hashtextextended(f"outbox/{channel}/{recipient_id}", cast(0, BigInteger))
    return bool(conn.scalar(select(func.pg_try_advisory_xact_lock(key))))


def _front(
    conn: Connection, recipient_id: str, channel: str, now: datetime, batch: int
) -> list[Row[tuple[object, ...]]]:
    """Return the front of a lane that may be sent now. Read anew under the lock: the heads were read before it."""
    lane = (outbox.c.recipient_id == recipient_id, outbox.c.channel == channel)
    if conn.scalar(select(outbox.c.id).where(*lane, _alive(outbox, now)).limit(1)) is not None:
        return []
    line = select(outbox.c.id, _is_due(now).label("due")).where(*lane, _in_line(now))
    front = []
    for row in conn.execute(line.order_by(outbox.c.seq).limit(batch)):
        if not row.due:
            break
        front.append(row.id)
    # What a person is just holding back is locked: the line ends there, instead of waiting for that person.
    free = select(outbox).where(outbox.c.id.in_(front), outbox.c.state.in_(UNFINISHED)).order_by(outbox.c.seq)
    rows = conn.execute(free.with_for_update(skip_locked=True)).all()
    return [row for row, wanted in zip(rows, front, strict=False) if row.id == wanted]


def _heads(now: datetime) -> Select[tuple[object, ...]]:
    """Select the oldest message of each line."""
    lines = select(func.min(outbox.c.seq).label("seq")).where(_in_line(now))
    first = lines.group_by(outbox.c.recipient_id, outbox.c.channel).subquery()
    return select(outbox).join(first, first.c.seq == outbox.c.seq)


def _in_line(now: datetime) -> ColumnElement[bool]:
    # Made for a later hour is what was never tried and was to wait when it was made. Two clocks that differ a little
    # make nobody step out of the line.
    came = or_(outbox.c.attempts > 0, outbox.c.next_attempt_at <= outbox.c.created_at, outbox.c.next_attempt_at <= now)
    return or_(outbox.c.state == "sending", and_(outbox.c.state.in_(WAITING), came))


def _is_due(now: datetime) -> ColumnElement[bool]:
    waited = and_(outbox.c.state.in_(WAITING), or_(outbox.c.next_attempt_at <= now, _early(now)))
    return or_(waited, and_(outbox.c.state == "sending", outbox.c.claimed_until < now))


def _early(now: datetime) -> ColumnElement[bool]:
    """Tell whether a head is to be tried ahead of its time: for a critical one behind it, unless asked to wait."""
    behind = outbox.alias("behind")
    of_lane = (behind.c.recipient_id == outbox.c.recipient_id, behind.c.channel == outbox.c.channel)
    critical = exists().where(
        *of_lane,
        behind.c.seq > outbox.c.seq,
        behind.c.state.in_(WAITING),
        behind.c.next_attempt_at <= now,
        alerts.c.id == behind.c.alert_id,
        alerts.c.priority == "critical",
    )
    tried = delivery_attempts.alias("tried")
    last = select(func.max(tried.c.id)).where(tried.c.outbox_id == outbox.c.id).correlate(outbox).scalar_subquery()
    lately = exists().where(
        delivery_attempts.c.id == last,
        or_(delivery_attempts.c.at > now - EARLY_EVERY, delivery_attempts.c.outcome == "asked_to_wait"),
    )
    return and_(outbox.c.state == "retrying", critical, ~lately)


def _alive(box: FromClause, now: datetime) -> ColumnElement[bool]:
    return and_(box.c.state == "sending", box.c.claimed_until >= now)


def _in_hand(now: datetime) -> ColumnElement[bool]:
    other = outbox.alias("other")
    of_lane = (other.c.recipient_id == outbox.c.recipient_id, other.c.channel == outbox.c.channel)
    return exists().where(*of_lane, _alive(other, now))


def _still_claimed(message_ids: Sequence[str], claimed: datetime) -> tuple[ColumnElement[bool], ...]:
    return outbox.c.id.in_(message_ids), outbox.c.state == "sending", outbox.c.claimed_until == claimed


def _message(row: Row[tuple[object, ...]], now: datetime) -> OutboxMessage:
    early = row.attempts > 0 and row.next_attempt_at > now
    return OutboxMessage(
        id=row.id,
        alert_id=row.alert_id,
        recipient_id=row.recipient_id,
        channel=row.channel,
        payload=row.payload,
        attempts=row.attempts,
        created_at=row.created_at,
        counted=row.attempts - row.early_attempts,
        refusals=row.refusals,
        early_for=row.next_attempt_at if early else None,
    )
