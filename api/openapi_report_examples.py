"""What do answers about the nights look like? Every figure and id in them is made up."""

from __future__ import annotations

from typing import Any, Final

_GRADES: Final = {"possible": 4, "probable": 1, "certain": 0}
_NONE: Final = dict.fromkeys((*_GRADES, "certainly-not"), 0)
REPORT: Final[dict[str, Any]] = {
    "run_id": "run_01m6b5d2h7q3c9n5t1x8r4k6v0", "as_of": "2026-11-30T02:10:00+00:00",
    "open_cases": {"missing": 212, "rescued": 0},
    "not_searched": {"waiting": 0, "consent_withdrawn": 3, "time_over": 0, "time_over_soon": 2, "photos_withheld": 17},
    "matches": {"new": _NONE | _GRADES, "risen": _NONE | {"probable": 1}, "fallen": _NONE},
    "alerts": {"by_this_run": 2, "sent": 3, "acknowledged": 1, "open": 2, "late": 1,
               "ages": [{"age": "up to 4 hours", "open": 1, "late": 0}, {"age": "up to a day", "open": 1, "late": 1}]},
    "nights": [{"run_id": "run_01m6b5d2h7q3c9n5t1x8r4k6v0", "finished_at": "2026-11-30T02:04:11+00:00",
                "found": _GRADES}],
    "undecided": [{"match_id": "match_01m6b5crz4q8d2n6s0v3x7t1k5", "grade": "probable", "state": "suggested",
                   "your_record_ids": ["case_01m6b5cjnhm952npdv62sfps4x"], "since": "2026-11-30T02:03:40+00:00",
                   "link": "https://sandhan.example.org/v1/matches/match_01m6b5crz4q8d2n6s0v3x7t1k5"}],
    "undecided_total": 1,
}  # fmt: skip

REPORT_EXAMPLES: Final[dict[str, dict[str, Any]]] = {"read_nightly_report": {"response": REPORT}}
"""Name of the operation -> example of its answer."""
