"""What does a possible match look like? Grade, probability, reasons; the cases as far as the caller may see them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.cases.forms import CaseForm
from api.cases.views import CaseView, MaskedCaseView
from matcher.explanation import probability_words, reasons
from matcher.scoring import Contribution

NOTICE = "A possible match suggested by the engine. People on both sides decide; no grade is a proof."
CaseOut = Annotated[CaseView | MaskedCaseView, Field(discriminator="view")]


class ContributionView(BaseModel):
    """What one comparison added; the bits of all add up to the weight."""

    comparison: str
    label: str
    bits: float
    level: int
    note: str = Field("", description="what else must be known to read it, e.g. how far photos can be trusted")


class ReasonView(BaseModel):
    """One reason in words."""

    comparison: str
    question: str
    finding: str
    statement: str
    bits: float


class MatchView(BaseModel):
    """A possible match."""

    id: str | None = Field(description="null for the answer to a query: nothing was stored")
    notice: str = NOTICE
    state: str
    grade: Literal["certain", "probable", "possible", "certainly-not"]
    probability: float = Field(ge=0, le=1)
    probability_words: str
    weight: float = Field(description="bits; prior and contributions add up to it")
    reasons: list[ReasonView]
    contributions: list[ContributionView]
    routes: list[str] = Field(description="which searches found the pair")
    model_version: str
    missing: CaseOut | None
    rescued: CaseOut | None
    created_at: str | None = None
    updated_at: str | None = None


class MatchPage(BaseModel):
    """A page of matches; `next` is the value of `after` for the next page."""

    items: list[MatchView]
    next: str | None


Purpose = Literal["identify-rescued-person", "trace-missing-person", "verify-match"]


class MatchQuery(BaseModel):
    """Who might this person be? Nothing is stored but the audit row."""

    model_config = ConfigDict(extra="forbid")

    person: CaseForm = Field(description="what is known; its side says which side is searched: the other one")
    purpose: Purpose = Field(description="why you ask; kept in the audit log")
    limit: int = Field(10, ge=1, le=50, description="most matches in the answer")


class QueryAnswer(BaseModel):
    """The possible matches, best first."""

    notice: str = NOTICE
    searched: Literal["missing", "rescued"]
    matches: list[MatchView]
    photos: list[str] = Field(default_factory=list, description="what became of each photo sent with the query")


def contribution_views(parts: list[dict[str, object]]) -> list[ContributionView]:
    """Return stored contributions for the answer."""
    return [ContributionView.model_validate(part) for part in parts]


def build_match_view(
    *,
    match_id: str | None,
    state: str,
    grade: str,
    probability: float,
    weight: float,
    contributions: list[dict[str, object]],
    routes: list[str],
    model_version: str,
    missing: CaseView | MaskedCaseView | None,
    rescued: CaseView | MaskedCaseView | None,
    created_at: str | None = None,
    updated_at: str | None = None,
) -> MatchView:
    """Return the view of a stored or a transient match."""
    parts = contribution_views(contributions)
    worded = reasons(Contribution(part.comparison, part.label, part.bits, part.level, part.note) for part in parts)
    return MatchView(
        id=match_id,
        state=state,
        grade=grade,
        probability=probability,
        probability_words=probability_words(probability),
        weight=weight,
        reasons=[
            ReasonView(
                comparison=r.comparison, question=r.question, finding=r.finding, statement=r.statement, bits=r.bits
            )
            for r in worded
        ],
        contributions=parts,
        routes=routes,
        model_version=model_version,
        missing=missing,
        rescued=rescued,
        created_at=created_at,
        updated_at=updated_at,
    )
