"""Each partner's report of the night: its own figures, nothing of others, and nothing personal."""

from __future__ import annotations

import csv
import io
import random
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from api.bootstrap import Sandhan
from api.cases.agreed import as_rows
from api.cases.forms import CaseForm
from api.commands.crossmatch import crossmatch
from api.ids import new_id
from api.nightly.partner_page import MOST_LISTED, render_partner_html, write_partner_reports
from api.nightly.partner_report import AGES, OLDER, PartnerReport, PastRun, partner_report
from api.nightly.report import RunReport
from api.nightly.run import CrossMatch
from api.settings import Settings
from api.store import agreements, alerts, audit, cases, consents, matches, partners, runs, tables
from api.store.partner_figures import UNDECIDED, OpenAlert, UndecidedMatch
from data.synthetic import LinkedSample, SyntheticRecord, linked_sample

from .conftest import START, House, empty_database, open_house

OWNERS = ("north", "south", "east")
URL = "https://sandhan.example.org"


class Nights:
    """A house whose cases are stored without being compared, so that the night finds them."""

    def __init__(self, house: House) -> None:
        self.house, self.sandhan = house, house.sandhan
        self.ids: dict[str, str] = {}
        self.records: dict[str, SyntheticRecord] = {}
        with self.sandhan.database.write() as conn:
            for name in OWNERS:
                partners.add_partner(
                    conn, partner_id=name, name=f"Unit {name}", kind="ahtu", country="IN", language="en", at=START,
                    email=f"{name}@example.org",
                )  # fmt: skip
            agreements.add_agreement(
                conn, agreement_id="all", reference="MoU", parties=OWNERS, valid_from=START, valid_until=None, at=START,
                by="test", accepted=OWNERS,
            )  # fmt: skip

    def form(self, record: SyntheticRecord, *left_out: str) -> CaseForm:
        fields = {name: value for name, value in record.fields.items() if name not in left_out}
        return CaseForm(side=record.side.value, external_id=record.record_id, **fields)  # type: ignore[arg-type]

    def enter(self, *records: SyntheticRecord, owner: str | None = None, left_out: tuple[str, ...] = ()) -> None:
        with self.sandhan.database.write() as conn:
            for record in records:
                form, now = self.form(record, *left_out), self.house.clock()
                case = cases.insert_case(
                    conn,
                    case_id=new_id("case", now, random.Random(record.record_id).randbytes),
                    side=form.side,
                    owner_id=owner or OWNERS[len(self.ids) % 3],
                    content=form.content(now.date()),
                    at=now,
                    by="test",
                    external_id=form.external_id,
                )
                agreed = as_rows(
                    case.id, form.agreed, first_version=1, at=now, by="test", random_bytes=secrets.token_bytes
                )
                consents.add_consents(conn, agreed)
                self.ids[record.record_id], self.records[case.id] = case.id, record

    def change(self, record: SyntheticRecord, *left_out: str) -> None:
        """Say of a case what its owner knows now."""
        with self.sandhan.database.write() as conn:
            now = self.house.clock()
            content = self.form(record, *left_out).content(now.date())
            cases.replace_case(conn, self.ids[record.record_id], content, at=now, by="test")

    def run(self, meanwhile: Callable[[], object] = lambda: None) -> RunReport:
        """Do the run of a night; `meanwhile` happens once it has begun."""
        job = CrossMatch(
            self.sandhan.database, self.sandhan.matching, "m1", self.house.clock, secrets.token_bytes,
            open_index=lambda _: self.sandhan.keeper.refresh(),
        )  # fmt: skip
        (report,) = job.run(watch=lambda at: meanwhile() if at.rate is None else None)
        self.house.clock.advance(hours=24)
        return report

    def report(self, run: RunReport, partner_id: str) -> PartnerReport:
        with self.sandhan.database.read() as conn:
            found = runs.get_run(conn, run.run_id)
            assert found is not None
            return partner_report(conn, found, partner_id, self.house.clock(), URL)

    def owner(self, case_id: str) -> str:
        return OWNERS[list(self.ids.values()).index(case_id) % 3]

    def rows(self, table: Any) -> list[Any]:
        with self.sandhan.database.read() as conn:
            return list(conn.execute(select(table).order_by(table.c.id)))

    def told(self) -> Counter[tuple[str, str, str | None, str]]:
        """Return (match, event, grade, recipient) -> how often."""
        return Counter((row.match_id, row.event, row.grade, row.recipient_id) for row in self.rows(tables.alerts))


