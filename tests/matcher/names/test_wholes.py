"""A household name of several words is as rare as the whole of it, and no rarer."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from name_cases import names

from matcher.columns import RecordColumns
from matcher.compare.names import NAME
from matcher.comparison import Context
from matcher.fields import read_record
from matcher.model import Grade, MatchModel
from matcher.names.frequency import NameFrequencies
from matcher.names.grammar import parse_name
from matcher.names.reading import read_names
from matcher.names.table import NameTable
from matcher.names.wholes import MOST_WORDS, WholeNames
from matcher.person import Side
from matcher.scoring import score_pairs

WHOLES = WholeNames.load()
MODEL = MatchModel.load()
# Elder daughter, little daughter, little sister; as common as Mamoni in Bengal, where one word says it.
HOUSEHOLD = ("သမီးကြီး", "သမီးလေး", "ညီမလေး", "Thami Lay")


def words_of(text: str) -> list[str]:
    return [token.folded for token in parse_name(text)]


def plainly(text: str) -> str:
    """Look a name up as one would by hand."""
    tokens = [token for token in parse_name(text) if not token.title]
    whole = " ".join(token.folded for token in tokens)
    few = 2 <= len(tokens) <= MOST_WORDS and not any(token.initial for token in tokens)
    return whole if few and whole in WHOLES.words else ""


def called(found: np.ndarray) -> list[str]:
    return ["" if number < 0 else WHOLES.words[number] for number in found.tolist()]


SOME = st.sampled_from([*HOUSEHOLD, "Mee Mee", "Ma Mee Mee", "Mee Mee Khaing", "M. Mee", "राम बहादुर", "Mee", "လေး"])


@given(st.lists(st.one_of(SOME, names), max_size=8, unique=True))
def test_names_are_found_as_one_would_by_hand_in_a_table_and_among_those_that_are_counted(texts: list[str]) -> None:
    table = NameTable.build(texts)
    expected = [plainly(text) for text in texts]
    rows = np.array([table.ids[text] for text in texts], dtype=np.int64)
    assert called(WHOLES.of_table(table, rows)) == expected
    assert called(WHOLES.of_read(read_names(texts))) == expected


def test_a_table_may_be_empty_and_a_name_of_other_words_is_none_of_it() -> None:
    few = WholeNames.of(["a b", "b a", "a", "a b a b a"])
    tokens = np.array([[0, 1, -1], [1, 0, -1], [0, 0, -1], [0, -1, -1], [0, 1, 0], [2, 1, -1]])
    assert [few.words[n] if n >= 0 else "" for n in few.find(tokens, ["a", "b", "c"]).tolist()] == [
        "a b", "b a", "", "", "", "",
    ]  # fmt: skip
    assert WholeNames.of([]).find(tokens, ["a", "b", "c"]).tolist() == [-1] * 6


@pytest.mark.parametrize("name", HOUSEHOLD)
@pytest.mark.parametrize("area", ["MM/YGN", "MM", ""])
def test_a_household_name_is_far_more_common_than_its_words_by_themselves(name: str, area: str) -> None:
    words = words_of(name)
    whole, *parts = NameFrequencies().bits([" ".join(words), *words], [area] * (1 + len(words)))
    assert whole < sum(parts) - 4


def test_a_whole_name_is_counted_as_often_as_it_is_borne_and_taken_away_again() -> None:
    frequencies, whole = NameFrequencies(), " ".join(words_of("သမီးလေး"))
    before = frequencies.bits([whole], ["MM/YGN"])[0]
    borne = ["သမီးလေး"] * 200 + ["Mee Mee"] * 200
    frequencies.add_all(borne, ["MM/YGN"] * len(borne))
    assert frequencies.regions["MM"].words[whole] == 200
    assert frequencies.bits([whole], ["MM/YGN"])[0] < before - 2
    frequencies.subtract_all(borne, ["MM/YGN"] * len(borne))
    assert frequencies.bits([whole], ["MM/YGN"])[0] == before


def test_given_names_of_several_words_are_none() -> None:
    assert not {" ".join(words_of(name)) for name in ("Pyae Phyo", "Ram Bahadur", "Khin Khin")} & set(WHOLES.words)


@pytest.mark.parametrize("name", HOUSEHOLD)
def test_two_girls_whom_everybody_calls_alike_raise_no_alert(name: str) -> None:
    today = date(2026, 11, 1)
    report = {"name": "မော်ရီ ယာသာ အက်တာ", "nickname": name, "sex": "female", "age": "13", "country": "Myanmar",
              "state": "Yangon"}  # fmt: skip
    rescued = {"name": name, "sex": "female", "age": "13", "age_basis": "guess", "country": "Myanmar"}
    columns = RecordColumns.build(
        [
            read_record("report", Side.MISSING, report, today=today).record,
            read_record("rescued", Side.RESCUED, rescued, today=today).record,
        ]
    )
    context = Context(NameFrequencies(), NameFrequencies())
    scored = score_pairs(columns, np.array([0]), np.array([1]), context, MODEL, 2000)
    assert MODEL.grade(float(scored.probability[0])) == Grade.POSSIBLE
    level = NAME.assign(columns, np.array([0]), np.array([1]), context)
    assert level.rarity[0] <= context.own_names.bits([" ".join(words_of(name))], ["MM/yangon"])[0] + 1e-5
