"""What does a party see of a pair? Its own record, who holds the other one, how sure it is, and which fields agree."""

from __future__ import annotations

from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from api.pairs.service import PairSeen, Reason
from api.pairs.telling import PROTECTED
from api.partners.forms import PartnerView, shared

Kind = Literal["person", "suspect"]
State = Literal["open", "dismissed"]


class DismissForm(BaseModel):
    """Why it is nothing."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "not_the_same"}]})

    reason: Reason


class PairView(BaseModel):
    """A record of yours and one of another organisation that may be about the same person, or the same suspect.

    It holds nothing of the other record. The engine suggests: speak to each other, and decide.
    """

    id: str
    kind: Kind
    side: Literal["missing", "rescued"] | None = Field(description="of both records; null for suspects")
    your_record_id: str
    other_organisation: PartnerView | None = Field(description="who holds the other record; null where it is withheld")
    withheld: dict[str, str] = Field(description="field -> why you are not told it")
    grade: Literal["certain", "probable", "possible", "certainly-not"]
    agrees: list[str] = Field(description="which fields agree; what stands in them is not told")
    state: State
    dismissed_by: Literal["you", "other"] | None
    dismissed_reason: Reason | None
    created_at: str
    updated_at: str


class PairPage(BaseModel):
    """A page of pairs; `next` is the value of `after` for the next page."""

    items: list[PairView]
    next: str | None


def pair_view(seen: PairSeen) -> PairView:
    """Return a pair as its party sees it."""
    pair = seen.pair
    agreeing = [str(part["comparison"]) for part in pair.evidence if float(cast(Any, part["bits"])) > 0]
    dismissed = pair.state == "dismissed"
    return PairView.model_validate(
        {
            "id": pair.id,
            "kind": pair.kind,
            "side": seen.own.side,
            "your_record_id": seen.own.id,
            "other_organisation": None if seen.holder is None else shared(seen.holder),
            "withheld": {"other_organisation": PROTECTED} if seen.holder is None else {},
            "grade": pair.grade,
            "agrees": agreeing,
            "state": pair.state,
            "dismissed_by": ("you" if seen.dismissed_by_caller else "other") if dismissed else None,
            "dismissed_reason": pair.dismissed_reason if dismissed else None,
            "created_at": pair.created_at.isoformat(),
            "updated_at": pair.updated_at.isoformat(),
        }
    )
