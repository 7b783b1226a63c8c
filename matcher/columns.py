"""How do many records look as arrays? One column per attribute, so that a comparison is arithmetic over pairs of rows.

Both sides of a linkage go into one table; a pair is two row numbers. Distinct texts are parsed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from matcher.names.grammar import NameToken
from matcher.names.phonetics import fold
from matcher.names.romanize import romanize
from matcher.names.table import NameTable
from matcher.person import PartialDate, PersonName, PersonRecord, Sex, Side
from matcher.places import Gazetteer, ResolvedPlace

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

NAMES_KEPT, RELATIVES_KEPT, REMEMBERED_KEPT, PHONES_KEPT, IDS_KEPT, FACES_KEPT, MARKS_KEPT = 4, 3, 4, 4, 4, 3, 4
_SEX_CODES = {Sex.UNKNOWN: 0, Sex.FEMALE: 1, Sex.MALE: 2, Sex.OTHER: 3}
AREA_LEVELS = 4


def parse_text(text: str) -> tuple[NameToken, ...]:
    """Return the words of a free text (address, mark, village): digits count, no grammar of names."""
    words = "".join(char if char.isalnum() or ord(char) > 127 else " " for char in text[:200].casefold()).split()
    tokens = []
    for word in words:
        roman = word if word.isascii() else romanize(word).replace(" ", "")
        if roman:
            number = any(char.isdigit() for char in roman)
            tokens.append(NameToken(word, roman, roman if number else fold(roman), 1.0))
    return tuple(tokens)


def exact_key(kind: str, value: str) -> int:
    """Return a stable positive 62-bit number for an exact key; 0 is reserved for "none"."""
    digest = blake2b(f"{kind}\0{value}".encode(errors="surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest) >> 2) | 1


def _padded(rows: Sequence[Sequence[int]], width: int, empty: int, dtype: type[np.integer]) -> npt.NDArray[np.int64]:
    out = np.full((len(rows), width), empty, dtype=dtype)
    for number, row in enumerate(rows):
        kept = row[:width]
        out[number, : len(kept)] = kept
    return out


@dataclass(frozen=True, slots=True)
class RecordColumns:
    """n records as columns; -1 (or 0 for hashes and codes) means unknown.

    Attributes:
        records: the records themselves, by row.
        names: table of all person and relative names; `own`, `father`, `mother`, `relatives` hold its name ids,
            shapes (n, 4), (n, 3), (n, 3), (n, 3).
        texts: table of places, addresses, marks; `village`, `district_text`, `address` hold its ids, shape (n,).
        sex: shape (n,), 0 unknown, 1 female, 2 male, 3 other.
        birth, event: shape (n, 2), proleptic ordinals of the earliest and latest day.
        exact_birth: shape (n,), bool, known to the day.
        areas: shape (n, 4), codes of country, state, district and block paths; `area_paths`, the path of each code.
        region: shape (n,), code of the state, or of the country where no state is known.
        remembered_areas: shape (n, 4), codes of places remembered; `remembered_texts`, ids in `texts`.
        languages: shape (n,), uint64 bit sets.
        height, height_on: centimetres (NaN unknown) and ordinal day.
        phones, identifiers, identifier_types: hashes.
        marks, postcode: ids in `texts`, shapes (n, 4) and (n,).
        extras: column name -> ids in `texts`, shape (n,).
        rescued: shape (n,), bool, which side a record is on.
        faces: shape (n, 3), rows of `face_vectors`; `face_models`, rows of `face_model_names`, so that
            distances never mix models.
    """

    records: tuple[PersonRecord, ...]
    names: NameTable
    texts: NameTable
    own: Int32
    father: Int32
    mother: Int32
    relatives: Int32
    sex: npt.NDArray[np.int8]
    birth: Int32
    exact_birth: npt.NDArray[np.bool_]
    event: Int32
    areas: Int32
    area_paths: tuple[str, ...]
    region: Int32
    village: Int32
    district_text: Int32
    remembered_areas: Int32
    remembered_texts: Int32
    languages: npt.NDArray[np.uint64]
    height: npt.NDArray[np.float32]
    height_on: Int32
    phones: Int64
    identifiers: Int64
    identifier_types: Int64
    postcode: Int32
    address: Int32
    marks: Int32
    extras: dict[str, Int32]
    rescued: npt.NDArray[np.bool_]
    faces: Int32
    face_vectors: npt.NDArray[np.float32]
    face_models: Int32
    face_model_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.records)

    @classmethod
    def build(cls, records: Iterable[PersonRecord], gazetteer: Gazetteer | None = None) -> RecordColumns:
        """Return the columns of the records in their order."""
        rows = tuple(records)
        places = [(gazetteer or Gazetteer.load()).resolve(row.origin) for row in rows]
        names = NameTable.build(
            name.text for row in rows for name in (*row.names, *row.father, *row.mother, *row.relatives)
        )
        texts = NameTable.build(_texts(rows, places), parse_text)
        codes: dict[str, int] = {}
        areas = [[_code(place.area(level), codes) for level in range(AREA_LEVELS)] for place in places]
        remembered = [_remembered(row, gazetteer or Gazetteer.load(), codes) for row in rows]
        vectors, models, model_names, face_rows = _faces(rows)
        bits: dict[str, int] = {}
        return cls(
            records=rows,
            names=names,
            texts=texts,
            own=_name_ids(names, [row.names for row in rows], NAMES_KEPT),
            father=_name_ids(names, [row.father for row in rows], RELATIVES_KEPT),
            mother=_name_ids(names, [row.mother for row in rows], RELATIVES_KEPT),
            relatives=_name_ids(names, [row.relatives for row in rows], RELATIVES_KEPT),
            sex=np.array([_SEX_CODES[row.sex] for row in rows], dtype=np.int8),
            birth=_intervals([row.birth for row in rows]),
            exact_birth=np.array([row.birth is not None and row.birth.is_exact for row in rows], dtype=np.bool_),
            event=_intervals([row.event for row in rows]),
            areas=np.array(areas, dtype=np.int32).reshape(len(rows), AREA_LEVELS),
            area_paths=tuple(codes),
            region=np.array([row[1] if row[1] >= 0 else row[0] for row in areas], dtype=np.int32),
            village=_text_ids(texts, [place.village for place in places]),
            district_text=_text_ids(texts, [place.district for place in places]),
            remembered_areas=_padded(remembered, REMEMBERED_KEPT, -1, np.int32).astype(np.int32),
            remembered_texts=_text_rows(texts, [row.remembered for row in rows], REMEMBERED_KEPT),
            languages=np.array([_language_bits(row.languages, bits) for row in rows], dtype=np.uint64),
            height=np.array([row.height_cm or np.nan for row in rows], dtype=np.float32),
            height_on=np.array([row.height_on.toordinal() if row.height_on else -1 for row in rows], dtype=np.int32),
            phones=_padded(
                [[exact_key("phone", phone) for phone in row.phones] for row in rows], PHONES_KEPT, 0, np.int64
            ),
            identifiers=_padded(
                [[exact_key(kind, value) for kind, value in row.identifiers] for row in rows], IDS_KEPT, 0, np.int64
            ),
            identifier_types=_padded(
                [[exact_key("type", kind) for kind, _ in row.identifiers] for row in rows], IDS_KEPT, 0, np.int64
            ),
            postcode=_text_ids(texts, [row.postcode for row in rows]),
            marks=_text_rows(texts, [row.marks for row in rows], MARKS_KEPT),
            extras=_extras(rows, texts),
            rescued=np.array([row.side is Side.RESCUED for row in rows], dtype=np.bool_),
            address=_text_ids(texts, [row.address for row in rows]),
            faces=face_rows,
            face_vectors=vectors,
            face_models=models,
            face_model_names=model_names,
        )


def _texts(rows: tuple[PersonRecord, ...], places: list[ResolvedPlace]) -> Iterable[str]:
    for row, place in zip(rows, places, strict=True):
        yield from filter(None, (place.village, place.district, row.address, row.postcode))
        yield from row.remembered
        yield from row.marks
        yield from (value for _, value in row.extras)


def _text_id(table: NameTable, text: str | None) -> int:
    """Return the id of a text, -1 for one without any word: a dash in a form is unknown, not different."""
    number = table.ids.get(text, -1) if text else -1
    return number if number >= 0 and table.joined[number] >= 0 else -1


def _text_ids(table: NameTable, texts: list[str | None] | list[str]) -> Int32:
    return np.array([_text_id(table, text) for text in texts], dtype=np.int32)


def _text_rows(table: NameTable, texts: list[tuple[str, ...]], width: int) -> Int32:
    ids = [[number for text in row if (number := _text_id(table, text)) >= 0] for row in texts]
    return _padded(ids, width, -1, np.int32).astype(np.int32)


def _extras(rows: tuple[PersonRecord, ...], texts: NameTable) -> dict[str, Int32]:
    columns: dict[str, Int32] = {}
    for number, row in enumerate(rows):
        for name, value in row.extras:
            column = columns.setdefault(name, np.full(len(rows), -1, dtype=np.int32))
            column[number] = texts.ids[value]
    return columns


def _name_ids(table: NameTable, names: list[tuple[PersonName, ...]], width: int) -> Int32:
    return _padded([[table.ids[name.text] for name in row] for row in names], width, -1, np.int32).astype(np.int32)


def _code(path: str, codes: dict[str, int]) -> int:
    return codes.setdefault(path, len(codes)) if path else -1


def _remembered(row: PersonRecord, gazetteer: Gazetteer, codes: dict[str, int]) -> list[int]:
    """Return the codes of every place that a remembered word may mean, the first few."""
    return [_code(path, codes) for text in row.remembered for path in gazetteer.find_anywhere(text)[:2]]


def _intervals(values: list[PartialDate | None]) -> Int32:
    out = np.full((len(values), 2), -1, dtype=np.int32)
    for number, value in enumerate(values):
        if value is not None:
            out[number] = value.earliest.toordinal(), value.latest.toordinal()
    return out


def _language_bits(languages: tuple[str, ...], bits: dict[str, int]) -> int:
    """Return a bit set; the 63rd bit is shared by all languages beyond the first 62, which says less, not wrong."""
    total = 0
    for language in languages:
        position = bits.setdefault(language.lower().split("-")[0], min(len(bits), 62))
        total |= 1 << position
    return total


def _faces(rows: tuple[PersonRecord, ...]) -> tuple[npt.NDArray[np.float32], Int32, tuple[str, ...], Int32]:
    vectors: list[npt.NDArray[np.float32]] = []
    models: list[int] = []
    model_codes: dict[str, int] = {}
    face_rows: list[list[int]] = []
    for row in rows:
        ids = []
        for face in row.faces[:FACES_KEPT]:
            ids.append(len(vectors))
            vectors.append(face.vector)
            models.append(model_codes.setdefault(face.model, len(model_codes)))
        face_rows.append(ids)
    width = max((len(vector) for vector in vectors), default=1)
    matrix = np.zeros((len(vectors), width), dtype=np.float32)
    for number, vector in enumerate(vectors):
        matrix[number, : len(vector)] = vector  # models of other widths are never compared with each other
    kept = _padded(face_rows, FACES_KEPT, -1, np.int32).astype(np.int32)
    return matrix, np.array(models, dtype=np.int32), tuple(model_codes), kept
