"""How is a name in Burmese letters written in Latin letters?

Burmese is written without spaces and its spelling is far from its sound, so letters are read by syllable: onset (with
medials), then rhyme (vowel and killed final consonant together). အောင်ကျော်မိုး -> aung kyaw moe. Shan, S'gaw Karen and
Mon share the letters but not their sounds (ီ is i in Burmese, aw in Karen); the letters that only one of them has tell
which reading a word takes.

Source: the customary romanisation of personal names, as on passports and in newspapers (no tones; Aung, Kyaw, Htet,
Phyo, Thandar), checked on public name lists; for the neighbours The Unicode Standard 15, chapter 16.3, and the
spelling of well-known Shan, Karen and Mon names.
"""

from __future__ import annotations

import re
from functools import lru_cache

from matcher.names.burmese_newcomers import NEWCOMER, newcomers_read

_ONSETS = {
    "က": "k", "ခ": "kh", "ဂ": "g", "ဃ": "g", "င": "ng", "စ": "s", "ဆ": "s", "ဇ": "z", "ဈ": "z", "ဉ": "ny", "ည": "ny",
    "ဋ": "t", "ဌ": "ht", "ဍ": "d", "ဎ": "d", "ဏ": "n", "တ": "t", "ထ": "ht", "ဒ": "d", "ဓ": "d", "န": "n", "ပ": "p",
    "ဖ": "ph", "ဗ": "b", "ဘ": "b", "မ": "m", "ယ": "y", "ရ": "y", "လ": "l", "ဝ": "w", "သ": "th", "ဟ": "h", "ဠ": "l",
    "အ": "", "ဢ": "", "ၐ": "sh", "ၑ": "s",
}  # fmt: skip
_WITH_YA = {"k": "ky", "kh": "ch", "g": "gy", "ng": "ny", "th": "th", "ny": "ny", "y": "y"}
_WITH_RA = _WITH_YA | {"t": "tr", "d": "dr"}  # အိန္ဒြာ Eindra: Pali keeps the r that Burmese has lost

# The vowels that stand alone, bare and before a stacked or killed consonant: ဥမ္မာ Ohnmar, ဥက္ကာ Okkar, ဣန္ဒြာ Eindra.
_INDEPENDENT = {"ဣ": "ei", "ဤ": "i", "ဥ": "u", "ဦ": "u", "ဧ": "ay", "ဩ": "aw", "ဪ": "aw"}
_SIGNS = {"၏": "i", "၍": "ywe", "၌": "hnaik"}
_CLOSED = {"ဣ": "ei", "ဤ": "i", "ဥ": "o", "ဦ": "u", "ဧ": "ay", "ဩ": "aw", "ဪ": "aw"}

