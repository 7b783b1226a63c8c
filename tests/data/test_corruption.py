"""One table of what life garbles: every value with its reason, every chance a chance, and lives that really differ."""

from __future__ import annotations

from dataclasses import fields

import pytest

from data.corruption import (
    CORRUPTION,
    HARD_CORRUPTION,
    HOUSEHOLDS,
    LIVES,
    OTHER_CORRUPTION,
    Corruption,
    Households,
    reasons,
)

NO_CHANCES = {"age_error_years", "age_error_most", "same_clothes_days"}


@pytest.mark.parametrize("table", [Corruption, Households])
def test_every_value_has_a_reason(table: type[Corruption] | type[Households]) -> None:
    told = reasons(table)
    assert set(told) == {row.name for row in fields(table)}
    assert all(len(because.split()) >= 3 for because in told.values())
    assert len(set(told.values())) == len(told)


@pytest.mark.parametrize("name", sorted(LIVES))
def test_chances_are_chances(name: str) -> None:
    life = LIVES[name]
    for row in fields(Corruption):
        value = getattr(life, row.name)
        if isinstance(value, float) and row.name not in NO_CHANCES:
            assert 0.0 <= value <= 1.0, row.name
    assert sum(life.place) == pytest.approx(1.0)
    assert sum(share for share, _, _ in life.years_away) == pytest.approx(1.0)
    assert all(0 < low < high <= 10 for _, low, high in life.years_away)
    assert life.age_error_most == 4
    assert life.age_document + life.age_stated < 0.5


def test_the_usual_life() -> None:
    assert Corruption() == CORRUPTION == LIVES["usual"]
    assert CORRUPTION.without_report == 0.40
    assert CORRUPTION.photo_rescued < 0.5
    assert CORRUPTION.years_away[-1][1:] == (2.0, 10.0)


def test_another_life_differs_in_most_rates() -> None:
    differing = [
        row.name for row in fields(Corruption) if getattr(OTHER_CORRUPTION, row.name) != getattr(CORRUPTION, row.name)
    ]
    assert len(differing) > 0.8 * len(fields(Corruption))


def test_a_hard_life_is_hard_by_certainty() -> None:
    assert HARD_CORRUPTION.other_spelling == HARD_CORRUPTION.no_surname == HARD_CORRUPTION.age_badly_off == 1.0
    assert HARD_CORRUPTION.age_stated == HARD_CORRUPTION.age_document == 0.0
    assert HARD_CORRUPTION.father_known == CORRUPTION.father_known


def test_households() -> None:
    assert Households() == HOUSEHOLDS
    assert HOUSEHOLDS.siblings + HOUSEHOLDS.twins + HOUSEHOLDS.neighbours < 1.0
    assert 0.38 < HOUSEHOLDS.twin_face < HOUSEHOLDS.sibling_face < 0.725
