"""How do many records look as arrays? One column per attribute, so that a comparison is arithmetic over pairs of rows.

Both sides of a linkage go into one table; a pair is two row numbers. Distinct texts are parsed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.carried import item_columns
from matcher.distinct import each_padded, in_columns, numbered
from matcher.languages import language_bits
from matcher.marks import Int8, mark_rows
from matcher.name_columns import name_columns
from matcher.names.table import NameTable
from matcher.person import AgeBasis, PartialDate, PersonRecord, Sex, Side
from matcher.places import Gazetteer, ResolvedPlace, area_at
from matcher.texts import learn_texts, parse_text

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

REMEMBERED_KEPT, PHONES_KEPT, IDS_KEPT, FACES_KEPT, MARKS_KEPT = 4, 4, 4, 3, 4
_SEX_CODES = {Sex.UNKNOWN: 0, Sex.FEMALE: 1, Sex.MALE: 2, Sex.OTHER: 3}
AREA_LEVELS, LANGUAGES_KEPT = 4, 63


def exact_key(kind: str, value: str) -> int:
    """Return a stable positive 62-bit number for an exact key; 0 is reserved for "none"."""
    digest = blake2b(f"{kind}\0{value}".encode(errors="surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest) >> 2) | 1


@dataclass(frozen=True, slots=True)
class RecordColumns:
    """n records as columns; -1 (or 0 for hashes and codes) means unknown.

    Attributes:
        ids: what each record is called.
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
        languages: shape (n,), uint64 bit sets; `language_names`, the language of each bit, those of the last one last.
        community: shape (n,), rows of `communities`, the distinct answers, as they were said; -1 unknown.
        height, height_on: centimetres (NaN unknown) and ordinal day.
        phones, identifiers, identifier_types: hashes.
        marks, postcode: ids in `texts`, shapes (n, 4) and (n,); a text of several marks stands in several columns.
        mark_kind, mark_site, mark_side: shape (n, 4), codes of those marks (`matcher.marks.MarkRows`), 0 unknown.
        clothing, belongings: shape (n,), rows of `carried`, the distinct sets of things, as
            `matcher.carried.read_items` reads them; -1 unknown.
        extras: column name -> ids in `texts`, shape (n,).
        rescued: shape (n,), bool, which side a record is on.
        faces: shape (n, 3), rows of `face_vectors`; `face_models`, rows of `face_model_names`, so that
            distances never mix models; `face_taken`, the day of each photo, -1 unknown; `face_weak`, bool, its quality.
    """

    ids: Sequence[str]
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
    area_paths: Sequence[str]
    region: Int32
    village: Int32
    district_text: Int32
    state_text: Int32
    remembered_areas: Int32
    remembered_texts: Int32
    languages: npt.NDArray[np.uint64]
    language_names: Sequence[str]
    community: Int32
    communities: Sequence[tuple[str, ...]]
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
    carried: Sequence[str]
    extras: dict[str, Int32]
    rescued: npt.NDArray[np.bool_]
    faces: Int32
    face_vectors: npt.NDArray[np.float32]
    face_models: Int32
    face_model_names: Sequence[str]
    face_taken: Int32
    face_weak: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.sex)

    @property
    def language_bits(self) -> npt.NDArray[np.float32]:
        """Return how rare the language of each bit is, shape (63,), in bits; 0 for bits that none has."""
        out = np.zeros(LANGUAGES_KEPT, dtype=np.float32)
        for number, language in enumerate(self.language_names):
            position = min(number, LANGUAGES_KEPT - 1)
            # The last bit stands for several: it says as little as the commonest of them.
            bits = language_bits(language)
            out[position] = bits if out[position] == 0 else min(out[position], bits)
        return out

    @classmethod
    def build(cls, records: Iterable[PersonRecord], gazetteer: Gazetteer | None = None) -> RecordColumns:
        """Return the columns of the records in their order."""
        rows = tuple(records)
        names, family = name_columns(rows)
        known = gazetteer or Gazetteer.load()
        places, origin = _places(rows, known)
        texts = _texts(rows, places, origin)
        text_ids = texts.ids
        codes: dict[str, int] = {}
        areas = _areas(places, codes)
        remembered = _column(rows, "remembered")
        remembered_areas = each_padded(
            remembered, lambda said: _remembered(said, known, codes), REMEMBERED_KEPT, -1, np.int32
        )
        marked, mark = numbered(_column(rows, "marks"))
        marks = mark_rows(marked, lambda text: _text_id(texts, text_ids, text), MARKS_KEPT)
        (clothing, belongings), carried = item_columns(_column(rows, "clothing"), _column(rows, "belongings"))
        languages, spoken = _languages(_column(rows, "languages"))
        community, communities = _communities(_column(rows, "community"))
        birth = _intervals(_column(rows, "birth"))
        identifiers = _column(rows, "identifiers")
        return cls(
            ids=tuple(_column(rows, "record_id")),
            names=names,
            texts=texts,
            **family,
            sex=np.array(list(map(_SEX_CODES.__getitem__, _column(rows, "sex"))), dtype=np.int8),
            birth=birth,
            exact_birth=(birth[:, 0] >= 0) & (birth[:, 0] == birth[:, 1]),
            birth_guessed=np.array([basis is AgeBasis.GUESS for basis in _column(rows, "birth_basis")], dtype=np.bool_),
            event=_intervals(_column(rows, "event")),
            areas=areas[origin],
            area_paths=tuple(codes),
            region=np.where(areas[:, 1] >= 0, areas[:, 1], areas[:, 0])[origin],
            village=_text_ids(texts, text_ids, [place.village for place in places])[origin],
            district_text=_text_ids(texts, text_ids, [place.district for place in places])[origin],
            state_text=_text_ids(texts, text_ids, [place.state for place in places])[origin],
            remembered_areas=remembered_areas,
            remembered_texts=each_padded(
                remembered, lambda said: _known_ids(texts, text_ids, said), REMEMBERED_KEPT, -1, np.int32
            ),
            languages=languages,
            language_names=spoken,
            community=community,
            communities=communities,
            height=np.array([height or np.nan for height in _column(rows, "height_cm")], dtype=np.float32),
            height_on=_ordinals(_column(rows, "height_on")),
            phones=each_padded(
                _column(rows, "phones"),
                lambda phones: [exact_key("phone", phone) for phone in phones],
                PHONES_KEPT,
                0,
                np.int64,
            ),
            identifiers=each_padded(identifiers, lambda held: [exact_key(*one) for one in held], IDS_KEPT, 0, np.int64),
            identifier_types=each_padded(
                identifiers, lambda held: [exact_key("type", kind) for kind, _ in held], IDS_KEPT, 0, np.int64
            ),
            postcode=_text_ids(texts, text_ids, _column(rows, "postcode")),
            marks=marks.texts[mark],
            mark_kind=marks.kinds[mark],
            mark_site=marks.sites[mark],
            mark_side=marks.sides[mark],
            clothing=clothing,
            belongings=belongings,
            carried=carried,
            extras=_extras(_column(rows, "extras"), text_ids),
            rescued=np.array([side is Side.RESCUED for side in _column(rows, "side")], dtype=np.bool_),
            address=_text_ids(texts, text_ids, _column(rows, "address")),
            **_faces(rows),
        )


def _column(rows: Sequence[object], field: str) -> list[Any]:
    return list(map(attrgetter(field), rows))


def _places(rows: Sequence[PersonRecord], gazetteer: Gazetteer) -> tuple[list[ResolvedPlace], npt.NDArray[np.int64]]:
    """Return (the distinct places, of each record which one she comes from)."""
    parts = attrgetter("country", "state", "district", "village")
    distinct, which = numbered(map(parts, map(attrgetter("origin"), rows)))
    return gazetteer.resolve_all(distinct), which


def _texts(rows: Sequence[PersonRecord], places: Sequence[ResolvedPlace], origin: npt.NDArray[np.int64]) -> NameTable:
    """Return the table of all texts that are not names, record by record."""
    said = [tuple(filter(None, (place.village, place.district, place.state))) for place in places]
    columns: list[Iterable[tuple[str, ...]]] = [map(said.__getitem__, origin.tolist())]
    for field in ("address", "postcode"):
        if any(column := _column(rows, field)):
            columns.append((text,) if text else () for text in column)
    columns += filter(any, (_column(rows, field) for field in ("remembered", "marks")))
    if any(extras := _column(rows, "extras")):
        columns.append(tuple(value for _, value in held) for held in extras)
    every = dict.fromkeys(chain.from_iterable(map(chain, *columns)))
    learn_texts(every)
    return NameTable.build(every, parse_text)


def _text_id(table: NameTable, ids: Mapping[str, int], text: str | None) -> int:
    """Return the id of a text, -1 for one without any word: a dash in a form is unknown, not different."""
    number = ids.get(text, -1) if text else -1
    return number if number >= 0 and table.joined[number] >= 0 else -1


def _text_ids(table: NameTable, ids: Mapping[str, int], texts: Sequence[str | None]) -> Int32:
    distinct, which = numbered(texts)
    return np.array([_text_id(table, ids, text) for text in distinct], dtype=np.int32)[which]


def _known_ids(table: NameTable, ids: Mapping[str, int], texts: Iterable[str]) -> list[int]:
    return [number for text in texts if (number := _text_id(table, ids, text)) >= 0]


def _extras(rows: Sequence[tuple[tuple[str, str], ...]], ids: Mapping[str, int]) -> dict[str, Int32]:
    distinct, which = numbered(rows)
    columns: dict[str, Int32] = {}
    for number, row in enumerate(distinct):
        for name, value in row:
            if name not in columns:
                columns[name] = np.full(len(distinct), -1, dtype=np.int32)
            columns[name][number] = ids[value]
    return {name: column[which] for name, column in columns.items()}


def _areas(places: Sequence[ResolvedPlace], codes: dict[str, int]) -> Int32:
    """Return the codes of each place's levels, shape (n, AREA_LEVELS); a path is cut once."""
    paths, which = numbered(place.path for place in places)
    cut = [[_code(area, codes) for area in _levels(path)] for path in paths]
    return np.array(cut, dtype=np.int32).reshape(-1, AREA_LEVELS)[which]


