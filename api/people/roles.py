"""Which roles may a partner's people have, and what do several roles allow together?"""

from __future__ import annotations

from collections.abc import Iterable

from api.access import PERMISSIONS, Permission, Role
from matcher.errors import InvalidRecord

_OF_OPERATORS = (Role.OPERATOR, Role.ADMINISTRATOR, Role.AUDITOR)
CASE_ROLES = (
    Role.REPORTER, Role.CASE_MANAGER, Role.OFFICER, Role.NODAL, Role.VERIFIER, Role.PUBLISHER, Role.CLIENT,
)  # fmt: skip
"""Roles whose work is cases: what one of them may, a key may be given."""
_NEEDS_SECOND_FACTOR = frozenset({Permission.NAMES_READ, Permission.PEOPLE_MANAGE})


def roles_for(partner_kind: str) -> tuple[Role, ...]:
    """Return the roles that people of a partner may have: an operator's see no case, nobody else operates."""
    if partner_kind == "operator":
        return _OF_OPERATORS
    return tuple(role for role in Role if role not in (Role.OPERATOR, Role.CLIENT))


def checked_roles(words: Iterable[str], partner_kind: str) -> tuple[Role, ...]:
    """Return roles given as words, each once, in their order.

    Raises:
        InvalidRecord: there is none, or one that people of such a partner cannot have.
    """
    allowed = {str(role): role for role in roles_for(partner_kind)}
    roles = tuple(dict.fromkeys(words))
    if not roles or not set(roles) <= allowed.keys():
        raise InvalidRecord("roles", "must be one or more of " + ", ".join(allowed))
    return tuple(allowed[role] for role in roles)


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """Return what somebody with these roles may do."""
    return frozenset().union(*(PERMISSIONS[Role(role)] for role in roles))


def needs_second_factor(roles: Iterable[str]) -> bool:
    """Tell whether somebody with these roles must have a second factor: who sees names or manages people."""
    return not _NEEDS_SECOND_FACTOR.isdisjoint(permissions_of(roles))


def manages_people(roles: Iterable[str]) -> bool:
    """Tell whether somebody with these roles may manage a partner's people."""
    return Permission.PEOPLE_MANAGE in permissions_of(roles)


def roles_table() -> str:
    """Return what each role may do, as the table of `docs/guides/people.md`."""
    rows = ["| role | second factor | may |", "|---|---|---|"]
    for role in Role:
        may = ", ".join(f"`{permission}`" for permission in Permission if permission in PERMISSIONS[role])
        factor = "is software" if role is Role.CLIENT else "required" if needs_second_factor([role]) else "as you like"
        rows.append(f"| `{role}` | {factor} | {may} |")
    return "\n".join(rows) + "\n"
