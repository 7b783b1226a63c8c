"""From the outbox to real sockets and back: every way in which a delivery can go."""

import json
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from api.alerts.delivery import DeliverySettings
from api.alerts.errors import InvalidDeliverySettings
from api.alerts.outcomes import SCHEDULE, SendResult
from api.sinks import MailSink, Response, WebhookReceiver
from api.store import audit, outbox, outbox_lanes, partners

from .conftest import SECRET, World


class Recorder:
    """A webhook sender that only writes down, and answers as it is told."""

    def __init__(self, answer: Callable[[str], SendResult] | None = None) -> None:
        self.sent: list[str] = []
        self.bodies: list[bytes] = []
        self._answer = answer or (lambda _: SendResult("delivered", 204))
        self._lock = threading.Lock()

    def __call__(self, _url: str, _secret: str, message_id: str, body: bytes, _now: datetime) -> SendResult:
        with self._lock:
            self.sent.append(message_id)
            self.bodies.append(body)
        return self._answer(message_id)


def until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def test_both_channels_arrive(world: World) -> None:
    with MailSink() as inbox, WebhookReceiver(SECRET) as receiver:
        world.partner("ngo", url=receiver.url, email="officer@police.example")
        with world.database.write() as conn:
            partners.change_partner(conn, "ngo", {"time_zone": "Asia/Kolkata"})
        webhook, email = world.alert("ngo", "webhook", "email")
        dispatcher = world.dispatcher(smtp_port=inbox.port)
        assert dispatcher.run_once() == 2
        assert dispatcher.run_once() == 0

        [(webhook_id, payload)] = receiver.received
        assert webhook_id == webhook
        assert payload["data"]["alert_id"] == "al-0001"
        assert payload["data"]["link"] == "https://sandhan.example.org/console/alerts/al-0001"
        [message] = inbox.messages
        assert message["Message-ID"] == f"<{email}@sandhan.example.org>"
        assert message["To"] == "officer@police.example"
        assert " IST (" in str(message.get_body(("plain",)).get_content()), "due by the recipient's own clock"
    assert world.outcomes(webhook) == [("delivered", 204)]
    assert world.outcomes(email) == [("delivered", 250)]
    assert world.state(webhook) == world.state(email) == "delivered"


def test_a_wrong_secret_is_noticed_by_the_receiver(world: World) -> None:
    with WebhookReceiver("whsec_" + "QUJD" * 8) as receiver:
        world.partner("ngo", url=receiver.url)
        [message] = world.alert("ngo")
        world.dispatcher().run_once()
        assert receiver.received == []
        assert receiver.rejected == 1
    assert world.outcomes(message) == [("http_status", 401)]


def test_failures_are_retried_by_the_schedule_until_it_works(world: World) -> None:
    def script(number: int) -> Response:
        return Response(500, body=b"the child is called \xe2\x80\xa6") if number < 2 else Response()

    with WebhookReceiver(SECRET, script=script) as receiver:
        world.partner("ngo", url=receiver.url)
        [message] = world.alert("ngo")
        dispatcher = world.dispatcher()
        assert dispatcher.run_once() == 1
        assert world.state(message) == "retrying"
        world.clock.advance(seconds=4.9)
        assert dispatcher.run_once() == 0
        world.clock.advance(seconds=0.1)
        assert dispatcher.run_once() == 1
        world.clock.advance(seconds=299)
        assert dispatcher.run_once() == 0
        world.clock.advance(seconds=1)
        assert dispatcher.run_once() == 1
        assert {entry.webhook_id for entry in receiver.log} == {message}
        assert len({entry.body for entry in receiver.log}) == 1, "a repeated send is the same to the byte"
    assert world.outcomes(message) == [("http_status", 500), ("http_status", 500), ("delivered", 204)]
    assert world.state(message) == "delivered"
    assert "child" not in world.details(message), "what a receiver writes is not kept"


def test_after_the_tenth_failure_the_message_is_a_dead_letter(world: World) -> None:
    recorder = Recorder(lambda _: SendResult("http_status", 500))
    world.partner("ngo", url="https://hooks.partner.example")
    [message] = world.alert("ngo")
    dispatcher = world.dispatcher(webhook_sender=recorder)
    for step in SCHEDULE:
        assert world.state(message) in ("queued", "retrying")
        world.clock.advance(seconds=step.total_seconds())
        assert dispatcher.run_once() == 1
    assert world.state(message) == "dead_letter"
    world.clock.advance(days=30)
    assert dispatcher.run_once() == 0
    assert len(recorder.sent) == len(world.outcomes(message)) == 10


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_never_followed(world: World, status: int) -> None:
    with WebhookReceiver(SECRET) as elsewhere:
        to_elsewhere = Response(status, headers={"location": elsewhere.url})
        with WebhookReceiver(SECRET, script=lambda _: to_elsewhere) as receiver:
            world.partner("ngo", url=receiver.url)
            [message] = world.alert("ngo")
            world.dispatcher().run_once()
            assert receiver.requests == 1
        assert elsewhere.requests == 0
    assert world.outcomes(message) == [("redirect_refused", status)]
    assert world.state(message) == "retrying"


