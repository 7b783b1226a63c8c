"""What is foretold of one more finding is what the scoring says once it is there; so is what would change the grade."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_outlooks import judged, outlooks, pair
from made_people import known_names, numbered, people, person

from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.explaining.grade_change import grade_changes, what_would_change
from matcher.explaining.language import LANGUAGES
from matcher.explaining.next_question import questions
from matcher.explaining.outlook import ALTERNATIVES, Outlook, finding_bits, never_comparable
from matcher.model import Grade, Thresholds
from matcher.person import PersonRecord, Side
from matcher.scoring import FACE_NAME, NO_RIVAL, PRIOR, RIVALS, Contribution, score_pair


@settings(max_examples=50, deadline=None)  # the first example reads the gazetteer
@given(people(Side.MISSING), people(Side.RESCUED), st.sampled_from([0.3, 0.7, 1.0]), st.sampled_from([1, 50, 100_000]))
def test_the_pair_as_it_stands_is_the_pair_that_was_scored(
    left: PersonRecord, right: PersonRecord, share: float, reports: int
) -> None:
    scored = score_pair(*numbered([left, right]), known_names(), judged(share), reports)
    outlook = Outlook(scored.contributions, judged(share))
    assert outlook.weight == pytest.approx(scored.weight, abs=1e-9)
    assert outlook.grade is scored.grade
    if scored.grade is judged(share).grade(scored.probability):
        assert outlook.probability == pytest.approx(scored.probability, abs=1e-9)
    else:  # photos alone may not lift: the decision rests on the rest
        assert outlook.probability <= scored.probability + 1e-9


@settings(max_examples=50, deadline=None)  # the first example reads the gazetteer
@given(people(Side.MISSING), people(Side.RESCUED), st.sampled_from([0.3, 1.0]), st.data())
def test_what_is_foretold_of_a_field_comes_true_when_it_is_filled_in(
    left: PersonRecord, right: PersonRecord, share: float, data: st.DataObject
) -> None:
    field = data.draw(st.sampled_from(["postcode", "phones"]))  # of which no value is rarer than another
    values = {"postcode": ("700001", "844501"), "phones": (("9000000001",), ("9000000002",))}
    theirs, hers = (data.draw(st.sampled_from(values[field])) for _ in range(2))
    left, right = numbered([left, right])
    model, context = judged(share, siblings=0.05), known_names()
    blank = replace(left, **{field: None if field == "postcode" else ()})
    before = score_pair(blank, replace(right, **{field: hers}), context, model, 1000)
    after = score_pair(replace(left, **{field: theirs}), replace(right, **{field: hers}), context, model, 1000)
    outlook = Outlook(before.contributions, model)
    (level,) = [part.level for part in after.contributions if part.comparison == field]
    finding = outlook.findings(field)[level]
    assert field in outlook.unknown
    assert outlook.weight + finding.bits == pytest.approx(after.weight, abs=1e-9)
    assert finding.grade is after.grade


@given(outlooks(), st.data())
def test_findings_are_all_levels_and_their_chances_add_up(outlook: Outlook, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(outlook.unknown))
    findings = outlook.findings(name)
    assert [finding.label for finding in findings] == [level.label for level in outlook.model.comparisons[name].levels]
    assert sum(finding.chance for finding in findings) == pytest.approx(1.0)
    for finding in findings:
        assert 0 <= finding.probability <= 1
        assert finding.bits * finding_bits(outlook.model, name, finding.level) > -1e-9


def test_a_rare_name_stays_rare_when_another_level_is_supposed() -> None:
    model = judged()
    spelled = finding_bits(model, "name", 1)
    outlook = Outlook(pair(0.0, Contribution("name", "one name in two spellings", spelled + 3.0, 1)), model)
    same, _, shorter, *_, different = outlook.findings("name")
    assert outlook.findings("name")[1].bits == pytest.approx(0.0)
    assert same.bits == pytest.approx(finding_bits(model, "name", 0) - spelled + 3.0 * (1.0 / 0.95 - 1), abs=1e-6)
    assert 0 > shorter.bits > different.bits == pytest.approx(finding_bits(model, "name", 5) - spelled - 3.0)


def test_photos_alone_are_no_reason_to_be_sure() -> None:
    parts = (Contribution(PRIOR, "before", -3.0, -1), Contribution(FACE_NAME, "faces alike", 9.0, 0))
    outlook = Outlook(parts, judged())
    assert outlook.weight == pytest.approx(6.0)
    assert outlook.grade is Grade.POSSIBLE
    assert outlook.probability == pytest.approx(1 / (1 + 2**3.0))


def test_that_no_other_report_fits_is_no_evidence_beside_the_photos() -> None:
    parts = (
        Contribution(PRIOR, "before", -3.0, -1),
        Contribution("sex", "same sex", 1.0, 0),
        Contribution(FACE_NAME, "faces alike", 9.0, 0),
        Contribution(RIVALS, NO_RIVAL, 4.0, -1),
    )
    outlook = Outlook(parts, judged())
    assert outlook.weight == pytest.approx(11.0)
    assert outlook.grade is Grade.POSSIBLE
    assert RIVALS not in outlook.known


def test_age_and_date_of_birth_are_one_thing() -> None:
    for known, other in ALTERNATIVES.items():
        outlook = Outlook(pair(0.0, Contribution(known, "fits", 1.0, 0)), judged())
        assert known not in outlook.unknown
        assert other not in outlook.unknown


def test_clothes_are_not_asked_for_years_later() -> None:
    lost = person(event=date(2024, 1, 1))

    def closed(found: date | None) -> frozenset[str]:
        return never_comparable(lost, person("b", Side.RESCUED, event=found))

    assert closed(date(2024, 1, 20)) == frozenset()
    assert closed(date(2024, 6, 1)) == {"clothing"}
    assert closed(date(2026, 1, 1)) == closed(None) == {"clothing", "belongings"}
    outlook = Outlook(pair(0.0), judged(), closed(None))
    assert "clothing" not in outlook.unknown
    assert "clothing" not in {question.comparison for question in questions(outlook, {"clothing"}, frozenset())}
    assert "clothing" not in {change.comparison for change in grade_changes(outlook)}
    assert "clothing" in Outlook(pair(0.0), judged()).unknown


@given(people(Side.MISSING), people(Side.RESCUED))
@settings(max_examples=50, deadline=None)
def test_what_is_closed_never_speaks(left: PersonRecord, right: PersonRecord) -> None:
    worn = {"clothing": ("red frock",), "belongings": ("bag",)}
    left, right = (replace(record, **worn) for record in numbered([left, right]))
    columns, context = RecordColumns.build((left, right)), known_names()
    closed = never_comparable(left, right)
    for comparison in COMPARISONS:
        if comparison.name in worn:
            spoke = comparison.assign(columns, np.array([0]), np.array([1]), context).levels[0] >= 0
            assert spoke is not (comparison.name in closed)


# What would change the grade


@given(outlooks())
def test_each_change_changes_the_grade_as_it_says(outlook: Outlook) -> None:
    for change in grade_changes(outlook):
        findings = {finding.label: finding for finding in outlook.findings(change.comparison)}
        finding = findings[change.label]
        assert finding.grade is change.grade
        assert (finding.grade.rank > outlook.grade.rank) is change.upward
        assert change.grade is not outlook.grade
        assert (change.bits > 0) is change.upward
        assert bool(change.current) is (change.comparison in outlook.known)
        assert change.comparison != FACE_NAME


@given(outlooks(), st.sampled_from(LANGUAGES))
def test_at_most_three_sentences_none_twice(outlook: Outlook, language: str) -> None:
    sentences = what_would_change(outlook, language)
    assert len(sentences) == len(set(sentences)) == min(len(grade_changes(outlook)), 3)
    assert all("{" not in sentence for sentence in sentences)


def test_up_down_and_what_would_have_to_be_otherwise() -> None:
    model = replace(judged(), thresholds=Thresholds(0.98, 0.75, 0.02))
    name = Contribution("name", "same name, a part left out", finding_bits(model, "name", 2), 2)
    up, down, otherwise = what_would_change(Outlook(pair(-1.0, name), model))
    assert up.startswith("If the mother's name also agreed (") or up.startswith("If the father's name also agreed (")
    assert "did not agree (" in down
    assert down.endswith("the grade would be “certainly not”.")
    assert otherwise.startswith("If her name turned out to be “")
    assert "not “same name, a part left out”" in otherwise


def test_nothing_lifts_what_is_certain() -> None:
    assert all(not change.upward for change in grade_changes(Outlook(pair(9.0), judged())))
    assert all(change.upward for change in grade_changes(Outlook(pair(-9.0), judged())))
    assert what_would_change(Outlook(pair(-200.0), judged())) == []
