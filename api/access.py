"""Who may see which fields of which case? One typed scope per caller; knows no web framework.

FULL       the owner
DISCLOSED  the police unit in whose area the family of a missing report lives; a party that stated its purpose, once the
           owner accepted; never who reported, nor where a protected person is
MASKED     a party to a match or an alert about the case: initials, age band, state, never an address or a photo
OUTLINE    whoever of these may not read names: that there is a case; of a match its grade and which fields agree
NOTHING    everyone else: the answer is the same as for a case that does not exist

`api.cases.views` says which fields each of them holds; docs/reference/access.md shows it all as a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from matcher.errors import SandhanError


class Permission(StrEnum):
    """What a caller may do."""

    PARTNERS_WRITE = "partners:write"
    PARTNERS_READ = "partners:read"
    PEOPLE_MANAGE = "people:manage"
    KEYS_MANAGE = "keys:manage"
    AGREEMENTS_MANAGE = "agreements:manage"
    CASES_WRITE = "cases:write"
    CASES_READ = "cases:read"
    CASES_EXPORT = "cases:export"
    CASES_ERASE = "cases:erase"
    NAMES_READ = "names:read"  # without it, whatever is read comes without anything that tells who it is
    SUSPECTS_READ = "suspects:read"
    SUSPECTS_WRITE = "suspects:write"
    CONSENTS_MANAGE = "consents:manage"
    REFERRALS_MANAGE = "referrals:manage"
    DISCLOSURE_REQUEST = "disclosure:request"
    DISCLOSURE_DECIDE = "disclosure:decide"
    MATCHES_READ = "matches:read"
    MATCHES_QUERY = "matches:query"
    MATCHES_DECIDE = "matches:decide"
    MATCHES_VERIFY = "matches:verify"  # beside it: to say that both are one person
    ALERTS_READ = "alerts:read"
    ALERTS_ACKNOWLEDGE = "alerts:acknowledge"
    ALERTS_REPLAY = "alerts:replay"  # what could not be delivered is sent once more
    PUBLICATION_AUTHORISE = "publication:authorise"
    AUDIT_READ = "audit:read"


class Role(StrEnum):
    """What somebody is to the organisation that he or she acts for."""

    REPORTER = "reporter"  # enters whom the shelter received
    CASE_MANAGER = "case_manager"
    OFFICER = "officer"  # of an Anti-Human Trafficking Unit
    NODAL = "nodal"  # watches deadlines of the units below
    VERIFIER = "verifier"
    PUBLISHER = "publisher"  # authorises the publication of a missing child's photo
    ADMINISTRATOR = "administrator"  # of the partner: people, keys, agreements, what was not delivered; no case
    AUDITOR = "auditor"
    CLIENT = "client"  # software with an API key
    OPERATOR = "operator"  # of the deployment: lets partners in; no case


_P = Permission
_READING = (_P.PARTNERS_READ, _P.CASES_READ, _P.MATCHES_READ, _P.ALERTS_READ)
_CASE_MANAGER = (
    *_READING, _P.NAMES_READ, _P.CASES_WRITE, _P.CASES_EXPORT, _P.CASES_ERASE, _P.CONSENTS_MANAGE, _P.REFERRALS_MANAGE,
    _P.DISCLOSURE_REQUEST, _P.DISCLOSURE_DECIDE, _P.MATCHES_QUERY, _P.MATCHES_DECIDE,
    _P.ALERTS_ACKNOWLEDGE,
)  # fmt: skip
CLIENT = (*_READING, _P.CASES_WRITE, _P.MATCHES_QUERY, _P.ALERTS_ACKNOWLEDGE)
"""What an API key may do unless it is given more: it never reads names."""
CASE_WORK = (*_CASE_MANAGER, _P.MATCHES_VERIFY, _P.SUSPECTS_READ, _P.SUSPECTS_WRITE, _P.ALERTS_REPLAY)
"""All that is done with cases."""
GUARDED = frozenset((
    _P.NAMES_READ, _P.SUSPECTS_READ, _P.SUSPECTS_WRITE, _P.CASES_ERASE, _P.CASES_EXPORT, _P.DISCLOSURE_DECIDE,
    _P.CONSENTS_MANAGE, _P.MATCHES_DECIDE, _P.MATCHES_VERIFY,
))  # fmt: skip
"""What goes into a key only by the hand of somebody who may do it: managing keys is no way to the cases."""
OPERATOR = (_P.PARTNERS_WRITE, _P.PARTNERS_READ, _P.PEOPLE_MANAGE, _P.KEYS_MANAGE, _P.AGREEMENTS_MANAGE)

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.REPORTER: frozenset((*_READING, _P.NAMES_READ, _P.CASES_WRITE, _P.ALERTS_ACKNOWLEDGE)),
    Role.CASE_MANAGER: frozenset(_CASE_MANAGER),
    Role.OFFICER: frozenset(CASE_WORK),
    Role.NODAL: frozenset((*_READING, _P.NAMES_READ, _P.ALERTS_ACKNOWLEDGE)),
    Role.VERIFIER: frozenset((
        *_READING, _P.NAMES_READ, _P.DISCLOSURE_REQUEST, _P.MATCHES_DECIDE, _P.MATCHES_VERIFY, _P.ALERTS_ACKNOWLEDGE,
    )),
    Role.PUBLISHER: frozenset((*_READING, _P.NAMES_READ, _P.PUBLICATION_AUTHORISE)),
    Role.ADMINISTRATOR: frozenset(
        (_P.PARTNERS_READ, _P.PEOPLE_MANAGE, _P.KEYS_MANAGE, _P.AGREEMENTS_MANAGE, _P.ALERTS_REPLAY)
    ),
    Role.AUDITOR: frozenset((_P.PARTNERS_READ, _P.AUDIT_READ)),
    Role.CLIENT: frozenset(CLIENT),
    Role.OPERATOR: frozenset(OPERATOR),
}  # fmt: skip
"""What each role may do; a key may be given less or more within what its partner may."""
POLICE_KINDS = frozenset({"ahtu", "police", "nodal", "coordination"})
"""Kinds of partners that see the missing reports of their area, and suspects."""


class NotPermitted(SandhanError):
    """The caller lacks a permission; says which, nothing else."""

    code = "not_permitted"

    def __init__(self, permission: Permission) -> None:
        super().__init__(f"you lack the permission {permission}")
        self.permission = permission


class NotFound(SandhanError):
    """There is no such thing, or the caller may not know of it: the answer is the same."""

    code = "not_found"

    def __init__(self, what: str) -> None:
        super().__init__(f"no such {what}, or it is not shared with you")
        self.what = what


class Relation(StrEnum):
    """What a caller is to a case; `api.cases.standing` finds it out."""

    OWNER = "owner"
    POLICE = "police"  # the unit in whose area the family of a missing report lives
    DISCLOSED = "disclosed"  # stated a purpose, and the owner accepted; or the case was referred to it
    PARTY = "party"  # owner of the other side of a possible match, or told of it
    STRANGER = "stranger"  # everybody else, and whoever agreement or consent shuts out


class View(StrEnum):
    """How much of a case a caller sees, least first."""

    NOTHING = "nothing"
    OUTLINE = "outline"
    MASKED = "masked"
    DISCLOSED = "disclosed"
    FULL = "full"


VIEWS: Mapping[Relation, tuple[View, View]] = {
    Relation.OWNER: (View.FULL, View.OUTLINE),
    Relation.POLICE: (View.DISCLOSED, View.OUTLINE),
    Relation.DISCLOSED: (View.DISCLOSED, View.OUTLINE),
    Relation.PARTY: (View.MASKED, View.OUTLINE),
    Relation.STRANGER: (View.NOTHING, View.NOTHING),
}
"""Relation -> what is seen by those who may read names, and by those who may not."""

RECIPIENT_CLASS: Mapping[str, str] = {
    "ahtu": "police", "police": "police", "nodal": "police", "shelter": "shelter", "ngo": "ngo",
    "coordination": "coordination", "focal_point": "coordination", "cwc": "coordination", "operator": "operator",
}  # fmt: skip
"""Kind of a partner -> the class of recipients that a consent names."""


@dataclass(frozen=True, slots=True)
class AccessScope:
    """The caller: a partner acting through one person or one key.

    Attributes:
        partner_id: for whom.
        actor_id: the person or the key, for the audit log.
        kind: of the partner.
        areas: the partner's jurisdiction; each covers every path below it.
        permissions: of the person or the key.
        role: what the actor is to the partner.
    """

    partner_id: str
    actor_id: str
    kind: str
    areas: tuple[str, ...]
    permissions: frozenset[str]
    role: Role = Role.CLIENT

    def require(self, permission: Permission) -> None:
        """Refuse unless the caller has the permission.

        Raises:
            NotPermitted: he has not.
        """
        if permission not in self.permissions:
            raise NotPermitted(permission)

    def covers(self, area: str | None) -> bool:
        """Tell whether an area lies in the caller's jurisdiction."""
        return area is not None and any(area == own or area.startswith(own + "/") for own in self.areas)

    @property
    def recipient_class(self) -> str:
        """Return the class of recipients that the caller's partner is of."""
        return RECIPIENT_CLASS[self.kind]

    def view_of(self, relation: Relation) -> View:
        """Return how much of a case the caller sees, being what it is to it."""
        names, no_names = VIEWS[relation]
        return names if Permission.NAMES_READ in self.permissions else no_names
