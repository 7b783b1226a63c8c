"""How does a case go from one organisation to another: to be helped with (referral), or for good (transfer)?

    owner ── proposes ──> receiver sees a mask and a word why ── accepts ──> referral: reads the case until it is over
                                                                        └──> transfer: completes it, and it is his

A transfer leaves nothing with the old owner but that there was one. Which step is whose: `api.care.referral_states`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from api.access import RECIPIENT_CLASS, AccessScope, NotFound, Permission
from api.care.errors import CaseClosed, NoAgreement, NoConsent, ReferralOpen, TransferClash
from api.care.owning import reads_texts
from api.care.referral_states import Event, Party, State, after, possible
from api.cases.forms import without_sources
from api.cases.standing import own_case
from api.ids import Clock, RandomBytes, new_id
from api.store import (
    Connection,
    Database,
    VersionConflict,
    audit,
    cases,
    consents,
    disclosures,
    idempotency,
    partners,
    photos,
    referrals,
)
from api.store.cases import Case
from api.store.referrals import OPEN, Referral, ReferralEvent
from matcher.errors import InvalidRecord

Agreed = Callable[[Connection, str, str], bool]
"""Tells whether a sharing agreement between two partners (ids, in any order) is in force."""
Direction = Literal["incoming", "outgoing"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the owner of a case asks of another partner.

    Attributes:
        kind: "referral" or "transfer".
        reason: a word; the receiver learns it before he accepts.
        note: the owner's words; the receiver of a referral reads them once he has accepted.
        with_sources: a transfer hands over who reported, and who said what.
    """

    kind: str
    receiver_id: str
    reason: str
    note: str | None = field(default=None, repr=False)
    with_sources: bool = False


@dataclass(frozen=True, slots=True)
class ReferralSeen:
    """A referral as one of its parties sees it.

    Attributes:
        case: of which the receiver may see the mask while it is open; None for everybody else.
        has_photo: belongs to the mask.
        possible: what the caller can do with it now.
    """

    referral: Referral
    events: tuple[ReferralEvent, ...]
    case: Case | None
    has_photo: bool
    possible: tuple[Event, ...]


