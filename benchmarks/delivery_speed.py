"""How fast are alerts queued, signed and delivered, beside a loop that only posts them?

    python -m benchmarks.delivery_speed --alerts 10000 --seed 1

The receiver runs in a process of its own, verifies every signature and answers 204. All alerts go to one partner unless
`--partners` says otherwise: its messages go one after another, which is the slowest case. The peer posts the same
signed bodies over one kept connection of httpx, in the same run and to the same receiver: no database, no claim, no
record, no check of the address.
"""

import argparse
import multiprocessing
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from api.alerts.delivery import DeliverySettings, Dispatcher
from api.alerts.messages import webhook_body
from api.alerts.notice import AlertNotice
from api.alerts.webhook import signature_headers
from api.store import Database, tables
from benchmarks.delivery_receivers import Receivers
from benchmarks.delivery_world import add_partners, make_database, queue, secrets_for
from benchmarks.stages import Stages

_SETTINGS = DeliverySettings(
    None, 25, "alerts@sandhan.example.org", "https://sandhan.example.org", allow_private_targets=True
)


@contextmanager
def receiver_process(secrets: dict[str, str]) -> Iterator[tuple[dict[str, str], Pipe]]:
    """Run the receivers in a process of their own; give their addresses, and a pipe that answers what has come."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_receive, args=(secrets, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv(), ours
    finally:
        ours.send("stop")
        process.join(10)


def _receive(secrets: dict[str, str], pipe: Pipe) -> None:
    with Receivers(secrets) as receivers:
        pipe.send({name: receivers.url(name) for name in secrets})
        while pipe.recv() != "stop":
            pipe.send(([(one.partner, one.webhook_id) for one in receivers.arrivals], receivers.bad_signatures))
            receivers.arrivals.clear()


def _arrived(pipe: Pipe) -> tuple[list[tuple[str, str]], int]:
    pipe.send("what has come?")
    found: tuple[list[tuple[str, str]], int] = pipe.recv()
    return found


def deliver(database: Database) -> None:
    """Run a dispatcher until nothing is left to send."""
    with Dispatcher(database, _SETTINGS, lambda: datetime.now(UTC), random.random) as dispatcher:
        dispatcher.start()
        unsent = select(func.count()).select_from(tables.outbox).where(tables.outbox.c.state != "delivered")
        while True:
            with database.read() as conn:
                if not conn.scalar(unsent):
                    return
            time.sleep(0.1)


def post_only(database: Database, secrets: dict[str, str], urls: dict[str, str]) -> None:
    """Post every message once more, signed, in a bare loop."""
    with database.read() as conn:
        rows = conn.execute(select(tables.outbox).order_by(tables.outbox.c.seq)).all()
    with httpx.Client(trust_env=False) as client:
        for row in rows:
            body = webhook_body(AlertNotice.from_payload(row.payload), row.created_at, "https://sandhan.example.org")
            headers = signature_headers(secrets[row.recipient_id], row.id, body, datetime.now(UTC))
            client.post(urls[row.recipient_id], content=body, headers=headers).raise_for_status()


def measure(count: int, partner_count: int, seed: int, url: str) -> dict[str, Any]:
    """Return the figures of one run."""
    rng, stages = random.Random(seed), Stages()
    names = [f"partner-{number}" for number in range(partner_count)]
    secrets, database = secrets_for(names, rng), make_database(url)
    try:
        with receiver_process(secrets) as (urls, pipe):
            add_partners(database, secrets, urls)
            recipients = [rng.choice(names) for _ in range(count)]
            queued: list[str] = []
            with stages("queue"):
                for start in range(0, count, 100):
                    queued += queue(database, recipients[start : start + 100], start)
            with stages("sign and deliver"):
                deliver(database)
            arrived, bad = _arrived(pipe)
            with stages("peer: post only"):
                post_only(database, secrets, urls)
            peers, _ = _arrived(pipe)
    finally:
        database.dispose()
    by_partner = {name: [one for one, to in zip(queued, recipients, strict=True) if to == name] for name in names}
    first = {name: list(dict.fromkeys(one for to, one in arrived if to == name)) for name in names}
    return {
        "alerts": count,
        "partners": partner_count,
        "stages": stages.taken,
        "delivered": len({one for _, one in arrived}),
        "twice": len(arrived) - len({one for _, one in arrived}),
        "in order": first == by_partner,
        "bad signatures": bad,
        "peer delivered": len({one for _, one in peers}),
    }


def show(result: dict[str, Any]) -> str:
    """Return the figures as text."""
    stages = result["stages"]
    ours = stages["queue"].wall + stages["sign and deliver"].wall
    ratio = stages["sign and deliver"].wall / stages["peer: post only"].wall
    lines = [
        f"{result['alerts']:,} alerts to {result['partners']} receiver(s): {result['delivered']:,} delivered, "
        f"{result['twice']} twice, order {'kept' if result['in order'] else 'BROKEN'}, "
        f"{result['bad signatures']} bad signatures; the peer delivered {result['peer delivered']:,}",
        f"{'':<22}{'wall s':>9}{'cpu s':>9}{'per s':>9}",
    ]
    lines += [
        f"{name:<22}{taken.wall:>9.1f}{taken.cpu:>9.1f}{result['alerts'] / taken.wall:>9.0f}"
        for name, taken in stages.items()
    ]
    lines.append(f"{'queue to delivered':<22}{ours:>9.1f}   (60 s are allowed for 10,000)")
    lines.append(f"delivering takes {ratio:.2f} times what the bare loop takes")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Throughput of delivery.")
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--partners", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", help="address of an empty PostgreSQL database; SQLite in a file when left out")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        url = given.database or f"sqlite:///{Path(folder) / 'sandhan.db'}"
        print(show(measure(given.alerts, given.partners, given.seed, url)))


if __name__ == "__main__":
    main()
