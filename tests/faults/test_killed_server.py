"""Does a server that is killed again and again lose or double anything of a stream of registrations?"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from api.alerts.webhook import new_webhook_secret
from api.sinks import MailSink, WebhookReceiver
from api.store import Database, audit, cases, tables
from data.synthetic import LinkedSample, SyntheticRecord, linked_sample

Send = Callable[[httpx.Client, dict[str, str]], httpx.Response]
CHILD = Path(__file__).with_name("serve_child.py")
SECRET = new_webhook_secret(lambda count: bytes(range(count)))
# Request number -> seconds after it was sent; together they hit the photo, the comparison and the sending.
KILLS = {3: 0.03, 8: 0.09, 13: 0.16}
# A claim holds for two minutes. Each server's clock stands later than the last one's, so that nobody has to wait, and
# all of them stay well within the five minutes for which a webhook's signature is good, on a slow machine too.
FIRST_CLOCK_S, CLOCK_STEP_S = -190, 125
PATIENCE_S = 60.0


@dataclass
class Server:
    """The server, started again whenever it is gone."""

    home: Path
    smtp_port: int
    starts: int = 0
    process: subprocess.Popen[str] | None = None
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=PATIENCE_S, trust_env=False))

    def start(self) -> None:
        ahead = FIRST_CLOCK_S + CLOCK_STEP_S * self.starts
        self.process = subprocess.Popen(
            [sys.executable, str(CHILD), "serve", str(self.home), str(self.smtp_port), str(ahead)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.client.base_url = httpx.URL(f"http://127.0.0.1:{int(self.process.stdout.readline())}/v1/")
        self.starts += 1

    def kill(self) -> None:
        """End it as the kernel does when memory is short: by SIGKILL."""
        assert self.process is not None
        self.process.kill()

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
        self.client.close()

    def ask(self, key: str, send: Send) -> httpx.Response:
        """Send a request until it is answered, as a partner's system does."""
        for _ in range(5):
            try:
                return self._checked(send(self.client, {"X-API-Key": key}))
            except httpx.TransportError:
                assert self.process is not None
                assert self.process.wait(PATIENCE_S) == -9, "the server ended by itself"
                assert self.process.stdout is not None
                self.process.stdout.close()
                self.start()
        raise AssertionError("no answer after five restarts")

    @staticmethod
    def _checked(response: httpx.Response) -> httpx.Response:
        assert response.status_code in (200, 201), response.text
        return response


@dataclass
class Result:
    """What is left in the end."""

    home: Path
    answers: dict[str, str]
    starts: int
    webhooks: Counter[str]
    mails: Counter[str]
    rejected: int


