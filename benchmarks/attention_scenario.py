"""What happens in the month of `benchmarks.attention_month`? Partners, pacts, matches, alerts, people: by a seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 1, tzinfo=UTC)
_WEEK = ("mon", "tue", "wed", "thu", "fri")
_HOURS: list[dict[str, list[list[str]]] | None] = [
    {day: [["09:00", "17:30"]] for day in _WEEK},
    {day: [["10:00", "13:00"], ["14:00", "18:00"]] for day in _WEEK} | {"sat": [["10:00", "13:00"]]},
    {day: [["08:30", "16:30"]] for day in ("sun", "mon", "tue", "wed", "thu")},
    {"tue": [["09:00", "12:00"]], "fri": [["13:00", "24:00"]], "sat": [["00:00", "06:00"]]},
    {},
    None,
]
_OWN = [None, None, {"standard": {"acknowledge": 8, "act": 48}}, {"critical": {"acknowledge": 2, "act": 12}}]
_STATES = ("IN/WB", "IN/MH", "IN/AS", "IN/BR", "IN/JH", "BD/rajshahi", "BD/khulna")
_ANSWERING = 0.55
_CLASS = {
    "focal_point": "coordination", "coordination": "coordination", "nodal": "police", "ahtu": "police", "ngo": "ngo",
    "shelter": "shelter",
}  # fmt: skip


@dataclass
class Office:
    """A partner of the scenario; hours as in `api.partners.office_hours`."""

    id: str
    kind: str
    country: str
    area: str | None
    zone: str | None
    hours: dict[str, list[list[str]]] | None
    deadlines: dict[str, dict[str, int]] | None = None


@dataclass
class Pair:
    """A match of the scenario: two cases with their owners, and which classes of recipients may know of each."""

    id: str
    owners: tuple[str, str]
    shared: tuple[frozenset[str], frozenset[str]]


@dataclass
class Root:
    """An alert that the scenario raises."""

    name: str
    at: datetime
    recipient: str
    priority: str
    match: str


@dataclass
class Deed:
    """What somebody does: look into the inbox, acknowledge, act, decide about the match; or the match ends (recall)."""

    at: datetime
    what: str
    subject: str


@dataclass
class Scenario:
    """Everything that a month is made of.

    Attributes:
        roots: name -> alert that the scenario raises.
        plans: name of an alert -> what its recipient does about it, so many minutes after it came.
    """

    start: datetime
    days: int
    offices: dict[str, Office]
    agreements: list[frozenset[str]]
    matches: dict[str, Pair]
    roots: dict[str, Root]
    deeds: list[Deed]
    plans: Callable[[str], list[tuple[int, str]]]


def make_scenario(count: int, days: int, seed: int) -> Scenario:
    """Draw a month.

    Args:
        count: partners, 6 at least.
    """
    draw = random.Random(seed)
    offices = _offices(count, draw)
    names = list(offices)
    owners = [name for name, office in offices.items() if office.kind in ("ahtu", "ngo", "shelter")]
    outside = set(draw.sample(names, max(1, count // 10)))
    pacts = [frozenset(set(names) - outside)]
    pacts += [frozenset({one, draw.choice(names)}) for one in sorted(outside) for _ in range(3)]
    pairs = {}
    for number in range(max(4, count * days // 10)):
        classes = [
            frozenset(draw.choice((["any"], ["any"], ["police"], ["police", "ngo"], ["coordination"]))) for _ in "ab"
        ]
        pair = Pair(f"match-{number:05}", (draw.choice(owners), draw.choice(owners)), (classes[0], classes[1]))
        pairs[pair.id] = pair
    roots = {}
    for number in range(count * days):
        at = START + timedelta(minutes=10 * draw.randrange(days * 144))
        priority = draw.choice(("critical", "standard", "standard", "digest"))
        pair = pairs[draw.choice(list(pairs))]
        # Most are told what they may know; of the others each alert ends with its first step.
        knowing = [name for name in names if _may_know(offices[name], pair, pacts)] if draw.random() < 0.85 else []
        root = Root(f"root {number:05}", at, draw.choice(knowing or names), priority, pair.id)
        roots[root.name] = root
    deeds = [
        Deed(START + timedelta(minutes=10 * draw.randrange(days * 144) + 2), "recall", match)
        for match in draw.sample(list(pairs), len(pairs) // 3)
    ]
    deeds += [
        Deed(START + timedelta(minutes=10 * draw.randrange(days * 144) + 8), "look", draw.choice(names))
        for _ in range(count * days // 20)
    ]
    return Scenario(START, days, offices, pacts, pairs, roots, deeds, lambda name: _plan(seed, name))


def _may_know(office: Office, pair: Pair, pacts: list[frozenset[str]]) -> bool:
    named = {"any", _CLASS[office.kind]}
    return all(
        any({owner, office.id} <= parties for parties in pacts) and (owner == office.id or bool(shared & named))
        for owner, shared in zip(pair.owners, pair.shared, strict=True)
    )


def _offices(count: int, draw: random.Random) -> dict[str, Office]:
    made: dict[str, Office] = {}

    def add(kind: str, country: str, area: str | None, number: int) -> None:
        zone = draw.choice(("Asia/Kolkata", "Asia/Dhaka", "Asia/Kathmandu"))
        office = Office(f"{kind}-{number:03}", kind, country, area, zone, draw.choice(_HOURS), draw.choice(_OWN))
        made[office.id] = office

    add("focal_point", "IN", None, 0)
    add("coordination", "IN", draw.choice((None, "IN")), 1)
    if count >= 20:
        add("focal_point", "BD", "BD", 2)
        for number, state in enumerate(_STATES[: count // 8]):
            add("nodal", state[:2], state, 10 + number)
        add("nodal", "IN", "IN/WB/nadia", 30)
    else:
        add("nodal", "IN", "IN/WB", 10)
    while len(made) < count:
        state = draw.choice(_STATES if count >= 20 else _STATES[:2])
        area = draw.choice((state, f"{state}/nadia", None))
        add(draw.choice(("ahtu", "ngo", "shelter")), state[:2], area, 100 + len(made))
    return made


def _plan(seed: int, name: str) -> list[tuple[int, str]]:
    """Draw what a recipient does about an alert: from the seed and the alert's name, the same whoever asks."""
    draw = random.Random(f"{seed}:{name}")
    deeds = []
    at = 0
    for what in ("acknowledge", draw.choice(("act", "act", "decide")), "acknowledge", "act"):
        at += 10 * draw.choice((3, 12, 40, 200, 500, 900)) + draw.choice((4, 6))
        if draw.random() < _ANSWERING:
            deeds.append((at, what))
    return deeds