def test_gone_ends_the_message_and_the_webhook(world: World) -> None:
    with WebhookReceiver(SECRET, script=lambda _: Response(410)) as receiver:
        world.partner("ngo", url=receiver.url)
        [first] = world.alert("ngo")
        dispatcher = world.dispatcher()
        dispatcher.run_once()
        assert world.outcomes(first) == [("gone", 410)]
        assert world.state(first) == "dead_letter"
        assert world.get_partner("ngo").webhook_url is None
        with world.database.read() as connection:
            [entry] = audit.entries(connection, subject="ngo", limit=10)
        assert (entry.actor, entry.action, entry.detail) == ("engine", "partner.webhook_off", {"message": first})
        [second] = world.alert("ngo")
        dispatcher.run_once()
        assert receiver.requests == 1
    assert world.outcomes(second) == [("no_address", None)]
    assert world.state(second) == "dead_letter"


def test_gone_says_the_address_that_was_called_and_not_the_one_the_partner_has_moved_to(world: World) -> None:
    called: list[str] = []

    def send(url: str, _secret: str, _message: str, _body: bytes, _now: datetime) -> SendResult:
        called.append(url)
        if len(called) > 1:
            return SendResult("delivered", 204)
        with world.database.write() as connection:
            moved = "https://new.partner.example"
            partners.set_contact(connection, "ngo", email=None, webhook_url=moved, webhook_secret=SECRET)
        return SendResult("gone", 410, gone=True, final=True)

    world.partner("ngo", url="https://old.partner.example")
    [message], [behind] = world.alert("ngo"), world.alert("ngo")
    dispatcher = world.dispatcher(webhook_sender=send)
    for _ in range(3):
        dispatcher.run_once()
    assert called == ["https://old.partner.example", *["https://new.partner.example"] * 2]
    assert world.state(message) == world.state(behind) == "delivered"
    with world.database.read() as connection:
        assert audit.entries(connection, subject="ngo", limit=10) == []


@pytest.mark.parametrize(
    ("status", "header", "expected"),
    [
        (429, "90", timedelta(seconds=90)),
        (503, "90", timedelta(seconds=90)),
        (429, "1", timedelta(seconds=5)),
        (429, "999999", timedelta(hours=24)),
        (429, "soon", timedelta(seconds=5)),
        (500, "90", timedelta(seconds=5)),
    ],
)
def test_retry_after_is_honoured_where_it_has_a_meaning(
    world: World, status: int, header: str, expected: timedelta
) -> None:
    response = Response(status, headers={"retry-after": header})
    with WebhookReceiver(SECRET, script=lambda _: response) as receiver:
        world.partner("ngo", url=receiver.url)
        [message] = world.alert("ngo")
        world.dispatcher().run_once()
    assert world.message(message).next_attempt_at == world.clock() + expected


@pytest.mark.parametrize("misbehaviour", [Response(hang_s=5.0), Response(drip_s=0.05)], ids=["hangs", "drips"])
def test_a_receiver_that_takes_too_long_is_given_up(world: World, misbehaviour: Response) -> None:
    with WebhookReceiver(SECRET, script=lambda _: misbehaviour) as receiver:
        world.partner("ngo", url=receiver.url)
        [message] = world.alert("ngo")
        began = time.monotonic()
        world.dispatcher(timeout_s=0.3).run_once()
        assert time.monotonic() - began < 4.0
    assert world.outcomes(message) == [("timeout", None)]


def test_a_connection_that_breaks_is_a_failure(world: World) -> None:
    with WebhookReceiver(SECRET, script=lambda _: Response(close=True)) as receiver:
        world.partner("ngo", url=receiver.url)
        [message] = world.alert("ngo")
        world.dispatcher().run_once()
        url = receiver.url
    assert world.outcomes(message) == [("connection_failed", None)]
    world.clock.advance(seconds=5)
    world.dispatcher().run_once()
    assert world.outcomes(message)[1:] == [("connection_failed", None)], "nobody listens any more"
    assert url not in world.details(message)


