"""What may an alert say outside the login?

Only this: which match, how sure the engine is, which of the recipient's own records it concerns, which
other organisation is involved, until when, and where to look. No name, photo, place or suspect ever
leaves by e-mail or webhook. `AlertNotice` has no field that could carry one, and its identifiers must
look like identifiers, so that free text put into the wrong field is refused instead of sent.
"""

import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final

from api.alerts.errors import InvalidNotice

TYPE: Final = "alert.match"
EVENTS: Final = ("new", "risen", "recalled")
GRADES: Final = ("certain", "probable", "possible", "certainly-not")
PRIORITIES: Final = ("critical", "standard")
LONGEST_BODY: Final = 20_000
"""Bytes; receivers of Standard Webhooks may refuse more."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_LINK = re.compile(r"(https?://[!-~]+|/[!-~]*)")
_LONGEST_NAME = 200
_LONGEST_LINK = 500

_LEADS: Final[Mapping[str, str]] = {
    "new": "A possible match has been found for one of your records.",
    "risen": "The evidence for a possible match with one of your records has grown stronger.",
    "recalled": "A possible match that we told you about has been withdrawn.",
}
_SUBJECTS: Final[Mapping[str, str]] = {
    "new": "Possible match to review",
    "risen": "Possible match: stronger evidence",
    "recalled": "Possible match withdrawn",
}
_PEOPLE_DECIDE = (
    "This is a suggestion made by a computer. It is not a finding: people decide, after looking at both records."
)
_NO_DETAILS = "For the safety of the child this message carries no name, photo or place. Sign in to see the details."


@dataclass(frozen=True, slots=True)
class AlertNotice:
    """The thin message of one alert to one recipient: these fields and nothing else.

    Args:
        alert_id, match_id, your_record_id: identifiers made by this system (ASCII letters, digits and
            `. _ : -`, at most 64 characters). `your_record_id` is the id of the recipient's own case here,
            never a number or name that people typed.
        event: one of `EVENTS`.
        grade: one of `GRADES`.
        priority: one of `PRIORITIES`.
        other_organisation: name of the organisation that holds the other record, 1 to 200 characters.
        due_at: until when an acknowledgement is expected; time-zone aware.
        link: absolute http(s) address, or a path that starts with `/` (see `with_base`).
    Raises:
        InvalidNotice: a field breaks its rule.
    """

    alert_id: str
    match_id: str
    event: str
    grade: str
    priority: str
    your_record_id: str
    other_organisation: str
    due_at: datetime
    link: str

    def __post_init__(self) -> None:
        """Refuse everything that is not what its field is for."""
        for field in ("alert_id", "match_id", "your_record_id"):
            if not _IDENTIFIER.fullmatch(getattr(self, field)):
                raise InvalidNotice(field, "must be an identifier, not free text")
        for field, allowed in (("event", EVENTS), ("grade", GRADES), ("priority", PRIORITIES)):
            if getattr(self, field) not in allowed:
                raise InvalidNotice(field, f"must be one of {', '.join(allowed)}")
        name = self.other_organisation
        if not 0 < len(name.strip()) <= len(name) <= _LONGEST_NAME or not name.isprintable():
            raise InvalidNotice("other_organisation", f"must be 1 to {_LONGEST_NAME} printable characters")
        if self.due_at.tzinfo is None:
            raise InvalidNotice("due_at", "must state its time zone")
        if len(self.link) > _LONGEST_LINK or not _LINK.fullmatch(self.link):
            raise InvalidNotice("link", "must be an http(s) address or a path")

    def to_payload(self) -> dict[str, object]:
        """Return the JSON object that is kept in the outbox; `due_at` is ISO 8601 in UTC."""
        payload: dict[str, object] = {"type": TYPE}
        payload.update({field.name: getattr(self, field.name) for field in fields(self)})
        payload["due_at"] = self.due_at.astimezone(UTC).isoformat()
        return payload

    @classmethod
    def from_payload(cls, payload: Mapping[str, object]) -> "AlertNotice":
        """Read a payload of the outbox back.

        Raises:
            InvalidNotice: a field is missing, unknown, or breaks its rule.
        """
        names = {field.name for field in fields(cls)}
        if payload.get("type") != TYPE or set(payload) != names | {"type"}:
            raise InvalidNotice("payload", f"must have the type {TYPE} and exactly the fields of a notice")
        texts: dict[str, str] = {}
        for name in sorted(names):
            value = payload[name]
            if not isinstance(value, str):
                raise InvalidNotice(name, "must be text")
            texts[name] = value
        try:
            due_at = datetime.fromisoformat(texts.pop("due_at"))
        except ValueError:
            # The parser's message quotes its input, so it is not passed on.
            raise InvalidNotice("due_at", "must be an ISO 8601 time") from None
        return cls(due_at=due_at, **texts)

    def with_base(self, public_url: str) -> str:
        """Return the absolute link; a stored path is completed, so that moving the server breaks no old alert."""
        return public_url.rstrip("/") + self.link if self.link.startswith("/") else self.link


def alert_link(public_url: str, alert_id: str) -> str:
    """Return the address of an alert behind the login."""
    return f"{public_url.rstrip('/')}/console/alerts/{alert_id}"


def alert_payload(
    *,
    alert_id: str,
    match_id: str,
    event: str,
    grade: str,
    priority: str,
    your_record_id: str,
    other_organisation: str,
    due_at: datetime,
    link: str,
) -> dict[str, object]:
    """Return the thin payload for `outbox.payload`; arguments and errors as in `AlertNotice`."""
    return AlertNotice(
        alert_id, match_id, event, grade, priority, your_record_id, other_organisation, due_at, link
    ).to_payload()


def webhook_body(notice: AlertNotice, timestamp: datetime, public_url: str = "") -> bytes:
    """Return the JSON body of a webhook in the shape of Standard Webhooks: type, timestamp, data.

    Args:
        notice: what to say.
        timestamp: when the alert was made (aware). Not the time of this attempt: a repeated send is byte-identical.
        public_url: completes a link that was stored as a path.
    Raises:
        InvalidNotice: the body would be 20 kB or more.
    """
    data = notice.to_payload()
    del data["type"]
    data["link"] = notice.with_base(public_url)
    body = json.dumps(
        {"type": TYPE, "timestamp": timestamp.astimezone(UTC).isoformat(), "data": data},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    if len(body) >= LONGEST_BODY:
        raise InvalidNotice("payload", f"must stay below {LONGEST_BODY} bytes")
    return body


def email_message(
    notice: AlertNotice,
    recipient: str,
    sender: str,
    message_id: str,
    *,
    written_at: datetime,
    public_url: str = "",
) -> EmailMessage:
    """Return the e-mail of an alert: plain text and HTML with the same words.

    Args:
        notice: what to say.
        recipient: e-mail address of the partner.
        sender: e-mail address of this system; its domain ends the Message-ID.
        message_id: id of the outbox message. The same id gives the same bytes, so a mailbox recognises a repetition.
        written_at: when the alert was made (aware), for the Date header.
        public_url: completes a link that was stored as a path.
    Raises:
        InvalidNotice: an address is not an e-mail address.
    """
    to, origin = check_address("recipient", recipient), check_address("sender", sender)
    rows = (
        ("Priority", notice.priority),
        ("Grade", notice.grade),
        ("Your record", notice.your_record_id),
        ("Other organisation", notice.other_organisation),
        ("Match", notice.match_id),
        ("Please acknowledge by", notice.due_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")),
    )
    lead, link = _LEADS[notice.event], notice.with_base(public_url)

    message = EmailMessage()
    message["Subject"] = _subject(notice)
    message["From"] = origin
    message["To"] = to
    message["Date"] = written_at.astimezone(UTC)
    message["Message-ID"] = f"<{message_id}@{origin.domain}>"
    # Keeps holiday replies from coming back to an address that nobody reads.
    message["Auto-Submitted"] = "auto-generated"

    lines = [lead, "", *(f"{label}: {value}" for label, value in rows), "", link, "", _PEOPLE_DECIDE, _NO_DETAILS, ""]
    message.set_content("\n".join(lines))
    table = "".join(
        f'<tr><th align="left">{html.escape(label)}</th><td>{html.escape(value)}</td></tr>\n' for label, value in rows
    )
    message.add_alternative(
        f'<!doctype html>\n<html lang="en"><body>\n<p>{html.escape(lead)}</p>\n<table>\n{table}</table>\n'
        f'<p><a href="{html.escape(link)}">Review the match</a></p>\n'
        f"<p>{html.escape(_PEOPLE_DECIDE)}</p>\n<p>{html.escape(_NO_DETAILS)}</p>\n</body></html>\n",
        subtype="html",
    )
    # The library would draw a random boundary, and a repeated send would no longer be the same message.
    message.set_boundary("=_" + hashlib.sha256(message_id.encode()).hexdigest()[:32])
    return message


def _subject(notice: AlertNotice) -> str:
    """Return the subject: it shows on locked screens, so not even a record id stands in it."""
    mark = "Critical: " if notice.priority == "critical" and notice.event != "recalled" else ""
    return f"{mark}{_SUBJECTS[notice.event]}"


def check_address(field: str, text: str) -> Address:
    """Return an e-mail address that mail can be sent to.

    Raises:
        InvalidNotice: it is not one; the address itself is not repeated.
    """
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, MessageError):
        # The parser quotes what it could not read; an address is personal data.
        raise InvalidNotice(field, "must be an e-mail address") from None
    if not address.username or ("." not in address.domain and address.domain != "localhost"):
        raise InvalidNotice(field, "must be an e-mail address with a domain")
    return address
