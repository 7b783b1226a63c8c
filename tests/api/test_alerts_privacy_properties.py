"""Whatever stands in cases, no byte that leaves says any of it: generated cases, real intake, every channel.

Cases with names in several scripts, phones, places, photos and suspects come in over HTTP, are matched and alerted; a
mail server and a webhook receiver on this machine take what is sent, every partner polls its inbox and listens to its
stream. Leaks that are planted are found: the property can fail.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from api.alerts import courier, messages, raising, webhook
from api.alerts.notice import EVENTS, GRADES, KINDS, PRIORITIES, AlertNotice
from api.alerts.raising import Occasion, raise_alert
from api.alerts.stream import LiveInbox, Pace
from api.alerts.wording import alert_wording
from api.matches import service as match_service
from api.sinks import MailSink
from api.store import partners, tables
from matcher.explaining.language import LANGUAGES

from .conftest import House, empty_database, open_house, picture

SYLLABLES = {
    "Beng": ("কি রা মু শে লো তা নি বু খা দী গো পা", 3),
    "Deva": ("की रा मु शे लो ता नि बू खा दी गो पा", 3),
    "Mymr": ("ကို ရာ မု ရှေ လို တာ နီ ဘူ ခါ ဒီ ဂို ပါ", 3),
    "Latn": ("ki ra mu she lo ta ni bu kha di go pa", 4),
    "Arab": ("کی را مو شے لو تا نی بو خا دی گو پا", 4),
}
PARTNERS = {
    "owner of reports": ("ngo", (), "hi", True),
    "owner of rescues": ("shelter", (), "my", True),
    "unit of the source": ("ahtu", ("IN/WB/south-24-parganas",), "bn", True),
    "unit of the state": ("ngo", ("IN/WB",), "as", True),
    "unit of the destination": ("ahtu", ("IN/MH",), "ne", True),
    "who polls": ("ngo", ("IN/WB",), "en", False),
}
REPORTER, RESCUER, AHTU = "owner of reports", "owner of rescues", "unit of the source"


def words(count: int = 2) -> st.SearchStrategy[str]:
    """Give a name of so many words, in one script."""

    def of_script(script: str) -> st.SearchStrategy[str]:
        syllables, least = SYLLABLES[script]
        word = st.lists(st.sampled_from(syllables.split()), min_size=least, max_size=5).map("".join)
        return st.lists(word, min_size=count, max_size=count).map(" ".join)

    return st.sampled_from(sorted(SYLLABLES)).flatmap(of_script)


people = st.fixed_dictionaries(
    {
        "name": words(),
        "nickname": words(1),
        "father_name": words(),
        "mother_name": words(),
        "village": words(1),
        "address": words(3),
        "phone": st.integers(6_000_000_000, 9_999_999_999).map(lambda number: [str(number)]),
        "identifier": st.integers(10**11, 10**12 - 1).map(lambda number: [f"aadhaar:{number}"]),
        "marks": words(2).map(lambda text: [text]),
        "narrative": words(4),
        "age": st.integers(9, 17).map(str),
    }
)
"""What both sides know of one child."""
suspects = st.fixed_dictionaries(
    {"names": words().map(lambda name: [{"value": name}]), "phones": st.just([{"value": "98301 44444"}])}
)
colours = st.tuples(*(st.integers(1, 7).map(lambda step: step * 32),) * 3)


class Outside:
    """Everything that has left, as it left: raw requests, e-mails as bytes and with their encodings undone."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.mails: list[bytes] = []
        self.decoded: list[str] = []

    def clear(self) -> None:
        for kept in (self.requests, self.mails, self.decoded):
            kept.clear()

    def listen(self) -> ThreadingHTTPServer:
        """Return a receiver that keeps each request whole, headers and body."""
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                requests.append(f"{self.requestline}\n{self.headers}\n".encode() + body)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def take(self, mail: Any) -> None:
        self.mails.append(mail.as_bytes())
        parts = [part.get_content() for part in mail.walk() if not part.is_multipart()]
        self.decoded += [*parts, *(f"{name}: {value}" for name, value in mail.items())]

    def everything(self) -> str:
        return "\n".join([raw.decode("utf-8", "replace") for raw in (*self.requests, *self.mails)] + self.decoded)


