"""One signed request to one receiver."""

import http.server
import secrets
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from api.alerts.errors import InvalidWebhookSecret
from api.alerts.targets import Resolver
from api.alerts.webhook import HttpxWebhookSender, new_webhook_secret, signature_headers
from api.sinks import Response, WebhookReceiver

from .conftest import SECRET

BODY = '{"type":"alert.match","data":{"other_organisation":"শিশু"}}'.encode()


def now() -> datetime:
    return datetime.now(UTC)


def sender(resolve: Resolver | None = None, **options: Any) -> HttpxWebhookSender:
    if resolve is not None:
        options["resolve"] = resolve
    return HttpxWebhookSender(**{"timeout_s": 5.0, "allow_private": True, **options})


def test_secrets_are_new_each_time_and_of_the_standard_form() -> None:
    first, second = new_webhook_secret(secrets.token_bytes), new_webhook_secret(secrets.token_bytes)
    assert first != second
    assert first.startswith("whsec_")
    assert len(first) == len("whsec_") + 44
    asked: list[int] = []
    new_webhook_secret(lambda count: asked.append(count) or b"x" * count)
    assert asked == [32]


@given(st.text(min_size=1).map(str.encode) | st.just(BODY), st.text("abc-_.0", min_size=1))
def test_the_library_accepts_every_signature(body: bytes, message_id: str) -> None:
    headers = signature_headers(SECRET, message_id, body, now())
    Webhook(SECRET).verify(body, headers, json_parse=False)


def test_the_signature_does_not_depend_on_the_time_zone_of_the_clock() -> None:
    moment = now()
    dhaka = moment.astimezone(timezone(timedelta(hours=6)))
    headers = signature_headers(SECRET, "ob-1", BODY, dhaka)
    assert headers == signature_headers(SECRET, "ob-1", BODY, moment)
    Webhook(SECRET).verify(BODY, headers)


def test_while_keys_change_either_of_them_verifies() -> None:
    other = new_webhook_secret(secrets.token_bytes)
    headers = signature_headers(f"{SECRET} {other}", "ob-1", BODY, now())
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (SECRET, other):
        Webhook(secret).verify(BODY, headers)


@pytest.mark.parametrize("secret", ["", "  ", "whsec_", "whsec_not*base64"])
def test_a_secret_that_cannot_sign_is_refused_and_not_quoted(secret: str) -> None:
    with pytest.raises(InvalidWebhookSecret) as caught:
        signature_headers(secret, "ob-1", BODY, now())
    assert "not*base64" not in str(caught.value)


def test_the_receiver_gets_what_was_signed() -> None:
    with WebhookReceiver(SECRET) as receiver:
        assert sender()(receiver.url, SECRET, "ob-1", BODY, now()).delivered
        [entry] = receiver.log
        assert (entry.webhook_id, entry.body) == ("ob-1", BODY)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_delivery(status: int) -> None:
    with WebhookReceiver(SECRET, script=lambda _: Response(status)) as receiver:
        result = sender()(receiver.url, SECRET, "ob-1", BODY, now())
    assert result.delivered
    assert result.status_code == status


@pytest.mark.parametrize("status", [300, 304, 400, 401, 404, 409, 418, 500, 502, 504])
def test_nothing_else_is(status: int) -> None:
    with WebhookReceiver(SECRET, script=lambda _: Response(status)) as receiver:
        result = sender()(receiver.url, SECRET, "ob-1", BODY, now())
    assert not result.delivered
    assert not result.final
    assert result.status_code == status


def test_an_endless_answer_costs_nothing() -> None:
    endless = Response(200, headers={"content-length": str(10**12)}, body=b"x" * 1000)
    with WebhookReceiver(SECRET, script=lambda _: endless) as receiver:
        assert sender()(receiver.url, SECRET, "ob-1", BODY, now()).delivered


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with WebhookReceiver(SECRET) as receiver:
        assert sender()(receiver.url, SECRET, "ob-1", BODY, now()).delivered


def test_a_name_that_changes_its_answer_is_called_where_it_was_checked() -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    hosts: list[str] = []
    with HostReceiver.listen(hosts) as port:
        result = sender(rebinding)(f"http://hooks.partner.example:{port}/in?x=1", SECRET, "ob-1", BODY, now())
    assert result.delivered
    assert asked == ["hooks.partner.example"]
    assert hosts == [f"hooks.partner.example:{port} /in?x=1"]


def test_an_address_that_does_not_answer_is_followed_by_the_next() -> None:
    with WebhookReceiver(SECRET) as receiver:
        url = f"http://hooks.partner.example:{receiver.port}/"
        result = sender(lambda *_: ["::1", "127.0.0.1"])(url, SECRET, "ob-1", BODY, now())
        assert result.delivered
        assert receiver.requests == 1