_RHYMES = {
    "": "a", "\ue003": "a", "ာ": "ar",
    "ိ": "i", "ီ": "i", "ု": "u", "ူ": "u", "ေ": "ay", "ဲ": "e", "ော": "aw", "ို": "o", "ာဲ": "ai",
    "ံ": "an", "ုံ": "one", "ိံ": "ein", "ောံ": "one", "ော်": "aw", "ာ်": "ar",
    "က်": "et", "ောက်": "auk", "ိုက်": "aik", "ိက်": "eik", "ုက်": "oke", "ခ်": "et", "ဂ်": "et",
    "င်": "in", "ာင်": "in", "ိင်": "in", "ောင်": "aung", "ိုင်": "aing",
    "စ်": "it", "ဇ်": "it", "ည်": "i", "ေည်": "ay", "ာည်": "i", "ဉ်": "in", "ာဉ်": "in",
    "တ်": "at", "ဋ်": "at", "ထ်": "at", "ဒ်": "at", "ဓ်": "at", "သ်": "at", "ပ်": "at", "ာတ်": "at",
    "ိတ်": "eik", "ိဋ်": "eik", "ိပ်": "eik", "ုတ်": "oke", "ုပ်": "oke", "ုဒ်": "oke", "ုသ်": "oke", "ေတ်": "it",
    "န်": "an", "ဏ်": "an", "မ်": "an", "ာန်": "an", "ာဏ်": "an", "ာမ်": "an",
    "ိန်": "ein", "ိဏ်": "ein", "ိမ်": "ein", "ုန်": "one", "ုဏ်": "one", "ုမ်": "one",
    "ယ်": "al", "ိုယ်": "o", "ာယ်": "ai", "ဝ်": "ao", "ာဝ်": "ao", "လ်": "al", "ိုလ်": "o", "ရ်": "ar", "ာရ်": "ar",
}  # fmt: skip
# Before the consonant below it a killed one keeps its Pali sound: ဓမ္မ Dhamma, ဗုဒ္ဓ Buddha, အဂ္ဂ Agga, ကိတ္တိ Keitti.
_STACKED = {
    "မ": "am", "ာမ": "am", "ိမ": "eim", "ုမ": "om", "ဒ": "ad", "ိဒ": "eid", "ုဒ": "ud", "ဂ": "ag", "ိတ": "eit", "ုတ": "ut",
    "ုန": "on", "ုဏ": "on",
}  # fmt: skip
# After the medial wa, which rounds some rhymes (Tun, Htut, Nyunt) and glides before the others (Win, Shwe).
_ROUNDED = {"တ်": "ut", "န်": "un", "ဏ်": "un", "ဋ်": "ut", "ံ": "un", "ေ": "we", "ုံ": "un", "မ်": "wan", "ပ်": "ut"}
# A final consonant of a foreign name, or a second one, is heard as it stands: ဒေါ်နယ်ဒ် Donald.
_CODAS = {
    "က": "k", "ခ": "k", "ဂ": "g", "ဃ": "g", "င": "ng", "စ": "s", "ဆ": "s", "ဇ": "z", "ဈ": "z", "ဉ": "n", "ည": "n",
    "ဋ": "t", "ဌ": "t", "ဍ": "d", "ဎ": "d", "ဏ": "n", "တ": "t", "ထ": "t", "ဒ": "d", "ဓ": "d", "န": "n", "ပ": "p",
    "ဖ": "f", "ဗ": "b", "ဘ": "b", "မ": "m", "လ": "l", "ရ": "r", "ဝ": "w", "သ": "t", "ဠ": "l",
    "\ue005": "ch", "\ue006": "j", "\ue007": "sh", "\ue008": "s",
}  # fmt: skip
# Syllables that custom spells otherwise than their letters: အိအိ Ei Ei, အေးအေး Aye Aye, ဝေဝေ Wai Wai, ဘုန်း Phone.
_CUSTOM = {
    "အိ": "ei", "အေ": "aye", "အေး": "aye", "ဝေ": "wai", "ဘုန်း": "phone", "အုန်း": "ohn", "ဥန်း": "ohn",
    "ငယ်": "nge", "စိုင်း": "sai", "ခမ်း": "kham", "အယ်": "e",
    "မွန်": "mon", "မွန်း": "mon", "အွန်": "on", "အွန်း": "on", "ဝေး": "way", "ဝား": "wah",
    "ပဉ္": "pyin", "ပစ္": "pyit", "မေတ္": "myit",
}  # fmt: skip

