"""How would this name be written in Latin letters?

One entry for every script of the region: our own tables where we have them, `anyascii` for the rest. The result is
lower-case ASCII words; it is a bridge for comparison, never shown as the person's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module

from anyascii import anyascii

from matcher.names.latin import romanize_latin
from matcher.names.script import normalise, split_by_script

_SCRIPTS: dict[str, str] = {
    "Sinh": "sinhala:romanize_sinhala",
    "Mtei": "meetei:romanize_meetei",
    "Olck": "olchiki:romanize_olchiki",
    "Mymr": "burmese:romanize_burmese",
    "Tibt": "tibetan:romanize_tibetan",
    "Arab": "arabic:romanize_arabic",
    "Rohg": "hanifi:romanize_hanifi",
    "Thai": "thai:romanize_thai",
    "Laoo": "thai:romanize_lao",
    "Khmr": "khmer:romanize_khmer",
    "Hani": "chinese:romanize_chinese",
}
"""Script -> module of `matcher.names` and its function, which takes many words, one a line, and returns as many lines;
loaded with the first word of that script, for the rules of all of them are some hundred regular expressions."""
_BRAHMIC = frozenset({"Deva", "Beng", "Guru", "Gujr", "Orya", "Taml", "Telu", "Knda", "Mlym"})
_NOT_LATIN = re.compile(r"[^a-z \n]+")


def romanize(text: str, lang: str | None = None) -> str:
    """Return a name in lower-case ASCII words separated by single spaces ("" when it has no letters).

    Args:
        text: a name in any script or mixture of scripts.
        lang: BCP 47 language, if known; it matters where languages read one script differently.
    """
    return " ".join(filter(None, (_romanize_word(word, lang) for word in normalise(text).split())))


def romanize_texts(texts: Sequence[str]) -> list[str]:
    """Return `romanize` of each text; all their words are read at once."""
    cut = [normalise(text).split() for text in texts]
    words = list(dict.fromkeys(word for one in cut for word in one))
    read = dict(zip(words, romanize_words(words), strict=True))
    return [" ".join(filter(None, map(read.__getitem__, one))) for one in cut]


@lru_cache(maxsize=65536)
def _romanize_word(word: str, lang: str | None) -> str:
    return romanize_words([word], lang)[0]


def romanize_words(words: Sequence[str], lang: str | None = None) -> list[str]:
    """Return normalised words in Latin letters; a word of Burmese becomes several, one a syllable.

    Words are read script by script, all words of a script at once: many times faster than one by one.
    """
    out = list(words)
    parts: dict[str, list[tuple[int, str]]] = {}
    pieces: dict[int, list[str]] = {}
    for number, word in enumerate(words):
        if word.isascii():
            continue
        for part, script in split_by_script(word):
            parts.setdefault(script, []).append((number, part))
            pieces.setdefault(number, []).append(script)
    read: dict[str, list[str]] = {
        script: romanize_lines("\n".join(part for _, part in found), script, lang).split("\n")
        for script, found in parts.items()
    }
    # A word of two scripts is put together again in the order in which its parts stand.
    taken = dict.fromkeys(read, 0)
    for number, scripts in pieces.items():
        sounds = []
        for script in scripts:
            sounds.append(read[script][taken[script]])
            taken[script] += 1
        out[number] = " ".join("".join(sounds).split())
    return out


def romanize_lines(lines: str, script: str, lang: str | None = None) -> str:
    """Return words of one script, one a line, in Latin letters: as many lines, each of a-z and single spaces."""
    return _romanizer(script)(lines, lang)


@lru_cache(maxsize=64)
def _romanizer(script: str) -> Callable[[str, str | None], str]:
    """Return what reads words of one script."""
    if script == "Latn":
        return lambda lines, _lang: romanize_latin(lines)
    if script in _BRAHMIC:
        brahmic = import_module("matcher.names.brahmic").romanize_brahmic
        return lambda lines, lang: brahmic(lines, script, lang)
    if script in _SCRIPTS:
        module, _, name = _SCRIPTS[script].partition(":")
        read = getattr(import_module(f"matcher.names.{module}"), name)
        return lambda lines, _lang: read(lines)
    return lambda lines, _lang: "\n".join(
        _NOT_LATIN.sub("", anyascii(line).lower().replace("\n", " ")) for line in lines.split("\n")
    )
