"""Every language has words for everything that can be said, in its own letters, with the fields of the English."""

from __future__ import annotations

import re
import unicodedata
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.compare import COMPARISONS
from matcher.compare.extras import ExtraKind, extra_comparison
from matcher.compare.faces import SIBLING_NOTE, face_evidence
from matcher.explaining.language import LANGUAGES, choose_language
from matcher.explaining.next_question import ANSWERED
from matcher.explaining.wording import wording
from matcher.face_calibration import shipped_calibrations
from matcher.model import Grade
from matcher.names.zawgyi import looks_like_zawgyi
from matcher.reference import read_table
from matcher.scoring import NO_RIVAL, PRIOR, RIVAL, RIVALS

FOREIGN = LANGUAGES[1:]
SCRIPTS = {"hi": "DEVANAGARI", "ne": "DEVANAGARI", "bn": "BENGALI", "as": "BENGALI", "my": "MYANMAR"}
each_foreign = pytest.mark.parametrize("language", FOREIGN)


def table(language: str) -> dict[str, dict[str, str]]:
    return {row["key"]: row for row in read_table(f"wording/{language}.tsv")}


def english_of(key: str) -> str | None:
    """Return what a translated key says in English: in the table, as a label, or as a comparison's question."""
    questions = {f"asked.{comparison.name}": comparison.question for comparison in COMPARISONS}
    if key.startswith("finding."):
        return key.removeprefix("finding.")
    return questions.get(key) or table("en").get(key, {}).get("text")


@each_foreign
def test_every_comparison_and_level_has_words(language: str) -> None:
    known = table(language)
    for comparison in (*COMPARISONS, extra_comparison("ward", ExtraKind.TEXT)):
        if not comparison.name.startswith("extra:"):
            assert f"subject.{comparison.name}" in known, comparison.name
            assert f"asked.{comparison.name}" in known, comparison.name
        for label in comparison.labels:
            assert f"finding.{label}" in known, label
    assert {f"finding.{label}" for label in (RIVAL, NO_RIVAL)} | {f"subject.{RIVALS}", f"asked.{RIVALS}"} <= set(known)


def test_english_names_every_comparison() -> None:
    assert {f"subject.{comparison.name}" for comparison in COMPARISONS} <= set(table("en"))


@each_foreign
def test_every_english_text_is_translated_and_still_the_one_that_was(language: str) -> None:
    rows = table(language)
    assert set(table("en")) <= set(rows)
    for key, row in rows.items():
        english = english_of(key)
        # Comparisons that this version does not make may keep their words: stored matches can have them.
        assert english in (None, row["english"]), key
        assert english is not None or key.startswith("asked."), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_stands_twice_and_nothing_is_empty(language: str) -> None:
    rows = list(read_table(f"wording/{language}.tsv"))
    assert len({row["key"] for row in rows}) == len(rows)
    assert all(row["text"] for row in rows)


@each_foreign
def test_the_fields_of_a_text_are_those_of_the_english(language: str) -> None:
    for key, row in table(language).items():
        fields = [
            sorted(name for _, name, _, _ in Formatter().parse(row[column]) if name) for column in ("english", "text")
        ]
        assert fields[0] == fields[1], key


@each_foreign
def test_letters_are_of_the_language_and_digits_stay_western(language: str) -> None:
    for key, row in table(language).items():
        bare = re.sub(r"\{\w+\}", "", row["text"])
        assert unicodedata.is_normalized("NFC", bare), key
        for char in bare:
            if char.isalpha() or unicodedata.category(char) in ("Mn", "Mc"):
                assert unicodedata.name(char).startswith(SCRIPTS[language]), (key, char)
            assert not char.isdigit() or char in "0123456789", key


def test_assamese_and_bengali_keep_their_own_letters() -> None:
    assamese = " ".join(row["text"] for row in table("as").values())
    bengali = " ".join(row["text"] for row in table("bn").values())
    assert "র" not in assamese
    assert {"ৰ", "ৱ"} <= set(assamese)
    assert not {"ৰ", "ৱ"} & set(bengali)


