"""How is a Burmese name written in Latin letters?

Burmese is written without spaces and its spelling is far from its sound, so letters are read by syllable: onset (with
medials), then rhyme (vowel and killed final consonant together). အောင်ကျော်မိုး -> aung kyaw mo.

Source: the customary romanisation of Burmese personal names, as on passports and in newspapers (it has no tones and
spells ု-င် rhymes as people do: Aung, Kyaw, Htet, Phyo); general knowledge, checked on public name lists.
"""

from __future__ import annotations

import re
from functools import lru_cache

_ONSETS = {
    "က": "k", "ခ": "kh", "ဂ": "g", "ဃ": "g", "င": "ng", "စ": "s", "ဆ": "s", "ဇ": "z", "ဈ": "z", "ဉ": "ny", "ည": "ny",
    "ဋ": "t", "ဌ": "ht", "ဍ": "d", "ဎ": "d", "ဏ": "n", "တ": "t", "ထ": "ht", "ဒ": "d", "ဓ": "d", "န": "n", "ပ": "p",
    "ဖ": "ph", "ဗ": "b", "ဘ": "b", "မ": "m", "ယ": "y", "ရ": "y", "လ": "l", "ဝ": "w", "သ": "th", "ဟ": "h", "ဠ": "l",
    "အ": "", "ၐ": "sh", "ၑ": "s",
}  # fmt: skip
_WITH_YA = {"k": "ky", "kh": "ch", "g": "gy", "p": "py", "ph": "phy", "b": "by", "m": "my", "l": "ly", "th": "sh"}
_INDEPENDENT = {
    "ဣ": "i",
    "ဤ": "i",
    "ဥ": "u",
    "ဦ": "u",
    "ဧ": "ay",
    "ဩ": "aw",
    "ဪ": "aw",
    "၏": "i",
    "၍": "ywe",
    "၌": "hnaik",
}
_RHYMES = {
    "": "a", "ာ": "a", "ိ": "i", "ီ": "i", "ု": "u", "ူ": "u", "ေ": "ay", "ဲ": "e", "ော": "aw", "ို": "o",
    "ံ": "an", "ုံ": "on", "ိံ": "ein", "ောံ": "on", "က်": "et", "ိင်": "in", "ောက်": "auk", "ိုက်": "aik",
    "ိက်": "eik", "င်": "in", "ောင်": "aung", "ိုင်": "aing", "စ်": "it", "ည်": "i", "ေည်": "ay", "ဉ်": "in",
    "ဥ်": "in", "တ်": "at", "ိတ်": "eit", "ုတ်": "ok", "န်": "an", "ိန်": "ein", "ုန်": "on", "ပ်": "at",
    "ိပ်": "eik", "ုပ်": "ok", "မ်": "an", "ိမ်": "ein", "ုမ်": "on", "ယ်": "e", "ော်": "aw", "ဏ်": "an",
    "ုဏ်": "on", "လ်": "e", "ိုလ်": "o", "ဲလ်": "el", "ါ": "a", "သ်": "at", "ရ်": "a", "ာန်": "an", "ာည်": "i",
    "ိုယ်": "o", "ာင်": "in", "ုက်": "ok", "ာတ်": "at", "ာမ်": "an", "ာရ်": "a", "ုဒ်": "ok", "ဒ်": "at",
    "ဇ်": "it", "ဓ်": "at", "ဂ်": "et",
}  # fmt: skip

# Dot below (\u1037) and visarga (\u1038) are tones; \u103a kills a vowel; \u1039 stacks the next consonant below.
_SYLLABLE = re.compile(
    "(?P<whole>[ဣဤဥဦဧဩဪ၏၍၌])(?P<whole_final>(?:[က-အ][\u103a\u1039])?)[\u1037\u1038]*"
    "|(?P<onset>[က-အၐၑ])(?P<medials>[\u103b-\u103e]*)(?P<vowels>[\u102b-\u1032\u1036]*)\u1037?(?P<killed>\u103a?)"
    "(?P<final>(?:[က-အ]\u1037?(?:\u103a\u1037?\u1039?|\u1039))?)[\u1037\u1038]*"
)
_CREAKY = "\u1037"


@lru_cache(maxsize=65536)
def romanize_burmese(word: str) -> str:
    """Return a Burmese-script word as Latin syllables, one space between them.

    Characters that are not Burmese syllables (Shan, Karen and Mon letters, stray marks) are passed over.
    """
    # Tall aa varies with the keyboard, not with the name; U before a killing sign is a misspelt NYA.
    word = (
        word.replace("\u102b", "\u102c").replace("\u1025\u103a", "\u1009\u103a").replace("\u1025\u102c", "\u1009\u102c")
    )
    return " ".join(filter(None, map(_syllable, _SYLLABLE.finditer(word))))


def _syllable(match: re.Match[str]) -> str:
    """Return one syllable's sound: onset with medials, then rhyme."""
    if match["whole"]:
        closing = match["whole_final"][:1]
        return _INDEPENDENT[match["whole"]] + ("m" if closing == "မ" else "n" if closing in ("န", "င") else "")
    onset = _ONSETS.get(match["onset"], "")
    medials = match["medials"]
    vowels = match["vowels"]
    final = match["final"][:1] + "\u103a" if match["final"] else match["killed"]
    rhyme = _RHYMES.get(vowels + final) or _RHYMES.get(vowels) or "a"
    if rhyme.endswith("n") and _CREAKY in match.group(0):
        rhyme += "t"  # Myint, Nyunt, Tint: custom writes the creaky tone of a nasal as a t
    if "\u103b" in medials or "\u103c" in medials:
        onset = _WITH_YA.get(onset, onset if onset.endswith("y") else onset + "y")
    if "\u103e" in medials:
        onset = "sh" if onset == "y" else onset if onset in ("sh", "") else "h" + onset
    if "\u103d" in medials:
        rhyme = _with_wa(rhyme) if onset else "w" + rhyme.removeprefix("w")
    return onset.replace("ngy", "ny") + rhyme


def _with_wa(rhyme: str) -> str:
    """Return a rhyme after the medial wa, which rounds the plain rhymes (Tun, Win, Nyunt) and glides before others."""
    return {"at": "ut", "an": "un", "ant": "unt", "on": "un", "ay": "we"}.get(rhyme, "w" + rhyme)
