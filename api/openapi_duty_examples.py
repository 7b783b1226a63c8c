"""What do answers about bulletins and the agenda look like? Every person in them is made up."""

from __future__ import annotations

from typing import Any, Final

_CASE, _AT = "case_01m6b5cjnhm952npdv62sfps4x", "2026-11-01T09:30:00+00:00"
_PARTNER, _OTHER = "partner_01m6b59w1zq8c4r7t2k5m9x3dv", "partner_01m6b59w4d1n6v0x3c8r2t7k5m"
_NEXT = "Xb1yQm0dPzR4c2FtcGxlIG9mIGEgY3Vyc29y"

AUTHORISATION: Final[dict[str, Any]] = {
    "id": "authorisation_01m6b5cka1x7c3n9d5r1t8k4v6", "case_id": _CASE, "authority": "cwc",
    "authority_name": "CWC South 24 Parganas", "order_number": "CWC/114/26",
    "scope": {"partners": [], "kinds": ["ahtu", "police"], "areas": ["IN/MH", "IN/WB"]},
    "fields": ["name", "age", "sex", "marks"], "with_photo": True, "expires_at": "2027-02-01T00:00:00+05:30",
    "created_at": _AT, "created_by": "person_01m6b59w9hq2c7r4t8k5m1x3dv", "withdrawn_at": None,
}  # fmt: skip
BULLETIN: Final[dict[str, Any]] = {
    "id": "bulletin_01m6b5ckb3d9m5q1s7w3y0a6e2", "issuer_id": _PARTNER, "issuer": "AHTU South 24 Parganas",
    "state": "published", "published_at": _AT, "until": "2027-02-01T00:00:00+05:30", "has_photo": True,
    "content": {"name": ["সুনীতা মণ্ডল"], "age": [15, 15], "sex": "female", "last_seen": None, "place": None,
                "marks": ["mole on left cheek"]},
    "case_id": None, "authorisation_id": None, "reason": None, "recipients": None,
}  # fmt: skip
OWN_BULLETIN: Final[dict[str, Any]] = BULLETIN | {
    "case_id": _CASE, "authorisation_id": AUTHORISATION["id"],
    "recipients": [{"partner_id": _OTHER, "told": True, "acknowledged_at": None, "first_read_at": None,
                    "ended_at": None, "reason": None, "taken_down_acknowledged_at": None}],
}  # fmt: skip
ITEM: Final[dict[str, Any]] = {
    "id": f"{_CASE}.quarterly.1", "kind": "quarterly", "due_on": "2026-11-28", "overdue": True, "case_id": _CASE,
    "link": f"/v1/cases/{_CASE}", "missed": 0, "since": None,
}  # fmt: skip

DUTY_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "authorise_publication": {"response": AUTHORISATION},
    "list_publication_authorisations": {"response": {"items": [AUTHORISATION]}},
    "withdraw_publication_authorisation": {"response": AUTHORISATION | {"withdrawn_at": "2026-11-02T08:00:00+00:00"}},
    "publish_bulletin": {"response": OWN_BULLETIN},
    "list_bulletins": {"response": {"items": [BULLETIN | {"content": None}], "next": _NEXT}},
    "read_bulletin": {"response": BULLETIN},
    "take_down_bulletin": {
        "response": OWN_BULLETIN | {"state": "taken_down", "content": None, "has_photo": False, "reason": "found"},
    },
    "read_agenda": {"response": {"items": [ITEM], "next": None}},
}  # fmt: skip
"""Name of the operation -> example of its answer; those of the requests stand at the forms."""
