"""Marks compared in batches against plain Python over the marks of each record."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import known_names, person

from matcher.columns import MARKS_KEPT, RecordColumns
from matcher.compare.marks import MARKS
from matcher.comparison import NULL
from matcher.marks import Mark, mark_terms, parse_marks
from matcher.names.alignment import compare_batch
from matcher.names.table import NameTable
from matcher.person import PersonRecord
from matcher.texts import parse_text

CONTEXT = known_names()
DIFFER = len(MARKS.labels) - 1
TERMS = mark_terms()

kinds = st.sampled_from(["mole", "scar", "burn", "tattoo", "squint", "peculiar", ""])
sides = st.sampled_from(["left", "right", "both", "बाएं", ""])
sites = st.sampled_from(["cheek", "chin", "hand", "wrist", "गाल", "somewhere", ""])
texts = st.builds("{} {} {}".format, kinds, sides, sites) | st.sampled_from(["nil", "—", "stammers", "stammers, limp"])
records = st.builds(lambda marks: person(marks=tuple(marks)), st.lists(texts, max_size=3))


def codes_alike(what: str, a: str, b: str) -> bool:
    codes = TERMS.codes[what]
    return bool(a and b) and (a == b or bool(set(codes[a]) & set(codes[b])))


def oracle_of_marks(a: Mark, text_a: str, b: Mark, text_b: str) -> int:
    bits = {"": set(), "left": {"l"}, "right": {"r"}, "both": {"l", "r"}, "middle": {"m"}}
    sides_said = bool(a.side and b.side)
    sides_fit = bool(bits[a.side] & bits[b.side])
    kind, near = codes_alike("kind", a.kind, b.kind), codes_alike("site", a.site, b.site)
    here = near and a.site == b.site
    if kind and here:
        if sides_fit or (not a.side and not b.side and a.site not in TERMS.paired):
            return 0
        return 2 if sides_said else 1
    if kind and near:
        return 3 if sides_said and not sides_fit else 2
    if (a.kind and b.kind and not kind) or (a.site and b.site and not near):
        return DIFFER
    if kind or (here and (sides_fit or not sides_said)):
        return 3
    table = NameTable.build((text_a, text_b), parse_text)
    left, right = (np.array([table.ids[text]]) for text in (text_a, text_b))
    alike = float(compare_batch(table, left, right).similarity[0])
    understood = any((a.kind, a.site, b.kind, b.site))
    return 0 if alike >= 0.75 and not understood else 3 if alike >= 0.35 else DIFFER


def marks_of(record: PersonRecord) -> list[tuple[Mark, str]]:
    return [(mark, text) for text in record.marks if parse_text(text) for mark in parse_marks(text)][:MARKS_KEPT]


def oracle(a: PersonRecord, b: PersonRecord) -> int:
    return min(
        (oracle_of_marks(*mark, *other) for mark in marks_of(a) for other in marks_of(b)),
        default=NULL,
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(records, min_size=1, max_size=6))
def test_the_batch_is_the_oracle_and_a_pair_has_no_left_and_right(people: list[PersonRecord]) -> None:
    columns, n = RecordColumns.build(people), len(people)
    i, j = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    levels = MARKS.assign(columns, i, j, CONTEXT).levels
    assert levels.tolist() == [oracle(people[a], people[b]) for a, b in zip(i, j, strict=True)]
    assert (levels == MARKS.assign(columns, j, i, CONTEXT).levels).all()


@settings(max_examples=60, deadline=None)
@given(records, records)
def test_a_record_never_differs_from_itself_and_more_marks_never_take_away(a: PersonRecord, b: PersonRecord) -> None:
    both = replace(a, marks=(*a.marks[:2], *b.marks[:2]))
    short = replace(a, marks=a.marks[:2])
    columns = RecordColumns.build([short, both, short])
    alone, with_others = MARKS.assign(columns, np.array([0, 0]), np.array([2, 1]), CONTEXT).levels.tolist()
    marks = [mark for mark, _ in marks_of(short)]
    if not marks:
        assert alone == with_others == NULL or not marks_of(both)
        return
    assert alone < DIFFER
    if any(mark.kind and mark.site and (mark.side or mark.site not in TERMS.paired) for mark in marks):
        assert alone == 0
    if len(marks) + sum(len(parse_marks(text)) for text in b.marks[:2]) <= MARKS_KEPT:
        assert with_others <= alone