@pytest.fixture
def nights(dialect: str, tmp_path: Path, template: Path) -> Iterator[Nights]:
    home = tmp_path / "home"
    with empty_database(dialect, home, template) as url, open_house(home, url, public_url=URL) as house:
        yield Nights(house)


@pytest.fixture(scope="session")
def sample() -> LinkedSample:
    return linked_sample(3, 16, 8)


@pytest.fixture(scope="session")
def sure() -> tuple[SyntheticRecord, SyntheticRecord]:
    """A report and a rescued person who is surely hers: the same words on both sides."""
    report = linked_sample(11, 5, 1).reports[0]
    fields = {name: value for name, value in report.fields.items() if name not in ("last_seen", "age_as_of")}
    rescue = SyntheticRecord("P", "R-late", type(report.side)("rescued"), report.region, fields)
    return SyntheticRecord("P", "M-late", report.side, report.region, report.fields), rescue


VAGUE = ("mother_name", "village", "phone", "address", "marks", "birth_date", "identifier", "nickname")


def test_only_new_and_risen_pairs_alert_and_a_second_run_alerts_nobody(
    nights: Nights, sample: LinkedSample, sure: tuple[SyntheticRecord, SyntheticRecord]
) -> None:
    report, rescue = sure
    nights.enter(report, owner="north")
    nights.enter(rescue, owner="south", left_out=VAGUE)
    nights.enter(*sample.reports, *sample.rescues)
    nights.run()
    first = nights.told()
    assert first
    # Whoever was alerted was so of a pair that was found new or risen, at the grade probable or better.
    found = {(row.match_id, row.kind, row.detail["grade"]) for row in nights.rows(tables.match_events)}
    announced = {one for one in found if one[1] in ("new", "risen") and one[2] in ("probable", "certain")}
    assert {(match, event, grade) for match, event, grade, _ in first} == announced
    nights.run()
    assert nights.told() == first

    nights.change(rescue)
    risen = nights.run()
    second = nights.told()
    assert risen.counters["risen"] >= 1
    assert second.total() > first.total()
    assert {event for _, event, _, _ in second - first} <= {"new", "risen"}
    nights.change(rescue, *VAGUE)
    fallen = nights.run()
    assert fallen.counters["fallen"] >= 1
    assert fallen.counters["new"] == fallen.counters["risen"] == 0
    assert nights.told() == second  # weaker evidence alerts nobody
    nights.run()
    assert nights.told() == second


def test_the_figures_are_those_of_a_slow_count(nights: Nights, sample: LinkedSample) -> None:
    nights.enter(*sample.reports, *sample.rescues)
    run = nights.run()
    pairs = {row.id: row for row in nights.rows(tables.matches)}
    shown = {name: nights.report(run, name) for name in OWNERS}
    for name, report in shown.items():
        own = {case_id for case_id in nights.records if nights.owner(case_id) == name}
        mine = {pair_id for pair_id, pair in pairs.items() if {pair.missing_id, pair.rescued_id} & own}
        sides = Counter(str(nights.records[case_id].side) for case_id in own)
        assert report.open_cases == {side: sides[side] for side in ("missing", "rescued")}
        events = [row for row in nights.rows(tables.match_events) if row.match_id in mine]
        assert report.found == Counter((row.kind, row.detail["grade"]) for row in events)
        assert report.history == [
            PastRun(run.run_id, run.finished_at, Counter(row.detail["grade"] for row in events if row.kind != "fallen"))
        ]
        sent = [row for row in nights.rows(tables.alerts) if row.recipient_id == name]
        assert report.alerted == report.since["sent"] == len(report.open_alerts) == len(sent)
        assert report.late == len([row for row in sent if row.due_at < report.as_of])
        undecided = {pair_id for pair_id in mine if pairs[pair_id].grade != "certainly-not"}
        assert [match.id for match in report.undecided] == sorted(
            undecided, key=lambda pair_id: (-pairs[pair_id].weight, pair_id)
        )
        assert all(set(match.own_ids) <= own and match.own_ids for match in report.undecided)
    assert sum(report.alerted for report in shown.values()) == run.counters["alerts"] > 0
    assert sum(report.late for report in shown.values()) > 0  # a day has passed


