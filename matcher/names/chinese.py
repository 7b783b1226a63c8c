"""How is a Chinese name written in pinyin?

One reading a character, without tones, syllables apart (王小明 -> wang xiao ming). A character with several readings
takes that of the words it stands in; at the start of a name it takes its reading as a surname (单 Shan, 曾 Zeng, 尉迟
Yu Chi), and in given names some have a customary one (长 chang). ü is spelled yu, as passports do (吕 Lyu).

The tables are large, so they are read at the first Chinese name and not before.

Source: readings from pypinyin (MIT); surnames from general knowledge of names and dictionaries; GB/T 28039-2011
(spelling of personal names) for ü. Cantonese, Hokkien and Wade-Giles spellings (Chan, Tan, Hsiao) are not made here.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SURNAMES = {
    "单": "shan", "單": "shan", "曾": "zeng", "仇": "qiu", "解": "xie", "任": "ren", "区": "ou", "區": "ou",
    "查": "zha", "朴": "piao", "覃": "qin", "缪": "miao", "繆": "miao", "召": "shao", "秘": "bi", "折": "she",
    "种": "chong", "员": "yun", "員": "yun", "贠": "yun", "翟": "zhai", "繁": "po",
    "祭": "zhai", "能": "nai", "洗": "xian", "薄": "bo", "句": "gou", "卜": "bu", "郇": "xun", "阚": "kan",
    "闞": "kan", "佴": "nai", "乜": "nie", "仉": "zhang", "厍": "she", "都": "du", "盛": "sheng", "宁": "ning",
    "万俟": "mo qi", "萬俟": "mo qi", "尉迟": "yu chi", "尉遲": "yu chi", "长孙": "zhang sun", "長孫": "zhang sun",
    "澹台": "tan tai", "澹臺": "tan tai", "单于": "chan yu", "單于": "chan yu", "令狐": "ling hu",
}  # fmt: skip
# The reading that a character has in given names, where single characters and everyday words are read otherwise.
_GIVEN = {"长": "chang", "長": "chang", "朝": "chao", "晟": "sheng", "莘": "xin", "卜": "bu", "都": "du"}

# Only in what is as long as a name: a village or a company may begin with the same character. A doubled character is a
# pet name (曾曾), not a family's.
_SURNAME = re.compile(
    r"^(?:(?P<two>" + "|".join(key for key in _SURNAMES if len(key) == 2) + r")(?=.{0,2}$)"
    r"|(?P<one>[" + "".join(key for key in _SURNAMES if len(key) == 1) + r"])(?!(?P=one)$)(?=.{0,3}$))",
    re.MULTILINE,
)
_RUN = re.compile("[㐀-鿿]{2,}")
_LEFT_OVER = re.compile(r"[^a-z \n]")


def romanize_chinese(lines: str) -> str:
    """Return names in Chinese characters, one a line, as pinyin syllables with single spaces, one a line.

    Characters without a known reading are passed over.
    """
    singles, varying = _readings()
    text = _SURNAME.sub(lambda match: " " + _SURNAMES[match[0]], lines)
    text = _RUN.sub(lambda match: match[0] if varying.isdisjoint(match[0]) else _in_words(match[0]), text)
    text = text.translate(singles)
    return "\n".join(" ".join(line.split()) for line in _LEFT_OVER.sub("", text).split("\n"))


@lru_cache(maxsize=1)
def _readings() -> tuple[dict[int, str], frozenset[str]]:
    """Return each character's usual reading, and the characters that are read otherwise in some words."""
    from pypinyin.phrases_dict import phrases_dict
    from pypinyin.pinyin_dict import pinyin_dict

    singles = {point: " " + _toneless(readings.split(",", 1)[0]) for point, readings in pinyin_dict.items()}
    singles.update({ord(char): " " + reading for char, reading in _GIVEN.items()})
    varying: set[str] = set()
    for phrase, readings in phrases_dict.items():
        for char, reading in zip(phrase, readings, strict=False):
            if char not in varying and char not in _GIVEN and singles.get(ord(char)) != " " + _toneless(reading[0]):
                varying.add(char)
    return singles, frozenset(varying)


@lru_cache(maxsize=65536)
def _in_words(text: str) -> str:
    """Return a run of characters read in the words that it contains."""
    from pypinyin import lazy_pinyin

    syllables = lazy_pinyin(text, errors="ignore")
    if len(syllables) != len(text):  # an unknown character: the rest is read one by one
        return text
    return "".join(
        " " + (_GIVEN.get(char) or _toneless(syllable)) for char, syllable in zip(text, syllables, strict=True)
    )


@lru_cache(maxsize=4096)
def _toneless(syllable: str) -> str:
    """Return a pinyin syllable in plain letters."""
    letters = unicodedata.normalize("NFD", syllable.replace("v", "ü"))
    return "".join(char for char in letters.replace("u\u0308", "yu") if "a" <= char <= "z")
