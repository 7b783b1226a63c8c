"""Do two files of the same people find each other, without server, labels or agreement about ids?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.synthetic import SyntheticWorld
from indexing.linking import Linked, link_records, one_to_one
from matcher.compare.extras import ExtraKind, extra_comparison
from matcher.errors import InvalidRecord
from matcher.evaluation import Decision, decide
from matcher.model import MatchModel
from matcher.person import PartialDate, PersonName, PersonRecord, Place, Side

TODAY = date(2026, 11, 1)
PEOPLE = 150
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Files:
    """Two files; `truth[n]` is the left row of right row n."""

    left: tuple[PersonRecord, ...]
    right: tuple[PersonRecord, ...]
    truth: Ints


def two_files(seed: int, count: int, *, typed_again: bool = False) -> Files:
    """Return the reports of made people, and their rescues (or the reports as typed by another clerk), shuffled.

    The ids are numbered in each file by itself: most are in both files, and then mean two people.
    """
    world = SyntheticWorld(seed, TODAY)
    people = list(world.people(count))
    left = tuple(world.report(person, f"{n}").to_person(TODAY) for n, person in enumerate(people))
    truth = np.random.default_rng(seed).permutation(count)
    second = [world.report(people[at], f"{n}") if typed_again else world.rescue(people[at], f"{n}")
              for n, at in enumerate(truth.tolist())]  # fmt: skip
    right = tuple(replace(record.to_person(TODAY), side=Side.RESCUED) for record in second)
    return Files(left, right, truth)


def decision(files: Files, linked: Linked, rows: Ints | None = None) -> Decision:
    """Return how the probability .5 does on the pairs given, all without."""
    rows = np.arange(len(linked.left)) if rows is None else rows
    is_match = files.truth[linked.right[rows]] == linked.left[rows]
    return decide(linked.scored.probability[rows], is_match, 0.5, len(files.truth))


@dataclass(frozen=True)
class Outcome:
    files: Files
    linked: Linked
    told: tuple[tuple[str, int, int], ...]


@pytest.fixture(scope="module", params=[False, True], ids=["reports and rescues", "typed by two clerks"])
def outcome(request: pytest.FixtureRequest) -> Outcome:
    files = two_files(11, PEOPLE, typed_again=request.param)
    told: list[tuple[str, int, int]] = []
    linked = link_records(
        files.left, files.right, MatchModel.load(), stage=lambda what, done, total: told.append((what, done, total))
    )
    return Outcome(files, linked, tuple(told))


class TestTwoFiles:
    def test_the_same_people_are_linked(self, outcome: Outcome) -> None:
        assert decision(outcome.files, outcome.linked).f1 > 0.8

    def test_each_in_one_pair_only_is_better_still(self, outcome: Outcome) -> None:
        linked = outcome.linked
        kept = one_to_one(linked.left, linked.right, linked.scored.weight)
        assert decision(outcome.files, linked, kept).f1 > 0.9
        assert len(set(linked.left[kept].tolist())) == len(set(linked.right[kept].tolist())) == len(kept) <= PEOPLE

    def test_pairs_are_positions_of_both_files_each_once(self, outcome: Outcome) -> None:
        linked = outcome.linked
        pairs = list(zip(linked.left.tolist(), linked.right.tolist(), strict=True))
        assert len(pairs) == len(set(pairs)) == len(linked.scored.weight)
        assert all(0 <= a < PEOPLE and 0 <= b < PEOPLE for a, b in pairs)

    def test_nearly_every_true_pair_is_compared_and_not_every_pair(self, outcome: Outcome) -> None:
        linked = outcome.linked
        assert (outcome.files.truth[linked.right] == linked.left).sum() >= 0.97 * PEOPLE
        assert len(linked.left) < PEOPLE * PEOPLE / 2

    def test_equal_ids_in_both_files_are_no_evidence(self, outcome: Outcome) -> None:
        files, linked = outcome.files, outcome.linked
        assert {record.record_id for record in files.left} == {record.record_id for record in files.right}
        same_id = (linked.left == linked.right) & (files.truth[linked.right] != linked.left)
        assert same_id.any()
        assert linked.scored.probability[same_id].mean() < 0.2

    def test_every_weight_is_finite_and_explained(self, outcome: Outcome) -> None:
        scored = outcome.linked.scored
        assert np.isfinite(scored.weight).all()
        for row in (0, len(scored.weight) - 1):
            assert sum(part.bits for part in scored.explain(row)) == pytest.approx(scored.weight[row])

    def test_the_stages_are_told_in_order(self, outcome: Outcome) -> None:
        stages = list(dict.fromkeys(what for what, _, _ in outcome.told))
        assert stages == ["reading names and places", "finding candidates", "learning from the files", "scoring"]
        assert ("finding candidates", PEOPLE, PEOPLE) in outcome.told
        assert all(0 <= done <= total for _, done, total in outcome.told)
        for stage in stages:
            done = [number for what, number, _ in outcome.told if what == stage]
            assert done == sorted(done)


class TestSmallFiles:
    SHE = PersonRecord(
        "x",
        Side.MISSING,
        (PersonName("Sunita Mondal"),),
        father=(PersonName("Gopal Mondal"),),
        birth=PartialDate.exact(date(2011, 5, 30)),
        origin=Place("IN", "West Bengal", "Nadia"),
        phones=("+919800000000",),
    )

    def test_an_identical_record_alone_is_more_likely_than_not_the_same_person(self) -> None:
        linked = link_records([self.SHE], [replace(self.SHE, side=Side.RESCUED)], MatchModel.load())
        assert (linked.left.tolist(), linked.right.tolist()) == ([0], [0])
        assert linked.scored.probability[0] > 0.5

    def test_both_files_may_be_of_one_side(self) -> None:
        (probability,) = link_records([self.SHE], [self.SHE], MatchModel.load()).scored.probability
        assert probability > 0.5

    def test_the_inputs_and_the_model_are_left_as_they_were(self) -> None:
        model = MatchModel.load()
        before, left, right = model.to_json(), [self.SHE], [replace(self.SHE, side=Side.RESCUED)]
        link_records(left, right, model)
        assert model.to_json() == before
        assert (left, right) == ([self.SHE], [replace(self.SHE, side=Side.RESCUED)])

    def test_twice_is_the_same(self) -> None:
        files = two_files(3, 20)
        one, other = (link_records(files.left, files.right, MatchModel.load()) for _ in range(2))
        assert np.array_equal(one.left, other.left)
        assert np.array_equal(one.right, other.right)
        assert np.array_equal(one.scored.weight, other.scored.weight)

    def test_searching_in_batches_changes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        files, told = two_files(3, 20), list[tuple[int, int]]()

        def stage(what: str, done: int, total: int) -> None:
            if what == "finding candidates":
                told.append((done, total))

        at_once = link_records(files.left, files.right, MatchModel.load())
        monkeypatch.setattr("indexing.pairing._ENOUGH", 8)
        batched = link_records(files.left, files.right, MatchModel.load(), stage=stage)
        assert len(told) > 2
        assert told == sorted(told)
        assert told[-1] == (20, 20)
        assert np.array_equal(batched.left, at_once.left)
        assert np.array_equal(batched.right, at_once.right)
        assert np.array_equal(batched.scored.weight, at_once.scored.weight)

    def test_fewer_candidates_are_fewer_pairs(self) -> None:
        files = two_files(3, 30)
        few, many = (link_records(files.left, files.right, MatchModel.load(), candidates=k) for k in (1, 10))
        assert len(files.right) <= len(few.left) < len(many.left)

    def test_files_with_nothing_in_common_give_no_pairs(self) -> None:
        # Nothing is shared that any route looks at, so there is nothing to score.
        blank = PersonRecord("y", Side.RESCUED, height_cm=140.0)
        linked = link_records([self.SHE], [blank], MatchModel.load())
        assert len(linked.left) == len(linked.right) == len(linked.scored.weight) == 0


class TestExtra:
    CARD = extra_comparison("ration card", ExtraKind.EXACT)

    def numbered(self, files: Files) -> Files:
        """Return the files with a column that tells everybody apart."""
        return Files(
            tuple(replace(record, extras=(("ration card", f"no {n}"),)) for n, record in enumerate(files.left)),
            tuple(
                replace(record, extras=(("ration card", f"no {at}"),))
                for record, at in zip(files.right, files.truth.tolist(), strict=True)
            ),
            files.truth,
        )

    def test_a_further_column_is_compared(self) -> None:
        files = self.numbered(two_files(5, 40))
        plain = link_records(files.left, files.right, MatchModel.load())
        linked = link_records(files.left, files.right, MatchModel.load(), extra=[self.CARD])
        assert self.CARD.name not in plain.scored.names
        column = linked.scored.names.index(self.CARD.name)
        is_match = files.truth[linked.right] == linked.left
        assert (linked.scored.levels[is_match, column] == 0).all()
        assert (linked.scored.levels[~is_match, column] == 2).all()
        bits = linked.scored.contributions[:, 1 + column]
        assert bits[is_match].min() > 0 > bits[~is_match].max()
        assert decision(files, linked).f1 >= decision(files, plain).f1

    def test_a_column_that_no_record_has_is_no_comparison(self) -> None:
        files = two_files(5, 10)
        linked = link_records(files.left, files.right, MatchModel.load(), extra=[self.CARD])
        assert self.CARD.name not in linked.scored.names


PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from([-1.0, 0.0, 2.5, 7.0])), max_size=15)


def keep(pairs: Sequence[tuple[int, int, float]]) -> list[int]:
    left, right = (np.array([pair[at] for pair in pairs], dtype=np.int64) for at in (0, 1))
    kept: list[int] = one_to_one(left, right, np.array([pair[2] for pair in pairs], dtype=np.float64)).tolist()
    return kept


class TestOneToOne:
    def test_the_heavier_pair_is_kept(self) -> None:
        assert keep([(0, 0, 3.0), (0, 1, 5.0), (1, 0, 4.0), (1, 1, 9.0)]) == [0, 3]
        assert keep([(0, 0, 1.0), (1, 0, 2.0)]) == [1]

    def test_of_equal_pairs_the_first_is_kept(self) -> None:
        assert keep([(0, 0, 2.0), (0, 1, 2.0), (1, 0, 2.0)]) == [0]

    def test_positions_are_in_order(self) -> None:
        assert keep([(0, 0, 1.0), (1, 1, 2.0), (2, 2, 3.0)]) == [0, 1, 2]

    def test_nothing(self) -> None:
        assert keep([]) == []

    @given(pairs=PAIRS)
    @settings(max_examples=60, deadline=None)
    def test_each_record_once_and_every_pair_left_out_lost_to_one_as_heavy(
        self, pairs: list[tuple[int, int, float]]
    ) -> None:
        kept = keep(pairs)
        chosen = [pairs[at] for at in kept]
        assert len({a for a, _, _ in chosen}) == len({b for _, b, _ in chosen}) == len(chosen)
        for at, (a, b, weight) in enumerate(pairs):
            if at not in kept:
                assert any((a == c or b == d) and heavy >= weight for c, d, heavy in chosen)


@pytest.mark.parametrize(("left", "right"), [(0, 1), (1, 0), (0, 0)])
def test_an_empty_side_is_refused(left: int, right: int) -> None:
    person = PersonRecord("1", Side.MISSING)
    with pytest.raises(InvalidRecord):
        link_records([person] * left, [person] * right, MatchModel.load())


@pytest.mark.parametrize("turned", [False, True])
def test_a_few_people_are_found_among_many_whichever_file_comes_first(turned: bool) -> None:
    world = SyntheticWorld(19, TODAY)
    many = [world.report(person, f"{n}").to_person(TODAY) for n, person in enumerate(world.people(1500))]
    few = [replace(record, record_id=f"few {n}", side=Side.RESCUED) for n, record in enumerate(many[:15])]
    linked = link_records(few, many, MatchModel.load()) if turned else link_records(many, few, MatchModel.load())
    likely = linked.scored.probability >= 0.5
    pairs = set(zip(linked.left[likely].tolist(), linked.right[likely].tolist(), strict=True))
    assert len({(n, n) for n in range(15)} & pairs) >= 13


def test_what_moved_the_shipped_levels_is_left_behind_and_what_decisions_moved_is_kept() -> None:
    shipped = MatchModel.load()
    files = two_files(3, 40)
    plain = link_records(files.left, files.right, shipped).model
    assert not any(level.shift for part in plain.comparisons.values() for level in part.levels)
    own = link_records(files.left, files.right, replace(shipped, taught_by=frozenset({"someone"}))).model
    assert own.comparisons["name"].levels[1].shift == shipped.comparisons["name"].levels[1].shift != 0
