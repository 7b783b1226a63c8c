"""What do requests and answers of care, consent, referrals and suspects look like? Every person in them is made up."""

from __future__ import annotations

from typing import Any, Final

_CASE, _OTHER_CASE = "case_01m6b5cjnhm952npdv62sfps4x", "case_01m6b5bq2vtc3d8kz0x4h9n7wa"
_BY, _AT = "person_01m6b59w9hq2c7r4t8k5m1x3dv", "2026-11-01T09:30:00+00:00"
_NEXT = "Xb1yQm0dPzR4c2FtcGxlIG9mIGEgY3Vyc29y"

CONSENT: Final[dict[str, Any]] = {
    "id": "consent_01m6b5cjq3v8n1d7w2s0y6a4e9", "version": 2, "purpose": "sharing", "recipients": "police",
    "basis": "consent", "given_by": "person", "given_at": _AT, "withdrawn_at": None,
}  # fmt: skip
TOMBSTONE: Final[dict[str, Any]] = {"id": _OTHER_CASE, "side": "missing", "own": False, "erased_at": _AT}
TIMELINE: Final[dict[str, Any]] = {
    "present": "rehabilitation",
    "entries": [
        {"id": "stage_01m6b5cjt1x5k9r3c7v2n8d4wq", "stage": "rehabilitation", "entered_on": "2026-10-30",
         "note": "Moved to the long-stay home.", "corrects": None, "stands": True, "at": _AT, "by": _BY}
    ],
}  # fmt: skip
NOTE: Final[dict[str, Any]] = {
    "id": "note_01m6b5cjv7d2m6q0s4y8a1e5h9", "kind": "interview", "text": "She remembers a jetty and a sweet shop.",
    "source_date": "2026-10-29", "corrects": None, "stands": True, "at": _AT, "by": _BY,
}  # fmt: skip
ASKED: Final[dict[str, Any]] = {
    "id": "hir_01m6b5cjw4k8r2v6x0c5n9d3tq", "unit_id": None, "unit": "District Child Protection Unit",
    "question": None, "due_on": "2026-12-15", "version": 0, "outcome": None, "findings": [], "at": _AT, "by": _BY,
}  # fmt: skip
RECEIVED: Final[dict[str, Any]] = ASKED | {
    "version": 1,
    "outcome": "safe",
    "findings": [
        {"version": 1, "outcome": "safe", "visited_on": "2026-11-20", "role": "probation officer",
         "narrative": "Both parents met.", "at": "2026-11-21T10:00:00+00:00", "by": _BY}
    ],
}  # fmt: skip
VISIT: Final[dict[str, Any]] = {
    "id": "visit_01m6b5cjx9a3e7h1q5s0w4y8d2", "case_id": _CASE, "returned_on": "2026-10-31", "months": 1,
    "due_on": "2026-11-30", "state": "due", "overdue": False, "outcome": None, "note": None, "settled_at": None,
    "settled_by": None,
}  # fmt: skip
HISTORY: Final[dict[str, Any]] = {
    "items": [
        {"version": 2, "at": _AT, "by": _BY, "changed": ["age"], "values": {"age": "15"},
         "provenance": {"age": {"source": "interview", "date": "2026-10-29"}}}
    ]
}  # fmt: skip
REFERRAL: Final[dict[str, Any]] = {
    "id": "ref_01m6b5cjy6m0q4s8w2y7a1e5h3", "kind": "referral", "reason": "home_investigation", "case_id": _CASE,
    "proposer_id": "partner_01m6b59w1zq8c4r7t2k5m9x3dv", "receiver_id": "partner_01m6b59w4d1n6v0x3c8r2t7k5m",
    "state": "proposed", "version": 1, "with_sources": False, "note": "Please visit before the hearing.",
    "case": None, "possible": ["revoke"],
    "events": [{"event": "propose", "state": "proposed", "reason": "home_investigation",
                "partner_id": "partner_01m6b59w1zq8c4r7t2k5m9x3dv", "at": _AT, "by": _BY}],
    "created_at": _AT, "updated_at": _AT,
}  # fmt: skip
SUSPECT: Final[dict[str, Any]] = {
    "id": "suspect_01m6b5cjz2v7x1c5n9d4r8t3k6", "status": "open", "version": 1,
    "names": [{"value": "রতন", "source": "interview", "date": "2026-10-29", "certainty": "probable"}],
    "aliases": [{"value": "Babu", "certainty": "doubtful"}], "phones": [],
    "sex": [{"value": "male", "source": "interview"}],
    "ages": [{"value": "30-35", "date": "2026-10-29", "certainty": "doubtful"}],
    "languages": [{"value": "Bengali, Hindi"}],
    "homes": [{"district": "Murshidabad", "state": "West Bengal", "country": "India", "source": "interview"}],
    "description": [],
    "routes": [{"value": "Canning to Howrah by train", "source": "interview"}],
    "created_at": _AT, "created_by": _BY, "updated_at": _AT,
}  # fmt: skip
LINK: Final[dict[str, Any]] = {
    "suspect_id": SUSPECT["id"], "case_id": _CASE, "relation": "recruiter", "at": _AT, "by": _BY,
}  # fmt: skip


