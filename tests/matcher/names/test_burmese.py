"""Are Burmese syllables read as names on passports are written?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from name_cases import ALPHABETS

from matcher.names.burmese import romanize_burmese


@pytest.mark.parametrize(
    ("word", "latin"),
    [
        ("အောင်ကျော်မိုး", "aung kyaw moe"),
        ("မြင့်", "myint"),
        ("ညွန့်", "nyunt"),
        ("ဥမ္မာ", "ohn mar"),
        ("ဦး", "u"),
        ("ဧ", "ay"),
        ("ရွှေ", "shwe"),
        ("လှ", "hla"),
        ("ထွန်း", "htun"),
        ("ဝင်း", "win"),
        ("မောင်", "maung"),
        ("ခင်", "khin"),
        ("ဖြူ", "phyu"),
        ("ချို", "cho"),
        ("ရှိန်", "shein"),
        ("ရီရီ", "yi yi"),
        ("ဝွန်", "wun"),
        ("သန္တာ", "than dar"),
        ("စန္ဒာ", "san dar"),
        ("ပညာ", "pyin nyar"),
        ("မေတ္တာ", "myit tar"),
        ("ဓမ္မ", "dam ma"),
        ("ဗုဒ္ဓ", "bud da"),
        ("သီရိ", "thi ri"),
        ("ရတနာ", "ya da nar"),
        ("သူရိယ", "thu ri ya"),
        ("အိန္ဒြာ", "ein drar"),
        ("သင်္ခ", "thin kha"),
        ("ဥက္ကာ", "ok kar"),
        ("အိအိ", "ei ei"),
        ("အေးအေး", "aye aye"),
        ("ဝေယံ", "wai yan"),
        ("ဝတ်ရည်", "wut yi"),
        ("ပြည့်ဖြိုး", "pyae phyoe"),
        ("ဘုန်းမြင့်", "phone myint"),
        ("ကိုကို", "ko ko"),
        ("နွယ်", "nwe"),
        ("ကြယ်", "kyal"),
        ("ဒေါ်နယ်ဒ်", "dawnald"),
        ("ယောက်ျား", "yauk kyar"),
        ("ဿန်", "than"),
        ("အောင်ကြီး", "aung gyi"),
        ("အင်ကြင်း", "in gyin"),
        ("စိုင်းခမ်း", "sai kham"),
        ("ဆလိုင်းအောင်", "sa lai aung"),
        ("သူရိန်", "thu rein"),
        ("ကရင်", "ka yin"),
        ("သုန္ဒရ", "thon da ra"),
    ],
)
def test_names(word: str, latin: str) -> None:
    assert romanize_burmese(word) == latin


@pytest.mark.parametrize(
    ("word", "latin"),
    [
        ("ရဟင်", "rahim"),
        ("ဘရန်အောင်", "bran aung"),
        ("ဂရေဟမ်", "gray ham"),
        ("မယ်ရီ", "mal ri"),
        ("အီဗရာဟင်", "ibarahim"),
        ("ဟာမီဒါ", "hamida"),
        ("အာလီ", "ali"),
        ("ရိုဟီမာ", "rohima"),
        ("ယူဆွပ်", "yusup"),
        ("ဖာရုက်", "pharuk"),
        ("ဂျော့ချ်", "jawch"),
        ("မဟာ", "ma har"),
        ("အာကာ", "ar kar"),
    ],
)
def test_foreign_names(word: str, latin: str) -> None:
    assert romanize_burmese(word) == latin


@pytest.mark.parametrize(
    ("word", "latin"),
    [
        ("ၸၢႆး", "sai"),
        ("စၢႆး", "sai"),
        ("ၼၢင်း", "nang"),
        ("ၸဝ်ႈ", "sao"),
        ("ၶိူဝ်း", "khur"),
        ("မိူင်း", "mong"),
        ("ၶမ်း", "kham"),
        ("ၵွင်", "kawng"),
        ("ꩫင်", "nang"),
        ("စီၤ", "saw"),
        ("နီၢ်", "naw"),
        ("အဲၣ်", "eh"),
        ("မူၤ", "mu"),
        ("မိ", "mi"),
        ("နာဲ", "nai"),
        ("မၚ်", "mang"),
    ],
)
def test_neighbours_names(word: str, latin: str) -> None:
    assert romanize_burmese(word) == latin


def test_tall_and_round_aa_are_one_letter() -> None:
    assert romanize_burmese("ဒါ") == romanize_burmese("ဒာ") == "dar"


def test_the_vowel_u_typed_for_nya_is_understood() -> None:
    assert romanize_burmese("စဥ်") == romanize_burmese("စဉ်")


@pytest.mark.parametrize("word", ["", "်", "္", "abc", "ေ", "့း"])
def test_what_is_no_burmese_syllable_is_passed_over(word: str) -> None:
    assert romanize_burmese(word) == ""


def test_the_vowel_e_typed_before_its_letter_is_understood() -> None:
    assert romanize_burmese("ေမာင်") == "maung"


@given(st.lists(st.text(ALPHABETS["Mymr"] + "ၢၵၸၼႆႇၤၣၚꩫ\u1033", max_size=12), min_size=1, max_size=6))
def test_many_lines_are_read_as_one_by_one(words: list[str]) -> None:
    assert romanize_burmese("\n".join(words)).split("\n") == [romanize_burmese(word) for word in words]


@given(st.text(ALPHABETS["Mymr"], max_size=20))
def test_any_order_of_signs_gives_ascii_words(word: str) -> None:
    latin = romanize_burmese(word)
    assert latin.isascii()
    assert latin == " ".join(latin.split())


@given(st.lists(st.sampled_from(["ကို", "မောင်", "ခင်", "စု", "လှ", "အေး"]), min_size=1, max_size=5))
def test_syllables_are_read_one_by_one(syllables: list[str]) -> None:
    assert romanize_burmese("".join(syllables)) == " ".join(map(romanize_burmese, syllables))