@lru_cache(maxsize=65536)
def _levels(path: str) -> tuple[str, ...]:
    return tuple(area_at(path, level) for level in range(AREA_LEVELS))


def _code(path: str, codes: dict[str, int]) -> int:
    return codes.setdefault(path, len(codes)) if path else -1


def _remembered(said: Iterable[str], gazetteer: Gazetteer, codes: dict[str, int]) -> list[int]:
    """Return the codes of every place that remembered words may mean, the first few of each."""
    return [_code(path, codes) for text in said for path in gazetteer.find_anywhere(text)[:2]]


def _intervals(values: Sequence[PartialDate | None]) -> Int32:
    """Return the earliest and latest day of each interval, shape (n, 2), -1 where there is none."""
    out = np.full((len(values), 2), -1, dtype=np.int32)
    held = np.flatnonzero([value is not None for value in values])
    known = [value for value in values if value is not None]
    for column, end in enumerate(("earliest", "latest")):
        out[held, column] = list(map(date.toordinal, map(attrgetter(end), known)))
    return out


def _ordinals(days: Sequence[date | None]) -> Int32:
    return np.array([day.toordinal() if day else -1 for day in days], dtype=np.int32)


def _communities(said: Sequence[tuple[str, ...]]) -> tuple[Int32, tuple[tuple[str, ...], ...]]:
    """Return (of each record which answer was given, -1 for none; the distinct answers)."""
    # None stands first, and is then taken away.
    answers, which = numbered(chain([()], said))
    return which[1:].astype(np.int32) - 1, tuple(answers[1:])


