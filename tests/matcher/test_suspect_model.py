"""What speaks for one suspect, and what another name or another telephone says against it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from api.suspects.records import as_record
from matcher.columns import RecordColumns
from matcher.comparison import Context
from matcher.model import Grade, MatchModel
from matcher.names.frequency import NameFrequencies
from matcher.scoring import score_pairs
from matcher.suspect_model import SUSPECT_COMPARISONS, suspect_model

MODEL = suspect_model(MatchModel.load())


def grade(one: dict[str, list[str]], other: dict[str, list[str]]) -> Grade:
    said: list[dict[str, Any]] = [
        {field: [{"value": value} for value in values] for field, values in each.items()} for each in (one, other)
    ]
    columns = RecordColumns.build([as_record(f"s{n}", each) for n, each in enumerate(said)])
    context = Context(NameFrequencies(), NameFrequencies())
    scored = score_pairs(columns, np.array([0]), np.array([1]), context, MODEL, 1000, SUSPECT_COMPARISONS)
    return MODEL.grade(float(scored.probability[0]))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"names": ["Ratan Sardar"], "phones": ["9830144444"]}, {"names": ["रतन सरदार"], "phones": ["098301 44444"]},
         {Grade.CERTAIN}),
        ({"phones": ["9830144444"]}, {"names": ["Ratan"], "phones": ["+91 98301 44444"]}, {Grade.PROBABLE}),
        # The name of one is an alias of the other.
        ({"names": ["Babulal Sheikh"], "phones": ["9830144444"]},
         {"names": ["Ratan Sardar"], "aliases": ["Babulal Sheikh"], "phones": ["9830144444"]}, {Grade.CERTAIN}),
        ({"names": ["Ratan"]}, {"names": ["Ratan"]}, {Grade.POSSIBLE, Grade.CERTAINLY_NOT}),
        ({"routes": ["Howrah to Gorakhpur"]}, {"routes": ["Howrah to Gorakhpur"]}, {Grade.CERTAINLY_NOT}),
        ({"names": ["Ratan Sardar"], "phones": ["9830144444"]}, {"names": ["Tarun Das"], "phones": ["9830155555"]},
         {Grade.CERTAINLY_NOT}),
    ],
)  # fmt: skip
def test_how_sure_two_records_of_suspects_are(
    one: dict[str, list[str]], other: dict[str, list[str]], expected: set[Grade]
) -> None:
    assert grade(one, other) in expected
    assert grade(other, one) == grade(one, other)


def test_another_name_says_less_against_one_suspect_than_against_one_child() -> None:
    children = MatchModel.load().comparisons
    for name in ("name", "phones"):
        assert children[name].levels[-1].weight < MODEL.comparisons[name].levels[-1].weight < 0
