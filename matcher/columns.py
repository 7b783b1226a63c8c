"""How do many records look as arrays? One column per attribute, so that a comparison is arithmetic over pairs of rows.

Both sides of a linkage go into one table; a pair is two row numbers. Distinct texts are parsed once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from matcher.carried import Items, item_columns
from matcher.family_words import Bare, bare_names
from matcher.languages import language_bits
from matcher.marks import Int8, mark_rows
from matcher.names.table import NameTable
from matcher.person import AgeBasis, PartialDate, PersonName, PersonRecord, Sex, Side
from matcher.places import Gazetteer, ResolvedPlace
from matcher.texts import learn_words, parse_text

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
T = TypeVar("T")

NAMES_KEPT, RELATIVES_KEPT, REMEMBERED_KEPT, PHONES_KEPT, IDS_KEPT, FACES_KEPT, MARKS_KEPT = 4, 3, 4, 4, 4, 3, 4
_SEX_CODES = {Sex.UNKNOWN: 0, Sex.FEMALE: 1, Sex.MALE: 2, Sex.OTHER: 3}
AREA_LEVELS, LANGUAGES_KEPT = 4, 63


def exact_key(kind: str, value: str) -> int:
    """Return a stable positive 62-bit number for an exact key; 0 is reserved for "none"."""
    digest = blake2b(f"{kind}\0{value}".encode(errors="surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest) >> 2) | 1


def _each(rows: Sequence[tuple[T, ...]], of: Callable[[T], int]) -> list[tuple[int, ...]]:
    """Return rows of numbers; all empty rows are one object, of which the collector of garbage has nothing to do."""
    return [tuple([of(item) for item in row]) if row else () for row in rows]


def _padded(rows: Sequence[Sequence[int]], width: int, empty: int, dtype: type[np.integer]) -> npt.NDArray[np.int64]:
    """Return the first `width` of each row; all are written at once, for most rows of most columns are empty."""
    lengths = np.minimum(np.fromiter(map(len, rows), dtype=np.int64, count=len(rows)), width)
    out = np.full((len(rows), width), empty, dtype=dtype)
    kept = chain.from_iterable(row[:width] for row in rows if row)
    out[np.arange(width) < lengths[:, None]] = np.fromiter(kept, dtype=dtype, count=int(lengths.sum()))
    return out


@dataclass(frozen=True, slots=True)
class RecordColumns:
    """n records as columns; -1 (or 0 for hashes and codes) means unknown.

    Attributes:
        records: the records themselves, by row.
        names: table of all person and relative names; `own`, `father`, `mother`, `relatives` hold its name ids,
            shapes (n, 4), (n, 3), (n, 3), (n, 3).
        texts: table of places, addresses, marks; `village`, `district_text`, `state_text`, `address` hold its ids,
            shape (n,).
        bare_father, bare_mother, bare_relatives: shape (n, 3), these names without the words of names before them; -1
            where there is none such.
        sex: shape (n,), 0 unknown, 1 female, 2 male, 3 other.
        birth, event: shape (n, 2), proleptic ordinals of the earliest and latest day.
        exact_birth: shape (n,), bool, known to the day.
        birth_guessed: shape (n,), bool, somebody's guess, however narrow its interval.
        areas: shape (n, 4), codes of country, state, district and block paths; `area_paths`, the path of each code.
        region: shape (n,), code of the state, or of the country where no state is known.
        remembered_areas: shape (n, 4), codes of places remembered; `remembered_texts`, ids in `texts`.
        languages: shape (n,), uint64 bit sets.
        language_bits: shape (63,), how rare the language of each bit is, in bits; 0 for bits that none has.
        community: shape (n,), rows of `communities`, the distinct answers, as they were said; -1 unknown.
        height, height_on: centimetres (NaN unknown) and ordinal day.
        phones, identifiers, identifier_types: hashes.
        marks, postcode: ids in `texts`, shapes (n, 4) and (n,); a text of several marks stands in several columns.
        mark_kind, mark_site, mark_side: shape (n, 4), codes of those marks (`matcher.marks.MarkRows`), 0 unknown.
        clothing, belongings: shape (n,), rows of `carried`, the distinct sets of things; -1 unknown.
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
    bare_father: Int32
    bare_mother: Int32
    bare_relatives: Int32
    relatives: Int32
    sex: npt.NDArray[np.int8]
    birth: Int32
    exact_birth: npt.NDArray[np.bool_]
    birth_guessed: npt.NDArray[np.bool_]
    event: Int32
    areas: Int32
    area_paths: tuple[str, ...]
    region: Int32
    village: Int32
    district_text: Int32
    state_text: Int32
    remembered_areas: Int32
    remembered_texts: Int32
    languages: npt.NDArray[np.uint64]
    language_bits: npt.NDArray[np.float32]
    community: Int32
    communities: tuple[tuple[str, ...], ...]
    height: npt.NDArray[np.float32]
    height_on: Int32
    phones: Int64
    identifiers: Int64
    identifier_types: Int64
    postcode: Int32
    address: Int32
    marks: Int32
    mark_kind: Int8
    mark_site: Int8
    mark_side: Int8
    clothing: Int32
    belongings: Int32
    carried: tuple[Items, ...]
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
        places = (gazetteer or Gazetteer.load()).resolve_all([row.origin for row in rows])
        bare = bare_names(rows)
        names = NameTable.build(
            chain(
                (name.text for row in rows for name in (*row.names, *row.father, *row.mother, *row.relatives)),
                (text for one in chain(*bare) for text in one if text is not None),
            )
        )
        every_text = dict.fromkeys(_texts(rows, places))
        learn_words(every_text)
        texts = NameTable.build(every_text, parse_text)
        codes: dict[str, int] = {}
        areas = _areas(places, codes)
        remembered = [_remembered(row, gazetteer or Gazetteer.load(), codes) if row.remembered else () for row in rows]
        vectors, models, model_names, face_rows = _faces(rows)
        marks = mark_rows((row.marks for row in rows), lambda text: _text_id(texts, text), MARKS_KEPT)
        (clothing, belongings), carried = item_columns((row.clothing for row in rows), (row.belongings for row in rows))
        rescued = np.array([row.side is Side.RESCUED for row in rows], dtype=np.bool_)
        languages, spoken = _languages(rows)
        answers = {
            said: number for number, said in enumerate(dict.fromkeys(row.community for row in rows if row.community))
        }
        return cls(
            records=rows,
            names=names,
            texts=texts,
            own=_name_ids(names, [row.names for row in rows], NAMES_KEPT),
            father=_name_ids(names, [row.father for row in rows], RELATIVES_KEPT),
            mother=_name_ids(names, [row.mother for row in rows], RELATIVES_KEPT),
            bare_father=_bare_ids(names, bare[0]),
            bare_mother=_bare_ids(names, bare[1]),
            bare_relatives=_bare_ids(names, bare[2]),
            relatives=_name_ids(names, [row.relatives for row in rows], RELATIVES_KEPT),
            sex=np.array([_SEX_CODES[row.sex] for row in rows], dtype=np.int8),
            birth=_intervals([row.birth for row in rows]),
            exact_birth=np.array([row.birth is not None and row.birth.is_exact for row in rows], dtype=np.bool_),
            birth_guessed=np.array([row.birth_basis is AgeBasis.GUESS for row in rows], dtype=np.bool_),
            event=_intervals([row.event for row in rows]),
            areas=np.array(areas, dtype=np.int32).reshape(len(rows), AREA_LEVELS),
            area_paths=tuple(codes),
            region=np.array([row[1] if row[1] >= 0 else row[0] for row in areas], dtype=np.int32),
            village=_text_ids(texts, [place.village for place in places]),
            district_text=_text_ids(texts, [place.district for place in places]),
            state_text=_text_ids(texts, [place.state for place in places]),
            remembered_areas=_padded(remembered, REMEMBERED_KEPT, -1, np.int32).astype(np.int32),
            remembered_texts=_text_rows(texts, [row.remembered for row in rows], REMEMBERED_KEPT),
            languages=languages,
            language_bits=_language_bits(spoken),
            community=np.array([answers.get(row.community, -1) for row in rows], dtype=np.int32),
            communities=tuple(answers),
            height=np.array([row.height_cm or np.nan for row in rows], dtype=np.float32),
            height_on=np.array([row.height_on.toordinal() if row.height_on else -1 for row in rows], dtype=np.int32),
            phones=_keys([row.phones for row in rows], lambda phone: exact_key("phone", phone), PHONES_KEPT),
            identifiers=_keys([row.identifiers for row in rows], lambda held: exact_key(*held), IDS_KEPT),
            identifier_types=_keys(
                [row.identifiers for row in rows], lambda held: exact_key("type", held[0]), IDS_KEPT
            ),
            postcode=_text_ids(texts, [row.postcode for row in rows]),
            marks=marks.texts,
            mark_kind=marks.kinds,
            mark_site=marks.sites,
            mark_side=marks.sides,
            clothing=clothing,
            belongings=belongings,
            carried=carried,
            extras=_extras(rows, texts),
            rescued=rescued,
            address=_text_ids(texts, [row.address for row in rows]),
            faces=face_rows,
            face_vectors=vectors,
            face_models=models,
            face_model_names=model_names,
        )


