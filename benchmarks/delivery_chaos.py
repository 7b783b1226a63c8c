"""Is anything lost when receivers misbehave and the dispatcher is killed, again and again?

    python -m benchmarks.delivery_chaos --alerts 10000 --kills 200 --seed 1

The dispatcher is a process of its own, ended by SIGKILL at random moments and started anew. Receivers fail (500, 503
and 429 with Retry-After), hang, redirect, lie (they take the message and say 500; hang up in the middle of an answer;
answer garbage; close without a word), and recover, in stretches of random length. A random share of what arrives is
acknowledged by a person, through the service. The schedule is the real one with its waits scaled down and more steps.

Left out: answers from 400 to 499 other than 429. By them a receiver refuses a message for good, which ends as a dead
letter by design (docs/decisions/0022-order-of-delivery.md).
"""

import argparse
import multiprocessing
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from api.access import AccessScope, Permission
from api.alerts.service import AlertService
from api.store import Database, tables
from benchmarks.delivery_process import TIMEOUT_S, dispatch_for_ever
from benchmarks.delivery_receivers import Behaviour, Receivers
from benchmarks.delivery_world import add_partners, make_database, queue, secrets_for
from benchmarks.stages import Stages

_BAD = (
    Behaviour("fails: 500", 500),
    Behaviour("fails: 503, Retry-After", 503, {"retry-after": "1"}),
    Behaviour("fails: 429, Retry-After", 429, {"retry-after": "1"}),
    Behaviour("hangs", 204, wait_s=3 * TIMEOUT_S),
    Behaviour("redirects", 307),
    Behaviour("lies: has it, says 500", 500),
    Behaviour("lies: cuts its answer off", 0, raw=b"HTTP/1.1 20"),
    Behaviour("lies: answers garbage", 0, raw=b"\x00\xff no HTTP at all\r\n\r\n"),
    Behaviour("lies: closes silently", 0),
)
_GOOD = Behaviour("accepts")


class Moods:
    """What each partner's system is up to, in stretches of requests; safe to share between threads."""

    def __init__(self, rng: random.Random) -> None:
        self._rng, self._lock = rng, threading.Lock()
        self._stretch: dict[str, tuple[int, Behaviour]] = {}
        self.elsewhere = ""

    def __call__(self, partner: str) -> Behaviour:
        """Return what it does with the next request."""
        with self._lock:
            left, behaviour = self._stretch.get(partner, (0, _GOOD))
            if left <= 0:
                bad = behaviour is _GOOD and left == 0 and self._rng.random() < 0.7
                behaviour = self._rng.choice(_BAD) if bad else _GOOD
                left = self._rng.randint(1, 3) if bad else self._rng.randint(1, 25)
            self._stretch[partner] = (left - 1, behaviour)
        if behaviour.name == "redirects":
            return Behaviour(behaviour.name, behaviour.status, {"location": self.elsewhere})
        return behaviour


class People:
    """Acknowledge some of what arrives, through the service, each for one partner."""

    def __init__(self, database: Database, rng: random.Random, share: float) -> None:
        self._service = AlertService(database, lambda: datetime.now(UTC))
        self._rng, self._share, self._lock = rng, share, threading.Lock()
        self.acknowledged: dict[str, str] = {}

    def __call__(self, partner: str, alert_id: str) -> None:
        """Look at an alert that has just arrived."""
        with self._lock:
            if self._rng.random() >= self._share:
                return
        person = f"person-of-{partner}"
        scope = AccessScope(partner, person, "ngo", (), frozenset({Permission.ALERTS_ACKNOWLEDGE}))
        self._service.acknowledge(alert_id, scope)
        with self._lock:
            self.acknowledged[alert_id] = person


