"""How are the columns of many records kept in a file? As plain arrays by name, which a process may map and share.

What is read only where it is asked for (texts, sets of things) stays in the arrays; nothing is unpacked at the start.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.names.reading import ReadNames
from matcher.names.table import NameTable
from matcher.strings import Texts

Table = npt.NDArray[Any]
Tables = Mapping[str, Table]

_FEW: Final = ("area_paths", "language_names", "face_model_names")
_TEXTS: Final = ("ids", "carried")
_NAMED: Final = ("names", "texts")
_EXTRA: Final = "extra_"


class Answers(Sequence[tuple[str, ...]]):
    """What people answered, each a few words, kept as texts."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, number: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, number: slice) -> list[tuple[str, ...]]: ...
    def __getitem__(self, number: int | slice) -> tuple[str, ...] | list[tuple[str, ...]]:
        if isinstance(number, slice):
            return list(map(_answer, self._texts[number]))
        return _answer(self._texts[number])


def to_tables(columns: RecordColumns) -> dict[str, Table]:
    """Return the columns as arrays by lower-case names; of names only what comparing and counting needs."""
    out: dict[str, Table] = {}
    for field in fields(RecordColumns):
        value = getattr(columns, field.name)
        if field.name in _NAMED:
            # What people are called is kept by its sound alone.
            texts = value.names if field.name == "texts" else ()
            out |= {f"{field.name}_{name}": table for name, table in _name_tables(value, texts).items()}
        elif field.name == "communities":
            out |= _text_tables(field.name, (json.dumps(said, ensure_ascii=True) for said in value))
        elif field.name == "extras":
            out |= _text_tables("extras", value)
            out |= {f"{_EXTRA}{number}": column for number, column in enumerate(value.values())}
        elif field.name in _TEXTS or field.name in _FEW:
            out |= _text_tables(field.name, value)
        else:
            out[field.name] = value
    return out


def from_tables(tables: Tables) -> RecordColumns:
    """Return the columns that `to_tables` gave, on the very arrays.

    Raises:
        KeyError: a table is missing.
    """
    held: dict[str, Any] = {}
    for field in fields(RecordColumns):
        name = field.name
        if name in _NAMED:
            held[name] = _names_of(tables, name)
        elif name == "communities":
            held[name] = Answers(_texts_of(tables, name))
        elif name == "extras":
            held[name] = {
                extra: tables[f"{_EXTRA}{number}"] for number, extra in enumerate(_texts_of(tables, "extras"))
            }
        elif name in _TEXTS:
            held[name] = _texts_of(tables, name)
        elif name in _FEW:
            held[name] = tuple(_texts_of(tables, name))
        else:
            held[name] = tables[name]
    return RecordColumns(**held)


def _name_tables(table: NameTable, texts: Sequence[str]) -> dict[str, Table]:
    read = table.read.heard(np.arange(len(table.read)))
    out = {name: getattr(table, name) for name in _NAME_ARRAYS}
    out |= {f"read_{name}": getattr(read, name) for name in _READ_ARRAYS}
    for name, held in (("names", texts), ("vocabulary", table.vocabulary), ("script_names", table.script_names)):
        out |= _text_tables(name, held)
    return out


def _names_of(tables: Tables, prefix: str) -> NameTable:
    def text(name: str) -> Texts:
        return _texts_of(tables, f"{prefix}_{name}")

    nothing, vocabulary = np.zeros(0, dtype=np.int32), text("vocabulary")
    read = ReadNames(
        **{name: tables[f"{prefix}_read_{name}"] for name in _READ_ARRAYS},
        entries=nothing,
        entry_tokens=nothing,
        entry_words=nothing,
        entry_firsts=np.zeros(0, dtype=np.bool_),
        vocabulary=vocabulary,
        written=(),
    )
    arrays = {name: tables[f"{prefix}_{name}"] for name in _NAME_ARRAYS}
    return NameTable(
        names=text("names"), vocabulary=vocabulary, script_names=tuple(text("script_names")), read=read, **arrays
    )


_NAME_ARRAYS: Final = ("keys", "tokens", "weights", "initials", "joined", "codes", "written", "scripts")
_READ_ARRAYS: Final = ("starts", "tokens", "weights", "initials", "titles")


def _text_tables(name: str, texts: Iterable[str]) -> dict[str, Table]:
    held = texts if isinstance(texts, Texts) else Texts.of(texts)
    return {f"{name}_letters": held.letters, f"{name}_bounds": held.bounds}


def _texts_of(tables: Tables, name: str) -> Texts:
    return Texts(tables[f"{name}_letters"], tables[f"{name}_bounds"])


@lru_cache(maxsize=65536)
def _answer(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
