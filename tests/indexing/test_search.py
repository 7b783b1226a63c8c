"""Are matches the right people, best first, always in the same order, and those known before always among them?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from indexing.candidates import KEY_ROUTE, KNOWN_ROUTE, Filter
from indexing.errors import BadSearch
from indexing.match_index import MatchIndex
from indexing.search import FEWEST_REPORTS, FoundMatch, find_matches, find_matches_batch, other_side
from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.model import Grade, MatchModel
from matcher.person import PartialDate, PersonName, PersonRecord, Sex, Side
from matcher.scoring import BESIDE, NO_RIVAL, RIVAL, RIVALS, ScoredPair, score_pair

Source = Callable[..., Any]


@pytest.fixture(scope="module")
def model() -> MatchModel:
    return MatchModel.load()


@pytest.fixture(scope="module")
def index(population: Any) -> MatchIndex:
    index = MatchIndex("dlib-1")
    index.upsert(population.everybody)
    return index


@pytest.fixture(scope="module")
def source(population: Any, in_memory: Source) -> Any:
    return in_memory(population.everybody)


def ids(matches: list[FoundMatch]) -> list[str]:
    return [match.pair.left_id for match in matches]


def pair_of(matches: list[FoundMatch], report: PersonRecord, rescue: PersonRecord) -> ScoredPair:
    """Return the one match of a report (left) and a rescue (right)."""
    (pair,) = [
        match.pair
        for match in matches
        if (match.pair.left_id, match.pair.right_id) == (report.record_id, rescue.record_id)
    ]
    return pair


class TestWhoIsFound:
    def test_the_true_report_is_mostly_first(
        self, population: Any, index: MatchIndex, source: Any, model: MatchModel
    ) -> None:
        results = find_matches_batch(population.rescues, index, source, model)
        first = [
            bool(found) and found[0].pair.left_id == population.truth[rescue.record_id]
            for rescue, found in zip(population.rescues, results, strict=True)
            if rescue.record_id in population.truth
        ]
        assert len(first) == 36
        assert sum(first) >= 33

    def test_from_either_side_it_is_the_same_pair_and_weight(
        self, population: Any, index: MatchIndex, source: Any, model: MatchModel
    ) -> None:
        reports = {report.record_id: report for report in population.reports}
        for rescue in population.rescues[:8]:
            report = reports[population.truth[rescue.record_id]]
            forward = pair_of(find_matches(rescue, index, source, model, limit=200, candidates=500), report, rescue)
            backward = pair_of(find_matches(report, index, source, model, limit=200, candidates=500), report, rescue)
            assert forward.weight == pytest.approx(backward.weight, abs=1e-6)
            assert forward.grade is backward.grade

    def test_a_query_need_not_be_in_the_index(
        self, population: Any, index: MatchIndex, source: Any, model: MatchModel
    ) -> None:
        known = find_matches(population.rescues[0], index, source, model)
        transient = find_matches(replace(population.rescues[0], record_id="query"), index, source, model)
        assert ids(transient) == ids(known)
        assert {match.pair.right_id for match in transient} == {"query"}
        assert [match.pair.weight for match in transient] == [match.pair.weight for match in known]

    def test_a_record_without_anything_finds_nobody(self, index: MatchIndex, source: Any, model: MatchModel) -> None:
        assert find_matches(PersonRecord("q", Side.RESCUED), index, source, model) == []

    def test_an_empty_index_and_no_queries(self, population: Any, in_memory: Source, model: MatchModel) -> None:
        nothing, nobody = MatchIndex("dlib-1"), in_memory([])
        assert find_matches(population.rescues[0], nothing, nobody, model) == []
        assert find_matches_batch([], nothing, nobody, model) == []

    @pytest.mark.parametrize("text", ["😀", "\x00", "x" * 10_000, "\ud800", "\u202eatinuS", "Ѕunita"])
    def test_any_name_gives_a_defined_result(
        self, index: MatchIndex, source: Any, model: MatchModel, text: str
    ) -> None:
        query = PersonRecord("q", Side.RESCUED, (PersonName(text),), father=(PersonName(text),), remembered=(text,))
        weights = [match.pair.weight for match in find_matches(query, index, source, model, candidates=5)]
        assert weights == sorted(weights, reverse=True)


def evidence(match: FoundMatch) -> list[str]:
    return [part.comparison for part in match.pair.contributions if part.comparison not in BESIDE[1:]]


class TestOrder:
    def test_best_first_and_scored_as_two_records_alone(
        self, population: Any, index: MatchIndex, source: Any, model: MatchModel
    ) -> None:
        reports = max(index.count(Side.MISSING), FEWEST_REPORTS)
        for rescue in population.rescues[:5]:
            matches = find_matches(rescue, index, source, model)
            weights = [match.pair.weight for match in matches]
            assert weights == sorted(weights, reverse=True)
            for match in matches:
                alone = score_pair(source.held[match.pair.left_id], rescue, index.context, model, reports)
                of_two = [part.comparison for part in alone.contributions if part.comparison not in BESIDE[1:]]
                assert evidence(match) == of_two
                *_, rivals = match.pair.contributions
                assert rivals.comparison == RIVALS
                assert match.pair.weight == pytest.approx(alone.weight + rivals.bits, abs=1e-6)
                assert (match.pair.left_id, match.pair.right_id) == (alone.left_id, alone.right_id)
                assert match.pair.model_version == model.version
                assert sum(part.bits for part in match.pair.contributions) == pytest.approx(match.pair.weight)

    def test_equal_weights_go_by_id(self, in_memory: Source, model: MatchModel) -> None:
        same = [
            PersonRecord(record_id, Side.MISSING, (PersonName("Sunita Mondal"),), address="near the river")
            for record_id in ("d", "a", "c", "b")
        ]
        index = MatchIndex("dlib-1")
        index.upsert(same)
        query = PersonRecord("q", Side.RESCUED, (PersonName("Sunita Mondal"),))
        for backwards in (False, True):
            matches = find_matches(query, index, in_memory(same, backwards=backwards), model)
            assert ids(matches) == ["a", "b", "c", "d"]
            assert len({match.pair.weight for match in matches}) == 1

    def test_the_order_of_the_source_does_not_matter(
        self, population: Any, index: MatchIndex, in_memory: Source, model: MatchModel
    ) -> None:
        forward = find_matches_batch(population.rescues[:20], index, in_memory(population.everybody), model)
        backward = find_matches_batch(
            population.rescues[:20], index, in_memory(population.everybody, backwards=True), model
        )
        assert forward == backward

    def test_the_same_question_gets_the_same_answer(
        self, population: Any, index: MatchIndex, source: Any, model: MatchModel
    ) -> None:
        answers = [find_matches_batch(population.rescues[:20], index, source, model) for _ in range(2)]
        assert answers[0] == answers[1]

    def test_a_batch_is_its_queries_one_by_one(
        self, population: Any, index: MatchIndex, source: Any, model: MatchModel
    ) -> None:
        batch = find_matches_batch(population.rescues[:30], index, source, model)
        assert batch == [find_matches(rescue, index, source, model) for rescue in population.rescues[:30]]

    def test_a_shorter_answer_is_the_beginning_of_a_longer_one(
        self, population: Any, index: MatchIndex, source: Any, model: MatchModel
    ) -> None:
        long = find_matches(population.rescues[0], index, source, model, limit=50)
        assert 20 < len(long) <= 50
        for limit in (1, 2, 20):
            assert find_matches(population.rescues[0], index, source, model, limit=limit) == long[:limit]


class TestOnly:
    BENGAL = Filter(areas=("IN/WB",))

    def test_only_those_who_may_be_are_found(
        self, population: Any, index: MatchIndex, source: Any, model: MatchModel
    ) -> None:
        passing = passed(population.reports, self.BENGAL)
        assert 10 < len(passing) < len(population.reports) / 2
        found = set()
        for rescue in population.rescues[:20]:
            everybody = find_matches(rescue, index, source, model, limit=500, candidates=1000)
            some = find_matches(rescue, index, source, model, only=self.BENGAL, limit=500, candidates=1000)
            # Who is worth comparing at all does not depend on who else may be found.
            assert ids(some) == [record_id for record_id in ids(everybody) if record_id in passing]
            found |= set(ids(some))
        assert len(found) > len(passing) / 2

    def test_the_store_is_asked_only_for_whom_the_caller_may_see(
        self, population: Any, index: MatchIndex, in_memory: Source, model: MatchModel
    ) -> None:
        source, passing = in_memory(population.everybody), passed(population.rescues, self.BENGAL)
        found = find_matches_batch(population.reports[:60], index, source, model, only=self.BENGAL)
        assert any(found)
        assert source.asked
        assert set(source.asked) <= passing
        assert {match.pair.right_id for one in found for match in one} <= passing

    def test_nobody_passes(self, population: Any, index: MatchIndex, source: Any, model: MatchModel) -> None:
        nobody = Filter(born=(1, 2))
        assert not passed([record for record in population.reports if record.birth], nobody)
        known = {record.record_id for record in population.reports if record.birth}
        found = find_matches(population.rescues[0], index, source, model, only=nobody, limit=500)
        assert not known & set(ids(found))


def passed(records: Sequence[PersonRecord], only: Filter) -> set[str]:
    columns = RecordColumns.build(records)
    return {records[row].record_id for row in np.flatnonzero(only.passes(columns)).tolist()}


class TestKnown:
    def test_ids_known_before_are_scored_and_returned_beyond_the_limit(
        self, population: Any, index: MatchIndex, source: Any, model: MatchModel
    ) -> None:
        rescue = population.rescues[0]
        everything = find_matches(rescue, index, source, model, limit=200, candidates=1000)
        assert len(everything) > 20
        worst = [match.pair.left_id for match in everything[-2:]]
        (found,) = find_matches_batch([rescue], index, source, model, limit=2, candidates=1, also=[worst])
        assert ids(found)[-2:] == worst
        assert [match.routes for match in found[-2:]] == [(KNOWN_ROUTE,)] * 2
        # Who else was compared says something about rivals, and nothing about what the two records say.
        assert [m.pair.contributions[:-1] for m in found[-2:]] == [m.pair.contributions[:-1] for m in everything[-2:]]
        assert 2 < len(found) <= 4

    def test_known_ids_that_are_found_again_keep_their_routes_and_count_once(
        self, population: Any, index: MatchIndex, source: Any, model: MatchModel
    ) -> None:
        rescue = population.rescues[0]
        plain = find_matches(rescue, index, source, model, limit=3)
        known = [plain[0].pair.left_id, plain[2].pair.left_id, plain[0].pair.left_id]
        assert find_matches_batch([rescue], index, source, model, limit=3, also=[known]) == [plain]
        (short,) = find_matches_batch([rescue], index, source, model, limit=1, also=[known])
        assert short == [plain[0], plain[2]]

    def test_each_query_has_its_own(self, population: Any, index: MatchIndex, source: Any, model: MatchModel) -> None:
        one, other = population.rescues[:2]
        report = population.reports[0].record_id
        plain = find_matches_batch([one, other], index, source, model, limit=1, candidates=1)
        found = find_matches_batch([one, other], index, source, model, limit=1, candidates=1, also=[[], [report]])
        assert found[0] == plain[0]
        assert ids(found[1]) == [*ids(plain[1]), report]

    def test_they_are_found_even_by_a_record_without_anything(
        self, population: Any, index: MatchIndex, source: Any, model: MatchModel
    ) -> None:
        report = population.reports[0].record_id
        (found,) = find_matches_batch([PersonRecord("q", Side.RESCUED)], index, source, model, also=[[report]])
        assert ids(found) == [report]
        assert evidence(found[0]) == ["prior"]

    def test_those_that_are_gone_or_of_the_same_side_are_left_out(
        self, population: Any, index: MatchIndex, source: Any, model: MatchModel
    ) -> None:
        also = [["gone", population.rescues[1].record_id]]
        plain = find_matches_batch(population.rescues[:1], index, source, model)
        assert find_matches_batch(population.rescues[:1], index, source, model, also=also) == plain

    @pytest.mark.parametrize("also", [[], [["M0000000"]], [[], [], []]])
    def test_one_entry_for_each_query(
        self, population: Any, index: MatchIndex, source: Any, model: MatchModel, also: list[list[str]]
    ) -> None:
        with pytest.raises(ValueError, match="one entry for each query"):
            find_matches_batch(population.rescues[:2], index, source, model, also=also)


class TestSource:
    """Records are weighed as the index holds them; the source gives rescued persons, to be asked for other reports."""

    @pytest.fixture
    def report(self, population: Any) -> PersonRecord:
        true = population.truth[population.rescues[0].record_id]
        return next(report for report in population.reports if report.record_id == true)

    def test_a_rescued_person_who_no_longer_exists_is_left_out(
        self, report: PersonRecord, population: Any, index: MatchIndex, in_memory: Source, model: MatchModel
    ) -> None:
        best, second = (
            m.pair.right_id for m in find_matches(report, index, in_memory(population.everybody), model)[:2]
        )
        assert best == population.rescues[0].record_id
        left = in_memory(record for record in population.everybody if record.record_id != best)
        assert find_matches(report, index, left, model)[0].pair.right_id == second

    def test_one_who_has_changed_side_meanwhile_is_left_out(
        self, report: PersonRecord, population: Any, index: MatchIndex, in_memory: Source, model: MatchModel
    ) -> None:
        source = in_memory(population.everybody)
        best = find_matches(report, index, source, model)[0].pair.right_id
        source.held[best] = replace(source.held[best], side=Side.MISSING)
        assert best not in [match.pair.right_id for match in find_matches(report, index, source, model, limit=200)]

    def test_what_is_weighed_is_what_the_index_holds(
        self, population: Any, index: MatchIndex, source: Any, in_memory: Source, model: MatchModel
    ) -> None:
        nothing = in_memory([])
        for rescue in population.rescues[:5]:
            assert find_matches(rescue, index, nothing, model) == find_matches(rescue, index, source, model)
        assert nothing.asked == []

    def test_who_may_not_learn_of_other_reports_asks_the_source_nothing(
        self, report: PersonRecord, population: Any, index: MatchIndex, in_memory: Source, model: MatchModel
    ) -> None:
        source = in_memory(population.everybody)
        assert find_matches(report, index, source, model, compete=False)
        assert source.asked == []

    def test_each_person_is_asked_for_once(
        self, report: PersonRecord, population: Any, index: MatchIndex, in_memory: Source, model: MatchModel
    ) -> None:
        source = in_memory(population.everybody)
        known = [[population.rescues[0].record_id, population.rescues[5].record_id]] * 3
        find_matches_batch([report] * 3, index, source, model, also=known)
        assert set(known[0]) <= set(source.asked)
        assert len(source.asked) == len(set(source.asked))


class TestArguments:
    def test_queries_of_both_sides(self, population: Any, index: MatchIndex, source: Any, model: MatchModel) -> None:
        with pytest.raises(ValueError, match="both sides"):
            find_matches_batch([population.reports[0], population.rescues[0]], index, source, model)

    @pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": -1}, {"candidates": 0}])
    def test_fewer_than_one(
        self, population: Any, index: MatchIndex, source: Any, model: MatchModel, wrong: dict[str, int]
    ) -> None:
        with pytest.raises(BadSearch, match="at least 1"):
            find_matches(population.rescues[0], index, source, model, **wrong)  # type: ignore[arg-type]

    def test_fewer_comparisons_leave_their_evidence_out(
        self, population: Any, index: MatchIndex, source: Any, model: MatchModel
    ) -> None:
        names = tuple(comparison for comparison in COMPARISONS if comparison.name == "name")
        (found,) = find_matches_batch(population.rescues[:1], index, source, model, comparisons=names)
        assert {part for match in found for part in evidence(match)} <= {"prior", "name"}

    def test_other_side(self) -> None:
        assert other_side(Side.MISSING) is Side.RESCUED
        assert other_side(Side.RESCUED) is Side.MISSING


def test_in_a_deployment_that_has_just_begun_the_prior_is_that_of_more_reports(
    in_memory: Source, model: MatchModel
) -> None:
    def prior(count: int) -> float:
        reports = [
            PersonRecord(f"m{number}", Side.MISSING, (PersonName("Sunita"),), address="here") for number in range(count)
        ]
        index = MatchIndex("dlib-1")
        index.upsert(reports)
        query = PersonRecord("q", Side.RESCUED, (PersonName("Sunita"),))
        return find_matches(query, index, in_memory(reports), model, limit=1)[0].pair.contributions[0].bits

    assert prior(1) == prior(20) == pytest.approx(model.prior_bits(FEWEST_REPORTS))
    assert prior(FEWEST_REPORTS + 500) == pytest.approx(model.prior_bits(FEWEST_REPORTS + 500))


def test_a_shared_phone_is_told_as_the_route(in_memory: Source, model: MatchModel) -> None:
    report = PersonRecord("m", Side.MISSING, (PersonName("Sunita"),), phones=("1",), address="near the river")
    index = MatchIndex("dlib-1")
    index.upsert([report])
    query = PersonRecord("q", Side.RESCUED, phones=("1",))
    (match,) = find_matches(query, index, in_memory([report]), model)
    assert match.routes == (KEY_ROUTE,)
    assert "phones" in {part.comparison for part in match.pair.contributions}


def test_two_records_that_share_a_phone_and_nothing_else(in_memory: Source, model: MatchModel) -> None:
    report = PersonRecord("m", Side.MISSING, phones=("1",))
    index = MatchIndex("dlib-1")
    index.upsert([report])
    (match,) = find_matches(PersonRecord("q", Side.RESCUED, phones=("1",)), index, in_memory([report]), model)
    assert evidence(match) == ["prior", "phones"]


class TestRivals:
    """Five girls of one name from one district: each is less likely than the only one would be."""

    def found(self, in_memory: Source, model: MatchModel, *reports: PersonRecord) -> list[FoundMatch]:
        index = MatchIndex("dlib-1")
        index.upsert(reports)
        query = PersonRecord("q", Side.RESCUED, (PersonName("Balaiamlang Kharbuli"),), sex=Sex.FEMALE)
        return find_matches(query, index, in_memory(reports), model)

    def report(self, record_id: str, year: int, father: str) -> PersonRecord:
        birth = PartialDate.exact(date(year, 3, 4))
        name, parent = PersonName("Balaiamlang Kharbuli"), PersonName(father)
        return PersonRecord(record_id, Side.MISSING, (name,), (parent,), sex=Sex.FEMALE, birth=birth)

    def test_other_girls_of_the_name_make_each_less_likely(self, in_memory: Source, model: MatchModel) -> None:
        one, other = self.report("a", 2009, "Shanbor Nongrum"), self.report("b", 2016, "Tarun Das")
        (alone,) = self.found(in_memory, model, one)
        both = self.found(in_memory, model, one, other)
        assert [match.pair.contributions[-1].label for match in (alone, *both)] == [NO_RIVAL, RIVAL, RIVAL]
        assert both[0].pair.probability < alone.pair.probability
        assert sum(match.pair.probability for match in both) <= 1

    def test_two_reports_of_one_girl_are_no_rivals(self, in_memory: Source, model: MatchModel) -> None:
        one, again = self.report("a", 2009, "Shanbor Nongrum"), self.report("b", 2009, "Shanbor Nongrum")
        for match in self.found(in_memory, model, one, again):
            assert match.pair.contributions[-1].bits > -0.1

    def test_a_report_that_asks_is_weighed_against_the_others(self, in_memory: Source, model: MatchModel) -> None:
        one, other = self.report("a", 2009, "Shanbor Nongrum"), self.report("b", 2016, "Tarun Das")
        rescued = PersonRecord("r", Side.RESCUED, (PersonName("Balaiamlang Kharbuli"),), sex=Sex.FEMALE)
        index = MatchIndex("dlib-1")
        index.upsert([other, rescued])
        (asked,) = find_matches(one, index, in_memory([other, rescued]), model)  # `one` is in no index yet
        index.upsert([one])
        everybody = in_memory([one, other, rescued])
        (now,) = find_matches(one, index, everybody, model)
        there = pair_of(find_matches(rescued, index, everybody, model), one, rescued)
        assert now.pair.weight == pytest.approx(there.weight, abs=1e-6)
        assert asked.pair.contributions[-1].label == now.pair.contributions[-1].label == RIVAL

    def test_a_weak_pair_that_is_stored_weighs_the_same_from_both_sides(
        self, in_memory: Source, model: MatchModel
    ) -> None:
        one, other = self.report("a", 2009, "Shanbor Nongrum"), self.report("b", 2016, "Tarun Das")
        weak = replace(other, names=(PersonName("Pemba Sherpa"),), record_id="c")
        rescued = PersonRecord("r", Side.RESCUED, (PersonName("Balaiamlang Kharbuli"),), sex=Sex.FEMALE)
        everybody = [one, other, weak, rescued]
        index = MatchIndex("dlib-1")
        index.upsert(everybody)
        source = in_memory(everybody)
        (there,) = find_matches_batch([rescued], index, source, model, limit=50, also=[["c"]])
        (back,) = find_matches_batch([weak], index, source, model, limit=50, also=[["r"]])
        assert pair_of(there, weak, rescued).grade is Grade.CERTAINLY_NOT
        assert pair_of(there, weak, rescued).weight == pytest.approx(pair_of(back, weak, rescued).weight, abs=1e-6)

    def test_who_may_not_learn_of_other_reports_gets_an_answer_that_does_not_depend_on_them(
        self, in_memory: Source, model: MatchModel
    ) -> None:
        rescued = PersonRecord("r", Side.RESCUED, (PersonName("Balaiamlang Kharbuli"),), sex=Sex.FEMALE)
        asked, other = self.report("asked", 2009, "Shanbor Nongrum"), self.report("b", 2016, "Tarun Das")
        answers = []
        for held in ([rescued], [rescued, other]):
            index = MatchIndex("dlib-1")
            index.upsert(held)
            (match,) = find_matches(asked, index, in_memory(held), model, compete=False)
            answers.append({part.comparison for part in match.pair.contributions})
        assert answers[0] == answers[1]
        assert RIVALS not in answers[0]
