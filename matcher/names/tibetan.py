"""How is a name in Tibetan script written in Latin letters, as in Bhutan, Sikkim and Lhasa?

A written syllable is a root with letters before, above, below and after it, most of which are silent and some of which
change the vowel: བསྒྲུབས is drup, བསྟན is ten. So the root is found first, then onset and rhyme are read. Syllables are
joined two by two, as names are written (བསྟན་འཛིན་རྡོ་རྗེ Tenzin Dorji). What cannot be a Tibetan syllable is a foreign
word and is read letter by letter (ཨིན་ཌི་ཡ India, པདྨ Pema).

Source: The Unicode Standard 15, chapter 13.4 (Tibetan); the order of letters in a syllable as every primer gives it;
general knowledge of how names are spelled in Bhutan and among Tibetans.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LETTERS = {
    "ཀ": "k", "ཁ": "kh", "ག": "g", "ང": "ng", "ཅ": "ch", "ཆ": "ch", "ཇ": "j", "ཉ": "ny", "ཏ": "t", "ཐ": "th",
    "ད": "d", "ན": "n", "པ": "p", "ཕ": "ph", "བ": "b", "མ": "m", "ཙ": "ts", "ཚ": "tsh", "ཛ": "dz", "ཝ": "w",
    "ཞ": "zh", "ཟ": "z", "འ": "", "ཡ": "y", "ར": "r", "ལ": "l", "ཤ": "sh", "ས": "s", "ཧ": "h", "ཨ": "",
    "ཊ": "t", "ཋ": "th", "ཌ": "d", "ཎ": "n", "ཥ": "sh", "ཪ": "r",
}  # fmt: skip
_BELOW = {chr(ord(letter) + 0x50): letter for letter in _LETTERS if letter != "ཪ"} | {"ྺ": "ཝ", "ྻ": "ཡ", "ྼ": "ར"}
_VOWELS = {"ི": "i", "ུ": "u", "ེ": "e", "ོ": "o", "ཻ": "ai", "ཽ": "au", "ྀ": "i"}
_PREFIXES = {"ག": "ཅཉཏདནཙཞཟཡཤས", "ད": "ཀགངཔབམ", "བ": "ཀགཅཏདཙཞཟཤསཇཉནལརཛང", "མ": "ཁགངཆཇཉཐདནཚཛ", "འ": "ཁགཆཇཐདཕབཚཛ"}
_ABOVE = {"ར": "ཀགངཇཉཏདནབམཙཛ", "ལ": "ཀགངཅཇཏདཔབཧ", "ས": "ཀགངཉཏདནཔབམཙ"}
_SUFFIXES = "གངདནབམའརལས"
# Root with the letter below it, where both make one sound.
_WITH_YA = {"པ": "ch", "ཕ": "ch", "བ": "j", "མ": "ny"}
_WITH_RA = {
    "ཀ": "tr", "ཏ": "tr", "པ": "tr", "ཁ": "thr", "ཐ": "thr", "ཕ": "thr", "ག": "dr", "ད": "dr", "བ": "dr", "མ": "m",
    "ས": "s", "ཤ": "shr", "ཧ": "hr",
}  # fmt: skip
# A following d, n, l or s brings a forward; g and b are heard as k and p where nothing follows.
_FORWARD = {"ད": "e", "ན": "e", "ལ": "e", "ས": "e"}
_CLOSING = {"ག": "k", "ང": "ng", "ན": "n", "བ": "p", "མ": "m", "ར": "r", "ལ": "l"}
# Elements of names that custom spells otherwise; two syllables where only the pair is irregular.
_ELEMENTS = {
    "བསྟན་འཛིན": "tenzin", "བཀྲ་ཤིས": "tashi", "རྡོ་རྗེ": "dorji", "སྒྲོལ": "dol", "སྒྲོན": "don", "ཚོགས": "tsho",
    "ཕྲིན": "thrin", "རྣམ་རྒྱལ": "namgyal", "རྒྱལ་མཚན": "gyeltshen", "རྒྱལ": "gyel", "ཆོས": "cho", "ཨོ་རྒྱན": "ugyen",
    "ཨུ་རྒྱན": "ugyen", "རྟ་མགྲིན": "tandin", "འཆི་མེད": "chimi", "ཀུན་ལེགས": "kinley", "ཀུན་དགའ": "kinga",
    "བདེ་སྐྱིད": "deki", "སངས་རྒྱས": "sangay", "སེང་གེ": "singye", "དཔལ་འབྱོར": "penjor", "དཔལ": "pel",
    "འཛིན": "zin", "ཡེ་ཤེས": "yeshey", "དབང་འདུས": "wangdi", "ཕུར་བུ": "phurba", "འབྲུག": "druk", "འཕྲིན": "thrin",
    "ཕྲིན་ལས": "thinley", "འཕྲིན་ལས": "thinley", "ཉི་མ": "nima", "མགོན": "gon", "རིན་ཆེན": "rinchen", "དགེ": "ge",
    "སྲིད": "si", "ནོར་བུ": "norbu", "འགྱུར": "gyur", "འགྱུར་མེད": "gyurme", "འོད་ཟེར": "ozer", "མཚོ": "tsho",
    "སྐལ་བཟང": "kelzang", "བསྐལ་བཟང": "kelzang", "དབྱངས་ཅན": "yangchen", "ཕྱོགས": "chog", "པདྨ": "pema", "པདམ": "pema",
    "པད་མ": "pema", "ཀརྨ": "karma", "ཀར་མ": "karma", "རྒྱ་མཚོ": "gyatsho", "མཆོད": "cho", "བློ": "lo", "ཨོྃ": "om",
    "ངག་དབང": "ngawang", "བློ་བཟང": "lobzang", "ལགས": "la", "བུདྡྷ": "buddha", "དྷརྨ": "dharma", "སརྦ": "sarva", "གུ་རུ": "guru",
}  # fmt: skip
_SPOKEN_TWICE = frozenset({"པདྨ", "པདམ", "ཀརྨ", "དྷརྨ", "བུདྡྷ", "སརྦ"})  # two syllables without a tsheg between them

_Stack = tuple[str, ...]

# One letter with those below it, a long sign, vowel signs and a nasal.
_STACK = re.compile("([ཀ-ཬ])([\u0f90-\u0fbc]*)(\u0f71?)([\u0f72-\u0f7d\u0f80]*)([\u0f7e\u0f82\u0f83]?)")
_TSHEG = re.compile("[\u0f0b\u0f0c]+")
_VOICED = frozenset("mzdjbgnlwyr")


def romanize_tibetan(lines: str) -> str:
    """Return words in Tibetan script, one a line, as customary Latin spellings, one a line.

    A line may hold one syllable, or several with a tsheg (U+0F0B) between them: these are joined two by two, and only
    then is what one syllable does to the next written (དགེ་འདུན Gendun). Signs without a sound are passed over.
    """
    return "\n".join(map(_line, lines.split("\n")))


@lru_cache(maxsize=65536)
def _line(line: str) -> str:
    """Return one line's words, each of two spoken syllables where the number is even."""
    syllables = [part for part in _TSHEG.split(line) if part]
    words: list[str] = []
    open_word = ""  # the first syllable of a word that waits for its second
    position = 0
    while position < len(syllables):
        syllable = syllables[position]
        pair = "་".join(syllables[position : position + 2])
        if len(syllables) > position + 1 and pair in _ELEMENTS:
            words += [open_word, _ELEMENTS[pair]]
            open_word = ""
            position += 2
            continue
        position += 1
        sound = _ELEMENTS.get(syllable) or _syllable(syllable)
        if syllable in _SPOKEN_TWICE:
            words += [open_word, sound]
            open_word = ""
        elif open_word:
            words.append(_joined(open_word, sound, syllable))
            open_word = ""
        else:
            open_word = sound
            if syllable == "བ":
                open_word = "wa"  # alone it is the ending of a name: Dawa, Kawa
    return " ".join(filter(None, [*words, open_word]))


