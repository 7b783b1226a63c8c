"""`sandhan crossmatch` at the terminal: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import csv
import errno
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time as clock_time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from api.bootstrap import Sandhan
from api.cases.forms import CaseForm
from api.commands.crossmatch import (
    BUSY_EXIT,
    INTERRUPTED_EXIT,
    TERMINATED_EXIT,
    UNSAVED_EXIT,
    Options,
    crossmatch,
    nightly,
)
from api.ids import new_id
from api.index_keeper import IndexKeeper
from api.matches.service import MatchOutcome, MatchService
from api.nightly.page import render_html
from api.nightly.report import RunReport, write_report
from api.nightly.run import KIND, LEASE_TTL
from api.settings import Settings
from api.store import Database, StoreError, cases, changes, leases, partners, runs
from data.synthetic import LinkedSample, linked_sample

NOW = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
REPORT = RunReport(
    run_id="run_1",
    full=True,
    model_version="m1",
    from_seq=0,
    upto_seq=9,
    resumed=True,
    started_at=NOW,
    finished_at=NOW + timedelta(minutes=3),
    counters={"cases": 1234, "compared": 1230, "passed_over": 3, "unsettled": 1, "alerts": 7, "new": 5, "withdrawn": 2},
    candidates={"name & place": 4321},
    pairs={"certain": 10, "probable": 5, "possible": 0},
    routes={"name & place": 12},
    seconds={"compare": 61.25},
)


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
        self.text.append(data)


@pytest.fixture(scope="module")
def sample() -> LinkedSample:
    return linked_sample(5, 8, 4)


@pytest.fixture
def database(
    template: Path, tmp_path: Path, sample: LinkedSample, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """An embedded database with cases that have not been compared; the environment points to it."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(template, home / "sandhan.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SANDHAN_HOME", str(home))
    monkeypatch.setenv("SANDHAN_FACES", "false")
    monkeypatch.delenv("SANDHAN_DATABASE_URL", raising=False)
    database = Database.open(f"sqlite:///{home / 'sandhan.db'}")
    with database.write() as conn:
        partners.add_partner(conn, partner_id="unit", name="Unit", kind="ahtu", country="IN", language="en", at=NOW)
        for record in (*sample.reports, *sample.rescues):
            form = CaseForm(side=record.side.value, **record.fields)  # type: ignore[arg-type]
            cases.insert_case(
                conn,
                case_id=new_id("case", NOW, random.Random(record.record_id).randbytes),
                side=form.side,
                owner_id="unit",
                content=form.content(NOW.date()),
                at=NOW,
                by="test",
            )
    yield database
    database.dispose()


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(crossmatch)
    return CliRunner().invoke(app, list(arguments))


def test_it_prints_and_writes_what_it_did(database: Database, sample: LinkedSample, tmp_path: Path) -> None:
    result = run("--json", "--report", "reports/new", "--chunk", "5")
    assert result.exit_code == 0, result.output
    (told,) = json.loads(result.stdout)["runs"]
    assert told["mode"] == "incremental"
    assert told["counters"]["compared"] == 12
    assert told["counters"]["chunks"] == 3
    assert sum(told["pairs_by_grade"].values()) > 0
    assert set(told["seconds"]) == {"list", "index", "compare", "checkpoint"}
    written = sorted(path.name for path in (tmp_path / "reports/new").iterdir())
    assert written == [f"crossmatch-{told['run_id']}.{suffix}" for suffix in ("csv", "html", "json")]
    texts = [path.read_text() for path in (tmp_path / "reports/new").iterdir()]
    assert json.loads(next(text for text in texts if text.startswith("{"))) == told
    assert (tmp_path / "home" / "index").is_dir()  # the index it built is kept
    with database.read() as conn:
        ids = {case.id for case in cases.list_cases(conn, limit=99)}
    personal = ids | {
        word
        for record in (*sample.reports, *sample.rescues)
        for field in ("name", "father_name", "mother_name", "district", "village", "address", "found_place", "phone")
        for word in re.findall(r"\w{4,}", str(record.fields.get(field, "")))
    }
    assert len(personal) > 30
    assert not [word for word in personal if any(re.search(rf"\b{word}\b", text) for text in [*texts, result.output])]


