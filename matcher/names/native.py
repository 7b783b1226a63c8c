"""What tells native spellings apart that sound alike to us (রমা, রামা)? Their script, and a number for their letters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.names.reading import MetNames
from matcher.names.script import LATIN, first_script, normalise
from matcher.names.text_keys import letter_keys, text_keys
from matcher.names.words import Ints, Numbered, any_of, first_met, normalised_words, ragged, starts_of


@dataclass(frozen=True, slots=True)
class NativeLetters:
    """How n texts are written.

    Attributes:
        written: shape (n,), int64, a number for the letters of each text, spaces left out; 0 for Latin.
        scripts: shape (n,), int32, the script of those letters, a row of `script_names`; 0 for Latin.
        script_names: ISO 15924 codes, in the order in which they are met after Latin.
    """

    written: Ints
    scripts: npt.NDArray[np.int32]
    script_names: tuple[str, ...]


def native_script(text: str) -> str:
    """Return the script of the first letter that is not Latin; Latn where there is none."""
    return first_script(normalise(text))


def native_letters(texts: tuple[str, ...]) -> NativeLetters:
    """Return how texts are written that are not names."""
    native = [row for row, text in enumerate(texts) if not text.isascii()]
    words, counts = normalised_words([texts[row] for row in native])
    ends = np.cumsum(counts).tolist()
    plain = {row: "".join(words[start:end]) for row, start, end in zip(native, [0, *ends], ends, strict=False)}
    return _with_others(np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=np.int64), Numbered(), plain)


def letters_met(met: MetNames) -> NativeLetters:
    """Return how names are written: of words that were looked up the letters are known."""
    lexicon, cut = met.lexicon, met.cut
    starts = starts_of(cut.counts)
    of_word = lexicon.typed_scripts.values[met.typed][cut.flat]
    native = any_of(of_word > 0, starts)
    telling = np.flatnonzero(of_word)
    scripts = np.zeros(len(met.texts), dtype=np.int64)
    scripts[native] = of_word[telling[np.searchsorted(telling, starts[:-1][native])]]
    flat = met.typed[cut.flat[np.repeat(native, cut.counts)]]
    letters, counts = ragged(flat, cut.counts[native], lexicon.typed_letters.values)
    written = np.zeros(len(met.texts), dtype=np.int64)
    written[native] = letter_keys(lexicon.letters.values[letters], counts)
    # A copy, for meanwhile another batch may teach the lexicon further scripts.
    return _with_others(written, scripts, Numbered(lexicon.scripts), {n: "".join(met.whole[n]) for n in met.whole})


def _with_others(written: Ints, scripts: Ints, codes: Numbered, others: dict[int, str]) -> NativeLetters:
    """Return what is known of texts, and of others by their letters; `codes` number the scripts, Latin first."""
    latin = codes[LATIN]
    found = {row: script for row, letters in others.items() if (script := first_script(letters)) != LATIN}
    rows = list(found)
    scripts[rows] = [codes[script] for script in found.values()]
    written[rows] = text_keys([others[row] for row in rows])
    called = list(codes)
    met = first_met(scripts[scripts != latin], len(called))
    place = np.zeros(len(called), dtype=np.int32)
    place[met] = np.arange(1, len(met) + 1)
    return NativeLetters(written, place[scripts], (LATIN, *(called[number] for number in met.tolist())))
