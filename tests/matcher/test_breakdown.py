"""Does each row hold its own pairs, and never a handful of people, nor let one be worked out by subtraction?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.breakdown import (
    LEAST_PEOPLE,
    NEVER,
    NOT_COMPARED,
    OTHER,
    PairOutcomes,
    merged_keys,
    merged_name,
    nested_table,
    number_people,
    table,
    yes_no_rows,
)
from matcher.evaluation import Decision

HALF = (0.5,)
Pair = tuple[bool, int, float, int]


def outcomes(pairs: Sequence[Pair]) -> PairOutcomes:
    """Return the outcomes of (is it true, person, probability, rank)."""
    return PairOutcomes(
        np.array([pair[0] for pair in pairs], dtype=np.bool_),
        np.array([pair[1] for pair in pairs], dtype=np.int64),
        np.array([pair[2] for pair in pairs], dtype=np.float64),
        np.array([pair[3] for pair in pairs], dtype=np.int64),
    )


def found(person: int, probability: float = 0.9, rank: int = 0) -> Pair:
    return True, person, probability, rank


def lost(person: int) -> Pair:
    return True, person, NOT_COMPARED, NEVER


def wrong(probability: float = 0.9) -> Pair:
    return False, -1, probability, 0


def people(first: int, count: int) -> list[Pair]:
    return [found(first + n) for n in range(count)]


class TestRow:
    def test_by_hand(self) -> None:
        pairs = [found(0), found(1), found(2, 0.6, 3), found(3, 0.2, 12), lost(4), lost(5), wrong(), wrong(0.55)]
        (row,) = table(outcomes(pairs), ["a"] * 8, (0.5, 0.8))
        assert (row.key, row.people, row.pairs) == ("a", 6, 6)
        assert row.candidate_recall == pytest.approx(4 / 6)
        assert (row.recall_at_1, row.recall_at_10) == (pytest.approx(2 / 6), pytest.approx(3 / 6))
        half, high = row.decisions
        assert half == Decision(0.5, pytest.approx(3 / 5), pytest.approx(3 / 6), pytest.approx(6 / 11))
        assert high == Decision(0.8, pytest.approx(2 / 3), pytest.approx(2 / 6), pytest.approx(4 / 9))

    def test_people_are_counted_not_their_pairs(self) -> None:
        assert table(outcomes([found(n % 4) for n in range(20)]), ["a"] * 20, HALF) == []

    def test_no_pairs(self) -> None:
        assert table(outcomes([]), [], HALF) == []

    def test_a_wrong_pair_lowers_its_own_row_only(self) -> None:
        pairs = [*people(0, 5), *people(5, 5), wrong()]
        rows = {row.key: row.decisions[0].precision for row in table(outcomes(pairs), [*"aaaaabbbbb", "b"], HALF)}
        assert rows == {"a": 1.0, "b": pytest.approx(5 / 6)}

    def test_a_key_of_wrong_pairs_alone_has_no_row(self) -> None:
        assert [row.key for row in table(outcomes([*people(0, 5), wrong()]), [*"aaaaa", "b"], HALF)] == ["a"]


class TestSmallRows:
    def keys(self, sizes: dict[str, int], most: int | None = None) -> dict[str, int]:
        """Return the rows (key -> people) of keys with so many people each."""
        pairs, keys = list[Pair](), list[str]()
        for key, size in sizes.items():
            pairs += people(len(pairs), size)
            keys += [key] * size
        return {row.key: row.people for row in table(outcomes(pairs), keys, HALF, most=most)}

    def test_small_keys_are_one_row(self) -> None:
        assert self.keys({"a": 9, "b": 3, "c": 2}) == {"a": 9, OTHER: 5}

    def test_one_small_key_takes_the_next_smallest_along(self) -> None:
        assert self.keys({"a": 9, "b": 7, "c": 2}) == {"a": 9, OTHER: 9}

    def test_what_is_left_of_two_would_tell(self) -> None:
        assert self.keys({"a": 9, "b": 1}) == {OTHER: 10}

    def test_fewer_people_than_a_row_needs(self) -> None:
        assert self.keys({"a": 2, "b": 2}) == {}

    def test_the_rarest_are_merged_beyond_the_most(self) -> None:
        assert self.keys({"a": 6, "b": 9, "c": 7, "d": 5}, most=2) == {"b": 9, "c": 7, OTHER: 11}

    def test_the_merged_come_last(self) -> None:
        assert list(self.keys({"a": 5, "b": 4, "c": 4})) == ["a", OTHER]

    @given(
        pairs=st.lists(
            st.tuples(st.booleans(), st.integers(0, 25), st.sampled_from([0.2, 0.5, 0.9]), st.integers(0, 30)),
            max_size=60,
        ),
        data=st.data(),
        most=st.none() | st.integers(1, 4),
    )
    @settings(max_examples=80, deadline=None)
    def test_rows_are_whole_and_never_small(self, pairs: list[Pair], data: st.DataObject, most: int | None) -> None:
        keys = data.draw(st.lists(st.sampled_from("abcdef"), min_size=len(pairs), max_size=len(pairs)))
        rows = table(outcomes(pairs), keys, HALF, most=most)
        assert all(row.people >= LEAST_PEOPLE for row in rows)
        true = [(pair, key) for pair, key in zip(pairs, keys, strict=True) if pair[0]]
        # Either every true pair is in a row, or so few people are left in all that there is none.
        assert sum(row.pairs for row in rows) in (len(true), 0)
        if len({pair[1] for pair, _ in true}) >= LEAST_PEOPLE:
            assert sum(row.pairs for row in rows) == len(true)
        shown = {row.key for row in rows}
        for row in rows:
            own = [pair for pair, key in true if (key if key in shown else OTHER) == row.key]
            assert row.pairs == len(own)
            assert row.recall_at_10 == pytest.approx(sum(pair[3] < 10 for pair in own) / len(own))
            assert row.decisions[0].recall == pytest.approx(sum(pair[2] >= 0.5 for pair in own) / len(own))


class TestNested:
    def test_small_keys_are_merged_inside_their_group(self) -> None:
        groups = ["same"] * 12 + ["cross"] * 8
        keys = ["x-x"] * 6 + ["y-y"] * 3 + ["z-z"] * 3 + ["x-y"] * 6 + ["y-x"] * 2
        outer, inner = nested_table(outcomes(people(0, 20)), groups, keys, HALF, ("same", "cross"))
        assert {row.key: row.people for row in outer} == {"same": 12, "cross": 8}
        # "y-x" alone would be "cross" less "x-y".
        assert {row.key: row.people for row in inner} == {"x-x": 6, "other same": 6, "other cross": 8}
        assert inner[0].key == "x-x"

    def test_groups_that_are_merged_have_their_keys_in_one_pot(self) -> None:
        groups, keys = ["same"] * 6 + ["cross"] * 3 + ["none"] * 9, ["k"] * 6 + ["l"] * 3 + ["m"] * 9
        outer, inner = nested_table(outcomes(people(0, 18)), groups, keys, HALF, ("same", "cross", "none"))
        assert [(row.key, row.people) for row in outer] == [("none", 9), ("same or cross", 9)]
        assert [(row.key, row.people) for row in inner] == [("m", 9), ("other same or cross", 9)]


class TestYesAndNo:
    def rows(self, yes: int, no: int) -> list[tuple[str, int]]:
        said = np.array([True] * yes + [False] * no, dtype=np.bool_)
        rows = yes_no_rows(outcomes(people(0, yes + no)), said, ("known", "unknown"), HALF)
        return [(row.key, row.people) for row in rows]

    def test_both_are_shown(self) -> None:
        assert self.rows(5, 8) == [("known", 5), ("unknown", 8)]

    @pytest.mark.parametrize(("yes", "no"), [(9, 1), (4, 9), (2, 2)])
    def test_neither_is_shown_when_one_is_small(self, yes: int, no: int) -> None:
        assert self.rows(yes, no) == []

    def test_nobody_is_not_few(self) -> None:
        assert self.rows(9, 0) == [("known", 9)]
        assert self.rows(0, 9) == [("unknown", 9)]


def test_a_few_merged_keys_are_named_in_their_order() -> None:
    pairs = outcomes(people(0, 12))
    assert merged_name(pairs, [*"aaabbbcccccc"], ("b", "c", "a")) == "b or a"
    assert merged_name(pairs, [*"aaaaaacccccc"], ("a", "b", "c")) == OTHER


def test_merging_keeps_the_order_of_the_pairs() -> None:
    pairs = [found(n) for n in range(13)]
    keys = list("abababababacc")
    assert merged_keys(outcomes(pairs), keys) == [key if key == "a" else OTHER for key in keys]


class TestPeople:
    def test_pairs_that_share_a_record_are_about_one(self) -> None:
        # 0-0, 0-1 and 4-1 hang together; 2-3 stands alone.
        person = number_people(np.array([[0, 0], [2, 3], [0, 1], [4, 1]], dtype=np.int64)).tolist()
        assert person[0] == person[2] == person[3] != person[1]

    def test_left_and_right_rows_of_one_number_are_two_records(self) -> None:
        assert len(set(number_people(np.array([[0, 1], [1, 2], [2, 0]], dtype=np.int64)).tolist())) == 3

    def test_nobody(self) -> None:
        assert number_people(np.zeros((0, 2), dtype=np.int64)).tolist() == []

    @given(pairs=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=12))
    @settings(max_examples=80, deadline=None)
    def test_it_is_what_walking_from_pair_to_pair_finds(self, pairs: list[tuple[int, int]]) -> None:
        person = number_people(np.array(pairs, dtype=np.int64).reshape(len(pairs), 2)).tolist()
        for start in range(len(pairs)):
            reached = {start}
            while more := {
                b
                for a in reached
                for b in range(len(pairs))
                if b not in reached and (pairs[a][0] == pairs[b][0] or pairs[a][1] == pairs[b][1])
            }:
                reached |= more
            assert {n for n in range(len(pairs)) if person[n] == person[start]} == reached
