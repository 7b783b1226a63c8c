"""People for the tests of evidence: short builders, hostile texts, and strategies that draw whole records."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
from hypothesis import strategies as st

from matcher.columns import RecordColumns
from matcher.comparison import Comparison, Context
from matcher.face_calibration import shipped_calibrations
from matcher.names.frequency import NameFrequencies
from matcher.names.phonetics import token_similarities
from matcher.names.table import NameTable
from matcher.names.weighing import SAME_WORD
from matcher.person import FaceEmbedding, NameKind, PartialDate, PersonName, PersonRecord, Place, Sex, Side

TODAY = date(2026, 11, 1)

HOSTILE = (
    "",
    " \t\n\u00a0",
    "😀",
    "👩‍👧🏽",
    "\x00\x07\x1b",
    "\ud800",
    "a\udfff",
    "\u202eatinuS\u202c",
    "\u200b\u200d\ufeff",
    "Ѕunіtа",  # Cyrillic letters among Latin ones
    "्",
    "़़़",
    "—",
    "'",
    "/",
    "s/o",
    "%s%n{}",
    "a" * 10_000,
    "सुनीता " * 2_000,
    "\u0301" * 10_000,
    "0" * 10_000,
)

NAMES = (
    "Mee Mee", "M. Mee", "Aye Aye", "A. Aye",
    "Sunita Mondal", "সুনীতা মণ্ডল", "सुनीता मंडल", "Suneeta Mandal", "Sunita", "Mondal Sunita", "Rafiqul Islam",
    "Shafiqul Islam", "Md Rafiqul Islam", "Abdul Rahman", "Abdurrahman", "Daw Khin Khin", "ခင်ခင်", "Sita Tamang",
    "Gita Tamang", "राम बहादुर", "Balaiamlang Kharbuli", "A. Das", "Puja", "Begum", "Mst Rahima Khatun", "😀", "-",
)  # fmt: skip
PLACES = (
    Place(),
    Place("India"),
    Place("IN", "West Bengal", "24 Pgs (S)", "Gosaba"),
    Place("IN", "West Bengal", "South 24 Parganas", "Basanti"),
    Place("India", "পশ্চিমবঙ্গ", "North 24 Parganas"),
    Place("BD", None, "যশোর", "Sharsha"),
    Place("Bangladesh", None, "Jessore"),
    Place("Nepal", "Bagmati", "Sindhupalchok", "Melamchi"),
    Place("MM", None, "Akyab"),
    Place(None, None, None, "Gosaba"),
    Place(None, None, "Nowhere District", "Nowheregram"),
    Place("IN", "West Bengal", None, "Uttar Nowheregram"),
)
TEXTS = (
    "mole on left cheek",
    "mole on cheek",
    "scar on chin",
    "12 Lake Road, Kolkata",
    "Lake Rd 12 Kolkata",
    "😀",
    "-",
)


Bare = tuple[str | None, ...]


def bare_by_hand(record: PersonRecord) -> tuple[Bare, Bare, Bare]:
    """Return what is left of each name of the father, the mother, other relatives; None where it shares no word."""
    before = [word for name in record.names for word in name.text.split()]
    found: list[Bare] = []
    for names in (record.father, record.mother, record.relatives):
        cut = [name.text.split() for name in names]
        left = [[word for word in words if not any(one_word(word, other) for other in before)] for words in cut]
        found.append(tuple(None if kept == words else " ".join(kept) for kept, words in zip(left, cut, strict=True)))
        before += [word for words in cut for word in words]
    return found[0], found[1], found[2]


@lru_cache(maxsize=100_000)
def one_word(a: str, b: str) -> bool:
    """Tell whether two words are one word in two spellings, as they are when each is read alone."""
    table = NameTable.build((a, b))
    rows = [table.ids[a], table.ids[b]]
    if (table.tokens[rows, 0] < 0).any():
        return False
    if a == b:
        return True
    if (table.tokens[rows, 1] >= 0).any() or table.initials[rows, 0].any():
        return False
    left, right = table.tokens[rows, 0][:, None]
    return bool(token_similarities(table.codes, left, right)[0] >= SAME_WORD)


def person(record_id: str = "a", side: Side = Side.MISSING, **fields: object) -> PersonRecord:
    """Return a record; texts given for names become `PersonName`s, a date becomes the interval of a day."""
    for key in ("names", "father", "mother", "relatives"):
        if isinstance(fields.get(key), str):
            fields[key] = (PersonName(fields[key]),)
    for key in ("birth", "event"):
        if isinstance(fields.get(key), date):
            fields[key] = PartialDate.exact(fields[key])
    return PersonRecord(record_id, side, **fields)


FACE_MODELS = ("m", "a", "b", "one", "two", "other")  # as if each were calibrated like the shipped one


def known_names() -> Context:
    """Return frequencies in which Mondal is common in West Bengal and rare elsewhere."""
    own, relatives = NameFrequencies(), NameFrequencies()
    for _ in range(40):
        own.add("Sunita Mondal", "IN/WB")
        own.add("Rafiqul Islam", "BD/khulna")
        own.add("Sita Tamang", "NP/bagmati")
        relatives.add("Gopal Mondal", "IN/WB")
    own.add("Balaiamlang Kharbuli", "IN/ML")
    (calibration,) = shipped_calibrations().values()
    return Context(own, relatives, dict.fromkeys(FACE_MODELS, calibration))


def level(comparison: Comparison, left: PersonRecord, right: PersonRecord, context: Context | None = None) -> int:
    """Return the level of one pair; fails when the other way round says otherwise."""
    columns = RecordColumns.build((left, right))
    there, back = np.array([0, 1]), np.array([1, 0])
    found = comparison.assign(columns, there, back, context or known_names())
    assert found.levels[0] == found.levels[1], "a pair has no left and right"
    return int(found.levels[0])


def label(comparison: Comparison, left: PersonRecord, right: PersonRecord) -> str:
    """Return the label of one pair's level, "unknown" for null."""
    number = level(comparison, left, right)
    return comparison.labels[number] if number >= 0 else "unknown"


