"""Which spelling rules of one language lie between its Indic letters and the customary Latin spelling of names?

Rules are regular expressions over the phonemic alphabet of `brahmic` (one letter a sound; `A` is the inherent vowel,
`a` one that must be spoken, M an anusvara, X a candrabindu, H a visarga). `<V>` and `<C>` stand for any vowel and any
consonant, `^` and `$` for the ends of a word. They run in order, each over all words.

Source: grammars' accounts of each script (inherent vowel, homorganic nasals, Bengali ya- and ba-phala, Tamil voicing
by position, Malayalam chillus) and the custom of passports and newspapers of each region; general knowledge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Rule = tuple[re.Pattern[str], str]

VOWELS = "AaāiīuūReEoO"
CONSONANTS = "kKgGŋcCjJñṭṬḍḌṇtTdDnńpPbBmyrṟlḷẓvśṣshqxġzfṛṚẏYřw"


@dataclass(frozen=True, slots=True)
class Language:
    """The rules of one language.

    Attributes:
        scripts: ISO 15924 codes of the scripts to which the rules apply.
        spelling: rules that read the letters, run before unspoken vowels are dropped.
        drops_schwas: whether an inherent vowel between V C _ C V is left out.
        custom: rules that choose the Latin spelling, run last.
    """

    scripts: frozenset[str]
    spelling: tuple[Rule, ...]
    drops_schwas: bool
    custom: tuple[Rule, ...]


def _rules(*lines: str) -> tuple[Rule, ...]:
    """Return rules written `pattern -> replacement`."""
    rules = []
    for line in lines:
        pattern, _, replacement = line.partition(" ->")
        pattern = pattern.replace("<V>", f"[{VOWELS}]").replace("<C>", f"[{CONSONANTS}]")
        rules.append((re.compile(pattern, re.MULTILINE), replacement.strip()))
    return tuple(rules)


# Two vowels with a hiatus, which Latin letters part by a y: নাঈম Nayeem, सईद Sayeed; but भाई Bhai.
_HIATUS = "ī(?=<C>)(?<=[Aāo]ī) -> yī"
# The second word of a compound keeps its first vowel, the first loses its last: फुलमणि Phulmani, श्यामचरण Shyamcharan.
_COMPOUNDS = "A(?=(?:mAṇ[iī]|lAtā|kAl[iī]|nAyAnā|sArā|cArAṇA?)$)(?<=[AaāiīuūReEoO]<C>A) ->"
# A nasal sounds like the consonant after it; nothing is written for a breath at a syllable's end.
_NASALS = ("H ->", "[MX](?=[pPbBm]) -> m", "M(?=h) -> ŋ", "ŋ(?=[kKgG]) -> n", "ŋhA?$ -> nG")
# राम Ram, चाँद Chand; but प्रिय Priya.
_FINAL_SCHWA = "A$(?<=[AaāiīuūReEoOX]<C>A)(?<![iī][yẏ]A) ->"
_W_BY_JOINING = "b(?<=[kKcCjJtTnśṣshDṭ]b) -> w"
_RU = ("R(?=ṣ)(?<=kR) -> ri", "R -> ru")  # Krishna, but Krupa, Amruta, Rutuja

_HINDI = (
    "M$(?<=AM) -> m",  # शिवं Shivam
    _HIATUS,
    _COMPOUNDS,
    "ñ(?=ā)(?<=[iīuū]ñ) -> y",  # बरभूञा Barbhuiya
    *_NASALS,
    "At(?=[iī]$)(?<=[vm]At) -> at",  # भगवती Bhagwati, सुमति Sumati
    "A(?=r[iī]$)(?<=ODA) -> a",  # चौधरी Chaudhary
    # Compounds: हरभजन Harbhajan, मनप्रीत Manpreet, हरदयाल Hardayal
    "A(?=(?!h)<C>r?<V>)(?<=^..[rtnlgKmv]A)(?<=hArA|gurA|sAtA|mAnA|bAlA|kulA|dilA|jAgA|suKA|rAnA|rāmA|devA|śivA) ->",
    _FINAL_SCHWA,
)
# आनन्द Anand, वंश Vansh, हर्ष Harsh, दत्त Datt, गुप्त Gupt; but चन्द्र Chandra, सूर्य Surya, कृष्ण Krishna.
_FINAL_SCHWA_AFTER_TWO = (
    "A$(?<=[MXnŋñṇm][kKgGcCjJṭṬḍḌtTdDpPbBśsz]A) ->",
    "A$(?<=r[kKgGcCjJṭṬḍḌtTdDpPbBmnṇśṣs]A) ->",
    "A$(?<=[kpstś]tA|ṣ[ṭṬk]A|dDA|ṭ[ṭs]A|l[lpsṭdk]A|k[sṣ]A|[śs]kA|zmA|rfA|nsA) ->",
)
_HINDI_CUSTOM = (
    "v(?=[Aaā])(?<=[kKgGcCjJtTdDśṣshzx]v) -> w",  # ईश्वर Ishwar, स्वाति Swati, भगवान Bhagwan
    "v(?:(?<=[kg]v)|(?<=^[dsśjt]v)) -> w",  # श्वेता Shweta, द्विवेदी Dwivedi
    "v(?=ā[lrṛ][āī]?$)(?<!^v) -> w",  # परिवार Pariwar, अग्रवाल Agrawal
    "rāv$ -> rāo",  # राव Rao
)
_BENGALI = (
    "C(?=.*[řw]) -> s",  # Assamese, told by its own r and w: ছ is an s
    "([řw].*)C -> \\1s",
    "^[ae]Yā -> a",  # অ্যানি Annie
    "^([kKgcjṭḍpPbBmnrřlsh])Yā -> \\1ā",  # ব্যানার্জী Banerjee, ম্যাথিউ Mathew; শ্যামল Shyamal keeps its y
    "Y(?<=<C>Y) -> y",
    _HIATUS,
    "A(?=cArAṇA?$)(?<=[AaāiīuūReEoO]<C>A) ->",  # শ্যামচরণ Shyamcharan
    _W_BY_JOINING,  # স্বপন Swapan, বিশ্বাস Biswas
    "b(?<=db)(?:(?<=^db)|(?=ā)(?<=[iīAā]db)) -> w",  # দ্বারকা Dwarka, বিদ্বান Bidwan
    "X(?=[AaāiīuūeEoO]) ->",
    "X$(?<!āX) ->",  # খাঁ Khan
    "M(?=[kKgGcCjJY]) -> n",  # শংকর Shankar, সংযুক্তা Sanjukta
    "[MX](?=[pPbBm]) -> m",
    "M -> ŋ",  # অংশু Angshu
    "H ->",
    "ŋ(?=[kKgG]) -> n",
    "ŋh -> nG",  # সিংহ Singha
    "jñ -> gy",
    "ñ(?=ā)(?<=[iīuū]ñ) -> ẏ",  # মিঞা Miya
    "oẏ(?=[āeA])(?<=^oẏ) -> w",  # ওয়াহিদ Wahid
    "oẏ(?=[āe])(?<=[AāiīuūeE]oẏ) -> w",  # দেওয়ান Dewan, হাওয়া Hawa
    "oẏ(?=[āe]) -> ow",  # আনোয়ার Anowar
    "iẏ(?<=^iẏ) -> y",  # ইয়াসিন Yasin
    "iu(?<=^iu) -> yu",  # ইউসুফ Yusuf
    "ui(?<=^ui) -> wi",  # উইলিয়াম William
    "AdA$(?<=[iīā]pAdA) -> ada",  # হরিপদ Haripada
    "AtA$(?<=brAtA) -> ata",  # সুব্রত Subrata
    "A$(?<=[iR]hA) -> a",
    _FINAL_SCHWA,
    # Loans: হল্যান্ড Holland, পার্ক Park, ইস্ট East; Bengali's own clusters keep their vowel: চন্দ্র, দত্ত, বসন্ত
    "A$(?<=n[ṭḍsj]A|s[tṭk]A|r[kgGṭḍtdsmnlj]A|l[ṭdDbmk]A|k[sṭ]A|pṭA) ->",
    "A(?=<C>[āiīuūeoEO]$)(?<=[AaiīuūeR][^ẏ\n]A) -> a",  # কমলা Kamala, but সালমা Salma, জয়না Jayna
)
_BENGALI_CUSTOM = (
    "E$|^E -> oi",  # গগৈ Gogoi, ঐশী Oishi
    "O -> ou",  # মৌসুমী Mousumi
)
_GURMUKHI = (
    "=(?=K) ->",  # ਮੱਖਣ Makhan
    "=k -> kk",
    "=(?=[cC]) -> c",
    "=(?=[tT]) -> t",
    "=(?=[ṭṬ]) -> ṭ",
    "=([^\n=]) -> \\1\\1",
    *_HINDI,
    *_FINAL_SCHWA_AFTER_TWO,
)
_ODIA = (
    "Y(?<=<C>Y) -> y",
    _W_BY_JOINING,
    "M(?=[rlvwśṣs]) -> n",
    *_NASALS,
    *_RU,
    "mw -> mb",
    "^([kgcjṭḍpBmrlh])[yẏ]ā -> \\1ā",  # loans, as in Bengali
    _FINAL_SCHWA,
    "A$(?<=r[kgGṭḍtdsj]A|s[tṭk]A|[nkl]sA|lṭA) ->",
)
# Names from Sanskrit begin with a voiced sound that the script cannot tell: கோபால் Gopal, தேவி Devi, பாலன் Balan.
_TAMIL_VOICED = (
    "^kānt(?=i) -> gānd",  # காந்தி Gandhi
    "^k(?=ītā|Aṇe|opāl|opi|ovint|okul|O[rt]|Aŋkā|uru$|uṇA|AjA) -> g",
    "^t(?=ev|īp|i[nń]e[ṣs]|urk|AńA|āmotA|AyāḷA|ilīp|ivy|Ańuṣ) -> d",
    "^p(?=āl[Aāu]|āpu|ārAti|āskA|Avāń|ArAt|īmA|Aṣī) -> b",
)
_TAMIL = (
    "Hp -> f",
    "Hj -> z",
    "H ->",
    "^i(?=rā|rAv|lAṭcu|lAkṣ) ->",  # இராமன் Raman, இலட்சுமி Lakshmi
    "^pir(?=[AāeiuīE]) -> pr",  # பிரபு Prabhu, பிரியா Priya
    "^kiru(?=ṣ) -> kri",  # கிருஷ்ணன் Krishnan
    "tir(?=A)(?<=[nt]tir) -> tr",  # சந்திரன் Chandran, மித்திரன் Mithran
    "ppir(?=A)|pr(?<=<V>pr) -> br",  # சுப்பிரமணி Subramani
    "ṭcu?(?=m)|ṭc -> kṣ",  # லட்சுமி Lakshmi, மீனாட்சி Meenakshi
    *_TAMIL_VOICED,
    "^[aA]ptu -> abdu",  # அப்துல் Abdul
    "^mukAm?mA[tT]u? -> mohAmAd",  # முகமது Mohamad
    "^mAk(?=[eā]) -> mAh",  # மகேஷ் Mahesh, மகாலட்சுமி Mahalakshmi
    "^mok(?=Ań) -> moh",  # மோகன் Mohan
    "k(?=Ar)(?:(?<=ŋk)(?<=^cAŋk)|(?<=cek))|k(?=ā$)(?<=ik) -> q",  # சங்கர் Sankar, சேகர் Sekar, அம்பிகா Ambika
    "t(?=ā|Av|ik)(?<=^rāt|^māt|^sut|^yāt) -> d",  # ராதா Radha, மாதவன் Madhavan
    "nt(?=i[^rnńy]|i$) -> nT",  # சாந்தி Shanthi, செந்தில் Senthil; சந்தியா Sandhya
    # One letter for two sounds: voiced after a nasal and between vowels, voiceless doubled and beside other stops.
    "k(?=<V>)(?<=[AaāiīuūeEoOrlḷẓyvŋ]k) -> g",
    "ñc -> ñj",
    "ṭ(?:(?<=ṇṭ)|(?=<V>)(?<=<V>ṭ)|(?<=^ṭ)) -> ḍ",
    "t(?<=[nń]t) -> d",
    "p(?:(?<=[mnńṇ]p)|(?=<V>)(?<=[AaāiīuūeEoOrlḷẓy]p)) -> b",
    "c(?:(?=<V>)(?<=<V>c)|(?<=^c)(?!ińń|itAmp|itr|itt|eṭṭ|ell|oẓA|Andi?r)) -> s",
)
_TAMIL_CUSTOM = (
    "ńṟ -> ndr",  # மன்றம் Mandram
    "ṟṟ -> ṭr",  # வெற்றி Vetri
    "b(?<=^[drg][īūo]b) -> p",  # தீபா Deepa, ரூபா Rupa, கோபால் Gopal
    "cc -> c",
    "tt -> t",
    "t(?!r) -> T",  # கார்த்திக் Karthik
    "^ñ -> gn",  # ஞானம் Gnanam
    "ññ -> ñj",
    "ŋ(?=[kg]) -> n",
    "v(?:(?<=sv)|(?=ā)(?<=uv)) -> w",
    "yi(?<=[āe]yi) -> i",  # சாயி Sai
    "^jey -> jay",  # ஜெயந்தி Jayanthi
)
_DRAVIDIAN = (
    "H ->",
    "[MX](?![kKgGŋcCjJṭṬḍḌṇtTdDn]) -> m",
    "ŋ(?=[kKgG]) -> n",
    "v(?:(?<=[sśtkg]v)|(?=ā)(?<=uv)) -> w",  # స్వాతి Swathi
    "yi(?<=[āe]yi) -> i",  # సాయి Sai
    "^([kgcjṭḍpbBmrlh])yā -> \\1ā",  # ബ്യാങ്ക് Bank; but ശ്യാം Shyam, വ്യാസൻ Vyasan
)
_TELUGU = (*_DRAVIDIAN, "jñ -> gn", *_RU, "āvu?$ -> āo", "āyuḍ -> aiḍ")  # అప్పారావు Apparao, నాయుడు Naidu
_KANNADA_FINAL = "A$(?<=[āeo][rśjlṣḷT]A)(?<=<V><C>[āeo]<C>A) ->"  # ಕುಮಾರ Kumar, ರಮೇಶ Ramesh; but ರಾಮ Rama
_MALAYALAM = (
    *_DRAVIDIAN,
    "ṟṟ(?<=[sśṣ]ṟṟ) -> ṭ",  # സെബാസ്റ്റ്യൻ Sebastian
    "ṟṟ -> ṭṭ",  # ഏറ്റുമാനൂർ Ettumanoor
    "nṟ -> nṭ",  # ആന്റണി Antony
    "ŋŋ -> ŋ",
    "ññ$ -> nju",  # കുഞ്ഞ് Kunju
    "ññ|^ñ -> nj",
    "P -> f",  # ഫൈസൽ Faisal
    "āvu$ -> āu",
    "ṭ(?:(?<=ṇṭ)|$(?<=<V>ṭ)) -> ḍ",  # പാലക്കാട് Palakkad
)


def _language(
    scripts: str, spelling: tuple[str, ...], custom: tuple[str, ...] = (), *, drops_schwas: bool = False
) -> Language:
    return Language(frozenset(scripts.split()), _rules(*spelling), drops_schwas, _rules(*custom))


_MARATHI = _language(
    "Deva",
    (
        *_HINDI,
        *_FINAL_SCHWA_AFTER_TWO,
        "jñ -> dny",
        "vh -> v",  # चव्हाण Chavan
        "āyAkAvā -> āikvā",  # गायकवाड Gaikwad
        "A(?=[ṇnlr]e$)(?<=vA) -> a",  # सोनवणे Sonawane
    ),
    (*_HINDI_CUSTOM, *_RU),
    drops_schwas=True,
)
_NEPALI = _language(
    "Deva",
    (*_HINDI, "jñ -> gy", "A(?=<C>[āiīuūeoEO]$)(?<=<V><C>A) -> a"),  # कमला Kamala; श्रेष्ठ Shrestha
    (*_HINDI_CUSTOM, "^v -> b"),  # विनोद Binod
    drops_schwas=True,
)
_BANGLA = _language("Beng", _BENGALI, _BENGALI_CUSTOM, drops_schwas=True)

LANGUAGES: dict[str, Language] = {
    "hi": _language("Deva", (*_HINDI, *_FINAL_SCHWA_AFTER_TWO, "jñ -> gy"), _HINDI_CUSTOM, drops_schwas=True),
    "mr": _MARATHI,
    "kok": _MARATHI,
    "ne": _NEPALI,
    "new": _NEPALI,
    "bn": _BANGLA,
    "as": _language("Beng", ("C -> s", *_BENGALI), _BENGALI_CUSTOM, drops_schwas=True),
    "pa": _language("Guru", _GURMUKHI, ("v(?<=[kKgGcCjJtTdDnṇmśszlḷ]v) -> w", *_HINDI_CUSTOM), drops_schwas=True),
    "gu": _language(
        "Gujr", (*_HINDI, *_FINAL_SCHWA_AFTER_TWO, "jñ -> gn", "vh -> v"), (*_HINDI_CUSTOM, *_RU), drops_schwas=True
    ),
    "or": _language("Orya", (*_ODIA, "jñ -> gy")),
    "ta": _language("Taml", _TAMIL, _TAMIL_CUSTOM),
    "te": _language("Telu", _TELUGU),
    "kn": _language("Knda", (*_TELUGU, _KANNADA_FINAL)),
    "ml": _language("Mlym", _MALAYALAM),
}
"""Rules by BCP 47 language."""
