"""What kind of pair is it? Its scripts, the age of the person, and what both sides knew: the keys of a breakdown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.comparison import Comparison, Context, Pairs
from matcher.names.frequency import NameFrequencies
from matcher.names.script import main_script
from matcher.person import PersonRecord

Bools = npt.NDArray[np.bool_]

UNKNOWN = "unknown"
SCRIPT_KINDS = SAME_SCRIPT, CROSS_SCRIPT, NO_NAME = "same-script", "cross-script", "no name on a side"
_NO_SCRIPT = "none"
AGE_BANDS = ("0-5", "6-11", "12-17", "18+", UNKNOWN)
_BELOW = ((0, UNKNOWN), (6, "0-5"), (12, "6-11"), (18, "12-17"))
_YEAR = 365.25
_WORDS = {
    "birth": "stated age",
    "age": "guessed age",
    "origin": "place",
    "phones": "phone",
    "identifiers": "identifier",
    "events": "both events",
}
# What tells few people apart: with these in the key nearly every pair would have a key of its own.
_WEAK = frozenset(
    {"sex", "remembered", "languages", "community", "height", "marks", "clothing", "belongings", "events"}
)


def script_of_name(record: PersonRecord) -> str:
    """Return the ISO 15924 code of the first own name's script, "none" where there is no name in letters."""
    script = main_script(record.names[0].text) if record.names else "Zyyy"
    return _NO_SCRIPT if script == "Zyyy" else script


def script_keys(left: PersonRecord, right: PersonRecord) -> tuple[str, str]:
    """Return whether two names are in one script, and both scripts, left first: ("cross-script", "Deva-Latn")."""
    one, two = script_of_name(left), script_of_name(right)
    if _NO_SCRIPT in (one, two):
        return NO_NAME, f"{one}-{two}"
    return SAME_SCRIPT if one == two else CROSS_SCRIPT, f"{one}-{two}"


def age_band(record: PersonRecord, today: date) -> str:
    """Return the age, in the middle of what is possible, on the day of the event, or today where it has none.

    Returns:
        One of `AGE_BANDS`, in completed years; "unknown" where no birth is known, or only one after the event.
    """
    if record.birth is None:
        return UNKNOWN
    day = record.event.middle if record.event else today
    years = (day - record.birth.middle).days / _YEAR
    return next((band for below, band in _BELOW if years < below), "18+")


def known_on_both_sides(
    columns: RecordColumns, i: Pairs, j: Pairs, extra: Sequence[Comparison] = ()
) -> dict[str, Bools]:
    """Return for each comparison, in the words of a table, whether a pair had anything to compare, shape (n,).

    Args:
        columns: records of both sides.
        i, j: shape (n,), rows.
        extra: comparisons of further columns.
    """
    # How rare a name is does not change whether there is one.
    context = Context(NameFrequencies(), NameFrequencies())
    comparisons = (*COMPARISONS, *extra)
    return {_word(c.name): np.asarray(c.assign(columns, i, j, context).levels >= 0, np.bool_) for c in comparisons}


def known_keys(columns: RecordColumns, i: Pairs, j: Pairs, known: dict[str, Bools]) -> list[str]:
    """Return what both sides knew as one key a pair, such as "name+father+district+age".

    The place is said by its narrowest part that both sides name; an age is an age, stated or guessed. What tells few
    people apart (sex, languages, height, marks, places remembered, events) is left out.

    Args:
        known: of `known_on_both_sides`.
    """
    place, ages = _narrowest_place(columns, i, j), (_word("birth"), _word("age"))
    aside = {*ages, *(_word(name) for name in _WEAK)}
    telling = [(word, has.tolist()) for word, has in known.items() if word not in aside]
    aged = np.logical_or.reduce([known[word] for word in ages if word in known]).tolist()
    keys = []
    for number in range(len(i)):
        parts = [place[number] if word == "place" else word for word, has in telling if has[number]]
        keys.append("+".join([*parts, "age"] if aged[number] else parts) or "nothing")
    return keys


def _narrowest_place(columns: RecordColumns, i: Pairs, j: Pairs) -> list[str]:
    """Return the narrowest part of the place of origin that both sides name."""
    areas = (columns.areas[i] >= 0) & (columns.areas[j] >= 0)
    village = areas[:, 3] | ((columns.village[i] >= 0) & (columns.village[j] >= 0))
    district = areas[:, 2] | ((columns.district_text[i] >= 0) & (columns.district_text[j] >= 0))
    chosen = np.select([village, district, areas[:, 1]], ["village", "district", "state"], "country")
    return [str(word) for word in chosen.tolist()]


def _word(name: str) -> str:
    """Return a comparison's name as a table says it."""
    return _WORDS.get(name, name)
