"""Weights add up, unknown says nothing, a batch is its pairs, and photos alone raise nobody above "possible"."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import reduce
from operator import add

import numpy as np
import pytest
from made_people import known_names, person

from matcher import scoring
from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.compare.extras import ExtraKind, extra_comparison
from matcher.compare.names import DIFFERENT, FATHER, NAME
from matcher.comparison import LevelResult
from matcher.dependence import DependenceGroup
from matcher.household import SIBLINGS
from matcher.model import Grade, MatchModel
from matcher.person import FaceEmbedding, PersonRecord, Place, Sex, Side
from matcher.scoring import (
    BESIDE,
    FACE_NAME,
    PRIOR,
    Contribution,
    ScoredPairs,
    score_pair,
    score_pairs,
    scored_pair,
    to_probability,
)
from matcher.training import prior_model

CONTEXT = known_names()
REPORT = person(
    "m", names="Sunita Mondal", father="Gopal Mondal", sex=Sex.FEMALE, birth=date(2010, 5, 30),
    origin=Place("IN", "West Bengal", "24 Pgs (S)", "Gosaba"), event=date(2020, 1, 1), languages=("bn",),
)  # fmt: skip
RESCUE = person(
    "r", Side.RESCUED, names="सुनीता मंडल", father="Gopal", sex=Sex.FEMALE, birth=date(2010, 5, 30),
    origin=Place("India", "WB", "South 24 Parganas"), event=date(2022, 1, 1), languages=("bn", "hi"),
)  # fmt: skip


def face(x: float) -> FaceEmbedding:
    return FaceEmbedding(np.array([x, 0.0], dtype=np.float32), "m", taken=date(2024, 1, 1))


def test_the_right_pair_scores_high_and_says_why(model: MatchModel) -> None:
    found = score_pair(REPORT, RESCUE, CONTEXT, model, 100)
    assert found.grade.rank >= Grade.PROBABLE.rank
    assert (found.left_id, found.right_id, found.model_version) == ("m", "r", model.version)
    assert [part.comparison for part in found.contributions] == [
        PRIOR, "name", "father", "sex", "birth", "origin", "languages", "events", SIBLINGS,
    ]  # fmt: skip
    assert reduce(add, (part.bits for part in found.contributions)) == found.weight
    assert found.weight_without_face == found.weight


def test_a_stranger_scores_low(model: MatchModel) -> None:
    stranger = replace(RESCUE, names=person(names="Pemba Sherpa").names, sex=Sex.MALE, origin=Place("NP"))
    found = score_pair(REPORT, stranger, CONTEXT, model, 1000)
    assert found.grade is Grade.CERTAINLY_NOT
    assert found.probability < 1e-3


def test_two_bare_records_have_only_the_prior(model: MatchModel) -> None:
    found = score_pair(person(), person(side=Side.RESCUED), CONTEXT, model, 1000)
    assert [part.comparison for part in found.contributions] == [PRIOR]
    assert found.weight == model.prior_bits(1000)


@pytest.mark.parametrize("reports", [1, 2, 5, 10, 100, 10_000])
def test_a_face_alone_is_never_more_than_possible(model: MatchModel, reports: int) -> None:
    left = person(birth=date(1990, 1, 1), faces=(face(0.0), face(0.01)))
    right = person(side=Side.RESCUED, faces=(face(0.0),))
    found = score_pair(left, right, CONTEXT, model, reports)
    assert found.grade.rank <= Grade.POSSIBLE.rank
    (alone,) = (part for part in found.contributions if part.comparison not in BESIDE)
    assert alone.comparison == FACE_NAME
    assert alone.bits > 6
    assert found.weight_without_face == pytest.approx(model.prior_bits(reports), abs=0.2)


def test_a_face_does_not_outvote_what_speaks_against(model: MatchModel) -> None:
    left = person(sex=Sex.MALE, names="Sita Tamang", faces=(face(0.0),))
    right = person(side=Side.RESCUED, sex=Sex.FEMALE, names="Pemba Sherpa", faces=(face(0.0),))
    assert score_pair(left, right, CONTEXT, model, 1).grade.rank <= Grade.POSSIBLE.rank


def test_a_face_helps_a_pair_that_other_evidence_supports(model: MatchModel) -> None:
    left, right = replace(REPORT, faces=(face(0.0),)), replace(RESCUE, faces=(face(0.0),))
    plain, with_face = (score_pair(*pair, CONTEXT, model, 1000) for pair in ((REPORT, RESCUE), (left, right)))
    assert with_face.weight > plain.weight
    assert with_face.weight_without_face == pytest.approx(plain.weight)
    assert with_face.grade.rank >= plain.grade.rank


def test_evidence_that_comes_together_counts_once() -> None:
    alone = prior_model("p")
    grouped = replace(alone, groups={"all": DependenceGroup(tuple(alone.comparisons), 0.0)})
    alone = replace(alone, sibling_share=0.0)
    grouped, apart = replace(grouped, sibling_share=0.0), replace(alone, groups={})
    whole, once = (score_pair(REPORT, RESCUE, CONTEXT, model, 10).contributions for model in (apart, grouped))
    assert whole[0] == once[0]
    strongest = max(part.bits for part in whole[1:])
    most_against = min(0.0, *(part.bits for part in whole[1:]))
    assert sum(part.bits for part in once[1:]) == pytest.approx(strongest + most_against)


def test_faces_are_in_no_group() -> None:
    model = prior_model("p")
    assert not any(FACE_NAME in group.comparisons for group in model.groups.values())


def test_a_rarer_name_weighs_more(model: MatchModel) -> None:
    def bits(name: str) -> float:
        left, right = (
            person(side=side, names=name, origin=Place("IN", state))
            for side, state in ((Side.MISSING, "West Bengal"), (Side.RESCUED, "West Bengal"))
        )
        return next(p.bits for p in score_pair(left, right, CONTEXT, model, 10).contributions if p.comparison == "name")

    assert bits("Balaiamlang Kharbuli") > bits("Sunita Mondal") + 1


def test_a_comparison_that_the_model_does_not_know_counts_nothing(model: MatchModel) -> None:
    columns = RecordColumns.build([REPORT, RESCUE])
    i, j = np.array([0]), np.array([1])
    plain = score_pairs(columns, i, j, CONTEXT, model, 10)
    more = score_pairs(columns, i, j, CONTEXT, model, 10, (*COMPARISONS, extra_comparison("c", ExtraKind.EXACT)))
    assert more.names == plain.names
    assert more.weight.tolist() == plain.weight.tolist()
    less = replace(model, comparisons={"sex": model.comparisons["sex"]})
    only = score_pairs(columns, i, j, CONTEXT, less, 10)
    assert only.names == ("sex",)
    assert only.weight_without_face.tolist() == only.weight.tolist()


def test_a_comparison_that_only_bears_the_name_of_another_is_asked_itself(model: MatchModel) -> None:
    columns, pair = RecordColumns.build([REPORT, RESCUE]), (np.array([0]), np.array([1]))
    worst = np.array([DIFFERENT], dtype=np.int8)
    impostor = replace(NAME, assign=lambda _columns, _i, _j, _context: LevelResult.plain(worst))
    scored = score_pairs(columns, *pair, CONTEXT, model, 10, (FATHER, impostor))
    honest = score_pairs(columns, *pair, CONTEXT, model, 10, (FATHER, NAME))
    assert scored.levels[0, 1] == DIFFERENT != honest.levels[0, 1]
    assert scored.levels[0, 0] == honest.levels[0, 0]


def test_chunks_do_not_show(model: MatchModel, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = RecordColumns.build([REPORT, RESCUE, person("x", Side.RESCUED, names="Puja")])
    i, j = np.array([0, 0, 1, 2, 2]), np.array([1, 2, 2, 1, 0])
    whole = score_pairs(columns, i, j, CONTEXT, model, 10)
    monkeypatch.setattr(scoring, "CHUNK", 2)
    cut = score_pairs(columns, i, j, CONTEXT, model, 10)
    assert np.array_equal(whole.contributions, cut.contributions)
    assert np.array_equal(whole.levels, cut.levels)
    assert np.array_equal(whole.weight, cut.weight)


def test_no_pairs(model: MatchModel) -> None:
    empty = np.array([], dtype=np.int64)
    scored = score_pairs(RecordColumns.build([REPORT]), empty, empty, CONTEXT, model, 10)
    assert len(scored.weight) == len(scored.probability) == 0
    assert scored.contributions.shape == (0, 1 + len(COMPARISONS))


def test_extreme_weights_stay_probabilities() -> None:
    found = to_probability(np.array([-1e6, -300.0, 0.0, 300.0, 1e6]))
    assert found[2] == 0.5
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= 0).all()


def made(bits: dict[str, float], model: MatchModel) -> ScoredPairs:
    names = tuple(name for name in bits if name != PRIOR)
    contributions = np.array([[bits[PRIOR], *(bits[name] for name in names)]])
    levels = np.zeros((1, len(names)), dtype=np.int8)
    return ScoredPairs(contributions.sum(axis=1), contributions, levels, names, (("x",),) * len(names))


@pytest.mark.parametrize(
    ("bits", "grade"),
    [
        ({PRIOR: -3.0, "face": 30.0}, Grade.POSSIBLE),
        ({PRIOR: -3.0, "sex": -1.0, "face": 30.0}, Grade.POSSIBLE),
        ({PRIOR: -12.0, "sex": 2.0, "face": 30.0}, Grade.POSSIBLE),
        ({PRIOR: -3.0, "name": 6.0, "face": 30.0}, Grade.CERTAIN),
        ({PRIOR: -3.0, "name": 30.0, "face": -3.0}, Grade.CERTAIN),
        ({PRIOR: -12.0, "face": 2.0}, Grade.CERTAINLY_NOT),
    ],
)
def test_the_rule_for_photos(model: MatchModel, bits: dict[str, float], grade: Grade) -> None:
    assert scored_pair(made(bits, model), 0, "a", "b", model).grade is grade


def test_records_stay_as_they_are(model: MatchModel) -> None:
    def kept(record: PersonRecord) -> PersonRecord:
        return replace(record)

    before = kept(REPORT), kept(RESCUE)
    score_pair(REPORT, RESCUE, CONTEXT, model, 10)
    assert before == (REPORT, RESCUE)


def test_alike_faces_say_half_where_it_may_be_a_brother_or_sister() -> None:
    context, model = known_names(), MatchModel.load()

    def face_part(own: str, father: str) -> Contribution:
        missing = person(names="Sita Tamang", father="Gopal Mondal", faces=(face(0.0),))
        rescued = person(names=own, father=father, side=Side.RESCUED, faces=(face(0.05),))
        found = score_pair(missing, rescued, context, model, 1000)
        return next(part for part in found.contributions if part.comparison == "face")

    herself, sister, stranger = (
        face_part(*names)
        for names in (("Sita Tamang", "Gopal Mondal"), ("Gita Tamang", "Gopal Mondal"), ("Gita Tamang", "Hari Das"))
    )
    assert sister.bits == pytest.approx(herself.bits / 2)
    assert stranger.bits == pytest.approx(herself.bits)
    assert "a brother or sister would look alike" in sister.note
    assert "brother" not in herself.note
