"""Is every operation described: examples that fit, a name, a word of what it does, every answer, every header?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from typer.testing import CliRunner

from api.app import bare_app
from api.cli import build_app
from api.error_reference import PAGE, REMEDIES, page
from api.errors import known_problems
from api.openapi_document import as_text, describe, operations_of
from api.openapi_examples import EXAMPLES

from .conftest import House, Pair


def document_of() -> dict[str, Any]:
    app = bare_app()
    describe(app)
    return app.openapi()


DOCUMENT = document_of()
OPERATIONS = {operation["operationId"]: operation for _, _, operation in operations_of(DOCUMENT)}
each_operation = pytest.mark.parametrize("name", OPERATIONS)


PAGED = (
    "list_cases", "list_matches", "list_alerts", "list_partners", "list_agreements", "list_disclosures",
    "list_tombstones", "list_audit", "list_roots", "list_people", "list_keys", "list_referrals", "list_due_follow_ups",
    "list_suspects", "list_bulletins", "read_agenda", "list_pairs", "list_missed_alerts",
)  # fmt: skip
TAGGED = (
    "read_case", "read_match", "read_alert", "read_partner", "read_agreement", "read_disclosure", "read_referral",
    "read_suspect", "read_person", "read_match_events", "read_pair",
)  # fmt: skip
ONCE = (
    "register_case", "register_partner", "propose_agreement", "give_consent", "enter_stage", "add_note",
    "ask_home_report", "propose_referral", "register_suspect", "invite_person", "create_key",
    "authorise_publication", "publish_bulletin",
)  # fmt: skip


def followed(node: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference leads to."""
    reference = node.get("$ref")
    if reference is None:
        return node
    found: Any = DOCUMENT
    for part in reference[2:].split("/"):
        found = found[part]
    return dict(found)


def flaws(schema: dict[str, Any], value: Any) -> list[str]:
    """Return why a value does not fit a schema of the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    return [error.message for error in jsonschema_rs.validator_for(whole).iter_errors(value)]


@each_operation
def test_an_operation_has_a_name_and_says_what_it_does(name: str) -> None:
    operation = OPERATIONS[name]
    assert name.isidentifier()
    assert name == name.lower()
    assert 4 < len(operation["summary"]) < 60
    assert len(operation["description"]) > 20
    (tag,) = operation["tags"]
    assert tag in {described["name"] for described in DOCUMENT["tags"] if described["description"]}


@each_operation
def test_an_operation_shows_a_request_and_an_answer_that_fit(name: str) -> None:
    operation = OPERATIONS[name]
    holders = [response for status, response in operation["responses"].items() if status < "304"]
    holders += [operation["requestBody"]] if "requestBody" in operation else []
    assert holders
    for holder in holders:
        for media, content in holder.get("content", {}).items():
            if media != "application/json":
                assert media in ("multipart/form-data", "image/jpeg", "image/svg+xml", "text/csv", "text/event-stream")
                continue
            assert flaws(content["schema"], content["example"]) == []


@each_operation
def test_an_operation_declares_how_it_may_refuse(name: str) -> None:
    operation = OPERATIONS[name]
    responses = operation["responses"]
    expected = {"414", "429", "431", "500", "503"}
    headers = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "header"}
    if "security" in operation:
        expected |= {"401", "403"}
        assert operation["security"] == [{"bearer": []}, {"key": []}, {"session": []}]
    if "requestBody" in operation:
        expected |= {"413", "422"} | ({"415"} if len(operation["requestBody"]["content"]) > 1 else set())
    expected |= {"412", "409"} if "If-Match" in headers else set()
    expected |= {"409"} if "Idempotency-Key" in headers else set()
    expected |= {"304"} if "If-None-Match" in headers else set()
    expected |= {"404"} if any(p["in"] == "path" for p in operation.get("parameters", ())) else set()
    assert expected <= responses.keys()
    for status, response in responses.items():
        described = followed(response)
        assert described["description"]
        if status >= "400":
            problem = described["content"]["application/problem+json"]
            for example in followed(problem).get("examples", {}).values():
                assert flaws(problem["schema"], example["value"]) == []
        for header in described.get("headers", {}).values():
            assert followed(header)["description"]


def test_the_headers_of_the_door_are_declared_where_they_come() -> None:
    def headers(name: str, status: str = "200") -> set[str]:
        return set(followed(OPERATIONS[name]["responses"][status]).get("headers", ()))

    for name in PAGED:
        assert {"Link", "RateLimit", "RateLimit-Policy"} <= headers(name)
    for name in TAGGED:
        assert "ETag" in headers(name) & headers(name, "304")
    for name in ONCE:
        assert {"Idempotent-Replayed", "Location"} <= headers(name, "201")
        assert "Idempotency-Key" in {parameter["name"] for parameter in OPERATIONS[name]["parameters"]}
    assert "Retry-After" in headers("list_cases", "429") & headers("list_cases", "503")
    assert "WWW-Authenticate" in headers("list_cases", "401")


def test_the_lists_of_this_module_are_whole() -> None:
    def with_parameter(wanted: str) -> set[str]:
        return {name for name, operation in OPERATIONS.items()
                if wanted in {parameter["name"] for parameter in operation.get("parameters", ())}}  # fmt: skip

    assert with_parameter("after") == set(PAGED)
    assert with_parameter("If-None-Match") == set(TAGGED)
    assert with_parameter("Idempotency-Key") == set(ONCE)
    changes = {"change_case", "close_case", "reopen_case", "switch_faces", "keep_case", "change_suspect"}
    assert with_parameter("If-Match") == changes | {"change_person", "change_partner", "decide_match"}


def test_no_example_is_of_an_operation_that_is_gone() -> None:
    assert EXAMPLES.keys() <= OPERATIONS.keys()


def test_what_is_served_is_what_is_written_to_a_file(house: House, tmp_path: Path) -> None:
    served = house.client.get("/openapi.json").json()
    assert served == DOCUMENT
    paths = [tmp_path / "one.json", tmp_path / "two.json"]
    for path in paths:
        result = CliRunner().invoke(build_app(["openapi"]), ["openapi", "--output", str(path)])
        assert result.exit_code == 0, result.output
    assert paths[0].read_text() == paths[1].read_text() == as_text(served)
    printed = CliRunner().invoke(build_app(["openapi"]), ["openapi"])
    assert json.loads(printed.stdout) == served


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(build_app(["openapi"]), ["openapi", "--output", str(tmp_path / "no" / "file.json")])
    assert result.exit_code != 0
    assert "--output" in result.output


def test_the_page_of_errors_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m api.error_reference"


def test_every_problem_has_a_meaning_and_a_word_of_what_to_do() -> None:
    known = known_problems()
    assert REMEDIES.keys() == {problem.code for problem in known}
    assert len({problem.code for problem in known}) == len(known)
    for problem in known:
        assert problem.meaning
        assert problem.title


def test_a_shown_match_and_case_fit_their_schemas(pair: Pair) -> None:
    for name, path in (("read_match", f"/v1/matches/{pair.match_id}"), ("read_case", f"/v1/cases/{pair.rescued_id}")):
        schema = OPERATIONS[name]["responses"]["200"]["content"]["application/json"]["schema"]
        for who in ("shelter", "family", "mumbai"):
            assert flaws(schema, pair.house.ask(who, "GET", path).json()) == []
