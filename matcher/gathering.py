"""How do some records of several tables of columns become one table? Nothing is read again: numbers change, no more.

Records that are stored lie in large tables, read once; a question is a small one. What a question meets is put beside
it in a table of its own, with the very columns that `RecordColumns.build` of the records would have made.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from matcher.columns import LANGUAGES_KEPT, RecordColumns
from matcher.distinct import numbered
from matcher.names.gathered import distinct, gather_names, renumbered, together
from matcher.names.table import NameTable
from matcher.strings import pick

Ints = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Value = TypeVar("Value", bound=Hashable)
Part = tuple[RecordColumns, Ints]
"""A table and some of its rows, in any order."""

_PLAIN: Final = (
    "sex", "birth", "exact_birth", "birth_guessed", "event", "height", "height_on", "phones", "identifiers",
    "identifier_types", "mark_kind", "mark_site", "mark_side", "rescued",
)  # fmt: skip
"""Columns that mean the same in every table."""
NAMES: Final = ("own", "father", "mother", "relatives", "bare_father", "bare_mother", "bare_relatives")
TEXTS: Final = ("village", "district_text", "state_text", "address", "postcode", "marks", "remembered_texts")
AREAS: Final = ("areas", "region", "remembered_areas")
CARRIED: Final = ("clothing", "belongings")


def gather(parts: Sequence[Part], *, counted: bool = False) -> RecordColumns:
    """Return one table of some records of several.

    Args:
        parts: at least one; the records stand in the new table part by part, in the order of their rows.
        counted: whether the new table's names can be counted, as those of a table that is kept must be.
    """
    extras = dict.fromkeys(chain.from_iterable(columns.extras for columns, _ in parts))
    taken = [{name: getattr(columns, name)[rows] for name in _PLAIN} for columns, rows in parts]
    area_paths, areas = _numbers(parts, AREAS, [columns.area_paths for columns, _ in parts])
    carried, things = _numbers(parts, CARRIED, [columns.carried for columns, _ in parts])
    communities, answers = _numbers(parts, ("community",), [columns.communities for columns, _ in parts])
    names, named = _texts(parts, "names", NAMES, (), counted=counted)
    texts, written = _texts(parts, "texts", TEXTS, tuple(extras), counted=False)
    languages, language_names = _languages(parts)
    columns: dict[str, Any] = {
        "ids": tuple(chain.from_iterable(pick(columns.ids, rows) for columns, rows in parts)),
        "names": names,
        "texts": texts,
        "area_paths": area_paths,
        "carried": carried,
        "communities": communities,
        "languages": languages,
        "language_names": language_names,
        "extras": {name: written.pop(_extra(name)) for name in extras},
    }
    columns |= {name: together([part[name] for part in taken]) for name in _PLAIN}
    columns |= areas | things | answers | named | written | _faces(parts)
    return RecordColumns(**columns)


def _numbers(
    parts: Sequence[Part], fields: Sequence[str], values: Sequence[Sequence[Value]]
) -> tuple[tuple[Value, ...], dict[str, Int32]]:
    """Return (the distinct values that are met, columns that number them anew, by name)."""
    held = [_Held.of([getattr(columns, field)[rows] for field in fields]) for columns, rows in parts]
    used = [distinct(part.ids.ravel(), len(of)) for part, of in zip(held, values, strict=True)]
    found, ids = numbered(chain.from_iterable(pick(of, some) for of, some in zip(values, used, strict=True)))
    return tuple(found), _columns(fields, held, used, np.split(ids.astype(np.int32), _ends(used)))


def _texts(
    parts: Sequence[Part], which: str, fields: Sequence[str], extras: Sequence[str], *, counted: bool
) -> tuple[NameTable, dict[str, Int32]]:
    """Return (the table of the texts that are met, columns that number them anew, by name)."""
    held = [
        _Held.of(
            [getattr(columns, field)[rows] for field in fields] + [_answers(columns, extra, rows) for extra in extras]
        )
        for columns, rows in parts
    ]
    tables: list[NameTable] = [getattr(columns, which) for columns, _ in parts]
    used = [distinct(part.ids.ravel(), len(table)) for part, table in zip(held, tables, strict=True)]
    # What a place is called may be asked by the letter; what is known of a name is in its words.
    table, new = gather_names(list(zip(tables, used, strict=True)), texts=which == "texts", counted=counted)
    return table, _columns((*fields, *map(_extra, extras)), held, used, new)


def _extra(name: str) -> str:
    """Return what a column of one's own is called here: it may be called as any of ours."""
    return f"extra {name}"