def _joined(first: str, second: str, written: str) -> str:
    """Return two syllables as one word, with what the meeting does to both."""
    if written in ("བ", "བོ") and first[-1:] in "aeiourlg":
        second = "w" + second[1:]  # ཟླ་བ Dawa, དཔའ་བོ Pawo
    if first[-1:] in "aeiou" and written[0] in "འམ" and len(written) > 1 and second[:1] in "dgj":
        first += "n"  # the silent nasal is heard after a vowel: མཁའ་འགྲོ Khandro
    if first[-1:] in "kp" and second[:1] in _VOICED:
        first = first[:-1] + {"k": "g", "p": "b"}[first[-1]]  # འཇིགས་མེད Jigme
    return first + second


@lru_cache(maxsize=16384)
def _syllable(syllable: str) -> str:
    """Return the spelling of one written syllable."""
    stacks = [match.groups() for match in _STACK.finditer(syllable)]
    root = _root(stacks)
    if root is None:
        return _letter_by_letter(stacks)
    prefix = stacks[root - 1][0] if root else ""
    onset = _onset(prefix, stacks[root])
    if onset is None or _is_foreign(stacks[root], has_suffix=root + 1 < len(stacks)):
        return _letter_by_letter(stacks)
    signs, nasal = stacks[root][3:]
    vowel = _VOWELS.get(signs[:1], "a")
    after = stacks[root + 1 :]
    suffix = after[0][0] if after else ""
    if suffix == "འ":
        tail = _VOWELS.get(after[0][3][:1], "")
        return onset + vowel + (tail or _CLOSING.get(after[1][0] if len(after) > 1 else "", ""))
    if vowel == "a":
        vowel = _FORWARD.get(suffix, "a")
    if onset == "w" and prefix == "ད" and vowel in "uo":
        onset = ""  # དབུ u
    return onset + vowel + ("m" if nasal else _CLOSING.get(suffix, ""))


