"""Is Zawgyi told from Unicode, and does it become the name that was meant?"""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from name_cases import ALPHABETS

from matcher.names.zawgyi import looks_like_zawgyi, mended, to_unicode, unsure_lines, zawgyi_to_unicode

# Zawgyi as its keyboards store it, and the same name in Unicode.
PAIRS = [
    ("\u1031\u1021\u102c\u1004\u1039\u1031\u1000\u103a\u102c\u1039\u1019\u102d\u102f\u1038", "အောင်ကျော်မိုး"),
    ("\u103b\u1019\u1004\u1039\u1037", "မြင့်"),
    ("\u1001\u1004\u1039\u1001\u1004\u1039", "ခင်ခင်"),
    ("\u103b\u1016\u1034\u103b\u1016\u1034", "ဖြူဖြူ"),
    ("\u1031\u101b\u108a", "ရွှေ"),
    ("\u101e\u108f\u1072\u102c", "သန္တာ"),
    ("\u1031\u1019\u1010\u1071\u102c", "မေတ္တာ"),
    ("\u107f\u1016\u102d\u1033\u1038", "ဖြိုး"),
    ("\u108f\u103d\u1004\u1039\u1038", "နှင်း"),
    ("\u1001\u103a\u102d\u1033", "ချို"),
    ("\u1031\u1021\u1038\u1031\u1021\u1038", "အေးအေး"),
    ("\u1015\u1005\u1065", "ပစ္စ"),
    ("\u101e\u1002\u108b", "သင်္ဂိ"),
    ("\u1025\u1019\u107c\u102c", "ဥမ္မာ"),
    ("\u1031\u101a\u102c\u1000\u1039\u103a\u102c\u1038", "ယောက်ျား"),
    ("\u1040\u1004\u1039\u1038", "ဝင်း"),
    ("\u1000\u1031\u101c\u1038", "ကလေး"),
]


@pytest.mark.parametrize(("zawgyi", "name"), PAIRS)
def test_zawgyi_is_known_and_converted(zawgyi: str, name: str) -> None:
    assert looks_like_zawgyi(zawgyi)
    assert to_unicode(zawgyi) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("name", [name for _, name in PAIRS])
def test_good_unicode_is_left_alone(name: str) -> None:
    assert to_unicode(unicodedata.normalize("NFC", name)) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name",
    [
        *("ၸၢႆးၶမ်း", "ၼၢင်းမူၼ်ႇ", "ၸဝ်ႈ", "ၶိူဝ်း", "စၢႆး", "မိူင်း", "ၾႆး", "ႁၢင်ႈ", "ၽႃႉတူဝ်", "ဢွၵ်ႇ"),
        *("စီၤ", "နီၢ်ပီၤ", "အဲၣ်ဒိၣ်", "ကညီလံာ်ခီၣ်ထံး", "သး", "ဘၣ်တၢ်"),
        *("နာဲ", "ဗညာ", "မၚ်ကၠာ", "မုန်းကၠ"),
    ],
)
def test_shan_karen_and_mon_are_unicode(name: str) -> None:
    assert not looks_like_zawgyi(name)


@pytest.mark.parametrize("name", ["စုစု", "မမ", "", "Aung Aung", "राजू", "၁၂၃", "ေမာင်", "သံုးခင်", "ေဒါ်ေအး"])
def test_what_may_be_unicode_is_unicode(name: str) -> None:
    assert not looks_like_zawgyi(name)


def test_digits_typed_for_letters_are_mended_and_numbers_kept() -> None:
    assert to_unicode("၀င်း") == "ဝင်း"
    assert to_unicode("၁၀၀") == "၁၀၀"
    assert to_unicode("အိမ် ၁၀") == "အိမ် ၁၀"


# A slow inverse for plain syllables: signs renamed, the vowel e and the medial ra put before the letter.
_RENAMED = str.maketrans(
    {"\u103a": "\u1039", "\u103b": "\u103a", "\u103c": "\u103b", "\u103d": "\u103c", "\u103e": "\u103d"}
)


def _to_zawgyi(syllable: str) -> str:
    renamed = syllable.translate(_RENAMED)
    return re.sub("^(.)([\u103a\u103c\u103d]*)(\u103b?)([\u103c\u103d]*)(\u1031?)", r"\5\3\1\2\4", renamed)


_LETTER = st.sampled_from("ကခဂတဒပဖဗမသ")
_OPENED = st.builds(
    "".join, st.tuples(_LETTER, st.sampled_from(["", "ျ", "ြ", "ှ"]), st.sampled_from(["ေ", "ိ", "ူ", "ေ\u102c"]))
)
_KILLED = st.builds(
    "".join,
    st.tuples(
        _LETTER, st.sampled_from(["", "ျ", "ြ"]), st.sampled_from(["", "ို", "ေ\u102c"]), st.sampled_from(["င်", "က်"])
    ),
)


@given(st.lists(st.one_of(_OPENED, _KILLED), min_size=1, max_size=4))
def test_conversion_undoes_the_inverse(syllables: list[str]) -> None:
    assert zawgyi_to_unicode("".join(map(_to_zawgyi, syllables))) == "".join(syllables)


@given(st.lists(st.one_of(_OPENED, _KILLED), min_size=1, max_size=5).map("".join))
def test_well_formed_unicode_is_never_taken_for_zawgyi(name: str) -> None:
    assert not looks_like_zawgyi(name)


@given(st.lists(_OPENED, max_size=3), _KILLED)
def test_a_closed_last_syllable_betrays_zawgyi(syllables: list[str], last: str) -> None:
    assert looks_like_zawgyi("".join(map(_to_zawgyi, [*syllables, last])))


@given(st.text(ALPHABETS["Mymr"] + "\u1033\u1064\u107e\u108a\u1094\u1040 ab", max_size=30))
def test_anything_is_answered_and_a_second_pass_changes_nothing_good(text: str) -> None:
    once = to_unicode(text)
    if not looks_like_zawgyi(once):
        assert to_unicode(once) == once


@given(st.lists(st.text("ကခငစတနမယရလဝသအါာိီုူေဲံ့း္်ျြွှ၀၇ဩၢၵႃ\u1060\u1064\u106e\u1088a", max_size=7), min_size=1, max_size=5))
def test_lines_that_keep_the_order_are_never_zawgyi(lines: list[str]) -> None:
    good = [mended(line) for line in lines]
    unsure = set(unsure_lines("\n".join(good)))
    assert not any(looks_like_zawgyi(line) for n, line in enumerate(good) if n not in unsure)
