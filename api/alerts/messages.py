"""How does a notice look as a webhook and as an e-mail? The same words for everybody who gets it, and no others."""

import hashlib
import html
import json
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final
from zoneinfo import ZoneInfo

from api.alerts.errors import InvalidNotice
from api.alerts.notice import AlertNotice
from api.alerts.wording import AlertWording, alert_wording

LONGEST_BODY: Final = 20_000
"""Bytes; receivers of Standard Webhooks may refuse more."""
_SUGGESTIONS: Final = ("match", "same_person", "same_suspect", "digest")
"""Kinds that the engine came up with."""
_STYLE: Final = "font: 16px/1.6 sans-serif; max-width: 36em"  # letters with marks above and below need the room


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
        {"type": notice.type, "timestamp": timestamp.astimezone(UTC).isoformat(), "data": data},
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
    language: str | None = None,
    time_zone: str | None = None,
) -> EmailMessage:
    """Return the e-mail of an alert: plain text and HTML with the same words.

    Args:
        notice: what to say.
        recipient: e-mail address of the partner.
        sender: e-mail address of this system; its domain ends the Message-ID.
        message_id: id of the outbox message. The same id gives the same bytes, so a mailbox recognises a repetition.
        written_at: when the alert was made (aware), for the Date header.
        public_url: completes a link that was stored as a path.
        language: BCP 47, what the recipient reads; English where we have no words of it.
        time_zone: IANA name, by which the recipient's clocks go; None for UTC only.
    Raises:
        InvalidNotice: an address is not an e-mail address.
    """
    to, origin = check_address("recipient", recipient), check_address("sender", sender)
    words = alert_wording(language)
    rows = [
        (words.texts[f"label.{label}"], value) for label, value in _facts(notice, words, time_zone) if value is not None
    ]
    lead, link = words.lead(notice), notice.with_base(public_url)
    closing = [words.texts["no_details"]]
    if notice.kind in _SUGGESTIONS:
        closing.insert(0, words.texts["people_decide"])

    message = EmailMessage()
    message["Subject"] = words.subject(notice)
    message["From"] = origin
    message["To"] = to
    message["Date"] = written_at.astimezone(UTC)
    message["Message-ID"] = f"<{message_id}@{origin.domain}>"
    # Keeps holiday replies from coming back to an address that nobody reads.
    message["Auto-Submitted"] = "auto-generated"

    lines = [lead, "", *(words.fact(label, value) for label, value in rows), "", words.texts["review"], link, ""]
    lines += [*closing, ""]
    message.set_content("\n".join(lines))
    table = "".join(
        f'<tr><th align="left" valign="top">{html.escape(label)}</th><td>{html.escape(value)}</td></tr>\n'
        for label, value in rows
    )
    message.add_alternative(
        f'<!doctype html>\n<html lang="{words.language}">\n<head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"></head>\n<body style="{_STYLE}">\n'
        f'<p>{html.escape(lead)}</p>\n<table cellspacing="0" cellpadding="4">\n{table}</table>\n'
        f'<p><a href="{html.escape(link)}">{html.escape(words.texts["review"])}</a></p>\n'
        + "".join(f"<p>{html.escape(sentence)}</p>\n" for sentence in closing)
        + "</body>\n</html>\n",
        subtype="html",
    )
    message["Content-Language"] = words.language  # last: setting the content drops every header of that family
    # The library would draw a random boundary, and a repeated send would no longer be the same message.
    message.set_boundary("=_" + hashlib.sha256(message_id.encode()).hexdigest()[:32])
    return message


def _facts(notice: AlertNotice, words: AlertWording, time_zone: str | None) -> list[tuple[str, str | None]]:
    due = None if notice.due_at is None else _moment(notice.due_at, time_zone)
    other = notice.other_organisation
    return [
        ("priority", words.texts[f"priority.{notice.priority}"]),
        ("grade", None if notice.grade is None else words.texts[f"grade.{notice.grade}"]),
        ("your_record", notice.your_record_id),
        ("other_organisation", None if other is None else words.organisation(other)),
        ("match", notice.match_id),
        ("subject", notice.subject_id),
        ("due", due),
    ]


def _moment(at: datetime, time_zone: str | None) -> str:
    """Return a moment by the recipient's clock and in UTC: `2026-11-30 18:00 IST (12:30 UTC)`."""
    utc = at.astimezone(UTC)
    if time_zone is None or time_zone == "UTC":
        return utc.strftime("%Y-%m-%d %H:%M UTC")
    local = at.astimezone(ZoneInfo(time_zone))
    name = local.strftime("%Z")
    if not name.isalpha():  # zones without letters are named by their offset, such as +06
        name = "UTC" + local.isoformat()[-6:]
    there = utc.strftime("%H:%M UTC" if utc.date() == local.date() else "%Y-%m-%d %H:%M UTC")
    return f"{local:%Y-%m-%d %H:%M} {name} ({there})"


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
