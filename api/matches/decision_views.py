"""What does somebody send to decide about a match, and what does he see of what happened to it?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.access import AccessScope
from api.care.views import EntryId
from api.cases.forms import LongText, Text
from api.days import IsoDay
from api.matches.decisions import Decision
from api.matches.guards import Guard
from api.matches.states import Action, Disposition, Finding, MatchState
from api.matches.timeline import Timeline
from api.matches.views import ContributionView, contribution_views
from api.store.matches import MatchEvent
from matcher.person import Side

PersonsAction = Literal[
    "take_up", "confirm", "start_verification", "verify", "restore", "place_safely", "close", "ask_information",
    "answer_information", "reject", "dispute", "settle", "undo",
]  # fmt: skip
Reason = Literal[
    "different_person", "wrong_sex", "wrong_age", "already_found", "duplicate", "mistake", "new_information",
    "order_lifted", "other",
]  # fmt: skip
SideWord = Literal["missing", "rescued"]
Grade = Literal["certain", "probable", "possible", "certainly-not"]


class OrderForm(BaseModel):
    """The order of an authority: who made it, and its number."""

    model_config = ConfigDict(extra="forbid")

    authority: Literal["cwc", "court"]
    number: Annotated[Text, StringConstraints(min_length=1, max_length=100)] = Field(
        description="sealed; shown to the owners of the two sides only"
    )


class DecisionForm(BaseModel):
    """A step of a match. Which steps are open to you, and what each needs: `GET /v1/matches/{id}/events`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"action": "reject", "reason": "wrong_age", "until": "2027-05-01"}]},
    )

    action: PersonsAction
    side: SideWord | None = Field(None, description="for which side you decide; needed where you own both")
    disposition: Literal["confirm", "reject", "unsure"] | None = Field(
        None, description="what your side says in a dispute (`settle`; also `dispute`)"
    )
    reason: Reason | None = Field(None, description="of `reject` and of `undo`")
    until: IsoDay | None = Field(None, description="of `reject`: so long the pair is silent")
    finding: Finding | None = Field(None, description="of `verify`: what the field verification came to")
    order: OrderForm | None = Field(None, description="of `restore` and `place_safely`")
    home_report_id: EntryId | None = Field(
        None, description="of `restore` and `place_safely`: the report that you rely on; refused when there is a newer"
    )
    returned_on: IsoDay | None = Field(None, description="of `restore`: the day; follow-ups run from it")
    note: LongText | None = Field(None, description="your words; for your own organisation only")

    def read(self) -> Decision:
        """Return what the service takes."""
        return Decision(
            Action(self.action),
            None if self.side is None else Side(self.side),
            None if self.disposition is None else Disposition(self.disposition),
            self.reason,
            self.until,
            self.finding,
            None if self.order is None else (self.order.authority, self.order.number),
            self.home_report_id,
            self.returned_on,
            self.note,
        )


class OpenActionView(BaseModel):
    """What you can do now."""

    action: PersonsAction
    side: SideWord = Field(description="for which of your sides")
    needs: list[Guard] = Field(description="what you still have to bring; docs/reference/matches.md says what it is")


class DispositionView(BaseModel):
    """What a side says."""

    side: SideWord
    disposition: Disposition
    at: str
    grade: Grade = Field(description="of the evidence when it said so")


class OrderView(BaseModel):
    """An order that was named; the number only for owners who may read names."""

    authority: str
    number: str | None


class MatchEventView(BaseModel):
    """Something that happened. By the engine: `new`, `risen`, `fallen`; else a step."""

    kind: str
    at: str
    side: SideWord | None = Field(description="whose step it was; null for the engine's")
    by: str | None = Field(description="of your own organisation; null for everybody else")
    from_state: MatchState | None
    to_state: MatchState | None
    grade: Grade | None
    weight: float | None
    disposition: Disposition | None
    reason: str | None = Field(description="for owners of a side")
    until: str | None
    undoes: str | None = Field(description="which step was undone")
    order: OrderView | None
    note: str | None = Field(description="of your own organisation")


class FrozenView(BaseModel):
    """The evidence on which the match was confirmed first, as it was then."""

    at: str
    grade: Grade
    weight: float
    probability: float
    model_version: str
    contributions: list[ContributionView]
    thresholds: dict[str, float] | None = Field(description="probability from which on each grade was given")


class TimelineView(BaseModel):
    """A match with everything that happened to it, and what you can do now."""

    match_id: str
    version: int = Field(description="one more at every change; part of the ETag, for If-Match")
    state: MatchState
    own_sides: list[SideWord]
    dispositions: list[DispositionView] = Field(description="what stands, at most one of each side")
    frozen: FrozenView | None
    events: list[MatchEventView]
    actions: list[OpenActionView]


def timeline_view(seen: Timeline, caller: AccessScope) -> TimelineView:
    """Return a match as the caller, one of its parties, may know of it."""
    frozen = seen.frozen
    return TimelineView.model_validate(
        {
            "match_id": seen.match.id,
            "version": seen.match.version,
            "state": seen.match.state,
            "own_sides": seen.own,
            "dispositions": [
                {"side": one.side, "disposition": one.disposition, "at": one.at.isoformat(), "grade": one.grade}
                for one in seen.said
            ],
            "frozen": frozen
            and FrozenView(
                at=frozen.at.isoformat(), grade=frozen.grade, weight=frozen.weight, probability=frozen.probability,
                model_version=frozen.model_version, contributions=contribution_views(frozen.contributions),
                thresholds=frozen.thresholds,
            ),
            "events": [_event(event, seen, caller) for event in seen.events],
            "actions": [{"action": one.action, "side": one.side, "needs": one.needs} for one in seen.actions],
        }
    )  # fmt: skip


def _event(event: MatchEvent, seen: Timeline, caller: AccessScope) -> dict[str, object]:
    detail, note = event.detail, seen.notes.get(event.id)
    authority = detail.get("authority") if seen.own else None
    return {
        "kind": event.kind,
        "at": event.at.isoformat(),
        "side": detail.get("side"),
        "by": event.actor if detail.get("partner") == caller.partner_id else None,
        "from_state": detail.get("from"),
        "to_state": detail.get("to"),
        "grade": detail.get("grade"),
        "weight": detail.get("weight"),
        "disposition": detail.get("disposition"),
        "reason": detail.get("reason") if seen.own else None,
        "until": detail.get("until"),
        "undoes": detail.get("undone"),
        "order": authority and {"authority": authority, "number": note.order if note else None},
        "note": note.note if note else None,
    }
