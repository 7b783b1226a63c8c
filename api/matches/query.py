"""Who may this be? The query that stores nothing, and the reading of stored matches, within the caller's scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from api.access import AccessScope, NotFound, Permission, Relation
from api.cases.forms import to_person
from api.cases.photos import Photographer, past_day
from api.cases.standing import is_party, may_share, standing, standing_in
from api.cases.views import AnyCaseView, view_case
from api.ids import Clock
from api.index_keeper import IndexKeeper
from api.matches.exchange import Exchange
from api.matches.views import MatchQuery, MatchView, QueryAnswer, as_contributions, build_match_view
from api.store import Connection, Database, audit, cases, matches, partners, photos
from api.store.cases import Case
from api.store.matches import Match
from indexing.search import FoundMatch, find_matches, other_side
from matcher.errors import InvalidRecord
from matcher.explaining.language import choose_language
from matcher.explaining.next_question import NextQuestion, known_comparisons, next_question
from matcher.explaining.outlook import Outlook, never_comparable
from matcher.explaining.waterfall_svg import waterfall_svg
from matcher.explaining.wording import wording
from matcher.model import Grade, MatchModel
from matcher.names.script import normalise
from matcher.person import FaceEmbedding, PersonRecord, Side
from matcher.photos.errors import UnusablePhoto
from matcher.scoring import Contribution

_SPARE = 50
Wishes = Sequence[str | None]
"""In which languages a caller wishes to read, the most binding first (`matcher.explaining.language`)."""


@dataclass(frozen=True, slots=True)
class MatchPageRows:
    """A page of matches, and the last id where there are more."""

    items: list[MatchView]
    next: str | None


@dataclass(frozen=True, slots=True)
class MatchFilter:
    """Which matches are listed; None for any."""

    grades: Sequence[str] | None
    states: Sequence[str] | None
    case_id: str | None
    updated_since: datetime | None


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

    def query(
        self, asked: MatchQuery, scope: AccessScope, uploads: Sequence[bytes] = (), wishes: Wishes = ()
    ) -> QueryAnswer:
        """Return the possible matches of a person described in the query; only audit rows are stored.

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
            # More than are asked for: those whom the caller may not know of take nobody's place.
            limit=min(asked.limit, self._limit) + _SPARE, candidates=self._candidates,
            permits=Exchange(self._database, {record.record_id: scope.partner_id}, self._clock).permits(),
            # Who asks about a missing girl may not learn that other units have reports that fit the same persons.
            compete=record.side is Side.RESCUED,
        )  # fmt: skip
        found = [match for match in found if match.pair.grade is not Grade.CERTAINLY_NOT]
        with self._database.write() as conn:
            language = _language(conn, scope, wishes)
            shown = [self._transient(conn, match, record, scope, language) for match in found]
            views = [view for view in shown if view is not None][: min(asked.limit, self._limit)]
            self._note_shown(conn, scope, "query", views, asked.purpose)
            audit.append(
                conn, at=now, actor=scope.actor_id, action="matches.queried", subject=scope.partner_id,
                purpose=asked.purpose, detail={"side": asked.person.side, "answers": len(views)},
            )  # fmt: skip
        notice = wording(language).say("notice")
        return QueryAnswer(notice=notice, searched=other_side(record.side).value, matches=views, photos=told)

    def read(self, match_id: str, scope: AccessScope, wishes: Wishes = ()) -> MatchView:
        """Return a stored match that the caller is a party to; the read is audited.

        Raises:
            NotFound: there is none, or it is not the caller's.
        """
        with self._database.write() as conn:
            match = self._opened(conn, match_id, scope, {})
            view = self._stored(conn, match, scope, _language(conn, scope, wishes))
            self._note_shown(conn, scope, "match", [view])
        return view

    def waterfall(self, match_id: str, scope: AccessScope, wishes: Wishes = ()) -> str:
        """Return how the evidence of a stored match adds up, as an SVG document; audited as the read that it is.

        Raises:
            NotFound: there is none, or it is not the caller's.
        """
        with self._database.write() as conn:
            match = self._opened(conn, match_id, scope, {"as": "waterfall"})
            language = _language(conn, scope, wishes)
        contributions = as_contributions(match.contributions)
        return waterfall_svg(contributions, self._model.thresholds, match.grade, match.probability, language)

    def _opened(self, conn: Connection, match_id: str, scope: AccessScope, detail: dict[str, object]) -> Match:
        """Return a match to which the caller is a party, with a row in the audit log."""
        scope.require(Permission.MATCHES_READ)
        match = matches.get_match(conn, match_id)
        if match is None or not is_party(conn, match, scope, self._clock()):
            raise NotFound("match")
        audit.append(conn, at=self._clock(), actor=scope.actor_id, action="match.read", subject=match_id, detail=detail)
        return match

    def page(
        self,
        scope: AccessScope,
        *,
        grades: Sequence[str] | None,
        after: str | None,
        limit: int,
        case_id: str | None = None,
        states: Sequence[str] | None = None,
        updated_since: datetime | None = None,
        wishes: Wishes = (),
    ) -> MatchPageRows:
        """Return a page of the caller's matches in id order; with `case_id`, those of one case."""
        scope.require(Permission.MATCHES_READ)
        with self._database.write() as conn:
            asked = MatchFilter(grades, states, case_id, updated_since)
            rows, following = self._visible(conn, scope, asked, after, limit)
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="matches.listed", subject=scope.partner_id,
                detail={"count": len(rows)},
            )  # fmt: skip
            language = _language(conn, scope, wishes)
            items = [self._stored(conn, match, scope, language) for match in rows]
            self._note_shown(conn, scope, "list", items)
        return MatchPageRows(items, following)

    def _note_shown(
        self, conn: Connection, scope: AccessScope, by: str, views: Sequence[MatchView], purpose: str | None = None
    ) -> None:
        """Append a row for each shown case of another owner: it stands in his log who saw this person."""
        seen = {one.id: one.view for view in views for one in (view.missing, view.rescued) if one is not None}
        owners = cases.owners_of(conn, list(seen))
        for word in sorted(set(seen.values())):
            audit.append_all(
                conn, at=self._clock(), actor=scope.actor_id, action="case.shown", purpose=purpose,
                subjects=[one for one, shown in seen.items() if shown == word and owners[one] != scope.partner_id],
                detail={"view": word, "by": by},
            )  # fmt: skip

    def _visible(
        self, conn: Connection, scope: AccessScope, asked: MatchFilter, after: str | None, limit: int
    ) -> tuple[list[Match], str | None]:  # fmt: skip
        """Return the first matches that the caller may know of, and the id after which further ones may stand."""
        found: list[Match] = []
        now = self._clock()
        while True:
            rows = matches.list_matches(
                conn, scope.partner_id, grades=asked.grades, states=asked.states, after=after, limit=limit + 1,
                case_id=asked.case_id, updated_since=asked.updated_since,
            )  # fmt: skip
            for match in rows[:limit]:
                if is_party(conn, match, scope, now):
                    found.append(match)
                    if len(found) == limit:
                        return found, match.id if match.id != rows[-1].id else None
            if len(rows) <= limit:
                return found, None
            after = rows[limit - 1].id

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

    def _stored(self, conn: Connection, match: Match, scope: AccessScope, language: str) -> MatchView:
        missing = self._seen_in(conn, match, match.missing_id, scope)
        rescued = self._seen_in(conn, match, match.rescued_id, scope)
        outlook = self._outlook(as_contributions(match.contributions), missing.record, rescued.record)
        return build_match_view(
            language=language,
            outlook=outlook,
            question=_question(outlook, missing.record, rescued.record),
            match_id=match.id,
            state=match.state,
            grade=match.grade,
            probability=match.probability,
            weight=match.weight,
            contributions=match.contributions,
            routes=match.routes,
            model_version=match.model_version,
            missing=missing.view,
            rescued=rescued.view,
            created_at=match.created_at.isoformat(),
            updated_at=match.updated_at.isoformat(),
            version=match.version,
        )

    def _transient(
        self, conn: Connection, match: FoundMatch, query: PersonRecord, scope: AccessScope, language: str
    ) -> MatchView | None:
        """Return the answer about one case, None where the caller may not know of it."""
        pair = match.pair
        asked = _Seen(None, query)
        other = self._seen_by_asking(conn, pair.right_id if pair.left_id == query.record_id else pair.left_id, scope)
        if other is None:
            return None
        missing, rescued = (asked, other) if pair.left_id == query.record_id else (other, asked)
        outlook = self._outlook(pair.contributions, missing.record, rescued.record)
        return build_match_view(
            language=language,
            outlook=outlook,
            question=_question(outlook, missing.record, rescued.record),
            match_id=None,
            state="not stored",
            grade=pair.grade,
            probability=pair.probability,
            weight=pair.weight,
            contributions=[part.to_json() for part in pair.contributions],
            routes=list(match.routes),
            model_version=pair.model_version,
            missing=missing.view,
            rescued=rescued.view,
        )

    def _seen_in(self, conn: Connection, match: Match, case_id: str, scope: AccessScope) -> _Seen:
        """Return a side of a match to which the caller is a party."""
        case = cases.require_case(conn, case_id)
        return _seen(conn, case, standing_in(conn, match, case, scope, self._clock()), scope)

    def _seen_by_asking(self, conn: Connection, case_id: str, scope: AccessScope) -> _Seen | None:
        """Return a case that answers a query, as far as one sees it who has stated a purpose; None: not at all."""
        case, now = cases.get_case(conn, case_id), self._clock()
        if case is None or case.status != "open" or case.expired(now):
            return None
        relation = standing(conn, case, scope, now)
        if relation is Relation.STRANGER and may_share(conn, case, scope, now):
            relation = Relation.PARTY
        return None if relation is Relation.STRANGER else _seen(conn, case, relation, scope)

    def _outlook(
        self, contributions: Sequence[Contribution], missing: PersonRecord | None, rescued: PersonRecord | None
    ) -> Outlook:
        """Return what further findings would make of a pair; where a side is gone, nothing more can be compared."""
        closed = never_comparable(missing, rescued) if missing and rescued else frozenset(self._model.comparisons)
        return Outlook(contributions, self._model, closed)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One side of a match: what the caller sees of it, and the record, of which the caller learns no value."""

    view: AnyCaseView | None
    record: PersonRecord | None


def _question(outlook: Outlook, missing: PersonRecord | None, rescued: PersonRecord | None) -> NextQuestion | None:
    """Return what to ask next; nothing where a side is gone or hidden.

    It tells which fields a side has filled in, never with what. Whoever sees a match learns that anyway: a field that
    he filled in himself and that stands among no reasons is unknown on the other side.
    """
    if missing is None or rescued is None:
        return None
    return next_question(outlook, known_comparisons(missing), known_comparisons(rescued))


def _language(conn: Connection, scope: AccessScope, wishes: Wishes) -> str:
    """Return the language to answer in: as wished, or else that of the caller's organisation."""
    partner = partners.get_partner(conn, scope.partner_id)
    return choose_language(*wishes, partner.language if partner else None)


def _identifies(record: PersonRecord) -> bool:
    """Tell whether a query describes one person rather than a place and an age."""
    names = (*record.names, *record.father, *record.mother, *record.relatives)
    written = any(normalise(name.text) for name in names)  # "?" is not a name
    return written or bool(record.phones or record.identifiers or record.faces)


def _seen(conn: Connection, case: Case, relation: Relation, scope: AccessScope) -> _Seen:
    own = relation is Relation.OWNER
    view = view_case(case, scope.view_of(relation), tuple(photos.list_photos(conn, case.id)), own=own)
    return _Seen(view, to_person(case, []))
