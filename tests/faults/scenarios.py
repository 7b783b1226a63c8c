"""What is interrupted, what does the client do then, and what must be true after the restart?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fault_world import RESCUE_ID, SHELTER, UNIT, World, photo, rescue_form, sample, true_report
from sqlalchemy import func, select
from sqlalchemy.sql import ColumnElement

from api.cases.forms import CaseForm
from api.store import Connection, VersionConflict, alerts, audit, cases, keys, tables
from indexing.search import find_matches_batch
from matcher.person import Side

PEOPLE = sample()
RESCUE = PEOPLE.rescues[0]
REPORT_ID = true_report(PEOPLE).record_id
# What a worker notes on the first evening: too little for an alert.
FIRST_NOTE: dict[str, object] = {
    name: RESCUE.fields[name] for name in ("sex", "found", "age", "age_as_of", "age_basis")
}
_COUNTED = ("cases", "case_versions", "changes", "photos", "faces", "matches", "match_events", "alerts", "outbox")


@dataclass(frozen=True)
class Scenario:
    """One thing that may be interrupted.

    Attributes:
        prepare: makes the home ready, beyond partners and reports.
        prepare_until: kill the preparation at the first point that begins like this.
        act: what is interrupted.
        repeat: what the client sends when it got no answer.
        version: of the rescued person's case in the end.
        acknowledged: whether the unit has taken up its alert in the end.
        committed: the case is safe from the start: it must be finished even if the client never comes back.
    """

    prepare: Callable[[World], None]
    act: Callable[[World], None]
    repeat: Callable[[World], None]
    prepare_until: str | None = None
    version: int = 1
    acknowledged: bool = False
    committed: bool = False


def nothing(_world: World) -> None:
    """Do nothing."""


def register(world: World) -> None:
    """Register the rescued person with a photo."""
    form = rescue_form(dict(RESCUE.fields))
    world.sandhan.cases.register(form, world.scope(SHELTER), [photo(RESCUE)])


def register_first_note(world: World) -> None:
    """Register the rescued person with what little is known, and without a photo."""
    world.sandhan.cases.register(rescue_form(FIRST_NOTE), world.scope(SHELTER))
    world.deliver_all()


def change(world: World) -> None:
    """Complete the case as a careful client does: only if it is still in the version that was read."""
    scope = world.scope(SHELTER)
    with world.sandhan.database.read() as conn:
        case = cases.find_by_external(conn, scope.partner_id, "rescued", RESCUE_ID)
    assert case is not None
    form = rescue_form(dict(RESCUE.fields))
    try:
        world.sandhan.cases.change(case.id, form, scope, expected_version=1, uploads=[photo(RESCUE)])
    except VersionConflict:
        # Sent again: the first one had arrived after all. The checks see whether it is whole.
        assert case.version == 2


def register_and_deliver(world: World) -> None:
    """Register, and tell everybody."""
    register(world)
    world.deliver_all()


def acknowledge(world: World) -> None:
    """Let the unit take up its alert."""
    scope = world.scope(UNIT)
    page = world.sandhan.alerts.page(scope, state=None, after=None, limit=10)
    ((alert, _),) = page.items
    world.sandhan.alerts.acknowledge(alert.id, scope)


def recover(world: World) -> None:
    """Do what a start does in the background."""
    world.sandhan.cases.recover()


_REGISTER = Scenario(nothing, register, register)
SCENARIOS: dict[str, Scenario] = {
    "register": _REGISTER,
    "change": Scenario(register_first_note, change, change, version=2),
    "acknowledge": Scenario(register_and_deliver, acknowledge, acknowledge, acknowledged=True),
    # Killed once when the case was safe and nothing else done, and then again during the restart.
    "recover": replace(
        _REGISTER, prepare=register, prepare_until="before UPDATE photos SET attempts", act=recover, committed=True
    ),
}


@dataclass(frozen=True)
class AtRestart:
    """What the killed process left.

    Attributes:
        answered: the client had its answer.
        unrecorded: ids of the messages that were sent and not recorded as sent.
        tally: how much there was of everything.
        acknowledged: who had taken up which alert, and when.
    """

    answered: bool
    unrecorded: frozenset[str]
    tally: dict[str, int]
    acknowledged: frozenset[tuple[str, str | None, datetime | None]]

    @classmethod
    def look(cls, world: World, *, answered: bool) -> AtRestart:
        """Read it, before anything is done about it."""
        with world.sandhan.database.read() as conn:
            recorded = set(conn.scalars(select(tables.outbox.c.id).where(tables.outbox.c.state == "delivered")))
            unrecorded = frozenset(message_id for _, message_id, _ in world.ledger.entries()) - recorded
            return cls(answered, unrecorded, tally(conn), _acknowledged(conn))


_READINGS = frozenset({"alerts.listed", "alert.read", "case.read", "cases.listed", "matches.listed", "photos.listed"})


def tally(conn: Connection) -> dict[str, int]:
    """Return how much there is of everything that intake writes; the same after every crash as after none."""
    counts = {name: _count(conn, name) for name in _COUNTED}
    actions = select(tables.audit.c.action, func.count()).group_by(tables.audit.c.action)
    # Who asks again after a crash reads again, and each reading is a row: they are no part of what must be the same.
    written = [(action, count) for action, count in conn.execute(actions) if action not in _READINGS]
    counts.update({f"audit {action}": count for action, count in written})
    return counts


def problems(world: World, scenario: Scenario, before: AtRestart, expected: dict[str, int]) -> list[str]:
    """Return what is lost, doubled or broken, in words; nothing when all is well.

    Args:
        expected: the tally of a life without a crash.
    """
    with world.sandhan.database.read() as conn:
        found = _audit_problems(conn) + _tally_problems(conn, expected)
        ids = list(conn.scalars(_ids_of(conn, RESCUE_ID)))
        if len(ids) != 1:
            return [*found, f"{len(ids)} cases of the external id"]
        found += _case_problems(conn, ids[0], scenario)
        found += _alert_problems(conn, world, ids[0], scenario, before)
        found += _delivery_problems(conn, world, before)
    return found + _index_problems(world, ids[0])


def problems_of_nothing(world: World, before: AtRestart) -> list[str]:
    """Return what is wrong after a request that left no trace, and that nobody has sent again."""
    with world.sandhan.database.read() as conn:
        return _audit_problems(conn) + _tally_problems(conn, before.tally) + _delivery_problems(conn, world, before)


def _audit_problems(conn: Connection) -> list[str]:
    broken = audit.verify(conn)
    return [] if broken is None else [f"audit row {broken.seq}: {broken.reason}"]


def _tally_problems(conn: Connection, expected: dict[str, int]) -> list[str]:
    counted = tally(conn)
    names = sorted(name for name in counted | expected if counted.get(name, 0) != expected.get(name, 0))
    return [f"{name}: {counted.get(name, 0)} instead of {expected.get(name, 0)}" for name in names]


def _case_problems(conn: Connection, case_id: str, scenario: Scenario) -> list[str]:
    found = []
    case = cases.require_case(conn, case_id)
    if (case.version, case.matched_version) != (scenario.version, scenario.version):
        found.append(f"version {case.version}, compared {case.matched_version}, instead of {scenario.version}")
    states = list(conn.scalars(select(tables.photos.c.state).where(tables.photos.c.case_id == case_id)))
    if states != ["embedded"] or _count(conn, "faces", tables.faces.c.case_id == case_id) != 1:
        found.append(f"photos {states}, faces {_count(conn, 'faces', tables.faces.c.case_id == case_id)}")
    if _count(conn, "matches", tables.matches.c.id.in_(_true_match(conn, case_id))) != 1:
        found.append("not exactly one match of the true pair")
    return found


def _alert_problems(conn: Connection, world: World, case_id: str, scenario: Scenario, before: AtRestart) -> list[str]:
    found = []
    rows = [
        alert
        for match_id in conn.scalars(_true_match(conn, case_id))
        for alert in alerts.alerts_of_match(conn, match_id)
    ]
    told = Counter(alert.recipient_id for alert in rows)
    if told != Counter({world.scope(UNIT).partner_id: 1, world.scope(SHELTER).partner_id: 1}):
        found.append(f"alerts of the true pair by recipient: {sorted(told.values())}")
    taken_up = [alert for alert in rows if alert.acknowledged_at is not None]
    if len(taken_up) != int(scenario.acknowledged):
        found.append(f"{len(taken_up)} alerts are acknowledged")
    if not before.acknowledged <= _acknowledged(conn):
        found.append("an acknowledgement is not the one that was stored")
    wanted = Counter({"delivered": len(rows) - len(taken_up), "acknowledged": len(taken_up)})
    if Counter(alert.state for alert in rows) != wanted:
        found.append(f"alert states {sorted(alert.state for alert in rows)}")
    return found


def _delivery_problems(conn: Connection, world: World, before: AtRestart) -> list[str]:
    found = []
    box = tables.outbox.c
    messages = {row.id: row for row in conn.execute(select(box.id, box.alert_id, box.channel, box.state))}
    doubled = [n for n in Counter((row.alert_id, row.channel) for row in messages.values()).values() if n > 1]
    if doubled:
        found.append(f"{len(doubled)} alerts have two messages on one channel")
    entries = world.ledger.entries()
    sent = Counter(message_id for _, message_id, _ in entries)
    for message_id, row in messages.items():
        # A crash after the send and before its record is the one reason to send again, with the same id.
        allowed = {2} if message_id in before.unrecorded else {1}
        if row.state != "delivered" or sent[message_id] not in allowed:
            found.append(f"a message by {row.channel} is {row.state} and was sent {sent[message_id]} times")
    if unknown := set(sent) - set(messages):
        found.append(f"{len(unknown)} messages were sent that nobody knows of")
    if len(set(entries)) != len(sent):
        found.append("a message was sent again with other content")
    return found


def _index_problems(world: World, case_id: str) -> list[str]:
    keeper = world.sandhan.keeper
    keeper.refresh()
    found = [f"the index is {keeper.status().behind} changes behind"] if keeper.status().behind else []
    report = CaseForm.model_validate({"side": "missing", **true_report(PEOPLE).fields}).read(world.clock().date())
    (matches,) = find_matches_batch([report.record], keeper.index, keeper.source, world.sandhan.model, limit=5)
    if case_id not in [match.pair.right_id for match in matches]:
        found.append("the index does not find the case")
    faces = keeper.index.photos[Side.RESCUED]
    if list(faces.owner.values()) != [case_id]:
        found.append(f"the index holds {len(faces.owner)} faces of rescued people")
    return found


def _acknowledged(conn: Connection) -> frozenset[tuple[str, str | None, datetime | None]]:
    alert = tables.alerts.c
    rows = select(alert.id, alert.acknowledged_by, alert.acknowledged_at).where(alert.acknowledged_at.is_not(None))
    return frozenset((row.id, row.acknowledged_by, row.acknowledged_at) for row in conn.execute(rows))


def _true_match(conn: Connection, case_id: str) -> Any:
    pair = tables.matches.c
    return select(pair.id).where(pair.rescued_id == case_id, pair.missing_id.in_(_ids_of(conn, REPORT_ID)))


def _ids_of(conn: Connection, external_id: str) -> Any:
    """Return what selects the ids of the cases of an owner's number: only its keyed hash stands in the row."""
    number = keys.fingerprint(conn, "cases.external_id", external_id)
    return select(tables.cases.c.id).where(tables.cases.c.external_id == number)


def _count(conn: Connection, table: str, *conditions: ColumnElement[bool]) -> int:
    statement = select(func.count()).select_from(tables.metadata.tables[table]).where(*conditions)
    return conn.scalar(statement) or 0
