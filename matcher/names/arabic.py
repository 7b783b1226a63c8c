"""How is a name in Arabic script (Urdu, Rohingya, Arabic, Persian, Sindhi, Kashmiri) written in Latin letters?

The script leaves short vowels out, so no rule of letters finds them all: محمد is Mohammad by custom. Common names and
words of names therefore stand in a table; a word that is not in it is cut into known parts (عبدالکریم, شمس الدین,
جمشیدپور); what is left is read by rule: و and ی by their neighbours, and an `a` where a syllable needs a vowel.

A word typed with letters that only an Arabic keyboard has (ي, ك, ة, أ) is read as Arabic writes foreign names: every
vowel is there, ف may be v, تش is ch.

Source: The Unicode Standard 15, section 9.2; syllables of Urdu after Schmidt, "Urdu: An Essential Grammar" (1999); the
table `data/reference/names/arabic_lexicon.tsv`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from matcher.names.script import normalise
from matcher.reference import alternatives, read_table

_Rules = tuple[tuple[re.Pattern[str], str], ...]

_MARKS = "\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0653\u0654\u0655\u0656\u0657\u0658\u0670"
_VARIANTS = {
    "يىېۍؠێۑ": "ی", "كڪګڬ": "ک", "ةۃهۂۀۿ": "ہ", "ۓ": "ے", "ٱ": "ا", "ٲٳ": "أ", "ۆۇۈۉۋۄۅۏ": "و", "ڤ": "ف", "ە": "\u064e",
    "ڠڱ": "نگ", "ڃڻݨڽڼ": "ن", "ټ": "ٹ", "ډڊڏ": "ڈ", "ړڙڕ": "ڑ", "ڵ": "ل", "ٻݐ": "ب", "ڀ": "بھ", "ٿ": "تھ", "ٽ": "ٹ",
    "ٺ": "ٹھ", "ڄ": "ج", "ڇ": "چھ", "څ": "س", "ځ": "ز", "ڌ": "دھ", "ڍ": "ڈھ", "ڦ": "پھ", "ڳݢ": "گ", "ږ": "ژ", "ښݜ": "ش",
}  # fmt: skip
# In Sindhi ک is the aspirate of ڪ; the same heh that is a plain h elsewhere makes one of ج and گ.
_SINDHI_WORD = re.compile("^.*[ٻڀٿٽٺڄڇڌڏڊڍڙڦڳڱڪ].*$", re.MULTILINE)
_SINDHI_ASPIRATE = re.compile("ک|(?<=[جگ])ه")
# ھ marks an aspirate; after other letters, and first in a word, it is only a way of drawing ہ (ابراھیم).
_PLAIN_HEH = re.compile("(?<![بپتٹجچدڈکگڑر])ھ")
_ARABIC_KEYS = re.compile("[يكىةأإه]")
_EMPHATIC = re.compile("[حخذصضطظعق]")  # letters of Arabic words, not of foreign names written in Arabic
_MARK, _FOREIGN_MARK = "?", "!"  # before a piece that is still in Arabic letters

_SOUNDS = str.maketrans(
    {
        "ا": "A", "آ": "AA", "أ": "A", "إ": "I", "ب": "b", "پ": "p", "ت": "t", "ط": "t", "ٹ": "t", "ث": "T", "ج": "j",
        "چ": "c", "ح": "h", "خ": "x", "د": "d", "ڈ": "d", "ذ": "z", "ر": "r", "ڑ": "r", "ز": "z", "ژ": "Z", "س": "s",
        "ش": "S", "ص": "s", "ض": "z", "ظ": "z", "ع": "X", "غ": "G", "ف": "f", "ق": "q", "ک": "k", "گ": "g", "ل": "l",
        "م": "m", "ن": "n", "ں": "N", "و": "W", "ؤ": "U", "ہ": "h", "ھ": "H", "ی": "Y", "ئ": "J", "ے": "E",
        "\u064e": "a", "\u0670": "a", "\u064f": "u", "\u0657": "u", "\u0650": "i", "\u0656": "i", "\u064b": "an",
        "\u064c": "un", "\u064d": "in",
    }
)  # fmt: skip

# Capitals are letters whose sound depends on their place: A alef, W waw, Y yeh, E big yeh, X ain, J and U hamza on yeh
# and waw; Z S G N are zh sh gh and the nasal, H the aspirate. What is lower case is settled.
_C = "bpcjdxrzZsSGfqkglmnhtHNwvTy"


def _rules(*rules: tuple[str, str]) -> _Rules:
    """Return compiled rules; `<C>` stands for a settled consonant, `^` and `$` for the edges of a word."""
    return tuple(
        (
            # Words stand between line feeds: a pattern that begins with a plain character is found faster than `^`.
            re.compile(
                pattern.replace("<C>", f"[{_C}]").replace("^", r"\n", pattern[0] == "^").replace("$", r"(?=\n)")
            ),
            "\n" + sound if pattern[0] == "^" else sound,
        )
        for pattern, sound in rules
    )


_FOREIGN = _rules(
    (r"tS", "c"),
    (r"^([bktfgdsSpG])(?=[rlh][AWYI])", r"\1'"),  # براكاش Prakash, دهاوان Dhawan: no vowel between
    (r"h(?<=[bdtkgG]h)(?=[AWYIaeiou])", "H"),
    (r"f", "v"),
    (r"G", "g"),
    (r"T", "th"),
)
_VOWELS = _rules(
    (r"[^a-zA-Z'\n]+", ""),
    (r"nG", "ng"),
    (r"^tS(?=[AYW])", "c"),  # تشارلز Charles: the Arab way to write what other keyboards have چ for
    (r"Yh$", "iya"),
    (r"AWh$", "Awa"),
    (r"h$(?<=[bpcjdrzZsSGfqxkglmntTHN]h)", "a"),
    (r"AYt$", "Ayat"),
    (r"YS$", "eS"),
    (r"Ya$", "A"),
    (r"^m(<C>)t(<C>)(<C>)$", r"mu\1ta\2i\3"),  # مجتہد Mujtahid
    (r"^m(<C>)tA(<C>)(?=Y?\n)", r"mu\1tA\2"),  # مشتاق Mushtaq
    (r"^m(<C>)([^tn\n])A([hj])$", r"mi\1\2A\3"),  # مصباح Misbah
    (r"^m(<C>)A(<C>)([^n\n])$", r"mu\1A\2i\3"),  # مجاہد Mujahid
    (r"^m([xqG])(<C>)(<C>)$", r"mu\1\2i\3"),  # مخلص Mukhlis
    (r"^m(<C>)(T|z(?=[mk]))(<C>)$", r"mu\1a\2i\3"),  # مدثر Mudassir
    (r"^(XA|AA)(<C>)(<C>)(?=a?\n)", r"a\2i\3"),  # عاقل Aqil, آصفہ Asifa
    (r"^A(<C>)t(<C>)A(<C>)(?=\n)", r"i\1ti\2A\3"),  # ابتسام Ibtisam
    (r"^([xqGf])Y(<C>)(?=<C>?\n)", r"\1ai\2"),  # خیر Khair, فیصل Faisal
    (r"^([ks])Yf$", r"\1aif"),  # سیف Saif
    (r"^(<C>)(<C>)Wt$", r"\1a\2wat"),  # ثروت Sarwat
    (r"S(?<=[^\n][^\n]<C>S)$", "iS"),  # سحرش Sehrish, نازش Nazish
    (r"J(?=[YE])", ""),
    (r"^J", "A"),
    (r"J", "i"),
    (r"U$", "o"),
    (r"U", "u"),
    (r"I[AY]?", "i"),
    (r"^AA", "a"),
    (r"AA", "A"),
    # Ain carries a vowel: its own at the start and between consonants, its neighbour's otherwise.
    (r"^X(?=[AWYaiu])", ""),
    (r"X(?=A)|X(?<=[AWYaiu]X)", ""),
    (r"X", "a"),
    (r"^A([aiu])", r"\1"),
    (r"^AW(?=[AYE])", "aw"),
    (r"^AW", "o"),
    (r"^AY(?=[AWE])", "ay"),
    (r"^AY", "i"),
    (r"^A(?!l)(<C>)(<C>)A(<C>)$", r"i\1\2A\3"),  # the verbal nouns: اقبال Iqbal, ارشاد Irshad
    (r"^A", "a"),
    (r"^Y(?=.)", "y"),
    (r"AY(?=[AW])", "Ay"),
    (r"^W", "w"),
    (r"AW(?=.)", "Aw"),
    (r"AW", "Ao"),
    (r"WW(?=[AYE])", "uw"),
    (r"W(?<=<C>W)(?=[AYE])", "w"),
    (r"YW(?<=<C>YW)(?=[AYE])", "iw"),
    (r"YA(?<=<C>YA)", "iyA"),
    (r"WN?$", "u"),
    (r"W(?=[rd]\n)", "u"),
    (r"W", "o"),
    (r"E", "e"),
    (r"Y", "i"),
)
_SYLLABLES = _rules(
    (r"^([xsgkdt]H?)w(?=[Ai])", r"\1'w"),  # خواجہ Khwaja, گوالیار Gwalior
    (r"^(<C>H?)(?=[bpcjdxrzZsSGfqkglmntTwvyh\n])", r"\1a"),
    (r"^([bpcjfgkrsz])A([bdfhjklmnqrstxz])([bdfhklmnqrstxz])$", r"\1A\2i\3"),  # the participles: ساجد Sajid
    (r"^(<C>)A(<C>)(<C>)a$", r"\1A\2i\3a"),  # and theirs of women: ساجدہ Sajida
    (r"([aeiouA]<C>H?)(?=n[dtgkjc])", r"\1a"),
    (r"([^aeiouAH'\n]H?[^aeiouAH'\n]H?)(?=[^aeiouAH'\n])", r"\1a"),
    (r"([aeiouA](?!n[dtgkjcpb]|[rsSxf][tdkgc]|l[dtp])[^aeiouAH'\n]H?)(?=[^aeiouAH'\n]H?$)", r"\1a"),
)
_SPELLING = str.maketrans(
    {"A": "a", "c": "ch", "x": "kh", "Z": "zh", "S": "sh", "G": "gh", "N": "n", "H": "h", "T": "s", "'": None}
)


def _letters() -> dict[int, str | None]:
    """Return the table that gives every drawn form and regional variant of a letter one spelling."""
    table: dict[int, str | None] = {ord(char): to for variants, to in _VARIANTS.items() for char in variants}
    for point in (*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFD)):
        plain = unicodedata.normalize("NFKC", chr(point))
        if plain != chr(point):
            # Some ligatures hold whole words; the line stays one word.
            table[point] = "".join(table.get(ord(c), c) or "" for c in plain if c.isalpha() or c in _MARKS)
    return table | {0x0640: None, 0x0674: "\u0654"}


_LETTERS = _letters()
_BARE = str.maketrans("أإآؤئ", "اااوی", _MARKS + "ء")


def _unified(lines: str) -> str:
    """Return the lines with one spelling for each letter, vowel signs and hamza kept."""
    if _SINDHI_WORD.search(lines):
        lines = _SINDHI_WORD.sub(lambda word: _SINDHI_ASPIRATE.sub(_sindhi_aspirate, word[0]), lines)
    lines = lines.replace("اة", "ات").replace("اۃ", "ات")  # حياة Hayat: after a long a the t is spoken
    return _PLAIN_HEH.sub("ہ", lines.translate(_LETTERS))


def _sindhi_aspirate(letter: re.Match[str]) -> str:
    return "کھ" if letter[0] == "ک" else "ھ"


@lru_cache(maxsize=1)
def _lexicon() -> dict[str, str]:
    """Return the shipped table: bare form -> customary Latin spelling."""
    table: dict[str, str] = {}
    for row in read_table("names/arabic_lexicon.tsv"):
        for form in alternatives(row["form"]):
            table.setdefault(_unified(normalise(form)).translate(_BARE), row["latin"])
    return table


# What stands at the end of longer words, longest first: of names, then of places.
_ENDINGS = {
    "الدین": "uddin", "اللہ": "ullah", "النسا": "unnisa", "النسہ": "unnisa", "الزماں": "uzzaman", "الزمان": "uzzaman",
    "ستان": "stan", "آباد": "abad", "اباد": "abad", "نگر": "nagar", "پورہ": "pura", "گڑھ": "garh", "گنج": "ganj",
    "پور": "pur", "زادہ": "zada", "والا": "wala", "والی": "wali", "واڑہ": "wara", "واڑا": "wara", "خان": "khan",
    "بیگ": "beg", "ناتھ": "nath", "چند": "chand", "پریت": "preet", "وندر": "winder", "جیت": "jit", "دیپ": "deep",
    "بائی": "bai", "بایی": "bai", "دیوی": "devi", "سنگھ": "singh", "گیر": "gir", "الحق": "ul haq",
}  # fmt: skip
_ENDING_TAILS = frozenset(ending[-2:] for ending in _ENDINGS)
_ENDING_LENGTHS = sorted({len(ending) for ending in _ENDINGS}, reverse=True)
_SUFFIXES = {"ہ": "a", "ی": "i"}
_SUN_LETTER = re.compile("sh(?=[aeiou])|[rsnztd]")
_OPENING = re.compile("(?P<servant>عبد)(?P<article>ال)?|(?P<father>ابو)(?P<of>ال)?|ال|(?P<given>محمد|غلام|نور|شاہ|گل)")


def romanize_arabic(lines: str) -> str:
    """Return words in Arabic script, one a line, as customary Latin spellings, one a line.

    Args:
        lines: words of letters and marks of that script, normalised, separated by line feeds.
    Returns:
        As many lines, each of [a-z] and single spaces (عبدالکریم is Abdul Karim); "" where there is no sound.
    """
    known = _lexicon()
    unified = _unified(lines)
    pieces: list[tuple[str, ...]] = []
    bares = unified.translate(_BARE).split("\n")
    for word, bare, typed in zip(unified.split("\n"), bares, lines.split("\n"), strict=True):
        latin = known.get(bare)
        if latin is not None:
            pieces.append((latin,))
        else:
            pieces.append(_parts(word, bare, _ARABIC_KEYS.search(typed) is not None, known))
    sounds = _sounds({piece for word in pieces for piece in word if piece[:1] in (_MARK, _FOREIGN_MARK)})
    return "\n".join(["".join([sounds.get(piece, piece) for piece in word]).strip() for word in pieces])


def _parts(word: str, bare: str, typed_in_arabic: bool, known: dict[str, str]) -> tuple[str, ...]:
    """Return a word that is not in the table as Latin pieces and, after a mark, pieces still to be read by rule."""
    kind = _FOREIGN_MARK if typed_in_arabic and not _EMPHATIC.search(word) else _MARK
    # Vowel signs help the rules, where cutting the bare word cuts the marked one at the same place.
    spelled = word if len(word) == len(bare) else bare
    opening = _OPENING.match(bare)
    if opening and len(bare) >= opening.end() + 2:
        cut = opening.end()
        rest = known.get(bare[cut:])
        if opening["servant"] and (rest or opening["article"]):
            return "abdul ", rest or kind + spelled[cut:]
        if opening["father"]:
            return "abul " if opening["of"] else "abu ", rest or kind + spelled[cut:]
        if opening["given"] and rest and len(bare) > cut + 2:
            return known[bare[:cut]], " " if opening["given"] in ("محمد", "غلام") else "", rest
        # In South Asia the article belongs to the word before: مجیب الرحمن Mujib-ur Rahman. But ألفريد is Alfred.
        # A lone one is left to the word before, which writes it: عبد is Abdul.
        if cut == 2 and word[0] == "ا" and (rest or typed_in_arabic):
            return (rest,) if rest else ("al ", kind + spelled[cut:])
    for length in _ENDING_LENGTHS if bare[-2:] in _ENDING_TAILS else ():
        if bare[-length:] in _ENDINGS and len(bare) >= length + 2:
            return known.get(bare[:-length]) or kind + spelled[:-length], _ENDINGS[bare[-length:]]
    cut = bare.find("ال", 2)
    if cut > 0 and bare[:cut] in known and bare[cut + 2 :] in known:
        return known[bare[:cut]], _article(known[bare[cut + 2 :]]), known[bare[cut + 2 :]]
    # A name and the ending of its feminine, or of who descends from it: حافظہ Hafiza, عمرانی Imrani.
    if bare[-1:] in _SUFFIXES and len(bare) > 3:
        stem = known.get(bare[:-1])
        if stem and stem[-1] not in "aeiou":
            return stem, _SUFFIXES[bare[-1]]
    return (kind + word,)


def _article(after: str) -> str:
    """Return the article that joins two parts; before r, s or n its l is that letter: مجیب الرحمن Mujibur Rahman."""
    sun_letter = _SUN_LETTER.match(after)
    return f"u{sun_letter[0]} " if sun_letter else "ul "


def _sounds(marked: set[str]) -> dict[str, str]:
    """Return what each marked piece sounds like by rule."""
    sounds: dict[str, str] = {}
    for kind, rules in ((_MARK, (*_VOWELS, *_SYLLABLES)), (_FOREIGN_MARK, (*_FOREIGN, *_VOWELS, *_SYLLABLES))):
        pieces = [piece for piece in marked if piece[0] == kind]
        text = "\n".join(["", *[piece[1:] for piece in pieces], ""]).translate(_SOUNDS)
        for pattern, sound in rules:
            text = pattern.sub(sound, text)
        sounds.update(zip(pieces, text.translate(_SPELLING).lower().split("\n")[1:-1], strict=True))
    return sounds
