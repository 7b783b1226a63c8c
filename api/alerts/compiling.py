"""What is each recipient of a match told? One event, a lawful view for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from api.alerts.deadlines import deadlines_of
from api.alerts.raising import Occasion
from api.alerts.routing import Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchNews:
    """What happened to a match.

    Attributes:
        event: "new" or "risen".
        priority: see `api.matches.urgency`.
        same: what makes it the same news when it comes up again.
    """

    match_id: str
    event: str
    grade: str
    priority: str
    same: tuple[str, ...]


def compile_view(news: MatchNews, recipient: Recipient, now: datetime) -> Occasion:
    """Return what one recipient is told of a match, with the rule and what is withheld."""
    deadlines = deadlines_of(recipient.partner, news.priority, now)
    return Occasion(
        event=news.event,
        priority=news.priority,
        same=news.same,
        rule=recipient.rule,
        match_id=news.match_id,
        grade=news.grade,
        own_case_id=recipient.own_case_id,
        other_organisation=recipient.other_organisation,
        withheld=recipient.withheld,
        due_at=deadlines.due_at,
        act_by=deadlines.act_by,
    )