class ReferralService:
    """Proposes, accepts, rejects, revokes and completes referrals and transfers.

    Args:
        agreed: whether two partners may share at all.
        on_new_owner: told of a case that has another owner, and of the former one's id, in the same transaction (photos
            follow the new owner's rules, alerts go to him).
    """

    def __init__(
        self,
        database: Database,
        agreed: Agreed,
        on_new_owner: Callable[[Connection, Case, str], None],
        clock: Clock,
        random_bytes: RandomBytes,
    ) -> None:
        self._database, self._agreed, self._on_new_owner = database, agreed, on_new_owner
        self._clock, self._random = clock, random_bytes

    def propose(
        self, case_id: str, proposal: Proposal, scope: AccessScope, referral_id: str | None = None
    ) -> ReferralSeen:
        """Ask another partner for help with the caller's own case, or to take it over.

        Args:
            referral_id: reserved for this request (`api.idempotency`); what stands under it is returned.
        Raises:
            NotFound: there is no such case, it is another partner's, or there is no such partner.
            InvalidRecord: the receiver is the caller.
            CaseClosed, NoAgreement, ReferralOpen, TransferClash: say what stands against it.
        """
        scope.require(Permission.REFERRALS_MANAGE)
        now = self._clock()
        with self._database.write() as conn:
            case = own_case(conn, case_id, scope, self._clock())
            begun = referrals.get(conn, referral_id) if referral_id else None
            if begun is not None:
                return self._seen(conn, begun, scope)
            if proposal.receiver_id == scope.partner_id:
                raise InvalidRecord("receiver_id", "is your own organisation")
            receiver = partners.get_partner(conn, proposal.receiver_id)
            if receiver is None or not receiver.active or receiver.kind == "operator":
                raise NotFound("partner")
            if case.status != "open":
                raise CaseClosed
            self._require_agreed(conn, scope.partner_id, receiver.id)
            self._require_consent(conn, case_id, receiver.id)
            for other in referrals.referrals_of(conn, case_id):
                # A case goes to one place; it may be helped with by several.
                same = other.kind == proposal.kind and (other.kind == "transfer" or other.receiver_id == receiver.id)
                if same and other.state in OPEN:
                    raise ReferralOpen(other.kind)
            if proposal.kind == "transfer" and referrals.clashes(conn, case_id, receiver.id):
                raise TransferClash
            referral = referrals.add(
                conn, referral_id=referral_id or new_id("ref", now, self._random), case_id=case_id,
                kind=proposal.kind, reason=proposal.reason, proposer_id=scope.partner_id, receiver_id=receiver.id,
                with_sources=proposal.with_sources, note=proposal.note, at=now, by=scope.actor_id,
            )  # fmt: skip
            self._note(conn, referral, "proposed", scope)
            return self._seen(conn, referral, scope)

    def read(self, referral_id: str, scope: AccessScope) -> ReferralSeen:
        """Return a referral to one of its parties; the read is audited.

        Raises:
            NotFound: there is none, or the caller is no party to it: the answer is the same.
        """
        scope.require(Permission.REFERRALS_MANAGE)
        with self._database.write() as conn:
            referral, _ = self._party_to(conn, referral_id, scope)
            self._note(conn, referral, "read", scope)
            return self._seen(conn, referral, scope)

    def of_case(self, case_id: str, scope: AccessScope) -> list[ReferralSeen]:
        """Return what the caller proposed for his own case.

        Raises:
            NotFound: there is no such case, or it is another partner's.
        """
        scope.require(Permission.REFERRALS_MANAGE)
        with self._database.write() as conn:
            own_case(conn, case_id, scope, self._clock())
            audit.append(conn, at=self._clock(), actor=scope.actor_id, action="referrals.listed", subject=case_id)
            found = referrals.referrals_of(conn, case_id)
            return [self._seen(conn, item, scope) for item in found if item.proposer_id == scope.partner_id]

    def page(
        self, scope: AccessScope, *, direction: Direction, open_only: bool, after: str | None, limit: int
    ) -> tuple[list[ReferralSeen], str | None]:
        """Return referrals to or from the caller's organisation in id order, and the cursor of the next page."""
        scope.require(Permission.REFERRALS_MANAGE)
        with self._database.write() as conn:
            rows = referrals.page(
                conn,
                receiver_id=scope.partner_id if direction == "incoming" else None,
                proposer_id=scope.partner_id if direction == "outgoing" else None,
                states=OPEN if open_only else None,
                after=after,
                limit=limit + 1,
            )
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="referrals.listed", subject=scope.partner_id,
                detail={"count": min(len(rows), limit)},
            )  # fmt: skip
            seen = [self._seen(conn, referral, scope) for referral in rows[:limit]]
        return seen, rows[limit - 1].id if len(rows) > limit else None

    def take(
        self, referral_id: str, event: Event, *, reason: str | None, version: int, scope: AccessScope
    ) -> ReferralSeen:
        """Take a step with a referral; completing a transfer makes the case the receiver's.

        Args:
            version: of the referral as the caller read it.
        Raises:
            NotFound: there is none, or the caller is no party to it.
            VersionConflict: somebody took a step meanwhile.
            StepRefused: it is not the caller's step, or nobody's, in this state.
            ReasonMissing: the step needs a reason.
            NoAgreement, CaseClosed, TransferClash: say what stands against accepting or completing it.
        """
        scope.require(Permission.REFERRALS_MANAGE)
        with self._database.write() as conn:
            referral, party = self._party_to(conn, referral_id, scope)
            # Before anything else: whoever read an older version has not seen the state that he would be told of.
            if version != referral.version:
                raise VersionConflict("referrals", version, referral.version)
            target = after(State(referral.state), event, party, has_reason=reason is not None)
            if event in (Event.ACCEPT, Event.COMPLETE):
                self._require_possible(conn, referral)
            referral = referrals.step(
                conn, referral_id, event=event, state=target, reason=reason, partner_id=scope.partner_id,
                at=self._clock(), by=scope.actor_id, expected_version=version,
            )  # fmt: skip
            self._note(conn, referral, str(target), scope)
            if referral.kind == "transfer" and target is State.DONE:
                self._hand_over(conn, referral, scope)
            return self._seen(conn, referrals.require(conn, referral_id), scope)

    def _require_possible(self, conn: Connection, referral: Referral) -> None:
        case = cases.get_case(conn, referral.case_id)
        if case is None or case.status != "open":
            raise CaseClosed
        self._require_agreed(conn, referral.proposer_id, referral.receiver_id)
        self._require_consent(conn, case.id, referral.receiver_id)
        if referral.kind == "transfer" and referrals.clashes(conn, case.id, referral.receiver_id):
            raise TransferClash

    def _require_consent(self, conn: Connection, case_id: str, receiver_id: str) -> None:
        receiver = partners.get_partner(conn, receiver_id)
        if receiver is None or not consents.permitted(conn, case_id, "referral", RECIPIENT_CLASS[receiver.kind]):
            raise NoConsent

    def _may_share(self, conn: Connection, case: Case, scope: AccessScope) -> bool:
        agreed = self._agreed(conn, case.owner_id, scope.partner_id)
        return agreed and consents.permitted(conn, case.id, "sharing", scope.recipient_class)

    def _require_agreed(self, conn: Connection, one: str, other: str) -> None:
        if not self._agreed(conn, one, other):
            raise NoAgreement

    def _hand_over(self, conn: Connection, referral: Referral, scope: AccessScope) -> None:
        """Make the case the receiver's; what the old owner proposed besides ends with his ownership."""
        now = self._clock()
        case = cases.require_case(conn, referral.case_id)
        referrals.end_open(conn, case.id, at=now, by=scope.actor_id, reason="owner_changed", but=referral.id)
        if not referral.with_sources:
            # Every version until now holds the old owner's informants; the next one does not.
            referrals.withhold_sources(conn, referral.id, case.version)
            cases.replace_case(conn, case.id, without_sources(case), at=now, by=scope.actor_id)
        disclosures.withdraw_all(conn, case.id, at=now, by=scope.actor_id)
        idempotency.forget_subject(conn, case.id)
        referrals.hand_over(conn, case.id, referral.receiver_id, now)
        # One row for each of the two: the log of either organisation tells it.
        for partner_id, action in ((referral.proposer_id, "case.given"), (referral.receiver_id, "case.taken")):
            audit.append(
                conn, at=now, actor=scope.actor_id, action=action, subject=case.id,
                detail={"partner": partner_id, "referral": referral.id},
            )  # fmt: skip
        self._on_new_owner(conn, cases.require_case(conn, case.id), referral.proposer_id)

    def _party_to(self, conn: Connection, referral_id: str, scope: AccessScope) -> tuple[Referral, Party]:
        referral = referrals.get(conn, referral_id)
        if referral is not None and referral.proposer_id == scope.partner_id:
            return referral, Party.PROPOSER
        if referral is not None and referral.receiver_id == scope.partner_id:
            return referral, Party.RECEIVER
        raise NotFound("referral")

    def _seen(self, conn: Connection, referral: Referral, scope: AccessScope) -> ReferralSeen:
        """Return a referral as the caller, one of its parties, sees it."""
        party = Party.PROPOSER if referral.proposer_id == scope.partner_id else Party.RECEIVER
        is_open = referral.state in OPEN
        case = cases.get_case(conn, referral.case_id)
        owns = case is not None and case.owner_id == scope.partner_id
        helps = party is Party.RECEIVER and referral.kind == "referral" and referral.state == State.ACCEPTED
        if not (owns or helps) or not reads_texts(scope):
            referral = replace(referral, note=None)
        masked = case if party is Party.RECEIVER and is_open else None
        if masked is not None and (masked.expired(self._clock()) or not self._may_share(conn, masked, scope)):
            masked = None
        return ReferralSeen(
            referral,
            tuple(referrals.events_of(conn, referral.id)),
            masked,
            masked is not None and any(photo.state == "embedded" for photo in photos.list_photos(conn, masked.id)),
            possible(State(referral.state), party),
        )

    def _note(self, conn: Connection, referral: Referral, what: str, scope: AccessScope) -> None:
        audit.append(
            conn, at=self._clock(), actor=scope.actor_id, action=f"referral.{what}", subject=referral.case_id,
            detail={"referral": referral.id},
        )  # fmt: skip


__all__ = ["Agreed", "Direction", "Proposal", "ReferralSeen", "ReferralService"]
