"""Was this request sent before? The same key gives the same answer for a day, whatever broke in between.

begin   a row: key, request, and the id that the new thing will get         (committed)
work    the case or partner is stored under that id, or found there          (committed)
finish  the answer is sealed into the row                                    (committed)

Killed after `begin`, nothing was made; killed after `work`, the next attempt finds what was made under the id that the
row names and goes on from there. While one attempt is at work others are told to wait, until its lease has run out.

A key counts for the person or the software that sent it: what one may read, another of the same partner may not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from api.access import AccessScope, NotFound, Permission
from api.ids import Clock, RandomBytes, new_id
from api.store import ConstraintViolated, Database, audit, idempotency
from api.store.idempotency import Entry
from api.store.sealing import SealBroken
from matcher.errors import InvalidRecord, SandhanError

KEPT = timedelta(hours=24)
LEASE = timedelta(minutes=5)
"""Longer than the slowest registration: photos that are read one after the other."""
_KEY = re.compile(r'"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255})')


class IdempotencyKeyReused(SandhanError):
    """The key came before, with another request."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was sent with another request; make a new key for every new request")


class RequestInProgress(SandhanError):
    """The same request is being worked on."""

    code = "request_in_progress"
    retry_after = 5

    def __init__(self) -> None:
        super().__init__("the same request is being worked on; send it again in a few seconds")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is sent.

    Attributes:
        about: id of the thing that it tells of, where that is another than the one reserved: it was there before.
        replayed: it was given before.
        kept: what is kept in place of the body: the same without its secrets; None for the body itself.
    """

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)
    about: str | None = None
    replayed: bool = False
    kept: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """A request that creates something.

    Attributes:
        key: as sent; None when there is none, and then nothing is remembered.
        operation: method and path.
        content: what makes two requests the same.
        kind: prefix of the id of what is created.
        permission: that it needs; asked for first, so that a lost permission opens no kept answer either.
    """

    key: str | None = field(repr=False)
    operation: str
    content: str = field(repr=False)
    kind: str
    permission: Permission


Work = Callable[[str | None], Answer]
"""Does the work under an id, or under one of its own choice when there is no key."""


class Idempotency:
    """Has a request that creates something done once."""

    def __init__(self, database: Database, clock: Clock, random_bytes: RandomBytes) -> None:
        self._database, self._clock, self._random = database, clock, random_bytes

    def once(self, request: Request, scope: AccessScope, work: Work) -> Answer:
        """Return the answer to a request: the one that was kept, or else that of the work, which is then kept.

        An error is not kept. Where nothing was made, the key is free again; where the work broke off later, the same
        request may come again at once and goes on from there.

        Raises:
            NotPermitted: the caller lacks the permission.
            IdempotencyKeyReused: the key came with another request.
            RequestInProgress: another attempt is at work.
            InvalidRecord: the key breaks its rule.
        """
        scope.require(request.permission)
        if request.key is None:
            return work(None)
        known = self._begin(request, read_key(request.key), scope)
        if isinstance(known, Answer):
            return known
        try:
            answer = work(known.subject_id)
        except ConstraintViolated:
            self._leave(known)
            raise RequestInProgress from None  # an attempt that outlived its lease was faster
        except Exception:
            self._leave(known)  # whatever it was, the same request may be sent again at once
            raise
        try:
            with self._database.write() as conn:
                about = answer.about or known.subject_id
                kept = answer.body if answer.kept is None else answer.kept
                idempotency.finish(conn, known, about, answer.status, answer.headers, kept)
        except SealBroken:
            raise NotFound(request.kind) from None  # erased in the meantime
        return answer

    def sweep(self) -> int:
        """Forget answers older than a day; return how many."""
        with self._database.write() as conn:
            return idempotency.sweep(conn, self._clock() - KEPT)

    def _begin(self, request: Request, key: str, scope: AccessScope) -> Entry | Answer:
        now = self._clock()
        with self._database.write() as conn:
            idempotency.sweep(conn, now - KEPT)
            entry, made = idempotency.begin(
                conn,
                entry_id=new_id("once", now, self._random),
                partner_id=scope.partner_id,
                key=f"{scope.actor_id}\0{key}",
                operation=request.operation,
                request=request.content,
                subject_id=new_id(request.kind, now, self._random),
                at=now,
                leased_until=now + LEASE,
            )
            if made:
                return entry
            same = entry.request_hash == idempotency.request_hash(conn, request.content)
            if not same or entry.operation != request.operation:
                raise IdempotencyKeyReused
            if entry.status is not None:
                try:
                    body = idempotency.answer_of(conn, entry)
                except SealBroken:
                    raise NotFound(request.kind) from None  # erased since
                audit.append(conn, at=now, actor=scope.actor_id, action="answer.replayed", subject=entry.subject_id)
                return Answer(entry.status, entry.headers or {}, body, replayed=True)
            if entry.leased_until is not None and now < entry.leased_until:
                raise RequestInProgress
            return idempotency.take_over(conn, entry.id, now + LEASE)

    def _leave(self, entry: Entry) -> None:
        with self._database.write() as conn:
            if idempotency.is_made(conn, entry.subject_id):
                idempotency.give_back(conn, entry, self._clock())
            else:
                idempotency.forget(conn, entry)


def read_key(text: str) -> str:
    """Return the key in a header: bare, or a string in quotes as the draft of the header has it.

    Raises:
        InvalidRecord: it is longer than 255 characters, or has others than visible ASCII.
    """
    found = _KEY.fullmatch(text.strip())
    if found is None:
        raise InvalidRecord("Idempotency-Key", "is not 1 to 255 visible ASCII characters, such as a UUID")
    return found[1] or found[2]
