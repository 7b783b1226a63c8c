"""Whatever life does: records that are read, dates that are possible, a guess within its bounds."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from data.synthetic import CORRUPTION, Corruption, SyntheticWorld
from matcher.fields import FIELDS

TODAY = date(2026, 11, 1)
CHANCES = [
    row.name
    for row in fields(Corruption)
    if isinstance(getattr(CORRUPTION, row.name), float) and row.name not in ("age_error_years", "age_document")
]
chances = st.sampled_from([0.0, 0.2, 1.0])
lives = st.builds(
    lambda values, error: replace(CORRUPTION, age_error_years=error, **values),
    st.fixed_dictionaries(dict.fromkeys(CHANCES, chances)),
    st.floats(0.0, 20.0),
)
people = list(SyntheticWorld(17).people(60))


@given(lives, st.integers(0, 2**40), st.integers(0, len(people) - 1), st.sampled_from([None, "Latn", "Deva", "Beng"]))
def test_any_life_gives_records_that_can_be_read(life: Corruption, seed: int, at: int, script: str | None) -> None:
    world, person = SyntheticWorld(seed, corruption=life), people[at]
    report, rescue = world.report(person, "m"), world.rescue(person, "r", script)
    assert rescue == SyntheticWorld(seed, corruption=life).rescue(person, "r", script)
    for record in (report, rescue):
        assert set(record.fields) <= set(FIELDS)
        assert record.to_person(TODAY).faces == record.faces
    found = date.fromisoformat(str(rescue.fields["found"]))
    assert person.lost < found <= TODAY
    assert script in (None, rescue.script)
    if rescue.fields.get("age_basis") == "guess":
        off = int(str(rescue.fields["age"])) - person.age_on(found)
        assert -life.age_error_most <= off <= max(life.age_error_most, 2 - person.age_on(found))


@given(st.integers(0, 2**40), st.integers(1, 4000))
def test_nobody_is_found_in_the_future(seed: int, days: int) -> None:
    lost_lately = replace(people[0], lost=TODAY - timedelta(days=days))
    found = date.fromisoformat(str(SyntheticWorld(seed).rescue(lost_lately, "r").fields["found"]))
    assert lost_lately.lost < found <= TODAY
