"""What did a case say in which version, who changed it, and where does each value come from? For its owner only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from api.access import AccessScope, Permission
from api.care.owning import reads_texts
from api.cases.forms import handed_on
from api.cases.standing import own_case
from api.ids import Clock
from api.store import Database, audit, cases, referrals
from api.store.cases import CaseVersion


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of a case, beside the one before.

    Attributes:
        changed: names of the fields that this version says otherwise, in alphabetical order.
        values: these fields as they stand in this version, None where it says nothing any more; None as a whole for
            whoever may not read names.
        provenance: field -> where its value comes from, of every field that has one; likewise.
    """

    version: int
    at: datetime
    by: str
    changed: tuple[str, ...]
    values: dict[str, object] | None = field(repr=False)
    provenance: dict[str, object] | None = field(repr=False)


class HistoryService:
    """Shows the owner of a case how it came to say what it says."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def of_case(self, case_id: str, scope: AccessScope) -> list[Revision]:
        """Return every version of the caller's own case, oldest first; the read is audited.

        Raises:
            NotFound: there is no such case, or it is another partner's.
        """
        scope.require(Permission.CASES_READ)
        with self._database.write() as conn:
            own_case(conn, case_id, scope, self._clock())
            audit.append(conn, at=self._clock(), actor=scope.actor_id, action="case.history_read", subject=case_id)
            versions = cases.versions_of(conn, case_id)
            withheld = referrals.sources_withheld_upto(conn, case_id)
        return revisions(versions, withheld_upto=withheld, texts=reads_texts(scope))


def revisions(versions: Sequence[CaseVersion], *, withheld_upto: int, texts: bool) -> list[Revision]:
    """Return versions as the owner sees them.

    Args:
        versions: oldest first.
        withheld_upto: up to this version another partner owned the case and kept the sources.
        texts: whether values are shown at all.
    """
    found = []
    before: dict[str, object] = {}
    for version in versions:
        said = handed_on(version.payload) if version.version <= withheld_upto else version.payload
        changed = tuple(sorted(name for name in said.keys() | before.keys() if said.get(name) != before.get(name)))
        sources = said.get("provenance")
        found.append(
            Revision(
                version.version,
                version.at,
                version.by,
                changed,
                {name: said.get(name) for name in changed if name != "provenance"} if texts else None,
                (dict(sources) if isinstance(sources, dict) else {}) if texts else None,
            )
        )
        before = said
    return found