def _answers(columns: RecordColumns, extra: str, rows: Ints) -> Int32:
    """Return a column of one's own, which not every table has."""
    return columns.extras[extra][rows] if extra in columns.extras else np.full(len(rows), -1, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class _Held:
    """Several columns of some rows beside each other, for what is done to one is done to all.

    Attributes:
        ids: shape (n, total width).
        widths: of each column; 0 for one that is no table.
    """

    ids: Int32
    widths: tuple[int, ...]

    @classmethod
    def of(cls, columns: Sequence[Int32]) -> _Held:
        widths = tuple(column.shape[1] if column.ndim > 1 else 0 for column in columns)
        flat = [column.reshape(len(column), max(width, 1)) for column, width in zip(columns, widths, strict=True)]
        return cls(np.concatenate(flat, axis=1), widths)


def _columns(
    fields: Sequence[str], held: Sequence[_Held], used: Sequence[Ints], new: Sequence[Int32]
) -> dict[str, Int32]:
    every = together([renumbered(part.ids, of, to) for part, of, to in zip(held, used, new, strict=True)])
    out, begin = {}, 0
    for field, width in zip(fields, held[0].widths, strict=True):
        out[field] = np.ascontiguousarray(every[:, begin : begin + width] if width else every[:, begin])
        begin += max(width, 1)
    return out


def _ends(parts: Iterable[Ints]) -> list[int]:
    return list(accumulate(map(len, parts)))[:-1]


def _languages(parts: Sequence[Part]) -> tuple[npt.NDArray[np.uint64], tuple[str, ...]]:
    """Return (bit sets in which a language has one bit in all parts, the languages); the last bit as in `build`."""
    last = LANGUAGES_KEPT - 1
    held = [columns.languages[rows] for columns, rows in parts]
    met = [int(np.bitwise_or.reduce(sets, initial=np.uint64(0))) for sets in held]
    spoken = [
        [name for bit, name in enumerate(columns.language_names) if some >> min(bit, last) & 1]
        for (columns, _), some in zip(parts, met, strict=True)
    ]
    # Languages that share a bit where they come from share the last one here.
    alone = dict.fromkeys(chain.from_iterable(names[:last] for names in spoken))
    names = tuple(dict.fromkeys(chain(alone, *spoken)))
    place = {name: min(number, last) for number, name in enumerate(names)}
    out = []
    for (columns, _), sets, some in zip(parts, held, met, strict=True):
        moved = {bit: place[name] for bit, name in enumerate(columns.language_names[:last]) if some >> bit & 1}
        if some >> last & 1:
            moved[last] = last
        if all(old == new for old, new in moved.items()):
            out.append(sets)
            continue
        turned = np.zeros_like(sets)
        for old, new in moved.items():
            turned |= ((sets >> np.uint64(old)) & np.uint64(1)) << np.uint64(new)
        out.append(turned)
    return together(out), names


def _faces(parts: Sequence[Part]) -> dict[str, Any]:
    """Return the columns that are about faces, by name."""
    held = [columns.faces[rows] for columns, rows in parts]
    used = [distinct(faces.ravel(), len(columns.face_models)) for faces, (columns, _) in zip(held, parts, strict=True)]
    begins = [0, *accumulate(map(len, used))]
    new = [np.arange(begin, begin + len(some), dtype=np.int32) for begin, some in zip(begins, used, strict=False)]
    models = [columns.face_models[some] for (columns, _), some in zip(parts, used, strict=True)]
    called = [columns.face_model_names for columns, _ in parts]
    met = [distinct(of, len(names)) for of, names in zip(models, called, strict=True)]
    names, ids = numbered(chain.from_iterable(pick(of, some) for of, some in zip(called, met, strict=True)))
    vectors = [columns.face_vectors[some] for (columns, _), some in zip(parts, used, strict=True)]
    width = max((part.shape[1] for part in vectors if len(part)), default=1)
    matrix = np.zeros((begins[-1], width), dtype=np.float32)
    for begin, part in zip(begins, vectors, strict=False):
        if len(part):
            matrix[begin : begin + len(part), : part.shape[1]] = part
    model_of = np.split(ids.astype(np.int32), _ends(met))
    return {
        "faces": together([renumbered(*part) for part in zip(held, used, new, strict=True)]),
        "face_vectors": matrix,
        "face_models": together([renumbered(*part) for part in zip(models, met, model_of, strict=True)]),
        "face_model_names": tuple(names),
        "face_taken": together([columns.face_taken[some] for (columns, _), some in zip(parts, used, strict=True)]),
        "face_weak": together([columns.face_weak[some] for (columns, _), some in zip(parts, used, strict=True)]),
    }
