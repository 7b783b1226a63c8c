"""Do names in Burmese letters meet their Latin spellings, stacked consonants and all, and no other name's?"""

from __future__ import annotations

import numpy as np
import pytest

from matcher.compare.names import MIXED, level_of
from matcher.names import NAME_MATCH_THRESHOLD, name_similarity
from matcher.names.alignment import compare_batch
from matcher.names.burmese import begins_with
from matcher.names.burmese_spellings import burmese_spellings
from matcher.names.grammar import parse_name, parse_with_titles
from matcher.names.table import NameTable


def _cells(text: str) -> list[str]:
    return text.split()


ONE_NAME = _cells("""
စန္ဒာ|Sandar စန္ဒာ|Sanda နန္ဒာ|Nandar နန္ဒာ|Nanda မန္တလေး|Mandalay သန္တာ|Thandar သတ္တဝါ|Thattawar ပုဏ္ဏ|Punna ဗုဒ္ဓ|Buddha
ဝိဇ္ဇာ|Wizzar ကမ္ဘာ|Kambar ကမ္ဘာ|Kambha ဥမ္မာ|Ohnmar ဥက္ကာ|Okkar အဂ္ဂ|Agga ပဏ္ဍိတ|Pandita မင်္ဂလာ|Mingalar သိင်္ဂီ|Theingi
သင်္ကြန်|Thingyan သုန္ဒရီ|Thondari ပဒုမ္မာ|Padonmar ကိတ္တိ|Keitti အာနန္ဒာ|Arnandar ဒေါက်တာ|Daukta ဇေယျ|Zeya ဝဏ္ဏ|Wunna
လှိုင်|Hline ခိုင်|Khine မိုက်|Mike ဇုတ်|Zote ခေါက်|Khout ကျော့|Kyawt
""")
TWO_NAMES = _cells("""
စန္ဒာ|Nandar နန္ဒာ|Thandar သန္တာ|Sandar စန္ဒာ|Sandhya သန္တာ|Sandhya ကမ္ဘာ|Kandar ဥမ္မာ|Okkar ပညာ|Pandita ဝဏ္ဏ|Ponna
သစ္စာ|Thiha မန္တလေး|Mawlamyine လှိုင်|Mike ဇုတ်|Zaw
""")


def level(left: str, right: str) -> int:
    table = NameTable.build((left, right))
    features = compare_batch(table, np.array([0]), np.array([1]))
    return int(level_of(features, table.scripts[[0]] != table.scripts[[1]])[0])


@pytest.mark.parametrize("pair", ONE_NAME)
def test_one_name_in_two_scripts_meets(pair: str) -> None:
    native, latin = pair.split("|")
    assert level(native, latin) < MIXED
    assert name_similarity(native, latin) >= NAME_MATCH_THRESHOLD


@pytest.mark.parametrize("pair", TWO_NAMES)
def test_two_names_stay_two(pair: str) -> None:
    native, latin = pair.split("|")
    assert level(native, latin) >= MIXED
    assert name_similarity(native, latin) < NAME_MATCH_THRESHOLD


def test_a_title_ends_where_its_syllable_ends() -> None:
    assert begins_with("စောအောင်", "စော")
    assert begins_with("မအိ", "မ")
    others = (("မောင်", "မ"), ("မန္တလေး", "မ"), ("မင်း", "မ"), ("မီနာ", "မိ"))
    assert not any(begins_with(word, title) for word, title in others)
    names = [token for name in ("နန္ဒာ", "မီနာ", "မန္တလေး") for token in parse_with_titles(name)]
    assert not any(token.title for token in names)
    assert parse_with_titles("စောအောင်")[0].title


def test_other_spellings_are_the_usual_one_to_us() -> None:
    spellings = dict(burmese_spellings())
    assert spellings["khine"] == "khaing"
    for other in ("hline", "wike", "zoat"):
        assert parse_name(other)[0].folded == parse_name(spellings[other])[0].folded
