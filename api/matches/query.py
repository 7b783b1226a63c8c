"""Who may this be? The query that stores nothing, and the reading of stored matches, within the caller's scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from api.access import AccessScope, NotFound, Permission, View
from api.cases.photos import Photographer, past_day
from api.cases.service import is_party
from api.cases.views import CaseView, MaskedCaseView, view_case
from api.ids import Clock
from api.index_keeper import IndexKeeper
from api.matches.views import MatchQuery, MatchView, QueryAnswer, build_match_view
from api.store import Connection, Database, alerts, audit, cases, matches, partners, photos
from api.store.matches import Match
from indexing.search import FoundMatch, find_matches, other_side
from matcher.errors import InvalidRecord
from matcher.model import Grade, MatchModel
from matcher.names.script import normalise
from matcher.person import FaceEmbedding, PersonRecord
from matcher.photos.errors import UnusablePhoto


@dataclass(frozen=True, slots=True)
class MatchPageRows:
    """A page of matches and the cursor of the next one."""

    items: list[MatchView]
    next: str | None


class MatchReader:
    """Answers queries and shows stored matches."""

    def __init__(
        self,
        database: Database,
        keeper: IndexKeeper,
        model: MatchModel,
        photographer: Photographer | None,
        clock: Clock,
        *,
        candidates: int,
        query_limit: int,
    ) -> None:
        self._database, self._keeper, self._model = database, keeper, model
        self._photographer, self._clock = photographer, clock
        self._candidates, self._limit = candidates, query_limit

    def query(self, asked: MatchQuery, scope: AccessScope, uploads: Sequence[bytes] = ()) -> QueryAnswer:
        """Return the possible matches of a person described in the query; only the audit row is stored.

        Raises:
            NotPermitted: the key may not query.
            InvalidRecord: a field cannot be understood, or there is nothing that identifies a person.
        """
        scope.require(Permission.MATCHES_QUERY)
        now = self._clock()
        record = asked.person.read(now.date()).record
        faces, told = self._faces(uploads, asked.person.consents_to_faces and self._may_compare(scope))
        record = replace(record, record_id="query", faces=faces)
        if not _identifies(record):
            # Searching by place and age alone would be browsing; a photo without a face identifies nobody.
            if told:
                raise InvalidRecord("photos", "; ".join(told))
            raise InvalidRecord("person", "needs a name, a relative's name, a phone, an identifier or a photo")
        self._keeper.refresh()
        found = find_matches(
            record, self._keeper.index, self._keeper.source, self._model,
            limit=min(asked.limit, self._limit), candidates=self._candidates,
        )  # fmt: skip
        found = [match for match in found if match.pair.grade is not Grade.CERTAINLY_NOT]
        with self._database.write() as conn:
            audit.append(
                conn, at=now, actor=scope.key_id, action="matches.queried", subject=scope.partner_id,
                purpose=asked.purpose, detail={"side": asked.person.side, "answers": len(found)},
            )  # fmt: skip
            views = [self._transient(conn, match, record, scope) for match in found]
        return QueryAnswer(searched=other_side(record.side).value, matches=views, photos=told)

    def read(self, match_id: str, scope: AccessScope) -> MatchView:
        """Return a stored match that the caller is a party to; the read is audited.

        Raises:
            NotFound: there is none, or it is not the caller's.
        """
        scope.require(Permission.MATCHES_READ)
        with self._database.write() as conn:
            match = matches.get_match(conn, match_id)
            if match is None or not self._is_party(conn, match, scope):
                raise NotFound("match")
            audit.append(conn, at=self._clock(), actor=scope.key_id, action="match.read", subject=match_id)
            return self._stored(conn, match, scope)

    def page(
        self,
        scope: AccessScope,
        *,
        grades: Sequence[str] | None,
        after: str | None,
        limit: int,
        case_id: str | None = None,
    ) -> MatchPageRows:
        """Return a page of the caller's matches in id order; with `case_id`, those of one case."""
        scope.require(Permission.MATCHES_READ)
        with self._database.write() as conn:
            rows = matches.list_matches(
                conn, scope.partner_id, grades=grades, after=after, limit=limit + 1, case_id=case_id
            )
            audit.append(
                conn, at=self._clock(), actor=scope.key_id, action="matches.listed", subject=scope.partner_id,
                detail={"count": min(len(rows), limit)},
            )  # fmt: skip
            items = [self._stored(conn, match, scope) for match in rows[:limit]]
        return MatchPageRows(items, rows[limit - 1].id if len(rows) > limit else None)

    def _may_compare(self, scope: AccessScope) -> bool:
        """Tell whether faces are compared for the caller's organisation."""
        with self._database.read() as conn:
            partner = partners.get_partner(conn, scope.partner_id)
        return partner is not None and partner.faces

    def _faces(self, uploads: Sequence[bytes], consent: bool) -> tuple[tuple[FaceEmbedding, ...], list[str]]:
        found, told = [], []
        for data in uploads:
            if self._photographer is None or not consent:
                told.append("withheld: face_consent was not given, or faces are switched off here or for you")
                continue
            try:
                result = self._photographer.process(data)
            except UnusablePhoto as problem:
                told.append(f"{problem.code}: {problem}")
                continue
            taken = past_day(result.captured_on, self._clock())
            found += [FaceEmbedding(face.vector, result.model_id, str(face.quality), taken) for face in result.faces]
            told.append("compared")
        return tuple(found), told

    def _is_party(self, conn: Connection, match: Match, scope: AccessScope) -> bool:
        both = cases.get_cases(conn, [match.missing_id, match.rescued_id]).values()
        told = alerts.alerts_of_match(conn, match.id)
        return any(case.owner_id == scope.partner_id for case in both) or any(
            alert.recipient_id == scope.partner_id for alert in told
        )

    def _stored(self, conn: Connection, match: Match, scope: AccessScope) -> MatchView:
        return build_match_view(
            match_id=match.id,
            state=match.state,
            grade=match.grade,
            probability=match.probability,
            weight=match.weight,
            contributions=match.contributions,
            routes=match.routes,
            model_version=match.model_version,
            missing=_case_view(conn, match.missing_id, scope, party=True),
            rescued=_case_view(conn, match.rescued_id, scope, party=True),
            created_at=match.created_at.isoformat(),
            updated_at=match.updated_at.isoformat(),
        )

    def _transient(self, conn: Connection, match: FoundMatch, query: PersonRecord, scope: AccessScope) -> MatchView:
        pair = match.pair
        missing = None if pair.left_id == query.record_id else _case_view(conn, pair.left_id, scope, party=True)
        rescued = None if pair.right_id == query.record_id else _case_view(conn, pair.right_id, scope, party=True)
        return build_match_view(
            match_id=None,
            state="not stored",
            grade=pair.grade,
            probability=pair.probability,
            weight=pair.weight,
            contributions=[part.to_json() for part in pair.contributions],
            routes=list(match.routes),
            model_version=pair.model_version,
            missing=missing,
            rescued=rescued,
        )


def _identifies(record: PersonRecord) -> bool:
    """Tell whether a query describes one person rather than a place and an age."""
    names = (*record.names, *record.father, *record.mother, *record.relatives)
    written = any(normalise(name.text) for name in names)  # "?" is not a name
    return written or bool(record.phones or record.identifiers or record.faces)


def _case_view(conn: Connection, case_id: str, scope: AccessScope, *, party: bool) -> CaseView | MaskedCaseView | None:
    case = cases.get_case(conn, case_id)
    view = View.NOTHING if case is None else scope.view_of(case, party=party or is_party(conn, case_id, scope))
    if case is None or view is View.NOTHING:
        return None
    return view_case(case, view, tuple(photos.list_photos(conn, case_id)))
