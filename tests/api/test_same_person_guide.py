"""The guide's requests are sent as they stand there, one after the other, and answered as it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

from api.pairs.service import Reason

from .conftest import House

GUIDE = (Path(__file__).parents[2] / "docs/guides/same-person.md").read_text(encoding="utf-8")
_LINE = re.compile(r"(\w+): (GET|POST) (\S+?)( \{.*\})? -> (\d+)(?: (.+))?")


def test_what_the_guide_sends_is_answered_as_it_says(fresh_house: House) -> None:
    lines = [line for block in re.findall(r"```text\n(.*?)```", GUIDE, re.DOTALL) for line in block.splitlines()]
    assert len(lines) >= 12
    known: dict[str, str] = {}
    for line in lines:
        found = _LINE.fullmatch(line)
        assert found is not None, line
        who, method, path, body, status, said = found.groups()
        path = path.format(**known)
        answer = fresh_house.ask(who, method, path, **({"json": json.loads(body)} if body else {}))
        assert answer.status_code == int(status), (line, answer.text)
        assert said is None or said in answer.text, (line, answer.text)
        if path == "/v1/pairs":
            known["pair"] = answer.json()["items"][0]["id"]


def test_every_reason_is_named() -> None:
    for reason in get_args(Reason):
        assert f"`{reason}`" in GUIDE
