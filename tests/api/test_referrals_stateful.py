"""Two organisations hand cases to and fro in any order; a model of a few lines says what must have come of it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from api.access import AccessScope, NotFound, Permission
from api.care.errors import CaseClosed, NoAgreement, ReferralOpen, TransferClash
from api.care.referral_states import Event, Party, ReasonMissing, State, StepRefused, possible
from api.care.referrals import Proposal, ReferralService
from api.cases.agreed import agreed_at_first, as_rows
from api.ids import new_id
from api.store import Connection, Database, VersionConflict, audit, cases, changes, consents, partners, referrals
from api.store.cases import Case, CaseContent
from api.store.master_keys import GivenKeys
from api.store.tables import partner_keys, record_keys

from .conftest import MASTER_KEY, TickingClock, empty_database

WHO = st.sampled_from(["A", "B"])
TARGETS = {Event.ACCEPT: "accepted", Event.REJECT: "rejected", Event.REVOKE: "revoked", Event.COMPLETE: "done"}
OPEN = ("proposed", "accepted")


@dataclass
class Known:
    """What the model knows of a case."""

    owner: str
    side: str
    number: str
    is_open: bool = True
    owners: int = 1


@dataclass
class Asked:
    """What the model knows of a referral."""

    case_id: str
    kind: str
    proposer: str
    state: str = "proposed"
    version: int = 1

    @property
    def receiver(self) -> str:
        return "B" if self.proposer == "A" else "A"


def machine_on(database: Database) -> type[RuleBasedStateMachine]:
    """Return the machine; each run has partners of its own in the one database."""
    clock, randomness = TickingClock(), random.Random(7)

    class Referring(RuleBasedStateMachine):
        @initialize()
        def settle(self) -> None:
            self.agreed = True
            self.known: dict[str, Known] = {}
            self.asked: dict[str, Asked] = {}
            self.told: list[str] = []
            self.service = ReferralService(database, self.may_share, self.note_owner, clock, randomness.randbytes)
            self.ids = {}
            with database.write() as conn:
                for name in ("A", "B"):
                    self.ids[name] = new_id("partner", clock(), randomness.randbytes)
                    partners.add_partner(
                        conn, partner_id=self.ids[name], name=name, kind="ngo", country="IN", language="en", at=clock()
                    )
            self.add("A", "missing", "1")
            self.add("A", "rescued", "1")

        def may_share(self, _conn: Connection, one: str, other: str) -> bool:
            assert {one, other} == set(self.ids.values())
            return self.agreed

        def note_owner(self, _conn: Connection, case: Case, _former: str) -> None:
            self.told.append(case.id)

        def scope(self, who: str) -> AccessScope:
            return AccessScope(self.ids[who], f"person of {who}", "ngo", (), frozenset(Permission))

        def pick(self, data: Any, of: dict[str, Any]) -> str:
            return str(data.draw(st.sampled_from(sorted(of)), label="which"))

        def clash(self, case_id: str, receiver: str) -> bool:
            case = self.known[case_id]
            return any(
                (other.owner, other.side, other.number) == (receiver, case.side, case.number)
                for other_id, other in self.known.items()
                if other_id != case_id
            )

        @rule(who=WHO, number=st.sampled_from("12"))
        def enter(self, who: str, number: str) -> None:
            taken = any((one.owner, one.number) == (who, number) for one in self.known.values())
            if len(self.known) < 4 and not taken:
                self.add(who, "missing", number)

        def add(self, who: str, side: str, number: str) -> None:
            case_id = new_id("case", clock(), randomness.randbytes)
            content = CaseContent(payload={"name": case_id}, content_hash=hashlib.sha256(case_id.encode()).hexdigest())
            with database.write() as conn:
                cases.insert_case(
                    conn, case_id=case_id, side=side, owner_id=self.ids[who], content=content, at=clock(), by="p",
                    external_id=number,
                )  # fmt: skip
                given = agreed_at_first(side, False)
                rows = as_rows(case_id, given, first_version=1, at=clock(), by="p", random_bytes=randomness.randbytes)
                consents.add_consents(conn, rows)
            self.known[case_id] = Known(who, side, number)

        @rule(agreed=st.sampled_from([True, True, True, False]))
        def agree_or_not(self, agreed: bool) -> None:
            self.agreed = agreed

        @precondition(lambda self: self.known)
        @rule(data=st.data(), is_open=st.sampled_from([True, True, True, False]))
        def close_or_open(self, data: Any, is_open: bool) -> None:
            case_id = self.pick(data, self.known)
            with database.write() as conn:
                cases.set_status(conn, case_id, "open" if is_open else "closed", clock())
            self.known[case_id].is_open = is_open

        @precondition(lambda self: self.known)
        @rule(
            data=st.data(), own=st.sampled_from([True, True, True, False]),
            kind=st.sampled_from(["referral", "transfer"]),
        )  # fmt: skip
        def propose(self, data: Any, own: bool, kind: str) -> None:
            case_id = self.pick(data, self.known)
            case = self.known[case_id]
            who, to = ("A", "B") if (case.owner == "A") == own else ("B", "A")
            expected: type[Exception] | None = None
            if case.owner != who:
                expected = NotFound
            elif not case.is_open:
                expected = CaseClosed
            elif not self.agreed:
                expected = NoAgreement
            elif any((one.case_id, one.kind) == (case_id, kind) and one.state in OPEN for one in self.asked.values()):
                expected = ReferralOpen
            elif kind == "transfer" and self.clash(case_id, to):
                expected = TransferClash
            proposal = Proposal(kind, self.ids[to], "medical", "words")
            if expected is not None:
                with pytest.raises(expected):
                    self.service.propose(case_id, proposal, self.scope(who))
                return
            seen = self.service.propose(case_id, proposal, self.scope(who))
            self.asked[seen.referral.id] = Asked(case_id, kind, who)

        @precondition(lambda self: any(one.state in OPEN for one in self.asked.values()))
        @rule(data=st.data())
        def go_on(self, data: Any) -> None:
            """Take a step that is somebody's, so that the ends are reached often enough."""
            going = {key: one for key, one in self.asked.items() if one.state in OPEN}
            one = self.asked[referral_id := self.pick(data, going)]
            event = Event.ACCEPT if one.state == "proposed" else Event.COMPLETE
            self.step(referral_id, one.receiver, event, None, 0)

        @precondition(lambda self: self.asked)
        @rule(
            data=st.data(), who=WHO, event=st.sampled_from(Event), reason=st.sampled_from([None, "other"]),
            behind=st.sampled_from([0, 0, 0, 1]),
        )  # fmt: skip
        def take(self, data: Any, who: str, event: Event, reason: str | None, behind: int) -> None:
            self.step(self.pick(data, self.asked), who, event, reason, behind)

        def step(self, referral_id: str, who: str, event: Event, reason: str | None, behind: int) -> None:
            one = self.asked[referral_id]
            case = self.known[one.case_id]
            party = Party.PROPOSER if one.proposer == who else Party.RECEIVER
            expected: type[Exception] | None = None
            if behind:
                expected = VersionConflict
            elif event not in possible(State(one.state), party):
                expected = StepRefused
            elif event in (Event.REJECT, Event.REVOKE) and reason is None:
                expected = ReasonMissing
            elif event in (Event.ACCEPT, Event.COMPLETE) and not case.is_open:
                expected = CaseClosed
            elif event in (Event.ACCEPT, Event.COMPLETE) and not self.agreed:
                expected = NoAgreement
            elif (
                event in (Event.ACCEPT, Event.COMPLETE)
                and one.kind == "transfer"
                and self.clash(one.case_id, one.receiver)
            ):
                expected = TransferClash

            def take() -> Any:
                return self.service.take(
                    referral_id, event, reason=reason, version=one.version - behind, scope=self.scope(who)
                )

            if expected is not None:
                with pytest.raises(expected):
                    take()
                return
            seen = take()
            one.state, one.version = TARGETS[event], one.version + 1
            assert (seen.referral.state, seen.referral.version) == (one.state, one.version)
            if one.kind == "transfer" and one.state == "done":
                case.owner, case.owners = one.receiver, case.owners + 1
                assert self.told[-1] == one.case_id
                for other_id, other in self.asked.items():
                    if other_id != referral_id and other.case_id == one.case_id and other.state in OPEN:
                        other.state, other.version = "revoked", other.version + 1

        @invariant()
        def the_store_says_what_the_model_says(self) -> None:
            if not hasattr(self, "known"):
                return
            with database.read() as conn:
                for case_id, case in self.known.items():
                    stored = cases.require_case(conn, case_id)
                    assert stored.owner_id == self.ids[case.owner]
                    assert stored.payload == {"name": case_id}  # it still opens
                    wrapped_for = select(partner_keys.c.partner_id).join(
                        record_keys, record_keys.c.partner_key_id == partner_keys.c.id
                    )
                    keys = conn.scalars(wrapped_for.where(record_keys.c.case_id == case_id)).all()
                    assert keys == [self.ids[case.owner]]
                    for name, partner_id in self.ids.items():
                        active = any(
                            (one.case_id, one.kind, one.state, one.receiver) == (case_id, "referral", "accepted", name)
                            for one in self.asked.values()
                        )
                        assert referrals.active_referral(conn, case_id, partner_id) == active
                for referral_id, one in self.asked.items():
                    found = referrals.require(conn, referral_id)
                    assert (found.state, found.version) == (one.state, one.version)
                    events = referrals.events_of(conn, referral_id)
                    assert len(events) == one.version
                    assert events[-1].state == one.state
                assert len(self.told) == sum(case.owners - 1 for case in self.known.values())

        @invariant()
        def nobody_sees_more_than_his_part(self) -> None:
            for referral_id, one in getattr(self, "asked", {}).items():
                seen = self.service.read(referral_id, self.scope(one.receiver))
                assert (seen.case is not None) == (one.state in OPEN and self.agreed)
                owns = self.known[one.case_id].owner == one.receiver
                helps = one.kind == "referral" and one.state == "accepted"
                assert (seen.referral.note is not None) == (owns or helps)
                mine = self.service.read(referral_id, self.scope(one.proposer))
                assert mine.case is None
                assert (mine.referral.note is not None) == (self.known[one.case_id].owner == one.proposer)

        def teardown(self) -> None:
            if not hasattr(self, "known"):
                return
            with database.read() as conn:
                handed = sum(case.owners - 1 for case in self.known.values())
                own = [one for one in changes.since(conn, 0, 1_000_000) if one.case_id in self.known]
                assert sum(one.kind == "owner" for one in own) == handed
                told = [row for case_id in self.known for row in audit.entries(conn, subject=case_id, limit=10_000)]
                assert sum(row.action == "case.given" for row in told) == handed
                assert sum(row.action == "case.taken" for row in told) == handed

    return Referring


@pytest.fixture(scope="module")
def empty(dialect: str, tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Database]:
    home = tmp_path_factory.mktemp("referring") / "home"
    with empty_database(dialect, home, template) as url:
        database = Database.open(url or f"sqlite:///{home / 'sandhan.db'}", GivenKeys(MASTER_KEY))
        try:
            yield database
        finally:
            database.dispose()


def test_any_order_of_steps_leads_to_what_the_model_says(empty: Database) -> None:
    run_state_machine_as_test(
        machine_on(empty),
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],  # to shrink takes minutes
        ),
    )  # fmt: skip
