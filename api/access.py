"""Who may see which fields of which case? One typed scope per caller; knows no web framework.

FULL     the owner; for missing reports also the police unit in whose area the family lives
MASKED   a party to a match or an alert about the case: initials, age band, state, never an address or a photo
NOTHING  everyone else: the answer is the same as for a case that does not exist
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from api.store.cases import Case
from matcher.errors import SandhanError
from matcher.person import Side


class Permission(StrEnum):
    """What a key may do."""

    PARTNERS_WRITE = "partners:write"
    PARTNERS_READ = "partners:read"
    CASES_WRITE = "cases:write"
    CASES_READ = "cases:read"
    MATCHES_READ = "matches:read"
    MATCHES_QUERY = "matches:query"
    ALERTS_READ = "alerts:read"
    ALERTS_ACKNOWLEDGE = "alerts:acknowledge"


CASE_WORK = (
    Permission.PARTNERS_READ,
    Permission.CASES_WRITE,
    Permission.CASES_READ,
    Permission.MATCHES_READ,
    Permission.MATCHES_QUERY,
    Permission.ALERTS_READ,
    Permission.ALERTS_ACKNOWLEDGE,
)
OPERATOR = (Permission.PARTNERS_WRITE, Permission.PARTNERS_READ)
POLICE_KINDS = frozenset({"ahtu", "police", "coordination"})


class NotPermitted(SandhanError):
    """The key lacks a permission; says which, nothing else."""

    code = "not_permitted"

    def __init__(self, permission: Permission) -> None:
        super().__init__(f"this key lacks the permission {permission}")
        self.permission = permission


class NotFound(SandhanError):
    """There is no such thing, or the caller may not know of it: the answer is the same."""

    code = "not_found"

    def __init__(self, what: str) -> None:
        super().__init__(f"no such {what}, or it is not shared with you")
        self.what = what


class View(StrEnum):
    """How much of a case a caller sees."""

    FULL = "full"
    MASKED = "masked"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class AccessScope:
    """The caller: a partner acting through one key.

    Attributes:
        partner_id, key_id: who, for the audit log.
        kind: of the partner.
        areas: the partner's jurisdiction; each covers every path below it.
        permissions: of the key.
    """

    partner_id: str
    key_id: str
    kind: str
    areas: tuple[str, ...]
    permissions: frozenset[str]

    def require(self, permission: Permission) -> None:
        """Refuse unless the key has the permission.

        Raises:
            NotPermitted: it has not.
        """
        if permission not in self.permissions:
            raise NotPermitted(permission)

    def covers(self, area: str | None) -> bool:
        """Tell whether an area lies in the caller's jurisdiction."""
        return area is not None and any(area == own or area.startswith(own + "/") for own in self.areas)

    def view_of(self, case: Case, *, party: bool) -> View:
        """Return how much of a case the caller sees.

        Args:
            case: the case.
            party: whether a match or an alert makes the caller a party to it.
        """
        if case.owner_id == self.partner_id:
            return View.FULL
        if case.side == Side.MISSING and self.kind in POLICE_KINDS and self.covers(case.origin_area):
            return View.FULL
        return View.MASKED if party else View.NOTHING