_FOREIGN = re.compile(r"[^\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f\n]+")
# What one keyboard writes and another does not: tall and round aa, U for NYA, the vowel before its consonant.
_RESPELT: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.MULTILINE), replacement)
    for pattern, replacement in (
        ("ါ", "ာ"),
        (r"ဥ(?=[ာ\u1037]?်|ာ)", "ဉ"),
        (r"ေ(?<![က-အဿျ-ှ]ေ)([က-အ][ျ-ှ]*)", r"\1ေ"),
        (r"ဿ(?<=[ာ-ဲ]ဿ)", "သ"),  # a vowel sign keeps its own sound: ဝိဿာခါ Withakhar
        ("ဿ", "သ္သ"),
        ("်(?=[ျြ])(?<=([က-အ])်)", r"်\1"),
        (r"သ္(?=သ)(?<![^\n်]သ္)", ""),
        ("([ွှ])([ျြ])", r"\2\1"),
        ("ှွ", "ွှ"),
        (r"\u1037(?=[\u102c-\u1032\u1036]|\u103a\u1037)", ""),
        (r"\u103a\u1037", "\u1037\u103a"),
        # Pali: the joined t of anta is d (သန္တာ Thandar), so is the t of ratana (ရတနာ Yadanar); ပညာ is Pyinnyar.
        ("န္တ", "န္ဒ"),
        ("တ(?=နာ)", "ဒ"),
        ("ပ(?=[ညဉ]ာ)(?<!္ပ)", "ပဉ္"),
        # Its r is y at the start of a name and r between two open syllables: ရတနာ Yadanar, သီရိ Thiri, သူရ Thura.
        (r"ရ(?<=[က-အာ-ူေ]ရ)(?=ိ(?![က-အ]့?[္်]|ု)|(?![က-အ]့?[္်]|[ါ-ှ]))", "\ue000"),
        (r"ရ(?<=္[က-အ]ရ)(?=ီ)", "\ue000"),  # သုန္ဒရီ Thondari
        # What no Burmese word has tells a foreign one, whose r is r: ဘရန် Brang, မယ်ရီ Mary, ဖာရုက် Faruk, ရောဘတ် Robert.
        (
            "ရ(?=[ါ-ူေ]|[က-အ]့?်)(?:(?<=[ဘဂဒဖထ]ရ)(?<!္.ရ)|(?<=ခရ)(?=စ်|ို)|(?<=ကရ)(?=စ်)|(?<=ပရ)(?=ို(?:က်|[^\nက-အ])))",
            "\ue001",
        ),
        (
            "ရ(?:(?<=ယ်ရ)(?=ီ)|(?<=[ာူ]ရ)(?=ိန်)|(?<=[^ေ]ာရ)(?=[က-အု-ူ](?!(?<=ည)်|(?<=ုံ)|(?<=င)်း))"
            "|(?<=^ရ)(?=ော်?[^\nငက့း်]|ို[^\nင-ည့း်]))",
            "\ue000",
        ),
        ("ယ်(?=(?!ဒ)[က-အ]်)", "ဲ"),
        ("ချ်", "\ue005်"),
        ("ဂျ်", "\ue006်"),
        ("ရှ်", "\ue007်"),
        ("သြ", "ဩ"),
        (r"င်္က(?=[ျြ])", "င်္ဂ"),  # သင်္ကြန် Thingyan
        # The last of several syllables is voiced: အောင်ကြီး Aung Gyi, အင်ကြင်း Ingyin.
        (r"ကြ(?<=[^\nက]ကြ)(?=ီး$)|ကြ(?<=အင်ကြ)(?=င်း)", "ဂြ"),
        ("လိုင်း(?<=^ဆလိုင်း)", "လာဲ"),  # the Chin title Salai
    )
)


# Dot below (\u1037) and visarga (\u1038) are tones; \u103a kills a vowel; \u1039 stacks the next consonant below.
_FINAL = "[က-အ\ue005-\ue008]\u1037?(?:\u103a\u1039?|\u1039)"
_SYLLABLE = re.compile(
    "(?P<sign>[၏၍၌])|(?:(?P<whole>[ဣဤဥဦဧဩဪ])|(?P<onset>[က-ဢၐၑ\ue000])(?P<medials>[\u103b-\u103e\ue001]*))"
    f"(?P<vowels>[\u102c-\u1032\u1036\ue003]*)(?P<dot>\u1037?)(?P<killed>\u103a?)(?P<final>(?:{_FINAL})?)"
    f"(?P<tone>[\u1037\u1038]*)(?P<more>(?:{_FINAL}[\u1037\u1038]*)*)"
)
_READ = re.compile(f"{_SYLLABLE.pattern}|[^a-z _\n]")
_ONE_WORD = re.compile(f"^{NEWCOMER}.*$", re.MULTILINE)
_NEXT_SYLLABLE = re.compile("[က-ဪ](?!\u1037?[်္])")
_CREAKY, _ASAT, _VIRAMA, _HIGH = "\u1037", "\u103a", "\u1039", "\u1038"


