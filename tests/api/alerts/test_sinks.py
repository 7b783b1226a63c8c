"""The receivers of the demonstration behave as a partner's would."""

import http.client
import json
import socket
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from api.alerts.webhook import signature_headers
from api.sinks import MailSink, Response, WebhookReceiver

from .conftest import SECRET

BODY = json.dumps({"type": "alert.match", "data": {"alert_id": "al-1"}}).encode()


def post(receiver: WebhookReceiver, body: bytes = BODY, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=5)
    try:
        connection.request("POST", "/alerts", body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def signed(message_id: str = "ob-1", body: bytes = BODY, at: datetime | None = None) -> dict[str, str]:
    return signature_headers(SECRET, message_id, body, at or datetime.now(UTC))


def test_a_signed_request_is_taken() -> None:
    with WebhookReceiver(SECRET) as receiver:
        assert post(receiver, **signed()) == 204
        assert receiver.received == [("ob-1", json.loads(BODY))]


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "ob-2"},
        {"webhook-id": ""},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,*"},
        {"webhook-signature": "nonsense"},
        {"webhook-timestamp": "yesterday"},
        signed(at=datetime(2020, 1, 1, tzinfo=UTC)),
        signed(at=datetime(2200, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_bad_signature_is_401_and_leaves_nothing(change: dict[str, str]) -> None:
    told: list[dict[str, Any]] = []
    with WebhookReceiver(SECRET, on_alert=told.append) as receiver:
        assert post(receiver, **{**signed(), **change}) == 401
        assert receiver.received == []
        assert receiver.rejected == receiver.requests == 1
    assert told == []


def test_a_changed_body_or_no_signature_is_401() -> None:
    with WebhookReceiver(SECRET) as receiver:
        assert post(receiver) == 401
        assert post(receiver, BODY + b" ", **signed()) == 401


def test_a_huge_body_is_not_read() -> None:
    with WebhookReceiver(SECRET) as receiver:
        assert post(receiver, **{"content-length": "30000"}) == 413
        assert post(receiver, **{"content-length": "many"}) == 400


@pytest.mark.parametrize("arrives", [0, len(BODY) - 1])
def test_a_request_that_breaks_off_is_neither_taken_nor_rejected(arrives: int) -> None:
    with WebhookReceiver(SECRET) as receiver:
        with socket.create_connection(("127.0.0.1", receiver.port), timeout=5) as connection:
            head = "".join(f"{name}: {value}\r\n" for name, value in signed().items())
            connection.sendall(f"POST /alerts HTTP/1.1\r\ncontent-length: {len(BODY)}\r\n{head}\r\n".encode())
            connection.sendall(BODY[:arrives])
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1) == b""
        assert (receiver.requests, receiver.rejected, receiver.received) == (0, 0, [])


def test_a_repeated_alert_counts_once_and_is_told_once() -> None:
    told: list[dict[str, Any]] = []
    with WebhookReceiver(SECRET, on_alert=told.append) as receiver:
        for message_id in ("ob-1", "ob-1", "ob-2"):
            assert post(receiver, **signed(message_id)) == 204
        assert len(receiver.received) == 3
        assert list(receiver.unique) == ["ob-1", "ob-2"]
        assert len(receiver.wait_for(2)) == 3
    assert len(told) == 2


def test_the_reaction_comes_after_the_answer_and_does_not_hold_it_up() -> None:
    answered, reacted = threading.Event(), []
    with WebhookReceiver(SECRET, on_alert=lambda _: reacted.append(answered.wait(5))) as receiver:
        assert post(receiver, **signed()) == 204
        answered.set()
    assert reacted == [True]


def test_what_was_not_accepted_causes_no_reaction() -> None:
    told: list[dict[str, Any]] = []
    script = [Response(500), Response(302, headers={"location": "/"}), Response()]
    with WebhookReceiver(SECRET, on_alert=told.append, script=script.__getitem__) as receiver:
        assert [post(receiver, **signed()) for _ in script] == [500, 302, 204]
        assert [entry.status for entry in receiver.log] == [500, 302, 204]
    assert len(told) == 1


def test_the_receiver_can_close_and_hang() -> None:
    script = [Response(close=True), Response(hang_s=0.2)]
    with WebhookReceiver(SECRET, script=script.__getitem__) as receiver:
        with pytest.raises(http.client.RemoteDisconnected):
            post(receiver, **signed())
        assert post(receiver, **signed()) == 204


def test_sinks_can_be_opened_side_by_side_and_say_where_they_are() -> None:
    with MailSink() as one, MailSink() as other, WebhookReceiver(SECRET) as receiver:
        assert len({one.port, other.port, receiver.port}) == 3
        assert receiver.url == f"http://127.0.0.1:{receiver.port}/alerts"
        assert one.wait_for(1, 0.01) == []
    with pytest.raises(RuntimeError):
        assert WebhookReceiver(SECRET).port
