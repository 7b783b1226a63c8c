"""Who is told of a match: every rule against agreement, consent, protection and who takes part."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.access import RECIPIENT_CLASS
from api.alerts.deadlines import USUAL, deadlines_of
from api.alerts.routing import OBSTACLES, ROUTED_KINDS, RULES, TOLD_ALREADY, WITHHELD, Routing, route
from api.store import Connection, Database, agreements, cases, consents, partners
from api.store.cases import Case, CaseContent
from api.store.consents import Consent
from api.store.master_keys import GivenKeys
from matcher.person import Side

from .conftest import MASTER_KEY, START, empty_database

SOURCE, DESTINATION = "IN/WB/south-24-parganas", "IN/MH/mumbai"
KINDS = {
    "owner_missing": "ngo", "owner_rescued": "shelter", "source_ahtu": "ahtu", "source_partner": "ngo",
    "destination_ahtu": "ahtu", "destination_partner": "ngo", "coordinating_centre": "coordination",
}  # fmt: skip
AREAS = {
    "source_ahtu": "IN/WB/south-24-parganas", "source_partner": "IN/WB", "destination_ahtu": "IN/MH/mumbai",
    "destination_partner": "IN/MH", "coordinating_centre": "IN/WB",
}  # fmt: skip
UNITS = tuple(AREAS)
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "alerts.md"


class _Undone(Exception):
    """Ends a transaction without keeping anything."""


@pytest.fixture(scope="module")
def database(dialect: str, tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Database]:
    home = tmp_path_factory.mktemp("routing") / "home"
    with empty_database(dialect, home, template) as url:
        opened = Database.open(url or f"sqlite:///{home / 'sandhan.db'}", GivenKeys(MASTER_KEY))
        yield opened
        opened.dispose()


@dataclass
class Scene:
    """Two cases and the partners around them, in a transaction that is undone."""

    conn: Connection
    made: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def partner(self, name: str, kind: str, *areas: str, active: bool = True) -> str:
        partners.add_partner(
            self.conn, partner_id=name, name=f"The {name}", kind=kind, country="IN", language="en", at=START,
            areas=areas, active=active,
        )  # fmt: skip
        self.made.append(name)
        return name

    def agree(self, *parties: str) -> None:
        agreements.add_agreement(
            self.conn, agreement_id=f"agreement-{next(self._numbers)}", reference="MoU", parties=parties,
            valid_from=START, valid_until=None, at=START, by="test", accepted=parties,
        )  # fmt: skip

    def case(
        self, side: str, owner: str, shared_with: str | None = "any", *, area: str | None, protected: bool = False
    ) -> Case:
        places = {"origin_area": area} if side == "missing" else {"event_area": area}
        content = CaseContent({"name": "x"}, "hash", protect_location=protected, **places)
        made = cases.insert_case(
            self.conn, case_id=f"case-{side}", side=side, owner_id=owner, content=content, at=START, by="test"
        )
        if shared_with:
            consents.add_consents(self.conn, [Consent(
                f"consent-{side}", made.id, 1, "sharing", shared_with, "consent", "person", START, "test"
            )])  # fmt: skip
        return made


@contextmanager
def scene(database: Database) -> Iterator[Scene]:
    try:
        with database.write() as conn:
            yield Scene(conn)
            raise _Undone
    except _Undone:
        return


def told(routing: Routing) -> dict[str, str]:
    return {one.partner.id: one.rule for one in routing.told}


def not_told(routing: Routing) -> list[tuple[str, str, str, str | None]]:
    return [(one.partner.id, one.rule, one.reason, one.of) for one in routing.not_told]


def full(made: Scene, *, active: bool = True) -> None:
    """Let in the owners, and for each rule one that it reaches; each is called like its rule."""
    for rule, kind in KINDS.items():
        areas = (AREAS[rule],) if rule in AREAS else ()
        made.partner(rule, kind, *areas, active=active or rule not in UNITS)


BOTH, MISSING, RESCUED, NONE = ("missing", "rescued"), ("missing",), ("rescued",), ()
each_agreement = pytest.mark.parametrize("agreed", [BOTH, MISSING, RESCUED, NONE], ids="+".join)
each_consent = pytest.mark.parametrize("shared", [BOTH, MISSING, RESCUED, NONE], ids="+".join)


@each_agreement
@each_consent
@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("protected", [NONE, MISSING, RESCUED], ids="+".join)
def test_the_table_of_decisions(
    database: Database, agreed: tuple[str, ...], shared: tuple[str, ...], active: bool, protected: tuple[str, ...]
) -> None:
    """Units agree with the owners of `agreed`; the cases of `shared` may be shared; owners agree where both do."""
    with scene(database) as made:
        full(made, active=active)
        for side in agreed:
            for unit in UNITS:
                made.agree(unit, f"owner_{side}")
        if agreed == BOTH:
            made.agree("owner_missing", "owner_rescued")
        missing = made.case(
            "missing", "owner_missing", "any" if "missing" in shared else None, area=SOURCE,
            protected="missing" in protected,
        )  # fmt: skip
        rescued = made.case(
            "rescued", "owner_rescued", "any" if "rescued" in shared else None, area=DESTINATION,
            protected="rescued" in protected,
        )  # fmt: skip
        routing = route(made.conn, missing, rescued, "probable", START)
        expected: dict[str, tuple[str, str | None] | None] = {}
        for rule in RULES:
            order = (rule.side, "rescued" if rule.side == "missing" else "missing")
            expected[rule.code] = None if active or rule.code not in UNITS else ("inactive", None)
            for side in order:
                if expected[rule.code] or rule.code == f"owner_{side}":
                    continue
                in_force = agreed == BOTH if rule.code.startswith("owner") else side in agreed
                if not in_force:
                    expected[rule.code] = ("no_agreement", side)
                elif side not in shared:
                    expected[rule.code] = ("no_consent", side)
        assert told(routing) == {code: code for code, why in expected.items() if why is None}
        assert not_told(routing) == [(code, code, *why) for code, why in expected.items() if why is not None]
        for one in routing.told:
            check_withheld(one, one.rule, protected)


def check_withheld(one: Any, rule: str, protected: tuple[str, ...]) -> None:
    wanted = {}
    if rule in ("source_partner", "destination_ahtu", "destination_partner"):
        wanted["your_record_id"] = "not_owner"
    across = "rescued" if one.side == "missing" else "missing"
    if across in protected:
        wanted["other_organisation"] = "protect_location"
    if "rescued" in protected and rule != "owner_rescued":
        wanted |= {"found_place": "protect_location", "found_date": "protect_location"}
    assert one.withheld == wanted
    assert one.own_case_id == (None if "your_record_id" in wanted else f"case-{one.side}")
    assert one.other_organisation == (None if across in protected else f"The owner_{across}")


def test_rules_reach_by_place_and_kind(database: Database) -> None:
    with scene(database) as made:
        full(made)
        for kind in ("police", "nodal", "focal_point", "cwc", "shelter"):
            made.partner(kind, kind, "IN")
        made.partner("elsewhere", "ahtu", "IN/AS")
        made.partner("nearby", "ahtu", "IN/MH/pune")
        made.partner("centre of the destination", "coordination", "IN/MH")
        made.partner("centre of the country", "coordination", "IN")
        made.agree(*made.made)
        missing = made.case("missing", "owner_missing", area=SOURCE)
        rescued = made.case("rescued", "owner_rescued", area=DESTINATION)
        expected = {code: code for code in KINDS} | {"centre of the country": "coordinating_centre"}
        assert told(route(made.conn, missing, rescued, "certain", START)) == expected
        assert set(ROUTED_KINDS) == {"ahtu", "ngo", "coordination"}


def test_where_a_place_is_unknown_its_units_are_not_reached(database: Database) -> None:
    with scene(database) as made:
        full(made)
        made.agree(*made.made)
        missing = made.case("missing", "owner_missing", area=None)
        rescued = made.case("rescued", "owner_rescued", area=None)
        routing = route(made.conn, missing, rescued, "certain", START)
        assert (list(told(routing)), routing.not_told) == (["owner_missing", "owner_rescued"], [])


@pytest.mark.parametrize("strongest", [BOTH, MISSING, RESCUED, NONE], ids="+".join)
def test_of_a_possible_match_only_owners_are_told(database: Database, strongest: tuple[str, ...]) -> None:
    with scene(database) as made:
        full(made)
        made.agree(*made.made)
        missing = made.case("missing", "owner_missing", area=SOURCE)
        rescued = made.case("rescued", "owner_rescued", area=DESTINATION)
        sides = frozenset(map(Side, strongest))
        routing = route(made.conn, missing, rescued, "possible", START, strongest=sides)
        assert list(told(routing)) == [f"owner_{side}" for side in strongest]
        weak = [side for side in BOTH if side not in strongest]
        assert not_told(routing) == [(f"owner_{s}", f"owner_{s}", "not_among_strongest", s) for s in weak]
        assert route(made.conn, missing, rescued, "certainly-not", START) == Routing([], [])


def test_who_stands_on_both_sides_is_told_once(database: Database) -> None:
    with scene(database) as made:
        made.partner("home", "ahtu", "IN/WB")
        made.partner("shelter", "ngo", "IN")
        made.partner("both", "ahtu", "IN")
        made.agree(*made.made)
        missing = made.case("missing", "home", area=SOURCE)
        rescued = made.case("rescued", "shelter", area=DESTINATION, protected=True)
        routing = route(made.conn, missing, rescued, "probable", START)
        assert told(routing) == {"home": "owner_missing", "shelter": "owner_rescued", "both": "source_ahtu"}
        assert not_told(routing) == [
            ("home", "source_ahtu", "told_already_as_owner_missing", None),
            ("shelter", "source_partner", "told_already_as_owner_rescued", None),
            ("both", "destination_ahtu", "told_already_as_source_ahtu", None),
            ("shelter", "destination_partner", "told_already_as_owner_rescued", None),
        ]


def test_an_organisation_that_owns_both_cases_is_told_once_and_everything(database: Database) -> None:
    with scene(database) as made:
        made.partner("one", "ngo", "IN")
        missing = made.case("missing", "one", None, area=SOURCE, protected=True)
        rescued = made.case("rescued", "one", None, area=DESTINATION, protected=True)
        (only,) = route(made.conn, missing, rescued, "probable", START).told
        assert (only.rule, only.withheld) == ("owner_missing", {})
        assert (only.own_case_id, only.other_organisation) == ("case-missing", "The one")


PLACES = ("IN", "IN/WB", SOURCE, "IN/MH", DESTINATION, "IN/AS")
CLASSES = (None, "any", "police", "ngo", "shelter", "coordination")
a_partner = st.tuples(
    st.sampled_from(sorted(RECIPIENT_CLASS)), st.sets(st.sampled_from(PLACES), max_size=3), st.booleans()
)
some_cases = st.tuples(st.sampled_from(CLASSES), st.booleans(), st.sampled_from((SOURCE, DESTINATION, "IN/AS/x", None)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    around=st.lists(a_partner, min_size=2, max_size=6),
    owners=st.tuples(st.integers(0, 5), st.integers(0, 5)),
    pacts=st.lists(st.sets(st.integers(0, 5), min_size=2, max_size=6), max_size=4),
    both=st.tuples(some_cases, some_cases),
    grade=st.sampled_from(("certain", "probable", "possible", "certainly-not")),
)
def test_nobody_is_told_twice_or_without_agreement_and_consent(
    database: Database, around: Any, owners: Any, pacts: Any, both: Any, grade: str
) -> None:
    with scene(database) as made:
        names = [made.partner(f"p{n}", kind, *areas, active=live) for n, (kind, areas, live) in enumerate(around)]
        for pact in pacts:
            parties = sorted({names[n % len(names)] for n in pact})
            if len(parties) > 1:
                made.agree(*parties)
        pair = [
            made.case(side, names[owner % len(names)], shared, area=area, protected=protected)
            for side, owner, (shared, protected, area) in zip(BOTH, owners, both, strict=True)
        ]
        routing = route(made.conn, *pair, grade, START)
        recipients = [one.partner.id for one in routing.told]
        assert len(recipients) == len(set(recipients))
        assert len({(one.partner.id, one.rule) for one in (*routing.told, *routing.not_told)}) == len(
            routing.told
        ) + len(routing.not_told)
        for one in routing.told:
            assert one.partner.active
            for case in pair:
                if case.owner_id == one.partner.id:
                    continue
                assert agreements.agreed(made.conn, case.owner_id, one.partner.id, START)
                of_its_class = RECIPIENT_CLASS[one.partner.kind]
                assert consents.permitted(made.conn, case.id, "sharing", of_its_class)
                if case.protect_location and case.side != one.side:
                    assert one.other_organisation is None
                    assert one.withheld["other_organisation"] == "protect_location"
            assert set(one.withheld.values()) <= set(WITHHELD)
            assert ("your_record_id" in one.withheld) == (one.own_case_id is None)
        for other in routing.not_told:
            earlier = other.reason.removeprefix(TOLD_ALREADY)
            assert other.reason in OBSTACLES or told(routing)[other.partner.id] == earlier


def test_deadlines_by_priority(database: Database) -> None:
    with scene(database) as made:
        made.partner("one", "ahtu", "IN")
        one = partners.get_partner(made.conn, "one")
        assert one is not None
        critical, standard = deadlines_of(one, "critical", START), deadlines_of(one, "standard", START)
        assert (critical.due_at, critical.act_by) == (START + timedelta(hours=4), START + timedelta(hours=24))
        assert (standard.due_at, standard.act_by) == (START + timedelta(hours=24), START + timedelta(hours=72))
        digest = deadlines_of(one, "digest", START)
        assert (digest.due_at, digest.act_by) == (None, None)
        assert set(USUAL) == {"critical", "standard"}


def guide_tables() -> list[str]:
    """Return the tables of rules and reasons as the guide has them."""
    rules = ["| rule | told, because | as whose side | from grade |", "|---|---|---|---|"]
    rules += [f"| `{rule.code}` | {rule.because} | {rule.side} | {rule.least} |" for rule in RULES]
    reasons = ["| reason | |", "|---|---|"]
    reasons += [f"| `{code}` | {said} |" for code, said in OBSTACLES.items()]
    reasons += [f"| `{TOLD_ALREADY}…` | that rule tells it already |"]
    withheld = ["| reason | |", "|---|---|", *(f"| `{code}` | {said} |" for code, said in WITHHELD.items())]
    return ["\n".join(rows) + "\n" for rows in (rules, reasons, withheld)]


def test_the_guide_has_the_rules_as_they_are() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for table in guide_tables():
        assert table in text, table
