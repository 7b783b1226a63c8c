"""What does a possible match look like? Grade, probability, reasons and what to ask next, in the reader's language.

The cases stand beside it as far as the caller may see them.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.cases.forms import CaseForm
from api.cases.views import AnyCaseView, CaseOut
from matcher.explaining.grade_change import what_would_change
from matcher.explaining.next_question import NextQuestion
from matcher.explaining.outlook import Outlook
from matcher.explaining.wording import wording
from matcher.explanation import reasons
from matcher.scoring import Contribution


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


class NextQuestionView(BaseModel):
    """The one question to ask next: the unknown field whose answer is expected to spare most wrong decisions."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "comparison": "mother",
                    "ask": "rescued",
                    "question": "If she is willing, ask her: “What do people call your mother?” She need not answer.",
                    "changes_grade": 0.62,
                }
            ]
        }
    )

    comparison: str = Field(description="what an answer would let us compare")
    ask: Literal["rescued", "family", "both"] = Field(
        description="who is to be asked: the rescued person, or the family through the unit that took its report"
    )
    question: str = Field(description="what to ask and how; nobody has to answer")
    changes_grade: float = Field(ge=0, le=1, description="chance that an answer changes the grade")


class MatchView(BaseModel):
    """A possible match."""

    id: str | None = Field(description="null for the answer to a query: nothing was stored")
    language: str = Field(description="of every sentence here: en, hi, bn, as, ne or my")
    notice: str
    state: str
    grade: Literal["certain", "probable", "possible", "certainly-not"]
    grade_words: str
    probability: float = Field(ge=0, le=1)
    probability_words: str
    weight: float = Field(description="bits; prior and contributions add up to it")
    reasons: list[ReasonView]
    what_would_change: list[str] = Field(description="single findings that would change the grade, at most three")
    next_question: NextQuestionView | None = Field(description="null where no answer would change much")
    contributions: list[ContributionView]
    routes: list[str] = Field(description="which searches found the pair")
    model_version: str
    missing: CaseOut | None
    rescued: CaseOut | None
    created_at: str | None = None
    updated_at: str | None = None
    version: int | None = Field(None, description="one more at every change; part of the ETag, for If-Match")


class MatchPage(BaseModel):
    """A page of matches; `next` is the value of `after` for the next page."""

    items: list[MatchView]
    next: str | None


Purpose = Literal["identify-rescued-person", "trace-missing-person", "verify-match"]


class MatchQuery(BaseModel):
    """Who might this person be? Nothing is stored but who asked, why, and which cases were shown."""

    model_config = ConfigDict(extra="forbid")

    person: CaseForm = Field(description="what is known; its side says which side is searched: the other one")
    purpose: Purpose = Field(description="why you ask; kept in the audit log")
    limit: int = Field(10, ge=1, le=50, description="most matches in the answer")


class QueryAnswer(BaseModel):
    """The possible matches, best first."""

    notice: str
    searched: Literal["missing", "rescued"]
    matches: list[MatchView]
    photos: list[str] = Field(default_factory=list, description="what became of each photo sent with the query")


def contribution_views(parts: list[dict[str, object]]) -> list[ContributionView]:
    """Return stored contributions for the answer."""
    return [ContributionView.model_validate(part) for part in parts]


def as_contributions(parts: list[dict[str, object]]) -> list[Contribution]:
    """Return stored contributions as the explanation reads them."""
    return [
        Contribution(part.comparison, part.label, part.bits, part.level, part.note)
        for part in contribution_views(parts)
    ]


def build_match_view(
    *,
    language: str,
    outlook: Outlook,
    question: NextQuestion | None,
    match_id: str | None,
    state: str,
    grade: str,
    probability: float,
    weight: float,
    contributions: list[dict[str, object]],
    routes: list[str],
    model_version: str,
    missing: AnyCaseView | None,
    rescued: AnyCaseView | None,
    created_at: str | None = None,
    updated_at: str | None = None,
    version: int | None = None,
) -> MatchView:
    """Return the view of a stored or a transient match."""
    words = wording(language)
    return MatchView(
        id=match_id,
        language=words.language,
        notice=words.say("notice"),
        state=state,
        grade=grade,
        grade_words=words.grade(grade),
        probability=probability,
        probability_words=words.probability(probability),
        weight=weight,
        reasons=[
            ReasonView(
                comparison=r.comparison, question=r.question, finding=r.finding, statement=r.statement, bits=r.bits
            )
            for r in reasons(as_contributions(contributions), language)
        ],
        what_would_change=what_would_change(outlook, language),
        next_question=None if question is None else _question_view(question, language),
        contributions=contribution_views(contributions),
        routes=routes,
        model_version=model_version,
        missing=missing,
        rescued=rescued,
        created_at=created_at,
        updated_at=updated_at,
        version=version,
    )


def _question_view(question: NextQuestion, language: str) -> NextQuestionView:
    return NextQuestionView(
        comparison=question.comparison,
        ask=question.ask,
        question=question.text(language),
        changes_grade=round(question.changes_grade, 3),
    )
