"""What is to be sent to whom, and what came of each attempt? Whose turn it is, says `outbox_lanes`.

At least once: a message is claimed for a limited time, sent outside any transaction, and then recorded. If the
sender dies in between, the claim runs out and the message is sent again under the same id.

    queued ──> sending ──> delivered
                 │  ^
                 v  │
              retrying ──> dead_letter
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, func, insert, or_, select, update

from api.store.errors import RowMissing
from api.store.portable import chunks, share_commit_order
from api.store.tables import alerts, delivery_attempts, outbox

# What a delivery may overwrite: everything before a person has touched the alert.
_UNDELIVERED_ALERT = ("queued", "sent", "retrying", "dead_letter")
WAITING = ("queued", "retrying")
UNFINISHED = ("queued", "sending", "retrying")
RECALLS = ("recalled", "taken_down", "ended")
"""Events that tell recipients that what they were told is no more: sent even when all else is held back."""
HELD_BACK = "held back"
"""Outcome of what is not sent any more because its match has ended; nobody sends it again by hand."""


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One message to one recipient on one channel.

    Attributes:
        id: stable across attempts; the `webhook-id`.
        channel: "webhook" or "email".
        payload: the thin payload, without personal data.
        attempts: how many attempts have been recorded before this one; 0 at the first.
        counted: those among them that the schedule counts.
        refusals: how often the receiver did not want this very message.
        early_for: it is tried ahead of its time, which is this.
    """

    id: str
    alert_id: str
    recipient_id: str
    channel: str
    payload: dict[str, object] = field(repr=False)
    attempts: int
    created_at: datetime
    counted: int = 0
    refusals: int = 0
    early_for: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A message that its receiver took."""

    message_id: str
    at: datetime
    status_code: int | None


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One recorded attempt; `status_code` is the HTTP or SMTP code where there was an answer."""

    id: int
    outbox_id: str
    at: datetime
    outcome: str
    status_code: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class MessageState:
    """Where one message stands, for an inbox or an operator."""

    id: str
    alert_id: str
    recipient_id: str
    channel: str
    state: str
    attempts: int
    next_attempt_at: datetime
    claimed_until: datetime | None
    created_at: datetime
    delivered_at: datetime | None


def lock(conn: Connection, message_ids: Sequence[str]) -> None:
    """Lock messages and their alerts for what is recorded next; nobody who has some of them waits for the others."""
    if conn.dialect.name != "postgresql":
        return
    share_commit_order(conn)  # people's steps lock alerts of a match in an order of their own
    of_messages = select(outbox.c.alert_id).where(outbox.c.id.in_(message_ids))
    # The alerts before the messages, and each by its id: no deadlock.
    conn.execute(select(alerts.c.id).where(alerts.c.id.in_(of_messages)).order_by(alerts.c.id).with_for_update())
    conn.execute(select(outbox.c.id).where(outbox.c.id.in_(message_ids)).order_by(outbox.c.id).with_for_update())


def record_success(conn: Connection, message_id: str, at: datetime, status_code: int | None) -> None:
    """Record that the receiver took the message; the alert becomes delivered unless a person is already on it.

    Raises:
        RowMissing: there is no such message.
    """
    record_receipts(conn, [Receipt(message_id, at, status_code)])


def record_receipts(conn: Connection, receipts: Sequence[Receipt]) -> None:
    """Record everything that receivers took, in a few statements; as `record_success` for each.

    Raises:
        RowMissing: there is no such message.
    """
    if not receipts:
        return
    ids = [receipt.message_id for receipt in receipts]
    lock(conn, ids)
    alert_of = _alerts_of(conn, ids)
    undelivered = or_(*(alerts.c.state == state for state in _UNDELIVERED_ALERT))  # IN takes one row at a time
    conn.execute(
        update(alerts)
        .where(alerts.c.id == bindparam("of"), undelivered)
        .values(state="delivered", updated_at=bindparam("when")),
        [{"of": alert_of[receipt.message_id], "when": receipt.at} for receipt in receipts],
    )
    conn.execute(
        update(outbox)
        .where(outbox.c.id == bindparam("of"), outbox.c.state != "delivered")
        .values(state="delivered", delivered_at=bindparam("when"), claimed_until=None),
        [{"of": receipt.message_id, "when": receipt.at} for receipt in receipts],
    )
    conn.execute(
        update(outbox).where(outbox.c.id == bindparam("of")).values(attempts=outbox.c.attempts + 1),
        [{"of": receipt.message_id} for receipt in receipts],
    )
    conn.execute(
        insert(delivery_attempts),
        [
            {
                "outbox_id": receipt.message_id,
                "at": receipt.at,
                "outcome": "delivered",
                "status_code": receipt.status_code,
                "detail": "",
            }
            for receipt in receipts
        ],
    )


