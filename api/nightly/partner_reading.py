"""May a partner read what the nights came to for it? Its own report of the last finished run, taken now.

The same figures as in the file that the run writes (`partner_page`), of the database as it is; what the caller may not
see is left out, as it is there. Of the matches that wait for its word the strongest are listed, and all are counted, so
that the answer stays small, and quick, however many there are.
"""

from __future__ import annotations

from typing import Final

from api.access import AccessScope, NotFound, Permission
from api.ids import Clock
from api.nightly.partner_report import PartnerReport, partner_report
from api.nightly.run import KIND
from api.store import Database, audit, runs

MOST_UNDECIDED: Final = 200
"""How many matches that are not decided an answer lists."""
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
            finished = runs.list_finished(conn, KIND, _PAST_RUNS)
            known = [run for run in finished if "from_event" in run.parameters]  # not of an older version
            if not known:
                raise NotFound("report")
            report = partner_report(conn, known[0], scope.partner_id, now, self._url).listing(MOST_UNDECIDED)
        with self._database.write() as conn:
            audit.append(
                conn, at=now, actor=scope.actor_id, action="report.read", subject=scope.partner_id,
                detail={"run": report.run_id, "matches": report.undecided_total},
            )  # fmt: skip
        return report if Permission.ALERTS_READ in scope.permissions else report.without_alerts()
