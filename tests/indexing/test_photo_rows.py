"""Do photos find the records that they belong to, best first, and nobody's that were taken away?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from indexing.errors import BadVector
from indexing.faiss_index import FaissIndex
from indexing.photo_rows import PhotoRows, faces_of, with_usable_faces
from matcher.errors import DimensionMismatch
from matcher.person import FaceEmbedding, PersonRecord, Side
from tests.indexing.made_records import MODEL, a_face, a_report


class TestPhotoRows:
    def test_no_rows_are_no_change(self) -> None:
        rows = PhotoRows(FaissIndex(2))
        rows.add([], np.zeros((0, 2), np.float32))
        rows.remove(["nobody"])
        assert (len(rows.index), rows.next_row) == (0, 1)

    def test_row_numbers_are_never_used_again(self) -> None:
        rows = PhotoRows(FaissIndex(2))
        rows.add(["a", "b", "a"], np.eye(3, 2, dtype=np.float32))
        assert rows.rows == {"a": [1, 3], "b": [2]}
        rows.remove(["a"])
        rows.add(["a"], np.ones((1, 2), np.float32))
        assert rows.owner == {2: "b", 4: "a"}
        assert rows.rows_of(["a", "b", "nobody"]).tolist() == [2, 4]

    def test_nearest_is_best_first_and_zero_queries_find_nobody(self) -> None:
        rows = PhotoRows(FaissIndex(2))
        rows.add(["a", "b", "a"], np.array([[1, 0], [0, 1], [2, 0]], np.float32))
        queries = np.array([[1, 0.5], [0, 0], [0, 1]], np.float32)
        assert rows.nearest(queries, 2) == [["a", "a"], [], ["b"]]
        assert rows.nearest(queries, 9) == [["a", "a", "b"], [], ["b"]]
        assert rows.nearest(queries, 9, rows.rows_of(["b"])) == [["b"], [], ["b"]]
        # Nothing in common, or the opposite, is no reason to compare.
        assert rows.nearest(np.array([[-1, 0], [0, -1], [-1, 1e-6]], np.float32), 9) == [[], [], ["b"]]


class TestFacesOf:
    def test_those_of_one_model_as_directions(self) -> None:
        wide, zero = FaceEmbedding(np.ones(512, np.float32), "onnx-9"), FaceEmbedding(np.zeros(128, np.float32), MODEL)
        faces = faces_of(a_report("x", faces=(wide, a_face(1), zero)), MODEL, 128)
        assert faces.shape == (2, 128)
        assert faces.dtype == np.float32
        assert np.linalg.norm(faces, axis=1) == pytest.approx([1, 0])
        assert faces_of(a_report("x", faces=(wide,)), MODEL, 128).shape == (0, 128)

    @pytest.mark.parametrize(
        ("vector", "error"),
        [
            (np.ones(64, np.float32), DimensionMismatch),
            (np.ones(129, np.float32), DimensionMismatch),
            (np.full(128, np.nan, np.float32), BadVector),
            (np.full(128, np.inf, np.float32), BadVector),
            (np.full(128, 3e38, np.float32), BadVector),
        ],
    )
    def test_what_cannot_be_used(self, vector: Any, error: type[Exception]) -> None:
        with pytest.raises(error):
            faces_of(a_report("x", faces=(a_face(1), FaceEmbedding(vector, MODEL))), MODEL, 128)


def test_faces_that_cannot_be_used_are_left_out_and_counted() -> None:
    good, narrow = np.ones(4, np.float32), np.ones(3, np.float32)
    broken, huge = np.array([1, np.nan, 0, 0], np.float32), np.full(4, 1e30, np.float32)
    faces = [FaceEmbedding(vector, "one") for vector in (good, narrow, broken, huge)]
    other = FaceEmbedding(narrow, "two")  # of a model that is not searched: nobody looks at it
    records = [PersonRecord("a", Side.MISSING, faces=(*faces, other)), PersonRecord("b", Side.RESCUED)]
    kept, left_out = with_usable_faces(records, "one", 4)
    assert left_out == 3
    assert [id(face) for face in kept[0].faces] == [id(faces[0]), id(other)]
    assert kept[1] is records[1]
    faces_of(kept[0], "one", 4)  # and what is left can be used
