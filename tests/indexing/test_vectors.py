"""Does every index keep the promises of `VectorIndex`? One suite, each implementation, fresh and from a file."""

import ast
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

import indexing
from indexing.errors import (
    BadId,
    BadSearch,
    BadVector,
    DuplicateId,
    IndexFileUnusable,
    ReadOnlyIndex,
    UnknownId,
)
from indexing.faiss_index import FaissIndex
from indexing.vectors import LARGEST_NORM, NO_ID, ExactIndex, Ids, VectorIndex, Vectors, norms
from matcher.errors import DimensionMismatch, SandhanError

Kind: TypeAlias = type[ExactIndex] | type[FaissIndex]
KINDS: dict[str, Kind] = {"exact": ExactIndex, "faiss": FaissIndex}
Fill = Callable[[Ids, Vectors], VectorIndex]


def ids_of(*values: int) -> Ids:
    return np.array(values, dtype=np.int64)


def rows_of(*rows: list[float]) -> Vectors:
    return np.array(rows, dtype=np.float32)


@pytest.fixture(params=["exact", "faiss", "exact-loaded", "faiss-loaded", "exact-mapped", "faiss-mapped"])
def fill(request: pytest.FixtureRequest, tmp_path: Path) -> Fill:
    """Return a function that makes an index of the given rows."""
    name, _, how = str(request.param).partition("-")
    kind = KINDS[name]

    def filled(ids: Ids, vectors: Vectors) -> VectorIndex:
        index = kind(vectors.shape[1])
        index.add(ids, vectors)
        if not how:
            return index
        path = tmp_path / "index"
        assert index.save(path) == len(ids)
        return kind.load(path, mmap=how == "mapped")

    return filled