def record_failure(
    conn: Connection,
    message_id: str,
    at: datetime,
    outcome: str,
    status_code: int | None,
    detail: str,
    next_attempt_at: datetime | None,
    *,
    claimed: datetime | None = None,
    early: bool = False,
    refused: bool = False,
) -> None:
    """Record a failed attempt and when to try again.

    A message that another sender has delivered meanwhile stays delivered; the attempt is recorded all the same.

    Args:
        outcome: a short word, e.g. "timeout", "refused", "redirect".
        detail: for operators; must hold nothing of the receiver's answer.
        next_attempt_at: None gives up: the message becomes a dead letter, as does what was held back meanwhile.
        claimed: the claim under which it was sent; when that has run out and somebody else has the message, the
            attempt is noted and decides nothing. None: whoever has it.
        early: the attempt came ahead of its time, and the schedule does not count it.
        refused: the receiver did not want this very message.
    Raises:
        RowMissing: there is no such message.
    """
    lock(conn, [message_id])
    alert_id = _alerts_of(conn, [message_id])[message_id]
    unfinished = [outbox.c.id == message_id, outbox.c.state.not_in(("delivered", "dead_letter"))]
    if claimed is not None:
        unfinished.append(outbox.c.claimed_until == claimed)
    values: dict[str, object] = {"state": "dead_letter", "claimed_until": None}
    if conn.scalar(select(outbox.c.id).where(outbox.c.id == message_id, is_held_back())) is not None:
        next_attempt_at = None
    if next_attempt_at is not None:
        values = {"state": "retrying", "claimed_until": None, "next_attempt_at": next_attempt_at}
    _add_attempt(conn, message_id, at, outcome, status_code, detail)
    if early or refused:
        counts = {"early_attempts": outbox.c.early_attempts + int(early), "refusals": outbox.c.refusals + int(refused)}
        conn.execute(update(outbox).where(outbox.c.id == message_id).values(**counts))
    if conn.execute(update(outbox).where(*unfinished).values(**values)).rowcount == 0:
        return
    if next_attempt_at is not None:
        _advance_alert(conn, alert_id, ("queued", "sent"), "retrying", at)
    elif not _others_in_hand(conn, alert_id, message_id):
        # The alert is lost only when no other channel has carried it or still may.
        _advance_alert(conn, alert_id, ("queued", "sent", "retrying"), "dead_letter", at)


def hold_back(
    conn: Connection, match_id: str, at: datetime, *, recipient_id: str | None = None, why: str = "the match has ended"
) -> int:
    """Send nothing more about a match, to anybody or to one recipient; return how many had not gone out yet."""
    about = alerts.c.match_id == match_id
    return _hold_back(
        conn, about if recipient_id is None else and_(about, alerts.c.recipient_id == recipient_id), at, why
    )


def hold_back_subject(conn: Connection, subject_id: str, at: datetime) -> int:
    """Send nothing more about something else that has ended; return how many messages had not gone out yet."""
    return _hold_back(conn, alerts.c.subject_id == subject_id, at, "what it was about has ended")


def hold_back_alerts(conn: Connection, alert_ids: Sequence[str], at: datetime, why: str) -> int:
    """Send nothing more of some alerts; return how many messages had not gone out yet."""
    return sum(_hold_back(conn, alerts.c.id.in_(some), at, why) for some in chunks(alert_ids))


def _hold_back(conn: Connection, about: ColumnElement[bool], at: datetime, why: str) -> int:
    """Send nothing more of some alerts, not by hand either; recalls of what has gone out still go.

    What had been given up before stays as it is, and is marked. So does what is being sent: its receiver may have it
    already, and what goes to it next (a recall) waits for the end of this.
    """
    held = select(alerts.c.id).where(about, alerts.c.event.not_in(RECALLS))
    unsent = select(outbox.c.id).where(outbox.c.alert_id.in_(held), outbox.c.state != "delivered", ~is_held_back())
    found = list(conn.scalars(unsent.order_by(outbox.c.id)))
    if found:
        lock(conn, found)  # or a result that is being recorded would not see the mark
    for message_id in found:
        waits = outbox.c.state.in_(WAITING)
        conn.execute(update(outbox).where(outbox.c.id == message_id, waits).values(state="dead_letter"))
        _add_attempt(conn, message_id, at, HELD_BACK, None, why)
    return len(found)


