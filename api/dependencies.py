"""What does an endpoint get? The services of this process, and the caller's scope from the key in the header."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.access import AccessScope
from api.bootstrap import Sandhan
from api.limits import Quota
from api.partners.service import Unauthenticated

_bearer = HTTPBearer(scheme_name="bearer", auto_error=False, description="Authorization: Bearer KEY")
_header = APIKeyHeader(scheme_name="key", name="X-API-Key", auto_error=False, description="X-API-Key: KEY")


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


def get_caller(
    request: Request,
    services: Services,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
    header: Annotated[str | None, Security(_header)] = None,
) -> AccessScope:
    """Return the caller's scope; its requests are counted.

    Raises:
        Unauthenticated: no key, or none that is valid.
        RateLimited: too many requests, or too many wrong keys from this address.
    """
    secret = bearer.credentials if bearer is not None else header
    if not secret:
        admit_stranger(request, services)
        raise Unauthenticated
    try:
        scope = services.partners.scope_of(secret)
    except Unauthenticated:
        services.gate.note_failure(address_of(request))
        raise
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
