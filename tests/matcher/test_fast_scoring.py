"""Do compiled weights equal those of `score_pairs` for hostile names, odd comparisons, photos, and any model?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from made_people import HOSTILE, NAMES, known_names, numbered, person
from names.name_cases import COLLAPSED, DISTINCT, NEAR, VARIANTS

from data.synthetic import linked_sample
from indexing.match_index import context_of
from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.compare.attributes import SEX
from matcher.compare.extras import ExtraKind, extra_comparison
from matcher.compare.names import FATHER, MOTHER, NAME, RELATIVE
from matcher.comparison import Comparison, Context, LevelResult
from matcher.dependence import DependenceGroup
from matcher.fast import PairScorer, compiled, dates, names, places, tables, things
from matcher.model import MatchModel
from matcher.person import FaceEmbedding, PersonName, PersonRecord, Side
from matcher.scoring import ScoredPairs, score_pairs
from matcher.training import prior_model

MODEL = prior_model("test", COMPARISONS)
REPORTS, RESCUES = 500, 80
TODAY = date(2026, 11, 1)


class People:
    """Records of two sides, all pairs of them, and what `score_pairs` says of these."""

    def __init__(self, left: Sequence[PersonRecord], right: Sequence[PersonRecord], context: Context | None) -> None:
        self.records = numbered([*left, *right])
        self.columns = RecordColumns.build(self.records)
        self.context = context or context_of(self.columns, len(left))
        self.left, self.right = np.arange(len(left)), np.arange(len(left), len(left) + len(right))
        self.i, self.j = np.repeat(np.arange(len(left)), len(right)), np.tile(np.arange(len(right)), len(left))

    def oracle(self, model: MatchModel = MODEL, comparisons: Sequence[Comparison] = COMPARISONS) -> ScoredPairs:
        i, j = self.left[self.i], self.right[self.j]
        return score_pairs(self.columns, i, j, self.context, model, 1000, comparisons)

    def scorer(
        self, model: MatchModel = MODEL, comparisons: Sequence[Comparison] = COMPARISONS, threads: int = 2
    ) -> PairScorer:
        return PairScorer(self.columns, self.left, self.right, self.context, model, 1000, comparisons, threads=threads)

    def check(self, model: MatchModel = MODEL, comparisons: Sequence[Comparison] = COMPARISONS) -> None:
        expected, scorer = self.oracle(model, comparisons), self.scorer(model, comparisons)
        assert scorer.names == expected.names
        np.testing.assert_array_equal(scorer.levels(self.i, self.j), expected.levels)
        np.testing.assert_allclose(scorer.weights(self.i, self.j), expected.weight, atol=1e-3)


@pytest.fixture(scope="module")
def sample() -> People:
    drawn = linked_sample(80_051, REPORTS, RESCUES, TODAY)
    reports, rescues = ([record.to_person(TODAY) for record in side] for side in (drawn.reports, drawn.rescues))
    return People(reports, rescues, None)


def with_names(texts: Sequence[str], side: Side) -> list[PersonRecord]:
    there = (PersonName(text) for text in texts if text.strip())
    return [person("x", side, names=(name,), father=(name,)) for name in there]


def test_every_pair_of_synthetic_people(sample: People) -> None:
    sample.check()


def test_two_records_of_one_side(sample: People) -> None:
    alike = People([], [], sample.context)
    alike.columns, alike.left, alike.right = sample.columns, sample.left[:90], sample.left[60:150]
    alike.i, alike.j = np.repeat(np.arange(90), 90), np.tile(np.arange(90), 90)
    alike.check()


def test_threads_and_calls_change_nothing(sample: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.fast.scorer._LEAST", 1500)  # many chunks of few pairs
    alone, together = sample.scorer(threads=1), sample.scorer(threads=2)
    expected = alone.weights(sample.i, sample.j)
    np.testing.assert_array_equal(together.weights(sample.i, sample.j), expected)
    order = np.random.default_rng(5).permutation(len(sample.i))
    for start in range(0, len(order), 9999):
        part = order[start : start + 9999]
        np.testing.assert_array_equal(alone.weights(sample.i[part], sample.j[part]), expected[part])


def test_names_of_every_kind() -> None:
    pairs = [pair.split("|") for pair in (*VARIANTS, *DISTINCT, *NEAR, *COLLAPSED)]
    more = (
        "Abdul Rahman Mondal", "Abdurrahman Mandal", "Ram Kumar Das", "Ramkumar Das", "R. K. Das", "A. Das", "Md",
        "Khin Khin Htwe Naing Oo", "Khinkhin Htwe", "Supercalifragilisticexpialidocious Das", "Begum", "Karim",
        "Abdulrahmanmohammadkarim", "Abdul Rahman Mohammad Karim", "Rabi Das", "Rabindra Das", "Mst Rahima Khatun",
        "Karima", *NAMES, *HOSTILE,
    )  # fmt: skip
    left, right = (with_names([*(pair[k] for pair in pairs), *more], side) for k, side in enumerate(Side))
    People(left, right, known_names()).check(comparisons=(NAME, FATHER, MOTHER, RELATIVE))


def test_words_that_meet_in_one_letter() -> None:
    """Written as one word, two words have one letter where both have it: what is spelled in batch must say so, too."""
    texts = [
        "Zebunnisa Molla", "जेबन नेशा मोल्ला", "Paw Gay", "ဖောဂေးအယ်", "Lay Eh", "Pu Lay", "Man Kumar Ghale",
        "Mankumari Gale", "That Ta War", "Thattawar", "Abdul Latif Fakir", "Abdullatif Fakir", "Mohammad Din",
        "Mohamadin", "Karan Nath", "Karnath", "Ram Mohan Nandan", "Rammohanandan",
    ]  # fmt: skip
    people = [person(names=(PersonName(text),)) for text in texts]
    People(people, people, None).check()


def test_names_said_of_several_people() -> None:
    words = ("Gopal", "Mondal", "Gopal Mondal", "Sunita", "Sunita Mondal", "Maya", "😀", "Abdul Rahman", "Abdurrahman")
    rng = np.random.default_rng(11)

    def some(most: int) -> tuple[PersonName, ...]:
        return tuple(PersonName(str(text)) for text in rng.choice(words, rng.integers(0, most + 1)))

    people = [
        [
            person("x", side, names=some(4), father=some(2), mother=some(2), relatives=some(3))
            for side in rng.choice(list(Side), 60)
        ]
        for _ in range(2)
    ]
    People(*people, known_names()).check(comparisons=(NAME, FATHER, MOTHER, RELATIVE))


def test_a_comparison_that_nobody_has_described_is_asked_of_every_pair(sample: People) -> None:
    def odd(columns: RecordColumns, i: np.ndarray, j: np.ndarray, _context: Context) -> LevelResult:
        return LevelResult.plain(((columns.birth[i, 0] + columns.height_on[j]) % 3 - 1).astype(np.int8))

    stranger = Comparison("odd", "Is it odd?", ("even", "odd", "neither"), odd)
    impostor = Comparison("sex", SEX.question, SEX.labels, odd)
    assert tables.reads_of(impostor) is None
    sample.check(prior_model("odd", (stranger, NAME)), (stranger, NAME))
    sample.check(MODEL, (impostor, NAME))


def test_columns_of_a_deployment() -> None:
    values = ("12", "13", "1200", "a b", "ab", "nan", "-", "12 a")
    sides = [[person("x", side, extras=(("ward", value),)) for value in values] for side in Side]
    for side in sides:
        side.append(person("x", side[0].side))
    kinds = [extra_comparison("ward", kind) for kind in ExtraKind]
    for comparison in (*kinds, extra_comparison("none", ExtraKind.TEXT)):
        People(*sides, known_names()).check(prior_model("extra", (comparison,)), (comparison,))


def test_photos(sample: People) -> None:
    rng = np.random.default_rng(4)

    def faces(count: int) -> tuple[FaceEmbedding, ...]:
        vectors = rng.normal(0, 0.1, (count, 8)).astype(np.float32)
        return tuple(FaceEmbedding(vector, str(rng.choice(["m", "b", "no such"])), "good", None) for vector in vectors)

    sides = [
        [replace(record, faces=faces(int(rng.integers(0, 3)))) for record in sample.records[rows]]
        for rows in (slice(0, 60), slice(REPORTS, REPORTS + 60))
    ]
    people = People(*sides, known_names())
    assert (people.oracle().levels[:, [c.name for c in COMPARISONS].index("face")] >= 0).sum() > 500
    people.check()


def test_other_weights_groups_and_comparisons(sample: People) -> None:
    rng = np.random.default_rng(8)
    names_of = [comparison.name for comparison in COMPARISONS]
    for sibling_share in (0.0, 0.3):
        shifted = {
            name: replace(
                part,
                levels=tuple(replace(level, shift=float(rng.normal(0, 2))) for level in part.levels),
                rarity_scale=float(rng.choice([0.0, 0.4])),
            )
            for name, part in MODEL.comparisons.items()
        }
        some = DependenceGroup(tuple(rng.permutation(names_of)[:6]), 0.3)
        groups = {"some": some, "gone": DependenceGroup(("x",), 0.0)}
        model = replace(MODEL, comparisons=shifted, groups=groups, sibling_share=sibling_share)
        sample.check(model, [COMPARISONS[k] for k in rng.permutation(len(COMPARISONS))[:9]])
    known = {name: MODEL.comparisons[name] for name in ("sex", "father")}
    sample.check(replace(MODEL, comparisons=known))
    sample.check(replace(MODEL, comparisons={}))


def test_answers_too_many_to_keep(sample: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_SITUATIONS", 3)
    monkeypatch.setattr("matcher.fast.scorer.MOST_SITUATIONS", 3)
    sample.check()


def test_one_person_among_many_and_no_answer_of_other_records(sample: People) -> None:
    """What days and areas say is kept for all that score: it must hold for whoever is asked about next."""
    reports = sample.records[:150]
    for rescued in sample.records[REPORTS : REPORTS + 12]:
        People(reports, [rescued], sample.context).check()
        People([rescued], reports, sample.context).check()


def test_codes_without_gaps() -> None:
    rng = np.random.default_rng(3)
    for most in (1, 5, 3000):
        codes = rng.integers(0, most, 200).astype(np.int32)
        found, count = tables.numbered(codes)
        distinct = np.unique(np.append(codes, 0))
        assert count == len(distinct)
        np.testing.assert_array_equal(distinct[found], codes)


def test_nobody_and_nothing() -> None:
    People([], [], known_names()).check()
    People([person("a")], [person("b", Side.RESCUED)], known_names()).check()


@pytest.mark.parametrize(("i", "j"), [(-1, 0), (0, -1), (REPORTS, 0), (0, RESCUES)])
def test_positions_outside_are_refused(sample: People, i: int, j: int) -> None:
    with pytest.raises(IndexError, match="outside"):
        sample.scorer().weights(np.array([0, i]), np.array([0, j]))


def test_every_comparison_is_described() -> None:
    situated = (*names.COMPARISONS, *dates.Times.sizes, *places.Places.sizes, *things.COMPARISONS)
    described = {comparison.name for comparison in situated} | tables.READS.keys()
    assert {comparison.name for comparison in COMPARISONS} <= described
    assert tables.READS.keys() <= {comparison.name for comparison in COMPARISONS}


class _Watched:
    """Columns that note which of them are read."""

    def __init__(self, columns: RecordColumns) -> None:
        self._columns, self.read = columns, set[str]()

    def __getattr__(self, name: str) -> object:
        self.read.add(name)
        return getattr(self._columns, name)


@pytest.mark.parametrize("name", sorted(tables.READS.keys() - {"face"}))
def test_a_comparison_reads_what_is_written_down(sample: People, name: str) -> None:
    comparison = next(comparison for comparison in COMPARISONS if comparison.name == name)
    watched = _Watched(sample.columns)
    comparison.assign(watched, sample.left[sample.i], sample.right[sample.j], sample.context)
    of_records = {
        field
        for field in watched.read
        if isinstance(column := getattr(sample.columns, field), np.ndarray) and len(column) == len(sample.columns)
    }
    reads = tables.READS[name]
    assert of_records == {*reads.needed, *reads.also}


def test_only_what_scores_in_batch_takes_the_compiler_along() -> None:
    # A search scans and weighs its candidates in batch, so whatever searches takes it along, and the service with it.
    code = "import sys, matcher.scoring, matcher.gathering, matcher.training; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_nowhere_to_keep_compiled_code(monkeypatch: pytest.MonkeyPatch) -> None:
    make, kept = compiled._make, []

    def refusing(**options: object) -> object:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        kept.append(options)
        return make(**options)

    monkeypatch.setattr(compiled, "_make", refusing)
    assert compiled.compiled(lambda a, b: a + b)(2, 3) == 5
    assert kept == [{"nogil": True}]
