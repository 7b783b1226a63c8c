"""Is a Burmese text typed for the Zawgyi font, and what is it in Unicode?

Zawgyi, common on telephones in Myanmar until about 2019, draws Burmese with the code points of Unicode's Myanmar block
but gives many of them other signs (its U+1039 is Unicode's U+103A) and stores signs in the order in which they are
written. Read as Unicode it is nonsense; Unicode "converted" from it is nonsense too. So the text is read by the grammar
of each: it is Zawgyi only when it breaks Unicode's and breaks Zawgyi's less. Shan, Karen and Mon use, in good Unicode,
the code points that Zawgyi took for itself, which is why single code points decide nothing here.

Source: what each Zawgyi-One code point draws, as in the CLDR transform my-t-my-s0-zawgyi (Unicode licence); the
order of signs after The Unicode Standard 15, chapter 16.3.
"""

from __future__ import annotations

import re

# Zawgyi's code points for the consonants that may be stacked below another, and for pairs drawn as one sign.
_STACKED = {
    0x1060: "က", 0x1061: "ခ", 0x1062: "ဂ", 0x1063: "ဃ", 0x1065: "စ", 0x1066: "ဆ", 0x1067: "ဆ", 0x1068: "ဇ", 0x1069: "ဈ",
    0x106C: "ဋ", 0x106D: "ဌ", 0x1070: "ဏ", 0x1071: "တ", 0x1072: "တ", 0x1073: "ထ", 0x1074: "ထ", 0x1075: "ဒ", 0x1076: "ဓ",
    0x1077: "န", 0x1078: "ပ", 0x1079: "ဖ", 0x107A: "ဗ", 0x107B: "ဘ", 0x107C: "မ", 0x1085: "လ", 0x1093: "ဘ",
}  # fmt: skip
_PAIRS = {0x106E: "ဍ္ဍ", 0x106F: "ဍ္ဎ", 0x1091: "ဏ္ဍ", 0x1092: "ဋ္ဌ", 0x1097: "ဋ္ဋ"}
_ASAT, _VIRAMA, _YA, _RA, _WA, _HA = "\u103a", "\u1039", "\u103b", "\u103c", "\u103d", "\u103e"
_I, _II, _U, _UU, _E, _NASAL, _DOT = "\u102d", "\u102e", "\u102f", "\u1030", "\u1031", "\u1036", "\u1037"
_KINZI = "\ue000"  # stands for the syllable-final nga above the next letter until that letter is known

_TO_UNICODE = str.maketrans(
    {
        **{chr(point): _VIRAMA + letter for point, letter in _STACKED.items()},
        **{chr(point): pair for point, pair in _PAIRS.items()},
        **dict.fromkeys("\u103b\u107e\u107f\u1080\u1081\u1082\u1083\u1084", _RA),
        **dict.fromkeys("\u103a\u107d", _YA),
        **dict.fromkeys("\u103d\u1087", _HA),
        **dict.fromkeys("\u1094\u1095", _DOT),
        "\u103c": _WA, "\u108a": _WA + _HA, "\u1088": _HA + _U, "\u1089": _HA + _UU, "\u1096": _VIRAMA + "တ" + _WA,
        "\u1039": _ASAT, "\u1033": _U, "\u1034": _UU, "\u105a": "\u102b" + _ASAT, "\u108e": _I + _NASAL,
        "\u1064": _KINZI, "\u108b": _KINZI + _I, "\u108c": _KINZI + _II, "\u108d": _KINZI + _NASAL,
        "\u106a": "ဉ", "\u106b": "ည", "\u108f": "န", "\u1090": "ရ", "\u1086": "ဿ",
    }
)  # fmt: skip

# One written syllable of Zawgyi once its code points are replaced: prefixed signs, a letter, signs in any order.
_CLUSTER = re.compile(
    f"([{_E}{_RA}{_DOT}]*)([က-ဪဿ](?:{_VIRAMA}[က-အ])?)((?:{_VIRAMA}[က-အ]|[{_KINZI}\u102b-\u1030\u1032-\u1038\u103a\u103b\u103d\u103e])*)"
)
_ORDER = {
    sign: rank
    for rank, sign in enumerate(
        "\u103b\u103c\u103d\u103e\u1031\u102d\u102e\u1032\u102f\u1030\u102b\u102c\u1036\u1037\u103a\u1038"
    )
}
_SHORT_NYA = re.compile(f"ဥ(?={_DOT}?{_ASAT})")
_STACK = re.compile(f"{_VIRAMA}[က-အ]")
# Burmese typists take the digits for the letters that look the same: ၀င်း for ဝင်း.
_ZERO = re.compile("(?<![၀-၉])၀(?=[က-ဪ\u102b-\u103f])|(?<=[က-ဪ\u102b-\u103f])၀(?![၀-၉])|(?<=[\u1031\u107e-\u1084])၀")
_SEVEN = re.compile("၇(?=[\u102b-\u1032\u103a-\u103e])")

