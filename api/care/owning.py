"""May the caller read texts? What every service of care asks, once it knows whose case it is (`api.cases.standing`)."""

from __future__ import annotations

from api.access import AccessScope, Permission


def reads_texts(scope: AccessScope) -> bool:
    """Tell whether the caller may read what people wrote: it tells who a person is."""
    return Permission.NAMES_READ in scope.permissions
