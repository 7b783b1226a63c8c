"""Contributions become sentences: strongest first, no prior, no values, odds to be read, in six languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_people import known_names, person

from matcher.compare import COMPARISONS
from matcher.explaining.language import LANGUAGES
from matcher.explanation import probability_words, reasons
from matcher.model import MatchModel
from matcher.person import Side
from matcher.scoring import PRIOR, Contribution, score_pair
from matcher.training import prior_model

NAMES = sorted(comparison.name for comparison in COMPARISONS)


@pytest.fixture(scope="module")
def judged() -> MatchModel:
    return prior_model("judgement")


def test_strongest_first_and_the_prior_left_out() -> None:
    found = reasons(
        [
            Contribution(PRIOR, "before", -12.0, -1),
            Contribution("sex", "same sex", 0.5, 0),
            Contribution("name", "different names", -3.0, 5),
            Contribution("mother", "same name", 3.0, 0),
        ]
    )
    assert [reason.comparison for reason in found] == ["mother", "name", "sex"]
    assert found[0].statement == "the mother's name: same name (8.0 times more likely to be one person)"
    assert found[1].statement == "her name: different names (8.0 times less likely to be one person)"
    assert found[1].finding == "different names"


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (0.0, "says next to nothing either way"),
        (-0.1, "says next to nothing either way"),
        (1.0, "2.0 times more likely"),
        (-1.0, "2.0 times less likely"),
        (5.0, "32 times more likely"),
        (12.0, "4,096 times more likely"),
        (40.0, "more than 100,000 times more likely"),
        (-40.0, "more than 100,000 times less likely"),
        (5000.0, "more than 100,000 times more likely"),
    ],
)
def test_odds_in_words(bits: float, words: str) -> None:
    assert words in reasons([Contribution("sex", "x", bits, 0)])[0].statement


@pytest.mark.parametrize(
    ("language", "statement"),
    [
        ("hi", "माँ का नाम: वही नाम (एक ही व्यक्ति होने की संभावना 8.0 गुना ज़्यादा)"),
        ("bn", "মায়ের নাম: একই নাম (একই ব্যক্তি হওয়ার সম্ভাবনা 8.0 গুণ বেশি)"),
        ("as", "মাকৰ নাম: একে নাম (একেজন ব্যক্তি হোৱাৰ সম্ভাৱনা 8.0 গুণ বেছি)"),
        ("ne", "आमाको नाम: उही नाम (एउटै व्यक्ति हुने सम्भावना 8.0 गुणा बढी)"),
        ("my", "အမေ၏ အမည် – အမည်တူ (လူတစ်ဦးတည်း ဖြစ်နိုင်ခြေ 8.0 ဆ ပိုများ)"),
        ("tlh", "the mother's name: same name (8.0 times more likely to be one person)"),
    ],
)
def test_the_reader_gets_it_in_her_language(language: str, statement: str) -> None:
    assert reasons([Contribution("mother", "same name", 3.0, 0)], language)[0].statement == statement


def test_a_deployments_own_column_has_a_question_too() -> None:
    reason = reasons([Contribution("extra:ward", "equal", 2.0, 0)])[0]
    assert reason.question == "Does ward agree?"
    assert reason.statement.startswith("ward: equal")
    assert reasons([Contribution("extra:ward", "equal", 2.0, 0)], "hi")[0].statement.startswith("ward: समान")


def test_a_note_follows_its_finding() -> None:
    (reason,) = reasons(
        [Contribution("face", "faces alike", 2.0, 0, "one photo is of weak quality, so it counts less")]
    )
    assert reason.statement.endswith("likely to be one person); one photo is of weak quality, so it counts less")


def test_every_comparison_has_its_own_question() -> None:
    for comparison in COMPARISONS:
        assert reasons([Contribution(comparison.name, "x", 1.0, 0)])[0].question == comparison.question


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_explanation_carries_no_value(judged: MatchModel, language: str) -> None:
    left = person("l", names="Zyxwova Qarnat", father="Brumil", postcode="743370", address="9 Tulgey Lane")
    right = person("r", Side.RESCUED, names="Zyxwova", father="Brumil", postcode="743371", address="9 Tulgey Lane")
    contributions = score_pair(left, right, known_names(), judged, 100).contributions
    text = str(reasons(contributions, language)).casefold()
    for value in ("zyxwova", "qarnat", "brumil", "74337", "tulgey"):
        assert value not in text


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (1.0, "more than 99 in 100"), (0.995, "more than 99 in 100"), (0.99, "about 99 in 100"),
        (0.5, "about 50 in 100"), (0.005, "about 1 in 100"), (0.004, "less than 1 in 100"), (0.0, "less than 1 in 100"),
    ],
)  # fmt: skip
def test_probability_in_words(probability: float, words: str) -> None:
    assert probability_words(probability) == words


@given(st.floats(0, 1))
def test_never_certain(probability: float) -> None:
    words = probability_words(probability)
    assert "100 in 100" not in words
    assert " 0 in 100" not in words


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.floats(-30, 30)), max_size=12), st.sampled_from(LANGUAGES))
def test_order_is_by_strength_whatever_the_order_given(parts: list[tuple[str, float]], language: str) -> None:
    contributions = [Contribution(name, "x", bits, 0) for name, bits in parts]
    found = reasons(contributions, language)
    strengths = [abs(reason.bits) for reason in found]
    assert strengths == sorted(strengths, reverse=True)
    assert len(found) == len(parts)
