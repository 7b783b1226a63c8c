"""The doors of the live inbox, and of what could not be delivered and is sent once more."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.types import Receive, Scope, Send

from api.access import AccessScope
from api.alerts.endpoints import alert_view as view_of
from api.alerts.stream import LiveInbox
from api.bootstrap import Sandhan
from api.dependencies import Caller, Credential, Presented, Services
from api.paging import Since

router = APIRouter(prefix="/alerts", tags=["alerts"])
MEDIA_TYPE = "text/event-stream"
_HEADERS = {"X-Accel-Buffering": "no"}  # or nginx would keep events back until it has a page of them


class Replay(BaseModel):
    """What is sent once more."""

    alert_id: str
    messages: list[str] = Field(description="ids of the messages; each keeps its webhook-id")


class _Stream(StreamingResponse):
    """A stream that gives its place up however it ends, also when nobody has read a byte of it."""

    def __init__(self, inbox: LiveInbox, scope: AccessScope, content: Any) -> None:
        super().__init__(content, media_type=MEDIA_TYPE, headers=_HEADERS)
        self._inbox, self._scope = inbox, scope

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._inbox.leave(self._scope)


@router.get("/stream", response_class=StreamingResponse, responses={200: {"content": {MEDIA_TYPE: {}}}})
def stream_alerts(
    caller: Caller,
    credential: Presented,
    services: Services,
    created_since: Annotated[Since, Query(description="begin with what was queued at this moment or later")] = None,
    last_event_id: Annotated[
        str | None,
        Header(
            alias="Last-Event-ID",
            max_length=64,
            description="id of the last event you heard, or of an alert; goes on after it",
        ),
    ] = None,
) -> Response:
    """Hear of your alerts as they come, as server-sent events: `id` says how far you heard, `data` is an alert.

    An alert may come again after a break, under its id. The stream ends by and by; come back with `Last-Event-ID`.
    """
    seq = services.inbox.enter(caller, last_event_id, created_since)

    def still() -> AccessScope:
        return _scope_of(services, credential)

    events = services.inbox.follow(caller, seq, still, lambda alert, sent: view_of(alert, sent).model_dump_json())
    return _Stream(services.inbox, caller, events)


@router.post("/{alert_id}/replay")
def replay_alert(alert_id: str, caller: Caller, services: Services) -> Replay:
    """Have what could not be delivered of an alert sent once more, behind what is waiting for you.

    There is no `Idempotency-Key`: what is on its way already is not sent again. Nor is anything of an alert that has
    ended: acted on, closed or recalled.
    """
    return Replay(alert_id=alert_id, messages=services.replays.of_alert(alert_id, caller))


def _scope_of(services: Sandhan, credential: Credential) -> AccessScope:
    if credential.is_session:
        return services.sessions.scope_of(credential.secret, used=False)
    return services.partners.scope_of(credential.secret)
