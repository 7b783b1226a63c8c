"""Nobody answers: who hears of it, when, and what ends it. On SQLite and PostgreSQL."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from api.alerts import answering, attention_loop
from api.alerts.attention_loop import AttentionLoop
from api.alerts.settling import close_alerts_of
from api.matches.withholding import end_all_unshared
from api.store import agreements, alerts, audit, consents, inbox, partners
from api.store.answers import answers
from api.store.tables import cases as cases_table

from .conftest import World
from .watch import EVERYBODY, MONDAY, Watch


@pytest.fixture
def watch(world: World) -> Watch:
    return Watch(world.database)


def test_a_critical_alert_climbs_by_the_clock_until_nobody_is_left(watch: Watch) -> None:
    watch.now = MONDAY + timedelta(days=5)  # a Saturday: for critical alerts it is a day as any other
    first = watch.alert("critical")
    assert watch.pass_hours(1.9) == {}
    assert watch.pass_hours(0.1) == {"reminder": 1}
    assert watch.pass_hours(2) == {"escalated": 1}
    below = first
    for who, name in (("nodal", "The unit"), ("centre", "The nodal"), ("focal", "The centre")):
        (told,) = watch.inbox(who)
        assert (told.about_id, told.event, told.priority, told.other_organisation) == (
            below, "escalated", "critical", name
        )  # fmt: skip
        assert told.due_at == watch.now + timedelta(hours=4)
        assert watch.read(below).state == "escalated"
        below = told.id
        assert watch.pass_hours(2) == {"reminder": 1}
        assert watch.pass_hours(2) == {"escalated": 1}
    assert watch.happened(below) == ["reminded", "missed"]
    assert watch.pass_hours(1000) == {}
    with watch.database.read() as conn:
        told_of = [entry.action for entry in audit.entries(conn, subject=first, limit=10)]
    assert told_of == ["alert.escalated"]


def test_a_standard_alert_waits_for_the_office(watch: Watch) -> None:
    watch.now = MONDAY + timedelta(days=4, hours=6.5)  # Friday, 16:00; one hour and a half until it closes
    alert_id = watch.alert()
    alert = watch.read(alert_id)
    assert (alert.due_at, alert.act_by) == (watch.now + timedelta(days=3), watch.now + timedelta(days=5))
    assert alert.next_step_at == MONDAY + timedelta(days=7, hours=2.5)  # four open hours of eight: Monday, 12:00
    assert watch.pass_hours(67) == {}
    assert watch.pass_hours(1) == {"reminder": 1}
    assert len(watch.messages(alert_id)) == 2
    assert watch.pass_hours(4) == {"escalated": 1}
    assert watch.inbox("nodal")[0].due_at == watch.now + timedelta(hours=24)  # it is always there


def test_who_acknowledges_and_does_not_act_has_not_answered(watch: Watch) -> None:
    alert_id = watch.alert("critical")
    watch.pass_hours(1)
    watch.acknowledge(alert_id)
    assert watch.pass_hours(11.5) == {"act_reminder": 1}
    assert watch.pass_hours(11.5) == {"lapsed": 1}
    alert = watch.read(alert_id)
    assert (alert.acknowledged_at, alert.acknowledged_by, alert.state) == (None, None, "escalated")
    first_due = (watch.now - timedelta(hours=20)).isoformat()
    assert watch.details(alert_id, "lapsed") == [{"acknowledged_by": "officer", "due_at": first_due}]
    assert (alert.due_at, alert.next_step_at) == (watch.now + timedelta(hours=4), watch.now + timedelta(hours=4))
    with watch.database.read() as conn:
        (judged,) = answers(conn, ["unit"], MONDAY)
    assert judged.due_at.isoformat() == first_due, "the report judges by the first one"
    assert len(watch.messages(alert_id)) == 3, "the alert, the reminder to act, and that it is asked for anew"
    assert len(watch.inbox("nodal")) == 1
    again = watch.acknowledge(alert_id)
    assert (again.state, again.act_by) == ("acknowledged", watch.now + timedelta(hours=24))
    watch.now += timedelta(hours=24)
    watch.loop.run_due()
    assert watch.happened(alert_id)[-1] == "still_escalated"  # above, it is still open
    assert len(watch.inbox("nodal")) == 1


def test_who_does_not_take_up_again_what_has_lapsed_is_told_of_once_more(watch: Watch) -> None:
    alert_id = watch.alert("critical")
    watch.acknowledge(alert_id)
    assert watch.pass_hours(24) == {"lapsed": 1}
    (above,) = watch.inbox("nodal")
    watch.act(above.id)
    watch.pass_hours(4)
    assert watch.happened(alert_id)[-1] == "escalated"
    assert len(watch.inbox("nodal")) == 2
    assert watch.read(alert_id).next_step_at is None


@pytest.mark.parametrize("channels", [["inbox"], None])
def test_a_reminder_and_what_has_lapsed_come_into_the_inbox_again(watch: Watch, channels: list[str] | None) -> None:
    with watch.database.write() as conn:
        partners.change_partner(conn, "unit", {"channels": channels})

    def heard_since(seq: int) -> list[str]:
        with watch.database.read() as conn:
            return [one.alert.id for one in inbox.since(conn, "unit", seq, 10)]

    def newest() -> int:
        with watch.database.read() as conn:
            return inbox.latest_seq(conn)

    first, second = watch.alert("critical"), watch.alert("critical")
    watch.acknowledge(second)
    seq = newest()
    assert watch.pass_hours(2) == {"reminder": 1}
    assert heard_since(seq) == [first]
    watch.act(first)
    seq, before = newest(), watch.now
    watch.pass_hours(10)
    assert heard_since(seq) == [second]
    seq, before = newest(), watch.now
    watch.pass_hours(12)
    assert heard_since(seq) == [second], "it has lapsed"
    with watch.database.read() as conn:
        changed = alerts.list_alerts(conn, "unit", updated_since=before + timedelta(minutes=1))
        after_first = inbox.since(conn, "unit", inbox.seq_after(conn, "unit", first), 10)
        after_second = inbox.since(conn, "unit", inbox.seq_after(conn, "unit", second), 10)
        last = inbox.mark_of(after_second[-1])
        assert inbox.since(conn, "unit", inbox.seq_after(conn, "unit", last), 10) == [], "heard once is enough"
        assert inbox.seq_after(conn, "unit", f"{second}@{10**17}") == inbox.latest_seq(conn)
    assert [(alert.id, alert.steps) for alert in changed] == [(second, 2)]
    assert second in [one.alert.id for one in after_first]
    assert second in [one.alert.id for one in after_second], "heard before or after it came again, nobody knows"


@pytest.mark.parametrize("ends", ["act", "decide"])
def test_acting_ends_it_and_what_stands_above(watch: Watch, ends: str) -> None:
    alert_id = watch.alert("critical")
    watch.pass_hours(4)
    watch.pass_hours(4)
    if ends == "act":
        assert watch.act(alert_id).state == "actioned"
    else:
        assert watch.decide("unit") == 1
    alert = watch.read(alert_id)
    assert (alert.actioned_by, alert.acknowledged_at, alert.next_step_at) == ("officer", watch.now, None)
    for above in ("nodal", "centre"):
        (told,) = watch.inbox(above)
        assert (told.state, told.closed_at, told.next_step_at) == ("closed", watch.now, None)
    assert watch.pass_hours(500) == {}
    assert watch.act(alert_id) == alert
    assert watch.decide("unit") == 0


def test_no_message_goes_out_of_what_has_ended(watch: Watch) -> None:
    settled, answered = watch.alert("critical", to="keeper"), watch.alert("critical")
    watch.deliver(settled)
    watch.pass_hours(4)
    (above,) = (told for told in watch.inbox("nodal") if told.about_id == answered)
    watch.act(answered)
    assert {message.state for message in watch.messages(above.id)} == {"dead_letter"}
    waiting = watch.alert("critical", to="keeper")
    with watch.database.write() as conn:
        close_alerts_of(conn, "match", "verified", "officer", watch.now)
    assert {message.state for message in watch.messages(waiting)} == {"dead_letter"}
    assert "delivered" in {message.state for message in watch.messages(settled)}, "what is out is out"


def test_no_message_goes_out_of_what_is_due_no_longer(watch: Watch) -> None:
    alert_id = watch.alert("critical")
    with watch.database.write() as conn:
        found = alerts.get_alert(conn, alert_id)
        assert found is not None
        answering.close(conn, found, {"why": "no longer due"}, watch.now)
    assert {message.state for message in watch.messages(alert_id)} == {"dead_letter"}


def test_who_may_not_know_is_passed_over_and_named(world: World) -> None:
    watch = Watch(world.database, agreed=tuple(one for one in EVERYBODY if one != "nodal"))
    alert_id = watch.alert("critical")
    watch.pass_hours(4)
    assert (watch.inbox("nodal"), [told.about_id for told in watch.inbox("centre")]) == ([], [alert_id])
    (detail,) = watch.details(alert_id, "escalated")
    assert detail["passed_over"] == [{"level": "nodal", "partner": "nodal", "why": "no agreement"}]
    assert detail["to"] == "centre"


def test_consent_is_asked_for_each_class(world: World) -> None:
    watch = Watch(world.database, shared=("ngo",))
    alert_id = watch.alert("critical", to="keeper")
    assert watch.pass_hours(4) == {"escalated": 1}
    (detail,) = watch.details(alert_id, "missed")
    assert [one["why"] for one in detail["passed_over"]] == ["there is none", "no consent", "no consent"]
    assert not any(watch.inbox(above) for above in ("nodal", "centre", "focal"))


@pytest.mark.parametrize("ends", ["consent", "agreement"])
def test_who_may_not_know_any_more_is_reminded_no_more(world: World, ends: str) -> None:
    watch = Watch(world.database)
    unit, keeper, escalated = watch.alert("critical"), watch.alert("critical", to="keeper"), watch.alert("critical")
    watch.deliver(unit)
    watch.act(escalated)
    with watch.database.write() as conn:
        if ends == "agreement":  # until now; nobody has looked for what it ends
            agreements.leave(conn, "pact", "unit", at=watch.now, by="test")
        else:
            for consent in consents.consents_of(conn, "missing"):
                consents.withdraw(conn, consent.id, at=watch.now, by="person")
    assert watch.pass_hours(2) == ({"reminder": 1} if ends == "consent" else {})  # the keeper knows its own report
    alert = watch.read(unit)
    assert (alert.state, alert.closed_at, alert.next_step_at) == ("closed", watch.now, None)
    assert watch.details(unit, "closed") == [{"reason": "not_shared"}]
    assert [message.state for message in watch.messages(unit)] == ["delivered"]
    assert len(watch.messages(keeper)) == (2 if ends == "consent" else 1)
    assert watch.recall() >= 1
    assert "recalled" in [told.event for told in watch.inbox("unit")], "it was told, and hears that it is over"


@pytest.mark.parametrize("noticed", [True, False], ids=["at once", "at its next step"])
def test_what_waited_for_one_that_takes_part_no_longer_goes_to_whoever_stands_above(
    world: World, noticed: bool
) -> None:
    watch = Watch(world.database)
    alert_id = watch.alert("critical", to="nodal")
    with watch.database.write() as conn:
        partners.change_partner(conn, "nodal", {"active": False})
    if noticed:
        end_all_unshared(watch.database, watch.now)
    assert watch.read(alert_id).state != "closed", "nobody is told yet"
    assert watch.pass_hours(0 if noticed else 2) == {"escalated": 1}
    assert watch.read(alert_id).state == "closed"
    (above,) = watch.inbox("centre")
    assert (above.event, above.about_id, above.closed_at) == ("escalated", alert_id, None)
    assert above.due_at is not None
    assert above.due_at > watch.now
    assert {message.state for message in watch.messages(alert_id)} == {"dead_letter"}, "it is spoken to no more"
    assert len(watch.messages(alert_id)) == 1
    assert watch.pass_hours(4) == {"escalated": 1}, "the centre is waited for as ever"


def test_what_waited_for_one_without_agreement_ends_though_it_takes_part_no_longer(world: World) -> None:
    watch = Watch(world.database)
    alert_id = watch.alert("critical", to="nodal")
    with watch.database.write() as conn:
        partners.change_partner(conn, "nodal", {"active": False})
        agreements.leave(conn, "pact", "nodal", at=watch.now, by="test")
    assert watch.pass_hours(2) == {}
    assert (watch.read(alert_id).state, watch.inbox("centre")) == ("closed", [])


@pytest.mark.parametrize(("levels", "known"), [(1, "at once"), (2, "at once"), (1, "at its next step")])
def test_where_one_above_may_know_no_more_the_next_is_told(world: World, levels: int, known: str) -> None:
    watch = Watch(world.database)
    alert_id = watch.alert("critical")
    for _ in range(levels):
        assert watch.pass_hours(4) == {"escalated": 1}
    with watch.database.write() as conn:
        agreements.leave(conn, "pact", "nodal", at=watch.now, by="test")
    if known == "at once":
        end_all_unshared(watch.database, watch.now)
    for _ in range(4):
        watch.pass_hours(2)
    assert {one.state for one in watch.inbox("nodal")} == {"closed"}
    (waited_for,) = [one for one in watch.inbox("centre") if one.state != "closed"]
    assert waited_for.about_id == alert_id
    assert watch.happened(alert_id).count("escalated") == 2
    watch.act(alert_id)
    assert watch.read(waited_for.id).state == "closed"


def test_of_a_duty_too_nobody_is_reminded_who_may_know_no_more(world: World) -> None:
    watch = Watch(world.database)
    duty = {"kind": "clock", "event": "follow_up", "match_id": None, "grade": None, "subject_id": "rescued"}
    alert_id = watch.alert(**duty, own_case_id="rescued")
    while not watch.inbox("nodal"):
        watch.pass_hours(1)
    (above,) = watch.inbox("nodal")
    watch.deliver(above.id)
    with watch.database.write() as conn:
        agreements.leave(conn, "pact", "nodal", at=watch.now, by="test")
    while watch.read(above.id).state != "closed":
        watch.pass_hours(1)
    assert len(watch.messages(above.id)) == 1
    watch.pass_hours(1)
    (centre,) = watch.inbox("centre")
    assert (centre.about_id, centre.kind) == (alert_id, "clock")


def test_who_is_silent_is_not_named_where_that_tells_where_she_is(world: World) -> None:
    watch = Watch(world.database, protected=True)
    watch.alert("critical")
    watch.pass_hours(4)
    watch.pass_hours(4)
    for above in ("nodal", "centre"):
        (told,) = watch.inbox(above)
        assert (told.other_organisation, told.withheld) == (None, {"other_organisation": "protected_location"})


@pytest.mark.parametrize("rule", ["destination_ahtu", "destination_partner", "owner_rescued"])
def test_a_unit_of_the_place_where_she_was_found_is_named_nowhere_above_it(world: World, rule: str) -> None:
    watch = Watch(world.database, protected=True)
    with watch.database.write() as conn:  # it holds nothing of hers, and is told by where it stands
        partners.add_partner(
            conn, partner_id="near", name="The near", kind="ngo", country="IN", language="en", at=watch.now,
            areas=["IN/WB/nadia"], email="near@example.org",
        )  # fmt: skip
        everybody = sorted((*EVERYBODY, "near"))
        agreements.add_agreement(
            conn, agreement_id="near", reference="MoU", parties=everybody, valid_from=watch.now, valid_until=None,
            at=watch.now, by="test", accepted=everybody,
        )  # fmt: skip
    first = watch.alert("critical", to="near", rule=rule)
    watch.pass_hours(4)
    watch.pass_hours(4)
    for above in ("nodal", "centre"):
        (told,) = watch.inbox(above)
        assert (told.other_organisation, told.withheld) == (None, {"other_organisation": "protected_location"})
    watch.deliver(first)
    watch.recall()
    watch.pass_hours(25)
    (recall,) = [told for told in watch.inbox("near") if told.event == "recalled"]
    above_recall = [told for told in watch.inbox("nodal") if told.about_id == recall.id]
    assert [told.other_organisation for told in above_recall] == [None]


def test_a_unit_of_the_familys_place_is_named(world: World) -> None:
    watch = Watch(world.database, protected=True)
    with watch.database.write() as conn:  # the record of the missing child is protected as well: not of this test
        conn.execute(update(cases_table).where(cases_table.c.id == "missing").values(protect_location=False))
    watch.alert("critical", to="keeper", rule="source_partner")
    watch.pass_hours(4)
    (told,) = watch.inbox("centre")
    assert told.other_organisation == "The keeper"


def test_a_late_pass_takes_the_step_that_is_due_by_now(watch: Watch) -> None:
    alert_id = watch.alert("critical")
    assert watch.pass_hours(30) == {"escalated": 1}
    assert watch.happened(alert_id) == ["escalated"]
    assert len(watch.messages(alert_id)) == 1


def test_an_alert_that_cannot_be_stepped_holds_up_no_other(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [watch.alert("critical") for _ in range(4)]
    step = attention_loop.take_step

    def fail_at_one(conn, alert, *rest):
        if alert.id == ids[1]:
            raise ZeroDivisionError
        return step(conn, alert, *rest)

    monkeypatch.setattr(attention_loop, "take_step", fail_at_one)
    with caplog.at_level(logging.ERROR):
        assert watch.pass_hours(2) == {"reminder": 3}
    assert ids[1] in caplog.text
    monkeypatch.undo()
    assert watch.pass_hours(0.1) == {"reminder": 1}


def test_two_processes_take_each_step_once(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention_loop, "BATCH", 3)
    ids = [watch.alert("critical") for _ in range(12)]
    watch.now += timedelta(hours=4)
    loops = [AttentionLoop(watch.database, lambda: watch.now, watch.random) for _ in range(2)]
    done: list[int] = []
    threads = [
        threading.Thread(target=lambda loop=loop: done.append(loop.run_due().get("escalated", 0))) for loop in loops
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == len(ids)
    assert sorted(told.about_id for told in watch.inbox("nodal")) == sorted(ids)
    assert all(watch.happened(alert_id) == ["escalated"] for alert_id in ids)


def test_one_digest_a_day_at_the_opening_of_what_came_before(watch: Watch) -> None:
    watch.now = MONDAY - timedelta(hours=10)
    early = [watch.alert("digest") for _ in range(2)]
    seen = watch.alert("digest")
    watch.acknowledge(seen)
    assert watch.messages(early[0]) == []
    assert watch.pass_hours(9.9) == {}
    assert watch.pass_hours(0.2) == {"digest": 1}
    late = watch.alert("digest")
    assert watch.pass_hours(5) == {}
    digest = next(alert for alert in watch.inbox("unit") if alert.kind == "digest")
    assert (digest.event, digest.priority, digest.due_at) == ("daily", "digest", None)
    assert [watch.read(one).digest_id for one in (*early, seen, late)] == [digest.id, digest.id, None, None]
    assert len(watch.messages(digest.id)) == 1
    assert watch.pass_hours(24) == {"digest": 1}
    assert watch.pass_hours(24) == {}  # nothing came


def test_a_digest_waits_while_the_office_is_closed(watch: Watch) -> None:
    watch.now = MONDAY + timedelta(days=4, hours=2)  # Friday
    watch.alert("digest")
    assert watch.pass_hours(24) == watch.pass_hours(24) == {}
    assert watch.pass_hours(24) == {"digest": 1}


def test_quiet_holds_messages_and_never_the_inbox(watch: Watch) -> None:
    with watch.database.write() as conn:
        quiet = {"until": None, "kinds": ["digest"], "grades": ["possible"], "outside_hours": True}
        partners.change_partner(conn, "unit", {"quiet": quiet})
    watch.now = MONDAY - timedelta(hours=3)
    standard, silenced = watch.alert(), watch.alert(grade="possible")
    critical = watch.alert("critical", grade="possible")
    escalated = watch.alert(event="escalated", grade="possible")
    assert [message.next_attempt_at for message in watch.messages(standard)] == [MONDAY]
    assert watch.messages(silenced) == []
    for told in (critical, escalated):
        assert [message.next_attempt_at for message in watch.messages(told)] == [watch.now]
    assert len(watch.inbox("unit")) == 4


@pytest.mark.parametrize("event", ["taken_down", "escalated"])
def test_a_reminder_of_what_no_quiet_reaches_is_silenced_and_held_by_none_either(watch: Watch, event: str) -> None:
    with watch.database.write() as conn:
        quiet = {"until": None, "kinds": ["bulletin"], "grades": [], "outside_hours": True}
        partners.change_partner(conn, "unit", {"quiet": quiet})
    watch.now = MONDAY - timedelta(hours=3)
    about: dict[str, Any] = {"kind": "bulletin", "match_id": None, "subject_id": "bul-1", "grade": None, "act_by": None}
    told, silenced = watch.alert(event=event, **about), watch.alert(event="published", **about)
    first = watch.now
    assert watch.pass_hours(15) == {"reminder": 2}
    assert [message.next_attempt_at for message in watch.messages(told)] == [first, watch.now]
    assert watch.messages(silenced) == []
