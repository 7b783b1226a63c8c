"""The words that leave the house."""

import json
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from typing import Any

import pytest

from api.alerts.errors import InvalidNotice
from api.alerts.messages import LONGEST_BODY, email_message, webhook_body
from api.alerts.notice import EVENTS, GRADES, KINDS, PRIORITIES, REMINDERS, AlertNotice

DUE = datetime(2030, 5, 4, 12, 30, tzinfo=UTC)
MADE = datetime(2030, 5, 4, 8, 30, tzinfo=UTC)


def notice(**changes: Any) -> AlertNotice:
    values: dict[str, Any] = {
        "alert_id": "al-1",
        "match_id": "ma-1",
        "event": "new",
        "grade": "probable",
        "priority": "critical",
        "your_record_id": "ca-1",
        "other_organisation": "Shelter & Sons",
        "due_at": DUE,
        "link": "https://sandhan.example.org/console/alerts/al-1",
    }
    return AlertNotice(**{**values, **changes})


def mail(**changes: Any) -> Any:
    return email_message(
        notice(**changes), "officer@police.example", "alerts@sandhan.example.org", "ob-1", written_at=MADE
    )


def test_the_payload_has_these_fields_and_no_other() -> None:
    payload = notice().to_payload()
    assert list(payload) == [
        "type",
        "alert_id",
        "match_id",
        "subject_id",
        "event",
        "grade",
        "priority",
        "your_record_id",
        "other_organisation",
        "due_at",
        "link",
        "count",
    ]
    assert payload["type"] == "alert.match"
    assert payload["due_at"] == "2030-05-04T12:30:00+00:00"


def test_payload_survives_json_and_reading_back() -> None:
    dhaka = timezone(timedelta(hours=6))
    original = notice(due_at=DUE.astimezone(dhaka))
    assert AlertNotice.from_payload(json.loads(json.dumps(original.to_payload()))) == original


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("alert_id", "Rahima Khatun"),
        ("match_id", "রহিমা"),
        ("your_record_id", "a\nb"),
        ("your_record_id", ""),
        ("your_record_id", "x" * 65),
        ("event", "published"),
        ("kind", "child"),
        ("subject_id", "Sonagachi Lane"),
        ("count", 0),
        ("grade", "sure"),
        ("priority", "high"),
        ("other_organisation", "  "),
        ("other_organisation", "a\r\nBcc: b"),
        ("other_organisation", "x" * 201),
        ("due_at", datetime(2030, 5, 4)),
        ("link", "javascript:alert(1)"),
        ("link", "https://a b"),
        ("link", "https://" + "x" * 500),
    ],
)
def test_a_field_that_breaks_its_rule_is_refused_and_not_quoted(field: str, value: Any) -> None:
    with pytest.raises(InvalidNotice) as caught:
        notice(**{field: value})
    assert caught.value.field == field
    if isinstance(value, str) and len(value.strip()) > 1:
        assert value not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "alert.other"},
        {"name": "somebody"},
        {"due_at": "tomorrow"},
        {"grade": 3},
        {"link": None},
        {"count": True},
    ],
)
def test_a_payload_with_anything_unexpected_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidNotice) as caught:
        AlertNotice.from_payload({**notice().to_payload(), **change})
    assert "tomorrow" not in str(caught.value)


def test_a_payload_with_a_field_missing_is_refused() -> None:
    payload = notice().to_payload()
    del payload["link"]
    with pytest.raises(InvalidNotice):
        AlertNotice.from_payload(payload)


def test_a_stored_path_is_completed_when_sent() -> None:
    stored = notice(link="/console/alerts/al-1")
    assert stored.with_base("https://new.example/") == "https://new.example/console/alerts/al-1"
    assert notice().with_base("https://new.example/") == notice().link
    body = json.loads(webhook_body(stored, MADE, "https://new.example"))
    assert body["data"]["link"] == "https://new.example/console/alerts/al-1"


def test_webhook_body_has_the_shape_of_standard_webhooks() -> None:
    body = json.loads(webhook_body(notice(), MADE))
    assert list(body) == ["type", "timestamp", "data"]
    assert body["type"] == "alert.match"
    assert body["timestamp"] == "2030-05-04T08:30:00+00:00"
    assert set(body["data"]) == set(notice().to_payload()) - {"type"}


def test_the_largest_notice_stays_far_below_the_limit() -> None:
    largest = notice(other_organisation="\U0001f3e0" * 200, link="https://" + "x" * 492, alert_id="a" * 64)
    assert len(webhook_body(largest, MADE)) < LONGEST_BODY / 4


def test_email_says_the_same_in_text_and_html() -> None:
    message = mail()
    text = message.get_body(("plain",)).get_content()
    page = message.get_body(("html",)).get_content()
    for expected in ("probable", "ca-1", "2030-05-04 12:30 UTC", "possible match", "people decide"):
        assert expected in text
        assert expected in page
    assert notice().link in text
    assert f'href="{notice().link}"' in page
    assert "Shelter & Sons" in text
    assert "Shelter &amp; Sons" in page


def test_email_headers() -> None:
    message = mail()
    assert message["To"] == "officer@police.example"
    assert message["From"] == "alerts@sandhan.example.org"
    assert message["Message-ID"] == "<ob-1@sandhan.example.org>"
    assert message["Date"].datetime == MADE
    assert message["Auto-Submitted"] == "auto-generated"


OCCASIONS = [(kind, event) for kind in KINDS for event in EVENTS[kind]]


def told(kind: str, event: str, **changes: Any) -> Any:
    about = {"match_id": "ma-1"} if kind == "match" else {"match_id": None, "grade": None, "subject_id": "su-1"}
    return mail(**{"kind": kind, "event": event, "count": 7 if kind == "digest" else None, **about, **changes})


