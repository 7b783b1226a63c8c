"""What is too large ends early, other sites are let in by name only, and every answer carries the headers of safety."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from api.openapi_document import operations_of
from api.serving import BackgroundServer, bind
from api.settings import Settings

from .conftest import House, Pair, settled_house
from .test_access import ANYBODYS, ENDPOINTS, NOWHERE, OPEN
from .test_errors import check

GIGABYTE = 1024**3
SITE = "https://console.example.org"
WRITING = sorted(row for row in {*ENDPOINTS, *ANYBODYS, *OPEN} if row[0] != "GET")


@pytest.fixture(scope="module")
def served(house: House) -> Iterator[str]:
    with BackgroundServer(house.client.app, bind("127.0.0.1", 0)) as server:  # type: ignore[arg-type]
        yield server.url


def talk(url: str, head: str, body: Iterator[bytes], limit_s: float = 10) -> tuple[bytes, int]:
    """Send a request piece by piece for as long as the server takes it; return its answer and the bytes it took."""
    parts = urlsplit(url)
    sent = 0
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=limit_s) as line:
        line.sendall(head.encode())
        answer = b""
        line.settimeout(0.05)
        for piece in body:
            try:
                line.sendall(piece)
                sent += len(piece)
                answer += line.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                break
            if answer:
                break
        line.settimeout(limit_s)
        try:
            while b"\r\n\r\n" not in answer and (more := line.recv(65536)):
                answer += more
        except OSError:
            pass  # the server has hung up, which is an answer
    return answer, sent


def head_of(method: str, path: str, key: str, *more: str) -> str:
    lines = [f"{method} {path} HTTP/1.1", "Host: sandhan", f"Authorization: Bearer {key}", *more]
    return "\r\n".join(lines) + "\r\n\r\n"


@pytest.mark.parametrize("endpoint", WRITING, ids=" ".join)
def test_a_gigabyte_is_refused_before_it_is_sent(house: House, served: str, endpoint: tuple[str, str]) -> None:
    method, path = endpoint
    head = head_of(method, path.format(**NOWHERE), house["family"].key, "Content-Type: application/json",
                   f"Content-Length: {GIGABYTE}")  # fmt: skip
    started = time.monotonic()
    answer, sent = talk(served, head, iter(()))
    assert answer.startswith(b"HTTP/1.1 413 "), answer[:200]
    assert b"application/problem+json" in answer
    assert sent == 0
    assert time.monotonic() - started < 5


def chunks() -> Iterator[bytes]:
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    for _ in range(GIGABYTE // 0x10000):
        yield piece


@pytest.mark.parametrize("endpoint", WRITING, ids=" ".join)
def test_a_body_without_end_is_not_read_to_its_end(house: House, served: str, endpoint: tuple[str, str]) -> None:
    method, path = endpoint
    who = "operator" if "partners" in path else "family"
    there = path.format(**NOWHERE) + ("?reason=wish" if method == "DELETE" else "")
    head = head_of(method, there, house[who].key, "Content-Type: application/json",
                   "Transfer-Encoding: chunked")  # fmt: skip
    answer, sent = talk(served, head, chunks())
    # Where no body is wanted none is read: whoever may not, or what is not there, is told at once.
    without_body = [f"HTTP/1.1 {status} ".encode() for status in (204, 403, 404)]
    assert answer.startswith((b"HTTP/1.1 413 ", *without_body)), answer[:200]
    assert sent < 16 * 1024 * 1024


def test_what_goes_beyond_an_announced_length_is_not_taken_for_the_body(house: House, served: str) -> None:
    body = b'{"side": "missing"}'
    head = head_of("POST", "/v1/cases", house["family"].key, "Content-Type: application/json",
                   f"Content-Length: {len(body)}")  # fmt: skip
    before = house.row_counts()["cases"]
    answer, sent = talk(served, head, iter([body, *[b"x" * 65536] * 200]))
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert sent < 14 * 1024 * 1024
    assert house.row_counts()["cases"] == before + 1


def test_a_form_without_files_has_a_small_limit(house: House) -> None:
    text = json.dumps({"name": "x" * (2 * 1024 * 1024), "kind": "ngo", "country": "IN"}).encode()
    answer = house.ask("operator", "POST", "/v1/partners", content=text, headers={"Content-Type": "application/json"})
    assert "1 MB" in check(answer, 413, "too_large")["detail"]


def test_json_that_is_nested_without_end_is_refused(house: House) -> None:
    for who, path in (("operator", "/v1/partners"), ("family", "/v1/cases"), ("family", "/v1/matches/query")):
        for body in (b"[" * 200_000, b'{"a":' * 40_000):
            answer = house.ask(who, "POST", path, content=body, headers={"Content-Type": "application/json"})
            check(answer, 422, "invalid_request")


def test_addresses_and_headers_have_limits(house: House, served: str) -> None:
    check(house.ask("family", "GET", "/v1/cases?x=" + "x" * 9000), 414, "address_too_long")
    check(house.ask("family", "GET", "/v1/cases", headers={"X-More": "x" * 17_000}), 431, "headers_too_large")
    # Before the application is asked, the server itself gives up: it answers, or hangs up.
    answer, _ = talk(served, head_of("GET", "/v1/cases", house["family"].key, "X-More: " + "x" * 200_000), iter(()))
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize("length", [0, 1, 100, 8000])
def test_what_is_within_the_limits_is_served(house: House, length: int) -> None:
    assert house.ask("family", "GET", "/v1/cases", headers={"X-More": "x" * length}).status_code == 200


def every_kind_of_answer(house: House) -> dict[str, httpx.Response]:
    return {
        "200": house.ask("family", "GET", "/v1/cases"),
        "401": house.ask(None, "GET", "/v1/cases"),
        "403": house.ask("operator", "GET", "/v1/cases"),
        "404": house.ask("family", "GET", "/v1/cases/none"),
        "404 path": house.ask("family", "GET", "/nothing"),
        "405": house.ask("family", "DELETE", "/v1/cases"),
        "413": house.ask("family", "POST", "/v1/cases", content=b"", headers={"Content-Length": str(GIGABYTE)}),
        "414": house.ask("family", "GET", "/v1/cases?x=" + "x" * 9000),
        "415": house.ask("family", "POST", "/v1/cases", content=b"x", headers={"Content-Type": "text/plain"}),
        "422": house.ask("family", "GET", "/v1/cases?limit=x"),
        "431": house.ask("family", "GET", "/v1/cases", headers={"X-More": "x" * 17_000}),
        "406, which is not negotiated": house.ask("family", "GET", "/v1/cases", headers={"Accept": "text/html"}),
    }


def test_every_answer_carries_the_headers_of_safety(house: House) -> None:
    for kind, answer in every_kind_of_answer(house).items():
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'", kind
        assert answer.headers["cache-control"] == "no-store", kind
        assert answer.headers["x-content-type-options"] == "nosniff", kind
        assert answer.headers["x-frame-options"] == "DENY", kind
        assert answer.headers["referrer-policy"] == "no-referrer", kind
        assert answer.headers["cross-origin-resource-policy"] == "same-origin", kind
        assert "strict-transport-security" not in answer.headers, kind  # there is no TLS at this address
        if answer.status_code >= 400:
            check(answer, answer.status_code, answer.json()["code"])


def test_under_tls_browsers_are_told_to_stay_there(dialect: str, tmp_path: Any, template: Any) -> None:
    with settled_house(dialect, tmp_path / "home", template, public_url="https://sandhan.example.org") as house:
        assert house.client.get("/v1/health").headers["strict-transport-security"] == "max-age=31536000"


def preflight(house: House, origin: str) -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "authorization,idempotency-key"}  # fmt: skip
    return house.ask(None, "OPTIONS", "/v1/cases", headers=asked)


def of_cors(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def test_no_other_site_is_let_in(house: House) -> None:
    for origin in (SITE, "null", "http://127.0.0.1"):
        assert of_cors(preflight(house, origin)) == {}
        assert preflight(house, origin).status_code == 405
        assert of_cors(house.ask("family", "GET", "/v1/cases", headers={"Origin": origin})) == {}


def test_the_sites_that_the_operator_names_are_let_in(dialect: str, tmp_path: Any, template: Any) -> None:
    with settled_house(dialect, tmp_path / "home", template, cors_origins=f"{SITE}, http://localhost:3000") as house:
        for origin in (SITE, "http://localhost:3000"):
            allowed = of_cors(preflight(house, origin))
            assert allowed["access-control-allow-origin"] == origin
            assert "access-control-allow-credentials" not in allowed
            for answer in (house.ask("family", "GET", "/v1/cases", headers={"Origin": origin}),
                           house.ask(None, "GET", "/v1/cases", headers={"Origin": origin})):  # fmt: skip
                assert of_cors(answer)["access-control-allow-origin"] == origin
                assert "ETag" in of_cors(answer)["access-control-expose-headers"]
        for origin in ("https://elsewhere.example.org", f"{SITE}.evil.example", "null"):
            assert "access-control-allow-origin" not in of_cors(preflight(house, origin))
            answer = house.ask("family", "GET", "/v1/cases", headers={"Origin": origin})
            assert "access-control-allow-origin" not in of_cors(answer)


@pytest.mark.parametrize("sites", ["*", "https://a.example.org/path", "console.example.org", f"{SITE},*"])
def test_all_sites_are_none(sites: str) -> None:
    with pytest.raises(ValueError, match="cors_origins"):
        Settings(_env_file=None, cors_origins=sites)  # type: ignore[call-arg]


PATHS = ["/v1/cases/{}", "/v1/cases/{}/photos", "/v1/matches/{}", "/v1/matches/{}/waterfall.svg", "/v1/alerts/{}"]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_not_shared_and_what_is_not_there_look_the_same(pair: Pair, path: str) -> None:
    house = pair.house
    there = {"cases": pair.rescued_id, "matches": pair.match_id, "alerts": pair.alerts["family"]}[path.split("/")[2]]
    hidden, nothing = (house.ask("stranger", "GET", path.format(name)) for name in (there, there[:-3] + "zzz"))
    assert hidden.status_code == nothing.status_code == 404
    assert (hidden.content, list(hidden.headers.raw)) == (nothing.content, list(nothing.headers.raw))


def test_the_table_of_this_module_covers_every_operation(house: House) -> None:
    document = house.client.get("/openapi.json").json()
    writing = {(method.upper(), path) for path, method, _ in operations_of(document) if method != "get"}
    assert writing == set(WRITING)
