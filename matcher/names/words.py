"""Which words do many names hold? A hundred thousand names are cut at their spaces, and each distinct word is met once.

A million records repeat the same fifty thousand words: what costs by the letter (normalising, romanising) is done to
distinct words, what is done to every name is cutting and counting. The result is that of `script.normalise`, name by
name, which stays the slow truth: only where the words of one text must be seen together is it asked for whole texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.names.script import MAX_NAME_CHARS, kept, normalise
from matcher.names.zawgyi import mended, unsure_lines

Ints = npt.NDArray[np.int64]

_END: Final = "\x00"  # stands between texts; a text that holds it is looked at alone
_LONG: Final = MAX_NAME_CHARS // 4
# Look-alike letters, and Burmese, whose encoding is told from all of a text; Tibetan for the dots at a word's ends.
_SPECIAL = re.compile("[\u0370-\u052f\u0f00-\u0fff\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f]")
_BURMESE, _APART = re.compile("[\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f]"), re.compile("[\u0370-\u052f\u0f00-\u0fff]")


class Numbered(dict[str, int]):
    """Gives each new key the next number."""

    def __missing__(self, key: str) -> int:
        number = self[key] = len(self)
        return number


@dataclass(frozen=True, slots=True)
class CutTexts:
    """n texts as the words between their spaces, nothing normalised yet; t words in all.

    Attributes:
        words: distinct, as typed, in the order in which they are met.
        flat: shape (t,), the words of all texts one after the other, rows of `words`.
        counts: shape (n,), how many each text has.
        whole: texts that must be normalised as a whole; they have no words here.
    """

    words: list[str]
    flat: Ints
    counts: Ints
    whole: list[int]

    def followed_by(self, texts: Sequence[str]) -> CutTexts:
        """Return these texts and others after them as if all had been cut at once."""
        more = cut_texts(texts, self.words)
        return CutTexts(
            more.words,
            np.concatenate([self.flat, more.flat]),
            np.concatenate([self.counts, more.counts]),
            self.whole + [len(self.counts) + n for n in more.whole],
        )


def cut_texts(texts: Sequence[str], known: Sequence[str] = ()) -> CutTexts:
    """Return the words of texts; `known` are words that keep their numbers."""
    apart: set[int] = set()
    joined = f" {_END} ".join((*texts, ""))
    if joined.count(_END) != len(texts) or max(map(len, texts), default=0) > _LONG:
        apart = {n for n, text in enumerate(texts) if len(text) > _LONG or _END in text}
        joined = f" {_END} ".join((*("" if n in apart else text for n, text in enumerate(texts)), ""))
    typed = joined.split()
    numbers = Numbered(zip((_END, *known), range(len(known) + 1), strict=True))
    flat = np.fromiter(map(numbers.__getitem__, typed), dtype=np.int64, count=len(typed))
    ends = flat == 0
    counts = np.diff(np.flatnonzero(ends), prepend=-1) - 1
    flat = flat[~ends] - 1
    words = list(numbers)[1:]
    if not joined.isascii():
        special = np.fromiter((_SPECIAL.search(word) is not None for word in words), dtype=np.bool_, count=len(words))
        together = any_of(special[flat], starts_of(counts)) & (counts > 1)
        if together.any():
            apart.update(np.flatnonzero(together).tolist())
            flat = flat[np.repeat(~together, counts)]
            counts[together] = 0
    return CutTexts(words, flat, counts, sorted(apart))


class _Kept(dict[int, str]):
    """What each character becomes, found out when it is first met; line ends stay."""

    def __missing__(self, point: int) -> str:
        becomes = self[point] = "\n" if point == 10 else kept(chr(point))
        return becomes


class _Vanishing(dict[int, str]):
    """Each character as it is, or nothing where nothing becomes of it."""

    def __missing__(self, point: int) -> str:
        becomes = self[point] = chr(point) if point == 10 or kept(chr(point)) else ""
        return becomes


_KEPT, _VANISHING = _Kept(), _Vanishing()


def normalised_each(words: Sequence[str]) -> tuple[list[str], Ints]:
    """Return what `normalise` makes of each word of `cut_texts`: one word, several (N.K.), or none.

    Returns:
        (words one after the other, how many each becomes, shape (n,)).
    """
    if not words:
        return [], np.zeros(0, dtype=np.int64)
    lines = "\n".join(words)
    special: list[int] = []
    if not lines.isascii():
        if _SPECIAL.search(lines):
            pieces, special = list(words), [n for n, word in enumerate(words) if _APART.search(word)]
            if burmese := [n for n, word in enumerate(words) if _BURMESE.search(word)]:
                block = mended("\n".join([words[n] for n in burmese]).translate(_VANISHING))
                special += [burmese[line] for line in unsure_lines(block)]
                for n, line in zip(burmese, block.split("\n"), strict=True):
                    pieces[n] = line
            for n in special:
                pieces[n] = ""
            lines = "\n".join(pieces)
        lines = unicodedata.normalize("NFC", lines)
    cleaned = lines.translate(_KEPT).casefold()
    letters = np.frombuffer(cleaned.encode("utf-32-le"), dtype=np.uint32)
    ends = letters == ord("\n")
    begins = (letters != ord(" ")) & ~ends
    begins[1:] &= (letters[:-1] == ord(" ")) | ends[:-1]
    counts = np.bincount(np.cumsum(ends)[begins], minlength=len(words)).astype(np.int64)
    found = cleaned.split()
    return spliced(found, counts, {n: normalise(words[n]).split() for n in special}) if special else (found, counts)


def normalised_words(texts: Sequence[str]) -> tuple[list[str], Ints]:
    """Return the words of many texts as `normalise` leaves them.

    Returns:
        (words, counts): all words in order, and how many each text has, shape (n,).
    """
    cut = cut_texts(texts)
    words, each = normalised_each(cut.words)
    members, counts = ragged(cut.flat, cut.counts, starts_of(each))
    found = [words[number] for number in members.tolist()]
    return spliced(found, counts, normalised_whole(texts, cut.whole)) if cut.whole else (found, counts)


def normalised_whole(texts: Sequence[str], numbers: Sequence[int]) -> dict[int, list[str]]:
    """Return the words of some of many texts, each normalised as a whole; a Burmese line is one word to the batch."""
    short = [n for n in numbers if len(texts[n]) <= _LONG and "\n" not in texts[n]]
    words, counts = normalised_each([texts[n] for n in short])
    ends = np.cumsum(counts).tolist()
    found = {n: words[start:end] for n, start, end in zip(short, [0, *ends], ends, strict=False)}
    return found | {n: normalise(texts[n]).split() for n in numbers if n not in found}


def ragged(flat: Ints, counts: Ints, starts: Ints) -> tuple[Ints, Ints]:
    """Return the members of groups in order, where texts consist of groups.

    Args:
        flat: shape (t,), the groups of all texts.
        counts: shape (n,), how many groups each text has.
        starts: shape (g + 1,), where the members of each group begin.
    Returns:
        (members, how many each text has).
    """
    lengths = np.diff(starts)[flat]
    ends = starts_of(lengths)
    members = np.arange(ends[-1]) + np.repeat(starts[flat] - ends[:-1], lengths)
    return members, np.diff(ends[starts_of(counts)])


def spliced(words: list[str], counts: Ints, others: Mapping[int, Sequence[str]]) -> tuple[list[str], Ints]:
    """Return words and counts with those of some texts replaced; `others` holds the new words by text."""
    ends = np.cumsum(counts)
    out: list[str] = []
    at = 0
    for text in sorted(others):
        out.extend(words[at : int(ends[text] - counts[text])])
        out.extend(others[text])
        at = int(ends[text])
    out.extend(words[at:])
    changed = counts.copy()
    for text, new in others.items():
        changed[text] = len(new)
    return out, changed


def replaced(flat: Ints, counts: Ints, others: Mapping[int, Sequence[int]]) -> tuple[Ints, Ints]:
    """Return the words of names and how many each has, those of some names replaced by others."""
    numbers = np.array(sorted(others), dtype=np.int64)
    changed = counts.copy()
    changed[numbers] = [len(others[number]) for number in numbers.tolist()]
    is_other = np.zeros(len(counts), dtype=np.bool_)
    is_other[numbers] = True
    out = np.empty(int(changed.sum()), dtype=np.int64)
    out[np.repeat(~is_other, changed)] = flat[np.repeat(~is_other, counts)]
    out[np.repeat(is_other, changed)] = list(chain.from_iterable(others[number] for number in numbers.tolist()))
    return out, changed


def starts_of(counts: Ints) -> Ints:
    """Return where each of n groups begins, and where the last ends, shape (n + 1,)."""
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def any_of(flags: npt.NDArray[np.bool_], starts: Ints) -> npt.NDArray[np.bool_]:
    """Return for each group whether any of its members is set, shape (n,)."""
    total = starts_of(flags.astype(np.int64))
    found: npt.NDArray[np.bool_] = total[starts[1:]] > total[starts[:-1]]
    return found


def first_met(numbers: Ints, size: int) -> Ints:
    """Return the distinct ones of numbers below a size, in the order in which they are first met."""
    if len(numbers) < size // 16:
        return numbers[np.sort(np.unique(numbers, return_index=True)[1])]
    first = np.full(size, -1, dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    found = np.flatnonzero(first >= 0)
    return found[np.argsort(first[found], kind="stable")]
