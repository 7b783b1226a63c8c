"""Who may exchange with whom? Agreements between two partners or many, in force for each that has accepted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.access import AccessScope, NotFound, Permission
from api.ids import Clock, RandomBytes, new_id
from api.matches.withholding import hold_back_unsent
from api.partners.beginning import sharing_begins
from api.store import Connection, Database, agreements, audit, partners
from api.store.agreements import Agreement
from matcher.errors import InvalidRecord
from matcher.names.one_line import is_one_line


@dataclass(frozen=True, slots=True)
class AgreementPage:
    """Agreements and the id of the last one, where further ones follow."""

    items: list[Agreement]
    next: str | None


class AgreementService:
    """Records agreements. No agreement, no exchange; where one comes into force, cases wait to be compared.

    Args:
        on_left: called after a commit by which an agreement ended for a partner.
    """

    def __init__(
        self, database: Database, clock: Clock, random_bytes: RandomBytes, on_left: Callable[[], object]
    ) -> None:
        self._database, self._clock, self._random, self._on_left = database, clock, random_bytes, on_left

    def propose(
        self, parties: Sequence[str], reference: str, valid_until: datetime | None, scope: AccessScope, *,
        signed: bool = False, valid_from: datetime | None = None, agreement_id: str | None = None,
    ) -> Agreement:  # fmt: skip
        """Record an agreement; it is in force for the proposer at once, for the others when they accept.

        Args:
            parties: ids of partners; a partner's administrator proposes only what his own organisation is party to.
            reference: number of the paper that was signed.
            signed: the paper carries every party's signature: in force for all; operators only.
            valid_from: from when on it holds; None for now.
            agreement_id: reserved for this request (`api.idempotency`); what stands under it is returned.
        Raises:
            NotPermitted: the caller may not.
            InvalidRecord: fewer than two parties, one that is not known, or an end that is past.
        """
        scope.require(Permission.AGREEMENTS_MANAGE)
        if signed:
            scope.require(Permission.PARTNERS_WRITE)
        now = self._clock()
        distinct = list(dict.fromkeys(parties))
        if len(distinct) < 2:
            raise InvalidRecord("parties", "an agreement has two parties at least")
        if not is_one_line(reference):
            raise InvalidRecord("reference", "holds a line break or another character that cannot be printed")
        if valid_until is not None and valid_until <= now:
            raise InvalidRecord("valid_until", "is past")
        is_operator = Permission.PARTNERS_WRITE in scope.permissions
        if not is_operator and scope.partner_id not in distinct:
            raise InvalidRecord("parties", "your own organisation is not among them")
        with self._database.write() as conn:
            begun = agreements.get_agreement(conn, agreement_id) if agreement_id else None
            if begun is not None:
                return begun
            known = {partner.id for partner in partners.list_partners(conn, active_only=True)}
            if not known.issuperset(distinct):
                raise InvalidRecord("parties", "one of them is no partner that takes part")
            accepted = distinct if signed else [one for one in distinct if one == scope.partner_id]
            with sharing_begins(conn, accepted, now):
                made = agreements.add_agreement(
                    conn, agreement_id=agreement_id or new_id("agreement", now, self._random), reference=reference,
                    parties=distinct, valid_from=valid_from or now, valid_until=valid_until, at=now,
                    by=scope.actor_id, accepted=accepted,
                )  # fmt: skip
            self._note(conn, scope, "agreement.proposed", made.id)
        return made

    def admit(self, agreement_id: str, partner_id: str, scope: AccessScope, *, signed: bool = False) -> Agreement:
        """Let a further partner into an agreement (operators only); it is in force for it when it accepts.

        Args:
            signed: the paper carries its signature: in force at once.
        Raises:
            NotPermitted: the caller is not an operator.
            NotFound: there is no such agreement or no such partner.
        """
        scope.require(Permission.PARTNERS_WRITE)
        now = self._clock()
        with self._database.write() as conn:
            found = agreements.get_agreement(conn, agreement_id)
            if found is None or partners.get_partner(conn, partner_id) is None:
                raise NotFound("agreement")
            if partner_id not in {party.partner_id for party in found.parties}:
                agreements.add_party(conn, agreement_id, partner_id)
            if signed:
                with sharing_begins(conn, [partner_id], now):
                    agreements.accept(conn, agreement_id, partner_id, at=now, by=scope.actor_id)
            self._note(conn, scope, "agreement.admitted", agreement_id)
            return agreements.require_agreement(conn, agreement_id)

    def page(self, scope: AccessScope, *, after: str | None, limit: int) -> AgreementPage:
        """Return the agreements to which the caller's partner is party; to an operator, all."""
        scope.require(Permission.PARTNERS_READ)
        mine = None if Permission.PARTNERS_WRITE in scope.permissions else scope.partner_id
        with self._database.read() as conn:
            found = agreements.list_agreements(conn, partner_id=mine, after=after, limit=limit + 1)
        return AgreementPage(found[:limit], found[limit - 1].id if len(found) > limit else None)

    def read(self, agreement_id: str, scope: AccessScope) -> Agreement:
        """Return an agreement to which the caller's partner is party; to an operator, any.

        Raises:
            NotFound: there is none, or the caller's partner is no party of it.
        """
        scope.require(Permission.PARTNERS_READ)
        with self._database.read() as conn:
            found = agreements.get_agreement(conn, agreement_id)
        sees_all = Permission.PARTNERS_WRITE in scope.permissions
        if found is None or not (sees_all or scope.partner_id in {party.partner_id for party in found.parties}):
            raise NotFound("agreement")
        return found

    def accept(self, agreement_id: str, scope: AccessScope) -> Agreement:
        """Put an agreement in force for the caller's partner.

        Raises:
            NotFound: there is none, or the caller's partner is no party of it.
        """
        return self._decide(agreement_id, scope, accepts=True)

    def leave(self, agreement_id: str, scope: AccessScope) -> Agreement:
        """End an agreement for the caller's partner, at once: nothing is exchanged from then on.

        Messages between the two sides that have not gone out are held back, pairs end, bulletins are taken down.

        Raises:
            NotFound: there is none, or the caller's partner is no party of it.
        """
        return self._decide(agreement_id, scope, accepts=False)

    def _decide(self, agreement_id: str, scope: AccessScope, *, accepts: bool) -> Agreement:
        scope.require(Permission.AGREEMENTS_MANAGE)
        now = self._clock()
        with self._database.write() as conn:
            found = agreements.get_agreement(conn, agreement_id)
            if found is None or scope.partner_id not in {party.partner_id for party in found.parties}:
                raise NotFound("agreement")
            change = agreements.accept if accepts else agreements.leave
            with sharing_begins(conn, [scope.partner_id], now):
                changed = change(conn, agreement_id, scope.partner_id, at=now, by=scope.actor_id)
            if not accepts:
                hold_back_unsent(conn, now)  # or it would go out before the rest is done, after the commit
            self._note(conn, scope, "agreement.accepted" if accepts else "agreement.left", agreement_id)
        if not accepts:
            self._on_left()
        return changed

    def _note(self, conn: Connection, scope: AccessScope, action: str, subject: str) -> None:
        audit.append(
            conn, at=self._clock(), actor=scope.actor_id, action=action, subject=subject,
            detail={"partner": scope.partner_id},
        )  # fmt: skip
