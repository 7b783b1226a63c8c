"""Every request of the guide is sent, in its order, and answered with what stands behind it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from api.matches.guards import RISEN_BY, Guard
from api.matches.states import MatchState, RejectionReason, UndoReason

from .conftest import GREEN, REPORT, RESCUE, House, picture

GUIDE = (Path(__file__).parents[2] / "docs/guides/matches.md").read_text(encoding="utf-8")
REQUEST = re.compile(r"^(ahtu|shelter) \$URL(\S+)(?: -d '(.*)')? +# (.+)$")
MEMBERS = {"ahtu": "family", "shelter": "shelter"}


def test_every_request_is_answered_as_the_guide_says(fresh_house: House) -> None:
    house = fresh_house
    report = house.enter("family", REPORT, picture(GREEN))
    girl = house.enter("shelter", RESCUE, picture(GREEN), face_consent=True)
    known = {"MATCH": girl["matches"][0]["id"], "REPORT": report["case"]["id"], "GIRL": girl["case"]["id"]}
    lines = [line for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL) for line in block.splitlines()]
    seen = set()
    for line in lines:
        found = REQUEST.match(line)
        assert found, line
        who, path, body, expected = found.groups()
        for name, value in known.items():
            path, body = path.replace(f"${name}", value), body and body.replace(f"${name}", value)
        more = {"json": json.loads(body)} if body else {}
        answer = house.ask(MEMBERS[who], "POST" if body else "GET", path, **more)
        if not expected[0].isdigit():
            assert (answer.status_code, answer.json()["state"]) == (200, expected), (line, answer.text)
            seen.add(expected)
            continue
        status, _, word = expected.partition(" ")
        assert answer.status_code == int(status), (line, answer.text)
        if word.startswith("$"):
            known[word[1:]] = answer.json()["id"]
        elif word:
            assert word in [problem["field"] for problem in answer.json()["errors"]], line
    by_itself = {"superseded", "withdrawn", "expired", "placed_safely"}
    assert seen == {str(state) for state in MatchState} - by_itself


def test_every_word_and_number_is_that_of_the_code() -> None:
    for word in (*RejectionReason, *UndoReason):
        assert f"`{word}`" in GUIDE, word
    assert f"risen by {RISEN_BY:g} bits" in GUIDE
    assert Guard.HOME_SAFE in GUIDE
