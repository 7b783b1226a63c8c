"""Do columns come back from a file as they were, whatever people wrote, and of names their sound alone?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.column_tables import Table, from_tables, to_tables
from matcher.columns import RecordColumns
from matcher.person import PersonRecord, Side
from tests.matcher.made_columns import said
from tests.matcher.made_people import HOSTILE, numbered, people, person


def mapped(tables: dict[str, Table], folder: Path) -> dict[str, Table]:
    for name, table in tables.items():
        np.save(folder / name, table)
    return {name: np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in tables}


@given(st.lists(people(), max_size=6))
@settings(max_examples=40)
def test_what_comes_back_says_the_same(records: list[PersonRecord]) -> None:
    columns = RecordColumns.build(numbered(records))
    tables = to_tables(columns)
    again = from_tables(tables)
    assert said(again) == said(columns)
    assert list(again.ids) == list(columns.ids)
    twice = to_tables(again)
    assert twice.keys() == tables.keys()
    assert all(np.array_equal(twice[name], tables[name], equal_nan=tables[name].dtype.kind == "f") for name in tables)


def test_hostile_answers_through_a_file(tmp_path: Path) -> None:
    texts = [text for text in HOSTILE if text]
    records = [
        person(
            f"{number}{text[:40]}", Side.MISSING, community=(text, "x"), extras=((text[:40], text), ("own", text)),
            remembered=(text,), marks=(text,), clothing=(text,), address=text,
        )
        for number, text in enumerate(texts)
    ]  # fmt: skip
    columns = RecordColumns.build([*records, replace(records[0], record_id="", community=(), extras=())])
    tables = to_tables(columns)
    assert all(name == name.lower() and name.isidentifier() for name in tables)
    assert not any(table.dtype.hasobject for table in tables.values())
    again = from_tables(mapped(tables, tmp_path))
    assert said(again) == said(columns)
    assert again.communities[1:3] == list(columns.communities[1:3])
    assert list(again.extras) == list(columns.extras)


def test_names_are_kept_by_their_sound_alone() -> None:
    written = "Zubaida Vexagramwala"
    tables = to_tables(RecordColumns.build([person("x", names=written, father=written, mother="रुखसाना ज़ेबुन्निसा")]))
    whole = b"|".join(table.tobytes() for table in tables.values())
    for text in (*written.split(), written.lower(), "रुखसाना", "ज़ेबुन्निसा"):
        assert text.encode() not in whole
    with pytest.raises(ValueError, match="not kept"):
        _ = from_tables(tables).names.ids


@pytest.mark.parametrize(
    "name", ["ids_letters", "own", "communities_bounds", "texts_names_letters", "names_read_starts"]
)
def test_a_table_that_is_missing(name: str) -> None:
    tables = to_tables(RecordColumns.build([person("x", names="Sunita", address="Lake Road")]))
    with pytest.raises(KeyError, match=name):
        from_tables({key: table for key, table in tables.items() if key != name})