# Letters that only the neighbours have; Khamti, Aiton, Tai Laing and Palaung letters are read as the Shan letter of
# the same sound, those of Pwo Karen and Kayah as Burmese ones.
_SAME_SOUND = str.maketrans(
    {
        **dict(zip("ꩠꩡꩥꩦꩧꩨꩩꩪꩫꩬꩭꩮꩯꩱꩲꩳꩺႎၾꧠꧡꧢꧣꧤ", "ၷၸၺတထၻၻၻၼသႁႁၾၶၹရရၾၾၷၸၹၼၿ", strict=True)),
        **dict(zip("ꧧꧨꧩꧪꧫꧬꧭꧮꧯꧺꧻꧼꧽꧾꩢꩣꩤꩾႜႝ", "ၺၾၷၷၹၹၻၻၼလၻၻၿၿၸၹၹၸႃႆ", strict=True)),
        **{"ၥ": "သ", "ၦ": "ပွ", "ၮ": "န", "ၯ": "ယွ", "ၰ": "ဂွ", "ၱ": "ိ", "ၲ": "ို", "ၳ": "ု", "ၴ": "ေ"},
        **dict.fromkeys("ၧၨ", "ု"),
        **dict.fromkeys("ၩၪၫၬၭႏႚႛꩻꩼꩽꩰꧦ", None),
    }
)
# Who else's a word is. Karen has no killed finals, so one after ၢ is Shan; Karen writes ၢ်, ၣ် and ၤ for tones.
_NEIGHBOURS = re.compile("[ၐ-႟ꩠ-ꩿꧠ-꧿\u1033-\u1035]|ိူ|ာဲ")
_NEIGHBOUR = re.compile("[ၚ-ႍ\u1033-\u1035]|ိူ|ာဲ")
_SHAN_ONLY = re.compile("[ၵ-ႍ]|ၢ[က-အ]\u1037?်|ိူ")
_KAREN_ONLY = re.compile("[ၠ-ၤ]")

_SHAN_ONSETS = _ONSETS | {
    "ၵ": "k", "ၶ": "kh", "ၷ": "g", "ၸ": "s", "ၹ": "z", "ၺ": "ny", "ၻ": "d", "ၼ": "n", "ၽ": "ph", "ၾ": "f", "ၿ": "b",
    "ႀ": "th", "ႁ": "h", "ရ": "r", "သ": "s",
}  # fmt: skip
_SHAN_RHYMES = {
    "": "a", "ၢ": "a", "ႃ": "a", "ာ": "a", "ါ": "a", "ိ": "i", "ီ": "i", "ဵ": "e", "ေ": "e", "ႅ": "e", "ႄ": "e",
    "ု": "u", "ူ": "u", "ွ": "aw", "ို": "u", "ိူ": "o", "ေႃ": "aw", "ော": "aw", "ႂ်": "au", "ႆ": "ai", "ၢႆ": "ai",
    "ႃႆ": "ai", "ာႆ": "ai", "ွႆ": "oi", "ုႆ": "ui", "ူႆ": "oi", "ဝ်": "ao", "ၢဝ်": "ao", "ာဝ်": "ao", "ိဝ်": "iu",
    "ဵဝ်": "eo", "ႅဝ်": "eo", "ူဝ်": "o", "ိုဝ်": "u", "ိူဝ်": "ur", "ုၺ်": "ui", "ူၺ်": "oi", "ွၺ်": "oi",
    "ိုၺ်": "ui", "ိူၺ်": "oi",
}  # fmt: skip
_SHAN_CODAS = _CODAS | {"ၵ": "k", "ၶ": "k", "ၸ": "s", "ၺ": "i", "ၼ": "n", "ၽ": "p", "ၾ": "f", "ဝ": "o", "ယ": "i"}
_SHAN_SYLLABLE = re.compile("([က-ဢၵ-ႁ])((?:[ျြ]|ႂ(?!်))*)((?:[ါ-ဵၢႃ-ႆွ]|ႂ်)*)(?:([က-ဢၵ-ႁ])\u1037?်)?[\u1037\u1038ႇ-ႍ]*")
_KAREN_ONSETS = _ONSETS | {"ဃ": "kh", "ရ": "r", "ၡ": "sh", "ဧ": "", "ဥ": "u"}
_KAREN_VOWELS = {"": "a", "ါ": "a", "ာ": "a", "ံ": "i", "ၢ": "er", "ု": "u", "ူ": "u", "ဲ": "eh", "ိ": "o", "ီ": "aw"}
_KAREN_VOWELS |= {"\u1037": "ay"}
_KAREN_SYLLABLE = re.compile("([က-ဧၡ])([ျ-ှၠ]*)((?:[ါ\u1036\u1037ုူဲိီ]|[ၢာ](?!်))*)(?:[ၢာ]်|[\u1038ၣၤ]်?)*")
_KAREN_MEDIALS = str.maketrans({"ျ": "l", "ြ": "r", "ွ": "w", "ှ": "g", "ၠ": "y"})
_MON_ONSETS = _ONSETS | {"ၚ": "ng", "ၛ": "z", "ၜ": "b", "ၝ": "b", "ရ": "r", "သ": "s", "ခ": "kh"}
_MON_VOWELS = {"": "a", "ာ": "a", "ါ": "a", "ိ": "i", "ီ": "i", "\u1033": "i", "ု": "u", "ူ": "u", "ေ": "e", "ဲ": "oa"}
_MON_VOWELS |= {"ာဲ": "ai", "ော": "aw", "\u1034": "o", "ို": "oe"}
_MON_SYLLABLE = re.compile("([က-ဢၚ-ၝ])([ျ-ှၞ-ၠ]*)([ါ-ဵ]*?)(\u1036?)(?:([က-ဢၚ-ၝ])\u1037?်)?[\u1037\u1038]*(?![ါ-ဵ])")
_MON_CODAS = _CODAS | {"ၚ": "ng", "သ": "h"}
_MON_MEDIALS = str.maketrans({"ျ": "y", "ြ": "r", "ွ": "w", "ှ": "h", "ၞ": "n", "ၟ": "m", "ၠ": "l"})