def test_a_match_counts_only_while_both_its_cases_may_be_known(nights: Nights, sample: LinkedSample) -> None:
    nights.enter(*sample.reports, *sample.rescues)
    run = nights.run()
    pairs = {row.id: row for row in nights.rows(tables.matches)}
    pair = next(one for one in pairs.values() if nights.owner(one.missing_id) != nights.owner(one.rescued_id))
    family, home = nights.owner(pair.missing_id), nights.owner(pair.rescued_id)
    before = {name: nights.report(run, name) for name in (family, home)}
    with nights.sandhan.database.write() as conn:
        for consent in consents.consents_of(conn, pair.rescued_id):
            if consent.purpose == "sharing":
                consents.withdraw(conn, consent.id, at=nights.house.clock(), by="test")
    after = {name: nights.report(run, name) for name in (family, home)}
    own = {case_id for case_id in nights.records if nights.owner(case_id) == family}
    unknown = {one.id for one in pairs.values() if one.rescued_id == pair.rescued_id and one.missing_id in own}
    events = [row for row in nights.rows(tables.match_events) if row.match_id in unknown]
    assert before[family].found - after[family].found == Counter((row.kind, row.detail["grade"]) for row in events)
    assert before[family].found != after[family].found
    (first, later) = (report.history[-1].found for report in (before[family], after[family]))
    assert (first - later).total() == len(events)
    assert {one.id for one in after[family].undecided} == {one.id for one in before[family].undecided} - unknown
    assert (after[home].found, after[home].undecided) == (before[home].found, before[home].undecided)


def test_nights_follow_each_other_and_what_is_answered_is_open_no_longer(nights: Nights, sample: LinkedSample) -> None:
    nights.enter(*sample.reports, *sample.rescues)
    first = nights.run()
    before = nights.report(first, "north")
    answered, gone = before.undecided[0], before.undecided[-1]
    assert answered.id != gone.id
    with nights.sandhan.database.write() as conn:
        (alert, *_) = alerts.list_alerts(conn, "north")
        alerts.acknowledge(conn, alert.id, "key-1", nights.house.clock())
        assert matches.set_state(
            conn, answered.id, "rejected", expected="suggested", kind="rejected", actor="key-1", at=nights.house.clock()
        )
        cases.set_status(conn, gone.own_ids[0], "closed", nights.house.clock(), closed_for="consent")
        keep = next(i for i in nights.ids.values() if nights.owner(i) == "north" and i not in gone.own_ids)
        cases.keep_until(conn, keep, nights.house.clock() + timedelta(days=10))
    second = nights.run()
    after = nights.report(second, "north")
    assert [past.id for past in after.history] == [first.run_id, second.run_id]
    assert after.history[0] == before.history[0]
    assert after.history[1].found == Counter()
    assert (after.alerted, after.found) == (0, Counter())
    assert after.since == {"sent": 0, "acknowledged": 1}
    assert len(after.open_alerts) == len(before.open_alerts) - 1
    assert {match.id for match in after.undecided} <= {match.id for match in before.undecided} - {answered.id, gone.id}
    assert not [match for match in after.undecided if gone.own_ids[0] in match.own_ids]
    assert after.not_searched["consent_withdrawn"] == 1
    assert sum(after.open_cases.values()) == sum(before.open_cases.values()) - 1
    assert after.not_searched["time_over_soon"] == 1
    later = nights.report(first, "north")
    assert (later.found, later.alerted, later.history) == (before.found, before.alerted, before.history)


def test_what_changes_after_a_run_takes_nothing_from_its_figures(
    nights: Nights, sure: tuple[SyntheticRecord, SyntheticRecord]
) -> None:
    report, rescue = sure
    nights.enter(report, owner="north")
    nights.enter(rescue, owner="south")
    run = nights.run()
    before = nights.report(run, "north")
    assert before.found.total() == before.alerted == 1
    nights.change(report, "village")
    after = nights.report(run, "north")
    assert (after.found, after.alerted) == (before.found, before.alerted)


