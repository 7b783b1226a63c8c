"""Nothing personal leaves the house, whatever stands in the case."""

import contextlib
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.alerts.errors import InvalidNotice
from api.alerts.messages import email_message, webhook_body
from api.alerts.notice import EVENTS, GRADES, KINDS, PRIORITIES, AlertNotice

MADE = datetime(2030, 5, 4, 8, 30, tzinfo=UTC)

# The mark makes a leak certain to be seen: a child called "match" would otherwise "leak" from our own wording.
personal_text = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30).map("§{}§".format)
cases = st.fixed_dictionaries(
    {
        "names": st.lists(personal_text, min_size=1, max_size=4),
        "father": personal_text,
        "village": personal_text,
        "school": personal_text,
        "phone": personal_text,
        "photo": st.binary(min_size=8, max_size=32),
        "suspect": personal_text,
        "notes": personal_text,
    }
)


def identifier(prefix: str, case: dict[str, Any]) -> str:
    """Ids come from a case as in real life: made by the system, different for different cases."""
    return prefix + hashlib.sha256(repr(case).encode()).hexdigest()[:20]


def values_of(case: dict[str, Any]) -> list[str]:
    texts: list[str] = [*case["names"], case["photo"].hex()]
    texts += [case[field] for field in ("father", "village", "school", "phone", "suspect", "notes")]
    return texts


def everything_sent(payload: dict[str, object]) -> list[str]:
    """Every form in which an alert leaves, with all encodings undone."""
    notice = AlertNotice.from_payload(payload)
    message = email_message(notice, "officer@police.example", "alerts@sandhan.example", "ob-1", written_at=MADE)
    parts = [part.get_content() for part in message.walk() if not part.is_multipart()]
    headers = [f"{name}: {value}" for name, value in message.items()]
    return [
        json.dumps(payload, ensure_ascii=False),
        webhook_body(notice, MADE).decode(),
        message.as_string(),
        *parts,
        *headers,
    ]


@given(
    case=cases,
    occasion=st.sampled_from([(kind, event) for kind in KINDS for event in EVENTS[kind]]),
    grade=st.sampled_from(GRADES),
    priority=st.sampled_from(PRIORITIES),
    due_at=st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1), max_value=datetime(2200, 1, 1)),
)
def test_no_value_of_a_case_is_in_anything_that_is_sent(
    case: dict[str, Any], occasion: tuple[str, str], grade: str, priority: str, due_at: datetime
) -> None:
    payload = AlertNotice(
        alert_id=identifier("al", case),
        match_id=identifier("ma", case),
        subject_id=identifier("su", case),
        kind=occasion[0],
        event=occasion[1],
        grade=grade,
        priority=priority,
        your_record_id=identifier("ca", case),
        other_organisation="Childline",
        due_at=due_at,
        link=f"/console/alerts/{identifier('al', case)}",
    ).to_payload()
    for sent in everything_sent(payload):
        assert not [value for value in values_of(case) if value in sent]


@given(
    field=st.sampled_from(
        ["alert_id", "match_id", "subject_id", "your_record_id", "kind", "event", "grade", "priority", "link"]
    ),
    value=personal_text,
)
def test_personal_text_in_a_wrong_field_is_refused_and_not_repeated(field: str, value: str) -> None:
    fields: dict[str, Any] = {
        "alert_id": "al-1",
        "match_id": "ma-1",
        "event": "new",
        "grade": "probable",
        "priority": "critical",
        "your_record_id": "ca-1",
        "other_organisation": "Childline",
        "due_at": MADE,
        "link": "/x",
    }
    fields[field] = value
    with pytest.raises(InvalidNotice) as caught:
        AlertNotice(**fields)
    assert caught.value.field == field
    assert value not in str(caught.value)


@given(extra=st.dictionaries(personal_text, personal_text, min_size=1, max_size=3))
def test_a_payload_with_further_fields_is_never_sent(extra: dict[str, str]) -> None:
    payload = AlertNotice(
        alert_id="al-1",
        match_id="ma-1",
        event="new",
        grade="probable",
        priority="critical",
        your_record_id="ca-1",
        other_organisation="Childline",
        due_at=MADE,
        link="/x",
    ).to_payload()
    with pytest.raises(InvalidNotice):
        AlertNotice.from_payload({**payload, **extra})


@given(name=st.text(max_size=250))
def test_any_name_of_an_organisation_is_sent_unchanged_or_refused(name: str) -> None:
    with contextlib.suppress(InvalidNotice):
        notice = AlertNotice(
            alert_id="al-1", match_id="ma-1", event="new", grade="probable", priority="critical",
            your_record_id="ca-1", other_organisation=name, due_at=MADE, link="/x",
        )  # fmt: skip
        assert json.loads(webhook_body(notice, MADE))["data"]["other_organisation"] == name
        message = email_message(notice, "officer@police.example", "alerts@sandhan.example", "ob-1", written_at=MADE)
        assert name in message.get_body(("plain",)).get_content()
        assert "<script" not in message.get_body(("html",)).get_content().lower()