def romanize_burmese(lines: str) -> str:
    """Return words in Burmese letters as Latin syllables, one space between them.

    Args:
        lines: one word a line, of letters and marks of the Myanmar blocks; whatever is no syllable is passed over.
    Returns:
        As many lines, each of a-z and single inner spaces; empty where the word has no sound.
    """
    lines = _FOREIGN.sub("", lines)
    if _NEIGHBOURS.search(lines):
        words = lines.translate(_SAME_SOUND).split("\n")
        lines = "\n".join(_neighbour(word) if _NEIGHBOUR.search(word) else word for word in words)
    for pattern, replacement in _RESPELT:
        lines = pattern.sub(replacement, lines)
    read = _READ.sub(_replace, newcomers_read(lines)).replace(" \n", "\n").removesuffix(" ")
    return _ONE_WORD.sub(lambda found: found[0][1:].replace(" ", ""), read)


def begins_with(word: str, syllable: str) -> bool:
    """Return whether a syllable ends where a word that begins with its letters has its first syllable end.

    စောအောင် begins with စော, but မီနာ not with မိ, and မောင် not with မ.
    """
    return word.startswith(syllable) and _NEXT_SYLLABLE.match(word, len(syllable)) is not None


def _replace(match: re.Match[str]) -> str:
    return _syllable(match[0])


@lru_cache(maxsize=65536)
def _syllable(text: str) -> str:
    """Return one syllable's sound and a space, "" for a stray sign."""
    match = _SYLLABLE.fullmatch(text)
    if match is None:
        return ""
    if match["sign"]:
        return _SIGNS[match["sign"]] + " "
    more = "".join(_CODAS.get(char, "") for char in match["more"])
    if text in _CUSTOM:
        return f"{_CUSTOM[text]} "
    if match["whole"]:
        return f"{_independent(match)}{more} "
    onset, rhyme = _ONSETS.get(match["onset"], "r"), _rhyme(match)
    medials = match["medials"]
    if "\ue001" in medials:
        onset += "r"
    elif "\u103b" in medials:
        onset = "j" if onset == "g" else _WITH_YA.get(onset, onset + "y")
    elif "\u103c" in medials:
        onset = _WITH_RA.get(onset, onset + "y")
    if "\u103e" in medials:
        onset = _breathed(onset)
    return f"{onset}{rhyme}{more} "


def _independent(match: re.Match[str]) -> str:
    """Return the sound of a vowel letter, with the consonant that closes it."""
    letter, final = match["whole"], match["final"][:1]
    if not final:
        return _INDEPENDENT[letter]
    if final in "ညဉမနဏင":
        return "ohn" if letter == "ဥ" else _CLOSED[letter] + ("ng" if final == "င" else "n")
    return _CLOSED[letter] + _CODAS.get(final, "")