def run(url: str, *, count: int, kills: int, partner_count: int, seed: int, limit_s: float) -> dict[str, Any]:
    """Return what was found; `wrong` is empty when everything held."""
    rng, stages = random.Random(seed), Stages()
    names = [f"partner-{number:02}" for number in range(partner_count)]
    secrets, database = secrets_for(names, rng), make_database(url)
    people, moods = People(database, random.Random(seed + 1), 0.3), Moods(random.Random(seed + 2))
    # Forked from a process that has loaded everything and opened nothing: a restart takes no second.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["benchmarks.delivery_process", "benchmarks.delivery_receivers", "api.alerts.service"]
    )
    queued: list[tuple[str, str]] = []
    killed = 0
    try:
        with Receivers(secrets, moods, people) as receivers, stages("chaos"):
            moods.elsewhere = receivers.url("elsewhere")
            add_partners(database, secrets, {name: receivers.url(name) for name in names})
            end = time.monotonic() + limit_s
            while killed < kills and time.monotonic() < end:
                process = context.Process(target=dispatch_for_ever, args=(url,), daemon=True)
                process.start()
                while len(queued) < count * (killed + 1) // kills:
                    recipients = [rng.choice(names) for _ in range(min(rng.randint(1, 40), count - len(queued)))]
                    queued += zip(recipients, queue(database, recipients, len(queued)), strict=True)
                # In the middle of its work, wherever that is; on a busy machine the clock would tell nothing.
                enough = len(receivers.accepted) + rng.randint(0, 2 * count // kills)
                began, at_most = time.monotonic(), rng.uniform(0.5, 20.0)
                while len(receivers.accepted) < enough and time.monotonic() - began < at_most:
                    time.sleep(0.002)
                time.sleep(rng.uniform(0.0, 0.05))
                os.kill(process.pid or 0, signal.SIGKILL)
                process.join()
                killed += process.exitcode == -signal.SIGKILL
            process = context.Process(target=dispatch_for_ever, args=(url,), daemon=True)
            process.start()
            while _unfinished(database) and time.monotonic() < end:
                time.sleep(0.2)
            process.kill()
            process.join()
        wrong = problems(database, receivers, people, queued)
        attempts = Counter(_outcomes(database))
    finally:
        database.dispose()
    return {
        "alerts": len(queued), "partners": partner_count, "kills": killed, "wrong": wrong, "stages": stages.taken,
        "arrivals": len(receivers.arrivals), "behaviours": Counter(one.behaviour for one in receivers.arrivals),
        "accepted": len(receivers.accepted), "twice": sum(times > 1 for times in receivers.accepted.values()),
        "acknowledged": len(people.acknowledged), "attempts": attempts, "broken off": receivers.broken_off,
    }  # fmt: skip


def problems(database: Database, receivers: Receivers, people: People, queued: Sequence[tuple[str, str]]) -> list[str]:
    """Return what is lost, doubled, out of order or acknowledged by no one, in words."""
    box, told = tables.outbox.c, tables.alerts.c
    with database.read() as conn:
        states = {row[0]: row[1] for row in conn.execute(select(box.state, func.count()).group_by(box.state))}
        columns = select(told.id, told.state, told.acknowledged_at, told.acknowledged_by)
        noted = {row.id: row for row in conn.execute(columns)}
    wanted: dict[str, list[str]] = {}
    for partner, message_id in queued:
        wanted.setdefault(partner, []).append(message_id)
    bodies: dict[str, set[bytes]] = {}
    ids: dict[str, set[str]] = {}
    first: dict[str, list[str]] = {}
    for one in receivers.arrivals:
        bodies.setdefault(one.webhook_id, set()).add(one.body)
        ids.setdefault(one.alert_id, set()).add(one.webhook_id)
        if len(bodies[one.webhook_id]) == 1 and one.webhook_id not in first.setdefault(one.partner, []):
            first[one.partner].append(one.webhook_id)
    said = {row.id: row.acknowledged_by for row in noted.values() if row.acknowledged_at is not None}
    checks = {
        "not all delivered": states != {"delivered": len(queued)},
        "never accepted by its receiver": set(receivers.accepted) != {message for _, message in queued},
        "a duplicate under another webhook-id": any(len(found) > 1 for found in ids.values()),
        "a duplicate with another body": any(len(found) > 1 for found in bodies.values()),
        "first deliveries out of order": first != wanted,
        "a signature that does not verify": receivers.bad_signatures > 0,
        "a redirect was followed": receivers.astray > 0,
        "acknowledged by no one, or an acknowledgement lost": said != people.acknowledged,
        "acknowledged without a person": any(
            row.state == "acknowledged" and not row.acknowledged_by for row in noted.values()
        ),
        "a state that nobody gave": {row.state for row in noted.values()} - {"delivered", "acknowledged"} != set(),
    }
    return [
        f"{what} {states if what == 'not all delivered' else ''}".strip() for what, found in checks.items() if found
    ]


def _unfinished(database: Database) -> int:
    box = tables.outbox
    with database.read() as conn:
        return conn.scalar(select(func.count()).select_from(box).where(box.c.state != "delivered")) or 0


def _outcomes(database: Database) -> dict[str, int]:
    column = tables.delivery_attempts.c.outcome
    with database.read() as conn:
        return {row[0]: row[1] for row in conn.execute(select(column, func.count()).group_by(column))}


def show(result: dict[str, Any]) -> str:
    """Return the figures as text."""
    taken = result["stages"]["chaos"]
    lines = [
        f"{result['alerts']:,} alerts to {result['partners']} partners, the dispatcher killed {result['kills']} times: "
        f"{taken.wall:.0f} s",
        f"{'accepted at least once':<34}{result['accepted']:>8,}",
        f"{'of these more than once':<34}{result['twice']:>8,}   same webhook-id, same body",
        f"{'acknowledged by a person':<34}{result['acknowledged']:>8,}",
        f"{'requests broken off by a kill':<34}{result['broken off']:>8,}",
        "what receivers did with what came",
        *(f"  {name:<32}{number:>8,}" for name, number in sorted(result["behaviours"].items())),
        "attempts recorded",
        *(f"  {name:<32}{number:>8,}" for name, number in sorted(result["attempts"].items())),
        f"wrong: {'; '.join(result['wrong']) or 'nothing'}",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Delivery under chaos.")
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--partners", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds after which what is not delivered is lost")
    parser.add_argument("--database", help="address of an empty PostgreSQL database; SQLite in a file when left out")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        result = run(
            given.database or f"sqlite:///{Path(folder) / 'sandhan.db'}",
            count=given.alerts, kills=given.kills, partner_count=given.partners, seed=given.seed, limit_s=given.limit,
        )  # fmt: skip
    print(show(result))
    if result["wrong"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