def test_private_addresses_are_refused_unless_allowed(world: World) -> None:
    with WebhookReceiver(SECRET) as receiver:
        world.partner("plain", url=receiver.url)
        world.partner("literal", url=f"https://127.0.0.1:{receiver.port}/")
        world.partner("name", url=f"https://localhost:{receiver.port}/")
        messages = [world.alert(name)[0] for name in ("plain", "literal", "name")]
        assert world.dispatcher(allow_private=False).run_once() == 3
        assert receiver.requests == 0
    for message in messages:
        assert world.outcomes(message) == [("target_refused", None)]
        assert str(receiver.port) not in world.details(message)


def test_mail_that_is_refused_is_recorded_with_its_code(world: World) -> None:
    with MailSink(refuse=lambda address: "550 no such mailbox" if "gone" in address else None) as inbox:
        world.partner("good", email="officer@police.example")
        world.partner("bad", email="gone@police.example")
        [good], [bad] = world.alert("good", "email"), world.alert("bad", "email")
        assert world.dispatcher(smtp_port=inbox.port).run_once() == 2
        assert [message["To"] for message in inbox.messages] == ["officer@police.example"]
    assert world.outcomes(good) == [("delivered", 250)]
    assert world.outcomes(bad) == [("recipient_refused", 550)]
    assert "gone@" not in world.details(bad)
    assert world.state(bad) == "retrying"


def test_without_a_mail_server_mail_waits(world: World) -> None:
    world.partner("ngo", email="officer@police.example")
    [message] = world.alert("ngo", "email")
    world.dispatcher().run_once()
    assert world.outcomes(message) == [("not_configured", None)]
    assert world.state(message) == "retrying"


def test_what_can_never_be_sent_is_a_dead_letter_at_once(world: World) -> None:
    recorder = Recorder()
    world.partner("nowhere")
    world.partner("asleep", url="https://hooks.partner.example", active=False)
    world.partner("crooked", email="no address")
    world.partner("ngo", url="https://hooks.partner.example")
    messages = {
        "no_address": world.alert("nowhere", "webhook")[0],
        "recipient_inactive": world.alert("asleep", "webhook")[0],
        "invalid_message": world.alert("ngo", payload={"name": "somebody"})[0],
    }
    crooked = world.alert("crooked", "email")[0]
    assert world.dispatcher(webhook_sender=recorder).run_once() == 4
    for outcome, message in messages.items():
        assert world.outcomes(message) == [(outcome, None)]
        assert world.state(message) == "dead_letter"
    assert world.outcomes(crooked) == [("invalid_message", None)]
    assert recorder.sent == []


def test_a_broken_secret_is_a_failure_that_does_not_show_the_secret(world: World) -> None:
    with WebhookReceiver(SECRET) as receiver:
        world.partner("ngo", url=receiver.url, secret="whsec_not*base64")
        [message] = world.alert("ngo")
        world.dispatcher().run_once()
        assert receiver.requests == 0
    assert world.outcomes(message) == [("invalid_secret", None)]
    assert "not*base64" not in world.details(message)


def test_a_slow_receiver_delays_only_itself(world: World) -> None:
    release = threading.Event()

    def hang(_: int) -> Response:
        release.wait(60)
        return Response()

    with (
        WebhookReceiver(SECRET, script=hang) as slow,
        WebhookReceiver(SECRET) as fast,
    ):
        world.partner("slow", url=slow.url)
        world.partner("fast", url=fast.url)
        [first], *_ = [world.alert("slow") for _ in range(3)]
        dispatcher = world.dispatcher(workers=2)
        dispatcher.start()
        assert until(lambda: slow.requests == 1)
        # The slow one is busy now; what comes after it must not wait for it.
        for _ in range(5):
            world.alert("fast")
        dispatcher.notify()
        assert len(fast.wait_for(5)) == 5
        assert slow.requests == 1
        assert world.outcomes(first) == [], "the slow one has not answered yet"
        release.set()
        dispatcher.stop()


def test_each_recipient_gets_its_messages_in_order_and_one_at_a_time(world: World) -> None:
    lock = threading.Lock()
    in_flight: dict[str, int] = {}
    most: dict[str, int] = {}

    def send(url: str, secret: str, message_id: str, body: bytes, now: datetime) -> SendResult:
        with lock:
            in_flight[url] = in_flight.get(url, 0) + 1
            most[url] = max(most.get(url, 0), in_flight[url])
            most["all"] = max(most.get("all", 0), sum(in_flight.values()))
            order.setdefault(url, []).append(message_id)
        time.sleep(0.01)
        with lock:
            in_flight[url] -= 1
        return SendResult("delivered", 204)

    order: dict[str, list[str]] = {}
    expected: dict[str, list[str]] = {}
    for name in ("a", "b", "c"):
        world.partner(name, url=f"https://{name}.example")
    for _ in range(6):
        for name in ("a", "b", "c"):
            expected.setdefault(f"https://{name}.example", []).extend(world.alert(name))
            world.clock.advance(milliseconds=1)
    assert world.dispatcher(webhook_sender=send).run_once() == 18
    assert order == expected
    assert most.pop("all") > 1, "different recipients are served side by side"
    assert set(most.values()) == {1}


