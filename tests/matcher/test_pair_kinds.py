"""Is each pair called what a reader would call it: by its scripts, her age, and what both sides knew?"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.compare.extras import ExtraKind, extra_comparison
from matcher.pair_kinds import AGE_BANDS, age_band, known_keys, known_on_both_sides, script_keys, script_of_name
from matcher.person import AgeBasis, NameKind, PartialDate, PersonName, PersonRecord, Place, Sex, Side

TODAY = date(2026, 11, 1)


def person(side: Side = Side.MISSING, **fields: Any) -> PersonRecord:
    """Return a record; a text given for names becomes a `PersonName`."""
    for key in ("names", "father", "mother", "relatives"):
        if isinstance(fields.get(key), str):
            fields[key] = (PersonName(str(fields[key])),)
    return PersonRecord("x", side, **fields)


class TestScript:
    @pytest.mark.parametrize(
        ("left", "right", "keys"),
        [
            ("सुनीता", "Sunita", ("cross-script", "Deva-Latn")),
            ("Sunita", "सुनीता", ("cross-script", "Latn-Deva")),
            ("সুনীতা", "সুনিতা মণ্ডল", ("same-script", "Beng-Beng")),
            ("ခင်ခင်", "Khin", ("cross-script", "Mymr-Latn")),
            ("Sunita", "-", ("no name on a side", "Latn-none")),
        ],
    )
    def test_by_hand(self, left: str, right: str, keys: tuple[str, str]) -> None:
        assert script_keys(person(names=left), person(names=right)) == keys

    def test_without_a_name(self) -> None:
        assert script_keys(person(), person()) == ("no name on a side", "none-none")

    def test_the_first_own_name_counts(self) -> None:
        names = (PersonName("সুনীতা"), PersonName("Moni", NameKind.NICKNAME))
        assert script_of_name(person(names=names, father="गोपाल")) == "Beng"


class TestAge:
    @pytest.mark.parametrize(
        ("born", "band"),
        [
            (date(2026, 11, 1), "0-5"),
            (date(2020, 11, 15), "0-5"),
            (date(2020, 10, 15), "6-11"),
            (date(2014, 10, 15), "12-17"),
            (date(2008, 11, 15), "12-17"),
            (date(2008, 10, 15), "18+"),
            (date(1950, 1, 1), "18+"),
            (date(2027, 1, 1), "unknown"),
        ],
    )
    def test_today(self, born: date, band: str) -> None:
        assert age_band(person(birth=PartialDate.exact(born)), TODAY) == band
        assert band in AGE_BANDS

    def test_on_the_day_of_the_event(self) -> None:
        record = person(
            birth=PartialDate.exact(date(2006, 1, 1)), event=PartialDate(date(2019, 1, 1), date(2019, 12, 31))
        )
        assert age_band(record, TODAY) == "12-17"

    def test_in_the_middle_of_what_is_possible(self) -> None:
        assert age_band(person(birth=PartialDate(date(2014, 1, 1), date(2022, 12, 31))), TODAY) == "6-11"

    def test_unknown(self) -> None:
        assert age_band(person(), TODAY) == "unknown"


FULL = {
    "names": "Sunita Mondal",
    "father": "Gopal Mondal",
    "sex": Sex.FEMALE,
    "birth": PartialDate(date(2011, 1, 1), date(2011, 12, 31)),
    "origin": Place("India", "West Bengal", "Nadia", "Gosaba"),
    "languages": ("bn",),
    "phones": ("9800000000",),
}


def key(left: PersonRecord, right: PersonRecord) -> str:
    columns = RecordColumns.build((left, right))
    i, j = np.array([0]), np.array([1])
    (found,) = known_keys(columns, i, j, known_on_both_sides(columns, i, j))
    return found


class TestKnown:
    def test_what_both_sides_know(self) -> None:
        assert key(person(**FULL), person(Side.RESCUED, **FULL)) == "name+father+village+phone+age"

    def test_an_age_is_an_age_guessed_or_stated(self) -> None:
        birth = FULL["birth"]
        columns = RecordColumns.build(
            [person(birth=birth), person(birth=birth), person(birth=birth, birth_basis=AgeBasis.GUESS)]
        )
        i, j = np.array([0, 0]), np.array([1, 2])
        known = known_on_both_sides(columns, i, j)
        assert known_keys(columns, i, j, known) == ["age", "age"]
        assert (known["stated age"].tolist(), known["guessed age"].tolist()) == ([True, False], [False, True])

    def test_every_comparison_has_a_word_of_its_own(self) -> None:
        columns = RecordColumns.build([person(), person(Side.RESCUED)])
        assert len(known_on_both_sides(columns, np.array([0]), np.array([1]))) == len(COMPARISONS)

    def test_what_one_side_knows_is_not_known(self) -> None:
        sparse = person(Side.RESCUED, names="Sunita", mother="Rina")
        assert key(person(**FULL), sparse) == key(sparse, person(**FULL)) == "name"

    def test_that_it_differs_does_not_make_it_unknown(self) -> None:
        other = person(Side.RESCUED, names="Rafiqul Islam", father="Karim")
        assert key(person(**FULL), other) == "name+father"

    @pytest.mark.parametrize(
        ("place", "word"),
        [
            (Place("India"), "country"),
            (Place("India", "West Bengal"), "state"),
            (Place("India", "West Bengal", "Nadia"), "district"),
            (Place("India", "West Bengal", "Nadia", "Nowheregram"), "village"),
        ],
    )
    def test_the_place_is_said_by_its_narrowest_part(self, place: Place, word: str) -> None:
        assert key(person(**FULL), person(Side.RESCUED, origin=place)) == word

    def test_what_tells_few_apart_is_left_out(self) -> None:
        weak = {part: FULL[part] for part in ("sex", "languages")}
        assert key(person(**weak), person(Side.RESCUED, **weak)) == "nothing"

    def test_a_further_column_is_known_by_its_name(self) -> None:
        card = extra_comparison("ration card", ExtraKind.EXACT)
        columns = RecordColumns.build(
            [person(extras=(("ration card", "17"),)), person(Side.RESCUED, extras=(("ration card", "18"),)), person()]
        )
        i, j = np.array([0, 0]), np.array([1, 2])
        known = known_on_both_sides(columns, i, j, [card])
        assert known[card.name].tolist() == [True, False]
        assert known_keys(columns, i, j, known) == [card.name, "nothing"]
