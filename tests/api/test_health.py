"""Is the service alive and ready, and does its OpenAPI document say how to use it?"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI

from api.cases.forms import CaseForm
from api.matches.views import MatchQuery
from api.partners.endpoints import PartnerForm
from api.store.errors import DatabaseUnavailable

from .conftest import REPORT, House, open_house


def test_a_process_that_runs_says_so_without_a_key(house: House) -> None:
    answer = house.client.get("/v1/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_before_the_index_is_open_the_service_is_not_ready(tmp_path: Any) -> None:
    with open_house(tmp_path / "home") as house:
        answer = house.client.get("/v1/ready")
        assert (answer.status_code, answer.json()["ready"]) == (503, False)
        assert answer.json()["checks"]["index"] == "being opened"
        assert answer.json()["checks"]["database"] == "ok"
        assert house.client.get("/v1/health").status_code == 200
        house.sandhan.open_index()
        answer = house.client.get("/v1/ready")
        assert (answer.status_code, answer.json()["ready"]) == (200, True)
        assert answer.json()["checks"]["index"].startswith("ok (rebuilt")


def test_work_in_the_background_that_fails_stops_no_other(fresh_house: House, caplog: pytest.LogCaptureFixture) -> None:
    sandhan, reached = fresh_house.sandhan, threading.Event()

    def run_due() -> None:
        raise DatabaseUnavailable("of a child")

    def sweep() -> int:
        reached.set()
        return 0

    sandhan.attention.run_due = run_due  # type: ignore[method-assign,assignment]
    sandhan.idempotency.sweep = sweep  # type: ignore[method-assign,assignment]
    sandhan.start()
    assert reached.wait(60)
    assert "run_due failed" in caplog.text
    assert "of a child" not in caplog.text


def test_started_in_the_background_the_service_becomes_ready(tmp_path: Any) -> None:
    from starlette.testclient import TestClient

    from api.app import create_app

    with open_house(tmp_path / "home") as house, TestClient(create_app(house.sandhan)) as client:
        for _ in range(600):
            if client.get("/v1/ready").status_code == 200:
                break
            time.sleep(0.05)
        assert client.get("/v1/ready").json()["ready"]


def test_readiness_counts_what_is_there_and_names_nobody(fresh_house: House) -> None:
    fresh_house.enter("family", REPORT)
    answer = fresh_house.client.get("/v1/ready")
    body = answer.json()
    assert body["counts"]["cases_missing_open"] == 1
    assert body["counts"]["cases_rescued_open"] == body["counts"]["cases_unmatched"] == 0
    assert body["counts"]["index_records"] == 1
    assert REPORT["name"] not in answer.text
    assert "family" not in answer.text


def test_without_its_database_the_service_is_not_ready(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise DatabaseUnavailable("08006")

    monkeypatch.setattr(house.sandhan.database, "read", gone)
    assert house.client.get("/v1/ready").status_code == 503
    assert house.client.get("/v1/health").status_code == 200


@pytest.fixture(scope="module")
def document(house: House) -> dict[str, Any]:
    answer = house.client.get("/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


def walk(node: Any, path: str = "#") -> Iterator[tuple[str, Any]]:
    yield path, node
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield from walk(child, f"{path}/{name}")


def resolve(document: dict[str, Any], reference: str) -> Any:
    assert reference.startswith("#/"), reference
    node: Any = document
    for part in reference[2:].split("/"):
        node = node[part]
    return node


def schemas(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every JSON Schema of the document: those of the components and those in place."""
    for path, node in walk(document):
        if not isinstance(node, dict) or "/examples/" in path:
            continue
        parent = path.rsplit("/", 2)[-2] if path.count("/") > 1 else ""
        if path.endswith(("/schema", "/items")) or parent in ("schemas", "properties", "anyOf", "oneOf", "allOf"):
            yield path, node


def test_the_document_is_openapi_and_lists_every_path(house: House, document: dict[str, Any]) -> None:
    OpenAPI.model_validate(document)
    assert document["openapi"].startswith("3.1")
    app: Any = house.client.app
    served = {route.path for router in app.routes for route in _flat(router) if route.path.startswith("/v1")}
    assert served == set(document["paths"])
    assert len(served) > 25
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["description"] for operation in operations)


