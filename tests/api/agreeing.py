"""Partners that may share, and short ways to propose and answer; for the tests of referrals."""

from __future__ import annotations

from typing import Any

from api.care.referrals import ReferralService
from api.store import Connection

from .conftest import House


def agree(house: House, *pairs: tuple[str, str]) -> None:
    """Let these pairs of members share, and no others."""
    agreed = {frozenset((house[one].id, house[other].id)) for one, other in pairs}

    def may_share(_conn: Connection, one: str, other: str) -> bool:
        return frozenset((one, other)) in agreed

    sandhan = house.sandhan
    sandhan.referrals = ReferralService(
        sandhan.database, may_share, lambda conn, case, _former: sandhan.photos.follow_consent(conn, case),
        sandhan.clock, sandhan.random_bytes,
    )  # fmt: skip


def propose(house: House, who: str, case_id: str, to: str, kind: str = "referral", **more: Any) -> Any:
    form = {"kind": kind, "receiver_id": house[to].id, "reason": "repatriation", **more}
    return house.ask(who, "POST", f"/v1/cases/{case_id}/referrals", json=form)


def proposed(house: House, who: str, case_id: str, to: str, kind: str = "referral", **more: Any) -> dict[str, Any]:
    answer = propose(house, who, case_id, to, kind, **more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def take(house: House, who: str, referral: dict[str, Any], event: str, **more: Any) -> Any:
    """Take a step; with a reason where one is asked for."""
    form = {"version": referral["version"], **more}
    if event in ("reject", "revoke"):
        form.setdefault("reason", "other")
    return house.ask(who, "POST", f"/v1/referrals/{referral['id']}/{event}", json=form)


def taken(house: House, who: str, referral: dict[str, Any], event: str, **more: Any) -> dict[str, Any]:
    answer = take(house, who, referral, event, **more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
