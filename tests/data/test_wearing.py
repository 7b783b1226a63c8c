"""Clothes, belongings and communities in the words of clerks of every script."""

from __future__ import annotations

import random

import pytest

from data.names import Entry
from data.regions import REGIONS, region_of
from data.wearing import Thing, belongings, clothes, community_words, mark_words, marks
from matcher.names.script import main_script
from matcher.reference import alternatives, read_table

SCRIPTS = ("Latn", "Deva", "Beng", "Mymr")


def test_every_word_is_in_the_script_of_its_column() -> None:
    for table in ("people/wearing.tsv", "people/communities.tsv"):
        for row in read_table(table):
            for script in SCRIPTS:
                words = alternatives(row[script])
                assert words, row
                assert {main_script(word) for word in words} == {script}, row


@pytest.mark.parametrize("script", SCRIPTS)
def test_everything_can_be_written(script: str) -> None:
    rng = random.Random(4)
    for sex in "FM":
        for age in (1, 3, 9, 16, 30):
            for thing in (*clothes(sex, age, rng), *belongings(sex, age, rng)):
                assert main_script(thing.written(script, rng)) == script


def test_small_girls_wear_no_sarees_and_boys_no_frocks() -> None:
    rng = random.Random(5)
    worn = {sex: {thing.name for _ in range(400) for thing in clothes(sex, 8, rng)} for sex in "FM"}
    assert "saree" not in worn["F"]
    assert "frock" in worn["F"]
    assert not {"frock", "saree", "salwar kameez"} & worn["M"]
    assert "saree" in {thing.name for _ in range(400) for thing in clothes("F", 18, rng)}


def test_the_colour_stands_where_the_language_puts_it() -> None:
    rng = random.Random(1)
    assert Thing("umbrella").written("Latn", rng) == "umbrella"
    assert Thing("jeans", "orange").written("Latn", rng) == "orange jeans"
    assert Thing("jeans", "orange").written("Mymr", rng).startswith("ဂျင်း")


def test_every_community_has_words_and_a_mistake_is_a_larger_one() -> None:
    rng = random.Random(2)
    for code in REGIONS:
        communities: list[Entry] = region_of(code).names.communities.entries
        for community in communities:
            for script in SCRIPTS:
                assert main_script(community_words(community.native, script, rng)) == script
    assert community_words("jaintia", "Latn", rng, mistaken=True) in ("Khasi", "Khasia")
    assert community_words("hindu", "Deva", rng, mistaken=True) in ("हिन्दू", "हिंदू")


@pytest.mark.parametrize("script", SCRIPTS)
def test_marks_in_every_script_whole_and_in_part(script: str) -> None:
    for mark in marks():
        whole, part = mark_words(mark, script), mark_words(mark, script, in_part=True)
        assert {main_script(whole), main_script(part)} == {script}
    if script == "Latn":
        assert mark_words("mole on left cheek", script, in_part=True) == "mole"
