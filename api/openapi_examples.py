"""What does a request look like, and its answer? One example for each operation; every person in them is made up.

A test checks each against the schema that it stands beside.
"""

from __future__ import annotations

from typing import Any, Final

from api.openapi_care_examples import CARE_EXAMPLES
from api.openapi_duty_examples import DUTY_EXAMPLES
from api.openapi_pair_examples import PAIR_EXAMPLES
from api.openapi_partner_examples import PARTNER_EXAMPLES
from api.openapi_report_examples import REPORT_EXAMPLES

_CASE_ID, _REPORT_ID = "case_01m6b5cjnhm952npdv62sfps4x", "case_01m6b5bq2vtc3d8kz0x4h9n7wa"
_MATCH_ID, _ALERT_ID = "match_01m6b5cjr0e7fj6p2w9ka3t5mz", "alert_01m6b5cjs4b8gq1y7v0dn6x2ch"
_PARTNER_ID, _PHOTO_ID = "partner_01m6b59w1zq8c4r7t2k5m9x3dv", "photo_01m6b5cjpn4w8s0y6a2e9h5qtk"

RESCUED: Final[dict[str, Any]] = {
    "side": "rescued", "external_id": "MUM-2026-0117", "name": "सुनिता", "father_name": "रमेश मंडल", "sex": "female",
    "age": "14", "age_basis": "guess", "country": "India", "state": "West Bengal", "remembered": ["Gosaba"],
    "languages": ["bn"], "found": "2026-10-28", "event_country": "India", "event_state": "Maharashtra",
}  # fmt: skip
PHOTO: Final[dict[str, Any]] = {
    "id": _PHOTO_ID, "state": "failed", "faces_found": 2, "captured_on": None, "error_code": "several_faces",
    "error_detail": "the photo shows 2 faces; say which one is meant",
    "faces_seen": {"boxes": [[40, 30, 120, 130], [200, 42, 282, 140]], "size": [320, 240]},
    "chosen_box": None, "chosen_by": None,
}  # fmt: skip
CASE: Final[dict[str, Any]] = {
    "view": "full", "id": _CASE_ID, "side": "rescued", "status": "open", "version": 1, "owner_id": _PARTNER_ID,
    "external_id": "MUM-2026-0117",
    "fields": {key: value for key, value in RESCUED.items() if key not in ("side", "external_id")},
    "origin_area": "IN/WB", "event_area": "IN/MH", "protect_location": False, "face_consent": False, "photos": [],
    "created_at": "2026-11-01T09:00:00.004000+00:00", "updated_at": "2026-11-01T09:00:00.004000+00:00",
    "compared": True,
}  # fmt: skip
MASKED: Final[dict[str, Any]] = {
    "view": "masked", "id": _REPORT_ID, "side": "missing", "initials": ["স. ম."], "sex": "female",
    "born_between": "2010-2014", "origin_state": "West Bengal, India", "event_year": 2023, "has_photo": True,
}  # fmt: skip
MATCH: Final[dict[str, Any]] = {
    "id": _MATCH_ID, "language": "en", "notice": "This is a suggestion. A person decides.", "state": "suggested",
    "grade": "probable", "grade_words": "probable", "probability": 0.93, "probability_words": "about 9 in 10",
    "weight": 3.7,
    "reasons": [
        {"comparison": "name", "question": "Is the name the same?", "finding": "sounds the same",
         "statement": "The names sound the same in two scripts.", "bits": 9.1}
    ],
    "what_would_change": ["If the mother's name agreed as well, it would be certain."],
    "next_question": {"comparison": "mother", "ask": "rescued", "changes_grade": 0.62,
                      "question": "If she is willing, ask her: “What is your mother called?” She need not answer."},
    "contributions": [{"comparison": "name", "label": "sounds the same", "bits": 9.1, "level": 1, "note": ""}],
    "routes": ["names"], "model_version": "evidence-2", "missing": MASKED, "rescued": CASE,
    "created_at": "2026-11-01T09:00:01+00:00", "updated_at": "2026-11-01T09:00:01+00:00", "version": 2,
}  # fmt: skip
_EVENT: Final[dict[str, Any]] = dict.fromkeys(
    ("side", "by", "from_state", "to_state", "grade", "weight", "disposition", "reason", "until", "undoes", "order",
     "note")
)  # fmt: skip
TIMELINE: Final[dict[str, Any]] = {
    "match_id": _MATCH_ID, "version": 2, "state": "rejected", "own_sides": ["rescued"], "frozen": None,
    "dispositions": [
        {"side": "rescued", "disposition": "reject", "at": "2026-11-01T09:30:00+00:00", "grade": "probable"}
    ],
    "events": [
        _EVENT | {"kind": "new", "at": "2026-11-01T09:00:01+00:00", "grade": "probable", "weight": 3.7},
        _EVENT | {"kind": "reject", "at": "2026-11-01T09:30:00+00:00", "side": "rescued",
                  "by": "person_01m6b59w9hq2c7r4t8k5m1x3dv", "from_state": "suggested", "to_state": "rejected",
                  "disposition": "reject", "reason": "wrong_age", "until": "2027-05-02T00:00:00+00:00"},
    ],
    "actions": [{"action": "undo", "side": "rescued", "needs": ["undo_reason"]}],
}  # fmt: skip
ALERT: Final[dict[str, Any]] = {
    "id": _ALERT_ID, "kind": "match", "match_id": _MATCH_ID, "subject_id": None, "about_id": None, "event": "new",
    "grade": "probable", "priority": "critical", "state": "delivered", "your_record_id": _CASE_ID,
    "other_organisation": "Shelter Guwahati", "rule": "owner_rescued", "withheld": {},
    "due_at": "2026-11-01T13:00:01+00:00", "act_by": "2026-11-02T09:00:01+00:00",
    "steps": 0, "created_at": "2026-11-01T09:00:01+00:00", "updated_at": "2026-11-01T09:00:02+00:00",
    "acknowledged_at": None, "actioned_at": None,
    "messages": [{"id": "msg_01m6b5cjs5x0", "channel": "webhook", "state": "delivered", "attempts": 1}],
}  # fmt: skip
ROUTING: Final[dict[str, Any]] = {
    "match_id": _MATCH_ID, "grade": "probable", "priority": "critical", "quiet": None,
    "told": [
        {"partner_id": _PARTNER_ID, "organisation": "AHTU South 24 Parganas", "rule": "owner_missing",
         "because": "it took the missing report", "side": "missing", "you": True,
         "withheld": {"other_organisation": "protect_location", "found_place": "protect_location",
                      "found_date": "protect_location"},
         "channels": ["email"],
         "message": {"type": "alert.match", "alert_id": None, "match_id": _MATCH_ID, "subject_id": None,
                     "event": "risen", "grade": "probable", "priority": "critical", "your_record_id": _REPORT_ID,
                     "other_organisation": None, "due_at": "2026-11-01T13:00:01+00:00", "link": None, "count": None}}
    ],
    "not_told": [
        {"partner_id": "partner_01m6b59w4d1n6v0x3c8r2t7k5m", "organisation": "Example Trust", "rule": "source_partner",
         "side": "missing", "reason": "no_consent", "of": "missing"}
    ],
    "withheld": {"rescued": "protect_location"},
}  # fmt: skip
ACKNOWLEDGED: Final = ALERT | {"state": "acknowledged", "acknowledged_at": "2026-11-01T09:20:00+00:00"}
_MISSED: Final[dict[str, Any]] = {
    "id": _ALERT_ID, "kind": "match", "recipient_id": _PARTNER_ID, "recipient": "AHTU South 24 Parganas",
    "priority": "critical", "state": "escalated", "verdict": "missed", "deadline": "acknowledge",
    "due_at": "2026-11-01T13:00:01+00:00", "act_by": "2026-11-02T09:00:01+00:00", "hours_late": 3.5, "steps": 2,
}  # fmt: skip
_FIGURES: Final[dict[str, Any]] = {
    "partner_id": _PARTNER_ID, "partner": "AHTU South 24 Parganas", "met": 41, "late": 3, "missed": 1, "open": 2,
    "hours_to_acknowledge": 1.4,
}  # fmt: skip
_OF_NO_NAME: Final[dict[str, Any]] = _FIGURES | {"partner_id": None, "partner": None, "met": 2, "late": 0, "open": 0}
PARTNER: Final[dict[str, Any]] = {
    "id": _PARTNER_ID, "name": "AHTU South 24 Parganas", "kind": "ahtu", "country": "IN",
    "areas": ["IN/WB/south-24-parganas"], "language": "bn", "time_zone": "Asia/Kolkata",
    "office_hours": {"mon": [["10:00", "13:00"], ["14:00", "17:30"]], "sat": [["10:00", "13:00"]]}, "residency": "IN",
}  # fmt: skip
PARTNER_ALONE: Final = PARTNER | {
    "active": True, "faces": True,
    "deadlines": {"standard": {"acknowledge": 12, "act": 48}},
    "contacts": {"email": "ahtu@example.org", "webhook_url": None, "channels": ["email", "inbox"],
                 "quiet": {"until": None, "kinds": ["digest"], "grades": [], "outside_hours": True}},
}  # fmt: skip
_NEXT = "Xb1yQm0dPzR4c2FtcGxlIG9mIGEgY3Vyc29y"
_QUERY = {"person": RESCUED, "purpose": "identify-rescued-person", "limit": 5}

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    **CARE_EXAMPLES,
    **DUTY_EXAMPLES,
    **PAIR_EXAMPLES,
    **REPORT_EXAMPLES,
    **PARTNER_EXAMPLES,
    "register_case": {
        "request": RESCUED,
        "response": {
            "case": CASE, "created": True, "alerts": 2,
            "matches": [{"id": _MATCH_ID, "grade": "probable", "probability": 0.93}],
        },
    },
    "list_cases": {"response": {"items": [CASE], "next": _NEXT}},
    "read_case": {"response": CASE},
    "change_case": {
        "request": RESCUED | {"age": "15"},
        "response": {"case": CASE | {"version": 2}, "created": False, "alerts": 0, "matches": []},
    },
    "close_case": {"response": CASE | {"status": "closed"}},
    "reopen_case": {"response": CASE},
    "list_photos": {"response": [PHOTO]},
    "choose_face": {
        "request": {"box": [40, 30, 120, 130]},
        "response": PHOTO | {"state": "embedded", "error_code": None, "error_detail": None, "faces_found": 1,
                             "chosen_box": [40, 30, 120, 130], "chosen_by": "key_01m6b59w2aq0"},
    },
    "query_matches": {
        "request": _QUERY,
        "response": {
            "notice": MATCH["notice"], "searched": "missing", "photos": [],
            "matches": [MATCH | {"id": None, "state": "not stored", "rescued": None, "created_at": None,
                                 "updated_at": None}],
        },
    },
    "list_matches": {"response": {"items": [MATCH], "next": None}},
    "read_match": {"response": MATCH},
    "read_match_events": {"response": TIMELINE},
    "decide_match": {"response": TIMELINE},
    "explain_routing": {"response": ROUTING},
    "list_alerts": {"response": {"items": [ALERT], "next": None}},
    "read_alert": {"response": ALERT},
    "acknowledge_alert": {"response": ACKNOWLEDGED},
    "replay_alert": {"response": {"alert_id": _ALERT_ID, "messages": [ALERT["messages"][0]["id"]]}},
    "act_on_alert": {
        "request": {"code": "match_reviewed"},
        "response": ACKNOWLEDGED | {"state": "actioned", "actioned_at": "2026-11-01T11:05:00+00:00"},
    },
    "list_missed_alerts": {"response": {"items": [_MISSED], "next": None, "partners": [_FIGURES, _OF_NO_NAME]}},
    "register_partner": {
        "request": {"name": "AHTU South 24 Parganas", "kind": "ahtu", "country": "IN", "language": "bn",
                    "areas": ["IN/WB/south-24-parganas"], "email": "ahtu@example.org", "residency": "IN",
                    "time_zone": "Asia/Kolkata", "office_hours": PARTNER["office_hours"],
                    "channels": ["email", "inbox"],
                    "key_permissions": ["cases:read", "cases:write", "names:read", "matches:read"]},
        "response": PARTNER | {"api_key": "sk_" + "0" * 48, "webhook_secret": None},
    },
    "list_partners": {"response": {"items": [PARTNER], "next": None}},
    "read_partner": {"response": PARTNER_ALONE},
    "change_partner": {
        "request": {"office_hours": PARTNER["office_hours"], "channels": ["email", "inbox"]},
        "response": PARTNER_ALONE | {"webhook_secret": None},
    },
    "switch_faces": {"request": {"compared": False}, "response": PARTNER_ALONE | {"faces": False}},
    "health": {"response": {"status": "ok"}},
    "ready": {
        "response": {
            "ready": True,
            "checks": {"database": "ok", "schema": "0017", "model": "evidence-2", "mail": "on", "faces": "off",
                       "index": "ok (saved, 0 changes behind)"},
            "counts": {"cases_missing_open": 1204, "cases_rescued_open": 310, "outbox_pending": 0},
        }
    },
}  # fmt: skip
"""Name of the operation -> example of its request and of its answer, where they are JSON.

Where one is missing, the first example of the form or of the view is shown.
"""