def _languages(spoken: Sequence[tuple[str, ...]]) -> tuple[npt.NDArray[np.uint64], tuple[str, ...]]:
    """Return bit sets; the last bit is shared by all languages beyond the first 62, which says less, not wrong."""
    bits: dict[str, int] = {}
    distinct, which = numbered(spoken)
    sets = np.zeros(len(distinct), dtype=np.uint64)
    for number, languages in enumerate(distinct):
        total = 0
        for language in languages:
            total |= 1 << min(bits.setdefault(language.lower().split("-")[0], len(bits)), LANGUAGES_KEPT - 1)
        sets[number] = total
    return sets[which], tuple(bits)


def _faces(rows: Sequence[PersonRecord]) -> dict[str, Any]:
    """Return the columns of `RecordColumns` that are about faces, by name."""
    kept = [faces[:FACES_KEPT] for faces in _column(rows, "faces")]
    counts = np.fromiter(map(len, kept), dtype=np.int64, count=len(kept))
    faces = list(chain.from_iterable(kept))
    vectors = [face.vector for face in faces]
    names, models = numbered(face.model for face in faces)
    matrix = np.zeros((len(vectors), max(map(len, vectors), default=1)), dtype=np.float32)
    for number, vector in enumerate(vectors):
        matrix[number, : len(vector)] = vector  # models of other widths are never compared with each other
    numbers = np.arange(len(vectors), dtype=np.int32)
    return {
        "faces": in_columns(numbers, np.cumsum(counts) - counts, counts, FACES_KEPT, -1),
        "face_vectors": matrix,
        "face_models": models.astype(np.int32),
        "face_model_names": tuple(names),
        "face_taken": _ordinals([face.taken for face in faces]),
        "face_weak": np.array([face.quality == "weak" for face in faces], dtype=np.bool_),
    }
