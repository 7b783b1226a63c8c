"""How do the names of one side stand, so that thousands a second are met? A line of memory each, and its words.

A name is all that is asked of nearly every pair: which words, how much each says, whether any two may be one written
together. What only a few pairs ask for stands apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from matcher.fast.compiled import Number, Record, Rows, aligned, compiled
from matcher.fast.letters import finish_spelling, join_words, look_at, plain_letter, spell_words
from matcher.fast.rules import JOINED, SPELLED, WORD
from matcher.names.nicknames import pet_keys
from matcher.names.pairs import INHERENT
from matcher.names.table import MAX_TOKENS, NameTable
from matcher.names.weighing import Words

Int32 = npt.NDArray[np.int32]

NAME = np.dtype(
    [
        ("words", "u4", MAX_TOKENS),
        ("weights", "f4", MAX_TOKENS),
        ("begins", "u4"),  # first letters of its words, initials left out
        ("heads", "u4"),  # letters that are one sound with the first of two words that may be written together
        ("script", "i4"),
        ("written", "i4"),  # equal where two names are written with the same native letters
        ("steps", "u2"),  # of the name as one word
        ("count", "u1"),
        ("initials", "u1"),  # bits
        ("courtesies", "u1"),  # bits
        ("inherent", "u1"),  # whether its script leaves the last vowel unwritten
        ("shortest", "u1"),  # letters of the shortest two words that may be written together
        ("longest", "u1"),  # letters of the longest word
    ],
    align=True,
)
MORE = np.dtype([("strong", "u8"), ("near", "u8"), ("lengths", "u1", MAX_TOKENS)], align=True)
"""The letters of a name as one word, as in `WORD`, and how long its words are, 0 without one."""
TOGETHER = np.dtype([("joined", WORD, MAX_TOKENS - 1), ("whole", SPELLED)], align=True)
"""Each two words that stand together, and all, written as one."""
_NONE = 200  # letters: more than any two words have


@dataclass(frozen=True, slots=True)
class NameBook:
    """The names of one side.

    Attributes:
        ids: shape (n,), their ids in the table.
        names: shape (n,), of `NAME`.
        more: shape (n,), of `MORE`.
        together: shape (n,), of `TOGETHER`.
        words, spelled: shape (w,), of `WORD` and `SPELLED`, the most frequent first.
        place: shape (t + 1,), row of each name of the table among these, -1 outside; -1 without a name.
    """

    ids: npt.NDArray[np.int64]
    names: Rows
    more: Rows
    together: Rows
    words: Rows
    spelled: Rows
    place: Int32

    @classmethod
    def of(cls, table: NameTable, ids: Int32, rules: Rows) -> NameBook:
        """Return the names of one side.

        Args:
            table: holds the names.
            ids: shape (k,), in the order in which they are met, repeated or not, -1 without one.
            rules: from `word_rules`.
        """
        used, first, counts = np.unique(ids[ids >= 0], return_index=True, return_counts=True)
        # Names of one record are met together: they stand beside each other.
        order = np.argsort(first, kind="stable")
        names, counts = used[order].astype(np.int64), counts[order]
        place = np.full(len(table) + 1, -1, dtype=np.int32)
        place[names] = np.arange(len(names))
        tokens, initials = table.tokens[names], table.initials[names]
        numbers, kinds = _kinds(tokens, initials, counts)
        words, spelled = spell_words(table.codes[kinds // 2], rules)
        words["token"], words["initial"] = kinds // 2, kinds % 2
        # What an initial may stand for is no matter of letters: it is never ruled out.
        for field, value in (("strong", 0), ("near", 2**64 - 1), ("start", 0)):
            words[field][words["initial"] == 1] = value
        _list_pets(words, table)
        return cls(names, *_names(table, names, numbers, rules, words, spelled), words, spelled, place)


def _kinds(
    tokens: Int32, initials: npt.NDArray[np.bool_], counts: npt.NDArray[np.int64]
) -> tuple[Int32, npt.NDArray[np.int64]]:
    """Return (numbers of words, shape of `tokens`; token * 2 + initial by number, the most frequent first)."""
    there = tokens >= 0
    keys = tokens[there].astype(np.int64) * 2 + initials[there]
    often = np.bincount(keys, np.broadcast_to(counts[:, None], tokens.shape)[there])
    kinds = np.flatnonzero(often)
    kinds = kinds[np.argsort(-often[kinds], kind="stable")]
    rank = np.empty(len(often), dtype=np.int32)
    rank[kinds] = np.arange(len(kinds))
    numbers = np.full(tokens.shape, -1, dtype=np.int32)
    numbers[there] = rank[keys]
    return numbers, kinds


def pet_table(table: NameTable) -> npt.NDArray[np.uint8]:
    """Return which words of the table are a pet form and its formal name, shape (p + 1, p + 1), by `WORD.pet`."""
    keys, size = pet_keys(table.vocabulary), max(len(table.vocabulary), 1)
    known = _pet_rows(table.vocabulary)
    one, other = (np.searchsorted(known, rows) for rows in np.divmod(keys, size))
    out = np.zeros((len(known) + 1,) * 2, dtype=np.uint8)
    out[one, other] = out[other, one] = 1
    return out


@lru_cache(maxsize=2)
def _pet_rows(vocabulary: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Return the rows of the vocabulary that are a pet form or have one, sorted."""
    return np.unique(np.concatenate(np.divmod(pet_keys(vocabulary), max(len(vocabulary), 1))))