def _flat(route: Any) -> Iterator[Any]:
    """Give the routes of a router and of the routers within it."""
    inner = getattr(route, "routes", None)
    if inner is None and hasattr(route, "original_router"):
        prefix = route.include_context.prefix
        for child in route.original_router.routes:
            yield type("Route", (), {"path": prefix + child.path})
        return
    if inner is None:
        yield route
        return
    for child in inner:
        yield from _flat(child)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = [node["$ref"] for _, node in walk(document) if isinstance(node, dict) and "$ref" in node]
    assert len(references) > 50
    for reference in references:
        assert resolve(document, reference)
    mapped = [
        target
        for _, node in walk(document)
        if isinstance(node, dict) and isinstance(node.get("discriminator"), dict)
        for target in node["discriminator"].get("mapping", {}).values()
    ]
    assert mapped
    for target in mapped:
        view = resolve(document, target)["properties"]["view"]
        assert {view.get("const"), *view.get("enum", ())} & {"full", "masked", "outline"}


def test_every_schema_is_json_schema(document: dict[str, Any]) -> None:
    kinds = {"string", "integer", "number", "boolean", "array", "object", "null"}
    found = list(schemas(document))
    assert len(found) > 200
    for path, schema in found:
        if "type" in schema:
            assert schema["type"] in kinds, path
        if schema.get("type") == "array":
            assert "items" in schema or "prefixItems" in schema, path
        for name in ("anyOf", "oneOf", "allOf", "enum", "required"):
            assert name not in schema or (isinstance(schema[name], list) and schema[name]), path
        if "properties" in schema:
            assert set(schema.get("required", [])) <= set(schema["properties"]), path
        if "pattern" in schema:
            re.compile(schema["pattern"])
        for low, high in (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")):
            assert schema.get(low, 0) <= schema.get(high, float("inf")), path
        assert "definitions" not in schema, path
        assert "$defs" not in schema, path


@pytest.mark.parametrize(("name", "model"), [("CaseForm", CaseForm), ("PartnerForm", PartnerForm)])
def test_the_examples_are_accepted(document: dict[str, Any], name: str, model: Any) -> None:
    for example in document["components"]["schemas"][name]["examples"]:
        form = model.model_validate(example)
        if isinstance(form, CaseForm):
            assert form.content(datetime.now(UTC).date()).origin_area


@pytest.mark.parametrize(("path", "method", "part", "model"), [
    ("/v1/cases", "post", "case", CaseForm),
    ("/v1/cases/{case_id}", "put", "case", CaseForm),
    ("/v1/matches/query", "post", "query", MatchQuery),
])  # fmt: skip
def test_bodies_are_described_as_json_and_as_a_form(
    document: dict[str, Any], path: str, method: str, part: str, model: Any
) -> None:
    content = document["paths"][path][method]["requestBody"]["content"]
    assert set(content) == {"application/json", "multipart/form-data"}
    schema = resolve(document, content["application/json"]["schema"]["$ref"])
    assert set(schema["properties"]) == set(model.model_fields)
    assert content["multipart/form-data"]["schema"]["required"] == [part]


WAYS_IN = {
    ("post", "/v1/session"), ("post", "/v1/session/code"), ("get", "/v1/session/oidc"),
    ("get", "/v1/session/oidc/callback"), ("post", "/v1/enrolment"), ("post", "/v1/enrolment/confirm"),
}  # fmt: skip
"""Where nobody can have signed in yet."""


def test_every_operation_says_how_it_refuses(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        if path in ("/v1/health", "/v1/ready"):
            continue
        for method, operation in methods.items():
            assert ("security" in operation) == ((method, path) not in WAYS_IN), path
            assert {"401", "403", "429", "503"} <= set(operation["responses"]), path
            # A session that is over, an issuer that is not set up and a report not written yet are not there either.
            if not path.startswith(("/v1/session", "/v1/reports")):
                assert ("404" in operation["responses"]) == ("{" in path), path
            for status, response in operation["responses"].items():
                if status >= "400":
                    described = resolve(document, response["$ref"])["content"]["application/problem+json"]
                    assert described["schema"] == {"$ref": "#/components/schemas/Problem"}, (path, status)
    assert "503" in document["paths"]["/v1/ready"]["get"]["responses"]
    assert {"409", "413", "415"} <= set(document["paths"]["/v1/cases"]["post"]["responses"])


def test_an_answer_has_the_shape_that_the_document_promises(house: House, document: dict[str, Any]) -> None:
    answer = house.ask("family", "GET", "/v1/nothing").json()
    properties = document["components"]["schemas"]["Problem"]["properties"]
    assert set(answer) == set(properties)
    case = house.enter("family", {"side": "missing", "name": "Asha"})["case"]
    assert set(case) == set(document["components"]["schemas"]["CaseView"]["properties"])
    assert json.dumps(document)  # plain JSON, nothing else
