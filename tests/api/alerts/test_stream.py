"""The live inbox: what is new comes at once, nothing is skipped, and nobody hears more than he may."""

import asyncio
import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from api.access import AccessScope, NotPermitted, Permission
from api.alerts.stream import LiveInbox, Pace, TooManyStreams
from api.partners.service import Unauthenticated
from api.store import audit, inbox
from api.store.alerts import Alert

from .conftest import World

QUICK = Pace(look=0.02, heartbeat=0.2, recheck=0.1, longest=20.0)
MAY = frozenset({Permission.ALERTS_READ})


def scope(partner: str, permissions: frozenset[str] = MAY) -> AccessScope:
    return AccessScope(partner, f"key-of-{partner}", "ngo", (), permissions)


def shown(alert: Alert, sent: Any) -> str:
    return json.dumps({"id": alert.id, "messages": len(sent)})


async def heard(
    live: LiveInbox,
    seq: int,
    wanted: int,
    then: Callable[[], object] = lambda: None,
    who: str = "ngo",
    still: Callable[[], AccessScope] | None = None,
) -> list[str]:
    """Listen until so many alerts came, or the stream ended; return everything else as it came, too."""
    chunks: list[str] = []
    told = False
    async for chunk in live.follow(scope(who), seq, still or (lambda: scope(who)), shown):
        chunks.append(chunk.decode())
        if not told:
            told = True
            await asyncio.to_thread(then)
        if sum(one.startswith("id:") for one in chunks) >= wanted:
            break
    return chunks


def ids(chunks: list[str]) -> list[str]:
    return [chunk.split("\n")[0].removeprefix("id: ").partition("@")[0] for chunk in chunks if chunk.startswith("id:")]


@pytest.fixture
def live(world: World) -> LiveInbox:
    world.partner("ngo")
    world.partner("other")
    return LiveInbox(world.database, world.clock, QUICK, most=2)


def test_what_comes_while_one_listens_is_heard_and_only_by_whom_it_is_for(world: World, live: LiveInbox) -> None:
    world.alert("ngo")

    def more() -> None:
        world.alert("other")
        world.alert("ngo", "webhook", "email")

    begin = live.enter(scope("ngo"), None, None)
    chunks = asyncio.run(asyncio.wait_for(heard(live, begin, 1, more), 10))
    assert ids(chunks) == ["al-0003"]
    event = chunks[-1]
    assert event.endswith("\n\n")
    assert event.split("\n")[1] == "event: alert"
    assert json.loads(event.split("\n")[2].removeprefix("data: ")) == {"id": "al-0003", "messages": 2}


def test_who_comes_back_hears_what_it_missed(world: World, live: LiveInbox) -> None:
    for _ in range(3):
        world.alert("ngo")
        world.alert("other")
    begin = live.enter(scope("ngo"), "al-0001", world.clock() - timedelta(days=1))
    assert ids(asyncio.run(asyncio.wait_for(heard(live, begin, 2), 10))) == ["al-0003", "al-0005"]
    for gone in ("al-0000", "al-0002"):  # nobody's, or somebody else's: nothing newer is skipped
        live.leave(scope("ngo"))
        begin = live.enter(scope("ngo"), gone, None)
        first = "al-0001" if gone == "al-0000" else "al-0003"
        assert ids(asyncio.run(asyncio.wait_for(heard(live, begin, 1), 10))) == [first]


def test_one_may_begin_with_a_moment(world: World, live: LiveInbox) -> None:
    world.alert("ngo")
    world.clock.advance(minutes=5)
    since = world.clock()
    world.alert("ngo")
    begin = live.enter(scope("ngo"), None, since)
    assert ids(asyncio.run(asyncio.wait_for(heard(live, begin, 1), 10))) == ["al-0002"]
    live.leave(scope("ngo"))
    assert live.enter(scope("ngo"), None, world.clock() + timedelta(hours=1)) == 2


def test_an_alert_that_was_made_first_and_committed_last_is_heard(world: World, live: LiveInbox) -> None:
    """The ids say when alerts were made. A stream that followed them would skip it."""
    world._count = 5
    world.alert("ngo")
    begin = live.enter(scope("ngo"), "al-0006", None)
    world._count = 2
    assert ids(asyncio.run(asyncio.wait_for(heard(live, begin, 1, lambda: world.alert("ngo")), 10))) == ["al-0003"]


def test_more_than_a_page_comes_whole_and_in_order(world: World, live: LiveInbox) -> None:
    begin = live.enter(scope("ngo"), None, None)
    for _ in range(105):
        world.alert("ngo", "email")
    got = ids(asyncio.run(asyncio.wait_for(heard(live, begin, 105), 20)))
    assert got == [f"al-{number:04}" for number in range(1, 106)]


def test_silence_is_filled_and_ends_with_the_key(world: World, live: LiveInbox) -> None:
    valid = threading.Event()
    valid.set()

    def still() -> AccessScope:
        if not valid.is_set():
            raise Unauthenticated
        return scope("ngo")

    async def listen() -> list[str]:
        asyncio.get_running_loop().call_later(0.7, valid.clear)
        return await heard(live, live.enter(scope("ngo"), None, None), 1, still=still)

    chunks = asyncio.run(asyncio.wait_for(listen(), 10))
    assert chunks[0].startswith("retry: ")
    assert set(chunks[1:]) == {": nothing new\n\n"}


def test_who_lost_the_permission_hears_no_more(world: World, live: LiveInbox) -> None:
    with pytest.raises(NotPermitted):
        live.enter(scope("ngo", frozenset()), None, None)
    assert live.open_streams("ngo") == 0
    begin = live.enter(scope("ngo"), None, None)
    without = scope("ngo", frozenset())
    assert ids(asyncio.run(asyncio.wait_for(heard(live, begin, 1, still=lambda: without), 10))) == []


def test_a_partner_has_so_many_streams_and_no_more(world: World, live: LiveInbox) -> None:
    live.enter(scope("ngo"), None, None)
    live.enter(scope("ngo"), None, None)
    with pytest.raises(TooManyStreams):
        live.enter(scope("ngo"), None, None)
    live.enter(scope("other"), None, None)
    live.leave(scope("ngo"))
    live.enter(scope("ngo"), None, None)
    assert live.open_streams("ngo") == 2


def test_a_hundred_idle_streams_ask_once_a_turn_and_hold_no_connection(
    world: World, live: LiveInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    latest = inbox.latest_seq
    monkeypatch.setattr(inbox, "latest_seq", lambda conn: looks.append(1) or latest(conn))
    pace = Pace(look=0.1, longest=1.0, heartbeat=60.0)
    many = LiveInbox(world.database, world.clock, pace, most=100)

    async def listen() -> None:
        await asyncio.gather(*(heard(many, 0, 1) for _ in range(100)))

    asyncio.run(asyncio.wait_for(listen(), 20))
    assert len(looks) < 60, "one look for all of them, not a hundred"
    assert world.database._engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_what_is_heard_is_audited_and_silence_is_not(world: World, live: LiveInbox) -> None:
    world.alert("ngo")
    begin = live.enter(scope("ngo"), "al-0000", None)
    asyncio.run(asyncio.wait_for(heard(live, begin, 1), 10))
    with world.database.read() as connection:
        entries = audit.entries(connection, subject="ngo", limit=10)
    assert [entry.action for entry in entries] == ["alerts.stream_opened", "alerts.listed"]
    assert entries[1].detail == {"count": 1}