def test_what_others_find_during_a_run_is_none_of_its_figures(
    nights: Nights, sure: tuple[SyntheticRecord, SyntheticRecord]
) -> None:
    report, rescue = sure
    nights.enter(report, owner="north")

    def comes() -> None:
        nights.enter(rescue, owner="south")
        nights.sandhan.matching.match_case(nights.ids["R-late"])

    run = nights.run(meanwhile=comes)
    shown = nights.report(run, "north")
    assert len(shown.open_alerts) == 1
    assert (shown.found.total(), shown.alerted) == (run.counters["new"], run.counters["alerts"]) == (0, 0)


def test_a_report_holds_nothing_of_others_and_nothing_personal(
    nights: Nights, sample: LinkedSample, tmp_path: Path
) -> None:
    nights.enter(*sample.reports, *sample.rescues)
    run = nights.run()
    pages = write_partner_reports(nights.sandhan.database, run.run_id, tmp_path / "out", nights.house.clock, URL)
    assert [page.name for page in pages] == [f"crossmatch-{run.run_id}-{name}.html" for name in sorted(OWNERS)]
    assert len(list((tmp_path / "out").iterdir())) == 6
    pairs = {row.id: row for row in nights.rows(tables.matches)}
    personal = {
        word
        for record in nights.records.values()
        for field, value in record.fields.items()
        if field not in ("sex", "age_basis", "languages")
        for word in re.findall(r"[^\W\d_]{4,}|\d{6,}", str(value))
    }
    assert len(personal) > 50
    for page in pages:
        name = page.stem.rpartition("-")[2]
        own = {case_id for case_id in nights.records if nights.owner(case_id) == name}
        mine = {pair_id for pair_id, pair in pairs.items() if {pair.missing_id, pair.rescued_id} & own}
        for text in (page.read_text(encoding="utf-8"), page.with_suffix(".csv").read_text(encoding="utf-8")):
            ids = set(re.findall(r"\b(?:case|match|alert|msg)_\w{26}", text))
            assert ids <= own | mine
            assert ids & own
            assert ids & mine
            assert not [other for other in OWNERS if other != name and re.search(rf"\b{other}\b", text)]
            visible = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
            assert not [word for word in personal if re.search(rf"\b{re.escape(word)}\b", visible)]
    with nights.sandhan.database.read() as conn:
        (entry,) = audit.entries(conn, subject="north", limit=10)
    assert (entry.action, entry.detail["run"]) == ("report.written", run.run_id)


def made_up(**changes: Any) -> PartnerReport:
    values: dict[str, Any] = {
        "run_id": "run_1",
        "partner_id": "north",
        "as_of": START,
        "open_cases": {"missing": 1234, "rescued": 5},
        "not_searched": dict.fromkeys(
            ("waiting", "consent_withdrawn", "time_over", "time_over_soon", "photos_withheld"), 2
        ),
        "found": Counter({("new", "certain"): 2, ("new", "probable"): 6, ("fallen", "certainly-not"): 1}),
        "alerted": 8,
        "since": {"sent": 9, "acknowledged": 3},
        "open_alerts": [
            OpenAlert(START - timedelta(days=30), START - timedelta(days=29)),
            OpenAlert(START - timedelta(days=2), START + timedelta(hours=1)),
            OpenAlert(START - timedelta(hours=4), None),
        ],
        "undecided": [
            UndecidedMatch("match_1", "certain", "confirmed_by_one", ("case_1",), START),
            UndecidedMatch("match_2", "possible", "suggested", ("case_2", "case_3"), START),
        ],
        "history": [
            PastRun("run_0", START - timedelta(days=1), Counter()),
            PastRun("run_1", START, Counter({"certain": 2, "probable": 6})),
        ],
        "public_url": URL + "/",
    }
    return PartnerReport(**{**values, **changes})


