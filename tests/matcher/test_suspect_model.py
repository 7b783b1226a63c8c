"""What speaks for one suspect, and what another name or another telephone says against it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from api.suspects.records import ages_of, as_record
from matcher.columns import RecordColumns
from matcher.comparison import Context
from matcher.errors import InvalidRecord
from matcher.model import Grade, MatchModel
from matcher.names.frequency import NameFrequencies
from matcher.person import Place
from matcher.scoring import score_pairs
from matcher.suspect_model import SUSPECT_COMPARISONS, suspect_model

MODEL = suspect_model(MatchModel.load())
HEARD = {"names": ["Ratan Sardar"], "sex": ["male"], "ages": ["30-35"], "homes": ["Murshidabad"], "languages": ["bn"]}
HEARD_THERE = {"names": ["रतन सरदार"], "sex": ["পুরুষ"], "ages": ["৩৬"], "homes": ["মুর্শিদাবাদ"], "languages": ["Bengali"]}


def said_of(fields: dict[str, list[str]]) -> dict[str, Any]:
    """Return values as they are stored; homes are districts of West Bengal."""
    said: dict[str, Any] = {field: [{"value": value} for value in values] for field, values in fields.items()}
    for age in said.get("ages", ()):
        age["date"] = "2026-11-01"
    if "homes" in said:
        said["homes"] = [{"country": "IN", "state": "West Bengal", "district": one["value"]} for one in said["homes"]]
    return said


def probability(one: dict[str, list[str]], other: dict[str, list[str]]) -> float:
    said = [said_of(one), said_of(other)]
    columns = RecordColumns.build([as_record(f"s{n}", each) for n, each in enumerate(said)])
    context = Context(NameFrequencies(), NameFrequencies())
    scored = score_pairs(columns, np.array([0]), np.array([1]), context, MODEL, 1000, SUSPECT_COMPARISONS)
    return float(scored.probability[0])


def grade(one: dict[str, list[str]], other: dict[str, list[str]]) -> Grade:
    return MODEL.grade(probability(one, other))


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
        # A name that many bear, and all that is seen and heard of him.
        (HEARD, HEARD_THERE, {Grade.PROBABLE, Grade.CERTAIN}),
        # Whom the sources disagree about, nothing is said of.
        (HEARD, HEARD_THERE | {"sex": ["female", "male"]}, {Grade.PROBABLE, Grade.CERTAIN}),
    ],
)  # fmt: skip
def test_how_sure_two_records_of_suspects_are(
    one: dict[str, list[str]], other: dict[str, list[str]], expected: set[Grade]
) -> None:
    assert grade(one, other) in expected
    assert grade(other, one) == grade(one, other)


@pytest.mark.parametrize(
    "otherwise", [{"sex": ["female"]}, {"ages": ["60"]}, {"homes": ["Malda"]}, {"languages": ["Tamil"]}]
)
def test_whatever_is_seen_or_heard_otherwise_says_against_it(otherwise: dict[str, list[str]]) -> None:
    assert probability(HEARD, HEARD_THERE | otherwise) < probability(HEARD, HEARD_THERE) - 0.05


def test_a_language_that_all_speak_says_nothing_against_it() -> None:
    spoken = {"names": ["Ratan Sardar"], "languages": ["Hindi"]}
    assert probability(spoken, spoken) > probability(spoken, {"names": ["Ratan Sardar"]})


def test_another_name_says_less_against_one_suspect_than_against_one_child() -> None:
    children = MatchModel.load().comparisons
    for name in ("name", "phones", "origin"):
        assert children[name].levels[-1].weight < MODEL.comparisons[name].levels[-1].weight <= 0
    for name, weights in MODEL.comparisons.items():
        if name in ("name", "origin", "phones"):
            for own, child in zip(weights.levels, children[name].levels, strict=True):
                assert own.weight >= child.weight, "nothing says more against a suspect than against a child"
                assert own.weight == pytest.approx(child.weight) or own.weight < 1e-9


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("35", (35, 35)),
        ("30-35", (30, 35)),
        (" 30 – 35 years", (30, 35)),
        ("৩০-৩৫ বছর", (30, 35)),
        ("30 to 35", (30, 35)),
    ],
)
def test_what_an_age_means(text: str, span: tuple[int, int]) -> None:
    assert ages_of(text) == span


@pytest.mark.parametrize("text", ["", "old", "35-30", "-", "30-", "-35", "30-35-40", "121", "20-121", "3.5"])
def test_what_is_no_age_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidRecord) as refused:
        ages_of(text)
    assert refused.value.field == "ages"
    assert not text or text not in str(refused.value).replace("35 or 30-35", "").replace("30-35", "")


def test_a_guess_is_good_for_some_years_and_many_guesses_for_all_of_theirs() -> None:
    def born(*ages: str) -> tuple[int, int]:
        birth = as_record("s", said_of({"ages": list(ages)})).birth
        assert birth is not None
        return birth.earliest.year, birth.latest.year

    assert born("35") == (1987, 1994)
    assert born("35-36") == (1986, 1993)
    assert born("30-35") == (1989, 1996)
    assert born("25-35") == (1990, 2001)
    assert born("35", "39") == (1983, 1994)
    assert born("1") == (2021, 2026)


@pytest.mark.parametrize("ages", [["0-120"], ["18-60"], ["35", "50"]])
def test_guesses_that_could_be_anybodys_say_nothing(ages: list[str]) -> None:
    assert as_record("s", said_of({"ages": ages})).birth is None
    assert probability(HEARD, HEARD_THERE | {"ages": ages}) < probability(HEARD, HEARD_THERE)


def test_the_surest_home_counts_the_first_of_several() -> None:
    homes = [{"state": "Bihar"}, {"state": "Assam", "certainty": "probable"}, {"state": "Goa", "certainty": "probable"},
             {"state": "Kerala", "certainty": "doubtful"}]  # fmt: skip
    assert as_record("s", {"homes": homes}).origin == Place(state="Assam")
    assert as_record("s", {"homes": homes[:1] + homes[3:]}).origin == Place(state="Bihar")
    assert as_record("s", {"homes": []}).origin == Place()


def test_a_sure_country_takes_no_probable_district_away() -> None:
    wide, narrow = {"country": "India", "certainty": "certain"}, {"country": "IN", "state": "Bihar", "district": "Gaya"}
    for homes in ([wide, narrow], [narrow, wide], [wide, wide, narrow]):
        assert as_record("s", {"homes": homes}).origin == Place("IN", "Bihar", "Gaya")
    unknown = {"country": "India", "village": "Nowhere at all", "certainty": "certain"}
    assert as_record("s", {"homes": [unknown, narrow]}).origin == Place("India", village="Nowhere at all")


def test_words_between_languages_are_none() -> None:
    said = as_record("s", said_of({"languages": ["Bengali and Hindi", "বাংলা ও উর্দু", "speaks Tamil"]}))
    assert said.languages == ("bn", "hi", "ur", "ta")
