"""What was told is taken back from everybody who was told, once, and acknowledged. On SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.access import CASE_WORK, AccessScope
from api.alerts.recalling import recall_subject
from api.alerts.service import AlertService
from api.store import consents, partners

from .conftest import World
from .watch import Watch


@pytest.fixture
def watch(world: World) -> Watch:
    return Watch(world.database)


def test_everybody_who_was_told_is_told_once_and_asked_to_acknowledge(watch: Watch) -> None:
    told = [watch.alert("critical"), watch.alert("standard"), watch.alert("critical", to="keeper")]
    for alert_id in told:
        watch.deliver(alert_id)
    waiting = watch.alert("critical", to="keeper")
    assert watch.recall() == 2
    for alert_id in (*told, waiting):
        alert = watch.read(alert_id)
        assert (alert.state, alert.closed_at, alert.next_step_at) == ("recalled", watch.now, None)
        assert watch.details(alert_id, "recalled") == [{"reason": "rejected"}]
    assert [message.state for message in watch.messages(waiting)] == ["dead_letter"]
    (recall,) = [alert for alert in watch.inbox("unit") if alert.event == "recalled"]
    assert recall.about_id in told[:2]
    assert (recall.priority, recall.act_by) == ("standard", None)
    assert recall.due_at == watch.now + timedelta(hours=24)
    assert [message.state for message in watch.messages(recall.id)] == ["queued"]
    assert watch.recall() == 0  # nothing stands any more
    watch.pass_hours(2)
    assert watch.acknowledge(recall.id).next_step_at is None


def test_a_recall_that_nobody_acknowledges_goes_to_whoever_knew_of_the_match(watch: Watch) -> None:
    watch.deliver(watch.alert("critical"))
    watch.deliver(watch.alert("critical", to="centre"))
    with watch.database.write() as conn:
        for consent in consents.consents_of(conn, "rescued"):
            consents.withdraw(conn, consent.id, at=watch.now, by="person")
    watch.recall("withdrawn")
    (recall,) = [alert for alert in watch.inbox("unit") if alert.event == "recalled"]
    assert watch.pass_hours(4)["reminder"] == 1
    watch.pass_hours(20)
    (detail,) = watch.details(recall.id, "escalated")
    assert (detail["to"], detail["passed_over"]) == (
        "centre",
        [{"level": "nodal", "partner": "nodal", "why": "no consent"}],
    )


def test_who_never_heard_finds_it_in_the_inbox_without_a_message(watch: Watch) -> None:
    watch.alert("critical")
    watch.alert("critical", to="keeper")
    with watch.database.write() as conn:
        partners.set_active(conn, "keeper", False)
    assert watch.recall() == 1
    (recall,) = [alert for alert in watch.inbox("unit") if alert.event == "recalled"]
    assert (watch.messages(recall.id), recall.due_at, recall.next_step_at) == ([], None, None)
    assert [alert.event for alert in watch.inbox("keeper")] == ["new"]


@pytest.mark.parametrize("how", ["listed", "read", "acknowledged"])
def test_who_looked_into_the_inbox_has_heard(watch: Watch, how: str) -> None:
    alert_id = watch.alert("critical")
    scope = AccessScope("unit", "officer", "ahtu", (), frozenset(CASE_WORK))
    inbox = AlertService(watch.database, lambda: watch.now)
    if how == "listed":
        inbox.page(scope, state=None, after=None, limit=1)
    elif how == "read":
        inbox.read(alert_id, scope)
    else:
        inbox.acknowledge(alert_id, scope)
    watch.recall()
    (recall,) = [alert for alert in watch.inbox("unit") if alert.event == "recalled"]
    assert (len(watch.messages(recall.id)), recall.due_at) == (1, watch.now + timedelta(hours=24))


def test_what_is_told_anew_is_recalled_anew_and_recalls_are_not(watch: Watch) -> None:
    watch.deliver(watch.alert("critical"))
    watch.recall()
    first = next(alert for alert in watch.inbox("unit") if alert.event == "recalled")
    watch.pass_hours(100)  # the recall itself is escalated
    watch.deliver(watch.alert("critical"))
    assert watch.recall("superseded") == 1
    assert watch.read(first.id).state != "recalled"
    assert [alert.event for alert in watch.inbox("nodal")] == ["escalated"]


def test_a_bulletin_is_taken_down(watch: Watch) -> None:
    bulletin = {"kind": "bulletin", "event": "published", "match_id": None, "subject_id": "bulletin-1", "grade": None}
    watch.deliver(watch.alert("standard", **bulletin))
    with watch.database.write() as conn:
        down = (conn, "bulletin", "bulletin-1", "taken_down", "found", watch.now, watch.random)
        assert recall_subject(*down) == 1
        assert recall_subject(*down) == 0
        with pytest.raises(ValueError, match="takes nothing back"):
            recall_subject(conn, "bulletin", "bulletin-1", "published", "found", watch.now, watch.random)
    (recall,) = [alert for alert in watch.inbox("unit") if alert.event == "taken_down"]
    assert (recall.kind, recall.subject_id, recall.act_by) == ("bulletin", "bulletin-1", None)
