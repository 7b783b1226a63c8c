"""The guide draws the states of a referral as the code has them, and names every word that it offers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from api.care.follow_ups import OUTCOMES
from api.care.referral_endpoints import Kind
from api.care.referral_states import State, diagram
from api.care.stages import Stage
from api.care.views import HomeOutcome, NoteKind, SettlingForm
from api.store.care_tables import (
    FOLLOW_UP_STATES,
    HOME_OUTCOMES,
    LINK_RELATIONS,
    NOTE_KINDS,
    REFERRAL_KINDS,
    REFERRAL_STATES,
    STAGES,
    SUSPECT_STATUSES,
)
from api.suspects.forms import Relation, Status

GUIDE = (Path(__file__).parents[2] / "docs/guides/care.md").read_text()


def test_the_diagram_is_the_one_of_the_code() -> None:
    assert re.findall(r"```mermaid\n(.*?)\n```", GUIDE, re.DOTALL) == [diagram()]


def test_the_words_are_those_of_the_code() -> None:
    settled = [word for state in ("done", "missed") for word in OUTCOMES[state]]
    for word in (*STAGES, *HOME_OUTCOMES, *LINK_RELATIONS, *OUTCOMES, *settled):
        assert f"`{word}`" in GUIDE, word


def test_the_doors_take_the_words_that_the_database_keeps() -> None:
    for offered, kept in (
        (tuple(Stage), STAGES), (get_args(NoteKind), NOTE_KINDS), (get_args(HomeOutcome), HOME_OUTCOMES),
        (tuple(State), REFERRAL_STATES), (get_args(Kind), REFERRAL_KINDS), (get_args(Relation), LINK_RELATIONS),
        (get_args(Status), SUSPECT_STATUSES), (("due", *OUTCOMES), FOLLOW_UP_STATES),
    ):  # fmt: skip
        assert {str(word) for word in offered} == set(kept)
    outcomes = SettlingForm.model_json_schema()["properties"]["outcome"]["enum"]
    assert sorted(outcomes) == sorted(word for words in OUTCOMES.values() for word in words)