class Place:
    """A house with partners who are told by all channels, and what has left it."""

    def __init__(self, house: House, outside: Outside) -> None:
        self.house, self.outside = house, outside

    def deliver(self) -> None:
        while self.house.sandhan.dispatcher.run_once():
            pass

    def inboxes(self) -> str:
        """Return what every partner sees when it polls, page by page and alert by alert."""
        seen = []
        for name in PARTNERS:
            after: dict[str, str] = {}
            while True:
                answer = self.house.ask(name, "GET", "/v1/alerts", params={"limit": 200, **after})
                assert answer.status_code == 200
                seen.append(answer.text + json.dumps(answer.json(), ensure_ascii=False))
                if answer.json()["next"] is None:
                    break
                after = {"after": answer.json()["next"]}
            if answer.json()["items"]:
                last = answer.json()["items"][-1]["id"]
                seen.append(self.house.ask(name, "GET", f"/v1/alerts/{last}").text)
        return "\n".join(seen)

    def streams(self, since: str) -> str:
        """Return what every partner hears that listens."""
        heard = []
        for name in PARTNERS:
            answer = self.house.ask(name, "GET", "/v1/alerts/stream", params={"created_since": since})
            assert answer.status_code == 200
            heard.append(answer.text)
        return "\n".join(heard)


@contextmanager
def opened(dialect: str, home: Path, template: Path) -> Iterator[Place]:
    outside = Outside()
    with ExitStack() as stack:
        receiver = stack.enter_context(outside.listen())
        thread = threading.Thread(target=receiver.serve_forever, args=(0.05,))
        thread.start()
        stack.callback(thread.join)
        stack.callback(receiver.shutdown)
        mail = stack.enter_context(MailSink(on_message=outside.take))
        url = stack.enter_context(empty_database(dialect, home, template))
        house = stack.enter_context(
            open_house(home, url, smtp_host="127.0.0.1", smtp_port=mail.port, allow_private_targets=True)
        )
        house.sandhan.open_index()
        # Streams tell what is there and do not wait for more.
        house.sandhan.inbox = LiveInbox(house.sandhan.database, house.clock, Pace(longest=0))
        welcome = house.sandhan.partners.register_operator("Operator", "IN")
        house.keep("operator", welcome.partner.id, welcome.api_key)
        for number, (name, (kind, areas, language, told)) in enumerate(PARTNERS.items()):
            contacts = {
                "email": f"unit{number}@police.example",
                "webhook_url": f"http://127.0.0.1:{receiver.server_port}/{number}",
            }
            house.join(name, kind, areas, language=language, **(contacts if told else {}))
        yield Place(house, outside)


@pytest.fixture(scope="module")
def place(dialect: str, tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Place]:
    with opened(dialect, tmp_path_factory.mktemp("outside") / "home", template) as made:
        yield made


@pytest.fixture
def leaky_place(dialect: str, tmp_path: Path, template: Path) -> Iterator[Place]:
    """Give a place of its own: what is planted stays in it."""
    with opened(dialect, tmp_path / "home", template) as made:
        yield made


def enter(place: Place, who: str, person: dict[str, Any], *photos: bytes, **more: Any) -> tuple[str, dict[str, Any]]:
    form = person | {"sex": "female", "country": "India", "languages": ["bn"], **more}
    answer = place.house.enter(who, form, *photos)
    return str(answer["case"]["id"]), form


def raise_everything(place: Place, match_id: str, case_id: str) -> None:
    """Raise what no intake brings about by itself: every kind and event, to a partner with all channels."""
    sandhan = place.house.sandhan
    with sandhan.database.write() as conn:
        to = partners.get_partner(conn, place.house[REPORTER].id)
        assert to is not None
        for number, (kind, event) in enumerate((one, event) for one in KINDS for event in EVENTS[one]):
            occasion = Occasion(
                kind=kind, event=event, priority=PRIORITIES[number % 3], same=(case_id,), rule="owner of the record",
                match_id=match_id if kind == "match" else None, subject_id=None if kind == "match" else case_id,
                own_case_id=case_id, grade=GRADES[number % 4] if kind == "match" else None,
                other_organisation="withheld" if number % 2 else "Childline", withheld={"other": "protected"},
                count=3 if kind == "digest" else None,
            )  # fmt: skip
            raise_alert(conn, to, occasion, place.house.clock(), sandhan.random_bytes)


def forms_of(value: object) -> set[str]:
    """Return how a value could look in what has left: whole, in words, and in the usual encodings."""
    texts = [str(part.get("value") if isinstance(part, dict) else part) for part in value] if isinstance(
        value, list
    ) else [str(value)]  # fmt: skip
    found: set[str] = set()
    for text in texts:
        whole = {text, *(word for word in re.split(r"[\s:]+", text) if len(word) > 5)}
        for part in whole if len(text) > 5 else ():
            found |= {unicodedata.normalize(form, part) for form in ("NFC", "NFD")}
            found |= {part.upper(), part.title(), quote(part), json.dumps(part)[1:-1], part.encode().hex()}
            found.add(base64.b64encode(part.encode()).decode().rstrip("=")[:-1])
    return found


