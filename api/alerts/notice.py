"""What may an alert say outside the login?

Only this: what it is about, how sure the engine is, which of the recipient's own records it concerns, which other
organisation is involved, until when, and where to look. No name, photo, place or suspect ever leaves by e-mail or
webhook. `AlertNotice` has no field that could carry one, and its identifiers must look like identifiers, so that free
text put into the wrong field is refused instead of sent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Final

from api.alerts.errors import InvalidNotice
from matcher.names.one_line import is_one_line

REMINDERS: Final = ("reminder", "act_reminder", "escalated")
"""Events of every kind: the recipient has not acknowledged, has not acted, or somebody below it has not."""
EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "match": ("new", "risen", "updated", "recalled", *REMINDERS),
    "bulletin": ("published", "taken_down", "ending", "over", *REMINDERS),
    "same_person": ("found", "ended", *REMINDERS),
    "same_suspect": ("found", "ended", *REMINDERS),
    "clock": ("untraced", "quarterly", "follow_up", *REMINDERS),
    "digest": ("daily",),
}
"""Kind -> what can have happened."""
KINDS: Final = tuple(EVENTS)
GRADES: Final = ("certain", "probable", "possible", "certainly-not")
PRIORITIES: Final = ("critical", "standard", "digest")
MOST_COUNTED: Final = 100_000

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_LINK = re.compile(r"(https?://[!-~]+|/[!-~]*)")
_LONGEST_NAME = 200
_LONGEST_LINK = 500
_TYPE = "alert."


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNotice:
    """The thin message of one alert to one recipient: these fields and nothing else.

    Args:
        kind: one of `KINDS`.
        event: one of the kind's `EVENTS`.
        alert_id, match_id, subject_id, your_record_id: identifiers made by this system (ASCII letters, digits and
            `. _ : -`, at most 64 characters). `your_record_id` is the id of the recipient's own case here, never a
            number or name that people typed. None for what the alert is not about.
        grade: one of `GRADES`, of a match.
        priority: one of `PRIORITIES`.
        other_organisation: name of the other organisation, 1 to 200 characters; None where there is none.
        due_at: until when an acknowledgement is expected, time-zone aware; None where none is.
        link: absolute http(s) address, or a path that starts with `/` (see `with_base`).
        count: of a digest, how many alerts it tells of.
    Raises:
        InvalidNotice: a field breaks its rule.
    """

    kind: str = "match"
    alert_id: str
    match_id: str | None = None
    subject_id: str | None = None
    event: str
    grade: str | None = None
    priority: str
    your_record_id: str | None = None
    other_organisation: str | None = None
    due_at: datetime | None = None
    link: str
    count: int | None = None

    def __post_init__(self) -> None:
        """Refuse everything that is not what its field is for."""
        for field in ("alert_id", "match_id", "subject_id", "your_record_id"):
            value = getattr(self, field)
            if not (value is None and field != "alert_id") and not _IDENTIFIER.fullmatch(value):
                raise InvalidNotice(field, "must be an identifier, not free text")
        if self.kind not in EVENTS:
            raise InvalidNotice("kind", f"must be one of {', '.join(KINDS)}")
        for field, allowed in (("event", EVENTS[self.kind]), ("grade", (*GRADES, None)), ("priority", PRIORITIES)):
            if getattr(self, field) not in allowed:
                raise InvalidNotice(field, f"must be one of {', '.join(filter(None, allowed))}")
        name = self.other_organisation
        if name is not None and (not 0 < len(name.strip()) <= len(name) <= _LONGEST_NAME or not is_one_line(name)):
            raise InvalidNotice("other_organisation", f"must be 1 to {_LONGEST_NAME} printable characters")
        if self.due_at is not None and self.due_at.tzinfo is None:
            raise InvalidNotice("due_at", "must state its time zone")
        if len(self.link) > _LONGEST_LINK or not _LINK.fullmatch(self.link):
            raise InvalidNotice("link", "must be an http(s) address or a path")
        if self.count is not None and not 0 < self.count <= MOST_COUNTED:
            raise InvalidNotice("count", f"must be 1 to {MOST_COUNTED}")

    @property
    def type(self) -> str:
        """Return the type of the event as webhooks name it, `alert.match`."""
        return _TYPE + self.kind

    def to_payload(self) -> dict[str, object]:
        """Return the JSON object that is kept in the outbox; `due_at` is ISO 8601 in UTC."""
        payload: dict[str, object] = {"type": self.type}
        payload.update({field.name: getattr(self, field.name) for field in fields(self) if field.name != "kind"})
        payload["due_at"] = None if self.due_at is None else self.due_at.astimezone(UTC).isoformat()
        return payload

    @classmethod
    def from_payload(cls, payload: Mapping[str, object]) -> "AlertNotice":
        """Read a payload of the outbox back.

        Raises:
            InvalidNotice: a field is missing, unknown, or breaks its rule.
        """
        optional = {field.name for field in fields(cls) if field.default is None}
        names = {field.name for field in fields(cls)} - {"kind"}
        kind = str(payload.get("type")).removeprefix(_TYPE)
        if payload.get("type") != _TYPE + kind or kind not in EVENTS or set(payload) != names | {"type"}:
            raise InvalidNotice("payload", "must have the type of an alert and exactly the fields of a notice")
        count = payload["count"]
        if count is not None and (not isinstance(count, int) or isinstance(count, bool)):
            raise InvalidNotice("count", "must be a number")
        texts: dict[str, str] = {}
        for name in sorted(names - {"count"}):
            value = payload[name]
            if isinstance(value, str):
                texts[name] = value
            elif value is not None or name not in optional:
                raise InvalidNotice(name, "must be text")
        due = texts.pop("due_at", None)
        try:
            due_at = None if due is None else datetime.fromisoformat(due)
        except ValueError:
            # The parser's message quotes its input, so it is not passed on.
            raise InvalidNotice("due_at", "must be an ISO 8601 time") from None
        return cls(kind=kind, due_at=due_at, count=count, **texts)

    def with_base(self, public_url: str) -> str:
        """Return the absolute link; a stored path is completed, so that moving the server breaks no old alert."""
        return public_url.rstrip("/") + self.link if self.link.startswith("/") else self.link
