"""A shelter enters a rescued person; her family's report is found, the right people are told, and they answer.

Everything here is real: the photo pool and its model, the server on a socket, the mail server and the webhook receiver.
"""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image, ImageEnhance

from api.access import CASE_WORK
from api.alerts.webhook import new_webhook_secret
from api.app import create_app
from api.bootstrap import Sandhan
from api.cases.forms import CaseForm
from api.partners.service import NewPartner
from api.serving import BackgroundServer, bind
from api.settings import Settings
from api.sinks import MailSink, WebhookReceiver
from api.store import alerts, audit
from data.synthetic import linked_sample

PHOTOS = Path(__file__).parents[2] / "data" / "photos"
REPORT = {
    "side": "missing",
    "external_id": "FIR-2023-77",
    "name": "সুনীতা মণ্ডল",
    "nickname": "বুড়ি",
    "father_name": "রমেশ মণ্ডল",
    "mother_name": "মালতী মণ্ডল",
    "sex": "female",
    "birth_date": "2011-05-30",
    "country": "India",
    "state": "পশ্চিমবঙ্গ",
    "district": "দক্ষিণ ২৪ পরগনা",
    "village": "গোসাবা",
    "phone": "+91 98301 55501",
    "languages": ["bn"],
    "last_seen": "2023-08-14",
}
NAMESAKE = {
    "side": "missing",
    "external_id": "FIR-2024-12",
    "name": "সুনিতা মন্ডল",
    "father_name": "রমেন মণ্ডল",
    "sex": "female",
    "birth_date": "2012-01-09",
    "country": "India",
    "state": "পশ্চিমবঙ্গ",
    "district": "দক্ষিণ ২৪ পরগনা",
    "village": "ক্যানিং",
    "last_seen": "2024-03-02",
}
RESCUE = {
    "side": "rescued",
    "external_id": "MUM-2026-0117",
    "name": "सुनिता",
    "nickname": "बुड़ी",
    "father_name": "रमेश मंडल",
    "sex": "female",
    "age": "15",
    "age_basis": "guess",
    "country": "India",
    "state": "पश्चिम बंगाल",
    "remembered": ["गोसाबा"],
    "languages": ["bn", "hi"],
    "found": "2026-10-28",
    "event_country": "India",
    "event_state": "Maharashtra",
    "event_district": "Mumbai",
    "face_consent": True,
}
# Nothing of these may leave by mail, by webhook or into a log.
PERSONAL = [
    text
    for form in (REPORT, RESCUE)
    for name in (
        "external_id",
        "name",
        "nickname",
        "father_name",
        "birth_date",
        "village",
        "district",
        "phone",
        "found",
    )
    if (text := str(form.get(name, "")))
] + ["Sunita", "Gosaba", "Mumbai", "9830155501"]


def family_photo() -> bytes:
    """Return the photo as the family had it: older print, another light, turned a little, smaller, saved again."""
    with Image.open(PHOTOS / "astronaut.jpg") as original:
        image = original.convert("RGB").rotate(4, resample=Image.Resampling.BICUBIC, fillcolor=(90, 90, 90))
    image = ImageEnhance.Brightness(image).enhance(1.15)
    image = ImageEnhance.Color(image).enhance(0.6).resize((400, 400))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=72)
    return out.getvalue()


@dataclass
class Stage:
    sandhan: Sandhan
    url: str
    mail: MailSink
    hook: WebhookReceiver
    keys: dict[str, str]
    ids: dict[str, str]

    def ask(self, who: str | None, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.keys[who]}"} if who else {}
        with httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60) as client:
            return client.request(method, path, **more)

    def enter(self, who: str, form: dict[str, Any], photo: bytes) -> httpx.Response:
        files = [("photos", ("photo.jpg", photo, "image/jpeg"))]
        return self.ask(who, "POST", "/v1/cases", data={"case": json.dumps(form)}, files=files)


