"""What becomes of a case when consent is given or withdrawn, its time is over, or it is to be erased?

Withdrawn consent to matching closes the case in the same transaction: no search finds it from then on, and its matches
end. Erasure destroys its key: nothing that was ever sealed for it opens again, and a tombstone is left.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, Literal

from api.access import AccessScope, NotFound, Permission
from api.alerts.sharing_again import tell_again
from api.bulletins.taking_down import enforce_case, forget_case, take_down_for_case
from api.cases.agreed import ConsentForm, Given, as_rows
from api.cases.photos import PhotoDesk
from api.cases.retention import Retention
from api.cases.standing import own_case
from api.days import end_of
from api.entity_tags import PreconditionFailed
from api.ids import Clock, RandomBytes
from api.matches.ending import end_matches_of, revive_matches_of, take_back_matches_of
from api.matches.moves import MatchMoves
from api.matches.service import MatchService
from api.matches.states import Action
from api.matches.withholding import hold_back_unshared
from api.pairs.ending import end_pairs_of, end_unshared
from api.pairs.same_person import SamePerson
from api.store import (
    Connection,
    Database,
    audit,
    care,
    cases,
    changes,
    consents,
    disclosures,
    erasure,
    matches,
    outbox,
    pairs,
    suspects,
)
from api.store.cases import Case
from api.store.consents import Consent
from api.store.erasure import Tombstone
from matcher.errors import InvalidRecord
from matcher.person import Side

log = logging.getLogger(__name__)

ENGINE = "engine"
ErasureReason = Literal["wish", "error", "duplicate", "court_order", "no_longer_needed"]
SourceReason = Literal["withdrawn_at_source", "expired_at_source"]
_MISTAKES: Final = frozenset({"error", "duplicate"})
"""Reasons by which the record should not have been there."""


@dataclass(frozen=True, slots=True)
class TombstonePage:
    """Tombstones, oldest first, and where the next ones begin."""

    items: list[Tombstone]
    next: tuple[datetime, str] | None


class Lifecycle:
    """Consent, retention and erasure of cases."""

    def __init__(
        self,
        database: Database,
        matching: MatchService,
        same_person: SamePerson,
        desk: PhotoDesk,
        clock: Clock,
        random_bytes: RandomBytes,
        retention: Retention,
        moves: MatchMoves,
    ) -> None:
        self._database, self._matching, self._desk, self._moves = database, matching, desk, moves
        self._same_person = same_person
        self._clock, self._random, self._retention = clock, random_bytes, retention

    def consents(self, case_id: str, scope: AccessScope) -> list[Consent]:
        """Return everything that was ever agreed to in the caller's own case, first to last.

        Raises:
            NotFound: there is none, or it is another partner's.
        """
        scope.require(Permission.CASES_READ)
        with self._database.write() as conn:
            own_case(conn, case_id, scope, self._clock())
            self._note(conn, scope.actor_id, "consents.read", case_id)
            return consents.consents_of(conn, case_id)

    def give(
        self, case_id: str, form: ConsentForm, scope: AccessScope, consent_id: str | None = None
    ) -> Consent:  # fmt: skip
        """Record something agreed to. Consent to matching opens a case that was closed for the want of it.

        Args:
            consent_id: reserved for this request (`api.idempotency`); what stands under it is returned.
        Raises:
            NotFound: there is none, or it is another partner's.
            InvalidRecord: a refusal was sent; it is recorded by withdrawing what stands.
        """
        scope.require(Permission.CONSENTS_MANAGE)
        if not form.granted:
            raise InvalidRecord("granted", "is false: withdraw the consent that stands instead")
        now = self._clock()
        with self._database.write() as conn:
            case = own_case(conn, case_id, scope, self._clock())
            begun = consents.get_consent(conn, consent_id) if consent_id else None
            if begun is not None:
                return begun
            given = Given(form.purpose, form.recipients, form.basis, form.given_by)
            version = consents.next_version(conn, case_id)
            (new,) = as_rows(
                case_id, [given], first_version=version, at=now, by=scope.actor_id, random_bytes=self._random
            )
            new = replace(new, id=consent_id or new.id)
            consents.add_consents(conn, [new])
            self._note(conn, scope.actor_id, "consent.given", case_id, {"consent": new.id, "purpose": form.purpose})
            opened = form.purpose == "matching" and case.closed_for == "consent"
            if opened:
                cases.set_status(conn, case_id, "open", now)
                revive_matches_of(conn, self._moves, case_id, at=now, actor=scope.actor_id)
            if form.purpose == "sharing":
                changes.append(conn, case_id, "consent", now)  # another unit may now learn that it has her, too
                mine = [match.id for match in matches.matches_of_case(conn, case_id)]
                tell_again(conn, mine, now, self._random)
            if form.purpose == "faces":
                cases.set_face_consent(conn, case_id, True, now)
                self._desk.follow_consent(conn, cases.require_case(conn, case_id))
        if (opened or form.purpose == "faces") and not self._matching.must_wait:
            self._desk.process_pending()
            self._matching.match_case(case_id)
        if opened or form.purpose in ("faces", "sharing"):
            self._same_person.follow()
        return new

    def withdraw(self, case_id: str, consent_id: str, scope: AccessScope) -> Consent:
        """Withdraw a consent, at once: what it permitted ends with this call.

        Raises:
            NotFound: there is none, or it is another partner's.
        """
        scope.require(Permission.CONSENTS_MANAGE)
        now = self._clock()
        with self._database.write() as conn:
            case = own_case(conn, case_id, scope, self._clock())
            found = consents.get_consent(conn, consent_id)
            if found is None or found.case_id != case_id:
                raise NotFound("consent")
            withdrawn = consents.withdraw(conn, consent_id, at=now, by=scope.actor_id)
            detail: dict[str, object] = {"consent": consent_id, "purpose": found.purpose}
            self._note(conn, scope.actor_id, "consent.withdrawn", case_id, detail)
            if found.purpose == "sharing":
                # Where it still stands for another class, whoever is of that class is still told.
                hold_back_unshared(conn, now, [match.id for match in matches.matches_of_case(conn, case_id)])
                end_unshared(conn, pairs.of_records(conn, [case_id]), now, by=scope.actor_id, random_bytes=self._random)
            enforce_case(conn, case_id, now, by=scope.actor_id, random_bytes=self._random)
            if consents.permitted(conn, case_id, found.purpose):
                return withdrawn  # for another class of recipients, or on another ground, it is still permitted
            freed: list[str] = []
            if found.purpose == "matching":
                # A case that its owner had closed before is closed for this from now on.
                cases.set_status(conn, case_id, "closed", now, closed_for="consent")
                take_down_for_case(
                    conn, case_id, "consent_withdrawn", now, by=scope.actor_id, random_bytes=self._random
                )  # fmt: skip
                freed = self._end_matches(conn, case, Action.WITHDRAW, scope.actor_id)
                disclosures.withdraw_all(conn, case_id, at=now, by=scope.actor_id)
            elif found.purpose == "sharing":
                disclosures.withdraw_all(conn, case_id, at=now, by=scope.actor_id)
                for match in matches.matches_of_case(conn, case_id):
                    outbox.hold_back(conn, match.id, now)
            elif found.purpose == "faces":
                cases.set_face_consent(conn, case_id, False, now)
                self._desk.follow_consent(conn, cases.require_case(conn, case_id))
                matches.forget_faces(conn, case_id, now)
        self._matching.follow()
        if found.purpose == "faces" and case.status == "open" and not self._matching.must_wait:
            self._matching.match_case(case_id)
        if freed and not self._matching.must_wait:
            self._matching.match_cases(freed)
        return withdrawn

    def keep_until(
        self, case_id: str, until: date, scope: AccessScope, expected_version: int | None = None
    ) -> Case:  # fmt: skip
        """Say until when a case is kept.

        Args:
            expected_version: of the case as the caller read it.
        Raises:
            PreconditionFailed: it is not in the expected version; nothing was changed.
            NotFound: there is none, or it is another partner's.
            InvalidRecord: the day is past, or further off than any case may be kept unseen.
        """
        scope.require(Permission.CONSENTS_MANAGE)
        now = self._clock()
        moment = end_of("until", until)
        if moment <= now:
            raise InvalidRecord("until", "is a day that is over; erase the case if it is no longer needed")
        if moment > self._retention.latest(now):
            raise InvalidRecord("until", "is further off than a case may be kept without anybody looking at it")
        with self._database.write() as conn:
            found = own_case(conn, case_id, scope, self._clock())
            if expected_version is not None and expected_version != found.version:
                raise PreconditionFailed
            cases.keep_until(conn, case_id, moment)
            self._note(conn, scope.actor_id, "case.kept", case_id, {"until": until.isoformat()})
            return cases.require_case(conn, case_id)

    def erase(self, case_id: str, reason: ErasureReason, scope: AccessScope) -> None:
        """Erase the caller's own case for good; a tombstone is left.

        What was entered in error or twice may be entered again, and nobody was found by it: what was verified with it
        ends. What was erased for another reason may not come in again, and who was found stays found.

        Raises:
            NotFound: there is none, or it is another partner's.
        """
        scope.require(Permission.CASES_ERASE)
        with self._database.write() as conn:
            case = own_case(conn, case_id, scope, self._clock())
            freed = self._erase(conn, case, reason, scope.actor_id, suppress=reason not in _MISTAKES)
        self._matching.follow()
        if freed and not self._matching.must_wait:
            self._matching.match_cases(freed)

    def withdraw_at_source(self, external_id: str, reason: SourceReason, scope: AccessScope) -> bool:
        """Erase the caller's own cases of this number, on either side: their source has withdrawn the record.

        What the erased ones were rivals of waits to be compared again, as whatever an import brings does.

        Returns:
            Whether there was one.
        Raises:
            NotPermitted: the caller may not erase cases.
        """
        scope.require(Permission.CASES_ERASE)
        with self._database.write() as conn:
            found = [cases.find_by_external(conn, scope.partner_id, side, external_id) for side in Side]
            gone = [case for case in found if case is not None]
            for case in gone:
                self._erase(conn, case, reason, scope.actor_id, suppress=True)
        if gone:
            self._matching.follow()
        return bool(gone)

    def expire_due(self, limit: int = 200) -> int:
        """Erase the cases whose time is over; return how many."""
        done = 0
        while True:
            with self._database.read() as conn:
                due = erasure.expired_ids(conn, self._clock(), limit)
            if not due:
                break
            for case_id in due:
                with self._database.write() as conn:
                    case = cases.get_case(conn, case_id)
                    # Meanwhile its owner may have said that it is kept, or another process have erased it.
                    if case is not None and case.expired(self._clock()):
                        self._erase(conn, case, "expired", ENGINE, suppress=True)
                        done += 1
        if done:
            log.info("%d cases were erased: their time was over", done)
            self._matching.follow()
        return done

    def tombstones(self, scope: AccessScope, *, after: tuple[datetime, str] | None, limit: int) -> TombstonePage:
        """Return what was erased of the caller's own cases and of those that it was ever told of, oldest first."""
        scope.require(Permission.CASES_READ)
        with self._database.write() as conn:
            found = erasure.tombstones_for(conn, scope.partner_id, after=after, limit=limit + 1)
            self._note(conn, scope.actor_id, "tombstones.listed", scope.partner_id, {"count": min(len(found), limit)})
        last = found[limit - 1] if len(found) > limit else None
        return TombstonePage(found[:limit], None if last is None else (last.erased_at, last.case_id))

    def readmit(self, partner_id: str, side: str, external_id: str, actor: str) -> bool:
        """Let a number be used again whose record was erased; False when it is not refused."""
        with self._database.write() as conn:
            lifted = erasure.lift_suppression(conn, partner_id, side, external_id)
            if lifted:
                self._note(conn, actor, "suppression.lifted", partner_id)
        return lifted

    def _erase(self, conn: Connection, case: Case, reason: str, actor: str, *, suppress: bool) -> list[str]:
        now = self._clock()
        over = reason in ("expired", "expired_at_source")
        freed = self._end_matches(conn, case, Action.EXPIRE if over else Action.WITHDRAW, actor)
        if reason in _MISTAKES:
            nobody_home = reason == "error" and case.side == Side.RESCUED
            take_back_matches_of(conn, self._moves, case.id, at=now, actor=actor, nobody_home=nobody_home)
        disclosures.withdraw_all(conn, case.id, at=now, by=actor)
        care.forget(conn, case.id, at=now, by=actor)
        forget_case(conn, case.id, "expired" if over else "erased", now, by=actor, random_bytes=self._random)
        suspects.forget_case(conn, case.id)
        erasure.erase_case(conn, case, at=now, suppress=suppress)
        self._note(conn, actor, "case.erased", case.id, {"reason": reason})
        return freed

    def _end_matches(self, conn: Connection, case: Case, how: Action, actor: str) -> list[str]:
        """End what is going on about a case; return the rescued persons for whom another report may now fit better."""
        now = self._clock()
        freed = end_matches_of(conn, self._moves, case.id, how, at=now, actor=actor)
        reason = "expired" if how is Action.EXPIRE else "withdrawn"
        end_pairs_of(conn, case.id, reason, now, by=actor, random_bytes=self._random)
        return freed

    def _note(
        self, conn: Connection, actor: str, action: str, subject: str, detail: dict[str, object] | None = None
    ) -> None:
        audit.append(conn, at=self._clock(), actor=actor, action=action, subject=subject, detail=detail)
