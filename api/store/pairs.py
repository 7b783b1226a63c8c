"""Which two records of one side may be of one person, which two suspects may be one, and what was said to that?

    open ──> dismissed (by one side, with a reason) ──> open again, once the evidence has risen
      └────> ended (a record closed, erased, no longer shared, or the evidence fell) ──> open again, found anew

A pair keeps its id. It holds two ids and which fields agree, and nothing that stands in a record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select, update

from api.store import outbox
from api.store.care_tables import suspects
from api.store.errors import RowMissing
from api.store.pair_tables import pairs
from api.store.portable import chunks, insert_if_absent
from api.store.tables import GRADES, cases, meta

_RANK = {grade: rank for rank, grade in enumerate(GRADES)}
_UPTO = "pairs_upto_seq"
_PAIR_COLUMNS = ("first_id", "second_id")


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two records are.

    Attributes:
        evidence: the bits of each comparison, without a value.
    """

    grade: str
    weight: float
    evidence: list[dict[str, object]] = field(repr=False)
    model_version: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A stored pair.

    Attributes:
        kind: "person" or "suspect".
        first_id, second_id: the lower id first.
        state: "open", "dismissed" or "ended".
        told: how often its owners were told.
        settled_grade, settled_weight: when they last were, or when it was dismissed.
        ended_for: why it ended.
    """

    id: str
    kind: str
    first_id: str
    second_id: str
    state: str
    grade: str
    weight: float
    evidence: list[dict[str, object]] = field(repr=False)
    model_version: str
    told: int
    settled_grade: str
    settled_weight: float
    dismissed_by: str | None
    dismissed_reason: str | None
    dismissed_at: datetime | None
    ended_for: str | None
    created_at: datetime
    updated_at: datetime

    def other(self, record_id: str) -> str:
        """Return the id of the other record."""
        return self.second_id if record_id == self.first_id else self.first_id


def put(
    conn: Connection, *, pair_id: str, kind: str, one_id: str, other_id: str, found: Likeness, at: datetime,
    step: float = 1.0,
) -> tuple[Pair, bool]:  # fmt: skip
    """Store what was found of two records.

    Args:
        pair_id: used only if the pair is new; otherwise it keeps its own.
        step: by how many bits the weight has to rise within a grade for a dismissed pair to speak again.
    Returns:
        The pair, and whether its owners are to be told: it is new, open again, or surer by a grade.
    """
    first_id, second_id = sorted((one_id, other_id))
    known = {
        "grade": found.grade, "weight": found.weight, "evidence": found.evidence, "model_version": found.model_version,
    }  # fmt: skip
    settled = {"settled_grade": found.grade, "settled_weight": found.weight}
    row = {"id": pair_id, "kind": kind, "first_id": first_id, "second_id": second_id, "state": "open", "told": 1}
    if insert_if_absent(conn, pairs, row | known | settled | {"created_at": at, "updated_at": at}, _PAIR_COLUMNS):
        return require(conn, pair_id), True
    same = and_(pairs.c.first_id == first_id, pairs.c.second_id == second_id)
    stored = Pair(**conn.execute(select(pairs).where(same).with_for_update()).one()._asdict())
    surer = _RANK[found.grade] > _RANK[stored.settled_grade]
    if stored.dismissed_at is not None:
        speaks = surer or (found.grade == stored.settled_grade and found.weight >= stored.settled_weight + step)
        state = "open" if speaks else "dismissed"
    else:
        speaks, state = surer or stored.state == "ended", "open"
    values: dict[str, Any] = {**known, "state": state, "ended_for": None}
    if speaks:
        forgotten = dict.fromkeys(("dismissed_by", "dismissed_reason", "dismissed_at"))
        values |= {**settled, **forgotten, "told": stored.told + 1}
    if any(getattr(stored, name) != value for name, value in values.items()):
        conn.execute(update(pairs).where(pairs.c.id == stored.id).values(**values, updated_at=at))
    return require(conn, stored.id), speaks


def dismiss(conn: Connection, pair_id: str, *, by: str, reason: str, at: datetime) -> Pair:
    """Note that a side says no, of the evidence as it is now; what is dismissed already, or has ended, stays as it is.

    Args:
        by: the partner.
    Raises:
        RowMissing: there is no such pair.
    """
    values = {
        "state": "dismissed", "dismissed_by": by, "dismissed_reason": reason, "dismissed_at": at,
        "settled_grade": pairs.c.grade, "settled_weight": pairs.c.weight, "updated_at": at,
    }  # fmt: skip
    conn.execute(update(pairs).where(pairs.c.id == pair_id, pairs.c.state == "open").values(**values))
    return require(conn, pair_id)


def end(conn: Connection, pair_id: str, reason: str, at: datetime) -> bool:
    """End a pair, and send nothing more about it; False where it has ended before (`api.pairs.ending`)."""
    statement = update(pairs).where(pairs.c.id == pair_id, pairs.c.state != "ended")
    if not conn.execute(statement.values(state="ended", ended_for=reason, updated_at=at)).rowcount:
        return False
    outbox.hold_back_subject(conn, pair_id, at)
    return True


def get(conn: Connection, pair_id: str) -> Pair | None:
    """Return a pair, None if there is none of that id."""
    return next(iter(_fetch(conn, select(pairs).where(pairs.c.id == pair_id))), None)


def require(conn: Connection, pair_id: str) -> Pair:
    """Return a pair.

    Raises:
        RowMissing: there is none of that id.
    """
    found = get(conn, pair_id)
    if found is None:
        raise RowMissing("pairs")
    return found


def of_records(conn: Connection, record_ids: Sequence[str]) -> list[Pair]:
    """Return the pairs of records, ended ones left out, in id order."""
    found: dict[str, Pair] = {}
    for some in chunks(list(record_ids), 500):
        either = or_(pairs.c.first_id.in_(some), pairs.c.second_id.in_(some))
        found |= {pair.id: pair for pair in _fetch(conn, select(pairs).where(pairs.c.state != "ended", either))}
    return [found[pair_id] for pair_id in sorted(found)]


def going(conn: Connection, *, after: str | None, limit: int) -> list[Pair]:
    """Return pairs of everybody in id order, ended ones left out."""
    statement = select(pairs).where(pairs.c.state != "ended").order_by(pairs.c.id).limit(limit)
    return _fetch(conn, statement if after is None else statement.where(pairs.c.id > after))


def page(
    conn: Connection, owner_id: str, *, kinds: Sequence[str], state: str | None, after: str | None, limit: int
) -> list[Pair]:
    """Return pairs in id order, ended ones left out, in which a partner owns one of the two records.

    Args:
        kinds: only these.
        state: "open" or "dismissed"; None for both.
        after: the last id of the page before.
    """
    statement = select(pairs).where(pairs.c.state != "ended", pairs.c.kind.in_(list(kinds)))
    own = select(cases.c.id).where(cases.c.owner_id == owner_id).union_all(
        select(suspects.c.id).where(suspects.c.owner_id == owner_id)
    )  # fmt: skip
    statement = statement.where(or_(pairs.c.first_id.in_(own), pairs.c.second_id.in_(own)))
    if state is not None:
        statement = statement.where(pairs.c.state == state)
    if after is not None:
        statement = statement.where(pairs.c.id > after)
    return _fetch(conn, statement.order_by(pairs.c.id).limit(limit))


def upto_seq(conn: Connection) -> int:
    """Return the last change of a case that was followed: who has changed since has not been compared yet."""
    return int(conn.scalar(select(meta.c.value).where(meta.c.key == _UPTO)) or 0)


def move_on(conn: Connection, seq: int, *, back: bool = False) -> None:
    """Note up to which change all were compared.

    Args:
        back: also to an earlier one, so that what lies after it is compared again; otherwise whoever is further ahead
            stays there.
    """
    insert_if_absent(conn, meta, {"key": _UPTO, "value": "0"}, ["key"])
    row = conn.execute(select(meta.c.value).where(meta.c.key == _UPTO).with_for_update()).scalar_one()
    if back or seq > int(row):
        conn.execute(update(meta).where(meta.c.key == _UPTO).values(value=str(seq)))


def _fetch(conn: Connection, statement: Select[Any]) -> list[Pair]:
    return [Pair(**row._asdict()) for row in conn.execute(statement)]