def test_burmese_is_unicode_not_zawgyi() -> None:
    for key, row in table("my").items():
        assert not looks_like_zawgyi(row["text"]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_grades_probabilities_and_the_prior_have_words(language: str) -> None:
    words = wording(language)
    assert len({words.grade(grade) for grade in Grade}) == 4
    assert len({words.probability(value) for value in (0.001, 0.5, 0.999)}) == 3
    subject, finding = words.label(PRIOR, "before anything is compared", -10.0)
    assert subject
    assert "1,025" in finding
    assert "1,025" in words.statement(PRIOR, "before anything is compared", -10.0)


def test_a_prior_of_any_size_is_one_in_some_number() -> None:
    assert wording("en").label(PRIOR, "", 0.0)[1] == "one in 2"
    assert wording("en").label(PRIOR, "", 30.0)[1] == "one in 1"
    assert wording("en").label(PRIOR, "", -5000.0)[1].startswith("one in 1,")


@each_foreign
@pytest.mark.parametrize("comparison", ANSWERED)
def test_every_question_is_asked_in_every_language(language: str, comparison: str) -> None:
    rescued, family = ANSWERED[comparison]
    for side, chance in (("rescued", rescued), ("family", family)):
        assert (f"question.{comparison}.{side}" in table(language)) is (chance > 0)


@each_foreign
@given(
    distance=st.floats(0, 1.2), age=st.floats(0, 40), years=st.floats(0, 30),
    quality=st.sampled_from(["good", "fair", "weak", "unusable"]), known=st.booleans(), siblings=st.booleans(),
)  # fmt: skip
def test_no_english_is_left_in_what_photos_say(
    language: str, distance: float, age: float, years: float, quality: str, known: bool, siblings: bool
) -> None:
    model = next(iter(shipped_calibrations())) if known else "another model"
    note = face_evidence(distance, age, years, ("good", quality), model).sentence
    note += f"; {SIBLING_NOTE}" if siblings else ""
    told = wording(language).note(note)
    assert not re.search("[A-Za-z]", told), told
    assert sorted(re.findall(r"\d[\d,]*\d|\d", told)) == sorted(re.findall(r"\d[\d,]*\d|\d", note))


def test_a_note_that_nobody_translated_stays_readable() -> None:
    told = wording("hi").note("something new; one photo is of weak quality, so it counts less")
    assert told.startswith("something new; ")
    assert "फ़ोटो" in told


def test_a_label_of_an_older_model_is_still_told() -> None:
    assert wording("hi").finding("no such label") == "no such label"
    assert wording("bn").finding("a mark of the same description") != "a mark of the same description"


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        ((), "en"),
        ((None, ""), "en"),
        (("hi",), "hi"),
        (("bn-BD",), "bn"),
        (("bn_IN",), "bn"),
        (("AS",), "as"),
        (("nep",), "ne"),
        (("mya",), "my"),
        (("kha", "ne-NP"), "ne"),
        (("fr", None, "my"), "my"),
        (("hi-IN,hi;q=0.9,en;q=0.8",), "hi"),
        (("en;q=0.3, my;q=0.7, kha",), "my"),
        (("fr-FR, *;q=0.1", "as"), "as"),
        (("hi;q=0, bn;q=0.5",), "bn"),
        (("hi;q=x, bn",), "bn"),
        (("hi;q=nan",), "en"),
        (("hindi", "qqq"), "en"),
        ((";;;,,,q=1",), "en"),
    ],
)
def test_the_first_wish_that_can_be_met_is_met(wishes: tuple[str | None, ...], language: str) -> None:
    assert choose_language(*wishes) == language


@given(st.lists(st.none() | st.text(max_size=60), max_size=4))
def test_whatever_a_browser_sends_there_is_a_language(wishes: list[str | None]) -> None:
    assert choose_language(*wishes) in LANGUAGES
