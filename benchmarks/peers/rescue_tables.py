"""What is another tool given of a record? Its names in Latin letters, and its place by the gazetteer's paths.

Other tools read neither nine scripts nor spellings of places: they get this project's own romanisation and gazetteer,
which flatters them. Columns: id, given, surname, nickname, father_given, father_surname, mother_given, the sounds of
the given names (metaphone), sex, birth_year, country, state, district, village, all_names, label; empty where unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from jellyfish import metaphone

from matcher.names.romanize import romanize
from matcher.person import NameKind, PersonName, PersonRecord, Sex
from matcher.places import Gazetteer

_SOUNDS = ("given", "father_given", "mother_given")


def table_of(records: Sequence[PersonRecord], labels: Mapping[str, str] | None = None) -> list[dict[str, str]]:
    """Return one row for each record, in their order.

    Args:
        records: of one side.
        labels: record id -> who it is, of records that teach; None for those that are asked about.
    """
    gazetteer = Gazetteer.load()
    return [_row(record, gazetteer) | {"label": (labels or {}).get(record.record_id, "")} for record in records]


def _row(record: PersonRecord, gazetteer: Gazetteer) -> dict[str, str]:
    nicknames = [name for name in record.names if name.kind is NameKind.NICKNAME]
    given, surname = _parts(name for name in record.names if name.kind is not NameKind.NICKNAME)
    father_given, father_surname = _parts(record.father)
    place = gazetteer.resolve(record.origin)
    row = {
        "id": record.record_id,
        "given": given,
        "surname": surname,
        "nickname": _parts(nicknames)[0],
        "father_given": father_given,
        "father_surname": father_surname,
        "mother_given": _parts(record.mother)[0],
        "sex": "" if record.sex is Sex.UNKNOWN else record.sex.value,
        "birth_year": str(record.birth.middle.year) if record.birth else "",
        "country": place.area(0),
        "state": place.area(1),
        "district": place.area(2) or place.district,
        "village": place.village,
        "all_names": " ".join(romanize(name.text) for name in (*record.names, *record.father, *record.mother)),
    }
    # A word without a sound that metaphone knows is a key of its own, not one that all such words share.
    return row | {f"{column}_sound": metaphone(row[column]) or row[column] for column in _SOUNDS}


def _parts(names: Iterable[PersonName]) -> tuple[str, str]:
    """Return the first and the last word of the first name, the last only where there are two."""
    words = next((romanize(name.text).split() for name in names), [])
    return (words[0] if words else "", words[-1] if len(words) > 1 else "")
