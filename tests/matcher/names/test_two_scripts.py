"""Do names of India, Nepal and Bangladesh meet in another script, and do others stay apart there?"""

from __future__ import annotations

import pytest

from matcher.names import NAME_MATCH_THRESHOLD, compare_names, name_similarity
from matcher.names.grammar import parse_name

ONE_NAME = [
    ("নূরুল ইসলাম", "Nurul Islam"),
    ("আবুল কালাম", "Abul Kalam"),
    ("নাহার", "Naher"),
    ("নাঈম", "Nayeem"),
    ("কর্ণ", "Karna"),
    ("कर्ण", "Karna"),
    ("যতীন", "Yatin"),
    ("যতীন", "यतीन"),
    ("অঞ্জেলা", "Angela"),
    ("আঞ্জেলা", "Angela"),
    ("রফিক", "Rafique"),
    ("ইমরান", "Emran"),
    ("আনোয়ার", "Anwar"),
    ("অনন্ত", "अनन्त"),
    ("फुलमणि", "Phulmoni"),
    ("শ্যামচরণ", "Shyamcharan"),
    ("মৌ", "Mou"),
    ("ရာရှစ်", "Rashid"),
    ("မိုဟာမက်", "Mohammed"),
]
TWO_NAMES = [
    ("নূরুল ইসলাম", "Rafiqul Islam"),
    ("কর্ণ", "Kiran"),
    ("রিজান", "Riyan"),
    ("নাঈম", "Nasim"),
    ("যতীন", "Nitin"),
    ("ရာရှစ်", "Rahim"),
]


@pytest.mark.parametrize(("native", "other"), ONE_NAME)
def test_one_name_in_two_scripts_meets(native: str, other: str) -> None:
    evidence = compare_names(native, other)
    assert evidence.similarity >= NAME_MATCH_THRESHOLD
    assert evidence.contradiction == 0.0


@pytest.mark.parametrize(("native", "other"), TWO_NAMES)
def test_two_names_stay_two(native: str, other: str) -> None:
    assert name_similarity(native, other) < NAME_MATCH_THRESHOLD


def test_a_spelling_is_expanded_in_every_script() -> None:
    assert [t.folded for t in parse_name("নূরুল")] == [t.folded for t in parse_name("Nurul")] == ["nur"]
