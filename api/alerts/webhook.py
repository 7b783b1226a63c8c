"""How is an alert posted to a partner's own system, signed so that it knows who wrote?

Standard Webhooks 1.0: `webhook-id` (the id of the outbox message, the same at every attempt), the time of this
attempt, and HMAC-SHA256 over both and the body. Only 2xx is a delivery. A redirect is a failure:
following it would carry a signed message to an address that nobody checked.
"""

import base64
import binascii
import math
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Protocol

import httpx
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from api.alerts.connections import Connection, IdleConnections, Key
from api.alerts.deadline import Deadline
from api.alerts.errors import InvalidWebhookSecret, TargetRefused
from api.alerts.outcomes import SendResult, parse_retry_after
from api.alerts.targets import Resolver, Target, resolve_target, system_resolver

SECRET_PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
_NOT_OF_THIS_MESSAGE: Final = frozenset({408, 425, 429})
"""Answers from 400 to 499 that say "not now", whatever the message."""


class WebhookSender(Protocol):
    """Posts one signed message. Failures of the other side are results, never exceptions."""

    def __call__(self, url: str, secret: str, message_id: str, body: bytes, now: datetime) -> SendResult:
        """Send `body` to `url`, signed with `secret` (`whsec_…`) for the time `now` (aware)."""
        ...


def new_webhook_secret(random_bytes: Callable[[int], bytes]) -> str:
    """Return a fresh signing secret, `whsec_` and 32 random bytes in base64.

    Args:
        random_bytes: source of cryptographic randomness, such as `secrets.token_bytes`.
    """
    return SECRET_PREFIX + base64.b64encode(random_bytes(SECRET_BYTES)).decode("ascii")


def signature_headers(secret: str, message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the three headers of Standard Webhooks.

    Args:
        secret: one secret, or several separated by spaces while a partner changes keys: each signs.
        message_id: id of the outbox message.
        body: exactly the bytes that will be sent; UTF-8.
        now: time of this attempt (aware).
    Raises:
        InvalidWebhookSecret: a secret is empty or not base64.
    """
    # The library signs the wall clock of any zone as if it were UTC, so it gets UTC.
    moment = now.astimezone(UTC)
    signatures = [_signer(one).sign(message_id, moment, body.decode()) for one in secret.split()]
    if not signatures:
        raise InvalidWebhookSecret("is empty")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(math.floor(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _signer(secret: str) -> Webhook:
    try:
        return Webhook(secret)
    except EmptyWebhookSecretError:
        raise InvalidWebhookSecret("is empty") from None
    except (binascii.Error, ValueError):
        raise InvalidWebhookSecret("is not base64") from None


class HttpxWebhookSender:
    """Posts with httpx, straight to the checked address: no proxy, no redirect, no cookie. Close it at the end.

    Args:
        timeout_s: seconds for one whole exchange.
        allow_private: the operator allows private addresses and plain http.
        resolve: asks for the addresses of a name.
        ssl_context: whom to trust; the usual public authorities when None.
    """

    def __init__(
        self,
        *,
        timeout_s: float,
        allow_private: bool = False,
        resolve: Resolver = system_resolver,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._allow_private = allow_private
        self._resolve = resolve
        self._ssl_context = ssl_context or httpx.create_ssl_context(trust_env=False)
        self._idle = IdleConnections()

    def close(self) -> None:
        """Close the connections that were kept for the next message."""
        self._idle.close()

    def __call__(self, url: str, secret: str, message_id: str, body: bytes, now: datetime) -> SendResult:
        """Send one message; see `WebhookSender`."""
        try:
            headers = signature_headers(secret, message_id, body, now)
            target = resolve_target(url, allow_private=self._allow_private, resolve=self._resolve)
        except InvalidWebhookSecret as error:
            return SendResult("invalid_secret", detail=str(error))
        except TargetRefused as error:
            return SendResult("target_refused", detail=str(error))
        except OSError:
            return SendResult("connection_failed", detail="the host name could not be resolved")
        with Deadline(self._timeout_s) as deadline:
            result = self._post_first_reachable(target, headers, body, now, deadline)
        return result

    def _post_first_reachable(
        self, target: Target, headers: dict[str, str], body: bytes, now: datetime, deadline: Deadline
    ) -> SendResult:
        # Over an address that is connected already nobody has to wait for one that does not answer.
        addresses = sorted(target.addresses, key=lambda address: not self._idle.holds(_key(target, address)))
        for others, address in zip(reversed(range(len(addresses))), addresses, strict=True):
            # One that swallows packets leaves the others, and the answer, their share of the time.
            connect_s = deadline.left / (others + 2) if others else deadline.left
            request = self._request(target, address, headers, body, connect_s)
            try:
                return self._post(_key(target, address), request, now, deadline)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                # Nothing was sent yet, so the next address cannot make it arrive twice.
                last: httpx.HTTPError = error
            except httpx.HTTPError as error:
                last = error
                break
            if deadline.passed:
                break
        if deadline.passed or isinstance(last, httpx.TimeoutException):
            return SendResult("timeout", detail=f"no answer within {self._timeout_s:g} s")
        if isinstance(last, httpx.ConnectError):
            return SendResult("connection_failed", detail="no connection, or its certificate was not accepted")
        return SendResult("connection_failed", detail="the connection broke before an answer")

    def _post(self, key: Key, request: httpx.Request, now: datetime, deadline: Deadline) -> SendResult:
        kept = self._idle.take(key)
        try:
            connection = kept or Connection(self._ssl_context)
            response, usable = self._exchange(connection, request, deadline)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            # A receiver may close a connection that has been idle just as we use it. That is no failure of its.
            if kept is None or not kept.was_reused or deadline.passed:
                raise
            connection = Connection(self._ssl_context)
            response, usable = self._exchange(connection, request, deadline)
        if usable:
            self._idle.give_back(key, connection)
        else:
            connection.close()
        return _judge(response.status_code, response.headers.get("retry-after"), now)

    @staticmethod
    def _exchange(connection: Connection, request: httpx.Request, deadline: Deadline) -> tuple[httpx.Response, bool]:
        try:
            return connection.exchange(request, deadline)
        except BaseException:
            connection.close()
            raise

    def _request(
        self, target: Target, address: str, headers: dict[str, str], body: bytes, connect_s: float
    ) -> httpx.Request:
        return httpx.Request(
            "POST",
            target.url.copy_with(host=address),
            headers={
                "host": target.url.netloc.decode("ascii"),
                "content-type": "application/json",
                "user-agent": "Sandhan",
                **headers,
            },
            content=body,
            extensions={
                "timeout": httpx.Timeout(self._timeout_s, connect=connect_s).as_dict(),
                "sni_hostname": target.url.raw_host.decode("ascii"),
            },
        )


def _key(target: Target, address: str) -> Key:
    return target.url.scheme, target.url.host, target.url.port, address


def _judge(status: int, retry_after: str | None, now: datetime) -> SendResult:
    if 200 <= status < 300:
        return SendResult("delivered", status)
    if 300 <= status < 400:
        return SendResult("redirect_refused", status, "redirects are not followed")
    if status == 410:
        return SendResult("gone", status, "the receiver wants no more messages", gone=True, final=True)
    wait = parse_retry_after(retry_after, now) if status in (429, 503) else None
    if wait is not None:
        return SendResult("asked_to_wait", status, f"the receiver answered {status}", retry_after=wait)
    refused = 400 <= status < 500 and status not in _NOT_OF_THIS_MESSAGE
    return SendResult("http_status", status, f"the receiver answered {status}", refused=refused)
