"""Whose case is it, and may the caller read texts? What every service of care asks first."""

from __future__ import annotations

from datetime import datetime

from api.access import AccessScope, NotFound, Permission
from api.store import Connection, cases
from api.store.cases import Case


def own_case(conn: Connection, case_id: str, scope: AccessScope, now: datetime) -> Case:
    """Return the caller's own case.

    Raises:
        NotFound: there is none, it is another partner's, or its time is over: the answer is the same.
    """
    case = cases.get_case(conn, case_id)
    if case is None or case.owner_id != scope.partner_id or case.expired(now):
        raise NotFound("case")
    return case


def reads_texts(scope: AccessScope) -> bool:
    """Tell whether the caller may read what people wrote: it tells who a person is."""
    return Permission.NAMES_READ in scope.permissions
