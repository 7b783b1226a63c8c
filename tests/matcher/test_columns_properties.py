"""A row says the same in whatever order, and beside whichever rows, it stands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import people

from matcher.columns import LANGUAGES_KEPT, RecordColumns, exact_key
from matcher.distinct import each_padded, numbered, padded
from matcher.person import AgeBasis, PersonRecord


def described(columns: RecordColumns, row: int) -> dict[str, object]:
    """Return what a row says, codes and ids replaced by what they stand for."""
    named = {
        key: [columns.names.names[n] if n >= 0 else None for n in getattr(columns, key)[row]]
        for key in ("own", "father", "mother", "relatives")
    }
    texts = {key: columns.texts.names[getattr(columns, key)[row]] if getattr(columns, key)[row] >= 0 else None
             for key in ("village", "district_text", "postcode", "address")}  # fmt: skip
    areas = [columns.area_paths[code] if code >= 0 else None for code in columns.areas[row]]
    plain = {
        key: np.asarray(getattr(columns, key)[row]).tolist()
        for key in (
            "sex",
            "birth",
            "event",
            "exact_birth",
            "birth_guessed",
            "height_on",
            "phones",
            "identifiers",
            "rescued",
        )
    }
    vectors = [columns.face_vectors[face].tolist() for face in columns.faces[row] if face >= 0]
    return {
        **named,
        **texts,
        **plain,
        "areas": areas,
        "faces": vectors,
        "languages": int(columns.languages[row]).bit_count(),
        "community": columns.communities[columns.community[row]] if columns.community[row] >= 0 else (),
        "language_bits": sorted(
            float(columns.language_bits[bit]) for bit in range(LANGUAGES_KEPT) if int(columns.languages[row]) >> bit & 1
        ),
    }


@st.composite
def belonging(draw: st.DrawFn) -> PersonRecord:
    """Draw somebody who may belong to communities, and whose age may be a guess."""
    answer = draw(st.lists(st.sampled_from(["Santal", "Christian", "-", "मुसलमान"]), max_size=2))
    return replace(draw(people()), community=tuple(answer), birth_basis=draw(st.sampled_from(AgeBasis)))


@settings(max_examples=25, deadline=None)
@given(st.lists(belonging(), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_order_does_not_matter(records: list[PersonRecord], random: object) -> None:
    order = list(range(len(records)))
    random.shuffle(order)  # type: ignore[attr-defined]
    straight, mixed = RecordColumns.build(records), RecordColumns.build([records[n] for n in order])
    for row, origin in enumerate(order):
        assert described(mixed, row) == described(straight, origin)


@settings(max_examples=25, deadline=None)
@given(people())
def test_unknown_and_known_are_told_apart(record: PersonRecord) -> None:
    columns = RecordColumns.build([record])
    assert (columns.birth[0, 0] == -1) == (record.birth is None)
    assert (columns.event[0, 0] == -1) == (record.event is None)
    assert bool(np.isnan(columns.height[0])) == (record.height_cm is None)
    assert int((columns.own[0] >= 0).sum()) == min(len(record.names), 4)
    assert int((columns.phones[0] != 0).sum()) == len(record.phones)


@given(st.text(), st.text(), st.text(), st.text())
def test_keys_differ_where_kind_or_value_differs(kind: str, value: str, other_kind: str, other: str) -> None:
    key = exact_key(kind, value)
    assert 0 < key < 1 << 62
    if "\0" not in kind + other_kind:
        assert (key == exact_key(other_kind, other)) == ((kind, value) == (other_kind, other))


@given(st.lists(st.lists(st.integers(0, 2**40), max_size=5).map(tuple), max_size=8), st.integers(1, 4))
def test_rows_are_cut_and_filled_up(rows: list[tuple[int, ...]], width: int) -> None:
    found = padded(rows, width, -1, np.int64)
    assert found.shape == (len(rows), width)
    assert found.tolist() == [[*row[:width], *[-1] * (width - len(row))] for row in rows]
    assert each_padded(rows, list, width, -1, np.int64).tolist() == found.tolist()


@given(st.lists(st.text(max_size=1)))
def test_distinct_values_are_numbered_as_they_are_met(values: list[str]) -> None:
    distinct, which = numbered(values)
    assert distinct == list(dict.fromkeys(values))
    assert [distinct[number] for number in which] == values
