"""Which pairs have been found alike, how strongly, and has the evidence risen or fallen since people were told?

A pair keeps its id for ever. The engine writes evidence and creates `suggested`; every later state is a person's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Select, func, insert, or_, select, union_all, update

from api.store import freezes
from api.store.errors import RowMissing
from api.store.found import FOUND_STATES
from api.store.portable import insert_if_absent
from api.store.tables import GRADES, alerts, cases, match_events, matches
from matcher.errors import InvalidRecord

Outcome = Literal["new", "risen", "fallen", "same"]

_RANK = {grade: rank for rank, grade in enumerate(GRADES)}
ANNOUNCED = ("new", "risen", "fallen")
"""Kinds of the engine's own events: what people may have to hear of."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why, and how strongly, the engine takes two records for the same person.

    Attributes:
        grade: "certainly-not", "possible", "probable" or "certain".
        weight, weight_without_face: match weight in bits.
        probability: in [0, 1].
        contributions: one object per comparison, as the scorer explains them.
        routes: which routes proposed the pair.
        evidence_hash: equal exactly when the evidence is.
        missing_version, rescued_version: the versions compared.
    """

    grade: str
    weight: float
    weight_without_face: float
    probability: float
    contributions: list[dict[str, object]] = field(repr=False)
    routes: list[str]
    model_version: str
    evidence_hash: str
    missing_version: int
    rescued_version: int


@dataclass(frozen=True, slots=True)
class Match:
    """A stored pair with its latest evidence (fields as in `Evidence`)."""

    id: str
    missing_id: str
    rescued_id: str
    state: str
    grade: str
    weight: float
    weight_without_face: float
    probability: float
    contributions: list[dict[str, object]] = field(repr=False)
    routes: list[str]
    model_version: str
    evidence_hash: str
    missing_version: int
    rescued_version: int
    created_at: datetime
    updated_at: datetime
    version: int

    def case_of(self, side: str) -> str:
        """Return the id of the case on a side."""
        return self.missing_id if side == "missing" else self.rescued_id


@dataclass(frozen=True, slots=True)
class MatchEvent:
    """Something that happened to a match: "new", "risen", "fallen" by the engine, else a step of the workflow."""

    id: int
    match_id: str
    kind: str
    at: datetime
    actor: str
    detail: dict[str, object]


def upsert_match(
    conn: Connection,
    *,
    match_id: str,
    missing_id: str,
    rescued_id: str,
    evidence: Evidence,
    at: datetime,
    actor: str = "engine",
    step: float = 1.0,
) -> tuple[Match, Outcome]:
    """Store the evidence of a pair and tell whether people should hear of it.

    Compared is with what was last announced, not with the last run: a weight that creeps up a little every night
    rises once the sum reaches a step. A change of grade always counts.

    Args:
        match_id: used only if the pair is new; otherwise it keeps its own.
        step: by how many bits the weight has to move within a grade to count as risen or fallen.
    Returns:
        The match, and "new", "risen" or "fallen" (each recorded as an event) or "same".
    Raises:
        InvalidRecord: the grade is not one of the four.
    """
    if evidence.grade not in _RANK:
        raise InvalidRecord("grade", "is not one of " + ", ".join(GRADES))
    values = _evidence_values(evidence)
    pair = {"id": match_id, "missing_id": missing_id, "rescued_id": rescued_id, "state": "suggested"}
    row = {**pair, **values, "created_at": at, "updated_at": at}
    if insert_if_absent(conn, matches, row, ["missing_id", "rescued_id"]):
        return _announced(conn, match_id, "new", evidence, at, actor)
    same_pair = (matches.c.missing_id == missing_id, matches.c.rescued_id == rescued_id)
    stored = Match(**conn.execute(select(matches).where(*same_pair).with_for_update()).one()._asdict())
    if all(getattr(stored, name) == value for name, value in values.items()):
        return stored, "same"  # an unchanged night writes nothing
    outcome = _compare(_last_announced(conn, stored), (evidence.grade, evidence.weight), step)
    _write(conn, stored.id, values, at)
    if outcome == "same":
        return require_match(conn, stored.id), "same"
    return _announced(conn, stored.id, outcome, evidence, at, actor)


def set_state(
    conn: Connection,
    match_id: str,
    state: str,
    *,
    expected: str,
    kind: str,
    actor: str,
    at: datetime,
    detail: dict[str, object] | None = None,
) -> int | None:
    """Move a match from one state to another and record who did; None when it is no longer in `expected`.

    Args:
        kind: the event's kind, e.g. "confirm", "reject".
    Returns:
        The id of the event.
    """
    statement = update(matches).where(matches.c.id == match_id, matches.c.state == expected)
    values = {"state": state, "updated_at": at, "version": matches.c.version + 1}
    if conn.execute(statement.values(**values)).rowcount == 0:
        return None
    return add_event(conn, match_id, kind, at=at, actor=actor, detail={"from": expected, "to": state, **(detail or {})})


def add_event(
    conn: Connection, match_id: str, kind: str, *, at: datetime, actor: str, detail: dict[str, object]
) -> int:
    """Record something that happened to a match; return the id of the event."""
    row = {"match_id": match_id, "kind": kind, "at": at, "actor": actor, "detail": detail}
    made = conn.scalar(insert(match_events).values(**row).returning(match_events.c.id))
    assert made is not None
    return int(made)


def get_match(conn: Connection, match_id: str) -> Match | None:
    """Return a match, None if there is none of that id."""
    return next(iter(_fetch(conn, select(matches).where(matches.c.id == match_id))), None)


def require_match(conn: Connection, match_id: str) -> Match:
    """Return a match.

    Raises:
        RowMissing: there is none of that id.
    """
    found = get_match(conn, match_id)
    if found is None:
        raise RowMissing("matches")
    return found


def locked(conn: Connection, match_id: str) -> Match:
    """Return a match as it stands now; it cannot change until this transaction ends.

    Whoever locks several takes them in the order of their ids, so that nobody blocks another.

    Raises:
        RowMissing: there is none of that id.
    """
    found = _fetch(conn, select(matches).where(matches.c.id == match_id).with_for_update())
    if not found:
        raise RowMissing("matches")
    return found[0]


def locked_with_rivals(conn: Connection, match: Match) -> tuple[Match, list[Match]]:
    """Return a match as it stands now, and the other matches of its two cases, none of which can change meanwhile."""
    # In one order for everybody: two who decide about rivals wait for each other and do not block each other.
    found = _fetch(conn, _of_either(match).with_for_update())
    (own,) = [one for one in found if one.id == match.id]
    return own, [one for one in found if one.id != match.id]


def rivals_of(conn: Connection, match: Match) -> list[Match]:
    """Return the other matches of the two cases of a match."""
    return [one for one in _fetch(conn, _of_either(match)) if one.id != match.id]


def has_found_rival(conn: Connection, match: Match) -> bool:
    """Tell whether another match of one of the two cases is verified."""
    either = or_(matches.c.missing_id == match.missing_id, matches.c.rescued_id == match.rescued_id)
    found = select(matches.c.id).where(either, matches.c.id != match.id, matches.c.state.in_(FOUND_STATES))
    return conn.execute(found.limit(1)).first() is not None


def list_matches(
    conn: Connection,
    visible_to: str,
    *,
    states: Collection[str] | None = None,
    grades: Collection[str] | None = None,
    after: str | None = None,
    limit: int,
    case_id: str | None = None,
    updated_since: datetime | None = None,
) -> list[Match]:
    """Return, in id order, the matches in which a partner owns one of the two cases, or of which it was alerted.

    Args:
        visible_to: the partner's id.
        case_id: only the matches of this case.
        states, grades: only these; None for any.
        updated_since: only those stored or changed at that moment or later.
        after: the last id of the page before.
    """
    own = select(cases.c.id).where(cases.c.owner_id == visible_to)
    told = select(alerts.c.match_id).where(alerts.c.recipient_id == visible_to)
    party = or_(matches.c.missing_id.in_(own), matches.c.rescued_id.in_(own), matches.c.id.in_(told))
    statement = select(matches).where(party)
    if case_id is not None:
        statement = statement.where(or_(matches.c.missing_id == case_id, matches.c.rescued_id == case_id))
    if states is not None:
        statement = statement.where(matches.c.state.in_(list(states)))
    if grades is not None:
        statement = statement.where(matches.c.grade.in_(list(grades)))
    if updated_since is not None:
        statement = statement.where(matches.c.updated_at >= updated_since)
    if after is not None:
        statement = statement.where(matches.c.id > after)
    return _fetch(conn, statement.order_by(matches.c.id).limit(limit))


def matches_of_case(conn: Connection, case_id: str) -> list[Match]:
    """Return the matches of a case, strongest first."""
    either = or_(matches.c.missing_id == case_id, matches.c.rescued_id == case_id)
    return _fetch(conn, select(matches).where(either).order_by(matches.c.weight.desc(), matches.c.id))


def strongest(
    conn: Connection, case_ids: Collection[str], *, grade: str, outside: Collection[str], most: int
) -> dict[str, list[str]]:
    """Return the ids of the strongest matches of each case that have a grade.

    Args:
        outside: matches in these states do not count.
        most: at most so many of each case.
    """
    ranked = []
    for side in (matches.c.missing_id, matches.c.rescued_id):
        place = func.row_number().over(partition_by=side, order_by=(matches.c.weight.desc(), matches.c.id))
        statement = select(side.label("case_id"), matches.c.id.label("match_id"), place.label("place"))
        wanted = (side.in_(list(case_ids)), matches.c.grade == grade, matches.c.state.not_in(list(outside)))
        ranked.append(statement.where(*wanted))
    found = union_all(*ranked).subquery()
    strong: dict[str, list[str]] = {}
    for row in conn.execute(select(found).where(found.c.place <= most).order_by(found.c.place)):
        strong.setdefault(row.case_id, []).append(row.match_id)
    return strong


def forget_faces(conn: Connection, case_id: str, at: datetime) -> None:
    """Take what faces said out of the stored evidence of a case's matches: it may no longer be compared."""
    for match in matches_of_case(conn, case_id):
        kept = [part for part in match.contributions if part.get("comparison") != "face"]
        if len(kept) == len(match.contributions):
            continue
        odds = 2.0 ** min(max(match.weight_without_face, -60.0), 60.0)
        values = {"contributions": kept, "weight": match.weight_without_face, "probability": odds / (1 + odds)}
        _write(conn, match.id, values, at)
    freezes.forget_faces(conn, case_id)


