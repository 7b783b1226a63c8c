"""`sandhan explain` at the terminal: the waterfall, what would change the grade, what to ask; read as a partner."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from api.commands.explain import explain, print_explanation
from api.store import audit
from matcher.explaining.waterfall import cells

from .conftest import REPORT, RESCUE, Pair

app = typer.Typer()
app.command()(explain)


@pytest.fixture
def at_terminal(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Pair:
    settings = pair.house.sandhan.settings
    monkeypatch.setenv("SANDHAN_HOME", str(settings.home))
    monkeypatch.setenv("SANDHAN_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("SANDHAN_MASTER_KEY", settings.master_key.get_secret_value())
    monkeypatch.setenv("COLUMNS", "200")
    return pair


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_a_partner_reads_why_and_what_to_ask(at_terminal: Pair) -> None:
    answer = run(at_terminal.match_id, "--partner", "shelter")
    assert answer.exit_code == 0, answer.output
    for heading in ("How the evidence adds up", "The one question to ask next"):
        assert heading in answer.output
    assert "before anything is compared: one in" in answer.output
    assert "all together: certain" in answer.output
    assert "People on both sides decide" in answer.output
    assert max(cells(line) for line in answer.output.splitlines()) <= 100
    for value in (REPORT["name"], REPORT["father_name"], RESCUE["name"], "Gosaba", "55501"):
        assert value not in answer.output
    with at_terminal.house.sandhan.database.read() as conn:
        rows = audit.entries(conn, after=audit.head(conn).seq - 2, limit=2)
    assert [(row.action, row.subject) for row in rows] == [
        ("match.read", at_terminal.match_id), ("case.shown", at_terminal.missing_id),
    ]  # fmt: skip
    assert {row.actor for row in rows} == {f"command-line:{at_terminal.house['shelter'].id}"}


def test_the_language_may_be_chosen_and_the_picture_kept(at_terminal: Pair, tmp_path: Path) -> None:
    picture = tmp_path / "why.svg"
    answer = run(at_terminal.match_id, "--partner", "shelter", "--language", "my", "--svg", str(picture))
    assert answer.exit_code == 0, answer.output
    assert "အမေ၏ အမည်" in answer.output
    assert ElementTree.fromstring(picture.read_bytes()).attrib["lang"] == "my"


@pytest.mark.parametrize(
    ("words", "said"),
    [(("match_none", "--partner", "shelter"), "no such match"), (("match_none", "--partner", "nobody"), "--partner")],
)
def test_what_cannot_be_shown_is_one_clear_line(at_terminal: Pair, words: tuple[str, ...], said: str) -> None:
    answer = run(*words)
    assert answer.exit_code == 2
    assert said in answer.output
    assert "Traceback" not in answer.output


def test_a_match_of_others_is_not_shown(at_terminal: Pair) -> None:
    answer = run(at_terminal.match_id, "--partner", "stranger")
    assert answer.exit_code == 2
    assert "no such match" in answer.output


def test_a_file_that_cannot_be_written_is_named(at_terminal: Pair, tmp_path: Path) -> None:
    answer = run(at_terminal.match_id, "--partner", "shelter", "--svg", str(tmp_path / "none" / "why.svg"))
    assert answer.exit_code == 2
    assert "--svg" in answer.output


def test_without_a_question_it_says_so(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    scope = pair.house.sandhan.partners.scope_of(pair.house["shelter"].key)
    view = pair.house.sandhan.reader.read(pair.match_id, scope)
    print_explanation(view.model_copy(update={"next_question": None, "what_would_change": []}), 80)
    said = capsys.readouterr().out
    assert "No answer to a question would change much." in said
    assert "What would change" not in said