@pytest.fixture(params=["exact", "faiss", "exact-loaded", "faiss-loaded"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> VectorIndex:
    """An index of width 3 without rows, fresh or from a file, that can be changed."""
    name, _, how = str(request.param).partition("-")
    index = KINDS[name](3)
    if not how:
        return index
    index.save(tmp_path / "empty")
    return type(index).load(tmp_path / "empty")


SQUARE = rows_of([1, 0], [0, 1], [-1, 0], [0, -1])


class TestSearch:
    def test_best_first_with_inner_products(self, fill: Fill) -> None:
        scores, found = fill(ids_of(10, 20, 30, 40), SQUARE).search(rows_of([3, 1], [0, -2]), 3)
        assert found.tolist() == [[10, 20, 40], [40, 10, 30]]
        assert scores.tolist() == [[3.0, 1.0, -1.0], [2.0, 0.0, 0.0]]
        assert (str(scores.dtype), str(found.dtype)) == ("float32", "int64")

    def test_equal_scores_go_by_the_lower_id_and_not_by_the_order_of_adding(self, fill: Fill) -> None:
        ids = ids_of(9, 3, 7, 1, 5)
        scores, found = fill(ids, np.tile(rows_of([0.1, 0.7, 0.3]), (5, 1))).search(rows_of([0.3, 0.3, 0.9]), 3)
        assert found.tolist() == [[1, 3, 5]]
        assert len(set(scores[0].tolist())) == 1

    def test_more_ties_than_any_margin_still_give_the_lowest_ids(self, fill: Fill) -> None:
        # 500 copies scattered over the index: whichever of them a scan meets first must not matter.
        rng = np.random.default_rng(5)
        ids = rng.permutation(1000).astype(np.int64)
        vectors = rng.standard_normal((1000, 24)).astype(np.float32) * 0.01
        vectors[ids % 2 == 0] = rng.standard_normal(24).astype(np.float32)
        query = vectors[ids == 0] * np.float32(0.37)
        _, found = fill(ids, vectors).search(np.repeat(query, 30, axis=0), 5)
        assert found.tolist() == [[0, 2, 4, 6, 8]] * 30

    def test_a_zero_query_ties_with_every_row(self, fill: Fill) -> None:
        ids = np.arange(100, dtype=np.int64)[::-1].copy()
        _, found = fill(ids, np.ones((100, 2), np.float32)).search(np.zeros((1, 2), np.float32), 2)
        assert found.tolist() == [[0, 1]]

    def test_missing_results_are_padded(self, fill: Fill) -> None:
        scores, found = fill(ids_of(4), rows_of([2, 0])).search(rows_of([1, 1]), 3)
        assert found.tolist() == [[4, NO_ID, NO_ID]]
        assert scores.tolist() == [[2.0, -np.inf, -np.inf]]

    def test_only_allowed_ids_are_found(self, fill: Fill) -> None:
        index = fill(ids_of(10, 20, 30, 40), SQUARE)
        _, found = index.search(rows_of([3, 1]), 3, allowed=ids_of(40, 20, 20, 99))
        assert found.tolist() == [[20, 40, NO_ID]]

    def test_nothing_allowed_is_nothing_found(self, fill: Fill) -> None:
        scores, found = fill(ids_of(10, 20, 30, 40), SQUARE).search(rows_of([3, 1]), 1, allowed=ids_of())
        assert found.tolist() == [[NO_ID]]
        assert scores.tolist() == [[-np.inf]]

    def test_no_queries_no_rows(self, fill: Fill) -> None:
        scores, found = fill(ids_of(1), rows_of([1, 0])).search(np.empty((0, 2), np.float32), 7)
        assert scores.shape == found.shape == (0, 7)

    def test_an_empty_index_answers(self, empty: VectorIndex) -> None:
        scores, found = empty.search(rows_of([1, 2, 3]), 2)
        assert found.tolist() == [[NO_ID, NO_ID]]
        assert scores.tolist() == [[-np.inf, -np.inf]]

    @pytest.mark.parametrize("k", [0, -1])
    def test_k_must_be_positive(self, fill: Fill, k: int) -> None:
        with pytest.raises(BadSearch, match=f"at least 1, found {k}"):
            fill(ids_of(1), rows_of([1, 0])).search(rows_of([1, 0]), k)

    def test_the_longest_vectors_do_not_overflow(self, fill: Fill) -> None:
        long = rows_of([LARGEST_NORM * 0.999, 0])
        scores, _ = fill(ids_of(1, 2), np.concatenate([long, -long])).search(long, 2)
        assert np.isfinite(scores).all()
        assert scores[0, 0] == -scores[0, 1] > 0

    def test_a_column_major_or_sliced_array_is_read_as_it_looks(self, fill: Fill) -> None:
        vectors = np.arange(24, dtype=np.float32).reshape(4, 6)
        index = fill(np.arange(8, dtype=np.int64)[::2], np.asfortranarray(vectors)[:, ::2])
        _, found = index.search(np.asfortranarray(rows_of([1, 0, 0], [-1, 0, 0])), 1)
        assert found.tolist() == [[6], [0]]
        assert index.reconstruct(ids_of(2)).tolist() == [[6, 8, 10]]


class TestRows:
    def test_ids_are_ascending_and_counted(self, fill: Fill) -> None:
        index = fill(ids_of(30, 10, 20), rows_of([1, 0], [2, 0], [3, 0]))
        assert index.ids().tolist() == [10, 20, 30]
        assert len(index) == 3
        assert index.width == 2

    def test_reconstruct_gives_rows_in_the_order_asked(self, fill: Fill) -> None:
        index = fill(ids_of(30, 10, 20), rows_of([1, 0], [2, 0], [3, 0]))
        vectors = index.reconstruct(ids_of(20, 30, 20))
        assert vectors.tolist() == [[3, 0], [1, 0], [3, 0]]
        assert index.reconstruct(ids_of()).shape == (0, 2)
        vectors[:] = 9
        assert index.reconstruct(ids_of(20)).tolist() == [[3, 0]], "a caller's copy must not be the index's own"

    def test_reconstruct_refuses_unknown_ids(self, fill: Fill) -> None:
        with pytest.raises(UnknownId, match="2 id"):
            fill(ids_of(5), rows_of([1, 0])).reconstruct(ids_of(4, 5, 6))

    def test_what_is_removed_is_gone_and_may_come_back(self, empty: VectorIndex) -> None:
        empty.add(ids_of(1, 2, 3), np.eye(3, dtype=np.float32))
        assert empty.remove(ids_of(2, 2, 77)) == 1
        assert empty.remove(ids_of(2)) == 0
        assert empty.ids().tolist() == [1, 3]
        assert 2 not in empty.search(rows_of([0, 1, 0]), 3)[1]
        with pytest.raises(UnknownId):
            empty.reconstruct(ids_of(2))
        empty.add(ids_of(2), rows_of([0, 5, 0]))
        assert empty.search(rows_of([0, 1, 0]), 1)[0].tolist() == [[5.0]]

    def test_the_last_row_can_be_removed(self, empty: VectorIndex) -> None:
        empty.add(ids_of(8), rows_of([1, 1, 1]))
        assert empty.remove(ids_of(8)) == 1
        assert len(empty) == 0
        assert empty.search(rows_of([1, 1, 1]), 1)[1].tolist() == [[NO_ID]]

    def test_the_index_keeps_its_own_copy(self, empty: VectorIndex) -> None:
        ids, vectors = ids_of(1), rows_of([1, 2, 3])
        empty.add(ids, vectors)
        ids[:], vectors[:] = 9, 9
        empty.ids()[:] = 5
        assert empty.ids().tolist() == [1]
        assert empty.reconstruct(ids_of(1)).tolist() == [[1, 2, 3]]

    def test_adding_nothing_changes_nothing(self, empty: VectorIndex) -> None:
        empty.add(ids_of(), np.empty((0, 3), np.float32))
        assert len(empty) == 0


class TestRefusals:
    """Nothing is added when anything is refused."""

    @pytest.fixture
    def index(self, empty: VectorIndex) -> Iterator[VectorIndex]:
        empty.add(ids_of(1), rows_of([1, 2, 3]))
        yield empty
        assert empty.ids().tolist() == [1]
        assert empty.search(rows_of([1, 0, 0]), 2)[1].tolist() == [[1, NO_ID]]

    def test_an_id_already_there(self, index: VectorIndex) -> None:
        with pytest.raises(DuplicateId, match=r"1 duplicate id.* already in the index"):
            index.add(ids_of(2, 1), rows_of([0, 0, 1], [0, 0, 2]))

    def test_an_id_twice_in_one_call(self, index: VectorIndex) -> None:
        with pytest.raises(DuplicateId, match=r"1 duplicate id.* in one call"):
            index.add(ids_of(2, 2), rows_of([0, 0, 1], [0, 0, 2]))

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_not_a_finite_number(self, index: VectorIndex, value: float) -> None:
        bad = rows_of([0, 0, 1], [0, value, 2])
        with pytest.raises(BadVector, match=r"1 vector.* NaN or infinity"):
            index.add(ids_of(2, 3), bad)
        with pytest.raises(BadVector, match="NaN or infinity"):
            index.search(bad, 1)

    def test_too_long_to_multiply(self, index: VectorIndex) -> None:
        with pytest.raises(BadVector, match="longer than 1e"):
            index.add(ids_of(2), rows_of([3e38, 3e38, 3e38]))

    @pytest.mark.parametrize("width", [2, 4])
    def test_another_width(self, index: VectorIndex, width: int) -> None:
        bad = np.zeros((1, width), np.float32)
        with pytest.raises(DimensionMismatch, match=f"width 3, found {width}"):
            index.add(ids_of(2), bad)
        with pytest.raises(DimensionMismatch):
            index.search(bad, 1)

    @pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int32, np.dtype(">f4")])
    def test_no_silent_cast(self, index: VectorIndex, dtype: np.dtype[np.generic]) -> None:
        bad = np.zeros((1, 3), dtype)
        with pytest.raises(BadVector, match="must be float32"):
            index.add(ids_of(2), bad)
        with pytest.raises(BadVector, match="must be float32"):
            index.search(bad, 1)

    def test_a_single_row_must_say_that_it_is_one(self, index: VectorIndex) -> None:
        with pytest.raises(BadVector, match="two-dimensional"):
            index.add(ids_of(2), np.zeros(3, np.float32))

    def test_more_ids_than_vectors(self, index: VectorIndex) -> None:
        with pytest.raises(BadId, match=r"2 id\(s\) for 1 vector"):
            index.add(ids_of(2, 3), rows_of([1, 2, 3]))

    @pytest.mark.parametrize(
        ("ids", "rule"),
        [
            (np.array([-1], np.int64), "negative"),
            (np.array([2], np.int32), "int64"),
            (np.array([2.0]), "int64"),
            (np.array([[2]], np.int64), "one-dimensional"),
            ([2], "int64"),
        ],
    )
    def test_ids_of_another_kind(self, index: VectorIndex, ids: Ids, rule: str) -> None:
        vector = rows_of([1, 2, 3])
        calls: list[Callable[[], object]] = [
            lambda: index.add(ids, vector),
            lambda: index.remove(ids),
            lambda: index.reconstruct(ids),
            lambda: index.search(vector, 1, allowed=ids),
        ]
        for call in calls:
            with pytest.raises(BadId, match=rule):
                call()

    @pytest.mark.parametrize("kind", KINDS.values())
    def test_no_width(self, kind: Kind) -> None:
        with pytest.raises(BadVector, match="at least 1"):
            kind(0)


