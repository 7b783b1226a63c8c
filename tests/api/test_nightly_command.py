"""`sandhan crossmatch` at the terminal: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from api.cases.forms import CaseForm
from api.commands.crossmatch import crossmatch
from api.ids import new_id
from api.matches.service import MatchOutcome, MatchService
from api.nightly.page import render_html
from api.nightly.report import RunReport, write_report
from api.nightly.run import KIND, LEASE_TTL
from api.store import Database, cases, leases, partners, runs
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
    names = {
        word for record in (*sample.reports, *sample.rescues) for word in str(record.fields.get("name", "")).split()
    }
    assert not [name for name in names if len(name) > 2 and any(name in text for text in [*texts, result.output])]


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
    text = render_html(REPORT)
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert not re.search(r"https?:|url\(|@import", text)
    widths = [float(str(attributes["width"])) for tag, attributes in page.tags if tag == "rect"]
    assert widths[0] == 2 * widths[1] > 0
    assert widths[2] == 0
    assert "certain 10, probable 5, possible 0" in " ".join(page.text)
    assert {"1,234", "61.2", "name & place"} <= {part.strip() for part in page.text}
    assert "resumed after an interruption" in text


def test_a_page_of_a_night_without_work_is_still_a_page() -> None:
    empty = replace(REPORT, pairs=dict.fromkeys(REPORT.pairs, 0), routes={}, full=False, resumed=False)
    page = Page(render_html(empty))
    assert [attributes["width"] for tag, attributes in page.tags if tag == "rect"] == ["0.0"] * 3


def test_a_report_written_again_replaces_the_first(tmp_path: Path) -> None:
    paths = write_report(REPORT, tmp_path / "a" / "b")
    write_report(replace(REPORT, model_version="m2"), tmp_path / "a" / "b")
    assert json.loads(paths[0].read_text())["model_version"] == "m2"
    assert sorted((tmp_path / "a" / "b").iterdir()) == sorted(paths)