@pytest.mark.parametrize(("kind", "event"), OCCASIONS)
@pytest.mark.parametrize("priority", PRIORITIES)
def test_the_subject_names_no_record_and_no_organisation(kind: str, event: str, priority: str) -> None:
    subject = told(kind, event, priority=priority)["Subject"]
    assert not any(value in subject for value in ("al-1", "ma-1", "ca-1", "su-1", "Shelter"))
    ended = event in ("recalled", "taken_down", "ended")
    assert ("Critical" in subject) == (priority == "critical" and not ended)


@pytest.mark.parametrize(("kind", "event"), OCCASIONS)
@pytest.mark.parametrize("grade", GRADES)
def test_email_never_claims_more_than_a_suggestion(kind: str, event: str, grade: str) -> None:
    text = told(kind, event, grade=grade).get_body(("plain",)).get_content()
    assert ("It is not a finding" in text) == (kind in ("match", "same_person", "same_suspect", "digest"))
    assert "carries no name, photo or place" in text
    if kind == "match" and event not in REMINDERS:
        assert "possible match" in text


@pytest.mark.parametrize(("kind", "event"), OCCASIONS)
def test_every_occasion_has_words_of_its_own(kind: str, event: str) -> None:
    message = told(kind, event)
    others = [told(*other) for other in OCCASIONS if other[1] != event]
    assert message["Subject"] not in [other["Subject"] for other in others]
    assert "{" not in message["Subject"] + message.get_body(("plain",)).get_content()


def test_a_repeated_email_is_the_same_to_the_byte() -> None:
    assert mail().as_bytes() == mail().as_bytes()


def test_email_survives_the_wire() -> None:
    name = "শিশু আশ্রয় কেন্দ্র"
    message = message_from_bytes(mail(other_organisation=name).as_bytes(policy=policy.SMTP), policy=policy.default)
    body = message.get_body(("plain",))
    assert name in body.get_content()


@pytest.mark.parametrize("address", ["", "nobody", "a@", "@b.example", "a b@c.example", "a@b\r\nBcc: c@d.e", "a@b"])
def test_a_broken_address_is_refused_and_not_quoted(address: str) -> None:
    with pytest.raises(InvalidNotice, match=r"^recipient: ") as caught:
        email_message(notice(), address, "alerts@sandhan.example.org", "ob-1", written_at=MADE)
    assert len(address) < 3 or address not in str(caught.value)
    with pytest.raises(InvalidNotice, match=r"^sender: "):
        email_message(notice(), "officer@police.example", address, "ob-1", written_at=MADE)


LANGUAGE_SENTENCES = {
    "en": "people decide",
    "hi": "फ़ैसला लोग करते हैं",
    "bn": "সিদ্ধান্ত নেন মানুষ",
    "as": "সিদ্ধান্ত মানুহে লয়",
    "ne": "निर्णय मानिसले गर्छन्",
    "my": "လူများက ဆုံးဖြတ်ရမည်",
}


@pytest.mark.parametrize("language", LANGUAGE_SENTENCES)
def test_every_language_survives_the_wire(language: str) -> None:
    """As a mail server hands it on: nothing but ASCII, lines of a length that all servers take, both parts whole."""
    sent = email_message(
        notice(other_organisation="ကလေးများ ကူညီရေး"), "officer@police.example", "alerts@sandhan.example.org", "ob-1",
        written_at=MADE, language=language,
    )  # fmt: skip
    wire = sent.as_bytes(policy=policy.SMTP)
    assert wire.isascii()
    assert max(len(line) for line in wire.split(b"\r\n")) <= 998
    headers = wire.partition(b"\r\n\r\n")[0]
    assert (b"Subject: =?utf-8?" in headers) == (language != "en")  # RFC 2047
    read = message_from_bytes(wire, policy=policy.default)
    assert read.get_content_type() == "multipart/alternative"
    assert read["Content-Language"] == language
    assert read["Subject"] == sent["Subject"]
    kinds = [(part.get_content_type(), part.get_content_charset()) for part in read.iter_parts()]
    assert kinds == [("text/plain", "utf-8"), ("text/html", "utf-8")]  # the best one last, as readers expect
    sentence = unicodedata.normalize("NFC", LANGUAGE_SENTENCES[language])
    for part in read.iter_parts():
        assert sentence in part.get_content()
        assert "ကလေးများ ကူညီရေး" in part.get_content()
    assert f'<html lang="{language}">' in read.get_body(("html",)).get_content()


def test_a_language_without_words_is_told_in_english_and_says_so() -> None:
    sent = email_message(
        notice(), "officer@police.example", "alerts@sandhan.example.org", "ob-1", written_at=MADE, language="kha"
    )
    assert sent["Content-Language"] == "en"
    assert "people decide" in sent.get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (None, "2030-05-04 12:30 UTC"),
        ("UTC", "2030-05-04 12:30 UTC"),
        ("Asia/Kolkata", "2030-05-04 18:00 IST (12:30 UTC)"),
        ("Asia/Dhaka", "2030-05-04 18:30 UTC+06:00 (12:30 UTC)"),
        ("Asia/Kathmandu", "2030-05-04 18:15 UTC+05:45 (12:30 UTC)"),
        ("Pacific/Auckland", "2030-05-05 00:30 NZST (2030-05-04 12:30 UTC)"),
    ],
)
def test_a_deadline_is_told_by_the_recipients_own_clock_too(zone: str | None, expected: str) -> None:
    def sent() -> Any:
        return email_message(
            notice(), "officer@police.example", "alerts@sandhan.example.org", "ob-1", written_at=MADE, time_zone=zone
        )

    for kind in ("plain", "html"):
        assert expected in sent().get_body((kind,)).get_content()
    assert sent().as_bytes() == sent().as_bytes()
