"""Agreements, consents, disclosures, time and erasure in any order: is anything ever read that may not be?

The machine does what people do, in random order, and keeps a model of it: a few flags, and one function that says from
them what each organisation may see. After every step it reads as everybody and compares, in both directions: what
must be hidden is hidden, and what may be seen is not lost.

    SANDHAN_SEQUENCES=10000 SANDHAN_SEED=1 pytest --timeout=9000 tests/api/test_access_stateful.py
"""

from __future__ import annotations

import hashlib
import itertools
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from api.access import OPERATOR, PERMISSIONS, AccessScope, NotFound, Role, View
from api.bootstrap import Sandhan
from api.cases.agreed import ConsentForm
from api.cases.forms import CaseForm
from api.cases.lifecycle import Lifecycle
from api.cases.retention import Retention
from api.cases.standing import standing
from api.matches.moves import MatchMoves
from api.partners.service import NewPartner
from api.store import alerts, cases, disclosures, matches
from api.store.matches import Evidence
from matcher.person import Side

from .conftest import TickingClock, open_house

SEQUENCES = int(os.environ.get("SANDHAN_SEQUENCES", "60"))
SEED = int(os.environ["SANDHAN_SEED"]) if "SANDHAN_SEED" in os.environ else None
STEPS = 12
KINDS = {"family": "ngo", "shelter": "shelter", "helper": "ngo", "unit": "ahtu", "stranger": "coordination"}
CLASSES = {"ahtu": "police", "ngo": "ngo", "shelter": "shelter", "coordination": "coordination"}
OPERATING = AccessScope("command-line", "command-line", "operator", (), frozenset(OPERATOR))
members = st.sampled_from(sorted(KINDS))
sides = st.sampled_from(list(Side))


class NoMatching:
    """Nothing is compared here: the one match there is was put there by hand."""

    must_wait = True

    def follow(self) -> None:
        return