def run_stream(home: Path, people: LinkedSample, kills: dict[int, float]) -> Result:
    """Register everybody with one server after another, until all is quiet."""
    answers: dict[str, str] = {}
    with WebhookReceiver(SECRET) as receiver, MailSink() as mail:
        made = subprocess.run(
            [sys.executable, str(CHILD), "prepare", str(home), receiver.url, SECRET],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        key: str = json.loads(made.stdout)["shelter"]
        server = Server(home, mail.port)
        server.start()
        try:
            for number, rescue in enumerate(people.rescues):
                with killed_after(server, kills.get(number)):
                    answers[rescue.record_id] = register(server, key, rescue)
            wait_until_quiet(server, key)
        finally:
            server.stop()
    webhooks = Counter(webhook_id for webhook_id, _ in receiver.received)
    mails = Counter(str(message["Message-ID"]).strip("<>").split("@")[0] for message in mail.messages)
    return Result(home, answers, server.starts, webhooks, mails, receiver.rejected)


@contextmanager
def killed_after(server: Server, delay_s: float | None) -> Iterator[None]:
    """Kill the server some time after the block is entered; do not leave the block before."""
    if delay_s is None:
        yield
        return
    killer = threading.Timer(delay_s, server.kill)
    killer.start()
    try:
        yield
    finally:
        killer.join()


def register(server: Server, key: str, rescue: SyntheticRecord) -> str:
    """Register a rescued person with a photo; return the id of the case."""
    case = {"side": "rescued", "external_id": rescue.record_id, "face_consent": True, **rescue.fields}
    parts: dict[str, tuple[str | None, str | bytes, str]] = {
        "case": (None, json.dumps(case), "application/json"),
        "photos": ("photo.jpg", f"rescued {rescue.person_id}".encode(), "image/jpeg"),
    }
    answer = server.ask(key, lambda client, head: client.post("cases", files=parts, headers=head))
    return str(answer.json()["case"]["id"])


def wait_until_quiet(server: Server, key: str) -> None:
    waiting = ("outbox_pending", "cases_unmatched", "photos_pending")
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        response = server.ask(key, ready_or_wait)
        if not any(response.json()["counts"][name] for name in waiting):
            return
        time.sleep(0.1)
    raise AssertionError(f"still waiting: {response.json()['counts']}")


def ready_or_wait(client: httpx.Client, head: dict[str, str]) -> httpx.Response:
    while (response := client.get("ready", headers=head)).status_code == 503:
        time.sleep(0.1)
    return response


def told_pairs(database: Database) -> Counter[tuple[str | None, str | None, str, str]]:
    """Return who was told of which pair, by the numbers that people gave, and for what."""
    match, alert = tables.matches, tables.alerts
    rows = (
        select(match.c.missing_id, match.c.rescued_id, tables.partners.c.kind, alert.c.event)
        .join_from(alert, match, alert.c.match_id == match.c.id)
        .join(tables.partners, tables.partners.c.id == alert.c.recipient_id)
    )
    with database.read() as conn:
        told = conn.execute(rows).all()
        named = cases.get_cases(conn, sorted({case_id for row in told for case_id in row[:2]}))
    return Counter(
        (named[row.missing_id].external_id, named[row.rescued_id].external_id, row.kind, row.event) for row in told
    )


@pytest.mark.slow
def test_a_server_killed_in_a_stream_of_registrations_loses_and_doubles_nothing(tmp_path: Path) -> None:
    people = linked_sample(5, 30, 20, today=date.today(), share=1.0)
    calm = run_stream(tmp_path / "calm", people, {})
    stormy = run_stream(tmp_path / "stormy", people, KILLS)
    assert (calm.starts, stormy.starts) == (1, 1 + len(KILLS))
    assert calm.rejected == stormy.rejected == 0
    told = []
    for result in (calm, stormy):
        database = Database.open(f"sqlite:///{result.home / 'sandhan.db'}")
        try:
            told.append(told_pairs(database))
            check(database, result)
        finally:
            database.dispose()
    # A photo that was still being read when its server was killed comes in later: then the pair rises.
    assert {pair[:3] for pair in told[0]} == {pair[:3] for pair in told[1]}
    assert len(told[0]) > 10
    assert max(told[1].values()) == 1
    # Without a crash nothing at all is sent twice; with one, no more than was on its way.
    assert max((calm.webhooks + calm.mails).values()) == 1
    assert sum(count - 1 for count in (stormy.webhooks + stormy.mails).values()) <= len(KILLS) * 8


def check(database: Database, result: Result) -> None:
    """Look for anything lost, doubled or broken in one home."""
    case, photo, box = tables.cases.c, tables.photos.c, tables.outbox.c
    with database.read() as conn:
        assert audit.verify(conn) is None
        ids = list(conn.scalars(select(case.id).where(case.side == "rescued")))
        numbers = {case_id: found.external_id for case_id, found in cases.get_cases(conn, ids).items()}
        assert sorted((numbers[case_id], case_id) for case_id in ids) == sorted(result.answers.items())
        states = Counter((row.case_id, row.state) for row in conn.execute(select(photo.case_id, photo.state)))
        assert {key: states[key] for key in states if key[0] in ids} == {(case_id, "embedded"): 1 for case_id in ids}
        faces = Counter(conn.scalars(select(tables.faces.c.case_id)))
        assert {case_id: faces[case_id] for case_id in ids} == dict.fromkeys(ids, 1)
        messages = list(conn.execute(select(box.id, box.alert_id, box.channel, box.state)))
        assert {row.state for row in messages} == {"delivered"}
        assert max(Counter((row.alert_id, row.channel) for row in messages).values()) == 1
        assert {row.id for row in messages if row.channel == "webhook"} == set(result.webhooks)
        assert {row.id for row in messages if row.channel == "email"} == set(result.mails)
