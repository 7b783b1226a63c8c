"""Somebody asks who a girl might be, before any record of her is made: found, masked, and nothing kept of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from api.access import CASE_WORK
from api.app import create_app
from api.bootstrap import Sandhan
from api.cases.forms import CaseForm
from api.partners.service import NewPartner
from api.serving import BackgroundServer, bind
from api.settings import Settings
from api.store import audit, tables
from data.synthetic import linked_sample

SAMPLE = linked_sample(3, 60, 12, today=date(2026, 11, 1), share=1.0)
PERSONAL = ("name", "nickname", "father_name", "mother_name", "district", "village", "phone", "birth_date", "marks")


@dataclass
class Stage:
    sandhan: Sandhan
    client: httpx.Client
    keys: dict[str, str]
    ids: dict[str, str]
    """Record id in the sample -> id of the case."""

    def query(self, who: str, fields: dict[str, Any], **more: Any) -> httpx.Response:
        body = {"person": {"side": "rescued", **fields}, "purpose": "identify-rescued-person", **more}
        return self.client.post("/v1/matches/query", json=body, headers={"X-API-Key": self.keys[who]})

    def rows(self) -> dict[str, int]:
        with self.sandhan.database.read() as conn:
            return {
                name: conn.scalar(select(func.count()).select_from(table)) or 0
                for name, table in tables.metadata.tables.items()
            }


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with ExitStack() as stack:
        home = tmp_path_factory.mktemp("query")
        settings = Settings(_env_file=None, home=home, faces=False)
        sandhan = stack.enter_context(Sandhan.build(settings))
        operator = sandhan.partners.scope_of(sandhan.partners.register_operator("Operator", "IN").api_key)
        keys = {
            name: sandhan.partners.register(NewPartner(name, kind, "IN", permissions=CASE_WORK), operator).api_key
            for name, kind in (("police", "police"), ("shelter", "shelter"))
        }
        everybody = [one.id for one in sandhan.partners.list(operator) if one.kind != "operator"]
        sandhan.agreements.propose(everybody, "MoU", None, operator, signed=True)
        owner = sandhan.partners.scope_of(keys["police"])
        ids = {
            record.record_id: sandhan.cases.register(CaseForm(side="missing", **record.fields), owner).case.id
            for record in SAMPLE.reports
        }
        listener = bind("127.0.0.1", 0)
        server = stack.enter_context(BackgroundServer(create_app(sandhan), listener))
        client = stack.enter_context(httpx.Client(base_url=server.url, trust_env=False, timeout=60))
        end = time.monotonic() + 30
        while client.get("/v1/ready").status_code != 200 and time.monotonic() < end:
            time.sleep(0.05)
        yield Stage(sandhan, client, keys, ids)


def test_most_rescued_people_are_found_at_once(stage: Stage) -> None:
    first = 0
    for record in SAMPLE.rescues:
        answer = stage.query("shelter", dict(record.fields))
        assert answer.status_code == 200, answer.text
        found = [match["missing"]["id"] for match in answer.json()["matches"]]
        first += found[:1] == [stage.ids[SAMPLE.truth[record.record_id]]]
    assert first >= len(SAMPLE.rescues) * 2 // 3


def test_nothing_is_kept_but_who_asked_when_and_why(stage: Stage) -> None:
    record = SAMPLE.rescues[0]
    before = stage.rows()
    with stage.sandhan.database.read() as conn:
        head = audit.head(conn)
    answer = stage.query("shelter", dict(record.fields), purpose="verify-match").json()
    seen = {match["missing"]["id"] for match in answer["matches"]}
    after = stage.rows()
    assert after == before | {"audit": before["audit"] + len(seen) + 1}
    with stage.sandhan.database.read() as conn:
        *shown, entry = audit.entries(conn, after=head.seq, limit=100)
        assert audit.verify(conn, [head]) is None
    assert (entry.action, entry.purpose) == ("matches.queried", "verify-match")
    assert set(entry.detail) == {"side", "answers"}
    assert {(row.action, row.purpose, row.subject) for row in shown} == {
        ("case.shown", "verify-match", case_id) for case_id in seen
    }


def test_the_answer_is_masked_for_everyone_but_the_owner(stage: Stage) -> None:
    by_case = {stage.ids[record.record_id]: record for record in SAMPLE.reports}
    shown = 0
    for rescue in SAMPLE.rescues:
        for match in stage.query("shelter", dict(rescue.fields)).json()["matches"]:
            case = match["missing"]
            assert case["view"] == "masked"
            text = json.dumps(case, ensure_ascii=False)
            fields = by_case[case["id"]].fields
            for name in PERSONAL:
                value = fields.get(name, [])
                for part in [value] if isinstance(value, str) else value:
                    assert len(part) < 4 or part not in text, name
            shown += 1
        views = {match["missing"]["view"] for match in stage.query("police", dict(rescue.fields)).json()["matches"]}
        assert views <= {"full"}
    assert shown


@pytest.mark.parametrize(
    ("fields", "more", "field"),
    [
        ({"country": "India", "state": "West Bengal", "age": "14", "sex": "female"}, {}, "person"),
        ({"name": "Sunita"}, {"purpose": "curiosity"}, "purpose"),
        ({"name": "Sunita", "age": "a few"}, {}, "age"),
    ],
)
def test_browsing_is_refused(stage: Stage, fields: dict[str, Any], more: dict[str, Any], field: str) -> None:
    before = stage.rows()
    answer = stage.query("shelter", fields, **more)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert stage.rows() == before


def test_a_stranger_to_everybody_gets_an_empty_answer(stage: Stage) -> None:
    body = stage.query("shelter", {"name": "Xqwzptk Vbnmrr", "sex": "male", "age": "70"}).json()
    assert body["matches"] == []
    assert body["searched"] == "missing"
