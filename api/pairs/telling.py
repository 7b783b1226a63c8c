"""What follows when two records of one side are alike? Both owners learn that, and of each other, and nothing else.

    found ── both open, owners differ, agreement, consent to sharing both ways ── pair stored ── both told, or neither
       └──── one of these is missing ── nothing is stored, and a pair that there was ends

Whoever holds the other record is not named where that would tell where a protected person is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.alerts.deadlines import deadlines_of
from api.alerts.raising import Occasion, raise_alert
from api.ids import RandomBytes, new_id
from api.pairs.ending import ENGINE, end_pair
from api.pairs.standing import Held, both_of
from api.store import Connection, audit, pairs, partners
from api.store.pairs import Likeness, Pair
from indexing.same_side import Alike
from matcher.model import Grade

PROTECTED: Final = "it would tell where a protected person is"
_RULES = {
    "person": "owner of a record that may be about the same person",
    "suspect": "owner of a record that may be about the same suspect",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What comparing some records came to: how many were compared, pairs told of, alerts queued."""

    compared: int = 0
    pairs: int = 0
    alerts: int = 0

    def __add__(self, more: Told) -> Told:
        return Told(self.compared + more.compared, self.pairs + more.pairs, self.alerts + more.alerts)


def settle(
    conn: Connection, kind: str, record_id: str, found: Sequence[Alike], now: datetime, random_bytes: RandomBytes
) -> Told:
    """Store what was found for one record, tell both owners, and end the pairs that it has no more."""
    known = {pair.other(record_id): pair for pair in pairs.of_records(conn, [record_id])}
    told = Told(1)
    for alike in found:
        before = known.pop(alike.other_id, None)
        both = both_of(conn, kind, record_id, alike.other_id, now)
        # Who was told is not told back and forth: a pair stays until it is less than possible.
        enough = Grade.PROBABLE if before is None else Grade.POSSIBLE
        if both is not None and alike.pair.grade.rank >= enough.rank:
            told += _keep(conn, kind, both, alike, now, random_bytes)
        elif before is not None:
            reason = "evidence" if both is not None else "not_shared"
            end_pair(conn, before, reason, now, random_bytes=random_bytes)
    for pair in known.values():
        end_pair(conn, pair, "closed", now, random_bytes=random_bytes)
    return told


def _keep(
    conn: Connection, kind: str, both: tuple[Held, Held], alike: Alike, now: datetime, random_bytes: RandomBytes
) -> Told:
    likeness = Likeness(
        grade=alike.pair.grade,
        weight=round(alike.pair.weight, 4),
        # Labels and notes stay out: of what a record says, a pair holds nothing.
        evidence=[
            {"comparison": part.comparison, "bits": round(part.bits, 4)}
            for part in alike.pair.contributions
            if part.level >= 0
        ],
        model_version=alike.pair.model_version,
    )
    pair, speaks = pairs.put(
        conn, pair_id=new_id("pair", now, random_bytes), kind=kind, one_id=both[0].id, other_id=both[1].id,
        found=likeness, at=now,
    )  # fmt: skip
    if not speaks:
        return Told()
    queued = sum(tell_of_pair(conn, pair, own, other, now, random_bytes) for own, other in (both, both[::-1]))
    audit.append(
        conn, at=now, actor=ENGINE, action="pair.found", subject=pair.id, detail={"kind": kind, "alerts": queued}
    )
    return Told(pairs=1, alerts=queued)


def tell_new_owner(conn: Connection, case_id: str, now: datetime, random_bytes: RandomBytes) -> int:
    """Tell the owner of a case that has changed hands of the pairs that are open; return how many alerts that are."""
    told = 0
    for pair in pairs.of_records(conn, [case_id]):
        both = both_of(conn, pair.kind, case_id, pair.other(case_id), now) if pair.state == "open" else None
        if both is not None:
            told += tell_of_pair(conn, pair, *both, now, random_bytes, again=("handed over", now.isoformat()))
    return told


def tell_of_pair(
    conn: Connection, pair: Pair, own: Held, other: Held, now: datetime, random_bytes: RandomBytes,
    *, again: tuple[str, ...] = (),
) -> bool:  # fmt: skip
    """Tell the owner of one record of a pair; tell whether it was told now.

    Args:
        again: what sets this occasion apart where the same pair was told of before.
    """
    to, holder = partners.get_partner(conn, own.owner_id), partners.get_partner(conn, other.owner_id)
    if to is None or holder is None:  # both take part, or they would have no agreement
        return False
    hidden = own.hides(other)
    occasion = Occasion(
        kind=f"same_{pair.kind}",
        event="found",
        priority="standard",
        same=(pair.id, str(pair.told), *again),
        rule=_RULES[pair.kind],
        subject_id=pair.id,
        grade=pair.grade,
        # Which suspect it is stands behind the permission to read suspects.
        own_case_id=own.id if pair.kind == "person" else None,
        other_organisation=None if hidden else holder.name,
        withheld={"other_organisation": PROTECTED} if hidden else {},
        due_at=deadlines_of(to, "standard", now).due_at,
    )
    return raise_alert(conn, to, occasion, now, random_bytes) is not None