def is_held_back() -> ColumnElement[bool]:
    """Tell of a message whether it was held back."""
    held = delivery_attempts.alias("held")
    return exists().where(held.c.outbox_id == outbox.c.id, held.c.outcome == HELD_BACK)


def give_up_lost(conn: Connection, now: datetime) -> None:
    """Give up what was held back while it was being sent, and of which its sender has recorded nothing in time."""
    lost = select(outbox.c.id).where(outbox.c.state == "sending", outbox.c.claimed_until < now, is_held_back())
    for message_id in list(conn.scalars(lost.order_by(outbox.c.id).with_for_update(skip_locked=True))):
        # In one statement: at a second one PostgreSQL checks the references of the row, and would wait for the alert,
        # which its sender may have while it waits for the message.
        given_up = {"state": "dead_letter", "claimed_until": None, "attempts": outbox.c.attempts + 1}
        conn.execute(update(outbox).where(outbox.c.id == message_id).values(**given_up))
        _note_attempt(conn, message_id, now, "no_result", None, "its sender has recorded nothing")


def withhold_other(conn: Connection, alert_id: str) -> None:
    """Name no other organisation in what is not delivered of an alert."""
    undelivered = select(outbox.c.id, outbox.c.payload).where(
        outbox.c.alert_id == alert_id, outbox.c.state != "delivered"
    )
    for row in conn.execute(undelivered.order_by(outbox.c.id)).all():
        payload = dict(row.payload) | {"other_organisation": None}
        conn.execute(update(outbox).where(outbox.c.id == row.id).values(payload=payload))


def payloads_of(conn: Connection, message_ids: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return what messages say by now, by id."""
    rows = conn.execute(select(outbox.c.id, outbox.c.payload).where(outbox.c.id.in_(message_ids)))
    return {row.id: row.payload for row in rows}


def attempts_of(conn: Connection, message_id: str) -> list[DeliveryAttempt]:
    """Return the recorded attempts of a message, first to last."""
    statement = select(delivery_attempts).where(delivery_attempts.c.outbox_id == message_id)
    return [DeliveryAttempt(**row._asdict()) for row in conn.execute(statement.order_by(delivery_attempts.c.id))]


def messages_of(conn: Connection, alert_id: str) -> list[MessageState]:
    """Return where every message of an alert stands, in id order."""
    statement = (
        select(*(outbox.c[name] for name in MessageState.__dataclass_fields__))
        .where(outbox.c.alert_id == alert_id)
        .order_by(outbox.c.id)
    )
    return [MessageState(**row._asdict()) for row in conn.execute(statement)]


def pending_count(conn: Connection) -> int:
    """Return how many messages are neither delivered nor given up."""
    return conn.scalar(select(func.count()).select_from(outbox).where(outbox.c.state.in_(UNFINISHED))) or 0


def _alerts_of(conn: Connection, message_ids: Sequence[str]) -> dict[str, str]:
    rows = conn.execute(select(outbox.c.id, outbox.c.alert_id).where(outbox.c.id.in_(message_ids)))
    found = {row.id: str(row.alert_id) for row in rows}
    if len(found) < len(set(message_ids)):
        raise RowMissing("outbox")
    return found


def _advance_alert(conn: Connection, alert_id: str, before: tuple[str, ...], after: str, at: datetime) -> None:
    """Move an alert on, only from the states in `before`: what a person has done is never undone by a delivery."""
    statement = update(alerts).where(alerts.c.id == alert_id, alerts.c.state.in_(before))
    conn.execute(statement.values(state=after, updated_at=at))


def _others_in_hand(conn: Connection, alert_id: str, message_id: str) -> bool:
    statement = select(outbox.c.id).where(
        outbox.c.alert_id == alert_id, outbox.c.id != message_id, outbox.c.state != "dead_letter"
    )
    return conn.execute(statement.limit(1)).first() is not None


def _add_attempt(
    conn: Connection, message_id: str, at: datetime, outcome: str, status_code: int | None, detail: str
) -> None:
    conn.execute(update(outbox).where(outbox.c.id == message_id).values(attempts=outbox.c.attempts + 1))
    _note_attempt(conn, message_id, at, outcome, status_code, detail)


def _note_attempt(
    conn: Connection, message_id: str, at: datetime, outcome: str, status_code: int | None, detail: str
) -> None:
    row = {"outbox_id": message_id, "at": at, "outcome": outcome, "status_code": status_code, "detail": detail}
    conn.execute(insert(delivery_attempts).values(**row))