_MYANMAR = "\u1000-\u103f\u1050-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"
_OTHERS, _OTHERS_IN_LINE = re.compile(f"[^{_MYANMAR}]"), re.compile(f"[^{_MYANMAR}\n]")
# A stacked letter is of its neighbour's class; anything else is Zawgyi's killing sign before the next syllable.
_STACKS = "|".join(
    f"[{above}]{_VIRAMA}(?=[{below}])"
    for above, below in (
        *(("က-ဃ", "က-ဃ"), ("စ-ည", "စ-ဉ"), ("ဋ-ဏ", "ဋ-ဏ"), ("တ-န", "တ-နမ"), ("ပ-မ", "ပ-မ"), ("သ", "သတထမ")),
        *(("လ", "လ"), ("ယ", "ယ"), ("ဝ", "ဝ"), ("င", "က-ဃ")),
    )
)
_FINALS = (
    f"[ငရမၚ]{_ASAT}{_VIRAMA}(?=[က-အ])|(?<=[{_MYANMAR}])[က-အဥ]{_YA}?{_DOT}*{_ASAT}+(?:{_YA}[ါာ]|{_U}(?=ပ))?[{_DOT}း]*"
)
_VOWELS = f"{_E}?{_DOT}?[ါာိီုူဲ]*{_NASAL}?"
# High tone needs a vowel sign to stand on (အေး, not အး): a lone one betrays a vowel sign that belongs to it. No word
# has these letters with ra, which Zawgyi's wa is taken for.
_OPEN = f"(?:(?![စဇညဋ-ဏထယရလဝ]{_RA})[က-အဿ][ျ-ှ]*|[ဣ-ဪ]){_VOWELS}(?:(?<=[ါာ]){_DOT}?{_ASAT})?{_DOT}?(?:(?<![က-အဿျ-ှ])း)?"
_BURMESE = re.compile(f"{_STACKS}|{_FINALS}|{_OPEN}|[၌-၏]")
# What is good Unicode in the other languages of the block: the letters that tell each, a pattern of its syllables.
_NEIGHBOURS = (
    (  # Shan, Palaung, Khamti, Aiton, Tai Laing: own letters, no stacks, final letters killed
        re.compile("[ၢၵ-ႎႚ-ႝ\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7f]|ိူ"),
        re.compile(
            f"(?![ၾ-ႁ][က-အ](?!{_DOT}?{_ASAT}))"
            f"[ၵ-ႁႎငတထပမယရလဝသဢ\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa6f\uaa71-\uaa7a\uaa7e\uaa7f]"
            f"(?:{_ASAT}|[ျြႂ]*{_E}?[ိ-ူဲ-ဵၢႃ-ႆႜႝွ]*(?:ႂ?{_ASAT})?)[{_DOT}းႇ-ႍႏႚႛ\uaa70\uaa7b-\uaa7d]*"
        ),
    ),
    (  # Karen, S'gaw and Pwo: one vowel, then tones, of which some are killed letters
        re.compile("[ၠ-ၰ]"),
        re.compile(
            f"(?:[က-အဧၡၦၮၯ]|(?<![စဥဉၪ])ၥ|(?<!ဏ)ၰ)[ျ-ှၠ]*(?:[ါု-ူိီဲၢၧ{_NASAL}{_DOT}]|(?<!ဇ)ၨ)?(?:[ၢာ]{_ASAT}|[းၣၤၩ-ၭ]{_ASAT}?)*"
        ),
    ),
    (  # Mon: Burmese with letters, medials and vowels of its own
        re.compile("[ၚ-ၠ\u1033\u1034]"),
        re.compile(
            f"{_STACKS}|[ငၚ]{_ASAT}{_VIRAMA}|(?<=[{_MYANMAR}])[က-အၚ-ၝ]{_DOT}?{_ASAT}[{_DOT}း]*"
            f"|[က-အၚ-ၝ][ျ-ှၞ-ၠ]*(?:[\u1033\u1034{_NASAL}]|{_VOWELS})[{_DOT}း]*"
        ),
    ),
)
# A medial ya with nothing after it is likelier a Unicode killing sign taken for Zawgyi's ya.
_BARE_YA = re.compile(f"(?<=[{_MYANMAR}])[က-အ]{_YA}(?![ျ-ှါ-ံ]|[က-အ]{_DOT}?[{_ASAT}{_VIRAMA}])")
# Unicode typed in the order of writing: the vowel e before its letter, the nasal dot before the vowel below.
_EARLY_E = re.compile(f"{_E}(?<![က-အဿျ-ှ]{_E})([က-အ][ျ-ှ]*)")
_EARLY_NASAL = re.compile(f"{_NASAL}([ိုူ]+)")


