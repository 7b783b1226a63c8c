"""Storing cases in one transaction comes to the same as entering them one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from api.access import AccessScope, NotFound, NotPermitted
from api.cases.forms import CaseForm
from api.cases.outcomes import CaseToPut, PutOutcome
from api.store import audit, cases, changes

FORMS = [
    CaseForm(side="missing", external_id="1", name="মায়া", country="Nepal", birth_date="2011"),
    CaseForm(side="rescued", external_id="1", name="Maya", face_consent=True, event_country="India"),
    CaseForm(side="missing", external_id="2", name=["Rina", "Tina"], protect_location=True),
]


def entries(desk: Any, forms: list[CaseForm]) -> list[CaseToPut]:
    today = desk.sandhan.clock().date()
    return [CaseToPut(form.side, form.external_id, form.content(today)) for form in forms]


def history(desk: Any) -> list[tuple[object, ...]]:
    """Return everything that is stored of a partner's cases but ids and times."""
    told = []
    with desk.sandhan.database.read() as conn:
        changed = changes.since(conn, 0, 1000)
        for case in cases.list_cases(conn, owner_id=desk.scope.partner_id, limit=100):
            plain = replace(case, id="", owner_id="", created_by="", created_at=case.updated_at)
            versions = [(v.version, v.payload, v.content_hash) for v in cases.versions_of(conn, case.id)]
            actions = [entry.action for entry in audit.entries(conn, subject=case.id, limit=9)]
            kinds = [change.kind for change in changed if change.case_id == case.id]
            told.append(
                (
                    repr(replace(plain, created_at=None, updated_at=None, expires_at=None)),
                    plain.payload,
                    versions,
                    actions,
                    kinds,
                )
            )  # type: ignore[arg-type]
        assert audit.verify(conn) is None
    return sorted(told, key=repr)


def test_a_batch_is_stored_like_single_cases(desk: Any) -> None:
    one_by_one = desk.other()
    for form in FORMS:
        one_by_one.sandhan.cases.register(form, one_by_one.scope, match=False)
    stored = desk.sandhan.cases.put_many(entries(desk, FORMS), desk.scope)
    assert [outcome for _, outcome in stored] == [PutOutcome.CREATED] * 3
    assert history(desk) == history(one_by_one)
    for (case_id, _), form in zip(stored, FORMS, strict=True):
        assert desk.case(str(form.external_id), form.side).id == case_id


def test_new_changed_and_unchanged_cases_in_one_batch_keep_their_order(desk: Any) -> None:
    (first, second) = desk.sandhan.cases.put_many(entries(desk, FORMS[:2]), desk.scope)
    forms = [FORMS[2], FORMS[1].model_copy(update={"name": "Mayaa"}), FORMS[0]]
    foreseen = desk.sandhan.cases.foresee_put(entries(desk, forms), desk.scope)
    stored = desk.sandhan.cases.put_many(entries(desk, forms), desk.scope)
    assert foreseen == [outcome for _, outcome in stored]
    assert foreseen == [PutOutcome.CREATED, PutOutcome.CHANGED, PutOutcome.UNCHANGED]
    assert [case_id for case_id, _ in stored[1:]] == [second[0], first[0]]
    assert desk.case("1", "rescued").version == 2


def test_an_empty_batch(desk: Any) -> None:
    before = desk.row_counts()
    assert desk.sandhan.cases.put_many([], desk.scope) == []
    assert desk.row_counts() == before


def test_permissions_and_owners(desk: Any) -> None:
    nobody = AccessScope(desk.scope.partner_id, "k", "ngo", (), frozenset())
    service, other = desk.sandhan.cases, desk.other()
    ((case_id, _),) = service.put_many(entries(desk, FORMS[:1]), desk.scope)
    for refused in (
        lambda: service.put_many([], nobody),
        lambda: service.foresee_put([], nobody),
        lambda: service.add_photos(case_id, [b"x"], nobody),
        lambda: service.has_external("1", nobody),
    ):
        with pytest.raises(NotPermitted):
            refused()
    with pytest.raises(NotFound):
        service.add_photos(case_id, [b"x"], other.scope)
    assert service.has_external("1", desk.scope)
    assert not service.has_external("1", other.scope)
