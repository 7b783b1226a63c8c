"""What does an endpoint get? The services of this process, and the caller's scope from a key or a session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.access import AccessScope
from api.bootstrap import Sandhan
from api.partners.service import Unauthenticated
from api.people.sessions import PREFIX

SESSION_COOKIE = "__Host-sandhan"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_bearer = HTTPBearer(auto_error=False, description="Authorization: Bearer KEY, or the token of a session")
_header = APIKeyHeader(name="X-API-Key", auto_error=False)
_cookie = APIKeyCookie(name=SESSION_COOKIE, auto_error=False)


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


def get_credential(
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
    header: Annotated[str | None, Security(_header)] = None,
    cookie: Annotated[str | None, Security(_cookie)] = None,
) -> Credential:
    """Return what the caller came with; what stands in a header goes before a cookie.

    Raises:
        Unauthenticated: there is nothing.
    """
    if secret := (bearer.credentials if bearer is not None else header):
        return Credential(secret)
    if cookie and cookie.startswith(PREFIX):
        return Credential(cookie, from_cookie=True)
    raise Unauthenticated


Presented = Annotated[Credential, Depends(get_credential)]
"""What the caller came with."""


def get_caller(request: Request, services: Services, credential: Presented) -> AccessScope:
    """Return the caller's scope.

    Raises:
        Unauthenticated: the key or the session is unknown, revoked or expired.
        CsrfRefused: a cookie came without its header, with something that changes something.
    """
    if not credential.is_session:
        return services.partners.scope_of(credential.secret)
    scope = services.sessions.scope_of(credential.secret)
    if credential.from_cookie and request.method not in _SAFE:
        services.sessions.check_csrf(credential.secret, request.headers.get(CSRF_HEADER))
    return scope


Caller = Annotated[AccessScope, Depends(get_caller)]