def _moved(state: str, event: str, reason: str | None, possible: list[str]) -> dict[str, Any]:
    """Return the referral after one more step of the receiver."""
    step = {"event": event, "state": state, "reason": reason, "partner_id": REFERRAL["receiver_id"], "at": _AT,
            "by": _BY}  # fmt: skip
    changed = {"state": state, "version": 2, "possible": possible, "events": [*REFERRAL["events"], step]}
    return REFERRAL | changed


CARE_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "list_consents": {"response": [CONSENT]},
    "give_consent": {"response": CONSENT},
    "withdraw_consent": {"response": CONSENT | {"withdrawn_at": "2026-11-02T08:00:00+00:00"}},
    "keep_case": {"response": {"id": _CASE, "expires_at": "2032-01-01T00:00:00+00:00"}},
    "list_tombstones": {"response": {"items": [TOMBSTONE], "next": None}},
    "read_stages": {"response": TIMELINE},
    "enter_stage": {"response": TIMELINE},
    "list_notes": {"response": {"items": [NOTE]}},
    "add_note": {"response": NOTE},
    "list_home_reports": {"response": {"items": [RECEIVED]}},
    "ask_home_report": {"response": ASKED},
    "receive_home_report": {"response": RECEIVED},
    "list_follow_ups": {"response": {"items": [VISIT]}},
    "record_return": {"response": {"items": [VISIT]}},
    "settle_follow_up": {
        "response": VISIT | {"state": "done", "outcome": "well", "note": "Goes to school again.",
                             "settled_at": "2026-11-30T10:00:00+00:00", "settled_by": _BY},
    },
    "list_due_follow_ups": {"response": {"items": [VISIT], "next": _NEXT}},
    "read_history": {"response": HISTORY},
    "propose_referral": {"response": REFERRAL},
    "list_case_referrals": {"response": {"items": [REFERRAL]}},
    "list_referrals": {"response": {"items": [REFERRAL], "next": None}},
    "read_referral": {"response": REFERRAL},
    "accept_referral": {"response": _moved("accepted", "accept", None, ["revoke", "complete"])},
    "reject_referral": {"response": _moved("rejected", "reject", "no_capacity", [])},
    "revoke_referral": {"response": _moved("revoked", "revoke", "mistake", [])},
    "complete_referral": {"response": _moved("done", "complete", None, []) | {"version": 3}},
    "register_suspect": {"response": SUSPECT},
    "list_suspects": {"response": {"items": [SUSPECT], "next": None}},
    "read_suspect": {"response": SUSPECT},
    "change_suspect": {"response": SUSPECT | {"version": 2}},
    "close_suspect": {"response": SUSPECT | {"status": "closed"}},
    "reopen_suspect": {"response": SUSPECT},
    "erase_suspect": {
        "response": SUSPECT
        | {"status": "erased"}
        | {field: [] for field in ("names", "aliases", "sex", "ages", "languages", "homes", "routes")}
    },
    "read_suspect_history": {
        "response": {"items": [{"version": 1, "at": _AT, "by": _BY, "values": {"names": SUSPECT["names"]}}]}
    },
    "list_suspect_cases": {"response": {"items": [LINK]}},
    "link_suspect": {"response": LINK},
    "list_case_suspects": {"response": {"items": [LINK]}},
}  # fmt: skip
"""Name of the operation -> example of its answer; those of the requests stand at the forms."""
