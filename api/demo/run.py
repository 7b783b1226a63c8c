"""What happens in the demonstration? One rescue from entry to acknowledged alert, then two hundred more to be honest.

The story runs through the front door: the shelter posts the case over HTTP, alerts go out by SMTP and signed webhook to
receivers on this machine, and the receivers acknowledge over HTTP with their own keys.
"""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from api.alerts.webhook import new_webhook_secret
from api.app import create_app
from api.bootstrap import Sandhan
from api.demo.actors import Acknowledger
from api.demo.population import DESTINATIONS, RESCUE, SOURCES, Stage, another_shot, demo_photo, set_stage
from api.partners.service import NewPartner
from api.serving import BackgroundServer, bind
from api.settings import Settings
from api.sinks import MailSink, WebhookReceiver
from api.store import alerts, outbox, partners, upgrade
from indexing.search import find_matches_batch
from matcher.errors import SandhanError

ALERTS_WITHIN_S = 60.0
WEBHOOK_PARTNER = "IN-WB"


class Watcher:
    """Is told how the demonstration goes; the command line shows it, tests ignore it."""

    def stage(self, text: str) -> None:
        """A new part begins."""

    def step(self, done: int, total: int) -> None:
        """The part has come so far."""


@dataclass(slots=True)
class DemoResult:
    """What the demonstration came to; `summary` is what `--json` prints."""

    rescued_id: str
    expected_report_id: str
    matches: list[dict[str, Any]]
    alerts: list[dict[str, str]]
    rescues: dict[str, float]
    population: dict[str, int]
    seconds: dict[str, float]
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Tell whether the true report is first and every alert was acknowledged."""
        first = bool(self.matches) and self.matches[0]["report_id"] == self.expected_report_id
        return first and bool(self.alerts) and all(alert["state"] == "acknowledged" for alert in self.alerts)

    def summary(self) -> dict[str, Any]:
        """Return the JSON summary."""
        return {
            "ok": self.ok,
            "rescued_id": self.rescued_id,
            "expected_report_id": self.expected_report_id,
            "matches": self.matches,
            "alerts": self.alerts,
            "rescues": self.rescues,
            "population": self.population,
            "seconds": self.seconds,
            "problems": self.problems,
        }


@dataclass(frozen=True, slots=True)
class Demo:
    """The demonstration while it runs: the services, the address, and who is who."""

    sandhan: Sandhan
    stage: Stage
    url: str
    result: DemoResult
    server: BackgroundServer


def demo_settings(home: Path, host: str, port: int, mail_port: int, url: str) -> Settings:
    """Return the settings of the demonstration: embedded, with sinks on this machine, which private targets are."""
    return Settings(
        home=home,
        database_url="",
        host=host,
        port=port,
        public_url=url,
        smtp_host="127.0.0.1",
        smtp_port=mail_port,
        mail_sender="alerts@sandhan.example",
        allow_private_targets=True,
        faces=True,
        photo_workers=1,
    )


def fresh_home(home: Path) -> None:
    """Empty the demonstration's own folder; any other folder is refused.

    Raises:
        SandhanError: the folder holds something that no demonstration made.
    """
    mark = home / "DEMONSTRATION"
    if home.exists() and any(home.iterdir()) and not mark.is_file():
        raise SandhanError(f"{home} is not empty and no demonstration made it; choose another folder with --home")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o700, parents=True)
    mark.write_text("Synthetic data of `sandhan demo`. May be deleted at any time.\n")


@contextmanager
def run_demo(home: Path, host: str, port: int, watcher: Watcher) -> Iterator[Demo]:
    """Run the story and hand over the running demonstration; everything is closed at the end."""
    fresh_home(home)
    people = Acknowledger()
    with ExitStack() as stack:
        mail = stack.enter_context(MailSink(on_message=people.on_mail))
        secret = new_webhook_secret(secrets.token_bytes)
        receiver = stack.enter_context(WebhookReceiver(secret, on_alert=people.on_webhook(WEBHOOK_PARTNER)))
        listener = bind(host, port)
        address = f"http://{host}:{listener.getsockname()[1]}"
        settings = demo_settings(home, host, port, mail.port, address)
        upgrade(settings.database, settings.master_keys)
        sandhan = stack.enter_context(Sandhan.build(settings))

        def contact(key: str, new: NewPartner) -> NewPartner:
            if key == WEBHOOK_PARTNER:
                return replace(new, webhook_url=receiver.url, webhook_secret=secret)
            return replace(new, email=f"{key.lower()}@{'source' if key in SOURCES else 'destination'}.example")

        seconds: dict[str, float] = {}
        started = time.monotonic()
        watcher.stage("Filing synthetic missing reports in their own scripts")
        stage = set_stage(sandhan, contact, watcher.step)
        seconds["population"] = round(time.monotonic() - started, 1)
        for key in (*SOURCES, *DESTINATIONS):
            welcome = stage.partners[key]
            people.keys[WEBHOOK_PARTNER if key == WEBHOOK_PARTNER else str(welcome.partner.email)] = welcome.api_key
        watcher.stage("Building the index")
        started = time.monotonic()
        sandhan.open_index()
        seconds["index"] = round(time.monotonic() - started, 1)
        people.base_url = address
        server = stack.enter_context(BackgroundServer(create_app(sandhan), listener))
        watcher.stage("A shelter in Mumbai enters a rescued girl")
        started = time.monotonic()
        result = _rescue(stage, address)
        seconds["intake"] = round(time.monotonic() - started, 2)
        watcher.stage("Alerts go out; people acknowledge")
        started = time.monotonic()
        _wait_for_alerts(sandhan, result)
        seconds["alerts"] = round(time.monotonic() - started, 2)
        watcher.stage("Two hundred more rescues, garbled as life does it")
        started = time.monotonic()
        _more_rescues(sandhan, stage, result, watcher)
        seconds["rescues"] = round(time.monotonic() - started, 1)
        result.seconds = seconds
        result.population = sandhan.readiness().counts
        result.problems += people.problems
        yield Demo(sandhan, stage, address, result, server)


def _rescue(stage: Stage, url: str) -> DemoResult:
    """Enter the rescued girl as the shelter's software does, and read the ranked matches back."""
    key = stage.partners["shelter"].api_key
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=120) as client:
        form = {"side": RESCUE.side, "external_id": RESCUE.external_id, **RESCUE.payload()}
        photo = another_shot(demo_photo("astronaut.jpg"))
        answer = client.post(
            "/v1/cases",
            data={"case": json.dumps(form, ensure_ascii=False)},
            files=[("photos", ("photo.jpg", photo, "image/jpeg"))],
        )
        answer.raise_for_status()
        rescued_id = answer.json()["case"]["id"]
        problems = [
            f"photo: {photo['error_code']}" for photo in answer.json()["case"]["photos"] if photo["state"] != "embedded"
        ]
        page = client.get("/v1/matches", params={"case_id": rescued_id, "limit": 100})
        page.raise_for_status()
    ranked = sorted(page.json()["items"], key=lambda match: -match["weight"])
    matches = [
        {
            "report_id": match["missing"]["id"],
            "match_id": match["id"],
            "probability": round(match["probability"], 6),
            "grade": match["grade"],
            "weight": round(match["weight"], 2),
            "contributions": match["contributions"],
            "reasons": [reason["statement"] for reason in match["reasons"]],
            "report": match["missing"],
            "routes": match["routes"],
        }
        for match in ranked
    ]
    return DemoResult(rescued_id, stage.report_id, matches, [], {}, {}, {}, problems)


