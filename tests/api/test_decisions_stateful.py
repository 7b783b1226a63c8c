"""Two organisations decide in any order about three pairs of cases; a model of its own says what must come of it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from api.access import AccessScope, NotFound, Permission
from api.care.follow_ups import FollowUpService
from api.cases.agreed import agreed_at_first, as_rows
from api.ids import new_id
from api.linking import model_at
from api.matches.decisions import Decision, DecisionService
from api.matches.moves import MatchChange, MatchMoves
from api.matches.states import Action, Disposition, Finding
from api.matches.workflow import DecisionNeeds, DecisionNotOpen
from api.store import Connection, Database, agreements, cases, consents, dispositions, home_reports, matches, partners
from api.store.cases import CaseContent
from api.store.master_keys import GivenKeys
from api.store.matches import Evidence, Match
from api.store.tables import GRADES
from matcher.person import Side

from .conftest import MASTER_KEY, TickingClock, empty_database

PERSONS = ("A1", "A2", "B1")
OPEN = (
    "suggested", "triage", "confirmed_by_one", "confirmed_by_both", "field_verification", "needs_information",
    "disputed",
)  # fmt: skip
WORKING = OPEN[1:5]
FOUND = ("verified", "restored", "placed_safely", "closed")
GONE = ("withdrawn", "superseded", "expired")
FORWARD = {
    "suggested": "take_up", "triage": "confirm", "confirmed_by_one": "confirm",
    "needs_information": "answer_information", "confirmed_by_both": "start_verification",
    "field_verification": "verify", "verified": "restore", "restored": "close", "placed_safely": "close",
    "rejected": "dispute", "disputed": "settle",
}  # fmt: skip
"""State -> the step that most often comes next."""
SIDEWAYS = ("ask_information", "reject", "place_safely", "undo")
WORDS = {"take_up": "unsure", "confirm": "confirm", "ask_information": "needs_information", "reject": "reject"}
REFUSALS: dict[str, type[Exception]] = {"not found": NotFound, "not open": DecisionNotOpen, "needs": DecisionNeeds}
REASONS = (None, "wrong_age", "mistake")


@dataclass(frozen=True)
class Word:
    """What a side says."""

    says: str
    person: str
    number: int = 0
    until: datetime | None = None
    weight: float = 0.0
    rank: int = 0


@dataclass
class Known:
    """What the model knows of a match."""

    missing: str
    rescued: str
    state: str = "suggested"
    weight: float = 8.0
    rank: int = 2
    said: dict[str, Word] = field(default_factory=dict)
    steps: list[tuple[str, str, str, dict[str, Word]]] = field(default_factory=list)
    """(side, action, state before, what was said before) of each step that is not undone."""
    beaten: tuple[str, str] | None = None
    """Which match superseded it, and the state that it had."""

    @property
    def rejection(self) -> Word | None:
        words = [word for word in self.said.values() if word.says == "reject"]
        return max(words, key=lambda word: word.number) if words else None

    def has(self, *words: str) -> bool:
        return sorted(word.says for word in self.said.values() if word.says in words) == sorted(words)


def machine_on(database: Database) -> type[RuleBasedStateMachine]:
    """Return the machine; each run has partners and cases of its own in the one database."""
    clock, randomness = TickingClock(), random.Random(11)
    model = model_at(None)

    class Deciding(RuleBasedStateMachine):
        @initialize()
        def settle(self) -> None:
            self.told: list[MatchChange] = []
            self.homes: dict[str, list[tuple[date, int, str]]] = {}
            self.number, self.events = 0, {}
            self.moves = MatchMoves(self.hear)
            visits = FollowUpService(database, clock, randomness.randbytes)
            self.service = DecisionService(database, self.moves, visits, model, clock)
            self.partners = {name: new_id("partner", clock(), randomness.randbytes) for name in "AB"}
            with database.write() as conn:
                for name, partner_id in self.partners.items():
                    partners.add_partner(
                        conn, partner_id=partner_id, name=name, kind="ngo", country="IN", language="en", at=clock()
                    )
                agreements.add_agreement(
                    conn, agreement_id=new_id("agreement", clock(), randomness.randbytes), reference="MoU",
                    parties=list(self.partners.values()), accepted=list(self.partners.values()), valid_from=clock(),
                    valid_until=None, at=clock(), by="x",
                )  # fmt: skip
            self.owner = {}
            for side, owner in (("missing", "A"), ("missing", "A"), ("rescued", "B"), ("rescued", "A")):
                self.owner[self.enter(side, owner)] = owner
            first, second, theirs, ours = self.owner
            self.find_home(theirs, "safe", 9)
            self.known: dict[str, Known] = {}
            for missing, rescued in ((first, theirs), (second, theirs), (first, ours)):
                match_id = new_id("match", clock(), randomness.randbytes)
                self.known[match_id] = one = Known(missing, rescued)
                self.store(match_id, one)

        def hear(self, _conn: Connection, match: Match, change: MatchChange) -> None:
            assert match.state == change.to_state
            self.told.append(change)

        def enter(self, side: str, owner: str) -> str:
            case_id = new_id("case", clock(), randomness.randbytes)
            content = CaseContent(payload={"name": case_id}, content_hash=hashlib.sha256(case_id.encode()).hexdigest())
            with database.write() as conn:
                cases.insert_case(
                    conn, case_id=case_id, side=side, owner_id=self.partners[owner], content=content, at=clock(), by="p"
                )
                given = agreed_at_first(side, False)
                rows = as_rows(case_id, given, first_version=1, at=clock(), by="p", random_bytes=randomness.randbytes)
                consents.add_consents(conn, rows)
            return case_id

        def store(self, match_id: str, one: Known) -> None:
            """Compare a pair, as the engine does."""
            evidence = Evidence(
                GRADES[one.rank], one.weight, one.weight, 0.5, [], [], "m1", f"{one.weight} {one.rank}", 1, 1
            )
            with database.write() as conn:
                match, _ = matches.upsert_match(
                    conn,
                    match_id=match_id,
                    missing_id=one.missing,
                    rescued_id=one.rescued,
                    evidence=evidence,
                    at=clock(),
                )
                self.moves.reopen(conn, match, clock())

        def rivals(self, match_id: str) -> dict[str, Known]:
            one = self.known[match_id]
            return {
                key: other
                for key, other in self.known.items()
                if key != match_id and (other.missing == one.missing or other.rescued == one.rescued)
            }

        def case_of(self, one: Known, side: str) -> str:
            return one.missing if side == "missing" else one.rescued

        def home(self, one: Known) -> str | None:
            newest = [max(found)[::2] for case in (one.missing, one.rescued) if (found := self.homes.get(case))]
            return max(newest, key=lambda pair: (pair[0], pair[1] != "safe"))[1] if newest else None

        def leads_to(self, match_id: str, who: str, side: str, action: str, given: dict[str, Any]) -> str:
            """Say, with other words than the table, what must come of a step: a state, or how it is refused."""
            one = self.known[match_id]
            state, said = one.state, one.said
            other = said.get("rescued" if side == "missing" else "missing")
            if state in GONE or self.owner[self.case_of(one, side)] != who[0]:
                return "not found"
            taken = any(rival.state in FOUND for rival in self.rivals(match_id).values())
            # Owners stay, so that two organisations follow from two owners.
            two = other is not None and other.says == "confirm" and other.person != who
            until, reason = given["until"], given["reason"]
            reasoned = reason == "wrong_age" and until is not None and until >= clock().date()
            if action == "take_up":
                return "triage" if state == "suggested" else "not open"
            if action == "confirm" and state == "triage":
                return "confirmed_by_one"
            if action == "confirm" and state == "confirmed_by_one":
                return "confirmed_by_both" if two else "needs"
            if action == "ask_information" and state in WORKING:
                return "needs_information"
            if action == "answer_information" and state == "needs_information":
                return "confirmed_by_one" if one.has("confirm") else "triage"
            if action == "start_verification" and state == "confirmed_by_both":
                return "field_verification"
            if action == "verify" and state == "field_verification":
                return "verified" if given["finding"] == "same_person" and not taken else "needs"
            if action == "restore" and state == "verified":
                return "restored" if given["order"] and self.home(one) == "safe" else "needs"
            if action == "place_safely" and state == "verified":
                return "placed_safely" if given["order"] and self.home(one) else "needs"
            if action == "close" and state in ("restored", "placed_safely"):
                return "closed"
            if action == "reject" and state in (*OPEN[:5], "needs_information"):
                return "rejected" if reasoned else "needs"
            if action == "dispute" and state == "rejected":
                mine = given["disposition"] or "unsure"
                return "disputed" if mine != "reject" and other and other.says == "reject" and not taken else "needs"
            if action == "settle" and state == "disputed":
                mine = given["disposition"]
                words = sorted([mine or (said[side].says if side in said else ""), other.says if other else ""])
                if mine is None or (mine == "reject" and not reasoned):
                    return "needs"
                if words == ["confirm", "confirm"]:
                    return "confirmed_by_both" if two else "needs"
                if words == ["reject", "reject"]:
                    return "rejected"
                return "disputed" if "reject" in words else "confirmed_by_one" if "confirm" in words else "triage"
            if action == "undo" and state not in ("suggested", *GONE):
                fits = bool(one.steps) and one.steps[-1][0] == side and reason == "mistake"
                return one.steps[-1][2] if fits and not (state == "rejected" and taken) else "needs"
            return "not open"

        @rule(
            data=st.data(), who=st.sampled_from(PERSONS), side=st.sampled_from(["missing", "rescued"]),
            action=st.sampled_from([*dict.fromkeys(FORWARD.values()), *SIDEWAYS]), reason=st.sampled_from(REASONS),
            days=st.sampled_from([None, -1, 0, 5]), word=st.sampled_from([None, "confirm", "reject", "unsure"]),
            order=st.booleans(), finding=st.sampled_from([None, "same_person", "inconclusive"]),
        )  # fmt: skip
        def try_anything(
            self, data: Any, who: str, side: str, action: str, reason: str | None, days: int | None, word: str | None,
            order: bool, finding: str | None,
        ) -> None:  # fmt: skip
            until = None if days is None else clock().date() + timedelta(days=days)
            given = {"reason": reason, "until": until, "disposition": word, "order": order, "finding": finding}
            self.step(data.draw(st.sampled_from(sorted(self.known))), who, side, action, given)

        @rule(data=st.data())
        def go_on(self, data: Any) -> None:
            """Take the steps that come next, with all that they need, so that the ends are reached often enough."""
            match_id = data.draw(st.sampled_from(sorted(self.known)))
            for _ in range(data.draw(st.integers(1, 6))):
                self.draw_step(data, [match_id], [FORWARD.get(self.known[match_id].state, "close")], ["confirm"])

        @rule(data=st.data())
        def turn_aside(self, data: Any) -> None:
            self.draw_step(data, sorted(self.known), [*SIDEWAYS, "settle"], ["confirm", "reject", "unsure"])

        def draw_step(self, data: Any, of: list[str], actions: list[str], words: list[str]) -> None:
            """Take one of the steps that the model allows, if there is any."""
            until = clock().date() + timedelta(days=data.draw(st.integers(0, 6)))
            found = []
            for word in words:
                for action in actions:
                    reason = "mistake" if action == "undo" else "wrong_age"
                    given = {"reason": reason, "until": until, "disposition": word, "order": True,
                             "finding": "same_person"}  # fmt: skip
                    found += [
                        (match_id, who, side, action, given)
                        for match_id in of
                        for who in PERSONS
                        for side in ("missing", "rescued")
                        if self.leads_to(match_id, who, side, action, given) not in REFUSALS
                    ]
            if found:
                # The kind of step first: else what is open to most would be drawn most.
                kinds = sorted({(self.known[one[0]].state, one[3]) for one in found})
                state, action = data.draw(st.sampled_from(kinds))
                alike = [one for one in found if (self.known[one[0]].state, one[3]) == (state, action)]
                self.step(*data.draw(st.sampled_from(alike)))

        def step(self, match_id: str, who: str, side: str, action: str, given: dict[str, Any]) -> None:
            one, expected = self.known[match_id], self.leads_to(match_id, who, side, action, given)
            scope = AccessScope(self.partners[who[0]], who, "ngo", (), frozenset(Permission))
            decision = Decision(
                Action(action), Side(side), given["disposition"] and Disposition(given["disposition"]), given["reason"],
                given["until"], given["finding"] and Finding(given["finding"]),
                ("cwc", "CWC/1") if given["order"] else None, note="words",
            )  # fmt: skip
            before = (one.state, dict(one.said))
            if expected in REFUSALS:
                with pytest.raises(REFUSALS[expected]):
                    self.service.decide(match_id, decision, scope)
                return
            seen = self.service.decide(match_id, decision, scope)
            assert seen.match.state == expected, (before, action)
            self.number += 1
            if action == "undo":
                _, undone, one.state, one.said = one.steps.pop()
                if undone == "verify":
                    self.rivals_come_back(match_id)
                return
            one.steps.append((side, action, *before))
            says = given["disposition"] if action in ("dispute", "settle") else None
            says = says or WORDS.get(action) or ("unsure" if action == "dispute" else None)
            if says:
                end = None
                if says == "reject":
                    day = given["until"] + timedelta(days=1)
                    end = datetime(day.year, day.month, day.day, tzinfo=clock().tzinfo)
                one.said = one.said | {side: Word(says, who, self.number, end, one.weight, one.rank)}
            one.state = expected
            if action == "verify":
                for rival in self.rivals(match_id).values():
                    if rival.state in OPEN:
                        rival.state, rival.beaten = "superseded", (match_id, rival.state)

        @rule(data=st.data())
        def something_else_happens(self, data: Any) -> None:
            kinds = [self.compare, self.compare, self.investigate, self.wait, self.end, self.revive, self.take_back]
            data.draw(st.sampled_from(kinds))(data)

        def compare(self, data: Any) -> None:
            match_id = data.draw(st.sampled_from(sorted(self.known)))
            one = self.known[match_id]
            weight, rank = data.draw(st.sampled_from([2.0, 8.0, 10.5, 12.0])), data.draw(st.sampled_from([1, 2, 3]))
            one.weight, one.rank = weight, rank
            stands = one.rejection
            self.store(match_id, one)
            taken = any(rival.state in FOUND for rival in self.rivals(match_id).values())
            if one.state != "rejected" or stands is None or stands.until is None or taken:
                return
            if clock() >= stands.until or rank > stands.rank or weight >= stands.weight + 3:
                one.state, one.said, one.steps = "suggested", {}, []

        def wait(self, data: Any) -> None:
            clock.advance(days=data.draw(st.integers(1, 4)))

        def end(self, data: Any) -> None:
            match_id = data.draw(st.sampled_from(sorted(self.known)))
            how = data.draw(st.sampled_from(["withdraw", "withdraw", "case_closed", "expire"]))  # nothing leads back
            one = self.known[match_id]
            with database.write() as conn:
                done = self.moves.end(conn, matches.require_match(conn, match_id), Action(how), at=clock(), actor="x")
            assert done == (one.state in (*OPEN, "rejected", "superseded"))
            if done:
                one.state, one.beaten = ("expired" if how == "expire" else "withdrawn"), None

        def take_back(self, data: Any) -> None:
            """Say of what was verified, where there is such a match, that one of its records was a mistake."""
            sure = [match_id for match_id, one in sorted(self.known.items()) if one.state in FOUND]
            match_id = data.draw(st.sampled_from(sure or sorted(self.known)))
            with database.write() as conn:
                done = self.moves.take_back(conn, matches.require_match(conn, match_id), at=clock(), actor="x")
            assert done == bool(sure)
            if done:
                self.known[match_id].state = "withdrawn"
                self.rivals_come_back(match_id)

        def rivals_come_back(self, match_id: str) -> None:
            for key, rival in self.rivals(match_id).items():
                if rival.state == "superseded" and not any(one.state in FOUND for one in self.rivals(key).values()):
                    assert rival.beaten is not None
                    rival.state, rival.beaten = rival.beaten[1], None

        def revive(self, data: Any) -> None:
            match_id = data.draw(st.sampled_from(sorted(self.known)))
            one, stands = self.known[match_id], self.known[match_id].rejection
            with database.write() as conn:
                done = self.moves.revive(conn, matches.require_match(conn, match_id), at=clock(), actor="x")
            assert done == (one.state == "withdrawn")
            if done and stands and stands.until and clock() < stands.until:
                one.state = "rejected"
            elif done:
                one.state, one.said, one.steps = "suggested", {}, []
                found = [key for key, rival in sorted(self.rivals(match_id).items()) if rival.state in FOUND]
                if found:
                    one.state, one.beaten = "superseded", (found[0], "suggested")

        def investigate(self, data: Any) -> None:
            outcome = data.draw(st.sampled_from(["safe", "safe", "unsafe", "inconclusive"]))
            self.find_home(data.draw(st.sampled_from(sorted(self.owner))), outcome, data.draw(st.integers(0, 9)))

        def find_home(self, case_id: str, outcome: str, ago: int) -> None:
            day, report = clock().date() - timedelta(days=ago), new_id("hir", clock(), randomness.randbytes)
            with database.write() as conn:
                home_reports.request(conn, report_id=report, case_id=case_id, due_on=day, at=clock(), by="x")
                home_reports.receive(
                    conn, report, outcome=outcome, visited_on=day, role="officer", narrative=None, at=clock(), by="x",
                    expected_version=0,
                )  # fmt: skip
            found = self.homes.setdefault(case_id, [])
            found.append((day, len(found), outcome))

        @invariant()
        def the_store_says_what_the_model_says(self) -> None:
            with database.read() as conn:
                for match_id, one in getattr(self, "known", {}).items():
                    assert matches.require_match(conn, match_id).state == one.state
                    stored = dispositions.standing(conn, match_id)
                    assert {side: (word.disposition, word.person) for side, word in stored.items()} == {
                        side: (word.says, word.person) for side, word in one.said.items()
                    }
                    events = [event.id for event in matches.events_of(conn, match_id)]
                    assert events[: len(self.events.get(match_id, []))] == self.events.get(match_id, [])
                    self.events[match_id] = events  # nothing is ever deleted
                    heard = [change for change in self.told if change.match_id == match_id]
                    chain = ["suggested", *(str(change.to_state) for change in heard)]
                    assert chain[:-1] == [str(change.from_state) for change in heard]
                    assert chain[-1] == one.state

        @invariant()
        def what_must_never_be(self) -> None:
            known = getattr(self, "known", {})
            for match_id, one in known.items():
                if one.state in FOUND:
                    assert not any(rival.state in FOUND for rival in self.rivals(match_id).values())
                    with database.read() as conn:
                        words = dispositions.standing(conn, match_id)
                        assert [word.disposition for word in words.values()] == ["confirm", "confirm"]
                        assert len({word.person for word in words.values()}) == 2
                        owners = {self.owner[one.missing], self.owner[one.rescued]}
                        assert len({word.partner_id for word in words.values()}) == len(owners)
                        self.must_rest_on_a_report(conn, match_id, one)

        def must_rest_on_a_report(self, conn: Connection, match_id: str, one: Known) -> None:
            """Hold the last restoration against the finding that it names."""
            steps = {"restored": "restore", "placed_safely": "place_safely"}
            if one.state not in steps:
                return
            event = [event for event in matches.events_of(conn, match_id) if event.kind == steps[one.state]][-1]
            report_id, version = event.detail["home_report"]  # type: ignore[misc]
            report = home_reports.get(conn, report_id)
            assert report is not None
            assert one.state != "restored" or report.findings[version - 1].outcome == "safe"
            assert event.detail["authority"] == "cwc"

    return Deciding


@pytest.fixture(scope="module")
def empty(dialect: str, tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Database]:
    home = tmp_path_factory.mktemp("deciding") / "home"
    with empty_database(dialect, home, template) as url:
        database = Database.open(url or f"sqlite:///{home / 'sandhan.db'}", GivenKeys(MASTER_KEY))
        try:
            yield database
        finally:
            database.dispose()


def test_any_order_of_decisions_leads_to_what_the_model_says(empty: Database) -> None:
    run_state_machine_as_test(
        machine_on(empty),
        settings=settings(
            max_examples=12, stateful_step_count=40, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],  # to shrink takes minutes
        ),
    )  # fmt: skip
