"""Do two processes on one database behave as one service? Real ones: two of `sandhan serve`, each with its own home.

What is entered, withdrawn, closed or revoked at one holds at the other with the next request; a few hundred requests
that go to either at random leave both with the same answers; SIGTERM ends them with their index saved.
"""

from __future__ import annotations

import base64
import hashlib
import os
import random
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from api.access import CASE_WORK
from api.store import Database, audit, partners, tables
from api.store.master_keys import GivenKeys
from tests.databases import POSTGRES, postgres_copy

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()
PATIENCE_S = 90.0
WORKERS, REQUESTS = 3, 100  # threads, and what each of them asks
pytestmark = [
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.skipif(POSTGRES is None, reason="SANDHAN_TEST_POSTGRES is not set"),
]

REPORT: dict[str, Any] = {
    "side": "missing", "name": "সুনীতা মণ্ডল", "father_name": "রমেশ মণ্ডল", "mother_name": "মালতী মণ্ডল", "sex": "female",
    "birth_date": "2011-05-30", "country": "India", "state": "West Bengal", "district": "South 24 Parganas",
    "village": "Gosaba", "phone": ["+91 98301 55501"], "last_seen": "2023-08-14",
}  # fmt: skip
RESCUE: dict[str, Any] = {
    "side": "rescued", "name": "सुनिता", "father_name": "रमेश मंडल", "mother_name": "मालती", "sex": "female", "age": "15",
    "country": "India", "state": "West Bengal", "district": "South 24 Parganas", "village": "Gosaba",
    "phone": ["098301 55501"], "found": "2026-10-28", "event_country": "India", "event_state": "Maharashtra",
}  # fmt: skip