def to_unicode(text: str) -> str:
    """Return a text with Burmese letters in good Unicode: digits typed for letters mended, Zawgyi converted.

    Text in other scripts, and text that may be either, is returned as it is. Call it before the text is normalised,
    for Zawgyi uses digits and marks that normalisation drops. What would look like Zawgyi again was none: it stays.
    """
    good = mended(text)
    if not looks_like_zawgyi(good):
        return good
    converted = mended(zawgyi_to_unicode(good))
    return good if looks_like_zawgyi(converted) else converted


def looks_like_zawgyi(text: str) -> bool:
    """Tell whether a text must be Zawgyi: it breaks the order of every language's Unicode, and Zawgyi's order less.

    What reads well as both (စုစု) is taken for Unicode.
    """
    text = mended(text)
    broken = _misplaced(_BURMESE, text)
    for own_letters, syllable in _NEIGHBOURS:
        if broken and own_letters.search(text):
            broken = min(broken, _misplaced(syllable, text))
    if not broken:
        return False
    # Killed letters in the Unicode way, and only such slips as careless Unicode has, outweigh the rest.
    if _ASAT in text and not _misplaced(_BURMESE, _EARLY_NASAL.sub(rf"\1{_NASAL}", _EARLY_E.sub(rf"\1{_E}", text))):
        return False
    converted = zawgyi_to_unicode(text)
    return _misplaced(_BURMESE, converted) + len(_BARE_YA.findall(converted)) < broken


def unsure_lines(lines: str) -> list[int]:
    """Return which lines of mended text break the order of Burmese in Unicode: the others are surely no Zawgyi.

    One look at many names, for nearly all of them are good Unicode.
    """
    left = _OTHERS_IN_LINE.sub("", _BURMESE.sub("", lines))
    return [number for number, rest in enumerate(left.split("\n")) if rest]


def mended(text: str) -> str:
    """Return a text with letters where digits stand for them."""
    if "\u1040" not in text and "\u1047" not in text:
        return text
    return _SEVEN.sub("ရ", _ZERO.sub("ဝ", text))


def _misplaced(pattern: re.Pattern[str], text: str) -> int:
    """Return how many letters and signs are part of no syllable."""
    return len(_OTHERS.sub("", pattern.sub("", text)))


def zawgyi_to_unicode(text: str) -> str:
    """Return Zawgyi text in Unicode; ask `looks_like_zawgyi` first, for Unicode text comes out spoilt."""
    ordered = _CLUSTER.sub(_reordered, text.translate(_TO_UNICODE)).replace(_KINZI, "")
    return _SHORT_NYA.sub("ဉ", ordered).replace("စ" + _YA, "ဈ")


def _reordered(match: re.Match[str]) -> str:
    """Return one syllable with its signs where Unicode stores them."""
    before, letter, after = match.groups()
    kinzi = f"င{_ASAT}{_VIRAMA}" if _KINZI in after else ""
    signs = dict.fromkeys(before + after)  # a sign typed twice looks like one
    stacked = _STACK.search(after)
    # In contractions (ယောက်ျား) the killing sign comes before the medial, everywhere else after it.
    killed = _ASAT if _ASAT + _YA in after else ""
    rest = sorted((sign for sign in signs if sign in _ORDER and sign != killed), key=_ORDER.__getitem__)
    return kinzi + letter + (stacked[0] if stacked else "") + killed + "".join(rest)