def until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    secret = new_webhook_secret(lambda count: bytes(range(count)))
    with ExitStack() as stack:
        mail, hook = stack.enter_context(MailSink()), stack.enter_context(WebhookReceiver(secret))
        listener = bind("127.0.0.1", 0)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = Settings(
            _env_file=None,
            home=tmp_path,
            public_url=url,
            smtp_host=mail.host,
            smtp_port=mail.port,
            allow_private_targets=True,
        )
        sandhan = stack.enter_context(Sandhan.build(settings))
        operator = sandhan.partners.register_operator("Operator", "IN")
        made = Stage(sandhan, url, mail, hook, {"operator": operator.api_key}, {})
        stack.enter_context(BackgroundServer(create_app(sandhan), listener))
        assert until(lambda: made.ask(None, "GET", "/v1/ready").status_code == 200)
        newcomers: dict[str, dict[str, Any]] = {
            "shelter": {"kind": "shelter", "email": "shelter@example.org"},
            "family": {"kind": "ngo", "email": "family@example.org"},
            "far": {"kind": "ahtu", "areas": ["IN/AS"], "email": "far@example.org"},
        }
        for name, form in newcomers.items():
            form |= {"name": name, "country": "IN", "key_permissions": CASE_WORK}
            body = made.ask("operator", "POST", "/v1/partners", json=form).json()
            made.keys[name], made.ids[name] = body["api_key"], body["id"]
        # The receiver has its secret before the service does, so this one is registered with it.
        ahtu = NewPartner(
            "ahtu", "ahtu", "IN", areas=("IN/WB",), webhook_url=hook.url, webhook_secret=secret, permissions=CASE_WORK
        )
        welcome = sandhan.partners.register(ahtu, sandhan.partners.scope_of(operator.api_key))
        made.keys["ahtu"], made.ids["ahtu"] = welcome.api_key, welcome.partner.id
        parties = {"parties": [made.ids[name] for name in (*newcomers, "ahtu")], "reference": "MoU", "signed": True}
        assert made.ask("operator", "POST", "/v1/agreements", json=parties).status_code == 201
        yield made


def populate(stage: Stage, count: int = 40) -> None:
    """Enter other people's reports, so that there is something to be found among."""
    scope = stage.sandhan.partners.scope_of(stage.keys["far"])
    for record in linked_sample(11, count, 0, today=date(2026, 11, 1)).reports:
        stage.sandhan.cases.register(CaseForm(side="missing", **record.fields), scope)