def _texts(rows: tuple[PersonRecord, ...], places: list[ResolvedPlace]) -> Iterable[str]:
    for row, place in zip(rows, places, strict=True):
        yield from filter(None, (place.village, place.district, place.state, row.address, row.postcode))
        yield from row.remembered
        yield from row.marks
        yield from (value for _, value in row.extras)


def _text_id(table: NameTable, text: str | None) -> int:
    """Return the id of a text, -1 for one without any word: a dash in a form is unknown, not different."""
    number = table.ids.get(text, -1) if text else -1
    return number if number >= 0 and table.joined[number] >= 0 else -1


def _text_ids(table: NameTable, texts: list[str | None] | list[str]) -> Int32:
    numbers = np.array([table.ids.get(text, -1) if text else -1 for text in texts], dtype=np.int32)
    held = np.flatnonzero(numbers >= 0)
    numbers[held[table.joined[numbers[held]] < 0]] = -1
    return numbers


def _text_rows(table: NameTable, texts: list[tuple[str, ...]], width: int) -> Int32:
    ids = [tuple(number for text in row if (number := _text_id(table, text)) >= 0) if row else () for row in texts]
    return _padded(ids, width, -1, np.int32).astype(np.int32)


def _extras(rows: tuple[PersonRecord, ...], texts: NameTable) -> dict[str, Int32]:
    columns: dict[str, dict[int, int]] = {}
    for number, row in enumerate(rows):
        for name, value in row.extras:
            columns.setdefault(name, {})[number] = texts.ids[value]
    return {name: _scattered(column, len(rows)) for name, column in columns.items()}


