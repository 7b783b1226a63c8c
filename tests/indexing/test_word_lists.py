"""Do the lists hold every row with a word, and does a query look into those nearest to its words until it is full?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from indexing import word_lists
from indexing.word_lists import LOOKED_INTO, AskedWords, WordLists, Words, words_of
from matcher.columns import RecordColumns
from matcher.names.encoder import NameEncoder
from matcher.person import PersonName, PersonRecord, Side

VOCABULARY = ("sunita", "sunitha", "soneeta", "rahim", "rahima", "mandal", "mondol", "fatima", "gurung", "thapa")


def words(*held: tuple[int, str]) -> Words:
    """Return words of rows as (row, word)."""
    rows, texts = [row for row, _ in held], [VOCABULARY.index(word) for _, word in held]
    return Words(np.array(rows, dtype=np.int64), np.array(texts, dtype=np.int64))


NONE = words()


def columns_of(*names: str) -> RecordColumns:
    return RecordColumns.build(
        PersonRecord(str(number), Side.MISSING, (PersonName(name),)) for number, name in enumerate(names)
    )


def looked_into(lists: WordLists, vocabulary: Sequence[str], kinds: Sequence[Words], count: int) -> list[list[Any]]:
    """Return, for each query, the rows of each list that it looks into, in order, kind by kind."""
    chosen = lists.lists_for(AskedWords.of(vocabulary, kinds), count)
    assert chosen.shape == (count, len(kinds) * LOOKED_INTO)
    return [
        [
            [
                lists.members[lists.bounds[one] : lists.bounds[one + 1]].tolist()
                for one in row[kind * LOOKED_INTO : (kind + 1) * LOOKED_INTO].tolist()
                if one >= 0
            ]
            for kind in range(len(kinds))
        ]
        for row in chosen
    ]


class TestWordsOf:
    def test_against_a_plain_loop(self, population: Any) -> None:
        columns = RecordColumns.build(population.rescues)
        rows = np.arange(1000, 1000 + len(columns))
        held, table, expected = words_of(columns, columns.father, rows), columns.names, set()
        for record in range(len(columns)):
            for name in columns.father[record].tolist():
                for place, word in enumerate(table.tokens[name].tolist() if name >= 0 else []):
                    if word >= 0 and table.weights[name, place] >= 0.5 and not table.initials[name, place]:
                        expected.add((1000 + record, word))
        assert list(zip(held.rows.tolist(), held.words.tolist(), strict=True)) == sorted(expected)
        assert len(expected) > len(columns) / 2

    def test_what_half_the_country_is_called_and_initials_have_no_list(self) -> None:
        columns = columns_of("Kumari Sunita Devi", "R. Mandal")
        held = words_of(columns, columns.own, np.arange(2))
        said = [columns.names.vocabulary[word] for word in held.words.tolist()]
        assert held.rows.tolist() == [0, 1]
        assert said[0].startswith("sun")
        assert said[1].startswith("m")

    def test_a_word_said_twice_stands_once(self) -> None:
        columns = columns_of("Rahim Rahim")
        assert len(words_of(columns, columns.own, np.arange(1)).rows) == 1

    def test_nothing(self) -> None:
        columns = RecordColumns.build([PersonRecord("0", Side.MISSING)])
        assert len(words_of(columns, columns.own, np.arange(1)).rows) == 0


class TestLists:
    def test_each_word_has_its_rows_by_kind(self) -> None:
        lists = WordLists.build(
            VOCABULARY, [words((3, "rahim"), (1, "rahim"), (2, "gurung")), words((1, "gurung")), NONE]
        )
        held = [
            lists.members[start:end].tolist() for start, end in zip(lists.bounds[:-1], lists.bounds[1:], strict=True)
        ]
        assert sorted(filter(None, held)) == [[1], [1, 3], [2]]
        asked = [words((0, "rahim")), words((0, "gurung")), NONE]
        ((name, father, mother),) = looked_into(lists, VOCABULARY, asked, 1)
        assert (name[0], father, mother) == ([1, 3], [[1]], [])

    def test_the_vocabularies_of_both_sides_need_not_be_one(self) -> None:
        lists = WordLists.build(VOCABULARY, [words((0, "rahim"), (1, "thapa")), NONE, NONE])
        asked = Words(np.array([0]), np.array([1]))
        assert looked_into(lists, ("thapa", "rahim"), [asked, NONE, NONE], 1)[0][0][0] == [0]
        assert looked_into(lists, ("rahim", "thapa"), [asked, NONE, NONE], 1)[0][0][0] == [1]

    def test_a_shelf_without_words_and_a_query_without(self) -> None:
        empty = WordLists.build((), [NONE, NONE, NONE])
        assert empty.bounds.tolist() == [0]
        assert (empty.lists_for(AskedWords.of(VOCABULARY, [words((0, "rahim")), NONE, NONE]), 2) == -1).all()
        some = WordLists.build(VOCABULARY, [words((0, "rahim")), NONE, NONE])
        assert (some.lists_for(AskedWords.of(VOCABULARY, [words((1, "rahim")), NONE, NONE]), 3)[[0, 2]] == -1).all()
        assert (some.lists_for(AskedWords.of((), [NONE, NONE, NONE]), 2) == -1).all()

    @pytest.mark.parametrize("most", [12_000, 30, 8, 3])
    def test_against_a_plain_loop(self, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
        monkeypatch.setattr(word_lists, "_MOST_ROWS", most)
        rng = np.random.default_rng(8)
        sizes = dict(zip(VOCABULARY, (1, 9, 4, 30, 2, 17, 5, 12, 3, 7), strict=True))
        stored = [
            words(*((int(row), word) for word in VOCABULARY for row in rng.choice(99, sizes[word], replace=False))),
            words(*((row, word) for word in VOCABULARY[::2] for row in range(sizes[word]))),
            NONE,
        ]
        asked = [words(*((n, word) for n, word in enumerate(VOCABULARY)), (0, "rahim"), (0, "gurung"))] * 2 + [NONE]
        found = looked_into(WordLists.build(VOCABULARY, stored), VOCABULARY, asked, 12)
        full = 0
        for query in range(12):
            for kind in range(3):
                every, some = slow_lists(stored, asked, kind, query, most)
                assert found[query][kind] == some
                full += len(every) > len(some)
        assert (full > 0) == (most < 1000)

    def test_what_everybody_is_called_finds_nobody_and_hides_no_rare_word(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(word_lists, "_MOST_ROWS", 10)
        everybody = [(row, "fatima") for row in range(21)]
        lists = WordLists.build(VOCABULARY, [words(*everybody, (4, "gurung")), NONE, NONE])
        asked = words((0, "fatima"), (1, "fatima"), (1, "gurung"))
        assert looked_into(lists, VOCABULARY, [asked, NONE, NONE], 2) == [[[], [], []], [[[4]], [], []]]

    def test_words_that_only_a_mother_has_take_no_place_of_a_name(self) -> None:
        lists = WordLists.build(VOCABULARY, [words((0, "sunitha")), NONE, words((1, "sunita"))])
        chosen = lists.lists_for(AskedWords.of(VOCABULARY, [words((0, "sunita")), NONE, NONE]), 1)
        assert (chosen[0, :LOOKED_INTO] >= 0).tolist() == [True] + [False] * (LOOKED_INTO - 1)

    def test_no_more_lists_than_there_is_room_for(self) -> None:
        sounds = [f"{a}{b}nita" for a in ("su", "so", "shu", "sho") for b in ("", "n", "nn")]
        held = Words(np.arange(len(sounds)), np.arange(len(sounds)))
        asked = Words(np.zeros(len(sounds), dtype=np.int64), np.arange(len(sounds)))
        (row,) = WordLists.build(sounds, [held, NONE, NONE]).lists_for(AskedWords.of(sounds, [asked, NONE, NONE]), 1)
        assert (row[:LOOKED_INTO] >= 0).all()
        assert (row[LOOKED_INTO:] == -1).all()

    def test_the_order_of_the_words_changes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(word_lists, "_MOST_ROWS", 4)  # of words equally near and rare, the limit must take the same
        held = [(row, word) for row, word in enumerate(VOCABULARY)]
        asked = [(0, word) for word in VOCABULARY]
        expected = looked_into(
            WordLists.build(VOCABULARY, [words(*held), NONE, NONE]), VOCABULARY, [words(*asked), NONE, NONE], 1
        )
        turned = VOCABULARY[::-1]
        other = Words(np.arange(len(turned)), len(turned) - 1 - np.arange(len(turned)))
        everything = Words(np.zeros(len(turned), dtype=np.int64), np.arange(len(turned)))
        lists = WordLists.build(turned, [other, NONE, NONE])
        assert looked_into(lists, turned, [everything, NONE, NONE], 1) == expected
        assert len(expected[0][0]) == 4

    def test_lists_of_their_tables_are_the_lists(self) -> None:
        held = [words((3, "rahim"), (1, "rahim"), (2, "gurung")), words((1, "gurung")), words((4, "thapa"))]
        lists, asked = WordLists.build(VOCABULARY, held), [words(*((0, word) for word in VOCABULARY))] * 3
        again = WordLists.of(lists.tables())
        assert looked_into(again, VOCABULARY, asked, 1) == looked_into(lists, VOCABULARY, asked, 1)

    def test_no_word_is_kept_as_it_is_written(self) -> None:
        tables = WordLists.build(VOCABULARY, [words((0, "gurung")), NONE, NONE]).tables()
        assert not any(b"gurung" in table.tobytes() for table in tables.values())


def slow_lists(
    stored: Sequence[Words], asked: Sequence[Words], kind: int, query: int, most: int
) -> tuple[list[list[int]], list[list[int]]]:
    """Return the rows of the lists alike in their order, and the first of them, for which there is room."""
    encoder = NameEncoder.load()
    vectors = encoder.reduced(encoder.encode(VOCABULARY)).astype(np.float64)
    used = sorted({word for one in stored for word in one.words.tolist()}, key=lambda word: VOCABULARY[word])
    wanted = []
    for row, word in zip(asked[kind].rows.tolist(), asked[kind].words.tolist(), strict=True):
        if row != query:
            continue
        alike = {other: float(vectors[word] @ vectors[other]) for other in used}
        nearest = sorted((other for other in used if alike[other] > 0), key=lambda other: -alike[other])[:12]
        best = alike[nearest[0]]
        near = [other for rank, other in enumerate(nearest) if rank < 3 or alike[other] >= 0.75 * best]
        for rank, other in enumerate(near):
            rows = sorted(stored[kind].rows[stored[kind].words == other].tolist())
            if rows:
                wanted.append((rank, len(rows), used.index(other), rows))
    every, some, total = [rows for *_, rows in sorted(wanted)], [], 0
    for rows in every:
        if total + len(rows) > (most if total else 2 * most):
            break
        some.append(rows)
        total += len(rows)
    return every, some[:LOOKED_INTO]