def _breathed(onset: str) -> str:
    """Return an onset with the medial ha: ရှ Sh, လှ Hl, သျှ Sh."""
    if onset in ("y", "ly", "th"):
        return "sh"
    return "wh" if onset == "w" else onset if onset in ("sh", "h", "") else "h" + onset


def _rhyme(match: re.Match[str]) -> str:
    """Return the sound of vowel and final consonant, with what custom writes of the tone."""
    vowels, final = match["vowels"], match["final"][:1]
    letters = vowels + (final + _ASAT if final else match["killed"])
    creaky = _CREAKY in match.group(0)
    wa = "\u103d" in match["medials"]
    rhyme = _RHYMES.get(letters) or _foreign(vowels, final)
    if letters == "မ်" and not wa and not match["tone"]:
        return "am"  # Kham, Ram; what Burmese itself ends in m has a tone or another vowel: လမ်း Lan, အိမ် Ein
    if _VIRAMA in match["final"] and (stacked := _STACKED.get(vowels + final)):
        rhyme = stacked
    elif (wa or match["onset"] == "ဝ") and letters in _ROUNDED:
        rhyme = _ROUNDED[letters]
        if match["onset"] == "ဝ":
            rhyme = rhyme.removeprefix("w")  # the onset has said it: ဝတ် Wut, ဝေး Way
    elif wa and match["onset"] != "ဝ":
        rhyme = "w" + (rhyme if letters != "ယ်" else "e")  # ကြယ် Kyal, but နွယ် Nwe
    if letters == "ို" and _HIGH in match["tone"]:
        return "oe"  # မိုး Moe, but ကို Ko
    if creaky and letters == "ည်":
        return "ae"  # ပြည့် Pyae
    if creaky and rhyme.endswith(("n", "one")):
        return rhyme.removesuffix("e") + "t"  # Myint, Nyunt, Khant: the creaky tone of a nasal is written as a t
    return rhyme


def _foreign(vowels: str, final: str) -> str:
    """Return a rhyme that no Burmese word has: the vowel, then the consonant as it stands."""
    vowel = _RHYMES.get(vowels) or _RHYMES.get(vowels[:1]) or "a"
    return vowel.removesuffix("r") + _CODAS.get(final, "")


def _neighbour(word: str) -> str:
    """Return a word of a neighbour's language in Latin syllables."""
    if _SHAN_ONLY.search(word):
        return " ".join(map(_shan, _SHAN_SYLLABLE.finditer(word))) + " "
    if _KAREN_ONLY.search(word):
        return " ".join(map(_karen, _KAREN_SYLLABLE.finditer(word))) + " "
    return " ".join(map(_mon, _MON_SYLLABLE.finditer(word))) + " "


def _shan(match: re.Match[str]) -> str:
    """Return one Shan syllable: ၸၢႆး Sai, ၼၢင်း Nang, ၸဝ်ႈ Sao, မိူင်း Mong."""
    onset, medials, vowels, final = match.groups(default="")
    medial = medials.translate({0x103B: "y", 0x103C: "r", 0x1082: "w"})
    if final and (whole := _SHAN_RHYMES.get(f"{vowels}{final}{_ASAT}")):
        rhyme = whole
    else:
        vowel = "o" if final and vowels == "ူ" else _SHAN_RHYMES.get(vowels, "a")
        rhyme = vowel + _SHAN_CODAS.get(final, "")
    return _SHAN_ONSETS[onset] + medial + rhyme


def _karen(match: re.Match[str]) -> str:
    """Return one S'gaw Karen syllable: စီၤ Saw, နီၢ် Naw, အဲၣ် Eh."""
    onset, medials, vowels = match.groups()
    sound = "".join(_KAREN_VOWELS.get(vowel, "") for vowel in vowels) or "a"
    return _KAREN_ONSETS.get(onset, "") + medials.translate(_KAREN_MEDIALS) + sound


def _mon(match: re.Match[str]) -> str:
    """Return one Mon syllable."""
    onset, medials, vowels, nasal, final = match.groups(default="")
    vowel = _MON_VOWELS.get(vowels) or _MON_VOWELS.get(vowels[:1], "a")
    return _MON_ONSETS[onset] + medials.translate(_MON_MEDIALS) + vowel + ("m" if nasal else _MON_CODAS.get(final, ""))
