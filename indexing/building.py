"""How is an index of a million records built? Page by page, into segments that are made once.

records -> columns and vectors of a page -> ... -> a segment of many pages -> the index
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from indexing.match_index import MOST_IN_A_SEGMENT, MatchIndex
from indexing.photo_rows import faces_of
from indexing.record_space import RecordSpace, Small
from indexing.record_vectors import encode_records
from indexing.segment import Segment
from matcher.column_tables import from_tables, to_tables
from matcher.columns import RecordColumns
from matcher.gathering import gather
from matcher.person import PersonRecord

Ints = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, read.

    Attributes:
        columns: the records.
        owners: shape (r,), the record of each of their rows on a shelf, ascending.
        table: shape (r, d), int8, these rows.
        faces: of each record with photos, by its id.
    """

    columns: RecordColumns
    owners: Ints
    table: Small
    faces: dict[str, Vectors]

    def packed(self) -> Page:
        """Return the page with its columns as plain arrays, which another process gets at once."""
        return replace(self, columns=from_tables(to_tables(self.columns)))


def read_page(records: Sequence[PersonRecord], face_model: str, face_width: int) -> Page:
    """Return some records as they are stored.

    Raises:
        BadVector, DimensionMismatch: a face of `face_model` is not finite or not of `face_width`.
    """
    faces = {record.record_id: faces_of(record, face_model, face_width) for record in records if record.faces}
    columns = RecordColumns.build(records)
    vectors = encode_records(columns)
    return Page(columns, vectors.owners, RecordSpace.load().stored(vectors.rows), faces)


class IndexBuilder:
    """Fills an index that holds nothing yet; no record comes twice."""

    def __init__(self, index: MatchIndex, most: int = MOST_IN_A_SEGMENT) -> None:
        """Fill an index with segments of at most so many records, pages not being cut."""
        self._index, self._most = index, most
        self._pages: list[Page] = []

    def add(self, page: Page) -> None:
        """Add the records of a page."""
        if not len(page.columns):
            return
        if self._pages and sum(len(one.columns) for one in self._pages) + len(page.columns) > self._most:
            self.finish()
        self._pages.append(page)

    def finish(self) -> None:
        """Put into the index what has come since the last segment."""
        if not self._pages:
            return
        pages, self._pages = self._pages, []
        begins = np.cumsum([0, *(len(page.columns) for page in pages)])
        owners = [page.owners + begin for page, begin in zip(pages, begins, strict=False)]
        columns = gather([(page.columns, np.arange(len(page.columns))) for page in pages], counted=True)
        segment = Segment.of_rows(columns, np.concatenate(owners), np.concatenate([page.table for page in pages]))
        self._index.add(segment)
        for page in pages:
            for record_id, vectors in page.faces.items():
                self._index.add_photos(record_id, vectors)
