"""What is known of a word once it has been met? How it is read, what it says, what else than a name it may be.

The next batch of records holds much the same words as the last, so they are read once and kept as arrays: a batch of
names becomes rows of these arrays, and nothing is done word by word in Python. Forgotten when there are too many.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from threading import Lock
from typing import Final

import numpy as np

from matcher.growing import Column
from matcher.names.grammar import UNUSUAL, kind_of, letter_of, sounds_of, syllables_of
from matcher.names.script import LATIN, first_script
from matcher.names.words import Ints, Numbered, normalised_each, starts_of

LIMIT: Final = 131_072
"""Words as typed that are kept; a batch that brings more begins anew."""


class Lexicon:
    """Words, their tokens and the sounds of these, each numbered by row.

    Attributes:
        words: normalised, by row; a word that is also read as an initial has another row for that.
        texts: the row of the word as a name, shape (w,).
        kinds: what else it may be (`Kind`), shape (w,).
        special: whether the grammar must see a name that holds it, shape (w,).
        begins: where its tokens begin, shape (w + 1,).
        sounds: of each token the row of its sound, shape (t,).
        forms: distinct forms that are compared.
        folds: of each sound the row of its form, shape (s,).
        weights, initials: of each sound, shape (s,).
        typed_unusual: of each word as typed, whether `disentangled` must see a name that holds it.
        typed_begins: where the words that it is made of begin, shape (r + 1,).
        typed_words: these words, rows of `words`.
        typed_letters: the letters of these words, of each word as typed where they begin in `letters`, shape (r + 1,).
        letters: shape (l,), uint32, code points.
        typed_scripts: shape (r,), the script of the first letter that is not Latin, a row of `scripts`, 0 without any.
        scripts: ISO 15924 codes.
    """

    _current: Lexicon | None = None
    _lock = Lock()

    def __init__(self) -> None:
        self.words: list[str] = []
        self.forms: list[str] = []
        self.texts, self.kinds, self.special = Column(np.int64), Column(np.uint8), Column(np.bool_)
        self.begins, self.sounds = Column(np.int64, 0), Column(np.int64)
        self.folds, self.weights, self.initials = Column(np.int64), Column(np.float32), Column(np.bool_)
        self.typed_unusual, self.typed_begins = Column(np.bool_), Column(np.int64, 0)
        self.typed_words = Column(np.int64)
        self.typed_letters, self.letters = Column(np.int64, 0), Column(np.uint32)
        self.typed_scripts, self.scripts = Column(np.int64), Numbered({LATIN: 0})
        self._rows: dict[str, int] = {}
        self._initial_rows: dict[str, int] = {}
        self._form_rows = Numbered()
        self._sound_rows: dict[str, int] = {}
        self._typed: dict[str, int] = {}

    @classmethod
    def knowing(cls, typed: Sequence[str], limit: int = LIMIT) -> tuple[Lexicon, Ints]:
        """Return the lexicon and the row of each word as typed, all of them known; a new one when it has grown too big.

        A lexicon that is replaced goes on serving who holds it.
        """
        known = cls._current
        if known is not None:
            # Read before the lock is taken: nearly every batch of a nightly run finds all its words here.
            rows = list(map(known._typed.get, typed))
            if None not in rows:
                return known, np.array(rows, dtype=np.int64)
        with cls._lock:
            known = cls._current
            new = list(dict.fromkeys(typed)) if known is None else known._unknown(typed)
            if known is None or max(len(known._typed), len(known.words)) + len(new) > limit:
                known, new = cls(), list(dict.fromkeys(typed))
            cls._current = known
            known._add_typed(new)
            return known, np.fromiter(map(known._typed.__getitem__, typed), dtype=np.int64, count=len(typed))

    @classmethod
    def forget(cls) -> None:
        """Let the next batch begin anew."""
        with cls._lock:
            cls._current = None

    def _unknown(self, typed: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(word for word in typed if word not in self._typed))

    def rows_of(self, words: Sequence[str]) -> list[int]:
        """Return the row of each normalised word, read now if it was not known."""
        with self._lock:
            self._add_words(words)
            return [self._rows[word] for word in words]

    def row_of_initial(self, word: str) -> int:
        """Return the row of a word where it is an initial."""
        with self._lock:
            if word not in self._initial_rows:
                self._add_words([word])
                self._append([word], [[letter_of(word).upper()]], [self._rows[word]])
                self._initial_rows[word] = len(self.words) - 1
            return self._initial_rows[word]

    def _add_typed(self, typed: Sequence[str]) -> None:
        """Learn words as typed; who reads without the lock finds a word last, when what it points to is there."""
        words, counts = normalised_each(typed)
        self._add_words(words)
        start = len(self.typed_words.values)
        self.typed_words.add([self._rows[word] for word in words])
        self.typed_begins.add(start + np.cumsum(counts))
        self._add_letters(words, counts)
        unusual = np.zeros(len(typed), dtype=np.bool_)
        ends = np.cumsum([len(word) + 1 for word in typed])
        places = [found.start() for found in UNUSUAL.finditer("\n".join(typed))]
        unusual[np.searchsorted(ends, places, side="right")] = True
        self.typed_unusual.add(unusual)
        self._typed.update(zip(typed, range(len(self._typed), len(self._typed) + len(typed)), strict=True))

    def _add_letters(self, words: Sequence[str], counts: Ints) -> None:
        """Learn what words as typed are written with, given the words that they are made of and how many of these."""
        bounds = starts_of(counts).tolist()
        written = [words[start] if end == start + 1 else "".join(words[start:end]) for start, end in pairwise(bounds)]
        found = [LATIN if each.isascii() else first_script(each) for each in written]
        self.typed_scripts.add(list(map(self.scripts.__getitem__, found)))
        start = len(self.letters.values)
        self.letters.add(np.frombuffer("".join(written).encode("utf-32-le", "surrogatepass"), dtype=np.uint32))
        self.typed_letters.add(start + np.cumsum(list(map(len, written)), dtype=np.int64))

    def _add_words(self, words: Sequence[str]) -> None:
        new = [word for word in dict.fromkeys(words) if word not in self._rows]
        if not new:
            return
        row = len(self.words)
        self._append(new, syllables_of(new), range(row, row + len(new)))
        self._rows.update(zip(new, range(row, row + len(new)), strict=True))

    def _append(self, words: Sequence[str], syllables: Sequence[Sequence[str]], texts: Sequence[int]) -> None:
        """Append words with the Latin parts of which they are read."""
        parts = list(chain.from_iterable(syllables))
        new = [part for part in dict.fromkeys(parts) if part not in self._sound_rows]
        found = sounds_of(new)
        row = len(self._sound_rows)
        folds = [self._form_rows[form] for form, _ in found]
        known = len(self.forms)
        self.forms.extend(form for form in dict.fromkeys(form for form, _ in found) if self._form_rows[form] >= known)
        self.folds.add(folds)
        self.weights.add([weight for _, weight in found])
        self.initials.add([part.isupper() for part in new])
        self._sound_rows.update(zip(new, range(row, row + len(new)), strict=True))
        start = len(self.sounds.values)
        self.sounds.add([self._sound_rows[part] for part in parts])
        self.begins.add(start + np.cumsum([len(each) for each in syllables], dtype=np.int64))
        kinds = [kind_of(word, each) for word, each in zip(words, syllables, strict=True)]
        self.kinds.add(kinds)
        # A single letter is an initial whatever the tables say.
        self.special.add([bool(kind) or len(word) == 1 for word, kind in zip(words, kinds, strict=True)])
        self.texts.add(texts)
        self.words.extend(words)