def events_of(conn: Connection, match_id: str) -> list[MatchEvent]:
    """Return what happened to a match, first to last."""
    statement = select(match_events).where(match_events.c.match_id == match_id).order_by(match_events.c.id)
    return [MatchEvent(**row._asdict()) for row in conn.execute(statement)]


def restored_on(conn: Connection, case_id: str) -> date | None:
    """Return the day of the return of which a match of a case tells that is restored; None where none does."""
    for match in matches_of_case(conn, case_id):
        for event in reversed(_restorations(conn, match)) if match.state in FOUND_STATES else ():
            if event.detail.get("return_of") == case_id:
                return date.fromisoformat(str(event.detail["returned_on"]))
    return None


def restorations_of(conn: Connection, match: Match) -> list[date]:
    """Return the days from which a match's restorations that are not undone let visits run in its report."""
    begun = [event.detail for event in _restorations(conn, match) if event.detail.get("visits") == match.missing_id]
    return [date.fromisoformat(str(detail["returned_on"])) for detail in begun if "returned_on" in detail]


def _restorations(conn: Connection, match: Match) -> list[MatchEvent]:
    events = events_of(conn, match.id)
    undone = {event.detail.get("undoes") for event in events}
    return [event for event in events if event.kind == "restore" and event.id not in undone]


