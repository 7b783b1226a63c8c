"""What does every message say, in every language? Written to a page.

    python -m api.message_reference          writes docs/reference/messages.md anew

A test fails when the page is not what this writes. Native readers correct the tables under
`data/reference/alert_wording`, not the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from api.alerts.messages import email_message, webhook_body
from api.alerts.notice import EVENTS, REMINDERS, AlertNotice
from api.alerts.wording import alert_wording
from matcher.explaining.language import LANGUAGES

PAGE: Final = Path(__file__).parents[1] / "docs" / "reference" / "messages.md"
LANGUAGE_NAMES: Final = {
    "en": "English", "hi": "Hindi", "bn": "Bengali", "as": "Assamese", "ne": "Nepali", "my": "Burmese",
}  # fmt: skip
KIND_TITLES: Final = {
    "match": "Possible matches",
    "bulletin": "Bulletins",
    "same_person": "The same person with another organisation",
    "same_suspect": "The same suspect with another unit",
    "clock": "Legal clocks and follow-up",
    "digest": "The daily digest",
}
EVENT_TITLES: Final = {
    ("match", "new"): "A possible match has been found",
    ("match", "risen"): "Its evidence has become stronger",
    ("match", "updated"): "It has changed",
    ("match", "recalled"): "It has been withdrawn",
    ("bulletin", "published"): "A bulletin has been published",
    ("bulletin", "taken_down"): "A bulletin has been taken down",
    ("bulletin", "ending"): "To its owner: the authorisation ends soon",
    ("bulletin", "over"): "To its owner: it was taken down by somebody or something else",
    ("same_person", "found"): "Both have a record that may be of one person",
    ("same_person", "ended"): "The notice has been withdrawn",
    ("same_suspect", "found"): "Both have a record that may be of one suspect",
    ("same_suspect", "ended"): "The notice has been withdrawn",
    ("clock", "untraced"): "Four months untraced",
    ("clock", "quarterly"): "The quarterly report",
    ("clock", "follow_up"): "A follow-up visit",
    ("digest", "daily"): "The possible matches of the day",
}
REMINDER_TITLES: Final = {
    "reminder": "Not acknowledged yet",
    "act_reminder": "Acknowledged, not acted on",
    "escalated": "Somebody else has not answered",
}

_MADE: Final = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
_DUE: Final = datetime(2026, 11, 30, 12, 30, tzinfo=UTC)
_URL: Final = "https://sandhan.example.org"
_SHARED: Final = {
    "Grades": [f"grade.{grade}" for grade in ("certain", "probable", "possible", "certainly-not")],
    "Priorities": [f"priority.{priority}" for priority in ("critical", "standard", "digest")],
    "Above the link": ["review"],
    "At the end": ["people_decide", "no_details"],
    "In place of an organisation that would tell where a protected person is": ["withheld"],
}
_HEAD: Final = """# Messages

Every text that leaves by e-mail or webhook, in every language. No message carries a name, a photo, a place or a
suspect: those are behind the login. A subject carries not even a record id or an organisation, because it shows on
locked screens; `Critical:` stands before it where the priority is critical, except when something is withdrawn.

An e-mail is plain text and HTML with the same words: the first sentence, what it is about (only what there is), the
link, and the closing words. It is written in the language of the recipient, in English where there are no words of it.
A webhook has no language: programs read it.

This page is written by `python -m api.message_reference` from `data/reference/alert_wording/*.tsv`. Is a word wrong in
your language? Correct its row there and write the page anew.
"""


def page() -> str:
    """Return the whole page."""
    parts = [_HEAD]
    for kind in EVENTS:
        parts.extend(_kind(kind))
    parts.append("## Reminders, of every kind\nThe same words for every kind but the digest.\n")
    parts.extend(_words("match", event, REMINDER_TITLES[event]) for event in REMINDERS)
    parts.append("## Words in every e-mail\n")
    parts.extend(_shared(title, keys) for title, keys in _SHARED.items())
    return "\n".join(parts)


def sample(kind: str, event: str) -> AlertNotice:
    """Return an alert as it could be sent; everything in it is made up."""
    facts: dict[str, Any] = {"your_record_id": "case_01jdx3r5m8", "other_organisation": "Example Shelter"}
    if kind == "match":
        facts |= {"match_id": "match_01jdx4c2qv", "grade": "probable"}
    elif kind == "digest":
        facts = {"count": 7}
    elif kind in ("bulletin", "same_suspect"):
        facts["subject_id"] = f"{'bulletin' if kind == 'bulletin' else 'suspect'}_01jdx4e9ta"
    else:
        facts["subject_id"] = "case_01jdx3r5m8"
    if kind in ("bulletin", "clock"):
        facts.pop("your_record_id" if kind == "bulletin" else "other_organisation")
    return AlertNotice(
        kind=kind,
        event=event,
        alert_id="alert_01jdx4d7ze",
        priority={"match": "critical", "digest": "digest"}.get(kind, "standard"),
        due_at=None if kind == "digest" else _DUE,
        link="/v1/alerts/alert_01jdx4d7ze",
        **facts,
    )


def _kind(kind: str) -> Iterator[str]:
    own = [event for event in EVENTS[kind] if event not in REMINDERS]
    yield f"## {KIND_TITLES[kind]}\nKind `{kind}`.\n"
    for event in own:
        yield _words(kind, event, EVENT_TITLES[kind, event])
    notice = sample(kind, own[0])
    yield "<details><summary>The whole e-mail in six languages, and the webhook</summary>\n"
    for language in LANGUAGES:
        yield f"{LANGUAGE_NAMES[language]}\n```text\n{_mail(notice, language)}```\n"
    body = json.dumps(json.loads(webhook_body(notice, _MADE, _URL)), ensure_ascii=False, indent=2)
    yield f"Webhook\n```json\n{body}\n```\n\n</details>\n"


def _words(kind: str, event: str, title: str) -> str:
    """Return subject and first sentence in all languages; {words} in braces are left as they are filled in."""
    key = event if event in REMINDERS else f"{kind}.{event}"
    rows = [
        f"| {LANGUAGE_NAMES[language]} | {texts[f'subject.{key}']} | {texts[f'lead.{key}']} |"
        for language, texts in _texts().items()
    ]
    table = "\n".join(rows)
    return f"### {title}\n`{event}`\n\n| | subject | first sentence |\n|---|---|---|\n{table}\n"


def _shared(title: str, keys: list[str]) -> str:
    names = " | ".join(f"`{key.partition('.')[2] or key}`" for key in keys)
    rows = [
        f"| {LANGUAGE_NAMES[language]} | {' | '.join(texts[key] for key in keys)} |"
        for language, texts in _texts().items()
    ]
    return f"### {title}\n| | {names} |\n|{'---|' * (len(keys) + 1)}\n" + "\n".join(rows) + "\n"


def _mail(notice: AlertNotice, language: str) -> str:
    mail = email_message(
        notice, "officer@police.example", "alerts@sandhan.example.org", "msg_01jdx4d80k", written_at=_MADE,
        public_url=_URL, language=language, time_zone="Asia/Kolkata",
    )  # fmt: skip
    body = mail.get_body(("plain",))
    assert body is not None  # it was just written
    return f"{mail['Subject']}\n\n{body.get_content()}"


def _texts() -> Mapping[str, Mapping[str, str]]:
    return {language: alert_wording(language).texts for language in LANGUAGES}


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