class Swallowing:
    """Stands before the network: packets to one address are lost, and connecting there lasts as long as it may."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
        self.waited: list[tuple[str, float]] = []
        self._address, self._connect = address, socket.create_connection
        monkeypatch.setattr(socket, "create_connection", self)

    def __call__(self, address: tuple[str, int], timeout: float, **options: Any) -> socket.socket:
        self.waited.append((address[0], timeout))
        if address[0] == self._address:
            raise TimeoutError
        return self._connect(address, timeout, **options)


def test_an_address_that_swallows_packets_leaves_the_others_their_share_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = Swallowing(monkeypatch, "2001:db8::1")
    with WebhookReceiver(SECRET) as receiver:
        url = f"http://hooks.partner.example:{receiver.port}/"
        post = sender(lambda *_: ["2001:db8::1", "127.0.0.1"], timeout_s=30.0)
        assert post(url, SECRET, "ob-1", BODY, now()).delivered
    (first, short), (second, longer) = network.waited
    assert (first, second) == ("2001:db8::1", "127.0.0.1")
    assert short <= 10.0 < longer <= 30.0


def test_a_single_address_has_all_the_time_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Swallowing(monkeypatch, "192.0.2.1")
    result = sender(lambda *_: ["192.0.2.1"], timeout_s=30.0)("http://hooks.partner.example/", SECRET, "1", BODY, now())
    assert result.outcome == "timeout"
    assert [wait > 15.0 for _, wait in network.waited] == [True]


def test_an_answer_of_the_first_address_is_final() -> None:
    with WebhookReceiver(SECRET, script=lambda _: Response(close=True)) as receiver:
        url = f"http://hooks.partner.example:{receiver.port}/"
        result = sender(lambda *_: ["127.0.0.1", "127.0.0.1"])(url, SECRET, "ob-1", BODY, now())
        assert result.outcome == "connection_failed"
        assert receiver.requests == 1, "the request may have been taken: it is not repeated on the spot"


def test_a_name_that_is_unknown_is_a_failed_connection() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known: hooks.partner.example")

    result = sender(unknown)("https://hooks.partner.example/", SECRET, "ob-1", BODY, now())
    assert result.outcome == "connection_failed"
    assert "partner" not in result.detail


class HostReceiver(http.server.BaseHTTPRequestHandler):
    """Notes the Host header and the path of each request."""

    hosts: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.hosts.append(f"{self.headers['host']} {self.path}")
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return

    @classmethod
    @contextmanager
    def listen(cls, hosts: list[str], context: ssl.SSLContext | None = None) -> Iterator[int]:
        handler = type("Handler", (cls,), {"hosts": hosts})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        # A handshake that fails prints a trace otherwise.
        server.handle_error = lambda *_: None
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> tuple[ssl.SSLContext, ssl.SSLContext, list[str | None]]:
    """A server's context, a client's context that trusts it, and the names that the server was asked for."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(*certificate)
    names: list[str | None] = []
    server.sni_callback = lambda _, name, __: names.append(name)
    return server, ssl.create_default_context(cafile=str(certificate[0])), names


def test_tls_asks_for_the_partners_name_not_for_the_address(
    tls: tuple[ssl.SSLContext, ssl.SSLContext, list[str | None]],
) -> None:
    server, client, names = tls
    hosts: list[str] = []
    with HostReceiver.listen(hosts, server) as port:
        post = sender(lambda *_: ["127.0.0.1"], ssl_context=client)
        result = post(f"https://hooks.partner.example:{port}/in", SECRET, "ob-1", BODY, now())
    assert result.delivered
    assert names == ["hooks.partner.example"]
    assert hosts == [f"hooks.partner.example:{port} /in"]


def test_a_certificate_of_another_name_is_not_accepted(
    tls: tuple[ssl.SSLContext, ssl.SSLContext, list[str | None]],
) -> None:
    server, client, _ = tls
    hosts: list[str] = []
    with HostReceiver.listen(hosts, server) as port:
        post = sender(lambda *_: ["127.0.0.1"], ssl_context=client)
        result = post(f"https://other.partner.example:{port}/in", SECRET, "ob-1", BODY, now())
    assert result.outcome == "connection_failed"
    assert hosts == []


def test_an_unknown_authority_is_not_accepted(
    tls: tuple[ssl.SSLContext, ssl.SSLContext, list[str | None]],
) -> None:
    server, _, _ = tls
    hosts: list[str] = []
    with HostReceiver.listen(hosts, server) as port:
        post = sender(lambda *_: ["127.0.0.1"])
        result = post(f"https://hooks.partner.example:{port}/in", SECRET, "ob-1", BODY, now())
    assert result.outcome == "connection_failed"
    assert hosts == []
