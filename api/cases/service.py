"""How does a case come in? Checked, committed, then photos, then matching; nothing after the commit can lose it.

register ── one transaction: case, history, photos as received, change, audit ── committed: it is safe now
   └─ photos: each in the worker pool, result or named error stored on the photo
        └─ matching: matches, alerts, outbox in one transaction
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from api.access import AccessScope, NotFound, Permission, Relation, View
from api.alerts.naming import hide_names_of
from api.bulletins.taking_down import take_down_for_case
from api.cases.agreed import as_rows, note_face_consent
from api.cases.forms import CaseForm
from api.cases.outcomes import (
    CaseToPut,
    ConsentMissing,
    DuplicateCase,
    PutOutcome,
    Registered,
    Shown,
    Suppressed,
)
from api.cases.photos import PhotoDesk
from api.cases.retention import Retention
from api.cases.standing import is_party, own_case, standing
from api.ids import Clock, RandomBytes, new_id
from api.matches.ending import end_matches_of, revive_matches_of
from api.matches.moves import MatchMoves
from api.matches.service import MatchService
from api.matches.states import Action
from api.pairs.ending import end_pairs_of
from api.pairs.same_person import SamePerson
from api.store import (
    Connection,
    Database,
    VersionConflict,
    audit,
    cases,
    consents,
    erasure,
    follow_ups,
    matches,
    photos,
    referrals,
)
from api.store.cases import Case, CaseContent, NewCase
from api.store.photos import Photo, PhotoContent
from matcher.errors import InvalidRecord
from matcher.model import Grade
from matcher.person import Side
from matcher.photos.faces import Box


class CaseService:
    """Registers, changes and shows cases.

    Args:
        same_person: looks for further records of the same person.
        photos: keeps and reads what is sent with a case.
        retention: how long cases are kept.
        moves: ends the matches of a case that is closed.
    """

    def __init__(
        self,
        database: Database,
        matching: MatchService,
        same_person: SamePerson,
        photos: PhotoDesk,
        clock: Clock,
        random_bytes: RandomBytes,
        retention: Retention,
        moves: MatchMoves,
    ) -> None:
        self._database, self._matching, self._desk = database, matching, photos
        self._same_person, self._moves = same_person, moves
        self._clock, self._random, self._retention = clock, random_bytes, retention

    def register(
        self,
        form: CaseForm,
        scope: AccessScope,
        uploads: Sequence[bytes] = (),
        *,
        match: bool = True,
        case_id: str | None = None,
    ) -> Registered:
        """Store a case with its photos, then compare it.

        The same submission again returns the stored case and changes nothing.

        Args:
            case_id: reserved for this submission (`api.idempotency`). A case that stands under it was stored by an
                earlier attempt that broke off, and counts as new.
        Raises:
            NotPermitted: the key may not enter cases.
            InvalidRecord: a field cannot be understood; nothing is stored.
            DuplicateCase: the external id is taken by other content.
            Suppressed: it was erased before.
        """
        scope.require(Permission.CASES_WRITE)
        content = form.content(self._clock().date())
        with self._database.write() as conn:
            begun = cases.get_case(conn, case_id) if case_id else None
            existing = form.external_id and cases.find_by_external(conn, scope.partner_id, form.side, form.external_id)
            if begun is not None and begun.owner_id == scope.partner_id:
                case, existing = begun, None
            elif existing:
                if existing.content_hash != content.content_hash:
                    raise DuplicateCase(existing.id)
                refused = {one.purpose for one in form.consents or () if not one.granted}
                if any(consents.permitted(conn, existing.id, purpose) for purpose in refused):
                    raise InvalidRecord("consents", "are withdrawn at /v1/cases/{id}/consents: this case is known")
                case = existing
                self._note_read(conn, case.id, scope, Relation.OWNER)
            else:
                entry = CaseToPut(form.side, form.external_id, content, form.agreed)
                if self._suppressed(conn, [entry], scope):
                    raise Suppressed
                (stored,) = self._insert(conn, [entry], scope, case_id)
                case = cases.require_case(conn, stored)
            self._desk.keep(conn, case, uploads)
        return self._follow_up(case, not existing, match, scope)

    def put_many(self, entries: Sequence[CaseToPut], scope: AccessScope) -> list[tuple[str | None, PutOutcome]]:
        """Store cases in one transaction: new ones are created, changed ones get a further version.

        No two entries may have the same side and external id. They wait to be compared; `MatchService.recover` does it.

        Returns:
            Case id and outcome of each, in the order given; no id where it is suppressed.
        Raises:
            NotPermitted: the key may not enter cases.
        """
        scope.require(Permission.CASES_WRITE)
        with self._database.write() as conn:
            found = self._find(conn, entries, scope)
            new = [entry for entry, (_, outcome) in zip(entries, found, strict=True) if outcome is PutOutcome.CREATED]
            new_ids = iter(self._insert(conn, new, scope))
            stored: list[tuple[str | None, PutOutcome]] = []
            for entry, (case, outcome) in zip(entries, found, strict=True):
                if case is not None and outcome is PutOutcome.CHANGED:
                    self._replace(conn, case.id, entry.content, scope)
                if outcome is PutOutcome.CREATED:
                    stored.append((next(new_ids), outcome))
                else:
                    stored.append((None if case is None else case.id, outcome))
        return stored

    def foresee_put(self, entries: Sequence[CaseToPut], scope: AccessScope) -> list[PutOutcome]:
        """Return what `put_many` would come to; stores nothing."""
        scope.require(Permission.CASES_WRITE)
        with self._database.read() as conn:
            return [outcome for _, outcome in self._find(conn, entries, scope)]

    def has_external(self, external_id: str, scope: AccessScope) -> bool:
        """Tell whether the caller owns a case of this id, on either side."""
        scope.require(Permission.CASES_READ)
        with self._database.read() as conn:
            return any(cases.find_by_external(conn, scope.partner_id, side, external_id) for side in Side)

    def add_photos(self, case_id: str, uploads: Sequence[bytes], scope: AccessScope) -> list[Photo]:
        """Keep photos with the caller's own case, to be read by `PhotoDesk.process_pending`.

        Returns:
            The stored photo for each upload; one that the case has already is not stored twice.
        Raises:
            NotFound: there is no such case, or it is another partner's.
        """
        scope.require(Permission.CASES_WRITE)
        with self._database.write() as conn:
            return self._desk.keep(conn, own_case(conn, case_id, scope, self._clock()), uploads)

    def change(
        self,
        case_id: str,
        form: CaseForm,
        scope: AccessScope,
        expected_version: int | None = None,
        uploads: Sequence[bytes] = (),
    ) -> Registered:
        """Replace a case's content by its owner; the history stays, photos are added.

        Raises:
            NotFound: there is none, or it is another partner's.
            VersionConflict: it was changed meanwhile.
        """
        scope.require(Permission.CASES_WRITE)
        if form.consents:
            raise InvalidRecord("consents", "are given and withdrawn at /v1/cases/{id}/consents, not by a change")
        content = form.content(self._clock().date())
        with self._database.write() as conn:
            if own_case(conn, case_id, scope, self._clock()).side != form.side:
                raise NotFound("case")
            case = self._replace(conn, case_id, content, scope, expected_version)
            self._desk.keep(conn, case, uploads)
        return self._follow_up(case, created=False, match=True, scope=scope)

    def read(self, case_id: str, scope: AccessScope) -> Shown:
        """Return a case and how much of it the caller sees; the read is audited.

        Raises:
            NotFound: there is none, or the caller has no part in it: the answer is the same.
        """
        scope.require(Permission.CASES_READ)
        with self._database.write() as conn:
            now = self._clock()
            case = cases.get_case(conn, case_id)
            relation = Relation.STRANGER if case is None else standing(conn, case, scope, now)
            view = scope.view_of(relation)
            if case is None or view is View.NOTHING:
                raise NotFound("case")
            self._note_read(conn, case_id, scope, relation)
            return Shown(case, view, tuple(photos.list_photos(conn, case_id)), relation is Relation.OWNER)

    def _note_read(self, conn: Connection, case_id: str, scope: AccessScope, relation: Relation) -> None:
        detail: dict[str, object] = {"view": scope.view_of(relation), "relation": relation}
        audit.append(conn, at=self._clock(), actor=scope.actor_id, action="case.read", subject=case_id, detail=detail)

    def own_page(
        self,
        scope: AccessScope,
        *,
        side: str | None,
        status: str | None,
        after: str | None,
        limit: int,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> tuple[list[tuple[Case, tuple[Photo, ...]]], str | None]:
        """Return a page of the caller's own cases in id order, and the last id where there are more."""
        scope.require(Permission.CASES_READ)
        with self._database.write() as conn:
            rows = cases.list_cases(
                conn, side=side, status=status, owner_id=scope.partner_id, external_id=external_id,
                updated_since=updated_since, after=after, limit=limit + 1,
            )  # fmt: skip
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="cases.listed", subject=scope.partner_id,
                detail={"count": min(len(rows), limit)},
            )  # fmt: skip
            now = self._clock()
            page = [(case, tuple(photos.list_photos(conn, case.id))) for case in rows[:limit] if not case.expired(now)]
        return page, rows[limit - 1].id if len(rows) > limit else None

    def set_status(
        self, case_id: str, status: str, scope: AccessScope, expected_version: int | None = None
    ) -> tuple[Case, tuple[Photo, ...]]:
        """Close or reopen the caller's own case; a reopened one is compared anew.

        With a closed one end the matches that nobody has verified, and whoever was alerted hears of it; opened again,
        they are suggestions again.

        Raises:
            NotFound: there is none, or it is another partner's.
            ConsentMissing: it is to be opened, and consent to matching was withdrawn.
            VersionConflict: it was changed meanwhile.
        """
        scope.require(Permission.CASES_WRITE)
        with self._database.write() as conn:
            found = own_case(conn, case_id, scope, self._clock())
            if expected_version not in (None, found.version):
                raise VersionConflict("cases", expected_version or 0, found.version)
            if status == "open" and not consents.permitted(conn, case_id, "matching"):
                raise ConsentMissing
            at, freed = self._clock(), []
            case = cases.set_status(conn, case_id, status, at)
            audit.append(conn, at=self._clock(), actor=scope.actor_id, action=f"case.{status}", subject=case_id)
            if status == "open":
                revive_matches_of(conn, self._moves, case_id, at=at, actor=scope.actor_id)
            if status == "closed":
                # A report that is closed is no rival any more: what else fits these persons may be the more likely.
                freed = end_matches_of(
                    conn, self._moves, case_id, Action.CASE_CLOSED, at=at, actor=scope.actor_id
                )  # fmt: skip
                end_pairs_of(
                    conn, case_id, "closed", self._clock(), by=scope.actor_id, random_bytes=self._random
                )  # fmt: skip
                follow_ups.cancel_due(conn, case_id, at=self._clock(), by=scope.actor_id, outcome="case_closed")
                take_down_for_case(
                    conn, case_id, "closed", self._clock(), by=scope.actor_id, random_bytes=self._random
                )  # fmt: skip
        result = self._follow_up(case, created=False, match=status == "open", scope=scope, answers=False)
        if status == "closed" and freed and not self._matching.must_wait:
            self._matching.match_cases(freed)
        return result.case, result.photos

    def photos(self, case_id: str, scope: AccessScope) -> list[Photo]:
        """Return the photos of the caller's own case, without their bytes; the read is audited.

        Raises:
            NotFound: there is none, or it is another partner's.
        """
        scope.require(Permission.CASES_READ)
        with self._database.write() as conn:
            own_case(conn, case_id, scope, self._clock())
            found = photos.list_photos(conn, case_id)
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="photos.listed", subject=case_id,
                detail={"count": len(found)},
            )  # fmt: skip
        return found

    def photo(self, case_id: str, photo_id: str, scope: AccessScope) -> PhotoContent:
        """Return a cleaned photo of a case that is the caller's own or was opened to him; the read is audited.

        Raises:
            NotPermitted: the caller may not read names, and a face is one.
            NotFound: there is none, it is not shown to the caller, or the photo could not be read.
        """
        scope.require(Permission.CASES_READ)
        scope.require(Permission.NAMES_READ)
        with self._database.write() as conn:
            case = cases.get_case(conn, case_id)
            # By jurisdiction alone nobody sees a photo.
            if case is None or standing(conn, case, scope, self._clock()) not in (Relation.OWNER, Relation.DISCLOSED):
                raise NotFound("photo")
            photo = photos.get_photo(conn, photo_id)
            # Bytes that could not be read are kept, and never sent to a browser as they came.
            if photo is None or photo.case_id != case_id or not photo.is_clean:
                raise NotFound("photo")
            content = photos.get_content(conn, photo_id)
            audit.append(conn, at=self._clock(), actor=scope.actor_id, action="photo.read", subject=photo_id)
        if content is None:
            raise NotFound("photo")
        return content

    def choose_face(self, case_id: str, photo_id: str, box: Box, scope: AccessScope) -> Photo:
        """Say which face of a photo is the person of the caller's own case; the photo is read again for it.

        Raises:
            NotFound: there is none, it is another partner's, or it does not show several faces.
            InvalidRecord: the box is none of those that were found.
        """
        scope.require(Permission.CASES_WRITE)
        with self._database.write() as conn:
            case = own_case(conn, case_id, scope, self._clock())
            photo = self._desk.choose(conn, case, photo_id, box, scope)
        self._follow_up(case, created=False, match=case.status == "open", scope=scope, answers=False)
        with self._database.read() as conn:
            return photos.get_photo(conn, photo.id) or photo

    def recover(self) -> tuple[int, int]:
        """Finish what a stopped process left: photos not read, cases not compared. Return both counts."""
        return self._desk.process_pending(), self._matching.recover()

    def _find(
        self, conn: Connection, entries: Sequence[CaseToPut], scope: AccessScope
    ) -> list[tuple[Case | None, PutOutcome]]:
        """Return for each entry the case it is, if there is one, and what putting it would come to."""
        known = {
            side: cases.find_all_by_external(
                conn, scope.partner_id, side, [e.external_id for e in entries if e.side == side and e.external_id]
            )
            for side in Side
        }
        found: list[tuple[Case | None, PutOutcome]] = []
        suppressed = self._suppressed(conn, entries, scope)
        for entry in entries:
            case = known[Side(entry.side)].get(entry.external_id or "")
            if case is None:
                refused = (entry.side, entry.external_id, entry.content.content_hash) in suppressed
                found.append((None, PutOutcome.SUPPRESSED if refused else PutOutcome.CREATED))
            else:
                same = case.content_hash == entry.content.content_hash
                found.append((case, PutOutcome.UNCHANGED if same else PutOutcome.CHANGED))
        return found

    def _suppressed(
        self, conn: Connection, entries: Sequence[CaseToPut], scope: AccessScope
    ) -> set[tuple[str, str | None, str]]:
        """Return side, number and content hash of those entries that were erased or handed over."""
        found: set[tuple[str, str | None, str]] = set()
        for side in Side:
            known = [(entry.external_id, entry.content.content_hash) for entry in entries if entry.side == side]
            erased = erasure.suppressed_among(conn, scope.partner_id, side, known)
            found.update((side.value, number, digest) for number, digest in erased)
            # Whom another organisation has taken over is not entered by the former one a second time.
            gone = referrals.given_away(conn, scope.partner_id, side, [number for number, _ in known if number])
            found.update((side.value, number, digest) for number, digest in known if number in gone)
        return found

    def _insert(
        self, conn: Connection, entries: Sequence[CaseToPut], scope: AccessScope, reserved: str | None = None
    ) -> list[str]:
        """Add new cases with their history; return their ids in the order given (`reserved`: that of a single one)."""
        now = self._clock()
        new, agreed = [], []
        for entry in entries:
            given = entry.given
            case_id = reserved or new_id("case", now, self._random)
            searched = any(one.purpose == "matching" for one in given)
            new.append(
                NewCase(
                    case_id,
                    entry.side,
                    scope.partner_id,
                    entry.content,
                    entry.external_id,
                    self._retention.until(entry.side, now),
                    None if searched else "consent",
                )
            )
            agreed += as_rows(case_id, given, first_version=1, at=now, by=scope.actor_id, random_bytes=self._random)
        ids = [case.id for case in new]
        cases.insert_cases(conn, new, at=now, by=scope.actor_id)
        consents.add_consents(conn, agreed)
        audit.append_all(conn, at=now, actor=scope.actor_id, action="case.registered", subjects=ids)
        return ids

    def _replace(
        self,
        conn: Connection,
        case_id: str,
        content: CaseContent,
        scope: AccessScope,
        expected_version: int | None = None,
    ) -> Case:
        now = self._clock()
        case = cases.replace_case(conn, case_id, content, at=now, by=scope.actor_id, expected_version=expected_version)
        cases.keep_until(conn, case_id, self._retention.until(case.side, now))
        note_face_consent(conn, case, at=now, by=scope.actor_id, random_bytes=self._random)
        audit.append(conn, at=now, actor=scope.actor_id, action="case.changed", subject=case.id)
        case = cases.require_case(conn, case.id)
        self._desk.follow_consent(conn, case)
        if case.protect_location:
            hide_names_of(conn, case.id)  # who was told before may be told no longer who keeps her
        return case

    def _follow_up(
        self, case: Case, created: bool, match: bool, scope: AccessScope, *, answers: bool = True
    ) -> Registered:
        """Read the photos of a case, compare it, and return what came of it.

        Args:
            answers: the caller is shown the matches, which is noted: it has heard of them.
        """
        with self._database.read() as conn:
            waiting = [photo for photo in photos.list_photos(conn, case.id) if photo.state == "pending"]
        for photo in waiting:
            self._desk.process(photo)
        outcome = None
        if match:
            with self._database.read() as conn:
                current = cases.require_case(conn, case.id)
            # While the index is built, the case is safe and waits to be compared: nobody has to wait with it.
            if current.matched_version < current.version and not self._matching.must_wait:
                outcome = self._matching.match_case(case.id)
            self._same_person.follow()
        with self._database.read() as conn:
            now = self._clock()
            # The owner hears of a match what reading it would tell: of a person who does not want it, nothing.
            seen = [one for one in matches.matches_of_case(conn, case.id) if is_party(conn, one, scope, now)]
            result = Registered(
                cases.require_case(conn, case.id),
                created,
                tuple(photos.list_photos(conn, case.id)),
                tuple(match for match in seen if match.grade != Grade.CERTAINLY_NOT),
                outcome,
                outcome.alerts if outcome is not None and seen else 0,
            )
        if answers and result.matches:
            with self._database.write() as conn:
                audit.append(
                    conn, at=self._clock(), actor=scope.actor_id, action="matches.listed", subject=scope.partner_id,
                    detail={"count": len(result.matches), "as": "answer"},
                )  # fmt: skip
        return result