class Server:
    """One `sandhan serve`."""

    def __init__(self, name: str, folder: Path, environment: dict[str, str]) -> None:
        self.home = folder / name
        self._log = folder / f"{name}.log"
        with self._log.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", "0"],
                env=os.environ | environment | {"SANDHAN_HOME": str(self.home)}, stdout=sink, stderr=sink, cwd=folder,
            )  # fmt: skip
        said = self._wait(lambda: re.search(r"at (http://127\.0\.0\.1:\d+)", self.said()))
        self._client = httpx.Client(base_url=f"{said[1]}/v1/", timeout=PATIENCE_S, trust_env=False)
        self._wait(lambda: self.ask(None, "GET", "ready").status_code == 200)

    def _wait(self, found: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            if value := found():
                return value
            time.sleep(0.05)

    def said(self) -> str:
        return self._log.read_text()

    def ask(self, key: str | None, method: str, path: str, **more: Any) -> httpx.Response:
        return self._client.request(method, path, headers={"X-API-Key": key} if key else {}, **more)

    def found(self, key: str, person: dict[str, Any]) -> set[str]:
        """Return the ids of the cases that a search gives."""
        body = {"person": person, "purpose": "identify-rescued-person", "limit": 50}
        answer = self.ask(key, "POST", "matches/query", json=body)
        assert answer.status_code == 200, answer.text
        return {item["missing"]["id"] for item in answer.json()["matches"]}

    def terminate(self) -> int:
        """Send SIGTERM; return the exit status."""
        self._client.close()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        self._client.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@dataclass
class Network:
    first: Server
    second: Server
    database: Database
    keys: dict[str, str]
    settings: dict[str, str]
    folder: Path


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    folder = tmp_path_factory.mktemp("network")
    with ExitStack() as stack:
        url = stack.enter_context(postgres_copy())
        database = Database.open(url, GivenKeys(MASTER_KEY))
        stack.callback(database.dispose)
        settings = {
            "SANDHAN_DATABASE_URL": url, "SANDHAN_MASTER_KEY": MASTER_KEY, "SANDHAN_FACES": "false",
            "SANDHAN_RATE_PER_MINUTE": "0", "SANDHAN_QUERY_RATE_PER_MINUTE": "0", "SANDHAN_FAILED_RATE_PER_MINUTE": "0",
            "SANDHAN_INDEX_PROCESSES": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
        }  # fmt: skip
        keys = admit(database)
        first = Server("first", folder, settings)
        stack.callback(first.kill)
        second = Server("second", folder, settings)
        stack.callback(second.kill)
        parties = [f"partner_{name}" for name in ("family", "shelter", "crowd")]
        signed = {"parties": parties, "reference": "MoU", "signed": True}
        assert first.ask(keys["operator"], "POST", "agreements", json=signed).status_code == 201
        yield Network(first, second, database, keys, settings, folder)


def admit(database: Database) -> dict[str, str]:
    """Let partners in, each with a key for all that it does; return the keys."""
    now, made = datetime.now(UTC), {}
    operator = ("partners:write", "partners:read", "keys:manage", "agreements:manage")
    kinds = {"operator": "operator", "family": "ngo", "shelter": "shelter", "crowd": "ngo"}
    with database.write() as conn:
        for name, kind in kinds.items():
            made[name] = f"sk_{secrets.token_hex(24)}"
            partners.add_partner(
                conn, partner_id=f"partner_{name}", name=name, kind=kind, country="IN", language="en", at=now
            )
            partners.add_key(
                conn, key_id=f"key_{name}", partner_id=f"partner_{name}", label="test", at=now, expires_at=None,
                secret_hash=hashlib.sha256(made[name].encode()).hexdigest(),
                permissions=operator if kind == "operator" else tuple(map(str, CASE_WORK)),
            )  # fmt: skip
    return made


def match_ids(server: Server, key: str) -> set[str]:
    answer = server.ask(key, "GET", "matches")
    assert answer.status_code == 200, answer.text
    return {item["id"] for item in answer.json()["items"]}


def test_what_is_done_at_one_holds_at_the_other(network: Network) -> None:
    first, second, keys = network.first, network.second, network.keys
    family, shelter = keys["family"], keys["shelter"]
    report = first.ask(family, "POST", "cases", json=REPORT).json()["case"]["id"]
    entered = second.ask(shelter, "POST", "cases", json=RESCUE).json()
    (match,) = (item["id"] for item in entered["matches"])
    for server in (first, second):
        assert match_ids(server, family) == match_ids(server, shelter) == {match}
        assert server.ask(shelter, "GET", f"matches/{match}").status_code == 200
        assert server.found(shelter, RESCUE) == {report}

    # Consent is withdrawn at one, and the other neither shows nor finds.
    consents = {one["purpose"]: one["id"] for one in first.ask(family, "GET", f"cases/{report}/consents").json()}
    withdrawn = first.ask(family, "POST", f"cases/{report}/consents/{consents['matching']}/withdraw")
    assert withdrawn.status_code == 200, withdrawn.text
    assert second.found(shelter, RESCUE) == set()
    assert match_ids(second, shelter) == set()
    assert second.ask(shelter, "GET", f"matches/{match}").status_code == 404
    again = {"purpose": "matching", "basis": "guardian_consent", "given_by": "guardian"}
    assert second.ask(family, "POST", f"cases/{report}/consents", json=again).status_code == 201
    assert first.found(shelter, RESCUE) == {report}

    # A case is closed at the other, and the one does not find it.
    assert second.ask(family, "POST", f"cases/{report}/close").status_code == 200
    assert first.found(shelter, RESCUE) == set()

    # A key is made at one, used at both, revoked at one and refused at the other.
    made = first.ask(keys["operator"], "POST", "keys", json={"label": "second key"}).json()
    assert second.ask(made["api_key"], "GET", "partners").status_code == 200
    assert first.ask(keys["operator"], "DELETE", f"keys/{made['id']}").status_code == 204
    assert second.ask(made["api_key"], "GET", "partners").status_code == 401

    # The erased one is gone at both.
    assert first.ask(family, "DELETE", f"cases/{report}", params={"reason": "wish"}).status_code == 204
    assert second.ask(family, "GET", f"cases/{report}").status_code == 404


@dataclass
class Crowd:
    """One client that enters, changes, closes and looks for reports of its own, now at one server, now at the other."""

    network: Network
    number: int
    open: dict[str, str] = field(default_factory=dict)
    """Id of a case -> its phone, by which it is found."""
    closed: dict[str, str] = field(default_factory=dict)
    changes: int = 0
    wrong: list[str] = field(default_factory=list)

    def run(self) -> None:
        draw = random.Random(self.number)
        for step in range(REQUESTS):
            server = draw.choice((self.network.first, self.network.second))
            work = draw.choices((self.enter, self.change, self.close, self.reopen, self.look), (3, 2, 1, 1, 4))[0]
            try:
                work(server, draw, step)
            except Exception as error:  # noqa: BLE001 - told by the test; a thread has nobody to raise to
                self.wrong.append(f"{work.__name__}: {error!r}")

    def enter(self, server: Server, _draw: random.Random, step: int) -> None:
        phone = f"+91 9{self.number}{step:03}0 {self.number}{step:03}7"
        case = self._ask(server, "POST", "cases", json=self._form(phone), expected=201)["case"]["id"]
        self.open[case] = phone
        self.changes += 1

    def change(self, server: Server, draw: random.Random, step: int) -> None:
        if self.open:
            case = draw.choice(list(self.open))
            self._ask(server, "PUT", f"cases/{case}", json=self._form(self.open[case]) | {"narrative": f"No. {step}"})
            self.changes += 1

    def close(self, server: Server, draw: random.Random, _step: int) -> None:
        if self.open:
            case = draw.choice(list(self.open))
            self._ask(server, "POST", f"cases/{case}/close")
            self.closed[case] = self.open.pop(case)
            self.changes += 1

    def reopen(self, server: Server, draw: random.Random, _step: int) -> None:
        if self.closed:
            case = draw.choice(list(self.closed))
            self._ask(server, "POST", f"cases/{case}/reopen")
            self.open[case] = self.closed.pop(case)
            self.changes += 1

    def look(self, server: Server, draw: random.Random, _step: int) -> None:
        known = [*self.open, *self.closed]
        if known:
            self.check(server, draw.choice(known))

    def check(self, server: Server, case: str) -> None:
        """Note it when a case is found that is closed, or not found though it is open."""
        phone = self.open.get(case) or self.closed[case]
        seen = server.found(self.network.keys["shelter"], self._form(phone) | {"side": "rescued"})
        if (case in seen) != (case in self.open):
            self.wrong.append(f"{case} is {'open' if case in self.open else 'closed'} and found: {case in seen}")

    def _form(self, phone: str) -> dict[str, Any]:
        names = ("Anjali", "Farida", "Kamala")
        return {"side": "missing", "name": f"{names[self.number]} Das", "sex": "female", "country": "India",
                "state": "Assam", "phone": [phone]}  # fmt: skip

    def _ask(self, server: Server, method: str, path: str, *, expected: int = 200, **more: Any) -> Any:
        answer = server.ask(self.network.keys["crowd"], method, path, **more)
        assert answer.status_code == expected, answer.text
        return answer.json()


def test_both_stay_consistent_under_requests_that_go_to_either(network: Network) -> None:
    with network.database.read() as conn:
        before = conn.scalar(select(func.count()).select_from(tables.changes)) or 0
    crowds = [Crowd(network, number) for number in range(WORKERS)]
    threads = [threading.Thread(target=crowd.run) for crowd in crowds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for crowd in crowds:
        for case in (*crowd.open, *crowd.closed):
            for server in (network.first, network.second):
                crowd.check(server, case)
    assert [fault for crowd in crowds for fault in crowd.wrong] == []
    with network.database.read() as conn:
        after = conn.scalar(select(func.count()).select_from(tables.changes)) or 0
        assert audit.verify(conn) is None
    assert after - before == sum(crowd.changes for crowd in crowds) > 100
    told = [server.ask(None, "GET", "ready").json() for server in (network.first, network.second)]
    for one in told:
        assert re.fullmatch(r"ok \(.*, 0 changes behind\)", one["checks"]["index"]), one["checks"]
    assert told[0]["counts"] == told[1]["counts"]


def test_sigterm_ends_them_cleanly(network: Network) -> None:
    """The last test of the module: it ends the servers."""
    for server in (network.first, network.second):
        assert server.terminate() == 0, server.said()
        assert "Traceback" not in server.said()
        assert list((server.home / "index").rglob("CURRENT")), "the index was not saved"
    again = Server("first", network.folder, network.settings)
    try:
        assert again.ask(None, "GET", "ready").json()["checks"]["index"].startswith("ok (snapshot")
    finally:
        assert again.terminate() == 0
