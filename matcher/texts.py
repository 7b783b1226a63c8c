"""Which words does a free text hold? Addresses, marks, villages: digits count, and there is no grammar of names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from matcher.names.grammar import NameToken
from matcher.names.phonetics import fold_many
from matcher.names.romanize import romanize

_NO_WORD = re.compile("[\x00-/:-`{-\x7f]+")


def _text_words(text: str) -> list[str]:
    return _NO_WORD.sub(" ", text[:200].casefold()).split()


def learn_texts(texts: Iterable[str]) -> None:
    """Find out the words of many texts at once; `parse_text` then only looks them up."""
    _TEXTS.meet(texts)


def parse_text(text: str) -> tuple[NameToken, ...]:
    """Return the words of a free text (address, mark, village): digits count, no grammar of names."""
    return _TEXTS[text]


class _Texts(dict[str, tuple[NameToken, ...]]):
    """The tokens of each text, found out when it is first met; forgotten when there are too many."""

    def __missing__(self, text: str) -> tuple[NameToken, ...]:
        self.meet([text])
        return self._tokens(text)

    def meet(self, texts: Iterable[str]) -> None:
        """Find out the tokens of texts that are new, all at once."""
        new = [text for text in texts if text not in self]
        _TEXT_TOKENS.meet(word for text in new for word in _text_words(text))
        if len(self) + len(new) > _TEXTS_KEPT:
            self.clear()
        self.update(zip(new, map(self._tokens, new), strict=True))

    @staticmethod
    def _tokens(text: str) -> tuple[NameToken, ...]:
        tokens = map(_TEXT_TOKENS.__getitem__, _text_words(text))
        return tuple([token for token in tokens if token is not None])


class _TextTokens(dict[str, NameToken | None]):
    """The token of each word of a text, found out when it is first met; forgotten when there are too many."""

    def __missing__(self, word: str) -> NameToken | None:
        self.meet([word])
        return self[word]

    def meet(self, words: Iterable[str]) -> None:
        """Find out the tokens of words that are new, all at once."""
        new = [word for word in dict.fromkeys(words) if word not in self]
        if len(self) + len(new) > _TEXT_WORDS_KEPT:
            self.clear()
        romans = [word if word.isascii() else romanize(word).replace(" ", "") for word in new]
        folded = fold_many(romans)
        for word, roman, sound in zip(new, romans, folded, strict=True):
            number = any(char.isdigit() for char in roman)
            self[word] = NameToken(word, roman, roman if number else sound, 1.0) if roman else None


_TEXT_WORDS_KEPT = _TEXTS_KEPT = 131_072
_TEXT_TOKENS, _TEXTS = _TextTokens(), _Texts()