def _wait_for_alerts(sandhan: Sandhan, result: DemoResult) -> None:
    """Wait until every alert of the rescue is delivered on every channel and acknowledged, or the time is up."""
    deadline = time.monotonic() + ALERTS_WITHIN_S
    with sandhan.database.read() as conn:
        names = {partner.id: partner.name for partner in partners.list_partners(conn)}
    while True:
        rows: list[dict[str, str]] = []
        waiting = False
        with sandhan.database.read() as conn:
            for match in result.matches:
                for alert in alerts.alerts_of_match(conn, match["match_id"]):
                    messages = outbox.messages_of(conn, alert.id)
                    waiting |= alert.acknowledged_at is None or any(m.state != "delivered" for m in messages)
                    rows += [
                        {
                            "recipient": names[alert.recipient_id],
                            "channel": message.channel,
                            "state": alert.state,
                            "delivery": message.state,
                            "alert_id": alert.id,
                            "report_id": match["report_id"],
                        }
                        for message in messages
                    ]
        result.alerts = rows
        if not waiting or time.monotonic() > deadline:
            return
        time.sleep(0.05)


def _more_rescues(sandhan: Sandhan, stage: Stage, result: DemoResult, watcher: Watcher) -> None:
    """Search for the reports of further rescued people, without storing any of them."""
    today = sandhan.clock().date()
    records = [rescue.to_person(today) for rescue in stage.sample.rescues]
    ranks: list[int | None] = []
    for start in range(0, len(records), 20):
        part = records[start : start + 20]
        found = find_matches_batch(
            part, sandhan.keeper.index, sandhan.keeper.source, sandhan.model,
            limit=20, candidates=sandhan.settings.candidates,
        )  # fmt: skip
        for record, matches in zip(part, found, strict=True):
            expected = stage.case_of[stage.sample.truth[record.record_id]]
            ids = [match.pair.left_id for match in matches]
            ranks.append(ids.index(expected) if expected in ids else None)
        watcher.step(min(start + 20, len(records)), len(records))
    count = len(ranks)
    result.rescues = {
        "count": count,
        "top1": round(sum(rank == 0 for rank in ranks) / count, 3),
        "top5": round(sum(rank is not None and rank < 5 for rank in ranks) / count, 3),
    }
