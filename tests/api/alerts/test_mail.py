"""One message to one mail server."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from api.alerts.deadline import Deadline
from api.alerts.errors import InvalidDeliverySettings
from api.alerts.mail import SmtpSender
from api.sinks import MailSink


def message(to: str = "officer@police.example") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "alerts@sandhan.example", to, "Possible match"
    made.set_content("পাওয়া গেছে\n")
    return made


@contextmanager
def scripted(*lines: bytes, hang: bool = False) -> Iterator[int]:
    """A mail server that answers with these lines, one per command, and then closes or hangs."""
    done = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as commands:
            for line in lines:
                connection.sendall(line + b"\r\n")
                while line[:3] == b"354" and commands.readline() not in (b".\r\n", b""):
                    continue
                if line[:3] != b"354" and line is not lines[-1]:
                    commands.readline()
            if hang:
                done.wait(5)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        thread.join()
        listener.close()


def send(port: int, to: str = "officer@police.example", **options: Any) -> Any:
    return SmtpSender("127.0.0.1", port, **{"timeout_s": 5.0, **options})(message(to))


def test_a_message_arrives_as_it_was_written() -> None:
    with MailSink() as inbox:
        result = send(inbox.port)
        [arrived] = inbox.wait_for(1)
    assert result.delivered
    assert result.status_code == 250
    assert arrived["To"] == "officer@police.example"
    assert "পাওয়া গেছে" in arrived.get_content()


def test_the_callback_gets_each_message() -> None:
    seen: list[EmailMessage] = []
    with MailSink(on_message=seen.append) as inbox:
        send(inbox.port)
        send(inbox.port)
        assert len(inbox.wait_for(2)) == 2
    assert len(seen) == 2


def test_a_refused_recipient_is_reported_with_the_code_and_without_the_words() -> None:
    with MailSink(refuse=lambda address: f"550 unknown {address}") as inbox:
        result = send(inbox.port)
        assert inbox.messages == []
    assert (result.outcome, result.status_code) == ("recipient_refused", 550)
    assert "police" not in result.detail


@pytest.mark.parametrize(
    ("lines", "outcome", "status"),
    [
        ((b"421 overloaded, officer@police.example",), "smtp_status", 421),
        ((b"220 hi", b"250 hi", b"451 not now"), "smtp_status", 451),
        ((b"220 hi", b"250 hi", b"250 ok", b"452 officer full"), "recipient_refused", 452),
        ((b"220 hi", b"250 hi", b"250 ok", b"250 ok", b"554 no"), "smtp_status", 554),
        ((b"220 hi", b"250 hi", b"250 ok", b"250 ok", b"354 go", b"552 too much"), "smtp_status", 552),
        ((b"220 hi", b"250 hi"), "connection_failed", None),
        ((b"nonsense",), "smtp_status", None),
    ],
)
def test_every_refusal_is_a_result(lines: tuple[bytes, ...], outcome: str, status: int | None) -> None:
    with scripted(*lines) as port:
        result = send(port, encryption="none", timeout_s=1.0)
    assert result.outcome == outcome
    if status is not None:
        assert result.status_code == status
    assert not result.final
    assert "officer" not in result.detail


def test_a_rude_goodbye_after_the_message_was_taken_is_a_delivery() -> None:
    with scripted(b"220 hi", b"250 hi", b"250 ok", b"250 ok", b"354 go", b"250 taken") as port:
        assert send(port, encryption="none").delivered
    with scripted(b"220 hi", b"250 hi", b"250 ok", b"250 ok", b"354 go", b"250 taken", b"500 what?") as port:
        assert send(port, encryption="none").delivered


def test_a_server_that_hangs_is_given_up() -> None:
    with scripted(b"220 hi", hang=True) as port:
        began = time.monotonic()
        result = send(port, timeout_s=0.2)
        assert time.monotonic() - began < 4.0
    assert result.outcome == "timeout"


def test_one_step_that_hangs_is_given_up_before_the_whole_is(monkeypatch: pytest.MonkeyPatch) -> None:
    # The two limits are equal, and which of them comes first is chance: here it is the step's.
    monkeypatch.setattr("api.alerts.mail.Deadline", lambda seconds: Deadline(seconds + 60.0))
    with scripted(b"220 hi", hang=True) as port:
        result = send(port, timeout_s=0.2)
    assert result.outcome == "timeout"


def test_no_server_is_a_failed_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert send(port).outcome == "connection_failed"


@contextmanager
def encrypted_server(certificate: tuple[Path, Path], **options: Any) -> Iterator[tuple[int, list[bool]]]:
    """A mail server that offers STARTTLS, its port, and whether each message came encrypted."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    encrypted: list[bool] = []

    class Handler:
        async def handle_DATA(self, _server: Any, session: Any, _envelope: Any) -> str:
            encrypted.append(session.ssl is not None)
            return "250 OK"

    class OnAnyPort(Controller):
        def _trigger_server(self) -> None:
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    controller = OnAnyPort(Handler(), hostname="127.0.0.1", port=0, tls_context=context, **options)
    controller.start()
    try:
        yield controller.port, encrypted
    finally:
        controller.stop()


def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificate[0]))
    context.check_hostname = False  # the server is called by its address here
    return context


@pytest.mark.parametrize("encryption", ["auto", "required"])
def test_encryption_is_used_where_it_is_offered(certificate: tuple[Path, Path], encryption: str) -> None:
    with encrypted_server(certificate) as (port, encrypted):
        assert send(port, encryption=encryption, ssl_context=trusting(certificate)).delivered
    assert encrypted == [True]


def test_encryption_can_be_switched_off(certificate: tuple[Path, Path]) -> None:
    with encrypted_server(certificate) as (port, encrypted):
        assert send(port, encryption="none").delivered
    assert encrypted == [False]


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(certificate: tuple[Path, Path]) -> None:
    with encrypted_server(certificate) as (port, encrypted):
        result = send(port, encryption="required")
    assert (result.outcome, encrypted) == ("connection_failed", [])
    assert "certificate" in result.detail


def test_required_encryption_that_is_not_offered_sends_nothing() -> None:
    with MailSink() as inbox:
        assert send(inbox.port, encryption="required").outcome == "smtp_unsupported"
        assert inbox.messages == []


def test_a_password_never_travels_in_the_open() -> None:
    for encryption in ("auto", "none"):
        with pytest.raises(InvalidDeliverySettings) as caught:
            send(25, encryption=encryption, user="alerts", password="hush")
        assert "hush" not in str(caught.value)


def test_an_unknown_encryption_is_refused() -> None:
    with pytest.raises(InvalidDeliverySettings):
        send(25, encryption="ssl3")
