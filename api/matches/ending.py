"""What becomes of the matches of a case that is searched for no more, and when it is opened again?

    consent to matching withdrawn, time over, erased ──> ended      consent given again ──> suggested anew
    closed by its owner                              ──> ended      opened again        ──> suggested anew

What was verified stays as it is: a case is closed because its person was found, and that undoes nothing. Only where the
record is erased because it was a mistake, or a second one of the same person, nobody was found by it: what was verified
ends, and its rivals are what they were before.
"""

from __future__ import annotations

from datetime import datetime

from api.matches.moves import MatchMoves
from api.matches.states import Action
from api.store import Connection, cases, follow_ups, matches


def end_matches_of(
    conn: Connection, moves: MatchMoves, case_id: str, how: Action, *, at: datetime, actor: str
) -> list[str]:
    """End every match of a case that people are still finding out about, and every one that was silent.

    Args:
        how: a step of the service that ends a match.
    Returns:
        The rescued persons for whom another report may now fit better; they wait to be compared.
    """
    freed = []
    for match in sorted(matches.matches_of_case(conn, case_id), key=lambda one: one.id):
        moves.end(conn, match, how, at=at, actor=actor)
        if match.missing_id == case_id:
            freed.append(match.rescued_id)
    cases.await_comparison(conn, freed)
    return freed


def take_back_matches_of(
    conn: Connection, moves: MatchMoves, case_id: str, *, at: datetime, actor: str, nobody_home: bool
) -> None:
    """End what was verified with a case that should not have been there; to be called after `end_matches_of`.

    Args:
        nobody_home: a rescued person was none: the visits of the report's child, which her restoration let run, end.
    """
    for match in sorted(matches.matches_of_case(conn, case_id), key=lambda one: one.id):
        if moves.take_back(conn, match, at=at, actor=actor) and nobody_home:
            for day in matches.restorations_of(conn, match):
                follow_ups.cancel_due(
                    conn, match.missing_id, at=at, by=actor, outcome="match_undone", source="return", returned_on=day
                )


def revive_matches_of(conn: Connection, moves: MatchMoves, case_id: str, *, at: datetime, actor: str) -> None:
    """Let the matches that ended with a case be suggestions again, where the other case is open too."""
    for match in sorted(matches.matches_of_case(conn, case_id), key=lambda one: one.id):
        both = cases.get_cases(conn, [match.missing_id, match.rescued_id]).values()
        if [case.status for case in both] == ["open", "open"]:
            moves.revive(conn, match, at=at, actor=actor)