def test_nothing_is_sent_inside_a_transaction(world: World) -> None:
    def send(url: str, secret: str, message_id: str, body: bytes, now: datetime) -> SendResult:
        # Would wait for itself, if the dispatcher were in the middle of a transaction.
        with world.database.write(ordered=False) as connection:
            assert outbox.pending_count(connection) == 1
        return SendResult("delivered", 204)

    world.partner("ngo", url="https://hooks.partner.example")
    [message] = world.alert("ngo")
    assert world.dispatcher(webhook_sender=send).run_once() == 1
    assert world.outcomes(message) == [("delivered", 204)]


def test_a_crash_between_sending_and_recording_repeats_the_same_message(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(*arguments: object) -> None:
        raise RuntimeError("power cut; pass phrase 1234")

    with WebhookReceiver(SECRET) as receiver:
        world.partner("ngo", url=receiver.url)
        [message] = world.alert("ngo")
        with monkeypatch.context() as patch, caplog.at_level(logging.INFO):
            patch.setattr(outbox, "record_receipts", crash)
            assert world.dispatcher().run_once() == 0
        assert message in caplog.text
        assert "RuntimeError" in caplog.text
        assert "1234" not in caplog.text
        assert world.state(message) == "sending"

        world.clock.advance(seconds=119)
        assert world.dispatcher().run_once() == 0
        world.clock.advance(seconds=2)
        assert world.dispatcher().run_once() == 1
        assert [entry.webhook_id for entry in receiver.log] == [message, message]
        assert len({entry.body for entry in receiver.log}) == 1
        assert list(receiver.unique) == [message]
    assert world.outcomes(message) == [("delivered", 204)]


def test_two_dispatchers_at_once_send_nothing_twice(world: World) -> None:
    recorder = Recorder()
    names = ["a", "b", "c", "d"]
    for name in names:
        world.partner(name, url=f"https://{name}.example")
    expected = [message for _ in range(10) for name in names for message in world.alert(name)]
    first, second = (world.dispatcher(webhook_sender=recorder, batch=3) for _ in range(2))
    barrier = threading.Barrier(2)

    def work(dispatcher: Any) -> None:
        barrier.wait()
        while dispatcher.run_once():
            pass

    threads = [threading.Thread(target=work, args=(dispatcher,)) for dispatcher in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(recorder.sent) == sorted(expected)
    assert all(world.state(message) == "delivered" for message in expected)


def test_who_was_asleep_for_longer_than_its_claim_sends_nothing_more_of_it(world: World) -> None:
    def send(message_id: str) -> SendResult:
        if len(recorder.sent) == 1:
            world.clock.advance(seconds=121)
            assert other.run_once() == 2
        return SendResult("delivered", 204)

    recorder = Recorder(send)
    world.partner("ngo", url="https://hooks.partner.example")
    first, second = world.alert("ngo") + world.alert("ngo")
    other = world.dispatcher(webhook_sender=recorder)
    assert world.dispatcher(webhook_sender=recorder).run_once() == 1
    assert recorder.sent == [first, first, second]
    assert world.state(second) == "delivered"


def test_a_fault_of_ours_is_a_recorded_failure_and_the_other_lanes_go_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def send(message_id: str) -> SendResult:
        if message_id == first:
            raise KeyError("a name that must not be logged")
        return SendResult("delivered", 204)

    world.partner("ngo", url="https://hooks.partner.example")
    first, second = world.alert("ngo") + world.alert("ngo")
    other = world.alert(world.partner("other", url="https://other.example"))[0]
    assert world.dispatcher(webhook_sender=Recorder(send)).run_once() == 2
    assert world.outcomes(first) == [("internal_error", None)]
    assert (world.state(second), world.state(other)) == ("queued", "delivered")
    assert "KeyError at alerts/test_delivery.py" in caplog.text
    assert "a name" not in caplog.text


def test_the_background_thread_wakes_up_when_called(world: World) -> None:
    with WebhookReceiver(SECRET) as receiver:
        world.partner("ngo", url=receiver.url)
        dispatcher = world.dispatcher(poll_s=60.0)
        dispatcher.start()
        dispatcher.start()
        time.sleep(0.1)
        [message] = world.alert("ngo")
        dispatcher.notify()
        assert receiver.wait_for(1)[0][0] == message
        assert until(lambda: world.state(message) == "delivered")
        dispatcher.stop()
        dispatcher.stop()


def test_the_background_thread_finds_retries_and_other_writers_by_itself(world: World) -> None:
    recorder = Recorder()
    world.partner("ngo", url="https://hooks.partner.example")
    dispatcher = world.dispatcher(webhook_sender=recorder, poll_s=0.05)
    dispatcher.start()
    messages = world.alert("ngo")
    assert until(lambda: recorder.sent == messages)


def test_the_background_thread_survives_a_database_hiccup(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    claim, failures = outbox_lanes.claim_lanes, [OSError("disk of host 10.0.0.7"), RuntimeError("busy")]

    def hiccup(*arguments: Any, **named: Any) -> list[outbox_lanes.Claim]:
        if failures:
            raise failures.pop()
        return claim(*arguments, **named)

    monkeypatch.setattr(outbox_lanes, "claim_lanes", hiccup)
    recorder = Recorder()
    world.partner("ngo", url="https://hooks.partner.example")
    messages = world.alert("ngo")
    world.dispatcher(webhook_sender=recorder, poll_s=0.05).start()
    assert until(lambda: recorder.sent == messages)
    assert "OSError" in caplog.text
    assert "RuntimeError" in caplog.text
    assert "10.0.0.7" not in caplog.text


def test_stopping_waits_for_what_is_on_its_way_and_drops_the_rest(world: World) -> None:
    started, release = threading.Event(), threading.Event()

    def send(message_id: str) -> SendResult:
        started.set()
        release.wait(30)
        return SendResult("delivered", 204)

    recorder = Recorder(send)
    world.partner("ngo", url="https://hooks.partner.example")
    first, second = world.alert("ngo") + world.alert("ngo")
    dispatcher = world.dispatcher(webhook_sender=recorder)
    dispatcher.start()
    assert started.wait(30)
    stopping = threading.Thread(target=dispatcher.stop)
    stopping.start()
    time.sleep(0.05)
    assert stopping.is_alive()
    release.set()
    stopping.join(30)
    assert recorder.sent == [first]
    assert (world.state(first), world.state(second)) == ("delivered", "queued"), "the next one need not wait"


def test_logs_carry_ids_only(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), MailSink() as inbox, WebhookReceiver(SECRET) as receiver:
        world.partner("ngo", url=receiver.url + "?token=abc", email="officer@police.example")
        world.partner("bad", url="http://127.0.0.1:9/?token=abc", email="nobody")
        for name in ("ngo", "bad"):
            world.alert(name, "webhook", "email")
        assert world.dispatcher(smtp_port=inbox.port).run_once() == 4
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    assert len([line for line in lines if "ob-000" in line]) == 4
    for line in lines:
        assert not any(secret in line for secret in ("token", "police", "nobody", "Childline", SECRET, "127.0.0.1"))


def test_the_body_says_when_the_alert_was_made_and_the_header_when_it_was_sent(world: World) -> None:
    recorder = Recorder()
    world.partner("ngo", url="https://hooks.partner.example")
    made = world.clock()
    world.alert("ngo")
    world.clock.advance(hours=5)
    world.dispatcher(webhook_sender=recorder).run_once()
    assert json.loads(recorder.bodies[0])["timestamp"] == made.astimezone(UTC).isoformat()


def test_the_email_sender_gets_one_finished_message(world: World) -> None:
    sent: list[EmailMessage] = []

    def send(message: EmailMessage) -> SendResult:
        sent.append(message)
        return SendResult("delivered", 250)

    world.partner("ngo", email="officer@police.example")
    world.alert("ngo", "email")
    assert world.dispatcher(email_sender=send).run_once() == 1
    assert "https://sandhan.example.org/console/alerts/al-0001" in sent[0].get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    "change", [{"lease_s": 45.0}, {"timeout_s": 0.0}, {"workers": 0}, {"batch": 0}, {"poll_s": -1.0}]
)
def test_settings_that_cannot_work_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidDeliverySettings, match=rf"^{next(iter(change))}: "):
        DeliverySettings("127.0.0.1", 25, "a@b.example", "https://c.example", **change)


def test_settings_do_not_show_the_password() -> None:
    settings = DeliverySettings("127.0.0.1", 25, "a@b.example", "https://c.example", smtp_password="hush")
    assert "hush" not in repr(settings)
