"""Two people of two organisations decide at the same moment: what comes of it, one order of the two explains."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from api.store import dispositions, matches

from .conftest import House, Pair, empty_database, matched, open_house, settle
from .test_decisions import REJECT, decide, taken, timeline

ROUNDS = 3


@dataclass(frozen=True)
class Step:
    """What somebody wants to do.

    Attributes:
        seen: with the version that both have read.
    """

    who: str
    action: str
    more: dict[str, Any] = field(default_factory=dict)
    seen: bool = False


TO_TRIAGE = [Step("shelter", "take_up")]
TO_ONE = [*TO_TRIAGE, Step("shelter", "confirm")]
TO_FIELD = [*TO_ONE, Step("family", "confirm"), Step("family", "start_verification")]
VERIFY = Step("family", "verify", {"finding": "same_person"})
UNDO = {"reason": "mistake"}
PAIRS: dict[str, tuple[list[Step], Step, Step]] = {
    "both confirm": (TO_TRIAGE, Step("shelter", "confirm"), Step("family", "confirm")),
    "both confirm what both have read": (
        TO_TRIAGE, Step("shelter", "confirm", seen=True), Step("family", "confirm", seen=True),
    ),
    "one verifies and one rejects": (TO_FIELD, VERIFY, Step("shelter", "reject", REJECT)),
    "one undoes and one confirms": (TO_ONE, Step("shelter", "undo", UNDO), Step("family", "confirm")),
    "one asks and one rejects": (TO_ONE, Step("shelter", "ask_information"), Step("family", "reject", REJECT)),
}  # fmt: skip
"""What was done before, and what the two do."""


@pytest.fixture(scope="module")
def houses(dialect: str, tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[tuple[Pair, House]]:
    """A matched pair, and a second process on the same database."""
    home = tmp_path_factory.mktemp("at_once") / "home"
    with (
        empty_database(dialect, home, template) as url,
        open_house(home, url) as first,
        open_house(home, url, seed=2) as second,
    ):
        first.sandhan.open_index()
        settle(first)
        second.members = first.members
        yield matched(first), second


def begun(pair: Pair, steps: list[Step]) -> None:
    """Lead the match back to the suggestion, and from there on."""
    while timeline(pair, "shelter")["state"] != "suggested":
        (who,) = [
            who for who in ("shelter", "family") if "undo" in [one["action"] for one in timeline(pair, who)["actions"]]
        ]
        taken(pair, who, "undo", **UNDO)
    for step in steps:
        taken(pair, step.who, step.action, **step.more)


def outcome(pair: Pair, before: int, statuses: tuple[int, int]) -> tuple[object, ...]:
    """Return what came of the two: their answers, the state, what stands, and what was done in no order."""
    with pair.house.sandhan.database.read() as conn:
        state = matches.require_match(conn, pair.match_id).state
        stands = {side: one.disposition for side, one in dispositions.standing(conn, pair.match_id).items()}
        kinds = sorted(one.kind for one in matches.events_of(conn, pair.match_id)[before:])
    assert len(kinds) == statuses.count(200), "no step is lost, and none is taken that was refused"
    return statuses, state, tuple(sorted(stands.items())), tuple(kinds)


def number_of_events(pair: Pair) -> int:
    with pair.house.sandhan.database.read() as conn:
        return len(matches.events_of(conn, pair.match_id))


def tag(pair: Pair, who: str) -> str:
    return str(pair.house.ask(who, "GET", f"/v1/matches/{pair.match_id}/events").headers["ETag"])


def attempt(pair: Pair, step: Step, seen: str) -> int:
    headers = {"If-Match": seen} if step.seen else {}
    return decide(pair, step.who, step.action, headers=headers, **step.more).status_code


@contextmanager
def others_at_work(house: House) -> Iterator[None]:
    """Deliver messages and take the steps that are due, as every process does, until the two are done."""
    over, failed = threading.Event(), []

    def work() -> None:
        while not over.is_set():
            try:
                house.sandhan.dispatcher.run_once()
                house.sandhan.attention.run_due()
            except Exception as error:  # noqa: BLE001  a thread's failure is this test's
                failed.append(error)
                return

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join()
    assert failed == []


@pytest.mark.parametrize("name", PAIRS)
def test_what_two_decide_at_once_is_what_one_order_of_the_two_explains(houses: tuple[Pair, House], name: str) -> None:
    pair, second = houses
    theirs = Pair(second, pair.missing_id, pair.rescued_id, pair.match_id, pair.photo_id, pair.alerts)
    before, one, other = PAIRS[name]
    explained = set()
    for turned in (False, True):
        begun(pair, before)
        start, seen = number_of_events(pair), {step.who: tag(pair, step.who) for step in (one, other)}
        answers = {step.who: attempt(pair, step, seen[step.who]) for step in ((other, one) if turned else (one, other))}
        explained.add(outcome(pair, start, (answers[one.who], answers[other.who])))
    for _ in range(ROUNDS):
        begun(pair, before)
        start, seen = number_of_events(pair), {step.who: tag(pair, step.who) for step in (one, other)}
        together = threading.Barrier(2)

        def at_once(of: Pair, step: Step, known: str, together: threading.Barrier = together) -> int:
            together.wait(10)
            return attempt(of, step, known)

        with others_at_work(second), ThreadPoolExecutor(2) as pool:
            doing = [pool.submit(at_once, of, step, seen[step.who]) for of, step in ((pair, one), (theirs, other))]
            statuses = (doing[0].result(30), doing[1].result(30))
        assert outcome(pair, start, statuses) in explained