class Page(HTMLParser):
    """Collects the tags, their attributes and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())


def test_the_page_draws_the_figures_and_needs_nothing_else() -> None:
    text = render_partner_html(made_up(), "Unit <North>")
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links == [f"{URL}/v1/matches/match_1", f"{URL}/v1/matches/match_2"]
    assert not re.search(r"url\(|@import", text)
    assert "Unit <North>" in page.text
    widths = [float(str(attributes["width"])) for tag, attributes in page.tags if tag == "rect"]
    in_run, by_night, by_age = widths[:10], widths[10:16], widths[16:]
    assert in_run == [90.0, 270.0, 0, 0, 0, 0, 0, 0, 0, 45.0]
    assert by_night == [0, 0, 0, 90.0, 270.0, 0]
    assert by_age == [360.0, 0, 360.0, 0, 360.0]
    lefts = [float(str(attributes["x"])) for tag, attributes in page.tags if tag == "rect"]
    assert lefts[:2] == [0, 90.0]  # parts stand behind each other
    said = " ".join(page.text)
    assert "new 2 certain, 6 probable, risen 0, fallen 1 certainly not" in said
    assert "2 matches not decided, 3 open alerts, 1 of them late." in said
    assert {"1,234", "1 (1 late)", "confirmed by one side", "case_2", "case_3"} <= set(page.text)
    labels = [attributes["aria-labelledby"] for _, attributes in page.tags if "aria-labelledby" in attributes]
    assert labels == [attributes["id"] for tag, attributes in page.tags if "id" in attributes]


def test_a_page_of_a_partner_with_nothing_is_still_a_page() -> None:
    empty = made_up(
        open_cases={"missing": 0, "rescued": 0}, found=Counter(), alerted=0, open_alerts=[], undecided=[],
        since={"sent": 0, "acknowledged": 0}, history=[PastRun("run_1", START, Counter())],
    )  # fmt: skip
    said = " ".join(Page(render_partner_html(empty, "North")).text)
    assert "0 matches not decided, 0 open alerts." in said
    assert "None." in said


def test_a_long_list_is_cut_on_the_page_and_whole_in_the_csv() -> None:
    many = [UndecidedMatch(f"match_{n}", "possible", "suggested", ("case_1",), START) for n in range(MOST_LISTED + 3)]
    report = made_up(undecided=many)
    page = Page(render_partner_html(report, "North"))
    assert len([tag for tag, _ in page.tags if tag == "a"]) == MOST_LISTED
    assert any(text.startswith("3 more") for text in page.text)
    assert report.to_csv().count(",grade,possible\n") == MOST_LISTED + 3


def test_every_state_that_can_be_listed_has_a_word() -> None:
    for state in UNDECIDED:
        shown = made_up(undecided=[UndecidedMatch("match_1", "possible", state, ("case_1",), START)])
        assert "match_1" in render_partner_html(shown, "North")


def test_the_csv_holds_every_figure_once() -> None:
    rows = list(csv.DictReader(io.StringIO(made_up().to_csv())))
    values = {(row["section"], row["name"]): row["value"] for row in rows}
    assert len(values) == len(rows)
    assert values["open_cases", "missing"] == "1234"
    assert (values["matches_new", "probable"], values["matches_risen", "certain"]) == ("6", "0")
    assert (values["alerts", "open"], values["alerts", "late"], values["alerts", "by_this_run"]) == ("3", "1", "8")
    assert values["matches_until_run_1", "certain"] == "2"
    assert values["undecided match_2", "your_records"] == "case_2 case_3"
    assert values["undecided match_1", "link"] == f"{URL}/v1/matches/match_1"


def test_each_open_alert_has_one_age() -> None:
    ages = [timedelta(0), *(most + timedelta(seconds=add) for _, most in AGES for add in (0, 1)), timedelta(days=400)]
    report = replace(made_up(), open_alerts=[OpenAlert(START - age, None) for age in ages])
    assert [count for count, _ in report.ages().values()] == [2, 2, 2, 2, 2]
    assert list(report.ages())[-1] == OLDER
    assert report.late == 0  # without a deadline nothing is late


def run_command(*arguments: str) -> Any:
    app = typer.Typer()
    app.command()(crossmatch)
    return CliRunner().invoke(app, list(arguments))


def test_the_command_writes_one_for_each_active_partner(command_home: Path, tmp_path: Path) -> None:
    assert run_command("--partners").exit_code == 2  # where to?
    first = run_command("--json", "--report", "first")
    assert first.exit_code == 0, first.output
    assert len(list((tmp_path / "first").iterdir())) == 3
    with Sandhan.build(Settings()) as sandhan, sandhan.database.write() as conn:
        for name, kind, active in (("a", "ahtu", True), ("b", "ngo", False), ("c", "operator", True)):
            partners.add_partner(
                conn, partner_id=name, name=name, kind=kind, country="IN", language="en", at=START, active=active
            )
    result = run_command("--report", "second", "--partners")
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in (tmp_path / "second").iterdir())
    assert len(names) == 5
    assert [name.endswith(("-a.csv", "-a.html")) for name in names].count(True) == 2