days = st.dates(date(1985, 1, 1), date(2026, 10, 31))


@st.composite
def intervals(draw: st.DrawFn) -> PartialDate:
    """Draw an exact day, or an interval of up to three years."""
    first = draw(days)
    return PartialDate(first, first + timedelta(days=draw(st.sampled_from([0, 0, 30, 364, 1000]))))


def _names(most: int) -> st.SearchStrategy[tuple[PersonName, ...]]:
    text = st.one_of(st.sampled_from(NAMES), st.text(min_size=1, max_size=12).filter(str.strip))
    return st.lists(st.builds(PersonName, text, st.sampled_from(NameKind)), max_size=most).map(tuple)


@st.composite
def faces(draw: st.DrawFn) -> FaceEmbedding:
    """Draw a short embedding of one of two models."""
    vector = np.array(draw(st.lists(st.floats(-0.5, 0.5, width=32), min_size=4, max_size=4)), dtype=np.float32)
    return FaceEmbedding(
        vector,
        draw(st.sampled_from(["one", "two"])),
        draw(st.sampled_from(["good", "fair", "weak"])),
        draw(st.none() | days),
    )


@st.composite
def people(draw: st.DrawFn, side: Side | None = None, with_faces: bool = True) -> PersonRecord:
    """Draw a record in which anything may be unknown."""
    few = st.lists(st.sampled_from(TEXTS), max_size=2).map(tuple)
    return PersonRecord(
        "x",
        side or draw(st.sampled_from(Side)),
        names=draw(_names(3)),
        father=draw(_names(1)),
        mother=draw(_names(1)),
        relatives=draw(_names(2)),
        sex=draw(st.sampled_from(Sex)),
        birth=draw(st.none() | intervals()),
        origin=draw(st.sampled_from(PLACES)),
        remembered=draw(
            st.lists(st.sampled_from(["Gosaba", "Canning", "Jessore", "a river", "-"]), max_size=2).map(tuple)
        ),
        event=draw(st.none() | intervals()),
        languages=draw(st.lists(st.sampled_from(["bn", "hi", "ne", "bn-IN"]), max_size=2).map(tuple)),
        height_cm=draw(st.none() | st.floats(60, 190)),
        height_on=draw(st.none() | days),
        marks=draw(few),
        phones=draw(st.lists(st.sampled_from(["9000000001", "9000000002"]), max_size=2).map(tuple)),
        identifiers=draw(st.lists(st.sampled_from([("fir", "1"), ("fir", "2"), ("card", "1")]), max_size=2).map(tuple)),
        postcode=draw(st.sampled_from([None, "700001", "700002", "844501", "-"])),
        address=draw(st.none() | st.sampled_from(TEXTS)),
        faces=draw(st.lists(faces(), max_size=2).map(tuple)) if with_faces else (),
    )


def numbered(records: list[PersonRecord]) -> list[PersonRecord]:
    """Return the records with ids of their own."""
    return [replace(record, record_id=f"r{number}") for number, record in enumerate(records)]