@dataclass
class KnownCase:
    """What the model knows of a case."""

    id: str
    owner: str
    expires: datetime
    erased: bool = False
    consents: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Consents in force: id -> purpose, class of recipients."""

    def agreed(self, purpose: str, recipients: str | None = None) -> bool:
        return any(
            found == purpose and (recipients is None or to in ("any", recipients))
            for found, to in self.consents.values()
        )


class Exchange(RuleBasedStateMachine):
    """Five organisations, a report, a rescued person, and the match of the two."""

    sandhan: ClassVar[Sandhan]
    clock: ClassVar[TickingClock]
    numbers: ClassVar[Iterator[int]] = itertools.count()
    # The organisations and their agreements outlive a sequence; each begins with all of these in force.
    scopes: ClassVar[dict[str, AccessScope]] = {}
    in_force: ClassVar[dict[frozenset[str], set[str]]] = {}
    papers: ClassVar[dict[frozenset[str], str]] = {}

    def __init__(self) -> None:
        super().__init__()
        sandhan = self.sandhan
        self.life = Lifecycle(
            sandhan.database,
            NoMatching(),
            sandhan.same_person,
            sandhan.photos,
            self.clock,
            sandhan.random_bytes,
            Retention(),  # type: ignore[arg-type]
            MatchMoves(),
        )
        self.cases: dict[Side, KnownCase] = {}
        self.ended, self.turn = False, 0
        self.told = {"helper"}
        self.noted = False
        self.opened: dict[tuple[str, Side], tuple[str, datetime]] = {}
        self.asked: dict[tuple[str, Side], str] = {}

    @initialize(alone=st.sets(members, max_size=2), withheld=st.sampled_from([None, "police", "ngo", "shelter"]))
    def settle(self, alone: set[str], withheld: str | None) -> None:
        number = next(self.numbers)
        if not self.scopes:
            self._found()
            self.noted = True
        for pair in map(frozenset, itertools.combinations(KINDS, 2)):
            one, other = sorted(pair)
            for who in pair - self.in_force[pair]:
                self.accept(who, *pair - {who})
            if alone & pair:
                self.leave(one, other)
        self._enter(Side.MISSING, "family", number, withheld)
        self._enter(Side.RESCUED, "shelter", number, None)
        self._match()

    def _found(self) -> None:
        """Let the five organisations in, once for all sequences."""
        for name, kind in KINDS.items():
            areas = ("IN/WB",) if name == "unit" else ()
            made = self.sandhan.partners.register(NewPartner(name, kind, "IN", areas=areas), OPERATING)
            permissions = PERMISSIONS[Role.OFFICER] | PERMISSIONS[Role.ADMINISTRATOR]
            self.scopes[name] = AccessScope(made.partner.id, f"{name}-key", kind, made.partner.areas, permissions)
        for pair in itertools.combinations(KINDS, 2):
            ids = [self.scopes[name].partner_id for name in pair]
            paper = self.sandhan.agreements.propose(ids, "MoU", None, OPERATING, signed=True)
            self.papers[frozenset(pair)], self.in_force[frozenset(pair)] = paper.id, set(pair)

    def _enter(self, side: Side, owner: str, number: int, withheld: str | None) -> None:
        said = [] if withheld is None else [
            ConsentForm(purpose="sharing", recipients=one)  # type: ignore[arg-type]
            for one in sorted(set(CLASSES.values()) - {withheld})
        ]  # fmt: skip
        form = CaseForm(
            side=side.value, name=f"Rina {number}", country="India", state="West Bengal", external_id=str(number),
            consents=said or None, protect_location=side is Side.RESCUED, event_state="Maharashtra",
            event_country="India", informant="Aunt",
        )  # fmt: skip
        made = self.sandhan.cases.register(form, self.scopes[owner], match=False).case
        known = {one.id: (one.purpose, one.recipients) for one in self.life.consents(made.id, self.scopes[owner])}
        assert made.expires_at is not None
        self.cases[side] = KnownCase(made.id, owner, made.expires_at, consents=known)

    def _match(self) -> None:
        now = self.clock()
        digest = hashlib.sha256(self.cases[Side.MISSING].id.encode()).hexdigest()
        evidence = Evidence("probable", 9.0, 9.0, 0.9, [], ["name"], "m", digest, 1, 1)
        with self.sandhan.database.write() as conn:
            ids = {side: case.id for side, case in self.cases.items()}
            match, _ = matches.upsert_match(
                conn, match_id=f"match-{digest[:20]}", missing_id=ids[Side.MISSING], rescued_id=ids[Side.RESCUED],
                evidence=evidence, at=now,
            )  # fmt: skip
            self.match_id = match.id
            alerts.add_alert(
                conn, alert_id=f"alert-{digest[:20]}", match_id=match.id, recipient_id=self.scopes["helper"].partner_id,
                event="new", dedupe_key=digest, grade="probable", priority="critical", due_at=now, at=now, messages=[],
            )  # fmt: skip

    @rule(one=members, other=members)
    def leave(self, one: str, other: str) -> None:
        if one != other:
            pair = frozenset((one, other))
            self.sandhan.agreements.leave(self.papers[pair], self.scopes[one])
            self.in_force[pair].discard(one)

    @rule(one=members, other=members)
    def accept(self, one: str, other: str) -> None:
        if one != other:
            pair = frozenset((one, other))
            self.sandhan.agreements.accept(self.papers[pair], self.scopes[one])
            begins = self.in_force[pair] == {other}
            self.in_force[pair].add(one)
            # Who may know of more is told at the next pass; of the owners' own agreement, where the match lives.
            self.noted |= begins and ("unit" in pair or (pair == self._owners() and not self.ended))

    @rule()
    def attend(self) -> None:
        self.sandhan.beginning.follow()
        self.sandhan.telling.follow()
        if self.noted:
            self._hears_late()
        self.noted = False

    @rule(side=sides, purpose=st.sampled_from(["matching", "sharing", "sharing"]),
          to=st.sampled_from(["any", "police", "ngo", "shelter"]))  # fmt: skip
    def give(self, side: Side, purpose: str, to: str) -> None:
        case = self.cases[side]
        to = "any" if purpose == "matching" else to
        form = ConsentForm(purpose=purpose, recipients=to)  # type: ignore[arg-type]
        if self._gone(case):
            with pytest.raises(NotFound):
                self.life.give(case.id, form, self.scopes[case.owner])
            return
        missing = not case.agreed("matching")
        given = self.life.give(case.id, form, self.scopes[case.owner])
        case.consents[given.id] = (purpose, to)
        if purpose == "sharing":
            self._hears_late()
        if purpose == "matching" and missing and all(one.agreed("matching") and not one.erased for one in self._both()):
            self.ended = False

    def _hears_late(self) -> None:
        """The unit of the family's area was not told of the match, and is once everybody concerned shares with it."""
        lives = not self.ended and not any(self._gone(case) for case in self._both())
        owners = self._owners()
        if lives and self.in_force[owners] == owners and all(self._shares("unit", case) for case in self._both()):
            self.told.add("unit")

    @rule(side=sides, which=st.integers(0, 9))
    def withdraw(self, side: Side, which: int) -> None:
        case = self.cases[side]
        if self._gone(case) or not case.consents:
            return
        consent_id = sorted(case.consents)[which % len(case.consents)]
        self.life.withdraw(case.id, consent_id, self.scopes[case.owner])
        purpose, _ = case.consents.pop(consent_id)
        if purpose == "matching" and not case.agreed("matching"):
            self.ended = True
            self._close(side)
        if purpose == "sharing" and not case.agreed("sharing"):
            self._close(side)

    @rule(who=members, side=sides)
    def ask(self, who: str, side: Side) -> None:
        case = self.cases[side]
        if not self._party(who) or case.owner == who:
            with pytest.raises(NotFound):
                self.sandhan.disclosures.request(self.match_id, side, "verify-identity", self.scopes[who])
            return
        asked = self.sandhan.disclosures.request(self.match_id, side, "verify-identity", self.scopes[who])
        self.asked[who, side] = asked.id

    @rule(who=members, side=sides, decision=st.sampled_from(["accept", "accept", "refuse", "withdraw"]))
    def decide(self, who: str, side: Side, decision: str) -> None:
        asked, case = self.asked.get((who, side)), self.cases[side]
        if asked is None or self._gone(case):
            return
        owner = self.scopes[case.owner]
        with self.sandhan.database.read() as conn:
            found = disclosures.get_disclosure(conn, asked)
        assert found is not None
        possible = found.state == "requested" or (found.state == "accepted" and decision == "withdraw")
        if not possible:
            return
        decided = self.sandhan.disclosures.decide(asked, decision, owner)  # type: ignore[arg-type]
        self.opened.pop((who, side), None)
        if decided.state == "accepted":
            assert decided.expires_at is not None
            self.opened[who, side] = (asked, decided.expires_at)
        else:
            self.asked.pop((who, side))

    @rule(days=st.sampled_from([1, 60, 100, 900]))
    def wait(self, days: int) -> None:
        self.clock.advance(days=days)
        for key, (_, until) in list(self.opened.items()):
            if until <= self.clock():
                del self.opened[key]
                self.asked.pop(key, None)

    @rule(side=sides, days=st.sampled_from([1, 30]))
    def keep(self, side: Side, days: int) -> None:
        case = self.cases[side]
        if not self._gone(case):
            until: date = (self.clock() + timedelta(days=days)).date()
            kept = self.life.keep_until(case.id, until, self.scopes[case.owner])
            assert kept.expires_at is not None
            case.expires = kept.expires_at

    @rule()
    def erase_what_is_over(self) -> None:
        self.life.expire_due()
        for side, case in self.cases.items():
            if case.expires <= self.clock():
                self._erased(side)

    @rule(side=sides, sure=st.integers(0, 3))
    def erase(self, side: Side, sure: int) -> None:
        case = self.cases[side]
        if sure == 0 and not self._gone(case):
            self.life.erase(case.id, "wish", self.scopes[case.owner])
            self._erased(side)

    def _erased(self, side: Side) -> None:
        self.cases[side].erased = True
        self.ended = True
        self._close(side)

    def _close(self, side: Side) -> None:
        for who in KINDS:
            self.opened.pop((who, side), None)
            self.asked.pop((who, side), None)

    def _owners(self) -> frozenset[str]:
        return frozenset(case.owner for case in self._both())

    def _both(self) -> list[KnownCase]:
        return list(self.cases.values())

    def _gone(self, case: KnownCase) -> bool:
        return case.erased or case.expires <= self.clock()

    def _shares(self, who: str, case: KnownCase) -> bool:
        pair = frozenset((who, case.owner))
        return self.in_force[pair] == set(pair) and case.agreed("sharing", CLASSES[KINDS[who]])

    def _party(self, who: str) -> bool:
        if self.ended or any(self._gone(case) for case in self._both()):
            return False
        others = [case for case in self._both() if case.owner != who]
        return all(self._shares(who, case) for case in others) and (len(others) < 2 or who in self.told)

    def may_see(self, who: str, side: Side) -> View:
        """Return what the rules say, and nothing else in this file does."""
        case = self.cases[side]
        if self._gone(case):
            return View.NOTHING
        if case.owner == who:
            return View.FULL
        if not self._shares(who, case):
            return View.NOTHING
        if who == "unit" and side is Side.MISSING:
            return View.DISCLOSED
        if not self._party(who):
            return View.NOTHING
        return View.DISCLOSED if (who, side) in self.opened else View.MASKED

    @invariant()
    def somebody_reads_what_he_may_and_nothing_else(self) -> None:
        if self.cases:
            self.turn += 1
            self._look(sorted(KINDS)[self.turn % len(KINDS)])

    def teardown(self) -> None:
        if self.cases:
            for who in KINDS:
                self._look(who)
            # One of them, in each sequence another, goes through every door that leads to it.
            self._all_doors(sorted(KINDS)[next(self.numbers) % len(KINDS)])
            for case in self._both():
                if not self._gone(case):  # or each sequence would look through the matches of all before it
                    self.life.erase(case.id, "wish", self.scopes[case.owner])
            self.sandhan.beginning.follow()
            self.sandhan.telling.follow()

    def _look(self, who: str) -> None:
        now, scope = self.clock(), self.scopes[who]
        with self.sandhan.database.read() as conn:
            for side, known in self.cases.items():
                case = cases.get_case(conn, known.id)
                assert (case is None) == known.erased
                seen = View.NOTHING if case is None else scope.view_of(standing(conn, case, scope, now))
                assert seen is self.may_see(who, side), (who, side)

    def _all_doors(self, who: str) -> None:
        scope = self.scopes[who]
        for side, case in self.cases.items():
            assert self._read(case.id, scope) is self.may_see(who, side), (who, side)
        try:
            shown: Any = self.sandhan.reader.read(self.match_id, scope)
        except NotFound:
            shown = None
        assert (shown is not None) == self._party(who), who
        if shown is not None:
            views = (shown.missing.view, shown.rescued.view)
            assert views == tuple(self.may_see(who, side).value for side in Side), who
        one = self.cases[Side.MISSING].id
        listed = self.sandhan.reader.page(scope, grades=None, after=None, limit=5, case_id=one).items
        assert [match.id for match in listed] == ([self.match_id] if self._party(who) else []), who

    def _read(self, case_id: str, scope: AccessScope) -> View:
        try:
            return self.sandhan.cases.read(case_id, scope).view
        except NotFound:
            return View.NOTHING


def test_nothing_is_ever_read_that_the_rules_forbid(tmp_path: Path, template: Path) -> None:
    fast = Path("/dev/shm") if SEQUENCES > 1000 and Path("/dev/shm").is_dir() else tmp_path
    home = fast / f"sandhan-{random.Random().getrandbits(64):x}"
    home.mkdir(mode=0o700)
    try:
        (home / "sandhan.db").write_bytes(template.read_bytes())
        with open_house(home, faces=False) as house:
            Exchange.sandhan, Exchange.clock = house.sandhan, house.clock
            for known in (Exchange.scopes, Exchange.in_force, Exchange.papers):
                known.clear()
            if SEED is not None:
                seed(SEED)(Exchange)
            run_state_machine_as_test(
                Exchange,
                settings=settings(
                    max_examples=SEQUENCES, stateful_step_count=STEPS, deadline=None, derandomize=SEED is None,
                    suppress_health_check=list(HealthCheck), database=None,
                ),
            )  # fmt: skip
    finally:
        for left in sorted(home.rglob("*"), reverse=True):
            left.rmdir() if left.is_dir() else left.unlink()
        home.rmdir()