def test_it_prints_a_table_and_does_nothing_twice(database: Database) -> None:
    first, second = run("--full"), run()
    assert first.exit_code == second.exit_code == 0
    assert "Cross-match (full)" in first.stdout
    assert re.search(r"cases compared\W+4\b", first.stdout)
    assert re.search(r"pairs possible\W+\d", first.stdout)
    # The reports have not been compared from their side, so they still wait.
    assert re.search(r"cases compared\W+8\b", second.stdout)
    assert re.search(r"cases compared\W+0\b", run().stdout)


def test_a_second_run_ends_with_its_own_exit_code(database: Database) -> None:
    now = datetime.now(UTC)
    with database.write() as conn:
        leases.acquire(conn, KIND, "another machine", now, LEASE_TTL)
        runs.open_run(conn, run_id="run_x", kind=KIND, parameters={"full": True}, upto_seq=0, at=NOW)
    result = run("--json")
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "2026-11-01 02:00:00" in re.sub(r"\s+", " ", result.stderr)


@pytest.mark.parametrize("full", [False, True])
def test_an_interrupted_run_says_how_to_go_on(database: Database, monkeypatch: pytest.MonkeyPatch, full: bool) -> None:
    real, calls = MatchService.match_cases, []

    def interrupted(service: MatchService, case_ids: Sequence[str]) -> list[MatchOutcome]:
        calls.append(case_ids)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(service, case_ids)

    monkeypatch.setattr(MatchService, "match_cases", interrupted)
    options = ["--full"] if full else []
    result = run("--chunk", "1", *options)
    assert result.exit_code == 130
    said = re.sub(r"\s+", " ", result.stderr)
    assert f"after 2 of {4 if full else 12} cases" in said
    assert said.rstrip().endswith("crossmatch --full" if full else "crossmatch")
    (resumed,) = json.loads(run("--json", *options).stdout)["runs"]
    assert resumed["resumed"]
    assert resumed["counters"]["compared"] == (4 if full else 12)


def test_a_report_that_cannot_be_written_stops_it_before_the_work(database: Database, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    result = run("--report", "taken")
    assert result.exit_code == 2
    assert "--report" in result.stderr
    with database.read() as conn:
        assert runs.list_runs(conn, KIND, 9) == []


def test_a_chunk_of_nothing_is_refused(database: Database) -> None:
    assert run("--chunk", "0").exit_code == 2


def test_the_page_needs_nothing_else_and_draws_the_figures() -> None:
    text = render_html(REPORT.to_json())
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert not re.search(r"https?:|url\(|@import", text)
    widths = [float(str(attributes["width"])) for tag, attributes in page.tags if tag == "rect"]
    grades, changed, routes, stages = widths[:3], widths[3:7], widths[7:8], widths[8:]
    assert grades[0] == 2 * grades[1] > 0
    assert grades[2] == 0
    assert changed[0] == pytest.approx(2.5 * changed[3], abs=0.1)  # five new, two withdrawn
    assert changed[1:3] == [0, 0]
    assert routes == stages == [grades[0]]
    assert "certain 10, probable 5, possible 0" in " ".join(page.text)
    assert {"1,234", "1 min 1 s", "name & place", "4,321 (12 pairs)"} <= {part.strip() for part in page.text}
    assert "resumed after an interruption" in text


def test_a_page_of_a_night_without_work_is_still_a_page() -> None:
    nothing: dict[str, Any] = {
        "pairs": dict.fromkeys(REPORT.pairs, 0),
        "routes": {},
        "candidates": {},
        "seconds": {"list": 0.0},
    }
    empty = replace(REPORT, **nothing, counters={}, full=False, resumed=False)
    page = Page(render_html(empty.to_json()))
    assert [attributes["width"] for tag, attributes in page.tags if tag == "rect"] == ["0.0"] * (3 + 4 + 1)


def test_a_report_written_again_replaces_the_first(tmp_path: Path) -> None:
    paths = write_report(REPORT, tmp_path / "a" / "b")
    write_report(replace(REPORT, model_version="m2"), tmp_path / "a" / "b")
    assert json.loads(paths[0].read_text())["model_version"] == "m2"
    assert sorted((tmp_path / "a" / "b").iterdir()) == sorted(paths)


def test_what_a_plot_shows_is_said_in_words_too() -> None:
    page = Page(render_html(REPORT.to_json()))
    described = [attributes["aria-labelledby"] for tag, attributes in page.tags if tag == "svg"]
    ids = [attributes["id"] for tag, attributes in page.tags if "id" in attributes]
    assert described == ids
    assert len(set(ids)) == 4
    for word in ("Case", "Candidate", "New", "Risen", "Fallen", "Withdrawn"):
        assert word in page.text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0.0 s"),
        (59.9, "59.9 s"),
        (59.96, "1 min 0 s"),
        (61.25, "1 min 1 s"),
        (3599.7, "1 h 0 min"),
        (9000, "2 h 30 min"),
    ],
)
def test_times_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert f">{said}<" in render_html(replace(REPORT, seconds={"compare": seconds}).to_json())


