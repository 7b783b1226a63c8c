"""Only what is unknown is asked for, of whom it is unknown, gently, and only where the answer would matter."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_outlooks import NAMES, judged, outlooks, pair
from made_people import known_names, numbered, people, person

from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.explaining.language import LANGUAGES
from matcher.explaining.next_question import ANSWERED, LEAST_WORTH, known_comparisons, next_question, questions
from matcher.explaining.outlook import ALTERNATIVES, Outlook
from matcher.explaining.wording import wording
from matcher.model import ComparisonLevel, ComparisonWeights, MatchModel
from matcher.person import AgeBasis, PersonName, PersonRecord, Place, Sex, Side

NEVER = {"sex", "events", "face", "postcode"}


@given(outlooks(), st.frozensets(st.sampled_from(sorted(NAMES))), st.frozensets(st.sampled_from(sorted(NAMES))))
def test_only_what_is_unknown_is_asked_and_of_whom_it_is_unknown(
    outlook: Outlook, left: frozenset[str], right: frozenset[str]
) -> None:
    found = questions(outlook, left, right)
    assert [question.worth for question in found] == sorted((question.worth for question in found), reverse=True)
    for question in found:
        assert question.comparison not in outlook.known
        assert question.comparison not in NEVER
        assert question.worth > LEAST_WORTH
        assert 0 <= question.changes_grade <= 1
        if question.comparison not in {*ALTERNATIVES, "origin"}:
            lacking = (question.comparison not in left, question.comparison not in right)
            assert lacking == {"family": (True, False), "rescued": (False, True), "both": (True, True)}[question.ask]


def slow_worth(outlook: Outlook, comparison: str, answered: float) -> float:
    """The definition, written out over one comparison that depends on no other."""
    limits = outlook.model.thresholds

    def loss(p: float) -> float:
        return sum(min(p / t, (1 - p) / (1 - t)) for t in (limits.possible, limits.probable, limits.certain))

    p = 1 / (1 + 2**-outlook.weight)
    levels = outlook.model.comparisons[comparison].levels
    chances = [p * level.m + (1 - p) * level.u for level in levels]
    after = [1 / (1 + 2 ** -(outlook.weight + level.weight)) for level in levels]
    then = sum(c * loss(q) for c, q in zip(chances, after, strict=True)) / sum(chances)
    return answered * (loss(p) - then)


@pytest.mark.parametrize("weight", [-5.0, -1.0, 1.5, 4.0, 6.5])
@pytest.mark.parametrize("comparison", ["marks", "height", "phones", "mother"])
def test_a_question_is_worth_what_the_definition_says(weight: float, comparison: str) -> None:
    outlook = Outlook(pair(weight), judged())
    found = {question.comparison: question for question in questions(outlook, {comparison}, frozenset())}
    expected = slow_worth(outlook, comparison, ANSWERED[comparison][0])
    if expected > LEAST_WORTH:
        assert found[comparison].ask == "rescued"
        assert found[comparison].worth == pytest.approx(expected)
    else:
        assert comparison not in found


def two_fields(sure: tuple[float, float], nudge: tuple[float, float]) -> MatchModel:
    def weights(m: float, u: float) -> ComparisonWeights:
        levels = (ComparisonLevel("same", m, u), ComparisonLevel("other", 1 - m, 1 - u))
        return ComparisonWeights(levels, (0.0, 0.0))

    return MatchModel("two", {"mother": weights(*sure), "father": weights(*nudge)})


def test_an_answer_that_settles_it_goes_before_a_nudge_across_a_near_threshold() -> None:
    """Just below "certain" nearly any agreement changes the grade; what matters is who would be told wrongly."""
    model = two_fields(sure=(0.90, 0.001), nudge=(0.97, 0.45))
    outlook = Outlook(pair(5.3), model)
    first, second = questions(outlook, {"mother", "father"}, frozenset())
    assert first.comparison == "mother"
    assert second.changes_grade > first.changes_grade


def test_nothing_is_asked_where_no_answer_would_matter() -> None:
    for weight in (-60.0, 60.0):
        assert next_question(Outlook(pair(weight), judged()), NAMES, frozenset()) is None
    assert next_question(Outlook(pair(0.0), judged()), NAMES, NAMES - {"origin"}) is not None
    silent = {name: replace(part, levels=tuple(replace(level, m=0.5, u=0.5) for level in part.levels))
              for name, part in judged().comparisons.items()}  # fmt: skip
    assert next_question(Outlook(pair(0.0), replace(judged(), comparisons=silent)), frozenset(), frozenset()) is None


def test_the_side_that_lacks_it_is_asked() -> None:
    outlook = Outlook(pair(0.0), judged())

    def asked(left: set[str], right: set[str]) -> dict[str, str]:
        return {question.comparison: question.ask for question in questions(outlook, left, right)}

    assert asked({"mother"}, set())["mother"] == "rescued"
    assert asked(set(), {"mother"})["mother"] == "family"
    assert asked(set(), set())["mother"] == "both"
    assert "mother" not in asked({"mother"}, {"mother"})  # both told, and it could not be compared
    assert asked({"origin"}, {"origin"})["origin"] == "both"  # a village here, a country there
    assert asked({"remembered"}, set())["remembered"] == "rescued"
    assert "remembered" not in asked(set(), {"remembered"})  # nobody can remember for her
    assert "remembered" not in asked(set(), set())


def test_birth_is_asked_once_whichever_way_it_would_be_compared() -> None:
    model = judged()
    model.comparisons.setdefault("age", model.comparisons["birth"])
    outlook = Outlook(pair(1.6), model)
    for left, right, ask in (
        ({"birth"}, set(), "rescued"), ({"age"}, set(), "rescued"), (set(), {"age"}, "family"), (set(), set(), "both"),
    ):  # fmt: skip
        found = [question for question in questions(outlook, left, right) if question.comparison in ALTERNATIVES]
        assert [question.ask for question in found] == [ask]
        assert found[0].comparison == ("age" if "age" in left | right else "birth")
        assert found[0].text() == replace(found[0], comparison="birth").text()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("comparison", ANSWERED)
def test_a_question_is_gentle_and_says_whom_to_ask(language: str, comparison: str) -> None:
    words = wording(language)
    outlook = Outlook(pair(0.0), judged())
    template = questions(outlook, {"mother"}, frozenset())[0]
    rescued = replace(template, comparison=comparison, ask="rescued").text(language)
    asked = words.say(f"question.{comparison}.rescued")
    before, after = words.say("ask.rescued", question="|").split("|")
    assert rescued == before + asked + after
    assert before.strip()
    assert after.strip()
    if ANSWERED[comparison][1]:
        family = replace(template, comparison=comparison, ask="family").text(language)
        assert words.say(f"question.{comparison}.family") in family
        assert replace(template, comparison=comparison, ask="both").text(language) == f"{rescued} {family}"


def test_what_is_never_asked_has_no_question() -> None:
    for language in LANGUAGES:
        texts = wording(language).texts
        for comparison in NEVER:
            assert not [key for key in texts if key.startswith(f"question.{comparison}.")]
    assert not NEVER & set(ANSWERED)


FULL = person(
    "a", names="A", father="B", mother="C", relatives="D", sex=Sex.FEMALE, birth=date(2011, 5, 30),
    origin=Place("IN", "West Bengal"), remembered=("x",), event=date(2024, 1, 1), languages=("bn",), height_cm=140.0,
    marks=("scar",), phones=("9000000001",), identifiers=(("fir", "1"),), postcode="700001", address="x",
    community=("x",), clothing=("x",), belongings=("x",),
)  # fmt: skip


def test_a_record_knows_its_half_of_a_comparison() -> None:
    assert known_comparisons(person()) == frozenset()
    assert known_comparisons(FULL) == NAMES - {"face", "age"} | {"community", "clothing", "belongings"}
    guessed = replace(FULL, birth_basis=AgeBasis.GUESS)
    assert known_comparisons(guessed) ^ known_comparisons(FULL) == {"birth", "age"}
    assert "remembered" not in known_comparisons(replace(FULL, origin=Place("IN")))
    assert "remembered" in known_comparisons(person("b", Side.RESCUED, remembered=("a river",)))
    assert "remembered" not in known_comparisons(replace(FULL, side=Side.RESCUED, remembered=()))


@settings(max_examples=50, deadline=None)  # the first example reads the gazetteer
@given(people(Side.MISSING), people(Side.RESCUED))
def test_a_comparison_that_spoke_was_known_on_both_sides(left: PersonRecord, right: PersonRecord) -> None:
    left, right = numbered([left, right])
    columns, context = RecordColumns.build((left, right)), known_names()
    told = known_comparisons(left), known_comparisons(right)
    for comparison in COMPARISONS:
        spoke = comparison.assign(columns, np.array([0]), np.array([1]), context).levels[0] >= 0
        if comparison.name in ("relative", "remembered"):
            continue  # a relative may turn out to be the father; what the report remembers counts too
        if comparison.name in ALTERNATIVES:
            spoke, held = spoke, [bool(side & {"age", "birth"}) for side in told]
        else:
            held = [comparison.name in side for side in told]
        assert not spoke or all(held), comparison.name


def test_a_name_of_another_kind_is_a_name() -> None:
    assert "name" in known_comparisons(person(names=(PersonName("Buri"),)))
