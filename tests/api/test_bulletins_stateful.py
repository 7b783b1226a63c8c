"""Whatever happens to a case, in any order: once a bulletin was ended nobody reads it; a model says who still may."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine
from sqlalchemy import select

from api.access import AccessScope, NotFound, Permission, Role
from api.bulletins.authorising import AuthorisationService, NewAuthorisation
from api.bulletins.errors import AuthorisationOver, NotAgreedTo, PublicationForbidden
from api.bulletins.scope import PublicationScope
from api.bulletins.service import BulletinService, Publication
from api.bulletins.taking_down import enforce_case, forget_case, take_down_for_case
from api.care.errors import CaseClosed, NoAgreement
from api.cases.agreed import Given, as_rows
from api.ids import new_id
from api.store import Connection, Database, agreements, bulletins, care, cases, consents, erasure, knowing, partners
from api.store.cases import CaseContent
from api.store.duty_tables import bulletins as bulletin_rows
from api.store.master_keys import GivenKeys
from api.store.photos import PhotoContent

from .conftest import MASTER_KEY, TickingClock, empty_database

NAME = "Sunita Mandal of nowhere else"
TO = ("police", "ngo")


@dataclass
class Shown:
    """What the model knows of a bulletin."""

    authorisation: str
    to: set[str]
    reads: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)


class NoPictures:
    """Makes no picture anew: none is published."""

    def clean(self, data: bytes) -> PhotoContent:
        raise AssertionError(len(data))


def machine_on(database: Database) -> type[RuleBasedStateMachine]:
    """Return the machine; each run has partners and a case of its own in the one database."""
    randomness = random.Random(11)

    class Publishing(RuleBasedStateMachine):
        @initialize()
        def settle(self) -> None:
            self.clock = TickingClock()
            self.service = BulletinService(database, NoPictures(), self.clock, randomness.randbytes)
            self.authorising = AuthorisationService(database, self.clock, randomness.randbytes)
            self.shown: dict[str, Shown] = {}
            self.ends: dict[str, Any] = {}
            self.withdrawn: set[str] = set()
            self.agreed = set(TO)
            self.consent = dict.fromkeys(TO, "")
            self.open, self.there, self.found = True, True, False
            self.ids, self.agreement = {}, {}
            with database.write() as conn:
                for name, kind in (("owner", "ngo"), ("police", "police"), ("ngo", "ngo")):
                    self.ids[name] = new_id("partner", self.clock(), randomness.randbytes)
                    partners.add_partner(
                        conn, partner_id=self.ids[name], name=name, kind=kind, country="IN", language="en",
                        at=self.clock(),
                    )  # fmt: skip
                for name in TO:
                    self.agreement[name] = new_id("agreement", self.clock(), randomness.randbytes)
                    both = [self.ids["owner"], self.ids[name]]
                    agreements.add_agreement(
                        conn, agreement_id=self.agreement[name], reference="MoU", parties=both, accepted=both,
                        valid_from=self.clock(), valid_until=None, at=self.clock(), by="p",
                    )  # fmt: skip
                self.case_id = new_id("case", self.clock(), randomness.randbytes)
                content = CaseContent({"name": NAME}, hashlib.sha256(self.case_id.encode()).hexdigest())
                cases.insert_case(
                    conn, case_id=self.case_id, side="missing", owner_id=self.ids["owner"], content=content,
                    at=self.clock(), by="p",
                )  # fmt: skip
                self.agree_to(conn, Given("sharing", "any", "report", "reporter"))
            self.authorise(30)

        def agree_to(self, conn: Connection, given: Given) -> str:
            (row,) = as_rows(
                self.case_id, [given], first_version=consents.next_version(conn, self.case_id), at=self.clock(),
                by="p", random_bytes=randomness.randbytes,
            )  # fmt: skip
            consents.add_consents(conn, [row])
            return row.id

        def scope(self, who: str) -> AccessScope:
            kind = "police" if who == "police" else "ngo"
            return AccessScope(self.ids[who], f"person of {who}", kind, (), frozenset(Permission), Role.PUBLISHER)

        def may(self, who: str) -> bool:
            return who in self.agreed and bool(self.consent[who])

        def end(self, whom: Any = None) -> None:
            """Note in the model that what stands for these recipients is over, for good."""
            for one in self.shown.values():
                one.ended |= one.to if whom is None else {who for who in one.to if whom(one, who)}

        def follow(self) -> None:
            """Note whatever no longer stands now; the service finds the same when it is next looked at."""
            now = self.clock()
            self.end(lambda one, who: (
                not (self.open and self.there and not self.found) or one.authorisation in self.withdrawn
                or now >= self.ends[one.authorisation] or not self.may(who)
            ))  # fmt: skip

        @precondition(lambda self: self.there and not self.found)
        @rule(days=st.integers(1, 40))
        def authorise(self, days: int) -> None:
            new = NewAuthorisation(
                authority="court", name="Court", order_number="1", scope=PublicationScope(kinds=("police", "ngo")),
                fields=("name",), with_photo=False, until=(self.clock() + timedelta(days=days)).date(),
            )  # fmt: skip
            given = self.authorising.authorise(self.case_id, new, self.scope("owner"))
            self.ends[given.id] = given.expires_at

        @precondition(lambda self: self.there)
        @rule(to=st.sets(st.sampled_from(TO), min_size=1), days=st.integers(5, 40))
        def publish_when_all_is_well(self, to: set[str], days: int) -> None:
            """Set right whatever stands against it first, so that there is something to end often enough."""
            if self.found:
                self.find_her_or_correct_that()
            if not self.open:
                self.close_or_reopen(True)
            for who in sorted(to):
                if who not in self.agreed:
                    self.agree_or_leave(who)
                if not self.consent[who]:
                    self.give_or_withdraw_consent(who)
            self.authorise(days)
            self.send(list(self.ends)[-1], to)

        @rule(data=st.data(), to=st.sets(st.sampled_from(TO), min_size=1))
        def publish(self, data: Any, to: set[str]) -> None:
            self.send(data.draw(st.sampled_from(sorted(self.ends))), to)

        def send(self, given: str, to: set[str]) -> None:
            new = Publication(authorisation_id=given, recipients=tuple(self.ids[who] for who in sorted(to)))
            expected: tuple[type[Exception], ...] = ()
            if not self.there:
                expected = (NotFound,)
            elif self.found:
                expected = (PublicationForbidden,)
            elif not self.open:
                expected = (CaseClosed,)
            elif given in self.withdrawn or self.clock() >= self.ends[given]:
                expected = (AuthorisationOver,)
            elif not all(map(self.may, to)):
                expected = (NoAgreement, NotAgreedTo)
            if expected:
                with pytest.raises(expected):
                    self.service.publish(self.case_id, new, self.scope("owner"))
                return
            seen = self.service.publish(self.case_id, new, self.scope("owner"))
            self.shown[seen.bulletin.id] = Shown(given, set(to))

        @precondition(lambda self: self.there)
        @rule(is_open=st.booleans())
        def close_or_reopen(self, is_open: bool) -> None:
            with database.write() as conn:
                cases.set_status(conn, self.case_id, "open" if is_open else "closed", self.clock())
                if not is_open:
                    take_down_for_case(conn, self.case_id, "closed", self.clock(), random_bytes=randomness.randbytes)
            self.open = is_open
            self.follow()

        @precondition(lambda self: self.there)
        @rule(who=st.sampled_from(TO))
        def give_or_withdraw_consent(self, who: str) -> None:
            with database.write() as conn:
                if self.consent[who]:
                    consents.withdraw(conn, self.consent[who], at=self.clock(), by="p")
                    self.consent[who] = ""
                    enforce_case(conn, self.case_id, self.clock(), random_bytes=randomness.randbytes)
                else:
                    self.consent[who] = self.agree_to(conn, Given("publication", who, "consent", "guardian"))
            self.follow()

        @rule(who=st.sampled_from(TO))
        def agree_or_leave(self, who: str) -> None:
            change = agreements.leave if who in self.agreed else agreements.accept
            with database.write() as conn:
                change(conn, self.agreement[who], self.ids[who], at=self.clock(), by="p")
            self.agreed ^= {who}
            self.follow()

        @precondition(lambda self: self.there)
        @rule(data=st.data())
        def withdraw_authorisation(self, data: Any) -> None:
            given = data.draw(st.sampled_from(sorted(self.ends)))
            self.authorising.withdraw(self.case_id, given, self.scope("owner"))
            self.withdrawn.add(given)
            self.follow()

        @precondition(lambda self: self.shown)
        @rule(data=st.data())
        def take_down(self, data: Any) -> None:
            bulletin_id = data.draw(st.sampled_from(sorted(self.shown)))
            self.service.take_down(bulletin_id, "error", self.scope("owner"))
            self.shown[bulletin_id].ended |= self.shown[bulletin_id].to

        @rule(days=st.integers(1, 12))
        def let_time_pass(self, days: int) -> None:
            self.clock.advance(days=days)
            self.follow()

        @precondition(lambda self: self.there)
        @rule()
        def find_her_or_correct_that(self) -> None:
            with database.write() as conn:
                stages = list(care.stages_of(conn, self.case_id))
                corrects = stages[-1].id if self.found else None
                care.add_stage(
                    conn, event_id=new_id("stage", self.clock(), randomness.randbytes), case_id=self.case_id,
                    stage="reporting" if self.found else "rescue", entered_on=self.clock().date(), corrects=corrects,
                    at=self.clock(), by="p",
                )  # fmt: skip
            self.found = not self.found
            self.follow()

        @precondition(lambda self: self.there and len(self.shown) > 3)
        @rule()
        def erase(self) -> None:
            with database.write() as conn:
                case = cases.require_case(conn, self.case_id)
                forget_case(conn, case.id, "erased", self.clock(), by="p", random_bytes=randomness.randbytes)
                care.forget(conn, case.id, at=self.clock(), by="p")
                erasure.erase_case(conn, case, at=self.clock())
            self.there = False
            self.withdrawn |= set(self.ends)
            self.follow()

        @rule()
        def sweep(self) -> None:
            self.service.sweep()
            assert self.service.sweep() == 0

        @invariant()
        def nobody_reads_what_has_ended_and_everybody_else_does(self) -> None:
            for bulletin_id, one in getattr(self, "shown", {}).items():
                for who in TO:
                    if who not in one.to:
                        with pytest.raises(NotFound):
                            self.service.read(bulletin_id, self.scope(who))
                        continue
                    seen = self.service.read(bulletin_id, self.scope(who))
                    assert (seen.content is None) == (who in one.ended), (one, who)
                    assert seen.over == (who in one.ended)
                    assert seen.content in (None, {"name": [NAME]})

        @invariant()
        def what_was_shown_is_destroyed_and_every_recipient_was_told_once(self) -> None:
            with database.read() as conn:
                for bulletin_id, one in getattr(self, "shown", {}).items():
                    row = conn.execute(select(bulletin_rows).where(bulletin_rows.c.id == bulletin_id)).one()
                    assert (row.sealed is None) == (row.taken_down_at is not None) == (one.ended == one.to)
                    stored = bulletins.get(conn, bulletin_id)
                    assert stored is not None
                    assert {r.partner_id for r in stored.receipts if r.ended_at} == {self.ids[w] for w in one.ended}
                    told = knowing.alerts_of_subject(conn, "bulletin", bulletin_id)
                    for who in one.to:
                        mine = [alert for alert in told if alert.recipient_id == self.ids[who]]
                        expected = ["published", "taken_down"] if who in one.ended else ["published"]
                        assert [alert.event for alert in mine] == expected
                        assert (mine[0].state == "recalled") == (who in one.ended)

    return Publishing


@pytest.fixture(scope="module")
def empty(dialect: str, tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Database]:
    home = tmp_path_factory.mktemp("publishing") / "home"
    with empty_database(dialect, home, template) as url:
        database = Database.open(url or f"sqlite:///{home / 'sandhan.db'}", GivenKeys(MASTER_KEY))
        try:
            yield database
        finally:
            database.dispose()


def test_any_order_of_events_leaves_nothing_to_be_read_that_has_ended(empty: Database) -> None:
    run_machine(
        machine_on(empty),
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],
        ),
    )  # fmt: skip