def test_the_csv_holds_every_figure_once(tmp_path: Path) -> None:
    paths = write_report(REPORT, tmp_path)
    with paths[1].open(newline="") as file:
        rows = list(csv.DictReader(file))
    told = REPORT.to_json()
    expected = {("run", name): value for name, value in told.items() if not isinstance(value, dict)}
    expected |= {
        (section, name): value
        for section, part in told.items()
        if isinstance(part, dict)
        for name, value in part.items()
    }
    assert {(row["section"], row["name"]): row["value"] for row in rows} == {
        key: {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
        for key, value in expected.items()
    }
    assert len(rows) == len(expected)


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_when_the_index_cannot_be_saved_the_old_one_stays(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("--full").exit_code == 0
    with database.write() as conn:
        # What has not changed need not be saved.
        changes.append(conn, changes.since(conn, 0, 1)[0].case_id, "photo", datetime.now(UTC))
    with monkeypatch.context() as patch:
        patch.setattr(IndexKeeper, "save", full_disk)
        result = run("--json", "--report", "reports")
    assert result.exit_code == 4
    said = re.sub(r"\s+", " ", result.stderr)
    assert "No space left on device" in said
    assert "the old one stays in use" in said
    (told,) = json.loads(result.stdout)["runs"]  # the work is done all the same
    assert told["counters"]["compared"] == 8
    assert len(list(Path("reports").iterdir())) == 3
    with Sandhan.build(Settings()) as sandhan:
        assert sandhan.keeper.inspect().source == "snapshot"
    assert re.search(r"cases compared\W+0\b", run().stdout)


def test_when_a_new_index_cannot_be_saved_the_night_is_done_all_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(IndexKeeper, "save", full_disk)
        result = run("--json")
    assert result.exit_code == 4
    assert "No space left on device" in re.sub(r"\s+", " ", result.stderr)
    (told,) = json.loads(result.stdout)["runs"]
    assert (told["resumed"], told["counters"]["compared"]) == (False, 12)
    assert re.search(r"cases compared\W+0\b", run().stdout)


def test_when_the_report_cannot_be_written_the_run_counts_all_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("api.commands.crossmatch.write_report", full_disk)
        result = run("--report", "reports")
    assert result.exit_code == 4
    assert "what it found is stored" in re.sub(r"\s+", " ", result.stderr)
    assert re.search(r"cases compared\W+12\b", result.stdout)


def test_too_little_memory_is_refused(database: Database) -> None:
    result = run("--memory", "3")
    assert result.exit_code == 2
    needed = re.search(r"at least (\d+) MB", re.sub(r"\s+", " ", result.stderr))
    assert needed is not None
    assert re.search(r"cases compared\W+4\b", run("--full", "--memory", needed[1]).stdout)
    assert run("--at", "01:30", "--memory", "3").exit_code == 2


@pytest.mark.parametrize("text", ["25:00", "noon"])
def test_what_is_no_time_of_day_is_refused(database: Database, text: str) -> None:
    result = run("--at", text)
    assert result.exit_code == 2
    assert "--at" in result.stderr


class Nighttime:
    """A clock on which every sleep takes a day, until so many nights have come."""

    def __init__(self, nights: int) -> None:
        self.now, self.slept, self.nights = NOW, 0, nights
        self.before: Callable[[int], None] = lambda _: None

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, _seconds: float) -> None:
        self.slept += 1
        self.now += timedelta(days=1)
        self.before(self.slept)

    def stopped(self) -> bool:
        return self.slept > self.nights


def test_every_night_has_its_run_and_one_that_fails_does_not_cost_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real, calls = MatchService.match_cases, []

    def fails_at_first(service: MatchService, case_ids: Sequence[str]) -> list[MatchOutcome]:
        calls.append(case_ids)
        if len(calls) == 1:
            raise KeyError("a name that must not be printed")
        if len(calls) == 2:
            raise StoreError("the database went away")
        return real(service, case_ids)

    monkeypatch.setattr(MatchService, "match_cases", fails_at_first)
    world = Nighttime(4)
    nightly(Options(as_json=True), time(3, 0), world.stopped, world, world.sleep)
    printed = capsys.readouterr()
    # The first two nights fail; the third resumes them; the fourth finds nothing to do.
    decoder, nights, rest = json.JSONDecoder(), [], printed.out.lstrip()
    while rest:
        told, end = decoder.raw_decode(rest)
        nights.append(told["runs"])
        rest = rest[end:].lstrip()
    assert [[one["counters"]["compared"] for one in runs] for runs in nights] == [[12], [0]]
    assert nights[0][0]["resumed"]
    assert "tonight's run failed (KeyError at " in re.sub(r"\s+", " ", printed.err)
    assert "the database went away" in printed.err
    assert "must not be printed" not in printed.err
    assert printed.err.count("next run: 2026-11-") >= 3


def test_a_run_under_way_elsewhere_costs_one_night(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    world = Nighttime(2)

    def other_machine(night: int) -> None:
        with database.write() as conn:
            if night == 1:
                leases.acquire(conn, KIND, "another machine", datetime.now(UTC), LEASE_TTL)
            else:
                leases.release(conn, KIND, "another machine")

    world.before = other_machine
    nightly(Options(), time(3, 0), world.stopped, world, world.sleep)
    printed = capsys.readouterr()
    assert "has been running" in printed.err
    assert re.search(r"cases compared\W+12\b", printed.out)


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = clock_time.monotonic() + 60
    while not happened():
        assert clock_time.monotonic() < deadline
        clock_time.sleep(0.02)


@pytest.mark.parametrize("daily", [False, True])
def test_sigterm_ends_it_cleanly(database: Database, daily: bool) -> None:
    options = ["--at", f"{datetime.now() - timedelta(hours=1):%H:%M}"] if daily else ["--chunk", "1"]
    program = "from api.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "crossmatch", *options], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        if daily:
            assert process.stderr.readline().startswith("next run: ")
        else:

            def begun() -> bool:
                with database.read() as conn:
                    run = runs.latest_unfinished(conn, KIND)
                return run is not None and run.cursor is not None

            wait_until(begun)
        process.terminate()
        said = re.sub(r"\s+", " ", process.communicate(timeout=60)[1])
    assert process.returncode == (0 if daily else 143)
    if not daily:
        found = re.search(r"interrupted after (\d+) of 12 cases", said)
        assert found is not None
        assert 1 <= int(found[1]) < 12
        (told,) = json.loads(run("--json").stdout)["runs"]  # at once: the lease was given back
        assert (told["resumed"], told["counters"]["compared"]) == (True, 12)


def test_every_option_and_exit_code_is_in_the_guide() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "nightly.md").read_text()
    app = typer.Typer()
    app.command()(crossmatch)
    options = {name for param in typer.main.get_command(app).params for name in param.opts if name != "--help"}
    options -= {"--install-completion", "--show-completion"}
    assert len(options) == 10
    assert not [name for name in options if f"{name} " not in guide and f"{name}`" not in guide]
    for code in (BUSY_EXIT, UNSAVED_EXIT, INTERRUPTED_EXIT, TERMINATED_EXIT):
        assert f"| {code} |" in guide
