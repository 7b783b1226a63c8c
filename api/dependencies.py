"""What does an endpoint get? The services of this process, and the caller's scope from a key or a session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.access import AccessScope
from api.bootstrap import Sandhan
from api.limits import Quota
from api.partners.service import Unauthenticated
from api.people.sessions import PREFIX

SESSION_COOKIE = "__Host-sandhan"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_bearer = HTTPBearer(
    scheme_name="bearer", auto_error=False, description="Authorization: Bearer KEY, or the token of a session"
)
_header = APIKeyHeader(scheme_name="key", name="X-API-Key", auto_error=False, description="X-API-Key: KEY")
_cookie = APIKeyCookie(
    scheme_name="session", name=SESSION_COOKIE, auto_error=False, description="cookie of somebody who signed in"
)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a caller came with: an API key or a session's token."""

    secret: str = field(repr=False)
    from_cookie: bool = False

    @property
    def is_session(self) -> bool:
        """Tell whether it is a session's token."""
        return self.secret.startswith(PREFIX)


def get_services(request: Request) -> Sandhan:
    """Return the services of this process."""
    return cast(Sandhan, request.app.state.sandhan)


Services = Annotated[Sandhan, Depends(get_services)]


def address_of(request: Request) -> str:
    """Return where a request comes from; behind a proxy of this machine, what the proxy says."""
    return request.client.host if request.client else "unknown"


def charge(request: Request, quotas: Sequence[Quota]) -> None:
    """Note what a request was counted against; the answer's headers tell what is left."""
    request.state.quotas = [*quotas_of(request), *quotas]


def quotas_of(request: Request) -> list[Quota]:
    """Return what a request was counted against."""
    return list(getattr(request.state, "quotas", ()))


def admit_stranger(request: Request, services: Services) -> None:
    """Count a request to what everybody may ask, by its address.

    Raises:
        RateLimited: too many requests from there.
    """
    if not quotas_of(request):  # one without credentials was counted at the door
        charge(request, services.gate.admit_address(address_of(request)))


def get_credential(
    request: Request,
    services: Services,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
    header: Annotated[str | None, Security(_header)] = None,
    cookie: Annotated[str | None, Security(_cookie)] = None,
) -> Credential:
    """Return what the caller came with; what stands in a header goes before a cookie.

    Raises:
        Unauthenticated: there is nothing.
        RateLimited: too many requests from this address.
    """
    if secret := (bearer.credentials if bearer is not None else header):
        return Credential(secret)
    if cookie and cookie.startswith(PREFIX):
        return Credential(cookie, from_cookie=True)
    admit_stranger(request, services)
    raise Unauthenticated


Presented = Annotated[Credential, Depends(get_credential)]
"""What the caller came with."""


def get_caller(request: Request, services: Services, credential: Presented) -> AccessScope:
    """Return the caller's scope; its requests are counted.

    Raises:
        Unauthenticated: the key or the session is unknown, revoked or expired.
        RateLimited: too many requests, or too many wrong credentials from this address.
        CsrfRefused: a cookie came without its header, with something that changes something.
    """
    try:
        knows = services.sessions if credential.is_session else services.partners
        scope = knows.scope_of(credential.secret)
    except Unauthenticated:
        services.gate.note_failure(address_of(request))
        raise
    if credential.from_cookie and request.method not in _SAFE:
        services.sessions.check_csrf(credential.secret, request.headers.get(CSRF_HEADER))
    charge(request, services.gate.admit(scope.actor_id))
    return scope


Caller = Annotated[AccessScope, Depends(get_caller)]


def get_asking_caller(request: Request, services: Services, caller: Caller) -> AccessScope:
    """Return the scope of a caller who searches: counted as a search, too.

    Raises:
        RateLimited: too many searches.
    """
    charge(request, services.gate.admit_query(caller.actor_id))
    return caller


AskingCaller = Annotated[AccessScope, Depends(get_asking_caller)]
