"""What does an endpoint get? The services of this process, and the caller's scope from the key in the header."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.access import AccessScope
from api.bootstrap import Sandhan
from api.partners.service import Unauthenticated

_bearer = HTTPBearer(auto_error=False, description="Authorization: Bearer KEY")
_header = APIKeyHeader(name="X-API-Key", auto_error=False)


def get_services(request: Request) -> Sandhan:
    """Return the services of this process."""
    return cast(Sandhan, request.app.state.sandhan)


Services = Annotated[Sandhan, Depends(get_services)]


def get_caller(
    services: Services,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
    header: Annotated[str | None, Security(_header)] = None,
) -> AccessScope:
    """Return the caller's scope.

    Raises:
        Unauthenticated: no key, or none that is valid.
    """
    secret = bearer.credentials if bearer is not None else header
    if not secret:
        raise Unauthenticated
    return services.partners.scope_of(secret)


Caller = Annotated[AccessScope, Depends(get_caller)]
