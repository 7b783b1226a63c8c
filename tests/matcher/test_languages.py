"""Rare languages say more than common ones, whatever else is compared with them."""

from __future__ import annotations

import numpy as np
from made_people import known_names, person

from matcher.columns import RecordColumns
from matcher.compare.attributes import LANGUAGES
from matcher.languages import language_bits
from matcher.person import PersonRecord, Side
from matcher.reference import read_table


def test_every_language_listed_has_bits_and_the_rarer_has_more() -> None:
    listed = sorted(read_table("languages.tsv"), key=lambda row: -float(row["millions"]))
    bits = [language_bits(row["tag"]) for row in listed]
    assert bits == sorted(bits)
    assert bits[0] > 0
    assert language_bits("kha") > language_bits("bn") > language_bits("hi")
    assert language_bits("xx-unlisted") > language_bits("bn")
    assert len({row["tag"] for row in listed}) == len(listed)


def test_a_pair_says_the_same_in_any_company() -> None:
    khasi = [person(languages=("kha", "hi")), person(side=Side.RESCUED, languages=("hi", "kha"))]
    crowd: list[PersonRecord] = [person(languages=("kha",))] * 50
    found = [
        LANGUAGES.assign(RecordColumns.build(records), np.array([0]), np.array([1]), known_names()).rarity[0]
        for records in (khasi, khasi + crowd)
    ]
    assert found[0] == found[1] == np.float32(language_bits("kha"))
