"""Are Indic words read as people of the region write them in Latin letters?"""

from __future__ import annotations

import pytest

from matcher.names.brahmic import romanize_brahmic


@pytest.mark.parametrize(
    ("word", "script", "latin"),
    [
        ("राम", "Deva", "ram"),
        ("रहमान", "Deva", "rahman"),
        ("सुनीता", "Deva", "sunita"),
        ("चन्द्र", "Deva", "chandra"),
        ("कृष्ण", "Deva", "krishna"),
        ("अंजलि", "Deva", "anjali"),
        ("लक्ष्मी", "Deva", "lakshmi"),
        ("ज\u093cाहिद", "Deva", "zahid"),
        ("फ\u093cातिमा", "Deva", "fatima"),
        ("स\u093cीता", "Deva", "sita"),
        ("दुःख", "Deva", "dukh"),
        ("ॐ", "Deva", "om"),
        ("ऋषि", "Deva", "rishi"),
        ("স্বপন", "Beng", "swapan"),
        ("উৎপল", "Beng", "utpal"),
        ("য\u09bcাসিন", "Beng", "yasin"),
        ("যমুনা", "Beng", "jamuna"),
        ("সত্য", "Beng", "satya"),
        ("অংশু", "Beng", "angshu"),
        ("ব\u09be\u09a1\u09bc\u09c1\u0987", "Beng", "barui"),
        ("ৰাজু", "Beng", "raju"),
        ("ৱাহিদ", "Beng", "wahid"),
        ("ਸਿੰਘ", "Guru", "singh"),
        ("ਗੁਰਵਿੰਦਰ", "Guru", "gurvindar"),
        ("રાજેશ", "Gujr", "rajesh"),
        ("ରାମ", "Orya", "rama"),
        ("ராஜு", "Taml", "raju"),
        ("తెలుగు", "Telu", "telugu"),
        ("ರಾಜು", "Knda", "raju"),
        ("മോഹൻ", "Mlym", "mohan"),
        ("അൻവർ", "Mlym", "anvar"),
        ("ഫൈസൽ", "Mlym", "phaisal"),
    ],
)
def test_words(word: str, script: str, latin: str) -> None:
    assert romanize_brahmic(word, script) == latin


def test_a_word_of_one_letter_keeps_its_vowel() -> None:
    assert romanize_brahmic("क", "Deva") == "ka"


@pytest.mark.parametrize("word", ["", "़", "्", "ं", "ािीु", "्््राम", "़क", "\u093d\u0964", "x"])
def test_stray_signs_do_no_harm(word: str) -> None:
    latin = romanize_brahmic(word, "Deva")
    assert latin == "" or latin.isascii()


def test_the_old_and_new_spelling_of_a_final_consonant_agree() -> None:
    assert romanize_brahmic("മോഹന്", "Mlym") == romanize_brahmic("മോഹൻ", "Mlym")


def test_language_changes_nothing_so_far() -> None:
    assert romanize_brahmic("যদু", "Beng", "as") == romanize_brahmic("যদু", "Beng")