@dataclass(frozen=True, slots=True)
class Intake:
    """What was told of an intake, by the ways it went, and what must not stand in it."""

    told: dict[str, str]
    about: tuple[str, str]
    secrets: set[str]

    def leaks(self) -> set[tuple[str, str]]:
        """Return the ways that told something, and what."""
        return {(way, secret) for way, text in self.told.items() for secret in self.secrets if secret in text}


def taken_in(
    place: Place, child: dict[str, Any], other: dict[str, Any], suspect: dict[str, Any], photo: bytes
) -> Intake:
    """Enter a child on both sides, somebody else and a suspect; have everything told, and return it."""
    place.outside.clear()
    house, since = place.house, place.house.clock().isoformat()
    home = {"state": "West Bengal", "district": "South 24 Parganas"}
    found = {"event_country": "India", "event_state": "Maharashtra", "event_district": "Nagpur", "found": "2026-10-28"}
    missing_id, report = enter(place, REPORTER, child, photo, side="missing", **home, last_seen="2026-08-14")
    little = {name: child[name] for name in ("name", "father_name", "age")}
    rescued_id, first = enter(place, RESCUER, little, side="rescued", **home, **found)
    more = first | child | {"narrative": other["narrative"], "address": other["address"]}
    answer = house.send(RESCUER, more, path=f"/v1/cases/{rescued_id}", method="PUT", headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    enter(place, RESCUER, other, photo, side="rescued", **home, **found)  # somebody else
    assert house.ask(AHTU, "POST", "/v1/suspects", json=suspect).status_code == 201
    stored = house.ask(REPORTER, "GET", f"/v1/matches?case_id={missing_id}").json()["items"]
    match_id = next(match["id"] for match in stored if rescued_id in json.dumps(match))
    raise_everything(place, match_id, missing_id)
    place.deliver()
    secrets: set[str] = {"South 24 Parganas", "south-24-parganas", "West Bengal", "Maharashtra", "Nagpur", "2026-08-14"}
    for case in (report, more, other, suspect):
        for name in ("name", "nickname", "father_name", "mother_name", "village", "address", "phone", "identifier",
                     "marks", "narrative", "names", "phones"):  # fmt: skip
            secrets |= forms_of(case.get(name, ""))
    # Not the head of the file: it is that of every JPEG.
    secrets |= {base64.b64encode(photo[300:345]).decode(), photo[300:340].hex(), "photo0.jpg"}
    assert place.outside.requests
    assert place.outside.mails
    told = {"sent": place.outside.everything(), "polled": place.inboxes(), "streamed": place.streams(since)}
    return Intake(told, (missing_id, match_id), secrets)


# Each example is an intake with all that follows; what fails is told by its leak, so it need not be made smaller.
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(child=people, other=people, suspect=suspects, colour=colours)
def test_no_value_of_any_case_leaves_by_any_channel(
    place: Place, child: dict[str, Any], other: dict[str, Any], suspect: dict[str, Any], colour: tuple[int, int, int]
) -> None:
    intake = taken_in(place, child, other, suspect, picture(colour))
    assert all(value in text for text in intake.told.values() for value in intake.about), "it is about them"
    kinds = {f'"type":"alert.{kind}"' for kind in KINDS}
    assert {kind for kind in kinds if kind in intake.told["sent"]} == kinds
    assert len(intake.secrets) > 20
    assert not intake.leaks()


CHILD: dict[str, Any] = {
    "name": "সুনীতা মণ্ডল", "father_name": "রমেশ মণ্ডল", "mother_name": "মালতী মণ্ডল", "village": "রাঙাবেলিয়া",
    "phone": ["9830155501"], "narrative": "একজন মহিলার সঙ্গে গিয়েছিল", "address": "নদীর ধারে কাছারি পাড়া", "age": "15",
}  # fmt: skip
SOMEBODY: dict[str, Any] = {
    "name": "थिरी मया", "father_name": "किरण मया", "village": "गोदावरी", "phone": ["9741200412"], "age": "11",
    "narrative": "बस अड्डे पर मिली", "address": "पुल के पास",
}  # fmt: skip


def into_the_notice(patch: pytest.MonkeyPatch) -> None:
    """Let an alert name the child in place of the organisation."""
    real = raising.raise_alert

    def leaky(conn: Any, to: Any, occasion: Occasion, *more: Any) -> Any:
        return real(conn, to, replace(occasion, other_organisation=CHILD["name"]), *more)

    for module in (match_service, sys.modules[__name__]):
        patch.setattr(module, "raise_alert", leaky)


def into_a_mails_header(patch: pytest.MonkeyPatch) -> None:
    """Let a header of every e-mail hold a village, which is encoded there."""
    real = messages.email_message

    def leaky(*args: Any, **more: Any) -> Any:
        message = real(*args, **more)
        message["Keywords"] = CHILD["village"]
        return message

    patch.setattr(courier, "email_message", leaky)


def into_a_webhooks_header(patch: pytest.MonkeyPatch) -> None:
    """Let a header of every request hold a phone number."""
    real = webhook.signature_headers
    patch.setattr(webhook, "signature_headers", lambda *args: real(*args) | {"x-about": str(CHILD["phone"][0])})


@pytest.mark.parametrize(
    ("plant", "ways"),
    [
        (into_the_notice, {"sent", "polled", "streamed"}),
        (into_a_mails_header, {"sent"}),
        (into_a_webhooks_header, {"sent"}),
    ],
)
def test_a_leak_that_is_planted_is_found(
    leaky_place: Place, plant: Callable[[pytest.MonkeyPatch], None], ways: set[str]
) -> None:
    child = CHILD | {"identifier": ["aadhaar:482177359021"]}
    suspect = {"names": [{"value": "Ratan Sardar"}], "phones": [{"value": "98301 44444"}]}
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        leaks = taken_in(leaky_place, child, SOMEBODY, suspect, picture((40, 200, 120))).leaks()
    assert {way for way, _ in leaks} == ways


def known_ids(place: Place) -> set[str]:
    with place.house.sandhan.database.read() as conn:
        return {
            str(found)
            for table in (tables.alerts, tables.matches, tables.cases)
            for found in conn.scalars(select(table.c.id))
        }


def names_of_partners(place: Place) -> set[str]:
    with place.house.sandhan.database.read() as conn:
        return {partner.name for partner in partners.list_partners(conn)}


def leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for part in value.values():
            yield from leaves(part)
    else:
        yield value


def test_the_only_free_text_that_leaves_is_the_name_in_a_partners_row(place: Place) -> None:
    """Each value of a webhook and each line of an e-mail is a word of ours, an id, a time, a link, or such a name."""
    place.outside.clear()
    child = {
        "name": "Childline", "nickname": "Operator", "father_name": "withheld", "mother_name": "critical",
        "village": "certain", "phone": ["9830155501"], "age": "12",
    }  # fmt: skip
    home = {"state": "West Bengal", "district": "South 24 Parganas"}
    enter(place, REPORTER, child, side="missing", **home)
    enter(place, RESCUER, child, side="rescued", **home, event_country="India", event_state="Maharashtra")
    place.deliver()
    assert place.outside.requests
    assert place.outside.mails
    ids, names = known_ids(place), names_of_partners(place)
    assert "Childline" not in names  # the child is called so, and no organisation here
    words_of_ours = {*GRADES, *PRIORITIES, *(event for events in EVENTS.values() for event in events), "withheld"}
    words_of_ours |= {f"alert.{kind}" for kind in KINDS}
    links = {f"{place.house.sandhan.settings.public_url}/v1/alerts/{one}" for one in ids}
    time = re.compile(r"\d{4}-\d{2}-\d{2}[T ][\d:.]+(\+00:00| UTC)")
    told = set()
    for request in place.outside.requests:
        head, _, body = request.partition(b"\n\n")
        told.add(json.loads(body)["data"]["other_organisation"])
        for value in leaves(json.loads(body)):
            known = value is None or value in ids | names | links | words_of_ours
            assert known or time.fullmatch(str(value)), value
        for line in head.decode().splitlines()[1:]:
            assert re.fullmatch(
                r"(?i)(host: 127\.0\.0\.1:\d+|content-type: application/json|user-agent: Sandhan|content-length: \d+|"
                r"webhook-id: msg_\w{26}|webhook-timestamp: \d+|webhook-signature: (v1,[\w+/=]+ ?)+|connection: close|"
                r"accept[-a-z]*: [*/, a-z]+)?",
                line,
            ), line
    assert told <= names
    texts = {text for language in LANGUAGES for text in alert_wording(language).texts.values()}
    filled = texts | ids | names | links
    for text in place.outside.decoded:
        if ": " in text.partition("\n")[0] and "\n" not in text:
            continue  # a header: the other tests look at them
        for line in re.sub(r"<head>.*</head>|<[^>]+>", "\n", text).splitlines():
            rest = time.sub("", line)
            for piece in sorted(filled, key=len, reverse=True):
                rest = rest.replace(piece, "")
            assert not re.sub(r"[\s:–]", "", rest), line


def test_a_name_that_is_no_partners_never_reaches_a_notice(place: Place) -> None:
    """Whoever wrote into a payload would be read back by these fields only; a further one is refused."""
    with place.house.sandhan.database.read() as conn:
        payloads = list(conn.scalars(select(tables.outbox.c.payload)))
    assert payloads
    names = names_of_partners(place) | {"Childline", "withheld", None}
    for payload in payloads:
        notice = AlertNotice.from_payload(payload)
        assert notice.to_payload() == payload
        assert notice.other_organisation in names
