"""How does the answer look to "who would be told of this match, what, why, and what is withheld"?"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

SideName = Literal["missing", "rescued"]


class ToldView(BaseModel):
    """One organisation that would be told."""

    partner_id: str
    organisation: str
    rule: str = Field(description="why it is told")
    because: str = Field(description="the rule in words")
    side: SideName = Field(description="as whose side it is told")
    you: bool = Field(description="whether it is your organisation")
    withheld: dict[str, str] | None = Field(description="field -> why it is not told it; null where you may not know")
    channels: list[str] | None = Field(description="how a message goes out, beside the inbox; yours only")
    message: dict[str, Any] | None = Field(
        description="what would be sent, whole; yours only. The ids of the alert are given when there is one."
    )


class NotToldView(BaseModel):
    """One organisation that a rule reaches, and that would not be told by it."""

    partner_id: str
    organisation: str
    rule: str
    side: SideName
    reason: str = Field(description="what stands against it")
    of: SideName | None = Field(description="the side whose case that is about; null where it is about none")


class RoutingView(BaseModel):
    """Who would be told of a match if its evidence rose now. Nothing was sent."""

    match_id: str
    grade: Literal["certain", "probable", "possible", "certainly-not"]
    priority: Literal["critical", "standard", "digest"] | None = Field(description="null where nobody would be told")
    quiet: Literal["grade", "over"] | None = Field(
        description="why nobody would be told: the grade, or the match, a case or an agreement is over"
    )
    told: list[ToldView]
    not_told: list[NotToldView]
    withheld: dict[str, str] = Field(
        description="what of this answer you are not told: a side, or `others`, and why not"
    )