@pytest.mark.parametrize("kind", KINDS.values())
class TestFiles:
    @pytest.fixture
    def path(self, kind: Kind, tmp_path: Path) -> Path:
        index = kind(4)
        index.add(ids_of(3, 1, 2), np.arange(12, dtype=np.float32).reshape(3, 4))
        index.save(tmp_path / "index")
        return tmp_path / "index"

    def test_a_mapped_index_refuses_changes(self, kind: Kind, path: Path) -> None:
        index = kind.load(path, mmap=True)
        assert index.read_only
        with pytest.raises(ReadOnlyIndex):
            index.add(ids_of(9), np.ones((1, 4), np.float32))
        with pytest.raises(ReadOnlyIndex):
            index.remove(ids_of(1))
        assert index.ids().tolist() == [1, 2, 3]

    def test_a_loaded_index_can_be_changed(self, kind: Kind, path: Path) -> None:
        index = kind.load(path)
        assert not index.read_only
        assert index.remove(ids_of(1)) == 1
        index.add(ids_of(9), np.full((1, 4), 50, np.float32))
        assert index.search(np.ones((1, 4), np.float32), 3)[1].tolist() == [[9, 2, 3]]

    def test_what_is_written_is_parsed_in_memory(self, kind: Kind, path: Path) -> None:
        whole = memoryview(path.read_bytes())
        index = kind.parse(whole, "index")
        assert index.ids().tolist() == [1, 2, 3]
        assert np.array_equal(index.reconstruct(index.ids()), kind.load(path).reconstruct(index.ids()))
        index.add(ids_of(9), np.full((1, 4), 50, np.float32))
        assert index.remove(ids_of(1)) == 1
        whole.release()  # nothing of it is kept

    def test_every_truncation_is_noticed(self, kind: Kind, path: Path) -> None:
        whole = path.read_bytes()
        for length in range(len(whole)):
            with pytest.raises(IndexFileUnusable, match="index file index cannot"):
                kind.parse(memoryview(whole)[:length], "index")
            path.write_bytes(whole[:length])
            for mmap in (False, True):
                with pytest.raises(IndexFileUnusable):
                    kind.load(path, mmap=mmap)

    @pytest.mark.parametrize("content", [b"", b"not an index", b"\x93NUMPY\x01\x00\x10\x00{'descr': '<f4'"])
    def test_another_file(self, kind: Kind, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        with pytest.raises(IndexFileUnusable) as caught:
            kind.load(path)
        assert str(path.parent) not in str(caught.value), "a message names the file, not where it lies"

    def test_no_file(self, kind: Kind, tmp_path: Path) -> None:
        for mmap in (False, True):
            with pytest.raises(FileNotFoundError):
                kind.load(tmp_path / "nothing", mmap=mmap)

    def test_only_the_owner_can_read_it(self, kind: Kind, path: Path) -> None:
        assert len(kind.load(path)) == 3
        assert path.stat().st_mode & 0o077 == 0

    @pytest.mark.parametrize("rows", [1, 2000], ids=["smaller than a buffer", "larger"])
    def test_a_full_disk_leaves_the_old_file(self, kind: Kind, path: Path, rows: int) -> None:
        before = path.read_bytes()
        index = kind(64)
        index.add(np.arange(rows, dtype=np.int64), np.ones((rows, 64), np.float32))
        with file_size_limit(200), pytest.raises(OSError, match="too large"):
            index.save(path)
        assert path.read_bytes() == before
        assert [entry.name for entry in path.parent.iterdir()] == ["index"], "nothing is left aside"

    def test_searches_while_others_add_and_remove(self, kind: Kind) -> None:
        # Rows 0..49 stay; 50.. come and go. A search must always find the row that stays.
        index = kind(8)
        rng = np.random.default_rng(3)
        vectors = rng.standard_normal((100, 8)).astype(np.float32)
        vectors /= norms(vectors)[:, None].astype(np.float32)
        everything = np.arange(100, dtype=np.int64)
        index.add(everything[:50], vectors[:50])
        stop, wrong = threading.Event(), list[object]()

        def look() -> None:
            while not stop.is_set():
                try:
                    found = index.search(vectors[:50], 2)[1]
                    if (found[:, 0] != everything[:50]).any():
                        wrong.append(found)
                except SandhanError as error:
                    wrong.append(error)

        readers = [threading.Thread(target=look) for _ in range(3)]
        for reader in readers:
            reader.start()
        for _ in range(30):
            index.add(everything[50:], vectors[50:])
            assert index.remove(everything[50:]) == 50
        stop.set()
        for reader in readers:
            reader.join(20)
            assert not reader.is_alive()
        assert not wrong


def test_a_faiss_file_of_another_sort_is_refused(tmp_path: Path) -> None:
    exact, path = ExactIndex(2), tmp_path / "index"
    exact.add(ids_of(1), rows_of([1, 2]))
    exact.save(path)
    with pytest.raises(IndexFileUnusable):
        FaissIndex.load(path)
    with path.open("wb") as file:
        np.save(file, np.zeros((3, 2), np.float32))
    with pytest.raises(IndexFileUnusable, match="table of"):
        ExactIndex.load(path)


def test_only_two_files_import_faiss() -> None:
    folder = Path(str(indexing.__file__)).parent
    importing = {
        path.name
        for path in folder.glob("**/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(name.name.split(".")[0] == "faiss" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "faiss")
    }
    assert importing == {"faiss_index.py", "word_finder.py"}


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Make the system refuse every write beyond `size` bytes of a file, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