def _of_either(match: Match) -> Select[Any]:
    either = or_(matches.c.missing_id == match.missing_id, matches.c.rescued_id == match.rescued_id)
    return select(matches).where(either).order_by(matches.c.id)


def _write(conn: Connection, match_id: str, evidence: dict[str, Any], at: datetime) -> None:
    changed = {**evidence, "updated_at": at, "version": matches.c.version + 1}
    conn.execute(update(matches).where(matches.c.id == match_id).values(**changed))


def _fetch(conn: Connection, statement: Select[Any]) -> list[Match]:
    return [Match(**row._asdict()) for row in conn.execute(statement)]


def _evidence_values(evidence: Evidence) -> dict[str, Any]:
    return {name: getattr(evidence, name) for name in Evidence.__slots__}


def _compare(before: tuple[str, float], now: tuple[str, float], step: float) -> Outcome:
    """Compare grade first, then weight."""
    by_grade = _RANK[now[0]] - _RANK[before[0]]
    by_weight = now[1] - before[1]
    if by_grade > 0 or (by_grade == 0 and by_weight >= step):
        return "risen"
    if by_grade < 0 or by_weight <= -step:
        return "fallen"
    return "same"


def _last_announced(conn: Connection, stored: Match) -> tuple[str, float]:
    statement = select(match_events.c.detail).where(
        match_events.c.match_id == stored.id, match_events.c.kind.in_(ANNOUNCED)
    )
    detail = conn.scalar(statement.order_by(match_events.c.id.desc()).limit(1))
    return (stored.grade, stored.weight) if detail is None else (str(detail["grade"]), float(detail["weight"]))


def _announced(
    conn: Connection, match_id: str, outcome: Outcome, evidence: Evidence, at: datetime, actor: str
) -> tuple[Match, Outcome]:
    detail: dict[str, object] = {
        "grade": evidence.grade,
        "weight": evidence.weight,
        "model_version": evidence.model_version,
        "evidence_hash": evidence.evidence_hash,
        "missing_version": evidence.missing_version,
        "rescued_version": evidence.rescued_version,
    }
    add_event(conn, match_id, outcome, at=at, actor=actor, detail=detail)
    return require_match(conn, match_id), outcome
