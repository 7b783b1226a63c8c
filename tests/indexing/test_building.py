"""Is an index that is built in pages the one that grows record by record?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexing.building import IndexBuilder, read_page
from indexing.errors import BadVector, DuplicateId
from indexing.match_index import FACE_WIDTH, MatchIndex
from indexing.search import find_matches_batch
from matcher.errors import DimensionMismatch
from matcher.model import MatchModel
from matcher.person import FaceEmbedding, PersonRecord, Side
from tests.indexing.made_records import MODEL, a_face, a_report, indexed, looks


def with_faces(records: tuple[PersonRecord, ...]) -> list[PersonRecord]:
    """Return people some of whom have photos, of one model or of another."""
    models = (MODEL, "onnx-9")
    return [
        replace(record, faces=tuple(a_face(number % 7 + n, models[n % 2], near=0.2) for n in range(number % 4)))
        for number, record in enumerate(records)
    ]


def built(records: list[PersonRecord], cuts: list[int], most: int) -> MatchIndex:
    index = MatchIndex(MODEL)
    builder = IndexBuilder(index, most)
    for start, end in zip([0, *cuts], [*cuts, len(records)], strict=True):
        builder.add(read_page(records[start:end], MODEL, FACE_WIDTH))
    builder.finish()
    return index


@given(data=st.data(), most=st.integers(1, 120))
@settings(max_examples=15, deadline=None)
def test_pages_of_any_size_give_the_index_that_upserts_give(population: Any, data: st.DataObject, most: int) -> None:
    records = with_faces(population.everybody[150:250])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(records)), max_size=6)))
    index, plain = built(records, cuts, most), indexed(*records)
    assert index.context == plain.context
    for side in Side:
        assert index.ids(side) == plain.ids(side)
        assert index.count(side) == plain.count(side)
        assert faces_of(index, side) == faces_of(plain, side)
    pages = [end - start for start, end in zip([0, *cuts], [*cuts, len(records)], strict=True)]
    assert all(len(segment) <= max(most, *pages) for segment in index.segments)
    assert sum(map(len, index.segments)) == len(records)
    # Put together they are one segment, whatever the pages were, and find the same.
    index.compact()
    assert len(index.segments) == 1
    queries = with_faces(population.rescues[:6])
    for k in (2, 50):
        assert looks(index, queries, k) == looks(plain, queries, k)


def faces_of(index: MatchIndex, side: Side) -> dict[str, Any]:
    photos = index.photos[side]
    return {owner: photos.index.reconstruct(photos.rows_of([owner])).tolist() for owner in photos.rows}


def test_its_matches_weigh_as_those_of_one_that_grew(population: Any, in_memory: Any) -> None:
    records, model = list(population.everybody), MatchModel.load()
    index, plain = built(records, [100], 500), indexed(*records)
    source = in_memory(records)
    for queries in (population.rescues[:10], population.reports[:10]):
        assert find_matches_batch(queries, index, source, model) == find_matches_batch(queries, plain, source, model)


def test_what_follows_takes_the_place_of_what_was_built(population: Any) -> None:
    records = list(population.reports[:40])
    index = built(records, [13, 26], 20)
    index.upsert([replace(records[20], names=records[0].names)])
    index.remove([records[30].record_id])
    assert len(index) == 39
    plain = indexed(*records[:20], replace(records[20], names=records[0].names), *records[21:30], *records[31:])
    assert index.context.own_names.bits(["sunita", "mandal"], ["", "IN/WB"]) == pytest.approx(
        plain.context.own_names.bits(["sunita", "mandal"], ["", "IN/WB"])
    )


def test_no_pages_and_empty_pages() -> None:
    index = built([], [0, 0], 5)
    assert (index.segments, len(index)) == ((), 0)
    builder = IndexBuilder(index)
    builder.finish()
    builder.add(read_page([a_report("x", "Sunita")], MODEL, FACE_WIDTH))
    assert len(index) == 0
    builder.finish()
    builder.finish()
    assert len(index) == 1


@pytest.mark.parametrize(("value", "width", "error"), [(float("nan"), 128, BadVector), (1.0, 64, DimensionMismatch)])
def test_a_face_that_cannot_be_used_is_refused(value: float, width: int, error: type[Exception]) -> None:
    face = a_face(1)
    bad = FaceEmbedding((face.vector * 0 + value)[:width], MODEL)
    with pytest.raises(error):
        read_page([a_report("x", faces=(face,)), a_report("y", faces=(bad,))], MODEL, FACE_WIDTH)


def test_a_record_that_comes_twice_is_refused_and_nothing_of_its_segment_is_kept() -> None:
    one, two, again = a_report("x", "Sunita"), a_report("y", "Asha"), a_report("x", "Phulmoni")
    for pages in ([[one, two, again]], [[one, two], [again]]):
        index = MatchIndex(MODEL)
        builder = IndexBuilder(index)
        for page in pages:
            builder.add(read_page(page, MODEL, FACE_WIDTH))
        with pytest.raises(DuplicateId, match=r"1 duplicate id.* in one segment"):
            builder.finish()
        assert (index.segments, len(index), index.context.own_names.names) == ((), 0, 0)


def test_a_record_that_is_there_already_is_refused_and_the_index_stays_as_it_was() -> None:
    index = indexed(a_report("x", "Sunita"), a_report("y", "Asha"))
    builder = IndexBuilder(index)
    builder.add(read_page([a_report("z", "Rina"), a_report("y", "Phulmoni")], MODEL, FACE_WIDTH))
    with pytest.raises(DuplicateId, match=r"1 duplicate id.* already in the index"):
        builder.finish()
    assert index.ids(Side.MISSING) == {"x", "y"}
    assert index.context == indexed(a_report("x", "Sunita"), a_report("y", "Asha")).context
    # Who was taken away may come again.
    index.remove(["y"])
    builder.add(read_page([a_report("y", "Phulmoni")], MODEL, FACE_WIDTH))
    builder.finish()
    assert index.ids(Side.MISSING) == {"x", "y"}
