"""How would this name be written in Latin letters?

One entry for every script: our own tables for the Indic blocks and Burmese, `anyascii` for the rest. The result is
lower-case ASCII words; it is a bridge for comparison, never shown as the person's name.
"""

from __future__ import annotations

from functools import lru_cache

from anyascii import anyascii

from matcher.names.brahmic import romanize_brahmic
from matcher.names.burmese import romanize_burmese
from matcher.names.script import normalise, split_by_script

_BRAHMIC = frozenset({"Deva", "Beng", "Guru", "Gujr", "Orya", "Taml", "Telu", "Knda", "Mlym"})


def romanize(text: str, lang: str | None = None) -> str:
    """Return a name in lower-case ASCII words separated by single spaces ("" when it has no letters).

    Args:
        text: a name in any script or mixture of scripts.
        lang: BCP 47 language, if known.
    """
    return " ".join(filter(None, (_romanize_word(word, lang) for word in normalise(text).split())))


@lru_cache(maxsize=262144)
def _romanize_word(word: str, lang: str | None) -> str:
    """Return one normalised word in Latin letters; Burmese becomes several words, one a syllable."""
    if word.isascii():
        return word
    parts: list[str] = []
    for part, script in split_by_script(word):
        if script in _BRAHMIC:
            parts.append(romanize_brahmic(part, script, lang))
        elif script == "Mymr":
            parts.append(romanize_burmese(part))
        else:
            parts.append("".join(c for c in anyascii(part).lower() if c.isascii() and (c.isalpha() or c == " ")))
    return " ".join("".join(parts).split())
