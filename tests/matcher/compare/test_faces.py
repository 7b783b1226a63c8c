"""What two photos say: capped, falling with distance and years, once for several photos, never across models."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from made_people import known_names, label, person

from matcher.columns import RecordColumns
from matcher.compare.faces import FACE, LABELS, face_evidence, face_notes
from matcher.comparison import NULL
from matcher.person import FaceEmbedding, Side

CONTEXT = known_names()
DLIB = "dlib-resnet-v1/hog/5-point/mirror-mean/1"


def face(x: float, model: str = "m", **fields: object) -> FaceEmbedding:
    return FaceEmbedding(np.array([x, 0.0], dtype=np.float32), model, **fields)


def bits(distance: float, age: float = 25.0, years: float = 0.0, weak: bool = False) -> float:
    return face_evidence(distance, age, years, ("weak" if weak else "good", "fair"), DLIB).bits


def test_caps_of_the_design() -> None:
    per_log10 = np.log2(10.0)
    assert bits(0.2) == pytest.approx(2.0 * per_log10)
    assert bits(1.2) == pytest.approx(-1.0 * per_log10)
    assert bits(0.2, age=10, years=1) == pytest.approx(1.5 * per_log10)
    assert bits(1.2, age=10, years=1) == pytest.approx(-0.7 * per_log10)
    assert bits(0.2, age=7, years=7) <= 1.05 * per_log10
    assert bits(1.2, age=7, years=7) >= -0.25 * per_log10
    assert bits(0.2, age=3, years=5) == pytest.approx(0.7 * per_log10)
    assert bits(1.2, age=3, years=5) == pytest.approx(-0.2 * per_log10)


def test_a_weak_photo_says_less() -> None:
    assert bits(0.2, weak=True) == pytest.approx(0.6 * bits(0.2))
    assert bits(1.2, weak=True) == pytest.approx(0.6 * bits(1.2))


def test_levels() -> None:
    assert label(FACE, person(faces=(face(0.0),)), person(faces=(face(0.1),))) == LABELS[0]
    assert label(FACE, person(faces=(face(0.0),)), person(faces=(face(1.2),))) == LABELS[2]
    assert label(FACE, person(faces=(face(0.0),)), person()) == "unknown"


def test_models_are_never_mixed() -> None:
    assert label(FACE, person(faces=(face(0.0, "a"),)), person(faces=(face(0.0, "b"),))) == "unknown"


def test_several_photos_count_once_and_the_best_counts() -> None:
    born, event = date(1995, 1, 1), date(2024, 1, 1)
    many = person(birth=born, event=event, faces=(face(0.9), face(0.0), face(5.0, "other")))
    others = [person(event=event, faces=(face(0.05),) * count) for count in (2, 1)]
    columns = RecordColumns.build([many, *others])
    result = FACE.assign(columns, np.array([0, 0]), np.array([1, 2]), CONTEXT)
    assert result.rarity[0] == result.rarity[1] > 5
    assert result.levels.tolist() == [0, 0]


def test_no_faces_at_all_and_no_pairs() -> None:
    columns = RecordColumns.build([person(), person()])
    assert FACE.assign(columns, np.array([0]), np.array([1]), CONTEXT).levels.tolist() == [NULL]
    empty = np.array([], dtype=np.int64)
    assert len(FACE.assign(columns, empty, empty, CONTEXT).levels) == 0


def test_the_day_of_a_photo_is_the_events_when_the_photo_has_none() -> None:
    born, early, late = date(2012, 1, 1), date(2017, 1, 1), date(2022, 1, 1)
    taken = (face(0.0, taken=early), face(0.0, taken=late))
    dated = [person(birth=born, faces=(one,)) for one in taken]
    undated = [person(birth=born, event=day, faces=(face(0.0),)) for day in (early, late)]
    columns = RecordColumns.build([*dated, *undated, dated[0]])
    result = FACE.assign(columns, np.array([0, 2, 0]), np.array([1, 3, 4]), CONTEXT)
    assert result.rarity[0] == result.rarity[1] < result.rarity[2]


def test_of_two_dates_of_birth_the_later_holds_either_way_round() -> None:
    old = person(birth=date(1990, 1, 1), faces=(face(0.0, taken=date(2015, 1, 1)),))
    young = person(birth=date(2010, 1, 1), faces=(face(0.3, taken=date(2020, 1, 1)),))
    columns = RecordColumns.build([old, young])
    result = FACE.assign(columns, np.array([0, 1]), np.array([1, 0]), CONTEXT)
    assert result.rarity[0] == result.rarity[1]
    assert result.rarity[0] == pytest.approx(bits(0.3, age=5.0, years=5.0), abs=0.05)


def test_the_sentence_says_what_the_gap_means() -> None:
    evidence = face_evidence(0.5, 7, 7, ("good", "good"), DLIB)
    assert evidence.sentence == (
        "over a 7-year gap this model would miss about 4 of 5 true matches at 1 false alarm in 1,000"
    )
    assert "same year" in face_evidence(0.5, 30, 0.2, ("good", "good"), DLIB).sentence
    assert "weak quality" in face_evidence(0.5, 30, 0.2, ("good", "weak"), DLIB).sentence


def test_what_is_not_calibrated_or_too_poor_says_nothing() -> None:
    assert face_evidence(0.1, 20, 0, ("good", "good"), "onnx/unknown").bits == 0.0
    assert face_evidence(0.1, 20, 0, ("good", "unusable"), DLIB).bits == 0.0
    unknown = (person(faces=(face(0.0, "new"),)), person(faces=(face(0.0, "new"),)))
    assert label(FACE, *unknown) == "unknown"
    (note,) = face_notes(RecordColumns.build(unknown), np.array([0]), np.array([1]), CONTEXT)
    assert "no calibration" in note


def test_notes_are_of_the_photos_that_counted() -> None:
    born = date(2010, 1, 1)
    missing = person(birth=born, faces=(face(0.0, taken=date(2017, 1, 1)), face(3.0, taken=date(2022, 1, 1))))
    rescued = person(faces=(face(0.1, taken=date(2024, 1, 1)),))
    columns = RecordColumns.build([missing, rescued, person()])
    notes = face_notes(columns, np.array([0, 0]), np.array([1, 2]), CONTEXT)
    assert notes[0].startswith("over a 7-year gap this model")
    assert notes[1] == ""


def test_unknown_years_are_no_years_of_the_same_photo() -> None:
    born = date(2005, 1, 1)
    missing = person(birth=born, faces=(face(0.0),))
    columns = RecordColumns.build([missing, person(faces=(face(0.1, taken=date(2024, 1, 1)),))])
    found = FACE.assign(columns, np.array([0]), np.array([1]), CONTEXT)
    assert found.rarity[0] == pytest.approx(bits(0.1, age=19.0, years=5.0), abs=0.02)
    (note,) = face_notes(columns, np.array([0]), np.array([1]), CONTEXT)
    assert note.startswith("the years between the photos are not known: taken for 5,")


def test_a_missing_childs_photo_is_not_younger_than_the_day_she_was_last_seen() -> None:
    """A telephone's picture of an old print is dated today."""
    born, seen, now = date(2010, 1, 1), date(2017, 1, 1), date(2024, 1, 1)
    missing = person(birth=born, event=seen, faces=(face(0.0, taken=now),))
    rescued = person("r", Side.RESCUED, event=now, faces=(face(0.1, taken=now),))
    columns = RecordColumns.build([missing, rescued])
    found = FACE.assign(columns, np.array([0]), np.array([1]), CONTEXT)
    assert found.rarity[0] == pytest.approx(bits(0.1, age=7.0, years=7.0), abs=0.02)
