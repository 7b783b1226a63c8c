"""How does a partner hear of an alert the moment it is there, without a system of its own that could be called?

A live inbox is a stream of server-sent events. Each alert is one event under its own id, with the same content as in
the polling inbox; a client that comes back with `Last-Event-ID` hears what it missed. While nothing happens a stream
holds neither a thread nor a connection to the database: once a second one of the streams of this process asks for
the newest number of all inboxes (`store.inbox`), which every process writes, and all of them look at the answer.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

from api.access import AccessScope, NotPermitted, Permission
from api.ids import Clock
from api.partners.service import Unauthenticated
from api.store import Connection, Database, audit, inbox, outbox
from api.store.alerts import Alert
from api.store.outbox import MessageState
from matcher.errors import SandhanError

_PAGE = 100
Show = Callable[[Alert, list[MessageState]], str]
"""Writes an alert as one line of JSON."""


class TooManyStreams(SandhanError):
    """The partner has as many live inboxes open as one may."""

    code = "too_many_streams"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} live inboxes of your organisation are open here; close one, or poll")
        self.retry_after = 30


@dataclass(frozen=True, slots=True)
class Pace:
    """How often what is done, in seconds.

    Attributes:
        look: between two looks for something new.
        heartbeat: of silence before a comment, so that proxies keep the connection.
        recheck: before a caller's key or session is looked at again.
        longest: of one stream; the client comes back by itself.
    """

    look: float = 1.0
    heartbeat: float = 15.0
    recheck: float = 15.0
    longest: float = 3600.0


class LiveInbox:
    """Streams alerts to their recipients.

    Args:
        most: streams of one partner in this process.
    """

    def __init__(self, database: Database, clock: Clock, pace: Pace | None = None, most: int = 20) -> None:
        self._database, self._clock, self._pace, self._most = database, clock, pace or Pace(), most
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._latest, self._looked_at = 0, float("-inf")

    def enter(self, scope: AccessScope, last_event_id: str | None, created_since: datetime | None) -> int:
        """Return the number after which a stream begins; audited. Whoever enters must `leave`.

        Args:
            last_event_id: the alert heard last; goes before `created_since`.
            created_since: begin with what was queued at that moment or later. With neither: with what comes now.
        Raises:
            NotPermitted: the caller reads no alerts.
            TooManyStreams: the partner has too many open.
        """
        scope.require(Permission.ALERTS_READ)
        with self._lock:
            if self._open[scope.partner_id] >= self._most:
                raise TooManyStreams(self._most)
            self._open[scope.partner_id] += 1
        try:
            with self._database.write() as conn:
                self._note(conn, scope, "alerts.stream_opened", None)
                if last_event_id is not None:
                    return inbox.seq_after(conn, scope.partner_id, last_event_id)
                if created_since is not None:
                    return inbox.seq_before(conn, scope.partner_id, created_since)
                return inbox.latest_seq(conn)
        except BaseException:
            self.leave(scope)
            raise

    def leave(self, scope: AccessScope) -> None:
        """Give up the place of a stream that has ended."""
        with self._lock:
            self._open[scope.partner_id] -= 1
            if self._open[scope.partner_id] <= 0:
                del self._open[scope.partner_id]

    def open_streams(self, partner_id: str) -> int:
        """Return how many streams of a partner are open in this process."""
        with self._lock:
            return self._open[partner_id]

    async def follow(
        self, scope: AccessScope, seq: int, still: Callable[[], AccessScope], show: Show
    ) -> AsyncIterator[bytes]:
        """Give the events after a number, and comments in between, until the caller may no longer hear them.

        Args:
            still: returns the caller's scope as it is by now, without counting as a use of it.
            show: writes an alert.
        """
        pace, began = self._pace, time.monotonic()
        checked = spoke = began
        yield b"retry: 3000\n\n"
        while True:
            latest = await self._newest()
            if latest > seq:
                events, heard = await asyncio.to_thread(self._read, scope, seq, show)
                for event in events:
                    yield event
                    spoke = time.monotonic()
                if len(events) == _PAGE:
                    seq = heard
                    continue
                seq = max(latest, heard)  # up to there, nothing more is for this partner
            now = time.monotonic()
            if now - began >= pace.longest:
                return
            if now - checked >= pace.recheck:
                checked = now
                if not await asyncio.to_thread(_may_still, still):
                    return
            if now - spoke >= pace.heartbeat:
                spoke = now
                yield b": nothing new\n\n"
            await asyncio.sleep(min(pace.look, max(pace.longest - (now - began), 0.0)))

    async def _newest(self) -> int:
        """Return the newest number of all inboxes, as one of this process's streams has lately seen it."""
        if time.monotonic() - self._looked_at >= self._pace.look / 2:
            self._looked_at = time.monotonic()  # before the look: the others do not look, too
            self._latest = max(self._latest, await asyncio.to_thread(self._look))
        return self._latest

    def _look(self) -> int:
        with self._database.read() as conn:
            return inbox.latest_seq(conn)

    def _read(self, scope: AccessScope, seq: int, show: Show) -> tuple[list[bytes], int]:
        """Return the next events of a partner and the number of the last one; audited where there are any."""
        with self._database.read() as conn:
            arrivals = inbox.since(conn, scope.partner_id, seq, _PAGE)
            events = [(inbox.mark_of(one), show(one.alert, outbox.messages_of(conn, one.alert.id))) for one in arrivals]
        if not arrivals:
            return [], seq
        with self._database.write() as conn:
            self._note(conn, scope, "alerts.listed", len(arrivals))
        return [f"id: {mark}\nevent: alert\ndata: {data}\n\n".encode() for mark, data in events], arrivals[-1].seq

    def _note(self, conn: Connection, scope: AccessScope, action: str, count: int | None) -> None:
        detail: dict[str, object] | None = None if count is None else {"count": count}
        audit.append(
            conn, at=self._clock(), actor=scope.actor_id, action=action, subject=scope.partner_id, detail=detail
        )


def _may_still(still: Callable[[], AccessScope]) -> bool:
    try:
        still().require(Permission.ALERTS_READ)
    except (Unauthenticated, NotPermitted):
        return False
    return True
