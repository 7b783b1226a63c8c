"""How urgent is a match? A child, probable or better, at once; what is only possible waits for the digest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from api.cases.forms import to_person
from api.matches.states import LIVING, MatchState
from api.store import Connection, matches
from api.store.cases import Case
from api.store.matches import Match
from matcher.model import Grade
from matcher.person import Side

QUIET: Final = frozenset(MatchState).difference(LIVING)
"""States of a match in which nobody is alerted to new evidence."""
MOST_POSSIBLE: Final = 5
"""Of each case, the owner is told of so many possible matches, the strongest; the others stand in its list."""
_ADULT_YEARS: Final = 18


def priority_of(grade: str, missing: Case, rescued: Case, now: datetime) -> str:
    """Return "critical", "standard" or "digest"."""
    if Grade(grade).rank < Grade.PROBABLE.rank:
        return "digest"
    return "critical" if _may_be_a_child(missing, rescued, now) else "standard"


def urgency_of(conn: Connection, match: Match, missing: Case, rescued: Case, now: datetime) -> str:
    """Return the priority of a match as it stands.

    Of somebody who is verified to be another, none is critical: nobody can verify it, and nobody is to be woken for it.
    """
    urgency = priority_of(match.grade, missing, rescued, now)
    return "standard" if urgency == "critical" and matches.has_found_rival(conn, match) else urgency


def spoken_priority(urgency: str, spoken: bool) -> str:
    """Return the priority of what is told: what people say of a match waits for no digest, whatever its grade is."""
    return "standard" if spoken and urgency == "digest" else urgency


def spoken_reach(grade: str, spoken: bool) -> str:
    """Return the grade by whose rules people are told: what people say goes to the owners of any match."""
    return str(Grade.POSSIBLE) if spoken and grade == Grade.CERTAINLY_NOT else grade


def _may_be_a_child(missing: Case, rescued: Case, now: datetime) -> bool:
    """Tell whether, by either record, the person may be under eighteen.

    Unknown on both sides counts as a child: the faster deadline is the safe one.
    """
    births = [birth for birth in (to_person(case, []).birth for case in (missing, rescued)) if birth is not None]
    if not births:
        return True
    return any((now.date() - birth.latest).days < _ADULT_YEARS * 365.25 for birth in births)


def among_strongest(conn: Connection, pairs: Mapping[str, tuple[str, str]]) -> dict[str, frozenset[Side]]:
    """Return, for possible matches, the sides to whose case each is among its strongest ones.

    Each side is asked for itself: what else the other side's case resembles is nothing to this one's owner.

    Args:
        pairs: id of a match -> its missing and its rescued case.
    """
    if not pairs:
        return {}
    wanted = {case_id for pair in pairs.values() for case_id in pair}
    strong = matches.strongest(conn, wanted, grade=Grade.POSSIBLE, outside=QUIET, most=MOST_POSSIBLE)
    return {
        match_id: frozenset(
            side for side, case_id in zip(Side, pair, strict=True) if match_id in strong.get(case_id, ())
        )
        for match_id, pair in pairs.items()
    }
