"""A connection is used again for the same name at the same address, and for nothing else."""

import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from api.alerts.outcomes import SendResult
from api.alerts.webhook import HttpxWebhookSender

from .conftest import SECRET

BODY = b'{"type":"alert.match"}'


class KeepingReceiver(http.server.BaseHTTPRequestHandler):
    """Keeps its connections, and notes over which one each request came."""

    protocol_version = "HTTP/1.1"
    came: ClassVar[list[tuple[int, str]]]
    answer: ClassVar[Callable[["KeepingReceiver"], None]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.came.append((self.client_address[1], self.headers["webhook-id"]))
        self.answer()

    def log_message(self, *_: object) -> None:
        return


def no_content(handler: KeepingReceiver) -> None:
    handler.send_response(204)
    handler.end_headers()


def with_body(size: int) -> Callable[[KeepingReceiver], None]:
    def answer(handler: KeepingReceiver) -> None:
        handler.send_response(200)
        handler.send_header("content-length", str(size))
        handler.end_headers()
        handler.wfile.write(b"x" * size)

    return answer


@contextmanager
def receiver(answer: Callable[[KeepingReceiver], None]) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    came: list[tuple[int, str]] = []
    handler = type("Handler", (KeepingReceiver,), {"came": came, "answer": answer})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    # A client that hangs up is what is tested; the server would print it.
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_address[1], came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def post() -> Iterator[Callable[..., SendResult]]:
    sender = HttpxWebhookSender(timeout_s=5.0, allow_private=True, resolve=lambda host, _port: [ADDRESSES[host]])

    def send(url: str, message_id: str = "ob-1") -> SendResult:
        return sender(url, SECRET, message_id, BODY, datetime.now(UTC))

    yield send
    sender.close()


ADDRESSES: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    ADDRESSES.update({"127.0.0.1": "127.0.0.1", "one.example": "127.0.0.1", "two.example": "127.0.0.1"})
    yield
    ADDRESSES.clear()


@pytest.mark.parametrize("answer", [no_content, with_body(2), with_body(4096)])
def test_messages_to_one_receiver_share_a_connection(post: Any, answer: Any) -> None:
    with receiver(answer) as (port, came):
        for number in range(3):
            assert post(f"http://one.example:{port}/", f"ob-{number}").delivered
    assert [message for _, message in came] == ["ob-0", "ob-1", "ob-2"]
    assert len({connection for connection, _ in came}) == 1


def test_a_long_answer_is_not_read_and_ends_the_connection(post: Any) -> None:
    with receiver(with_body(5000)) as (port, came):
        for _ in range(2):
            assert post(f"http://one.example:{port}/").delivered
    assert len({connection for connection, _ in came}) == 2


def test_two_names_behind_one_address_share_nothing(post: Any) -> None:
    with receiver(no_content) as (port, came):
        assert post(f"http://one.example:{port}/").delivered
        assert post(f"http://two.example:{port}/").delivered
    assert len({connection for connection, _ in came}) == 2


def test_a_name_that_moves_is_called_where_it_is_now(post: Any) -> None:
    with receiver(no_content) as (port, came):
        assert post(f"http://one.example:{port}/").delivered
        ADDRESSES["one.example"] = "127.0.0.2"  # nobody listens there
        assert post(f"http://one.example:{port}/").outcome == "connection_failed"
    assert len(came) == 1


def test_an_address_that_is_connected_comes_before_one_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    connect, tried = socket.create_connection, []

    def note(address: tuple[str, int], *options: Any, **named: Any) -> socket.socket:
        tried.append(address[0])
        return connect(address, *options, **named)

    monkeypatch.setattr(socket, "create_connection", note)
    sender = HttpxWebhookSender(timeout_s=5.0, allow_private=True, resolve=lambda *_: ["127.0.0.2", "127.0.0.1"])
    with receiver(no_content) as (port, came), closing(sender):
        for number in range(3):
            assert sender(f"http://one.example:{port}/", SECRET, f"ob-{number}", BODY, datetime.now(UTC)).delivered
    assert (tried, len(came)) == (["127.0.0.2", "127.0.0.1"], 3)


def test_a_kept_connection_that_the_receiver_closed_is_no_failure(post: Any) -> None:
    def once_a_connection(handler: KeepingReceiver) -> None:
        no_content(handler)
        handler.close_connection = True  # without saying so

    with receiver(once_a_connection) as (port, came):
        for _ in range(3):
            assert post(f"http://one.example:{port}/").delivered
    assert len(came) == 3


def test_a_receiver_that_hangs_up_on_a_kept_connection_is_asked_once_more_and_no_more(post: Any) -> None:
    def good_then_silent(handler: KeepingReceiver) -> None:
        if len(handler.came) == 1:
            no_content(handler)
        else:
            handler.close_connection = True

    with receiver(good_then_silent) as (port, came):
        assert post(f"http://one.example:{port}/").delivered
        assert post(f"http://one.example:{port}/").outcome == "connection_failed"
    assert len(came) == 3


def test_an_answer_that_promises_more_than_it_sends_is_an_answer(post: Any) -> None:
    def cut_off(handler: KeepingReceiver) -> None:
        handler.send_response(200)
        handler.send_header("content-length", "100")
        handler.end_headers()
        handler.wfile.write(b"x")
        handler.close_connection = True

    with receiver(cut_off) as (port, came):
        assert post(f"http://one.example:{port}/").delivered
    assert len(came) == 1
