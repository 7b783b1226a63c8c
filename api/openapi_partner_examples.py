"""What do answers about agreements, people, keys, disclosures and the audit log look like? All of it is made up."""

from __future__ import annotations

from typing import Any, Final

_PARTNER, _OTHER = "partner_01m6b59w1zq8c4r7t2k5m9x3dv", "partner_01m6b59w4d1n6v0x3c8r2t7k5m"
_PERSON, _AT = "person_01m6b59w9hq2c7r4t8k5m1x3dv", "2026-11-01T09:30:00+00:00"
_CASE = "case_01m6b5cjnhm952npdv62sfps4x"

AGREEMENT: Final[dict[str, Any]] = {
    "id": "agreement_01m6b5a2c8n3d7r1t5k9m4x0vq", "reference": "MoU 14/2026",
    "valid_from": _AT, "valid_until": "2030-01-01T00:00:00+00:00",
    "parties": [{"partner_id": _PARTNER, "in_force": True}, {"partner_id": _OTHER, "in_force": False}],
}  # fmt: skip
_IN_FORCE: Final = [{"partner_id": party, "in_force": True} for party in (_PARTNER, _OTHER)]
PERSON: Final[dict[str, Any]] = {
    "id": _PERSON, "name": "Example Person", "email": "officer@example.org", "roles": ["officer"], "language": "en",
    "active": True, "enrolled": True, "second_factor": True, "created_at": _AT,
}  # fmt: skip
KEY: Final[dict[str, Any]] = {
    "id": "key_01m6b59w2aq0s4y8d2m6r1v5x9", "label": "case system of the unit", "permissions": ["cases:read"],
    "created_at": _AT, "created_by": _PERSON, "expires_at": "2027-11-01T09:30:00+00:00", "revoked_at": None,
    "last_used_on": "2026-11-03", "previous_until": None,
}  # fmt: skip
DISCLOSURE: Final[dict[str, Any]] = {
    "id": "disclosure_01m6b5ck0w4y8a2e6h1q5s9d3m", "match_id": "match_01m6b5cjr0e7fj6p2w9ka3t5mz", "case_id": _CASE,
    "requester_id": _OTHER, "purpose": "verify-identity", "state": "requested", "requested_at": _AT,
    "decided_at": None, "expires_at": None,
}  # fmt: skip
_HASH: Final = "3f9a1c5e7b2d4860a1b3c5d7e9f20416283a4c5e6f708192a3b4c5d6e7f80912"
ENTRY: Final[dict[str, Any]] = {
    "seq": 4711, "at": _AT, "actor": _PERSON, "action": "case.read", "subject": _CASE, "purpose": None, "detail": {},
    "hash": _HASH,
}  # fmt: skip

PARTNER_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "propose_agreement": {"response": AGREEMENT},
    "list_agreements": {"response": {"items": [AGREEMENT], "next": None}},
    "read_agreement": {"response": AGREEMENT},
    "admit_party": {"response": AGREEMENT},
    "accept_agreement": {"response": AGREEMENT | {"parties": _IN_FORCE}},
    "leave_agreement": {"response": AGREEMENT},
    "who_am_i": {
        "response": {"partner_id": _PARTNER, "partner_kind": "ahtu", "actor_id": _PERSON, "role": "nodal",
                     "permissions": ["cases:read", "names:read"], "areas": ["IN/WB"], "csrf_token": None},
    },
    "list_people": {"response": {"items": [PERSON], "next": None}},
    "read_person": {"response": PERSON},
    "change_person": {"response": PERSON | {"roles": ["nodal", "verifier"]}},
    "list_keys": {"response": {"items": [KEY], "next": None}},
    "create_key": {"response": KEY | {"last_used_on": None, "api_key": "sk_" + "0" * 48}},
    "rotate_key": {"response": KEY | {"previous_until": "2026-11-02T09:30:00+00:00", "api_key": "sk_" + "0" * 48}},
    "request_disclosure": {"response": DISCLOSURE},
    "list_disclosures": {"response": {"items": [DISCLOSURE], "next": None}},
    "read_disclosure": {"response": DISCLOSURE},
    "decide_disclosure": {
        "response": DISCLOSURE | {"state": "accepted", "decided_at": "2026-11-01T11:00:00+00:00",
                                  "expires_at": "2027-01-30T11:00:00+00:00"},
    },
    "list_audit": {"response": {"items": [ENTRY], "next": None}},
    "list_roots": {"response": {"items": [{"day": "2026-10-31", "seq": 4690, "hash": _HASH}], "next": None}},
}  # fmt: skip
"""Name of the operation -> example of its answer; those of the requests stand at the forms."""
