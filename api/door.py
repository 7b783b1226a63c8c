"""What happens to every request before and after it is served? Sizes, rates, the headers of safety, other sites.

other sites (CORS) ── only those that the operator names
  └─ sizes ── length announced, address, headers: refused before a body is read
       └─ rates ── requests without credentials, by address; callers who are known count where they are recognised
            └─ the endpoint ── its body is counted while it is read
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response, params
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import compile_path

from api.access import NotFound
from api.bootstrap import Sandhan
from api.dependencies import address_of, charge, quotas_of
from api.errors import AddressTooLong, HeadersTooLarge, RequestTooLarge, fault, problem_of
from api.limits import RateLimited, limit_header, policy_header
from api.uploads import BodyLimit
from matcher.errors import InvalidRecord, SandhanError

SMALL_BODY = 1024 * 1024
"""Bytes of a body that holds no file: JSON of 256 kB and whatever a form puts around it."""
MAX_ADDRESS, MAX_HEADERS = 8 * 1024, 16 * 1024
_CREDENTIALS = ("authorization", "x-api-key", "cookie")
EXPOSED = (
    "ETag", "Link", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "Idempotent-Replayed",
    "WWW-Authenticate",
)  # fmt: skip


def install(app: FastAPI, sandhan: Sandhan) -> None:
    """Put the door before an application whose routes are all there."""
    settings = sandhan.settings
    large = (settings.photos_per_case * settings.photo_limit_mb + 1) * 1024 * 1024
    takes_files, methods_at = file_routes(app), methods_of(app)

    def body_limit(method: str, path: str) -> int:
        return large if takes_files(method, path) else SMALL_BODY

    app.add_middleware(BodyLimit, limit_of=body_limit)
    safety = _safety(settings.public_url)

    @app.middleware("http")
    async def guard(request: Request, call_next: RequestResponseEndpoint) -> Response:
        try:
            _check_sizes(request, body_limit(request.method, request.url.path))
            if not any(name in request.headers for name in _CREDENTIALS):
                charge(request, sandhan.gate.admit_address(address_of(request)))
            response = await call_next(request)
        except SandhanError as error:
            response = problem_of(error)
            if isinstance(error, RateLimited):
                charge(request, error.quotas)
        except Exception as error:  # noqa: BLE001 - the server would log its text, and that may quote a record
            response = fault(error)
        if response.status_code == 405:  # the framework names the methods of one route, and a path may have several
            response.headers["Allow"] = ", ".join(sorted(methods_at(request.url.path)))
        for name, value in safety.items():
            response.headers.setdefault(name, value)
        if request.url.path in ("/docs", "/docs/oauth2-redirect"):
            del response.headers["Content-Security-Policy"]  # the page loads its scripts from elsewhere
        if quotas := quotas_of(request):
            response.headers["RateLimit-Policy"] = policy_header(quotas)
            response.headers["RateLimit"] = limit_header(quotas)
        return response

    if settings.cors_sites:
        # No cookies are let through: a page of another site comes with a key of its own.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_sites),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization", "X-API-Key", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key",
                "Accept-Language",
            ],
            expose_headers=list(EXPOSED),
            max_age=600,
        )  # fmt: skip


def _check_sizes(request: Request, limit: int) -> None:
    length = request.headers.get("content-length", "0")
    # Seven hundred digits are no number to Python, and ² is a digit.
    if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > limit):
        raise RequestTooLarge(f"{limit // 1024 // 1024} MB")
    address = request.url
    if len(address.path) + len(address.query) > MAX_ADDRESS:
        raise AddressTooLong(MAX_ADDRESS)
    if sum(len(name) + len(value) + 4 for name, value in request.headers.raw) > MAX_HEADERS:
        raise HeadersTooLarge(MAX_HEADERS)
    if "\0" in request.scope["path"]:
        raise NotFound("record")  # PostgreSQL could not even be asked for it
    if "%00" in address.query:
        raise InvalidRecord("address", "holds a NUL character in a parameter")


def _safety(public_url: str) -> dict[str, str]:
    headers = {
        # What one person may see must not be found in a shared computer's cache by the next.
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    if public_url.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


@dataclass(frozen=True, slots=True)
class ServedRoute:
    """One route with its whole path."""

    path: str
    methods: frozenset[str]
    route: Any


def routes_of(router: Any, prefix: str = "") -> Iterator[ServedRoute]:
    """Give the routes of an application and of the routers within it."""
    for route in router.routes:
        if hasattr(route, "original_router"):
            yield from routes_of(route.original_router, prefix + route.include_context.prefix)
        elif hasattr(route, "methods"):
            yield ServedRoute(prefix + route.path, frozenset(route.methods or ()), route)
        elif getattr(route, "routes", None):
            yield from routes_of(route, prefix + getattr(route, "path", ""))


def file_routes(app: FastAPI) -> Callable[[str, str], bool]:
    """Return what tells whether a method and path take files: those whose description says that they do."""
    found = [
        (served.methods, compile_path(served.path)[0]) for served in routes_of(app.router) if _takes_files(served.route)
    ]

    def takes_files(method: str, path: str) -> bool:
        return any(method in methods and pattern.match(path) for methods, pattern in found)

    return takes_files


def methods_of(app: FastAPI) -> Callable[[str], set[str]]:
    """Return what tells the methods that a path takes."""
    found = [(served.path, served.methods, compile_path(served.path)[0]) for served in routes_of(app.router)]

    def methods_at(path: str) -> set[str]:
        # /matches/query is no match whose id is "query".
        matching = [own for own in found if own[0] == path] or [own for own in found if own[2].match(path)]
        return {method for _, methods, _ in matching for method in methods}

    return methods_at


def _takes_files(route: Any) -> bool:
    described = (getattr(route, "openapi_extra", None) or {}).get("requestBody", {}).get("content", {})
    if any(media != "application/json" for media in described):
        return True
    fields = getattr(getattr(route, "dependant", None), "body_params", ())
    return any(isinstance(field.field_info, params.File) for field in fields)