def _scattered(values: dict[int, int], size: int) -> Int32:
    """Return shape (size,): the values at their rows, -1 elsewhere."""
    out = np.full(size, -1, dtype=np.int32)
    out[list(values)] = list(values.values())
    return out


def _keys(rows: list[tuple[T, ...]], key: Callable[[T], int], width: int) -> Int64:
    return _padded(_each(rows, key), width, 0, np.int64)


def _name_ids(table: NameTable, names: list[tuple[PersonName, ...]], width: int) -> Int32:
    return _padded(_each(names, lambda name: table.ids[name.text]), width, -1, np.int32).astype(np.int32)


def _bare_ids(table: NameTable, bare: list[Bare]) -> Int32:
    ids = _each(bare, lambda text: -1 if text is None else table.ids[text])
    return _padded(ids, RELATIVES_KEPT, -1, np.int32).astype(np.int32)


def _areas(places: list[ResolvedPlace], codes: dict[str, int]) -> list[list[int]]:
    """Return the codes of each place's levels; a path is cut once, however many come from there."""
    cut: dict[str, list[int]] = {}
    for place in places:
        if place.path not in cut:
            cut[place.path] = [_code(place.area(level), codes) for level in range(AREA_LEVELS)]
    return [cut[place.path] for place in places]


def _code(path: str, codes: dict[str, int]) -> int:
    return codes.setdefault(path, len(codes)) if path else -1


def _remembered(row: PersonRecord, gazetteer: Gazetteer, codes: dict[str, int]) -> tuple[int, ...]:
    """Return the codes of every place that a remembered word may mean, the first few."""
    return tuple(_code(path, codes) for text in row.remembered for path in gazetteer.find_anywhere(text)[:2])


def _intervals(values: list[PartialDate | None]) -> Int32:
    out = np.full((len(values), 2), -1, dtype=np.int32)
    for number, value in enumerate(values):
        if value is not None:
            out[number] = value.earliest.toordinal(), value.latest.toordinal()
    return out


def _languages(rows: tuple[PersonRecord, ...]) -> tuple[npt.NDArray[np.uint64], dict[str, int]]:
    """Return bit sets; the last bit is shared by all languages beyond the first 62, which says less, not wrong."""
    bits: dict[str, int] = {}
    sets: dict[tuple[str, ...], int] = {(): 0}
    for row in rows:
        if row.languages not in sets:
            total = 0
            for language in row.languages:
                total |= 1 << bits.setdefault(language.lower().split("-")[0], min(len(bits), LANGUAGES_KEPT - 1))
            sets[row.languages] = total
    return np.array([sets[row.languages] for row in rows], dtype=np.uint64), bits


def _language_bits(positions: dict[str, int]) -> npt.NDArray[np.float32]:
    out = np.zeros(LANGUAGES_KEPT, dtype=np.float32)
    for language, position in positions.items():
        # The last bit stands for several: it says as little as the commonest of them.
        bits = language_bits(language)
        out[position] = bits if out[position] == 0 else min(out[position], bits)
    return out


def _faces(rows: tuple[PersonRecord, ...]) -> tuple[npt.NDArray[np.float32], Int32, tuple[str, ...], Int32]:
    vectors: list[npt.NDArray[np.float32]] = []
    models: list[int] = []
    model_codes: dict[str, int] = {}
    face_rows: list[tuple[int, ...]] = []
    for row in rows:
        start = len(vectors)
        for face in row.faces[:FACES_KEPT]:
            vectors.append(face.vector)
            models.append(model_codes.setdefault(face.model, len(model_codes)))
        face_rows.append(tuple(range(start, len(vectors))))
    width = max((len(vector) for vector in vectors), default=1)
    matrix = np.zeros((len(vectors), width), dtype=np.float32)
    for number, vector in enumerate(vectors):
        matrix[number, : len(vector)] = vector  # models of other widths are never compared with each other
    kept = _padded(face_rows, FACES_KEPT, -1, np.int32).astype(np.int32)
    return matrix, np.array(models, dtype=np.int32), tuple(model_codes), kept
