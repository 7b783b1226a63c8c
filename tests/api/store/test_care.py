"""What is kept after the report: sealed, in order, for whoever owns the case, and gone with its key."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from api.store import Connection, VersionConflict, care, cases, changes, follow_ups, home_reports, keys, referrals
from api.store import suspects as suspect_store
from api.store.care_tables import suspect_keys
from api.store.errors import ConstraintViolated, RowMissing
from api.store.follow_ups import Timer
from api.store.sealed_columns import PARTNER_SEALED
from api.store.sealing import SealBroken
from api.store.tables import metadata, record_keys

WORDS = ("Khatunpara", "Zubaida", "Babulal", "probation", "jetty")


def everything_stored(conn: Connection) -> bytes:
    """Return every value of every row, as the database gives it."""
    found = []
    for table in metadata.tables.values():
        for row in conn.execute(select(table)).all():
            found += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    return b"\n".join(found)


def fill(conn: Connection, world, case_id: str, receiver_id: str) -> None:
    """Enter something of everything, with words that must not be found."""
    care.add_stage(
        conn, event_id="s1", case_id=case_id, stage="rescue", entered_on=date(2024, 2, 1), note="Zubaida, Khatunpara",
        at=world.now, by="p",
    )  # fmt: skip
    care.add_note(
        conn, note_id="n1", case_id=case_id, kind="interview", text="Babulal at the jetty", at=world.now, by="p"
    )
    home_reports.request(
        conn, report_id="h1", case_id=case_id, due_on=date(2024, 4, 1), unit="Khatunpara unit", at=world.now, by="p"
    )
    home_reports.receive(
        conn, "h1", outcome="safe", visited_on=date(2024, 2, 20), role="probation officer", narrative="Zubaida's home",
        at=world.now, by="p", expected_version=0,
    )  # fmt: skip
    timer = Timer("f1", 1, date(2024, 3, 1))
    follow_ups.schedule(
        conn, case_id, source="return", returned_on=date(2024, 2, 1), timers=[timer, Timer("f2", 3, date(2024, 5, 1))],
        at=world.now, by="p",
    )  # fmt: skip
    follow_ups.settle(conn, "f1", state="done", outcome="well", note="Zubaida is well", at=world.now, by="p")
    referrals.add(
        conn, referral_id="r1", case_id=case_id, kind="referral", reason="medical",
        proposer_id=cases.require_case(conn, case_id).owner_id, receiver_id=receiver_id, with_sources=False,
        note="Zubaida needs a doctor", at=world.now, by="p",
    )  # fmt: skip


def shown(conn: Connection, case_id: str) -> str:
    return repr(
        [
            [entry.note for entry in care.stages_of(conn, case_id)],
            [note.text for note in care.notes_of(conn, case_id)],
            [(report.unit, [(one.role, one.narrative) for one in report.findings])
             for report in home_reports.reports_of(conn, case_id)],
            [item.note for item in follow_ups.follow_ups_of(conn, case_id)],
            [item.note for item in referrals.referrals_of(conn, case_id)],
        ]
    )  # fmt: skip


def test_no_word_of_it_stands_in_the_rows(conn: Connection, world) -> None:
    case = world.case(conn)
    fill(conn, world, case.id, world.partner(conn).id)
    suspect_store.add(
        conn, suspect_id="x1", owner_id=case.owner_id, values={"names": [{"value": "Babulal"}]}, at=world.now, by="p"
    )
    stored = everything_stored(conn)
    for word in WORDS:
        assert word.encode() not in stored
        if word != "Babulal":
            assert word in shown(conn, case.id)
    assert "Babulal" in repr(dict(suspect_store.require(conn, "x1").values))
    # Nor does a record that is printed by mistake show it.
    for item in (*care.stages_of(conn, case.id), *care.notes_of(conn, case.id), suspect_store.require(conn, "x1")):
        assert not any(word in repr(item) for word in WORDS)


def test_everything_goes_with_the_case_to_another_owner_and_its_key_leaves_the_old_one(conn: Connection, world) -> None:
    old, new = world.partner(conn), world.partner(conn)
    case = world.case(conn, owner_id=old.id)
    fill(conn, world, case.id, new.id)
    before, seq = shown(conn, case.id), changes.latest_seq(conn)
    old_key = conn.scalar(select(record_keys.c.partner_key_id).where(record_keys.c.case_id == case.id))

    referrals.hand_over(conn, case.id, new.id, world.later(hours=1))

    (row,) = conn.execute(select(record_keys).where(record_keys.c.case_id == case.id)).all()
    assert row.partner_key_id != old_key
    assert conn.scalar(select(record_keys.c.case_id).where(record_keys.c.partner_key_id == old_key)) is None
    assert cases.require_case(conn, case.id).owner_id == new.id
    assert cases.require_case(conn, case.id).payload == case.payload
    assert [(one.case_id, one.kind) for one in changes.since(conn, seq, 10)] == [(case.id, "owner")]
    assert shown(conn, case.id) == before
    # The old owner's key may go altogether, and everything still opens.
    keys.rotate_partner(conn, old.id, world.later(hours=2), PARTNER_SEALED)
    assert shown(conn, case.id) == before
    assert [item.id for item in follow_ups.due(conn, new.id, date(2030, 1, 1))] == ["f2"]
    assert follow_ups.due(conn, old.id, date(2030, 1, 1)) == []


def test_a_partner_that_has_the_number_already_clashes(conn: Connection, world) -> None:
    old, new = world.partner(conn), world.partner(conn)
    case = world.case(conn, owner_id=old.id, external_id="A-1")
    for side, number, expected in (("rescued", "A-1", False), ("missing", "A-2", False), ("missing", "A-1", True)):
        world.case(conn, side, owner_id=new.id, external_id=number)
        assert referrals.clashes(conn, case.id, new.id) is expected
    nameless = world.case(conn, owner_id=old.id)
    world.case(conn, owner_id=new.id)
    assert not referrals.clashes(conn, nameless.id, new.id)


def test_numbers_of_cases_given_away_are_known(conn: Connection, world) -> None:
    old, new = world.partner(conn), world.partner(conn)
    case = world.case(conn, owner_id=old.id, external_id="A-1")
    world.case(conn, owner_id=old.id, external_id="A-2")
    referrals.add(
        conn, referral_id="r1", case_id=case.id, kind="transfer", reason="jurisdiction", proposer_id=old.id,
        receiver_id=new.id, with_sources=False, note=None, at=world.now, by="p",
    )  # fmt: skip
    for version, (event, state) in enumerate((("accept", "accepted"), ("complete", "done")), start=1):
        assert referrals.given_away(conn, old.id, "missing", ["A-1", "A-2"]) == set()
        referrals.step(
            conn, "r1", event=event, state=state, reason=None, partner_id=new.id, at=world.now, by="p",
            expected_version=version,
        )  # fmt: skip
    referrals.hand_over(conn, case.id, new.id, world.now)
    assert referrals.given_away(conn, old.id, "missing", ["A-1", "A-2", "A-3"]) == {"A-1"}
    assert referrals.given_away(conn, old.id, "rescued", ["A-1"]) == set()
    assert referrals.given_away(conn, new.id, "missing", ["A-1"]) == set()
    assert referrals.given_away(conn, old.id, "missing", []) == set()


def test_an_erased_case_leaves_no_text_and_no_timer(conn: Connection, world) -> None:
    case = world.case(conn)
    fill(conn, world, case.id, world.partner(conn).id)
    care.forget(conn, case.id, at=world.later(days=1), by="p")
    assert [item.state for item in follow_ups.follow_ups_of(conn, case.id)] == ["done", "cancelled"]
    assert [item.state for item in referrals.referrals_of(conn, case.id)] == ["revoked"]
    assert not any(word in shown(conn, case.id) for word in WORDS)
    keys.destroy_record_key(conn, case.id)
    assert care.stages_of(conn, case.id) == []
    assert care.notes_of(conn, case.id) == []
    assert home_reports.reports_of(conn, case.id) == []
    assert home_reports.latest_hir(conn, case.id) is None
    assert follow_ups.due(conn, case.owner_id, date(2030, 1, 1)) == []
    with pytest.raises(SealBroken):
        care.add_note(conn, note_id="n2", case_id=case.id, kind="other", text="x", at=world.now, by="p")


def add_note(
    conn: Connection, world, case_id: str, note_id: str, kind: str = "other", corrects: str | None = None
) -> None:
    care.add_note(conn, note_id=note_id, case_id=case_id, kind=kind, text="x", at=world.now, by="p", corrects=corrects)


def test_an_entry_is_corrected_once(database, world) -> None:
    with database.write() as conn:
        case = world.case(conn)
        add_note(conn, world, case.id, "n1")
        add_note(conn, world, case.id, "n2", corrects="n1")
    with pytest.raises(ConstraintViolated, match="corrects"), database.write() as conn:
        add_note(conn, world, case.id, "n3", corrects="n1")


def test_a_home_report_is_corrected_by_a_later_version(conn: Connection, world) -> None:
    case = world.case(conn)
    assert home_reports.latest_hir(conn, case.id) is None
    fill(conn, world, case.id, world.partner(conn).id)
    with pytest.raises(VersionConflict):
        home_reports.receive(
            conn, "h1", outcome="unsafe", visited_on=date(2024, 2, 21), role="officer", narrative=None, at=world.now,
            by="p", expected_version=0,
        )  # fmt: skip
    home_reports.receive(
        conn, "h1", outcome="unsafe", visited_on=date(2024, 2, 21), role="officer", narrative=None, at=world.now,
        by="p", expected_version=1,
    )  # fmt: skip
    latest = home_reports.latest_hir(conn, case.id)
    assert latest == home_reports.LatestHir("h1", 2, "unsafe", date(2024, 2, 21), outstanding=False)
    (report,) = home_reports.reports_of(conn, case.id)
    assert [finding.outcome for finding in report.findings] == ["safe", "unsafe"]
    home_reports.request(conn, report_id="h2", case_id=case.id, due_on=date(2024, 5, 1), at=world.now, by="p", unit="u")
    latest = home_reports.latest_hir(conn, case.id)
    assert latest is not None
    assert (latest.outcome, latest.outstanding) == ("unsafe", True)
    # Received later, of an earlier visit: the later visit still counts.
    home_reports.receive(
        conn, "h2", outcome="safe", visited_on=date(2024, 2, 1), role="officer", narrative=None,
        at=world.later(days=9), by="p", expected_version=0,
    )  # fmt: skip
    latest = home_reports.latest_hir(conn, case.id)
    assert latest is not None
    assert (latest.report_id, latest.outcome) == ("h1", "unsafe")
    with pytest.raises(RowMissing):
        home_reports.receive(
            conn, "h9", outcome="safe", visited_on=date(2024, 2, 1), role="r", narrative=None, at=world.now, by="p",
            expected_version=0,
        )  # fmt: skip


def test_another_day_of_return_starts_the_timers_anew_and_the_same_one_does_not(conn: Connection, world) -> None:
    case = world.case(conn)

    def schedule(day: date, *ids: str) -> list[tuple[str, str, str | None]]:
        timers = [Timer(name, number, date(2024, 1 + number, 1)) for number, name in enumerate(ids, start=1)]
        follow_ups.schedule(conn, case.id, source="stage", returned_on=day, timers=timers, at=world.now, by="p")
        return [(item.id, item.state, item.outcome) for item in follow_ups.follow_ups_of(conn, case.id)]

    assert schedule(date(2024, 1, 1), "a", "b") == [("a", "due", None), ("b", "due", None)]
    assert schedule(date(2024, 1, 1), "c", "d") == [("a", "due", None), ("b", "due", None)]
    follow_ups.settle(conn, "a", state="missed", outcome="refused", note=None, at=world.now, by="p")
    assert not follow_ups.settle(conn, "a", state="done", outcome="well", note=None, at=world.now, by="p")
    assert not follow_ups.settle(conn, "none", state="done", outcome="well", note=None, at=world.now, by="p")
    assert schedule(date(2024, 1, 2), "e", "f") == [
        ("a", "missed", "refused"), ("e", "due", None), ("b", "cancelled", "return_corrected"), ("f", "due", None),
    ]  # fmt: skip
    # Back to the first day: what was settled for it stays settled, what was cancelled is due again.
    assert schedule(date(2024, 1, 1), "g", "h")[2:] == [
        ("b", "cancelled", "return_corrected"), ("f", "cancelled", "return_corrected"), ("h", "due", None),
    ]  # fmt: skip


def test_the_agenda_comes_in_pages_without_gaps(conn: Connection, world) -> None:
    owner = world.partner(conn)
    made = []
    for number in range(7):
        case = world.case(conn, owner_id=owner.id)
        day = date(2024, 3, 1 + number // 3)
        follow_ups.schedule(
            conn, case.id, source="return", returned_on=date(2024, 2, 1), timers=[Timer(f"f{number}", 1, day)],
            at=world.now, by="p",
        )  # fmt: skip
        made.append((day, f"f{number}"))
    seen: list[tuple[date, str]] = []
    while page := follow_ups.due(conn, owner.id, date(2024, 3, 3), after=seen[-1] if seen else None, limit=2):
        seen += [(item.due_on, item.id) for item in page]
    assert seen == sorted(made)
    assert [item.id for item in follow_ups.due(conn, owner.id, date(2024, 3, 1))] == ["f0", "f1", "f2"]


def test_a_referral_is_active_between_acceptance_and_its_end(conn: Connection, world) -> None:
    case, receiver = world.case(conn), world.partner(conn)
    fill(conn, world, case.id, receiver.id)

    def step(event: str, state: str, version: int) -> bool:
        referrals.step(
            conn, "r1", event=event, state=state, reason=None, partner_id=receiver.id, at=world.now, by="p",
            expected_version=version,
        )  # fmt: skip
        return referrals.active_referral(conn, case.id, receiver.id)

    assert not referrals.active_referral(conn, case.id, receiver.id)
    assert step("accept", "accepted", 1)
    assert not referrals.active_referral(conn, case.id, case.owner_id)
    with pytest.raises(VersionConflict):
        step("complete", "done", 1)
    assert not step("complete", "done", 2)
    assert [event.event for event in referrals.events_of(conn, "r1")] == ["propose", "accept", "complete"]
    with pytest.raises(RowMissing):
        referrals.require(conn, "none")


def test_a_suspect_has_a_key_of_his_own_that_follows_his_units_and_is_destroyed(conn: Connection, world) -> None:
    unit = world.partner(conn)
    values = {"names": [{"value": "Babulal", "said_by": "a cook"}]}
    made = suspect_store.add(conn, suspect_id="x1", owner_id=unit.id, values=values, at=world.now, by="p")
    assert (made.version, made.status, dict(made.values)) == (1, "open", values)
    done = keys.rotate_partner(conn, unit.id, world.later(hours=1), PARTNER_SEALED)
    assert done.record_keys == 1
    assert dict(suspect_store.require(conn, "x1").values) == values
    more = values | {"phones": [{"value": "1"}]}
    with pytest.raises(VersionConflict):
        suspect_store.replace(conn, "x1", more, at=world.now, by="p", expected_version=2)
    suspect_store.replace(conn, "x1", more, at=world.now, by="q", expected_version=1)
    assert [(one.version, dict(one.values), one.by) for one in suspect_store.versions_of(conn, "x1")] == [
        (1, values, "p"), (2, more, "q"),
    ]  # fmt: skip
    case = world.case(conn)
    assert suspect_store.link(conn, "x1", case.id, "recruiter", at=world.now, by="p")
    assert not suspect_store.link(conn, "x1", case.id, "recruiter", at=world.now, by="p")
    assert [one.relation for one in suspect_store.links_of_case(conn, case.id, unit.id)] == ["recruiter"]
    assert suspect_store.links_of_case(conn, case.id, case.owner_id) == []

    erased = suspect_store.erase(conn, "x1", world.later(days=1))
    assert (erased.status, dict(erased.values)) == ("erased", {})
    assert conn.execute(select(suspect_keys)).all() == []
    assert suspect_store.versions_of(conn, "x1") == []
    assert suspect_store.links_of(conn, "x1") == []
    assert [one.id for one in suspect_store.page(conn, unit.id, status="erased", limit=9)] == ["x1"]
    for change in (
        lambda: suspect_store.replace(conn, "x1", more, at=world.now, by="p", expected_version=2),
        lambda: suspect_store.set_status(conn, "x1", "open", world.now),
    ):
        with pytest.raises(RowMissing):
            change()


def test_the_link_of_an_erased_case_goes(conn: Connection, world) -> None:
    case = world.case(conn)
    suspect_store.add(conn, suspect_id="x1", owner_id=case.owner_id, values={"names": []}, at=world.now, by="p")
    for relation in ("recruiter", "named"):
        suspect_store.link(conn, "x1", case.id, relation, at=world.now, by="p")
    assert not suspect_store.unlink(conn, "x1", case.id, "exploiter")
    assert suspect_store.unlink(conn, "x1", case.id, "named")
    assert suspect_store.forget_case(conn, case.id) == 1
    assert suspect_store.links_of(conn, "x1") == []


def test_words_that_are_on_no_list_are_refused(database, world) -> None:
    with database.write() as conn:
        case = world.case(conn)
    with pytest.raises(ConstraintViolated, match="kind"), database.write() as conn:
        add_note(conn, world, case.id, "n1", kind="gossip")
    with pytest.raises(ConstraintViolated, match="stage"), database.write() as conn:
        care.add_stage(
            conn, event_id="s1", case_id=case.id, stage="elsewhere", entered_on=date(2024, 1, 1), at=world.now, by="p"
        )
