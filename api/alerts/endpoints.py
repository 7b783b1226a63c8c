"""The doors of alerts: list, read, acknowledge."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from api.answers import IfNoneMatch, shown
from api.dependencies import Caller, Services
from api.paging import After, PageOf, Since
from api.store.alerts import Alert
from api.store.outbox import MessageState

router = APIRouter(prefix="/alerts", tags=["alerts"])
Kind = Literal["match", "bulletin", "same_person", "same_suspect", "clock", "digest"]
Priority = Literal["critical", "standard", "digest"]


class MessageView(BaseModel):
    """One message of an alert on one channel."""

    id: str = Field(description="the webhook-id; the same for every attempt")
    channel: Literal["webhook", "email"]
    state: str
    attempts: int


class AlertView(BaseModel):
    """An alert to the caller. It carries no name, photo or place: those are behind the match."""

    id: str
    kind: Kind = Field(description="what it is about")
    match_id: str | None
    subject_id: str | None = Field(description="what it is about where that is no match: a bulletin, a case of yours")
    about_id: str | None = Field(description="the alert that it recalls or escalates")
    event: str
    grade: str | None
    priority: Priority
    state: str
    your_record_id: str | None = Field(description="your own case")
    other_organisation: str | None = Field(description="null where there is none, or you are not told")
    rule: str | None = Field(description="why you are told")
    withheld: dict[str, str] = Field(description="field -> why you are not told it")
    due_at: str | None = Field(description="by when an acknowledgement is due")
    act_by: str | None = Field(description="by when it is to be acted on")
    steps: int = Field(description="reminders and escalations so far")
    created_at: str
    updated_at: str
    acknowledged_at: str | None
    actioned_at: str | None = Field(description="when you said what was done, or decided about the match")
    messages: list[MessageView]


class AlertPage(BaseModel):
    """A page of alerts; `next` is the value of `after` for the next page."""

    items: list[AlertView]
    next: str | None


AlertState = Literal[
    "queued",
    "sent",
    "delivered",
    "acknowledged",
    "retrying",
    "dead_letter",
    "actioned",
    "closed",
    "escalated",
    "recalled",
]


def alert_view(alert: Alert, messages: list[MessageState]) -> AlertView:
    """Return an alert as its recipient sees it."""
    return AlertView(
        id=alert.id,
        kind=cast(Kind, alert.kind),
        match_id=alert.match_id,
        subject_id=alert.subject_id,
        about_id=alert.about_id,
        event=alert.event,
        grade=alert.grade,
        priority=cast(Priority, alert.priority),
        state=alert.state,
        your_record_id=alert.own_case_id,
        other_organisation=alert.other_organisation,
        rule=alert.rule,
        withheld=alert.withheld or {},
        due_at=alert.due_at.isoformat() if alert.due_at else None,
        act_by=alert.act_by.isoformat() if alert.act_by else None,
        steps=alert.steps,
        created_at=alert.created_at.isoformat(),
        updated_at=alert.updated_at.isoformat(),
        acknowledged_at=alert.acknowledged_at.isoformat() if alert.acknowledged_at else None,
        actioned_at=alert.actioned_at.isoformat() if alert.actioned_at else None,
        messages=[
            MessageView.model_validate(
                {"id": message.id, "channel": message.channel, "state": message.state, "attempts": message.attempts}
            )
            for message in messages
        ],
    )


@router.get("")
def list_alerts(
    caller: Caller,
    services: Services,
    pages: PageOf,
    state: AlertState | None = None,
    priority: Priority | None = None,
    created_since: Annotated[Since, Query(description="queued at this moment or later")] = None,
    updated_since: Annotated[
        Since, Query(description="queued, reminded of, answered or ended at this moment or later")
    ] = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AlertPage:
    """List your alerts, oldest first; without a webhook, poll with `updated_since`: it finds reminders as well."""
    filters = {
        "state": state, "priority": priority, "created_since": created_since, "updated_since": updated_since,
    }  # fmt: skip
    page = services.alerts.page(
        caller, state=state, priority=priority, created_since=created_since, updated_since=updated_since, limit=limit,
        after=pages.begins_after("alerts", filters, after),
    )  # fmt: skip
    return AlertPage(
        items=[alert_view(alert, messages) for alert, messages in page.items],
        next=pages.next("alerts", filters, page.next),
    )


@router.get("/{alert_id}")
def read_alert(
    alert_id: str, response: Response, caller: Caller, services: Services, if_none_match: IfNoneMatch = None
) -> AlertView:
    """Read one of your alerts."""
    return shown(alert_view(*services.alerts.read(alert_id, caller)), response, services, if_none_match)


@router.post("/{alert_id}/acknowledge")
def acknowledge_alert(alert_id: str, response: Response, caller: Caller, services: Services) -> AlertView:
    """Acknowledge an alert: somebody has seen it and will act. The first acknowledgement counts, until it lapses
    because nobody has acted.

    There is no `If-Match`: a second acknowledgement changes nothing, so that there is nothing to overwrite.
    """
    return shown(alert_view(*services.alerts.acknowledge(alert_id, caller)), response, services, None)
