"""May a partner read what the nights came to for it? Its own report of the last finished run, taken now.

The same figures as in the file that the run writes (`partner_page`), of the database as it is; what the caller may not
see is left out, and a match that it may read no longer is not among those that wait for its word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from api.access import AccessScope, NotFound, Permission
from api.cases.standing import is_party
from api.ids import Clock
from api.nightly.partner_report import PartnerReport, partner_report
from api.nightly.run import KIND
from api.store import Connection, Database, audit, matches, runs
from api.store.partner_figures import UndecidedMatch

_PAST_RUNS = 100


class NightlyReports:
    """Gives partners their reports.

    Args:
        public_url: where links lead.
    """

    def __init__(self, database: Database, clock: Clock, public_url: str) -> None:
        self._database, self._clock, self._url = database, clock, public_url

    def latest(self, scope: AccessScope) -> PartnerReport:
        """Return the caller's report of the last finished run; the read is audited.

        Without `alerts:read` it tells of no alert.

        Raises:
            NotPermitted: the caller may not read matches.
            NotFound: no run has finished yet.
        """
        scope.require(Permission.MATCHES_READ)
        now = self._clock()
        with self._database.read() as conn:
            finished = [run for run in runs.list_runs(conn, KIND, _PAST_RUNS) if run.state == "finished"]
            known = [run for run in finished if "from_event" in run.parameters]  # not of an older version
            if not known:
                raise NotFound("report")
            report = partner_report(conn, known[0], scope.partner_id, now, self._url)
            report = replace(report, undecided=_seen(conn, report.undecided, scope, now))
        with self._database.write() as conn:
            audit.append(
                conn, at=now, actor=scope.actor_id, action="report.read", subject=scope.partner_id,
                detail={"run": report.run_id, "matches": len(report.undecided)},
            )  # fmt: skip
        return report if Permission.ALERTS_READ in scope.permissions else report.without_alerts()


def _seen(
    conn: Connection, undecided: Sequence[UndecidedMatch], scope: AccessScope, now: datetime
) -> list[UndecidedMatch]:
    """Return those of which the caller may still know: agreements and consents end."""
    return [one for one in undecided if is_party(conn, matches.require_match(conn, one.id), scope, now)]
