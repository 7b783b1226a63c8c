"""Does the served document say of every door of people and keys what goes in, what comes out, and what may go wrong?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from api.partners.key_endpoints import KeyForm, RotationForm
from api.people.forms import CodeForm, ConfirmForm, PasswordForm, PersonChange, PersonForm, SignInForm, TokenForm

from .conftest import House

DOORS = ("/v1/session", "/v1/enrolment", "/v1/people", "/v1/keys")


@pytest.fixture(scope="module")
def document(house: House) -> dict[str, Any]:
    return dict(house.client.get("/openapi.json").json())


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        if path.startswith(DOORS):
            yield from ((f"{method.upper()} {path}", operation) for method, operation in methods.items())


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    return dict(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])


def test_every_door_has_a_summary_and_says_more(document: dict[str, Any]) -> None:
    found = dict(operations(document))
    assert len(found) == 19
    summaries = [operation["summary"] for operation in found.values()]
    assert len(set(summaries)) == len(summaries)
    for name, operation in found.items():
        assert operation["description"].endswith("."), name
        assert operation["tags"], name


def test_what_goes_in_and_comes_out_is_typed_with_an_example(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        if "requestBody" in operation:
            form = resolved(document, operation["requestBody"]["content"]["application/json"]["schema"])
            assert form["examples"], name
            assert form["additionalProperties"] is False, name
        good = {code: answer for code, answer in operation["responses"].items() if code < "400"}
        assert good, name
        for code, answer in good.items():
            if code not in ("204", "303", "304"):
                schema = resolved(document, answer["content"]["application/json"]["schema"])
                listed = schema["properties"].get("items", {}).get("items")
                assert (resolved(document, listed) if listed else schema)["examples"], name


@pytest.mark.parametrize(
    "form",
    [SignInForm, CodeForm, TokenForm, ConfirmForm, PasswordForm, PersonForm, PersonChange, KeyForm, RotationForm],
)
def test_the_examples_are_accepted(form: type[BaseModel]) -> None:
    examples = form.model_json_schema()["examples"]
    assert examples
    for example in examples:
        form.model_validate(example)


def test_what_may_go_wrong_is_a_problem(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        bad = {code: answer for code, answer in operation["responses"].items() if code >= "400"}
        assert "401" in bad, name
        for answer in bad.values():
            found = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
            assert list(found["content"]) == ["application/problem+json"], name
        if name.startswith("POST /v1/session"):
            assert "429" in bad, name
        if "/people" in name:
            assert {"403", "409"} <= bad.keys(), name
            assert ("404" in bad) == ("{" in name), name


def test_the_two_ways_of_a_sign_in_are_both_described(document: dict[str, Any]) -> None:
    answers = document["paths"]["/v1/session"]["post"]["responses"]
    kinds = {code: answers[code]["content"]["application/json"]["schema"]["$ref"] for code in ("201", "202")}
    assert kinds == {"201": "#/components/schemas/SessionView", "202": "#/components/schemas/StepView"}