def _is_foreign(root: _Stack, has_suffix: bool) -> bool:
    """Tell whether a syllable is spelled as no Tibetan word is: long sign, aspirate below, retroflex, closed ཨ."""
    head, below, long_sign = root[:3]
    aspirated = "\u0fb7" in below and head != "ལ"
    return bool(long_sign) or aspirated or head in "ཊཋཌཎཥ" or (head == "ཨ" and has_suffix)


def _root(stacks: list[_Stack]) -> int | None:
    """Return which stack is the root (the first, or the second after a prefix), None where there can be none."""
    marked = [i for i, (_, below, long_sign, signs, _) in enumerate(stacks) if below or long_sign or signs]
    letters = "".join(stack[0] for stack in stacks)
    if not stacks:
        return None
    if marked and not (letters[marked[0]] == "འ" and marked[0] > 0 and stacks[marked[0]][3]):
        root = marked[0]
    elif len(stacks) < 3 or (len(stacks) == 3 and letters[2] == "ས" and letters[1] in "གངབམ"):
        root = 0
    else:
        root = 1 if letters[1] in _PREFIXES.get(letters[0], "") else 0
    if root > 1 or (root == 1 and _root_letter(stacks[1]) not in _PREFIXES.get(letters[0], "")):
        return None
    after = stacks[root + 1 :]
    if any(below or long_sign or (signs and letter != "འ") for letter, below, long_sign, signs, _ in after):
        return None
    if len(after) > 2 or (after and after[0][0] not in _SUFFIXES):
        return None
    return None if len(after) == 2 and after[1][0] not in "སད" and after[0][0] != "འ" else root


def _root_letter(stack: _Stack) -> str:
    """Return the root letter of a stack: the one below a silent head letter, else the first."""
    first = _BELOW.get(stack[1][:1], "")
    return first if first and first in _ABOVE.get(stack[0], "") else stack[0]


def _onset(prefix: str, stack: _Stack) -> str | None:
    """Return the sound of a root with what stands around it, None where Tibetan has no such stack."""
    head, below = stack[0], [_BELOW.get(char, "") for char in stack[1]]
    root = _root_letter(stack)
    if root != head:
        below = below[1:]
    sound = "lh" if head == "ལ" and root == "ཧ" else _LETTERS.get(root, "")
    if prefix == "ད" and root == "བ":
        return {"ཡ": "y", "ར": "r"}.get(below[0] if below else "", "w")
    for letter in below:
        if letter == "ཡ":
            sound = _WITH_YA.get(root, sound + "y")
        elif letter == "ར":
            sound = _WITH_RA.get(root, sound + "r")
        elif letter == "ལ":
            sound = "d" if root == "ཟ" else "l"
        elif letter not in ("ཝ", "ཧ", "འ"):
            return None
    return sound


def _letter_by_letter(stacks: list[_Stack]) -> str:
    """Return a foreign word: every stack as written, without a vowel where a bare letter follows one (ལེནཌ lend)."""
    out = ""
    for position, (letter, below, long_sign, signs, nasal) in enumerate(stacks):
        sounds = [_LETTERS.get(letter, ""), *(_LETTERS.get(_BELOW.get(char, ""), "") for char in below)]
        bare = position > 0 and not (below or long_sign or signs)
        out += (
            "".join(sounds).replace("bh", "b") + ("" if bare else _VOWELS.get(signs[:1], "a")) + ("m" if nasal else "")
        )
    return out