def plain(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def delivered(stage: Stage, who: str, path: str) -> bool:
    return bool(stage.ask(who, "GET", path).json()["state"] == "delivered")


def test_a_rescued_person_is_found_and_the_right_people_answer(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    populate(stage)
    namesake = stage.enter("far", NAMESAKE, (PHOTOS / "grace_hopper.jpg").read_bytes()).json()["case"]
    answer = stage.enter("family", REPORT, family_photo())
    assert answer.status_code == 201, answer.text
    report = answer.json()["case"]
    assert [photo["state"] for photo in (*report["photos"], *namesake["photos"])] == ["embedded", "embedded"]
    assert stage.mail.messages == []

    # The shelter enters her in Devanagari, with a photo of its own.
    answer = stage.enter("shelter", RESCUE, (PHOTOS / "astronaut.jpg").read_bytes())
    assert answer.status_code == 201, answer.text
    body = answer.json()
    rescued = body["case"]
    assert [(photo["state"], photo["faces_found"]) for photo in rescued["photos"]] == [("embedded", 1)]
    assert body["matches"][0]["grade"] in ("certain", "probable")
    first = stage.ask("shelter", "GET", f"/v1/matches/{body['matches'][0]['id']}").json()
    assert (first["missing"]["id"], first["missing"]["view"]) == (report["id"], "masked")
    reasons = {reason["comparison"]: reason for reason in first["reasons"]}
    assert reasons["face"]["finding"] == "faces alike"
    assert {"name", "father"} <= reasons.keys()
    for text in ("মণ্ডল", "গোসাবা", "Gosaba", "98301"):
        assert text not in json.dumps(first["missing"], ensure_ascii=False)
    probabilities = [match["probability"] for match in body["matches"]]
    assert probabilities == sorted(probabilities, reverse=True)
    # The full report is behind the police unit's own login.
    seen = stage.ask("ahtu", "GET", f"/v1/cases/{report['id']}").json()
    assert (seen["view"], seen["fields"]["name"]) == ("disclosed", REPORT["name"])

    # Owners by mail, the unit where the family lives by webhook; nobody else, nothing twice.
    mails = [
        message
        for message in stage.mail.wait_for(2, 20)
        if report["id"] in plain(message) or rescued["id"] in plain(message)
    ]
    assert {str(message["To"]) for message in mails} == {"family@example.org", "shelter@example.org"}
    stage.hook.wait_for(1, 20)
    assert stage.hook.rejected == 0  # every signature was verified with the standard's own library
    about = [payload["data"] for payload in stage.hook.unique.values() if payload["data"]["match_id"] == first["id"]]
    assert [data["your_record_id"] for data in about] == [report["id"]]
    assert set(about[0]) == {
        "alert_id", "match_id", "subject_id", "event", "grade", "priority", "your_record_id", "other_organisation",
        "due_at", "link", "count",
    }  # fmt: skip
    assert about[0]["link"] == f"{stage.url}/v1/alerts/{about[0]['alert_id']}"
    sent = "\n".join(
        [*(message.as_string() + plain(message) for message in stage.mail.messages), str(stage.hook.received)]
    )
    assert [text for text in PERSONAL if text in sent] == []

    # Each recipient acknowledges by the link it was sent, with its own key only.
    links = {"ahtu": about[0]["link"]}
    for message in mails:
        (link,) = [word for word in plain(message).split() if word.startswith(stage.url)]
        links[str(message["To"]).split("@")[0]] = link
    assert set(links) == {"ahtu", "family", "shelter"}
    for who, link in links.items():
        path = link.removeprefix(stage.url)
        assert until(partial(delivered, stage, who, path))
        assert stage.ask("far", "POST", f"{path}/acknowledge").status_code == 404
        acknowledged = stage.ask(who, "POST", f"{path}/acknowledge")
        assert (acknowledged.status_code, acknowledged.json()["state"]) == (200, "acknowledged")
        assert [message["state"] for message in acknowledged.json()["messages"]] == ["delivered"]
        assert stage.ask(who, "POST", f"{path}/acknowledge").json() == acknowledged.json()
    assert stage.ask("far", "GET", "/v1/matches", params={"case_id": report["id"]}).json()["items"] == []

    # The same submission again, as after a lost answer, tells nobody anything.
    before = len(stage.mail.messages), len(stage.hook.received)
    assert stage.enter("shelter", RESCUE, (PHOTOS / "astronaut.jpg").read_bytes()).status_code == 200
    stage.sandhan.dispatcher.run_once()
    assert (len(stage.mail.messages), len(stage.hook.received)) == before
    with stage.sandhan.database.read() as conn:
        told = alerts.alerts_of_match(conn, first["id"])
        assert audit.verify(conn) is None
    assert {alert.recipient_id for alert in told} == {stage.ids[who] for who in ("family", "shelter", "ahtu")}
    assert all(alert.acknowledged_at for alert in told)

    # What she looks like stays with the shelter, and leaves it without metadata.
    photo = f"/v1/cases/{rescued['id']}/photos/{rescued['photos'][0]['id']}"
    assert {who: stage.ask(who, "GET", photo).status_code for who in ("shelter", "family", "ahtu", "far")} == {
        "shelter": 200, "family": 404, "ahtu": 404, "far": 404,
    }  # fmt: skip
    with Image.open(io.BytesIO(stage.ask("shelter", "GET", photo).content)) as image:
        assert not image.getexif()
    logs = "\n".join(record.getMessage() + repr(record.args) for record in caplog.records)
    assert [text for text in PERSONAL if text in logs] == []