def _list_pets(words: Rows, table: NameTable) -> None:
    place = np.full(len(table.vocabulary) + 1, -1, dtype=np.int16)
    rows = _pet_rows(table.vocabulary)
    place[rows] = np.arange(len(rows))
    words["pet"] = place[words["token"]]
    words["listed"] = words["pet"] >= 0


def _names(
    table: NameTable, used: npt.NDArray[np.int64], numbers: Int32, rules: Rows, words: Rows, spelled: Rows
) -> tuple[Rows, Rows, Rows]:
    names, more, together = aligned(len(used), NAME), aligned(len(used), MORE), aligned(len(used), TOGETHER)
    tokens, initials, scripts = table.tokens[used], table.initials[used], table.scripts[used]
    courtesy = Words.of(table).courtesy
    inherent = np.array([name in INHERENT for name in table.script_names])
    names["words"], names["weights"], names["count"] = (
        numbers.view(np.uint32),
        table.weights[used],
        (tokens >= 0).sum(axis=1),
    )
    names["initials"], names["courtesies"] = (
        np.packbits(flags, axis=1, bitorder="little")[:, 0] for flags in (initials, courtesy[tokens])
    )
    # The same numbers, but small.
    written = np.unique(table.written[used], return_inverse=True)[1] + 1
    names["script"], names["inherent"], names["written"] = scripts, inherent[scripts], written
    _prepare_joins(names, more, together, words, spelled, rules, np.zeros(1, dtype=JOINED), np.zeros(1, dtype=WORD))
    return names, more, together


@compiled
def _prepare_joins(
    names: Rows, more: Rows, together: Rows, words: Rows, spelled: Rows, rules: Rows, scratch: Rows, looks: Rows
) -> None:
    """Fill in what is asked where words may be written together."""
    rule, joined, look = rules[0], scratch[0], looks[0]
    for number in range(len(names)):
        name, beside, cold = names[number], more[number], together[number]
        _write_together(name, spelled, rule, cold.whole)
        look_at(cold.whole, look, rule)
        name.steps, beside.strong, beside.near = look.steps, look.strong, look.near
        begins, heads = np.int64(0), np.int64(0)
        shortest: Number = _NONE
        longest: Number = 0
        for place in range(np.int64(name.count)):
            if (name.initials >> place) & 1:
                continue
            word = words[name.words[place]]
            beside.lengths[place] = word.length
            longest = max(longest, np.int64(word.length))
            begins |= np.int64(1) << np.int64(min(word.first, 31))
            if place + 1 == np.int64(name.count) or (name.initials >> (place + 1)) & 1 or word.length == 0:
                continue
            join_words(spelled[name.words[place]], spelled[name.words[place + 1]], joined, rule)
            finish_spelling(joined, rule)
            look_at(joined, cold.joined[place], rule)
            both = np.int64(word.length) + np.int64(words[name.words[place + 1]].length)
            shortest = min(shortest, both)
            heads |= np.int64(rule.sounds[word.first])
        name.begins, name.heads = np.uint32(begins), np.uint32(heads)
        name.shortest, name.longest = shortest, longest


@compiled
def _write_together(name: Record, spelled: Rows, rule: Record, out: Record) -> None:
    """Write all words of a name as one word, as many letters as are kept."""
    end, room = np.int64(0), len(out.letters)
    for place in range(np.int64(name.count)):
        word = spelled[name.words[place]]
        if 0 < end <= room:
            meeting = rule.junction[out.letters[end - 1], plain_letter(word, 0, rule)]
            out.letters[end - 1] = meeting
            if meeting == 0:  # one letter where both are
                end -= 1
        for letter in range(np.int64(word.length)):
            if end < room:
                out.letters[end] = plain_letter(word, letter, rule)
            end += 1
    out.length = min(end, room)
    finish_spelling(out, rule)
