"""Cases, their versions, and which of them wait to be compared."""

from __future__ import annotations

import pytest

from api.store import RowMissing, VersionConflict, cases, changes
from matcher.person import Side


def test_a_new_case_is_open_in_version_one_with_history_and_change(conn, world) -> None:
    content = world.content("রিনা", origin_area="IN/WB", event_area="IN/MH", protect_location=True, face_consent=True)
    case = world.case(conn, Side.RESCUED, content=content, external_id="24/7")
    assert (case.side, case.status, case.version, case.matched_version) == ("rescued", "open", 1, 0)
    assert case.payload == {"name": "রিনা"}
    assert (case.origin_area, case.event_area, case.protect_location, case.face_consent) == (
        "IN/WB",
        "IN/MH",
        True,
        True,
    )
    assert "রিনা" not in repr(case)
    (version,) = cases.versions_of(conn, case.id)
    assert (version.version, version.payload, version.by) == (1, {"name": "রিনা"}, "somebody")
    assert [(change.case_id, change.kind) for change in changes.since(conn, 0, 10)] == [(case.id, "created")]
    assert cases.find_by_external(conn, case.owner_id, Side.RESCUED, "24/7") == case
    assert cases.find_by_external(conn, case.owner_id, Side.MISSING, "24/7") is None


def test_cases_without_an_external_id_do_not_collide(conn, world) -> None:
    owner = world.partner(conn).id
    assert world.case(conn, owner_id=owner).id != world.case(conn, owner_id=owner).id


def test_replacing_makes_a_new_version_and_keeps_the_old(conn, world) -> None:
    case = world.case(conn)
    content = world.content("Reena", origin_area="BD")
    replaced = cases.replace_case(conn, case.id, content, at=world.later(hours=1), by="other", expected_version=1)
    assert (replaced.version, replaced.payload, replaced.origin_area) == (2, {"name": "Reena"}, "BD")
    assert (replaced.created_by, replaced.updated_at) == ("somebody", world.later(hours=1))
    assert [version.payload["name"] for version in cases.versions_of(conn, case.id)] == ["Rina", "Reena"]
    assert [change.kind for change in changes.since(conn, 0, 10)] == ["created", "replaced"]


def test_replacing_with_the_same_content_changes_nothing(conn, world) -> None:
    case = world.case(conn)
    assert cases.replace_case(conn, case.id, world.content(), at=world.later(hours=1), by="other") == case
    assert changes.latest_seq(conn) == 1


def test_replacing_an_outdated_version_is_refused(conn, world) -> None:
    case = world.case(conn)
    cases.replace_case(conn, case.id, world.content("a"), at=world.now, by="x")
    with pytest.raises(VersionConflict, match="expected version 1, found 2"):
        cases.replace_case(conn, case.id, world.content("b"), at=world.now, by="x", expected_version=1)
    with pytest.raises(RowMissing):
        cases.replace_case(conn, "nothing", world.content("b"), at=world.now, by="x")


def test_pages_follow_each_other_in_byte_order_of_ids(conn, world) -> None:
    owner = world.partner(conn).id
    ids = ["a", "B", "b", "A", "ä", "_", "1"]
    for case_id in ids:
        world.case(conn, case_id=case_id, owner_id=owner)
    world.case(conn, "rescued", owner_id=owner)
    seen: list[str] = []
    while page := cases.list_cases(conn, side="missing", after=seen[-1] if seen else None, limit=2):
        seen += [case.id for case in page]
    assert seen == sorted(ids)


def test_cases_are_listed_by_side_status_and_owner(conn, world) -> None:
    one, two = world.case(conn, "missing"), world.case(conn, "rescued")
    cases.set_status(conn, two.id, "closed", world.now)
    assert [case.id for case in cases.list_cases(conn, limit=9)] == [one.id, two.id]
    assert [case.id for case in cases.list_cases(conn, status="closed", limit=9)] == [two.id]
    assert [case.id for case in cases.list_cases(conn, side="rescued", status="open", limit=9)] == []
    assert [case.id for case in cases.list_cases(conn, owner_id=one.owner_id, limit=9)] == [one.id]


def test_many_cases_are_fetched_at_once(conn, world) -> None:
    stored = [world.case(conn) for _ in range(3)]
    asked = [case.id for case in stored] + [f"nothing {number}" for number in range(2500)]
    assert cases.get_cases(conn, asked) == {case.id: case for case in stored}
    assert cases.get_cases(conn, []) == {}
    assert cases.get_case(conn, "nothing") is None


def test_a_case_waits_until_its_present_version_has_been_compared(conn, world) -> None:
    case = world.case(conn)
    assert [waiting.id for waiting in cases.unmatched(conn, 9)] == [case.id]
    assert cases.mark_matched(conn, case.id, 1)
    assert cases.unmatched(conn, 9) == []
    cases.replace_case(conn, case.id, world.content("other"), at=world.now, by="x")
    assert not cases.mark_matched(conn, case.id, 1)
    assert [waiting.version for waiting in cases.unmatched(conn, 9)] == [2]
    assert cases.mark_matched(conn, case.id, 2)
    assert cases.unmatched(conn, 9) == []


def test_a_change_after_the_comparison_began_keeps_the_case_waiting(conn, world) -> None:
    case = world.case(conn)
    other = world.case(conn)
    seen = changes.latest_seq(conn)
    changes.append(conn, other.id, "photo", world.now)
    assert cases.mark_matched(conn, case.id, 1, seen)
    changes.append(conn, case.id, "photo", world.now)
    assert not cases.mark_matched(conn, case.id, 1, seen)


def test_the_longest_waiting_come_first_and_closed_ones_never(conn, world) -> None:
    late = world.case(conn, at=world.later(hours=2))
    early = world.case(conn, at=world.now)
    closed = world.case(conn, at=world.now)
    cases.set_status(conn, closed.id, "closed", world.now)
    assert [case.id for case in cases.unmatched(conn, 9)] == [early.id, late.id]
    assert [case.id for case in cases.unmatched(conn, 1)] == [early.id]


def test_a_reopened_case_is_compared_anew(conn, world) -> None:
    case = world.case(conn)
    cases.mark_matched(conn, case.id, 1)
    cases.set_status(conn, case.id, "closed", world.now)
    assert cases.set_status(conn, case.id, "closed", world.later(hours=1)).updated_at == world.now
    reopened = cases.set_status(conn, case.id, "open", world.now)
    assert (reopened.status, reopened.matched_version) == ("open", 0)
    assert [change.kind for change in changes.since(conn, 0, 9)] == ["created", "status", "status"]
    with pytest.raises(RowMissing):
        cases.set_status(conn, "nothing", "open", world.now)
