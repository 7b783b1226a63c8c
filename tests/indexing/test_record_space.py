"""Do whole numbers of one byte order the records as the weighted likeness of their fields does?"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexing.record_space import ARTEFACT, SPACE_WIDTH, RecordSpace
from indexing.record_vectors import BLOCKS, WIDTH, Vectors, block_spans, encode_records
from matcher import reference
from matcher.columns import RecordColumns
from matcher.errors import ModelCorrupt, ModelMissing

SPANS = list(block_spans().values())


@pytest.fixture(scope="module")
def blocks(population: Any) -> Vectors:
    return encode_records(RecordColumns.build(population.everybody)).rows


def exact(space: RecordSpace, queries: Vectors, rows: Vectors) -> npt.NDArray[np.float64]:
    """Return the likeness of each query and row, field by field, and what stands for fields that a row leaves open."""
    total = np.zeros((len(queries), len(rows)))
    for number, span in enumerate(SPANS):
        a, b = queries[:, span].astype(np.float64), rows[:, span].astype(np.float64)
        total += float(space.weights[number]) * (a @ b.T)
        total += float(space.unknown[number]) * np.outer(a.any(axis=1), ~b.any(axis=1))
    return total


def products(space: RecordSpace, queries: Vectors, rows: Vectors) -> npt.NDArray[np.float64]:
    """Return the products of whole numbers; in float64, which holds them exactly."""
    found: npt.NDArray[np.float64] = space.queries(queries).astype(np.float64) @ space.stored(rows).astype(np.float64).T
    return found


def drawn(seed: int, count: int) -> Vectors:
    """Return random blocks of unit norm, some unknown."""
    rng = np.random.default_rng(seed)
    out = np.zeros((count, WIDTH), dtype=np.float32)
    for span in SPANS:
        part = rng.standard_normal((count, span.stop - span.start))
        out[:, span] = part / np.linalg.norm(part, axis=1, keepdims=True) * (rng.random((count, 1)) < 0.8)
    return out


class TestProducts:
    def test_rows_are_stored_in_parts_as_all_at_once(self) -> None:
        space, rows = RecordSpace.load(), drawn(11, 2300)
        weighed = space._weighed(rows, asking=False)
        expected = np.clip(np.rint((weighed - space.middle) @ space.turn / space.steps), -127, 127)
        # A product may be rounded otherwise in the last place where its part is of another size.
        assert np.abs(space.stored(rows) - expected).max() <= 1
        assert (space.stored(rows) == expected).mean() > 0.9999

    def test_those_of_the_shipped_space_follow_the_likeness(self, blocks: Vectors) -> None:
        space = RecordSpace.load()
        expected, found = exact(space, blocks, blocks), products(space, blocks, blocks)
        for one, other in zip(expected, found, strict=True):
            assert np.corrcoef(one, other)[0, 1] > 0.98
            # Nobody but near neighbours stands before whom the likeness puts first.
            assert one[other.argmax()] > 0.9 * one.max()

    def test_in_full_width_they_are_the_likeness_but_for_rounding(self, blocks: Vectors) -> None:
        shipped = RecordSpace.load()
        space = RecordSpace.fitted("v", shipped.weights, shipped.unknown, blocks, blocks, WIDTH + len(BLOCKS))
        assert space.turn.T @ space.turn == pytest.approx(np.eye(WIDTH + len(BLOCKS)), abs=1e-4)
        expected, found = exact(space, blocks, blocks), products(space, blocks, blocks)
        for one, other in zip(expected, found, strict=True):
            # The products of one query are in proportion, once what all rows have in common is taken away.
            apart, found_apart = one - one.mean(), other - other.mean()
            scale = (apart @ found_apart) / (found_apart @ found_apart)
            assert np.abs(apart - scale * found_apart).max() < 0.01 * one.max()

    def test_fewer_directions_are_the_first_of_more(self, blocks: Vectors) -> None:
        shipped = RecordSpace.load()
        few, more = (
            RecordSpace.fitted("v", shipped.weights, shipped.unknown, blocks, blocks, width) for width in (40, 90)
        )
        assert few.turn.shape == (WIDTH + len(BLOCKS), 40)
        assert few.steps.shape == (40,)
        assert np.array_equal(more.turn[:, :40], few.turn)
        # The first say most of what the records differ in.
        spread = np.square(more.stored(blocks) * more.steps).mean(axis=0)
        assert spread[:40].min() > spread[40:].max() / 4
        assert spread[:40].sum() > spread[40:].sum()

    @given(seed=st.integers(0, 2**32), size=st.sampled_from([1e-20, 1e-3, 1.0, 1e3, 1e15]))
    @settings(max_examples=40, deadline=None)
    def test_whatever_is_asked_stays_within_its_bytes(self, seed: int, size: float) -> None:
        space = RecordSpace.load()
        rows = drawn(seed, 8) * np.float32(size)
        stored, asked = space.stored(rows), space.queries(rows)
        assert (stored.dtype, asked.dtype) == (np.int8, np.int16)
        assert np.abs(stored.astype(np.int64)).max() <= 127
        assert np.abs(asked.astype(np.int64)).max() <= 30_000
        # Even a stored row that points against the query in every byte.
        worst = np.abs(asked.astype(np.int64)).sum(axis=1).max() * 127
        assert worst < 2**31

    @given(seed=st.integers(0, 2**32), size=st.sampled_from([0.1, 3.0, 100.0]))
    @settings(max_examples=20, deadline=None)
    def test_a_query_is_a_direction(self, seed: int, size: float) -> None:
        # The mark that a field is known does not grow with the field, so it is left out here.
        shipped = RecordSpace.load()
        space = replace(shipped, unknown=np.zeros_like(shipped.unknown))
        rows = drawn(seed, 4)
        one, other = space.queries(rows).astype(np.int64), space.queries(rows * np.float32(size)).astype(np.int64)
        assert np.abs(one - other).max() <= 1
        assert (np.abs(one).max(axis=1) == 30_000).all()

    def test_who_asks_beside_changes_nothing(self, blocks: Vectors) -> None:
        space = RecordSpace.load()
        alone = np.concatenate([space.queries(blocks[row : row + 1]) for row in range(20)]).astype(np.int64)
        assert np.abs(alone - space.queries(blocks)[:20]).max() <= 1  # sums of other lengths round otherwise


class TestUnknown:
    def test_a_query_of_nothing_is_nothing(self) -> None:
        assert not RecordSpace.load().queries(np.zeros((3, WIDTH), dtype=np.float32)).any()
        assert RecordSpace.load().queries(np.zeros((0, WIDTH), dtype=np.float32)).shape == (0, SPACE_WIDTH)

    def test_a_row_of_nothing_counts_what_is_unknown(self, blocks: Vectors) -> None:
        space = RecordSpace.load()
        nothing = np.zeros((1, WIDTH), dtype=np.float32)
        assert space.stored(nothing[:0]).shape == (0, SPACE_WIDTH)
        rows = np.concatenate([nothing, blocks])
        expected, found = exact(space, blocks[:30], rows), products(space, blocks[:30], rows)
        for one, other in zip(expected, found, strict=True):
            ranks = (one > one[0]).mean(), (other > other[0]).mean()
            assert abs(ranks[0] - ranks[1]) < 0.05

    def test_a_father_nobody_named_is_no_other_father(self) -> None:
        space = RecordSpace.load()
        mine, other = drawn(4, 2)
        named, unnamed, wrong = (mine.copy() for _ in range(3))
        father = block_spans()["father"]
        mine[father], named[father] = drawn(5, 1)[0][father], 0
        mine[father] = named[father] = np.eye(father.stop - father.start, dtype=np.float32)[0]
        unnamed[father], wrong[father] = 0, np.eye(father.stop - father.start, dtype=np.float32)[1]
        ((same, none, different, stranger),) = products(space, mine[None], np.stack([named, unnamed, wrong, other]))
        assert same > none > different > stranger


class TestArtefact:
    def test_the_one_that_ships_is_whole(self) -> None:
        space = RecordSpace.load()
        assert space.version == ARTEFACT.removesuffix(".npz")
        assert space.weights.shape == space.unknown.shape == (len(BLOCKS),)
        assert space.turn.shape == (WIDTH + len(BLOCKS), SPACE_WIDTH)
        assert space.turn.T @ space.turn == pytest.approx(np.eye(SPACE_WIDTH), abs=1e-4)
        assert space.steps.shape == (SPACE_WIDTH,)
        assert (space.steps > 0).all()
        assert (space.unknown >= 0).all()
        assert (space.weights >= space.unknown).all()
        assert RecordSpace.load() is space

    @pytest.mark.parametrize("spoilt", ["changed", "torn", "missing"])
    def test_another_is_refused_with_the_command(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoilt: str
    ) -> None:
        content = bytearray(Path("data/models", ARTEFACT).read_bytes())
        sums = {ARTEFACT: hashlib.sha256(content).hexdigest()}
        (tmp_path / "models").mkdir()
        if spoilt == "changed":
            content[len(content) // 2] ^= 1
        elif spoilt == "torn":  # its checksum is right, but no archive
            content = content[: len(content) // 2]
            sums[ARTEFACT] = hashlib.sha256(content).hexdigest()
        if spoilt != "missing":
            (tmp_path / "models" / ARTEFACT).write_bytes(content)
        (tmp_path / "models/CHECKSUMS.json").write_text(json.dumps(sums))
        monkeypatch.setattr(reference, "data_root", lambda: tmp_path)
        RecordSpace.load.cache_clear()
        try:
            with pytest.raises(ModelMissing if spoilt == "missing" else ModelCorrupt, match="sandhan train retrieval"):
                RecordSpace.load()
        finally:
            RecordSpace.load.cache_clear()
