"""Deadlines and steps, against hours read minute by minute; quiet rules, against what they may never silence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.alerts.attention import Attention, Step, due_step, next_step_at, timeline
from api.alerts.deadlines import BOUNDS, USUAL, check_deadlines, deadlines_of, half_time
from api.alerts.notice import EVENTS, GRADES, PRIORITIES
from api.alerts.quiet import NEVER_QUIET, QUIET_GRADES, QUIET_KINDS, SPOKEN, check_quiet, send_at
from api.partners.office_hours import WEEKDAYS, Hours, check_hours, is_open, open_time
from api.store.partners import Partner
from matcher.errors import InvalidRecord

from .watch import MONDAY, WEEK, partner

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
FRIDAY = MONDAY + timedelta(days=4)


@st.composite
def weeks(draw: st.DrawFn) -> Hours | None:
    """Draw hours of a week, from never over some to always."""
    if draw(st.integers(0, 5)) == 0:
        return None
    found = {}
    for day in draw(st.sets(st.sampled_from(WEEKDAYS))):
        edges = sorted(draw(st.sets(st.integers(0, 48), min_size=2, max_size=4)))
        times = [f"{edge // 2:02}:{30 * (edge % 2):02}" for edge in edges]
        found[day] = [list(pair) for pair in zip(times[::2], times[1::2], strict=False)]
    return check_hours(found)


offices = st.builds(
    lambda hours, zone: partner(office_hours=hours, time_zone=zone),
    weeks(),
    st.sampled_from(["Asia/Kolkata", "Asia/Kathmandu", "Europe/London"]),
)
moments = st.builds(lambda minutes: MONDAY + minutes * MINUTE, st.integers(0, 20_000))
classes = st.sampled_from(["critical", "standard"])


def slowly(office: Partner, start: datetime, hours: int) -> datetime:
    """Count the minutes of days on which the office opens, from its opening; then wait until it is open."""
    zone, week = ZoneInfo(office.time_zone or "UTC"), office.office_hours
    at, left = start, hours * 60
    while not is_open(week, office.time_zone, at):
        at += MINUTE
    while left:
        left -= WEEKDAYS[at.astimezone(zone).weekday()] in (week or {})
        at += MINUTE
    while not is_open(week, office.time_zone, at):
        at += MINUTE
    return at


@settings(max_examples=12)
@given(offices, moments)
def test_a_standard_deadline_counts_days_on_which_the_office_opens(office: Partner, now: datetime) -> None:
    ends = deadlines_of(office, "standard", now)
    if office.office_hours:
        assert ends.due_at == slowly(office, now, 24)
    else:
        assert (ends.due_at, ends.act_by) == (now + 24 * HOUR, now + 72 * HOUR)


@given(offices, moments, moments, classes)
def test_deadlines_come_in_order_and_no_sooner_than_by_the_clock(
    office: Partner, one: datetime, other: datetime, priority: str
) -> None:
    first, second = sorted((one, other))
    before, after = deadlines_of(office, priority, first), deadlines_of(office, priority, second)
    assert before.due_at is not None
    assert before.act_by is not None
    assert after.due_at is not None
    assert before.due_at <= after.due_at
    assert before.due_at <= before.act_by
    assert before.due_at - first >= USUAL[priority]["acknowledge"] * HOUR
    if priority == "critical":
        assert (before.due_at - first, before.act_by - first) == (4 * HOUR, 24 * HOUR)


@given(offices, moments, moments, classes)
def test_half_time_halves_what_counts(office: Partner, one: datetime, other: datetime, priority: str) -> None:
    start, end = sorted((one, other))
    half = half_time(office, priority, start, end)
    assert start <= half <= end
    if priority == "critical" or not office.office_hours:
        assert half - start == end - half
    else:
        week, zone = office.office_hours, office.time_zone
        assert open_time(week, zone, start, half) * 2 == open_time(week, zone, start, end)


@given(offices, moments, classes, st.booleans(), st.booleans(), st.integers(0, 30_000))
def test_steps_are_taken_in_order_each_once_and_then_never(
    office: Partner, created: datetime, priority: str, taken: bool, ended: bool, minutes: int
) -> None:
    ends = deadlines_of(office, priority, created)
    waits = Attention(priority, created, ends.due_at, ends.act_by, created + MINUTE if taken else None, ended)
    steps = timeline(waits, office)
    assert [step for _, step in steps] == (
        [] if ended else [Step.REMIND_TO_ACT, Step.LAPSE] if taken else [Step.REMIND, Step.ESCALATE]
    )
    assert all(first[0] <= second[0] for first, second in pairwise(steps))
    coming, seen = next_step_at(waits, office, created + MINUTE), []
    while coming is not None:
        seen.append(due_step(waits, office, coming))
        coming = next_step_at(waits, office, coming)
    assert len(seen) == len(set(seen)) <= 2
    at = created + minutes * MINUTE
    assert due_step(waits, office, at) == next((step for moment, step in reversed(steps) if moment <= at), None)


def test_what_only_informs_has_no_deadline_and_a_recall_no_time_to_act() -> None:
    assert deadlines_of(partner(), "digest", MONDAY).due_at is None
    assert timeline(Attention("digest", MONDAY, None, None), partner()) == []
    assert timeline(Attention("standard", MONDAY, MONDAY + HOUR, None, MONDAY), partner()) == []


@pytest.mark.parametrize(
    ("arrives", "due"),
    [
        (FRIDAY + 5.5 * HOUR, FRIDAY + 77.5 * HOUR),  # Friday 15:00, Monday 15:00
        (FRIDAY + 10.5 * HOUR, MONDAY + 8 * 24 * HOUR),  # Friday 20:00; from Monday 09:30 to Tuesday 09:30
        (MONDAY, MONDAY + 24 * HOUR),
    ],
)
def test_a_weekend_is_left_out(arrives: datetime, due: datetime) -> None:
    assert deadlines_of(partner(), "standard", arrives).due_at == due


def test_a_short_day_that_has_closed_waits_for_the_next_opening() -> None:
    short = partner(office_hours=WEEK | {"tue": [["09:30", "11:00"]]})
    noon = MONDAY + 2.5 * HOUR
    assert deadlines_of(short, "standard", noon).due_at == MONDAY + 48 * HOUR


def test_a_partner_has_its_own_deadlines_within_bounds() -> None:
    own = partner(office_hours=None, deadlines=check_deadlines({"critical": {"acknowledge": 1, "act": 8}}))
    assert deadlines_of(own, "critical", MONDAY).act_by == MONDAY + 8 * HOUR
    assert deadlines_of(own, "standard", MONDAY).act_by == MONDAY + 72 * HOUR
    for said in (
        {"critical": {"acknowledge": 5, "act": 24}}, {"critical": {"acknowledge": 4, "act": 25}},
        {"standard": {"acknowledge": 73, "act": 80}}, {"standard": {"acknowledge": 24, "act": 12}},
        {"standard": {"acknowledge": 0, "act": 12}}, {"digest": {"acknowledge": 1, "act": 2}},
        {"standard": {"acknowledge": 4}},
    ):  # fmt: skip
        with pytest.raises(InvalidRecord, match="deadlines"):
            check_deadlines(said)
    assert all(BOUNDS["critical"][name] == hours for name, hours in USUAL["critical"].items())


@given(
    st.sampled_from([(kind, event) for kind, events in EVENTS.items() for event in events]),
    st.sampled_from([*GRADES, None]), st.sampled_from(PRIORITIES), offices, moments,
    st.sets(st.sampled_from(QUIET_KINDS)), st.sets(st.sampled_from(QUIET_GRADES)),
)  # fmt: skip
def test_no_rule_reaches_what_must_be_told(
    what: tuple[str, str], grade: str | None, priority: str, office: Partner, now: datetime, kinds: set[str],
    grades: set[str],
) -> None:  # fmt: skip
    kind, event = what
    rules = check_quiet({"kinds": kinds, "grades": grades, "outside_hours": True})
    quiet = partner(office_hours=office.office_hours, time_zone=office.time_zone, quiet=rules)
    at = send_at(quiet, kind=kind, event=event, grade=grade, priority=priority, now=now)
    if priority == "critical" or event in NEVER_QUIET:
        assert at == now
    elif kind in kinds or (kind == "match" and grade in grades and event not in SPOKEN):
        assert at is None
    else:
        assert at is not None
        assert at >= now
        assert is_open(quiet.office_hours, quiet.time_zone, at) or quiet.office_hours == {}


@pytest.mark.parametrize(
    "said",
    [
        {}, {"until": "2026-12-24"}, {"grades": ["probable"]}, {"grades": ["possible", "certain"]},
        {"kinds": ["match"]}, {"kinds": ["weather"]}, {"grades": ["weak"]},
    ],
)  # fmt: skip
def test_a_rule_that_would_silence_too_much_or_nothing_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(InvalidRecord, match="quiet"):
        check_quiet(said)


def test_a_rule_ends_with_its_last_day_there() -> None:
    quiet = partner(quiet=check_quiet({"until": "2026-11-02", "kinds": ["digest"]}))
    last = datetime(2026, 11, 2, 18, 29, tzinfo=UTC)  # 23:59 in Kolkata
    sent = [
        send_at(quiet, kind="digest", event="daily", grade=None, priority="digest", now=now)
        for now in (last, last + MINUTE)
    ]
    assert sent == [None, last + MINUTE]
