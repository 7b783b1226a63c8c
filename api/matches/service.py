"""What happens when a case is new or has changed? It is compared; matches and alerts are stored at once.

The order makes it safe to be killed anywhere: the case is committed first, then compared, then everything that follows
from the comparison is committed at once together with the mark that this version has been compared. A case without that
mark is compared again at the next start; a match and an alert that exist already are not made twice.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from api.alerts.compiling import MatchNews, compile_view
from api.alerts.raising import raise_alert
from api.alerts.routing import BOTH_SIDES, route, rules_in
from api.alerts.sharing_again import tell_who_never_heard
from api.cases.forms import to_person
from api.cases.standing import may_meet
from api.ids import Clock, RandomBytes, new_id
from api.index_building import usable
from api.index_keeper import IndexKeeper
from api.matches.exchange import Exchange
from api.matches.moves import MatchMoves
from api.matches.states import LIVING, MatchState
from api.matches.urgency import among_strongest, urgency_of
from api.store import Connection, Database, audit, cases, changes, faces, matches
from api.store.cases import Case
from api.store.matches import Evidence, Match
from indexing.meeting import Here, Meeting
from indexing.search import FoundMatch, find_matches_batch
from matcher.model import Grade, MatchModel
from matcher.person import Side

log = logging.getLogger(__name__)

ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class MatchOutcome:
    """What comparing one case came to.

    Attributes:
        case_id: the case.
        found: matches of grade possible or better, best first, with their stored ids.
        alerts: how many alerts were queued to go out at once; those that wait for the digest are not counted.
        counts: outcome ("new", "risen", "fallen", "same") -> how many matches.
        settled: False when the case changed meanwhile and will be compared again.
        bears_on: rescued persons whose other reports now have another rival, and are compared again.
        proposed: search route -> candidates that it proposed for the case.
    """

    case_id: str
    found: tuple[tuple[str, FoundMatch], ...]
    alerts: int
    counts: dict[str, int]
    settled: bool
    bears_on: tuple[str, ...] = ()
    proposed: Mapping[str, int] = field(default_factory=dict)


class MatchService:
    """Compares cases and stores what follows.

    Args:
        database, keeper, model: truth, index, evidence.
        clock, random_bytes: time and randomness.
        matches_kept: most matches stored for one case.
        candidates: candidates of each search route.
        moves: suggests a rejected match anew.
        meeting: brings cases and candidates together.
    """

    def __init__(
        self,
        database: Database,
        keeper: IndexKeeper,
        model: MatchModel,
        clock: Clock,
        random_bytes: RandomBytes,
        *,
        matches_kept: int,
        candidates: int,
        moves: MatchMoves,
        meeting: Meeting = Here(),
    ) -> None:
        self._database, self._keeper, self._model = database, keeper, model
        self._clock, self._random = clock, random_bytes
        self._kept, self._candidates = matches_kept, candidates
        self._moves, self._meeting = moves, meeting

    def using(self, meeting: Meeting) -> Self:
        """Return a service that brings cases and candidates together elsewhere."""
        other = copy(self)
        other._meeting = meeting
        return other

    @property
    def must_wait(self) -> bool:
        """Tell whether comparing would wait for an index that is being opened; `recover` compares what is left then."""
        return self._keeper.opening

    def match_cases(self, case_ids: Sequence[str]) -> list[MatchOutcome]:
        """Compare cases of one side, store matches and alerts, and mark them compared; closed cases are passed over."""
        self._keeper.refresh()
        with self._database.read() as conn:
            seen_seq = changes.latest_seq(conn)
            found_cases = cases.get_cases(conn, case_ids)
            queries = [found_cases[i] for i in case_ids if i in found_cases and found_cases[i].status == "open"]
            embeddings = faces.faces_of_cases(
                conn, [case.id for case in queries if case.face_consent], self._keeper.face_model.model_id
            )
            known = {case.id: matches.matches_of_case(conn, case.id) for case in queries}
        exchange = Exchange(self._database, {case.id: case.owner_id for case in queries}, self._clock)
        searched = self._keeper.face_model
        records = usable(
            [to_person(case, embeddings.get(case.id, [])) for case in queries], searched.model_id, searched.width
        )
        also = [[_across(match, case) for match in known[case.id]] for case in queries]
        proposed: list[Counter[str]] = []
        results = find_matches_batch(
            records, self._keeper.index, self._keeper.source, self._model,
            limit=self._kept, candidates=self._candidates, permits=exchange.permits(), also=also, proposed=proposed,
            meeting=self._meeting,
        )  # fmt: skip
        outcomes = []
        for case, result, routes in zip(queries, results, proposed, strict=True):
            outcome = self._store(case, result, known[case.id], seen_seq)
            outcomes.append(replace(outcome, proposed=routes))
        again = sorted({rescued for outcome in outcomes for rescued in outcome.bears_on})
        if again:
            # The first of them carries what comparing these came to; should it not come to that, they still wait.
            outcomes[0] = _with_others(outcomes[0], self.match_cases(again))
        return outcomes

    def match_case(self, case_id: str) -> MatchOutcome | None:
        """Compare one case; None when it is closed or gone."""
        return next(iter(self.match_cases([case_id])), None)

    def follow(self) -> None:
        """Take up what has changed, so that who was erased is not found; an index that is opened does it by itself."""
        if self._keeper.is_open and not self.must_wait:
            self._keeper.refresh()

    def recover(self, limit: int = 1000, on_compared: Callable[[Sequence[MatchOutcome]], None] | None = None) -> int:
        """Compare every case that waits for it, e.g. after a crash; return how many were compared.

        Args:
            limit: how many are fetched at a time.
            on_compared: told, after each few dozen cases, what comparing them came to.
        """
        done = 0
        while True:
            with self._database.read() as conn:
                waiting = cases.unmatched(conn, limit)
            if not waiting:
                return done
            for side in Side:
                ids = [case.id for case in waiting if case.side == side]
                for start in range(0, len(ids), 50):
                    outcomes = self.match_cases(ids[start : start + 50])
                    done += len(outcomes)
                    if on_compared:
                        on_compared(outcomes)

    def _store(self, case: Case, results: list[FoundMatch], known: Sequence[Match], seen_seq: int) -> MatchOutcome:
        now = self._clock()
        others = {_across(match, case) for match in known}
        before = {match.id: (match.missing_version, match.rescued_version) for match in known}
        counts: dict[str, int] = {}
        stored: list[tuple[str, FoundMatch]] = []
        queued = 0
        possible: list[_News] = []
        bears_on: list[str] = []
        with self._database.write() as conn:
            wanted = {found.pair.left_id for found in results} | {found.pair.right_id for found in results}
            current = cases.get_cases(conn, sorted(wanted | {case.id}))
            mine = current.get(case.id)
            if mine is None or mine.version != case.version or mine.status != "open":
                return MatchOutcome(case.id, (), 0, {}, settled=False)
            for found in results:
                missing, rescued = current.get(found.pair.left_id), current.get(found.pair.right_id)
                other = found.pair.left_id if found.pair.right_id == case.id else found.pair.right_id
                if missing is None or rescued is None or not may_meet(conn, missing, rescued, now):
                    continue
                if found.pair.grade is Grade.CERTAINLY_NOT and other not in others:
                    continue
                match, outcome = matches.upsert_match(
                    conn,
                    match_id=new_id("match", now, self._random),
                    missing_id=missing.id,
                    rescued_id=rescued.id,
                    evidence=_evidence(found, missing, rescued),
                    at=now,
                )
                again = self._reopened(conn, match, found, now)
                if again is not None:
                    match, outcome = again, "risen"
                counts[outcome] = counts.get(outcome, 0) + 1
                if case.id == missing.id and outcome != "same":
                    bears_on.append(rescued.id)
                if found.pair.grade is not Grade.CERTAINLY_NOT:
                    stored.append((match.id, found))
                heard = match.state in LIVING and outcome in ("new", "risen")
                if heard and found.pair.grade is not Grade.CERTAINLY_NOT:
                    reopening = "" if again is None else f"reopened {match.version}"
                    news = _News(match.id, outcome, found, missing, rescued, reopening)
                    if found.pair.grade is Grade.POSSIBLE:
                        possible.append(news)
                    else:
                        queued += self._alert(conn, news, now)
                elif before.get(match.id) not in (None, (missing.version, rescued.version)) and _reaches_units(found):
                    # One of the two has changed, and may lie in another unit's area by now.
                    queued += tell_who_never_heard(conn, [match], now, self._random)
            self._alert_digests(conn, possible, now)
            cases.await_comparison(conn, bears_on)
            settled = cases.mark_matched(conn, case.id, case.version, seen_seq)
            audit.append(
                conn, at=now, actor=ENGINE, action="case.matched", subject=case.id,
                detail={"version": case.version, "matches": len(stored), "alerts": queued},
            )  # fmt: skip
        return MatchOutcome(case.id, tuple(stored), queued, counts, settled, tuple(bears_on))

    def _reopened(self, conn: Connection, match: Match, found: FoundMatch, now: datetime) -> Match | None:
        """Suggest a rejected pair anew, unless it stays silent or fits no more."""
        if match.state != MatchState.REJECTED or found.pair.grade is Grade.CERTAINLY_NOT:
            return None
        return self._moves.reopen(conn, match, now)

    def _alert_digests(self, conn: Connection, possible: Sequence[_News], now: datetime) -> None:
        """Put possible matches into the digests of the owners to whose case they are among the strongest."""
        strongest = among_strongest(conn, {news.match_id: (news.missing.id, news.rescued.id) for news in possible})
        for news in possible:
            if strongest[news.match_id]:
                self._alert(conn, news, now, strongest[news.match_id])

    def _alert(self, conn: Connection, news: _News, now: datetime, strongest: frozenset[Side] = BOTH_SIDES) -> int:
        """Raise one alert for each recipient, with a message for each of its channels; return how many are new."""
        pair, missing, rescued = news.found.pair, news.missing, news.rescued
        same = [missing.id, rescued.id, pair.grade, pair.model_version, str(missing.version), str(rescued.version)]
        match = matches.require_match(conn, news.match_id)
        told = MatchNews(
            match_id=news.match_id,
            event=news.event,
            grade=pair.grade,
            priority=urgency_of(conn, match, missing, rescued, now),
            same=(*same, *filter(None, (news.reopening,))),
        )
        raised = 0
        rules = rules_in(match.state)
        for recipient in route(conn, missing, rescued, pair.grade, now, strongest=strongest, rules=rules).told:
            occasion = compile_view(told, recipient, now)
            raised += raise_alert(conn, recipient.partner, occasion, now, self._random) is not None
        return raised


@dataclass(frozen=True, slots=True)
class _News:
    """A match of which people are to hear.

    Attributes:
        reopening: what sets this occasion apart where a rejected pair is suggested anew, and no case has changed.
    """

    match_id: str
    event: str
    found: FoundMatch
    missing: Case
    rescued: Case
    reopening: str


def _across(match: Match, case: Case) -> str:
    """Return the case that a match brings together with this one."""
    return match.missing_id if match.rescued_id == case.id else match.rescued_id


def _reaches_units(found: FoundMatch) -> bool:
    return found.pair.grade.rank >= Grade.PROBABLE.rank


def _with_others(outcome: MatchOutcome, others: Sequence[MatchOutcome]) -> MatchOutcome:
    """Return an outcome with the alerts and changes of others added to it."""
    counts = Counter(outcome.counts)
    for other in others:
        counts.update({kind: count for kind, count in other.counts.items() if kind != "same"})
    return replace(outcome, alerts=outcome.alerts + sum(other.alerts for other in others), counts=dict(counts))


def _evidence(found: FoundMatch, missing: Case, rescued: Case) -> Evidence:
    pair = found.pair
    contributions = [replace(part, bits=round(part.bits, 4)).to_json() for part in pair.contributions]
    digest = hashlib.sha256(json.dumps([contributions, pair.model_version, pair.grade], sort_keys=True).encode())
    return Evidence(
        grade=pair.grade,
        weight=pair.weight,
        weight_without_face=pair.weight_without_face,
        probability=pair.probability,
        contributions=contributions,
        routes=list(found.routes),
        model_version=pair.model_version,
        evidence_hash=digest.hexdigest(),
        missing_version=missing.version,
        rescued_version=rescued.version,
    )
