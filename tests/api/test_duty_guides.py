"""Do the guides of bulletins and of the agenda say what the code does? Every command in them is carried out."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from api.agenda import service as agenda_service
from api.agenda.clocks import QUARTER_MONTHS, UNTRACED_MONTHS
from api.alerts.deadlines import USUAL
from api.alerts.notice import EVENTS
from api.bulletins import standing, taking_down
from api.bulletins.authorising import LONGEST
from api.bulletins.content import FIELDS
from api.bulletins.forms import DownReason, Shown
from api.store.duty_tables import AUTHORITIES, CLOCKS

from .conftest import GREEN, REPORT, House, picture
from .test_agenda import go_to
from .town import Town

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
BULLETINS, AGENDA = ((GUIDES / f"{name}.md").read_text(encoding="utf-8") for name in ("bulletins", "agenda"))
_ASSIGNED = re.compile(r"(\w+)=\$\((.+) \| jq -r \.(\w+)\)")


def commands(text: str) -> Iterator[str]:
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        yield from block.splitlines()


def carry_out(house: House, line: str, who: Mapping[str, dict[str, str]], known: dict[str, str]) -> Any:
    """Do what a line of a guide says; whatever it assigns is known from then on."""
    assigned = _ASSIGNED.fullmatch(line)
    words = shlex.split(assigned[2] if assigned else line)
    filled = [re.sub(r"\$(\w+)", lambda name: known[name[1]], word) for word in words]
    asker, rest = filled[0], filled[1:]
    method, body, path = None, None, ""
    while rest:
        word = rest.pop(0)
        if word == "-X":
            method = rest.pop(0)
        elif word == "-d":
            body = json.loads(rest.pop(0))
        else:
            path = word
    answer = house.client.request(method or ("POST" if body else "GET"), path, json=body, headers=who[asker])
    assert answer.status_code in (200, 201, 204), (line, answer.text)
    if assigned:
        known[assigned[1]] = answer.json()[assigned[3]]
    return answer


def test_every_command_on_bulletins_does_what_it_says(fresh_house: House) -> None:
    house = fresh_house
    case = house.enter("family", REPORT, picture(GREEN))["case"]
    who = {name: house[name].headers for name in ("family", "ahtu")}
    who["publisher"] = Town(house).enrolled("family", "publisher").headers()
    known = {"URL": "", "CASE": case["id"], "PHOTO": case["photos"][0]["id"], "AHTU_ID": house["ahtu"].id}
    answers = {line: carry_out(house, line, who, known) for line in commands(BULLETINS)}
    assert len(answers) == 10
    shown = answers["ahtu $URL/v1/bulletins/$BULLETIN"].json()
    assert shown["content"]["name"] == [REPORT["name"]]
    assert answers["ahtu $URL/v1/bulletins/$BULLETIN/photo"].headers["content-type"] == "image/jpeg"
    assert house.ask("ahtu", "GET", f"/v1/bulletins/{known['BULLETIN']}").json()["state"] == "taken_down"


def test_every_command_on_the_agenda_does_what_it_says(fresh_house: House) -> None:
    case_id = fresh_house.enter("family", REPORT)["case"]["id"]
    go_to(fresh_house, "2027-06-03T08:00:00")
    who, known = {"ahtu": fresh_house["ahtu"].headers}, {"URL": "", "CASE": case_id}
    answers = {line: carry_out(fresh_house, line, who, known) for line in commands(AGENDA)}
    kinds = [item["kind"] for item in answers["ahtu $URL/v1/agenda"].json()["items"]]
    assert kinds == ["untraced", "quarterly"]
    assert [answer.status_code for answer in answers.values()] == [200, 200, 204, 204]


def reasons() -> set[str]:
    """Return every reason that the code gives by itself."""
    texts = [Path(str(module.__file__)).read_text(encoding="utf-8") for module in (standing, taking_down)]
    by_code = {word for text in texts for word in re.findall(r'(?:return|reason=|else) "(\w+)"', text)}
    return (by_code - {"rescued"}) | {"closed", "expired", "erased"}


@pytest.mark.parametrize(
    "word", [*AUTHORITIES, *FIELDS, *get_args(DownReason), *EVENTS["bulletin"][:2], *sorted(reasons())]
)
def test_every_word_of_bulletins_is_named(word: str) -> None:
    assert f"`{word}`" in BULLETINS


@pytest.mark.parametrize("word", [*get_args(agenda_service.Kind), *CLOCKS])
def test_every_word_of_the_agenda_is_named(word: str) -> None:
    assert f"`{word}`" in AGENDA


def test_the_limits_are_those_of_the_code() -> None:
    assert f"at most {LONGEST.days} days ahead" in BULLETINS
    assert USUAL["standard"]["acknowledge"] == 24
    assert "within 24 hours" in BULLETINS
    assert f"untraced for {UNTRACED_MONTHS} months" in AGENDA
    assert f"every {QUARTER_MONTHS} months" in AGENDA
    assert set(get_args(Shown)) == set(FIELDS)
