"""What do answers about pairs look like? All of it is made up."""

from __future__ import annotations

from typing import Any, Final

PAIR: Final[dict[str, Any]] = {
    "id": "pair_01m6b5d0a4k8r2v6x0c5n9d3tq", "kind": "person", "side": "rescued",
    "your_record_id": "case_01m6b5cjnhm952npdv62sfps4x",
    "other_organisation": {
        "id": "partner_01m6b59w4d1n6v0x3c8r2t7k5m", "name": "Shelter Guwahati", "kind": "shelter", "country": "IN",
        "areas": ["IN/AS"], "language": "as", "time_zone": "Asia/Kolkata", "office_hours": None, "residency": "IN",
    },
    "withheld": {}, "grade": "probable", "agrees": ["name", "father", "origin"], "state": "open", "dismissed_by": None,
    "dismissed_reason": None, "created_at": "2026-11-01T09:30:00+00:00", "updated_at": "2026-11-01T09:30:00+00:00",
}  # fmt: skip

PAIR_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "list_pairs": {"response": {"items": [PAIR], "next": None}},
    "read_pair": {"response": PAIR},
    "dismiss_pair": {
        "response": PAIR | {"state": "dismissed", "dismissed_by": "you", "dismissed_reason": "not_the_same"},
    },
}  # fmt: skip
"""Name of the operation -> example of its answer; that of the request stands at the form."""
